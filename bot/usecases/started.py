"""The bot starts and stops; what was set differently since the last start is written down and announced."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.errors import AuditUnavailable, NotAllowed, SlackError
from bot.ports import Desk, Entry, Noted
from bot.usecases.anchor import receipt_of

STARTED = "bot.started"
STOPPED = "bot.stopped"
CHANGED = "settings.changed"
WHO_APPROVES = "PSSO_APPROVERS"

log = logging.getLogger(__name__)


async def started(settings: Mapping[str, str], desk: Desk) -> tuple[str, ...]:
    """Journal a start; return the names of settings that changed since the one before.

    `settings` has a keyed hash for every setting that is not at its default: names can be told, values not.
    Raises AuditUnavailable.
    """
    before = await desk.journal.last(STARTED)
    changed = _changed(before, settings)
    if changed:
        # Before the start's own record: a crash between the two finds the difference again.
        await desk.journal.write(Entry(CHANGED, detail={"names": ", ".join(changed)}))
    await desk.journal.write(Entry(STARTED, detail={"settings": _written(settings)}))
    if changed:
        await _announce(changed, desk)
    return changed


async def stopped(desk: Desk) -> None:
    """Journal an orderly end. A start without one before it followed a crash."""
    try:
        await desk.journal.write(Entry(STOPPED))
    except AuditUnavailable as error:
        log.warning("the end could not be written to the journal: %s", error)


def _written(settings: Mapping[str, str]) -> str:
    return " ".join(f"{name}={settings[name]}" for name in sorted(settings))


def _changed(before: Noted | None, settings: Mapping[str, str]) -> tuple[str, ...]:
    if before is None:
        return ()
    pairs = (pair.partition("=") for pair in before.detail.get("settings", "").split())
    then = {name: fingerprint for name, _, fingerprint in pairs}
    return tuple(sorted(name for name in {*then, *settings} if then.get(name) != settings.get(name)))


async def _announce(changed: tuple[str, ...], desk: Desk) -> None:
    """Who may approve concerns everyone who relies on approvals, audit channel or not."""
    rules = desk.rules
    channel = rules.audit_channel or (rules.approval_channel if WHO_APPROVES in changed else "")
    if not channel:
        return
    try:
        record = receipt_of(await desk.journal.head())
        await desk.announcer.post(channel, f"{_sentence(changed)} {record}.")
    except (AuditUnavailable, SlackError, NotAllowed) as error:
        log.warning("changed settings (%s) could not be announced: %s", ", ".join(changed), error)


def _sentence(changed: tuple[str, ...]) -> str:
    said = f"Settings differ from the last start: {', '.join(f'`{name}`' for name in changed)}."
    if WHO_APPROVES in changed:
        said += " ⚠ The list of who may approve is among them: check that this was meant."
    return said
