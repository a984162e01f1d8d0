"""The journal's second copy, on a stream: shows a local journal that lost its tail."""

from __future__ import annotations

from bot.adapters.audit.journal import Anchor
from bot.adapters.store.connection import StoreClient
from bot.adapters.store.keyspace import Keyspace

KEPT = 100_000  # records, about


class JournalCopy:
    """Keeps the journal's lines in the store. `writer` tells the journals of several machines apart."""

    def __init__(self, client: StoreClient, tenant: str, writer: str = "0") -> None:
        self._client = client
        self._stream = Keyspace(tenant).named("journal", writer)

    async def append(self, seq: int, mac: str, line: str) -> None:
        """Keep a line. A lost answer may keep it twice, which harms nothing."""
        fields = ("seq", seq, "mac", mac, "line", line)
        await self._client.command("XADD", self._stream, "MAXLEN", "~", KEPT, "*", *fields)

    async def anchor(self) -> Anchor | None:
        """Return the furthest record that was copied, or None."""
        last = await self._client.command("XREVRANGE", self._stream, "+", "-", "COUNT", 16)
        known = [Anchor(int(fields["seq"]), fields["mac"]) for _, fields in last]
        return max(known, key=lambda anchor: anchor.seq, default=None)
