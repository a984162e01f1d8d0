"""Approvals that wait for a sign-in. Only a digest of the ticket's id is stored, and what is kept is signed:
whoever reads the store gets no link out of it, and whoever writes to it gets no ticket in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from bot.adapters.audit.keys import subkey
from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace
from bot.domain.step_up import Ticket

log = logging.getLogger(__name__)

_TICKET = TypeAdapter(Ticket)
_TAKE = load_script("take_ticket")
REPEATABLE = timedelta(seconds=60)


class RedisTickets:
    """The port Tickets. `key` is the installation's; `new_id` names each taking, so it may be repeated."""

    def __init__(self, client: StoreClient, tenant: str, key: bytes, new_id: Callable[[], str]) -> None:
        self._client = client
        self._keys = Keyspace(tenant)
        self._key = subkey(key, "step-up")
        self._new_id = new_id

    async def make(self, ticket_id: str, ticket: Ticket, lifetime: timedelta) -> None:
        """Keep a ticket for `lifetime`."""
        text = _TICKET.dump_json(ticket).decode()
        value = f"{self.seal('ticket', ticket_id, text)}.{text}"
        milliseconds = max(1, lifetime // timedelta(milliseconds=1))
        await self._client.command("SET", self._name(ticket_id), value, "PX", milliseconds)

    async def read(self, ticket_id: str) -> Ticket | None:
        """Return a ticket that still stands."""
        return self._opened(ticket_id, await self._client.command("GET", self._name(ticket_id)))

    async def take(self, ticket_id: str) -> Ticket | None:
        """Return a ticket and end it."""
        name = self._name(ticket_id)
        args: list[str | float] = [self._new_id(), REPEATABLE // timedelta(milliseconds=1)]
        return self._opened(ticket_id, await self._client.run(_TAKE, [name, f"{name}:taken"], args))

    def seal(self, purpose: str, *parts: str) -> str:
        """Return a keyed digest of the parts, each told apart by its length."""
        text = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
        digest = hmac.digest(self._key, text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _name(self, ticket_id: str) -> str:
        return self._keys.named("step-up", hashlib.sha256(ticket_id.encode()).hexdigest())

    def _opened(self, ticket_id: str, value: str | None) -> Ticket | None:
        if not value:
            return None
        mac, _, text = value.partition(".")
        if not hmac.compare_digest(self.seal("ticket", ticket_id, text).encode(), mac.encode()):
            log.warning("a ticket in the store does not carry our signature")
            return None
        try:
            return _TICKET.validate_json(text)
        except ValidationError:
            log.warning("a ticket was kept in a shape this version cannot read")
            return None
