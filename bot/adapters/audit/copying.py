"""Brings the journal's lines to a second place, in order; what an outage left out follows later."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Protocol

from bot.adapters.audit.records import anchor_of, chain_of
from bot.errors import AuditUnavailable, StoreUnavailable

REST_SECONDS = 5.0  # after a failure nobody waits for the copy for so long

log = logging.getLogger(__name__)


class Copy(Protocol):
    """A second place for the journal's lines. `chain` tells the journals of several machines apart."""

    async def reached(self, chain: str) -> int:
        """Return the number of the furthest record it has, 0 for none; raise StoreUnavailable."""

    async def append(self, chain: str, seq: int, line: str) -> None:
        """Keep a line; raise StoreUnavailable."""


class Copier:
    """Follows one journal's file. The file is the queue, so lines of other processes come along, too."""

    def __init__(self, copy: Copy, path: Path) -> None:
        self._copy = copy
        self._path = path
        self._turn = asyncio.Lock()
        self._chain = ""
        self._seq = 0  # the furthest record copied
        self._offset = 0  # where its line ends in the file
        self._not_before = 0.0

    async def catch_up(self) -> None:
        """Copy what is new. A copy that fails is a warning: the file has the record."""
        clock = asyncio.get_running_loop().time
        if clock() < self._not_before:
            return
        async with self._turn:
            if clock() < self._not_before:
                return
            try:
                await self._catch_up()
            except (StoreUnavailable, AuditUnavailable, OSError) as error:
                self._not_before = clock() + REST_SECONDS
                log.warning("the journal's copy lags behind: %s", error)

    async def _catch_up(self) -> None:
        if not self._chain:
            chain = await asyncio.to_thread(chain_of, self._path)
            self._seq = await self._copy.reached(chain)
            self._chain = chain
        for seq, end, line in await asyncio.to_thread(self._new_lines):
            if seq > self._seq:
                await self._copy.append(self._chain, seq, line)
                self._seq = seq
            self._offset = end

    def _new_lines(self) -> list[tuple[int, int, str]]:
        """Return number, end and text of the whole lines after the last one that was copied."""
        found = []
        with self._path.open("rb") as journal:
            if self._path.stat().st_size < self._offset:
                self._offset = 0  # the file was cut: verify will say so; what is written from now on counts
            end = journal.seek(self._offset)
            for line in journal:
                end += len(line)
                try:
                    seq = anchor_of(line).seq
                except ValueError:
                    continue
                if line.endswith(b"\n"):
                    found.append((seq, end, line.decode("utf-8", "replace").rstrip("\n")))
        return found
