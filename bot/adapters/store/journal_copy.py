"""The journal's second copy: a stream for each journal, so that several machines may share one store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from bot.adapters.store.connection import StoreClient
from bot.adapters.store.keyspace import Keyspace

KEPT = 100_000  # records of a journal, about
PAGE = 1000


class JournalCopy:
    """Keeps journals' lines in the store. `chain` tells the journals of several machines apart."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = Keyspace(tenant)
        self._journals = self._keys.named("journals")

    async def append(self, chain: str, seq: int, line: str) -> None:
        """Keep a line. A lost answer may keep it twice, which harms nothing."""
        fields = ("seq", seq, "line", line)
        await self._client.command("XADD", self._stream(chain), "MAXLEN", "~", KEPT, "*", *fields)

    async def reached(self, chain: str) -> int:
        """Return the number of the furthest record that was copied, 0 for none."""
        await self._client.command("SADD", self._journals, chain)
        return await self._furthest(chain)

    async def journals(self) -> dict[str, int]:
        """Return the journals that were ever copied, and how far each goes."""
        chains = await self._client.command("SMEMBERS", self._journals)
        return {chain: await self._furthest(chain) for chain in sorted(chains)}

    async def lines(self, chain: str) -> dict[int, list[str]]:
        """Return what was kept of a journal: lines by record number."""
        found: dict[int, list[str]] = defaultdict(list)
        after = "-"
        while rows := await self._client.command("XRANGE", self._stream(chain), after, "+", "COUNT", PAGE):
            for entry_id, fields in rows:
                found[_number(fields)].append(fields.get("line", ""))
                after = f"({entry_id}"
        return dict(found)

    async def _furthest(self, chain: str) -> int:
        last = await self._client.command("XREVRANGE", self._stream(chain), "+", "-", "COUNT", 16)
        return max((_number(fields) for _, fields in last), default=0)

    def _stream(self, chain: str) -> str:
        return self._keys.named("journal", chain)


def _number(fields: Mapping[str, str]) -> int:
    """What somebody else put there has no number of ours: 0 is the number of no record."""
    text = fields.get("seq", "")
    return int(text) if text.isascii() and text.isdigit() else 0
