"""The decision table as a page for people: `python -m bot.domain.rules_page > docs/rules.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bot.domain.rule import Rule
from bot.domain.rules import RULES

_INTRODUCTION = """\
# Why a Mac cannot register: the decision table

This page is generated from `bot/domain/rules.py`; change a row there and run `make rules`.

Rows are read from the top. The first row whose conditions all hold is the verdict; later rows that hold
are named beside it. A condition that could not be checked is undecided, never "no": it caps the
confidence of every row below, and a row that would leave its band gives way to CANNOT_TELL.

Before the table is read, sign-ins are put in order: both logs are merged, repeated rows and rows from
Windows, phones and tablets are dropped, a failure counts as cleared only by a later success of the same
correlation id or of the same app, resource and log, and whatever is older than the last change of the
per-user MFA state or of the password is history. "The last failure" is the newest that is left of the
broker and the Device Registration Service.

| confidence | range |
|---|---|
"""


def page() -> str:
    """Return docs/rules.md."""
    return _INTRODUCTION + "".join(f"{line}\n" for line in (*_bands(), "", *_contents(), *_rows()))


def _bands() -> Iterator[str]:
    bands = dict.fromkeys(rule.band for rule in RULES if rule.band.high and not rule.takes_later_verdict)
    for band in sorted(bands, key=lambda band: (band.high, band.low), reverse=True):
        yield f"| {band.name} | {band.low:.2f} to {band.high:.2f} |"


def _contents() -> Iterator[str]:
    yield "| row | verdict | confidence | holds when |"
    yield "|---|---|---|---|"
    for rule in RULES:
        conditions = "; ".join(condition.text for condition in rule.when) or "nothing above holds"
        yield f"| {rule.id} | {_verdict(rule)} | {_confidence(rule)} | {conditions} |"


def _verdict(rule: Rule) -> str:
    if rule.is_annotation:
        return f"{rule.verdict} (a note, never a verdict)"
    if rule.takes_later_verdict:
        return "that of the first later row about a code that holds"
    return f"{rule.verdict} (advice: only when nothing else holds)" if rule.is_advice else rule.verdict


def _confidence(rule: Rule) -> str:
    if rule.takes_later_verdict or not rule.band.high:
        return rule.band.name
    return f"{rule.confidence:.2f} {rule.band.name}"


def _rows() -> Iterator[str]:
    for rule in RULES:
        yield from ("", f"## {rule.id} {rule.verdict}", "", rule.summary, "", f"**Do:** {rule.remedy}")
        if rule.steps:
            yield ""
        yield from (f"{number}. {step}" for number, step in enumerate(rule.steps, 1))
        yield from _notes(rule)


def _notes(rule: Rule) -> Iterator[str]:
    notes = [f"{nudge.by:+.2f} when {nudge.when.text}" for nudge in rule.nudges]
    if notes:
        yield from ("", f"Confidence: {'; '.join(notes)}.")
    if rule.would_change:
        yield from ("", f"**What would change it:** {rule.would_change}")
    if rule.why_not:
        yield from ("", f"**No request to disable:** {rule.why_not}")
    if rule.links:
        yield from ("", "See " + ", ".join(f"<{link}>" for link in rule.links))


if __name__ == "__main__":
    sys.stdout.write(page())
