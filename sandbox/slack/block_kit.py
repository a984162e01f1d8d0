"""A strict Block Kit validator that needs no network: what Slack would refuse, with JSON pointers. Pure.

Lengths and structure live in `schema`; here are the rules that span a whole message or view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.slack.checks import Report, array, typed
from sandbox.slack.schema import (
    BLOCKS,
    BLOCKS_IN_MESSAGE,
    BLOCKS_IN_VIEW,
    MARKDOWN_IN_MESSAGE,
    NOT_ON,
    VIEWS,
)

Json = Mapping[str, Any]


def validate_message(payload: Json) -> list[str]:
    """Return what is wrong with a message's `blocks` and with those of its `attachments`; empty when fine."""
    report = Report("message")
    if payload.get("blocks"):
        _blocks(payload["blocks"], "/blocks", report, BLOCKS_IN_MESSAGE)
    _attachments(payload.get("attachments") or [], report)
    return report.errors


def validate_view(view: Json) -> list[str]:
    """Return what is wrong with a modal or home view; empty when fine. Pointers start at /view."""
    report = Report(str(view.get("type")))
    typed(VIEWS)(view, "/view", report)
    if report.surface not in VIEWS:
        return report.errors
    blocks = view.get("blocks")
    _blocks(blocks, "/view/blocks", report, BLOCKS_IN_VIEW)
    if isinstance(blocks, list):
        _submit(view, report)
        _one_focus(blocks, report)
    return report.errors


def validate_blocks(blocks: object, surface: str = "message") -> list[str]:
    """Return what is wrong with blocks alone on `message`, `modal` or `home`."""
    report = Report(surface)
    _blocks(blocks, "/blocks", report, BLOCKS_IN_MESSAGE if surface == "message" else BLOCKS_IN_VIEW)
    return report.errors


def _blocks(blocks: Any, pointer: str, report: Report, most: int) -> None:
    array(_block, most)(blocks, pointer, report)
    if isinstance(blocks, list):
        known = [block for block in blocks if isinstance(block, Mapping)]
        _message_totals(known, pointer, report)


def _block(block: Any, pointer: str, report: Report) -> None:
    # An action_id is unique within its block; other blocks may use it again.
    report.action_ids = set()
    typed(BLOCKS)(block, pointer, report)
    kind = block.get("type") if isinstance(block, Mapping) else None
    if report.surface in NOT_ON.get(str(kind), frozenset()):
        report.add(f"unsupported type: {kind}", f"{pointer}/type")


def _message_totals(blocks: Sequence[Json], pointer: str, report: Report) -> None:
    if sum(block.get("type") == "table" for block in blocks) > 1:
        report.add("only one table allowed", pointer)
    written = sum(len(str(block.get("text", ""))) for block in blocks if block.get("type") == "markdown")
    if written > MARKDOWN_IN_MESSAGE:
        report.add(f"markdown must be less than {MARKDOWN_IN_MESSAGE + 1} characters in total", pointer)


def _attachments(attachments: object, report: Report) -> None:
    if not isinstance(attachments, list):
        report.add("must provide an array", "/attachments")
        return
    if len(attachments) > 100:
        report.add("no more than 100 items allowed", "/attachments")
    for index, attachment in enumerate(attachments):
        if not isinstance(attachment, Mapping):
            report.add("must provide an object", f"/attachments/{index}")
        elif attachment.get("blocks"):
            _blocks(attachment["blocks"], f"/attachments/{index}/blocks", report, BLOCKS_IN_MESSAGE)


def _submit(view: Json, report: Report) -> None:
    has_input = any(isinstance(block, Mapping) and block.get("type") == "input" for block in view["blocks"])
    if view["type"] == "modal" and has_input and view.get("submit") is None:
        report.add("missing required field: submit", "/view")


def _one_focus(blocks: Sequence[object], report: Report) -> None:
    focused = sum(_count(block, lambda node: node.get("focus_on_load") is True) for block in blocks)
    if focused > 1:
        report.add("only one element may set `focus_on_load`", "/view/blocks")


def _count(node: object, wanted: Callable[[Json], bool]) -> int:
    if isinstance(node, Mapping):
        return int(wanted(node)) + sum(_count(child, wanted) for child in node.values())
    return sum(_count(child, wanted) for child in node) if isinstance(node, list) else 0
