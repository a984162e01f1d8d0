"""Recent answers, kept under an opaque id for the buttons of their card."""

from __future__ import annotations

import logging
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from bot.adapters.store.connection import StoreClient
from bot.adapters.store.keyspace import Keyspace
from bot.domain.people import ObjectId
from bot.ports import Answer

log = logging.getLogger(__name__)

_ANSWER = TypeAdapter(Answer)


class RedisAnswers:
    """The port Answers."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        self._client = client
        self._keys = Keyspace(tenant)

    async def keep(self, answer: Answer, subject: ObjectId | None, reuse: timedelta, hold: timedelta) -> None:
        """Keep an answer for `hold`; offer it as the subject's recent one for `reuse`."""
        text = _ANSWER.dump_json(answer)
        await self._put(self._keys.named("answer", answer.id), text, hold)
        if subject is not None:
            await self._put(self._keys.named("recent", subject), answer.id, min(reuse, hold))

    async def recent(self, subject: ObjectId) -> Answer | None:
        """Return the answer still offered for this user."""
        answer_id = await self._client.command("GET", self._keys.named("recent", subject))
        return await self.get(answer_id) if answer_id else None

    async def get(self, answer_id: str) -> Answer | None:
        """Return a kept answer; one that an older version wrote and we cannot read is gone."""
        text = await self._client.command("GET", self._keys.named("answer", answer_id))
        if text is None:
            return None
        try:
            return _ANSWER.validate_json(text)
        except ValidationError:
            log.warning("answer %s was kept in a shape this version cannot read", answer_id)
            return None

    async def _put(self, key: str, value: str | bytes, lifetime: timedelta) -> None:
        milliseconds = lifetime // timedelta(milliseconds=1)
        if milliseconds > 0:
            await self._client.command("SET", key, value, "PX", milliseconds)
