"""Lists every text for people, brings the translations up to date, and compiles them: `make texts`.

    python -m bot.texts            writes bot/locale/psso.pot, and the .po and .mo of every language
    python -m bot.texts --check    says what is stale or missing; exit 1 when something is

Texts of the code are found by their marks (`_`, `ngettext`, `N_`), those of the domain by walking its tables:
it is pure and knows of no language. https://babel.pocoo.org/en/latest/messages.html
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bot.adapters.graph import calls
from bot.domain import coverage, coverage_words
from bot.domain.aadsts import meaning_of
from bot.domain.coverage_words import APPLICATION_WORDS, CLIENT_WORDS, PLATFORM_WORDS
from bot.domain.gaps import NO_REASON, Gap
from bot.domain.policy_match import CONTROL_NAMES
from bot.domain.rules import RULES
from bot.render.phrase_table import TEMPLATES
from bot.render.phrases import fits
from bot.render.words import DOMAIN
from bot.usecases import facts, risk_facts

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "bot" / "locale"
MARKS = {"_": 1, "N_": 1, "ngettext": 2}
"""What marks a text, and how many forms of it come first among its arguments."""

PLACES = ("bot", "handlers")


def main(arguments: list[str]) -> int:
    """Write everything, or check that nothing would change and that nothing is missing."""
    check = "--check" in arguments
    template = _template()
    wrong = list(_stored(LOCALE / f"{DOMAIN}.pot", _po(template), check=check))
    for folder in sorted(LOCALE.glob("*/LC_MESSAGES")):
        wrong += _language(folder, template, check=check)
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201 -- it is a command
    return 1 if wrong else 0


def _language(folder: Path, template: Catalog, *, check: bool) -> Iterator[str]:
    """Bring one language up to date; yield what is stale, missing or wrong in it."""
    name = folder.parent.name
    po, mo = folder / f"{DOMAIN}.po", folder / f"{DOMAIN}.mo"
    translated = _read(po, name)
    translated.update(template, no_fuzzy_matching=True)
    translated.obsolete.clear()
    yield from _stored(po, _po(translated), check=check)
    yield from _stored(mo, _mo(translated, name), check=check)
    for message in translated:
        yield from (f"{po.relative_to(ROOT)}: {problem}: {message.id!r}" for problem in problems(message))


def problems(message: Message) -> Iterator[str]:
    """Yield what is wrong with one translation: missing, not sure, or with other placeholders."""
    if not message.id:
        return
    sources = message.id if isinstance(message.id, tuple | list) else (message.id,)
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if message.fuzzy:
        yield "not sure"
    if not all(texts):
        yield "not translated"
        return
    allowed = {placeholders(source) for source in sources}
    if any(placeholders(str(text)) not in allowed for text in texts):
        yield "other placeholders"


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names between braces, in alphabetical order, each as often as it stands there."""
    return tuple(sorted(name for _literal, name, _spec, _how in Formatter().parse(text) if name is not None))


def marked_texts(source: str) -> list[tuple[str, ...]]:
    """Return the marked texts of a module in order; a mark around a variable marks nothing new.

    Babel's own extractor reads tokens and so misses marks inside of f-strings before Python 3.12.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    found = []
    for call in calls:
        most = MARKS.get(call.func.id, 0) if isinstance(call.func, ast.Name) else 0
        forms = [part.value for part in call.args[:most] if isinstance(part, ast.Constant)]
        if forms and len(forms) == most:
            found.append(tuple(map(str, forms)))
    return found


def domain_texts() -> Iterator[tuple[str, str]]:
    """Yield the texts of the domain's tables, each with where it stands."""
    for rule in RULES:
        own = (rule.summary, rule.remedy, *rule.steps, rule.would_change, rule.why_not or "")
        yield from (("bot/domain/rules.py", text) for text in own)
        asked = (*rule.when, *(nudge.when for nudge in rule.nudges))
        yield from (("bot/domain/conditions", condition.text) for condition in asked)
    for code in sorted(codes_of_rules()):
        if known := meaning_of(code):
            texts = (known.meaning, known.likely_cause, known.fix)
            yield from (("bot/domain/aadsts.csv", text) for text in texts)
    for gap in Gap:
        label = gap.removeprefix("the ")
        yield from (("bot/domain/gaps.py", text) for text in (gap.value, label[0].upper() + label[1:]))
    yield from (("bot/domain/gaps.py", text) for text in NO_REASON.values())
    for words in (CLIENT_WORDS, PLATFORM_WORDS, APPLICATION_WORDS):
        yield from ((_path(coverage_words), text) for text in words.values())
    yield from (("bot/domain/policy_match.py", text) for text in CONTROL_NAMES.values())
    yield _path(coverage), coverage.WHEN_NECESSARY
    for module in (calls, facts, risk_facts):
        reads = (value for value in vars(module).values() if isinstance(value, facts.Read | calls.Call))
        yield from ((_path(module), read.what) for read in reads)


def codes_of_rules() -> set[int]:
    """Return the AADSTS codes that the decision table knows; what the others mean stays in English."""
    conditions = " ".join(condition.text for rule in RULES for condition in rule.when)
    return set(map(int, re.findall(r"\b\d{5,7}\b", conditions)))


def _path(module: object) -> str:
    return str(module.__name__).replace(".", "/") + ".py"  # type: ignore[attr-defined]


def _template() -> Catalog:
    catalog = Catalog(project="psso-bot", charset="utf-8", header_comment="", fuzzy=False)
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            for forms in marked_texts(path.read_text(encoding="utf-8")):
                catalog.add(
                    forms if len(forms) > 1 else forms[0], locations=[(str(path.relative_to(ROOT)), 0)]
                )
    for where, text in domain_texts():
        if text and not any(fits(template, text) for template in TEMPLATES):
            catalog.add(text, locations=[(where, 0)])
    return catalog


def _read(po: Path, name: str) -> Catalog:
    if not po.is_file():
        return Catalog(locale=name, project="psso-bot", charset="utf-8", fuzzy=False)
    with po.open("rb") as file:
        return read_po(file, locale=name)


def _po(catalog: Catalog) -> bytes:
    """Return a catalogue as a file: no dates and no line numbers, so that a diff shows texts alone."""
    written = io.BytesIO()
    write_po(written, catalog, width=110, omit_header=True, sort_by_file=True, include_lineno=False)
    return HEADER.encode() + written.getvalue()


class _Compiled(Catalog):
    """A catalogue whose header names no date and no tool, so that the same texts give the same bytes."""

    mime_headers = property(lambda self: [("Content-Type", CHARSET), ("Plural-Forms", PLURALS)])


def _mo(catalog: Catalog, name: str) -> bytes:
    compiled = _Compiled(locale=name)
    for message in catalog:
        if message.id:
            compiled.add(message.id, message.string)
    written = io.BytesIO()
    write_mo(written, compiled)
    return written.getvalue()


CHARSET = "text/plain; charset=utf-8"
PLURALS = "nplurals=2; plural=(n != 1);"
HEADER = f"""msgid ""
msgstr ""
"Content-Type: {CHARSET}\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {PLURALS}\\n"

"""


def _stored(path: Path, content: bytes, *, check: bool) -> Iterator[str]:
    """Write a file that differs, or yield that it does."""
    if path.is_file() and path.read_bytes() == content:
        return
    if check:
        yield f"{path.relative_to(ROOT)} is stale: make texts"
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
