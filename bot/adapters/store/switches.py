"""Switches that people throw, signed: who can write to the store can neither lift a freeze nor bring
back an older word. What was read last is also kept beside the installation's key, so that a switch which
vanished from the store stands as it stood.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.adapters.audit.keys import subkey
from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace
from bot.errors import StoreUnavailable
from bot.ports import SwitchState

_THROW = load_script("throw")
_STATE = TypeAdapter(SwitchState)

TRIES = 10
ALTERED = "altered"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    """A switch as it was signed; `number` grows by one with every throw."""

    number: int
    state: SwitchState
    text: str


class RedisSwitches:
    """The port Switches. `key` is the installation's, `folder` the state directory."""

    def __init__(self, client: StoreClient, tenant: str, key: bytes, folder: Path) -> None:
        self._client = client
        self._keys = Keyspace(tenant)
        self._key = subkey(key, "switches")
        self._tenant = tenant
        self._folder = folder / "switches"
        self._seen: dict[str, _Held] = {}

    async def read(self, name: str) -> SwitchState | None:
        """Return the switch; one that does not carry our signature reads as on, because it was altered."""
        text = await self._stored(name)
        held = self._verified(name, text)
        if text and held is None:
            log.error(
                "the switch %r was altered in the store; it counts as on until it is thrown again", name
            )
            return SwitchState(True, "", ALTERED, datetime.fromtimestamp(0, UTC))
        newest = self._newest(name, held)
        return newest.state if newest else None

    async def throw(self, name: str, state: SwitchState) -> None:
        """Set the switch; of two who throw at once, the later word stands."""
        for _ in range(TRIES):
            seen = await self._stored(name)
            before = self._newest(name, self._verified(name, seen))
            text = self._signed(name, before.number + 1 if before else 1, state)
            if await self._client.run(_THROW, [self._keys.named("switch", name)], [seen, text]):
                self._newest(name, self._verified(name, text))
                return
        raise StoreUnavailable(f"the switch {name!r} could not be set: others keep throwing it")

    async def _stored(self, name: str) -> str:
        return str(await self._client.command("GET", self._keys.named("switch", name)) or "")

    def _signed(self, name: str, number: int, state: SwitchState) -> str:
        body = {"name": name, "tenant": self._tenant, "number": number}
        body |= {"state": _STATE.dump_python(state, mode="json")}
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        return f"{self._mac(text)} {text}"

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def _verified(self, name: str, stored: str) -> _Held | None:
        """Return what was signed, for this switch of this tenant; None for anything else."""
        mac, _, text = stored.partition(" ")
        if not hmac.compare_digest(self._mac(text).encode(), mac.encode()):
            return None
        try:
            body = json.loads(text)
            if (body["name"], body["tenant"]) != (name, self._tenant):
                return None
            return _Held(int(body["number"]), _STATE.validate_python(body["state"]), stored)
        except (ValidationError, ValueError, KeyError, TypeError):
            return None

    def _newest(self, name: str, held: _Held | None) -> _Held | None:
        """Return the newest of what the store holds and what was seen before, and remember it."""
        seen = self._seen.get(name) or self._kept(name)
        if held is None or (seen is not None and seen.number >= held.number):
            if seen is not None:
                self._seen[name] = seen
            return seen
        self._seen[name] = held
        self._keep(name, held)
        return held

    def _kept(self, name: str) -> _Held | None:
        try:
            return self._verified(name, (self._folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("the last known word on the switch %r cannot be read: %s", name, error)
            return None

    def _keep(self, name: str, held: _Held) -> None:
        """A copy that cannot be written is not worth failing for: the store has the switch."""
        draft = self._folder / f".{name}-{os.getpid()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_text(held.text, encoding="utf-8")
            draft.replace(self._folder / name)
        except OSError as error:
            log.warning("the last known word on the switch %r cannot be kept: %s", name, error)
