"""Block Kit as a reader sees it, in plain text. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
Names = Mapping[str, str]

_REFERENCE = re.compile(r"<([^<>]+)>")
# Slack treats a marker as formatting only at a word's edge, so per_user_mfa keeps its underscores.
_MARKED = re.compile(r"(?<![\w*_~`])([*_~`])(?=\S)(.+?)(?<=\S)\1(?![\w*_~`])")


def plain_text(blocks: Sequence[Json], names: Names | None = None) -> str:
    """Return what a reader sees: a line a block, buttons as [Label]; `names` words <@U…> and <#C…>."""
    lines = (_block(block, names or {}) for block in blocks)
    return "\n".join(line for line in lines if line)


def plain_mrkdwn(text: str, names: Names | None = None) -> str:
    """Return mrkdwn without its markup: links as their label, mentions as @name, dates as their fallback."""
    known = names or {}
    readable = _REFERENCE.sub(lambda found: _reference(found.group(1), known), text)
    previous = ""
    while previous != readable:
        previous, readable = readable, _MARKED.sub(r"\2", readable)
    return html.unescape(readable)


def _reference(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return "@" + names.get(target[1:], label or target[1:])
    if target.startswith("#"):
        return "#" + names.get(target[1:], label or target[1:])
    if target.startswith("!subteam^"):
        group = target.removeprefix("!subteam^")
        return "@" + names.get(group, label.lstrip("@") or group)
    if target.startswith("!"):
        return label or "@" + target[1:].split("^")[0]
    return label or target


def _words(text: object, names: Names) -> str:
    if not isinstance(text, Mapping):
        return ""
    content = str(text.get("text", ""))
    return plain_mrkdwn(content, names) if text.get("type") == "mrkdwn" else content


def _element(element: Json, names: Names) -> str:
    kind = element.get("type")
    if kind in {"mrkdwn", "plain_text"}:
        return _words(element, names)
    if kind == "image":
        return f"({element.get('alt_text', '')})"
    if kind == "overflow":
        return " ".join(f"[{_words(option.get('text'), names)}]" for option in element.get("options", []))
    if kind in {"radio_buttons", "checkboxes"}:
        return " ".join(f"( ) {_words(option.get('text'), names)}" for option in element.get("options", []))
    return f"[{_words(element.get('text') or element.get('placeholder'), names) or kind}]"


def _section(block: Json, names: Names) -> str:
    parts = [_words(block.get("text"), names)]
    parts += [_words(field, names) for field in block.get("fields", [])]
    if "accessory" in block:
        parts.append(_element(block["accessory"], names))
    return "\n".join(part for part in parts if part)


def _input(block: Json, names: Names) -> str:
    label = _words(block.get("label"), names) + (" (optional)" if block.get("optional") else "")
    hint = _words(block.get("hint"), names)
    element = block.get("element", {})
    shown = element.get("initial_value") or _element(element, names)
    return f"{label}: {shown}" + (f"\n{hint}" if hint else "")


def _rich(node: object) -> str:
    if not isinstance(node, Mapping):
        return ""
    if node.get("type") == "link":
        return str(node.get("text") or node.get("url", ""))
    if "text" in node:
        return str(node["text"])
    return "".join(_rich(child) for child in node.get("elements", []))


def _table(block: Json) -> str:
    rows = block.get("rows", [])
    return "\n".join(" | ".join(_rich(cell) for cell in row) for row in rows)


_SEPARATORS: dict[str, str] = {"actions": " ", "context": " · ", "context_actions": " "}
_BLOCKS: dict[str, Callable[[Json, Names], str]] = {
    "header": lambda block, names: _words(block.get("text"), names),
    "alert": lambda block, names: _words(block.get("text"), names),
    "section": _section,
    "input": _input,
    "divider": lambda _block, _names: "———",
    "markdown": lambda block, _names: str(block.get("text", "")),
    "image": lambda block, _names: f"({block.get('alt_text', '')})",
    "rich_text": lambda block, _names: _rich(block),
    "table": lambda block, _names: _table(block),
    "container": lambda block, names: plain_text(block.get("child_blocks", []), names),
}


def _block(block: Json, names: Names) -> str:
    kind = str(block.get("type"))
    if kind in _SEPARATORS:
        return _SEPARATORS[kind].join(_element(element, names) for element in block.get("elements", []))
    reader = _BLOCKS.get(kind)
    return reader(block, names) if reader else ""
