"""`psso-bot audit`: check the journal, print it, and say whom its pseudonyms stand for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot import app
from bot.adapters.audit.keys import install_key
from bot.adapters.audit.names import Names
from bot.adapters.audit.records import chain_of, journal_path, noted, read_head
from bot.adapters.audit.redaction import Redaction
from bot.adapters.audit.verification import Verdict, compare, export, mentions, verify
from bot.errors import StoreUnavailable
from bot.ports import Anchor, Noted
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of the journal found. Without `verdict` and `error` there was nothing to check."""

    verdict: Verdict | None = None
    others: Mapping[str, int] = field(default_factory=dict)  # other machines' journals, how far each goes
    error: StoreUnavailable | None = None


async def verify_journal(settings: Settings, anchors: Sequence[Anchor]) -> list[Finding]:
    """Check the journal's hash chain, then the store's copy where there is a store; the file comes first.

    A store that does not answer is a finding of its own: `error` says why.
    """
    journal = journal_path(settings.psso_state_dir)
    verdict = Verdict(ok=True, records=0)
    if journal.exists() or read_head(journal) or anchors:
        verdict = verify(journal, install_key(settings.psso_state_dir, make=False), *anchors)
    found = [Finding(verdict)]
    if app.has_store(settings):
        try:
            found.append(await _compared(settings, journal))
        except StoreUnavailable as error:
            found.append(Finding(error=error))
    return found


async def _compared(settings: Settings, journal: Path) -> Finding:
    from bot.adapters.store.journal_copy import KEPT, JournalCopy  # noqa: PLC0415 -- redis only where needed

    async with app.store_of(settings) as link:
        copy = JournalCopy(link.actions, settings.tenant)
        chain, known = chain_of(journal), await copy.journals()
        if not known and not chain:
            return Finding()
        others = {name: reached for name, reached in known.items() if name != chain}
        if not chain:
            missing = f"is missing from the file; the store's copy reaches record {max(known.values())}"
            return Finding(Verdict(False, 0, 1, missing))
        lines = await copy.lines(chain)
        key = install_key(settings.psso_state_dir, make=False)
        return Finding(compare(journal, key, lines, trimmed=len(lines) >= KEPT), others)


def export_journal(settings: Settings, since: datetime | None) -> Iterator[str]:
    """Yield the journal's records as JSON lines."""
    for record in export(journal_path(settings.psso_state_dir), since):
        yield json.dumps(record, ensure_ascii=False)


def reveal(settings: Settings, pseudonym: str) -> tuple[str | None, list[Noted]]:
    """Return whom a pseudonym stands for, None when that is not known, and the records that carry it."""
    journal = journal_path(settings.psso_state_dir)
    found = [noted(record) for record in mentions(journal, pseudonym)]
    return Names(journal, install_key(settings.psso_state_dir, make=False)).reveal(pseudonym), found


def pseudonym_of(settings: Settings, value: str) -> tuple[str, list[Noted]]:
    """Return what stands for a value in the journal, and the records that carry it or, for an id, the id."""
    pseudonym = Redaction(install_key(settings.psso_state_dir, make=False)).pseudonym(value)
    records = mentions(journal_path(settings.psso_state_dir), pseudonym, f'"{value.strip()}"')
    return pseudonym, [noted(record) for record in records]
