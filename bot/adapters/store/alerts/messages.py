"""Which message shows which group, who may touch it now, and who looks after it."""

from __future__ import annotations

from datetime import timedelta

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.records import ACKNOWLEDGEMENT, MESSAGE, milliseconds
from bot.adapters.store.connection import Argument, StoreClient, load_script
from bot.domain.alerts import Acknowledgement, MessageRef

_MESSAGE = load_script("message", package=__package__)

RETENTION = timedelta(days=8)


class RedisAlertMessages:
    """The port AlertMessages."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = AlertKeys(tenant)

    async def get(self, group_id: str) -> MessageRef | None:
        """Return the group's message."""
        return MESSAGE.read(await self._client.command("GET", self._keys.named("message", group_id)))

    async def begin(self, group_id: str, holder: str, lasting: timedelta) -> bool:
        """Claim the right to post or edit this group's message; False while another worker has it."""
        args: list[Argument] = ["begin", holder, milliseconds(lasting)]
        return bool(await self._client.run(_MESSAGE, [self._claim(group_id)], args))

    async def shown(self, group_id: str, holder: str, message: MessageRef) -> None:
        """Remember what was posted or edited, and give the claim up."""
        keys = [self._claim(group_id), self._keys.named("message", group_id)]
        args: list[Argument] = ["shown", holder, milliseconds(RETENTION), MESSAGE.text(message)]
        await self._client.run(_MESSAGE, keys, args)

    async def let_go(self, group_id: str, holder: str) -> None:
        """Give the claim up without having shown anything."""
        await self._client.run(_MESSAGE, [self._claim(group_id)], ["let_go", holder])

    async def acknowledge(self, group_id: str, by: Acknowledgement) -> Acknowledgement:
        """Remember who looks after it; the first one wins and is returned."""
        key = self._keys.named("acknowledged", group_id)
        args: list[Argument] = ["acknowledge", "", milliseconds(RETENTION), ACKNOWLEDGEMENT.text(by)]
        return ACKNOWLEDGEMENT.read(await self._client.run(_MESSAGE, [key], args)) or by

    async def acknowledged(self, group_id: str) -> Acknowledgement | None:
        """Return who looks after it."""
        key = self._keys.named("acknowledged", group_id)
        return ACKNOWLEDGEMENT.read(await self._client.command("GET", key))

    def _claim(self, group_id: str) -> str:
        return self._keys.named("claim", group_id)
