"""Durable things to do later, shared by all replicas: whoever comes first takes what is due, on a lease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace
from bot.adapters.store.records import milliseconds
from bot.ports import Job

_SCHEDULE = load_script("schedule")


class RedisSchedule:
    """The port Schedule. A job's `op_id` is the revision of its put: `done` never drops a newer one."""

    def __init__(self, client: StoreClient, tenant: str) -> None:
        keys = Keyspace(tenant)
        self._client = client
        self._keys = [
            keys.named("schedule", "due"),
            keys.named("schedule", "jobs"),
            keys.named("schedule", "puts"),
        ]

    async def put(self, kind: str, key: str, due: datetime, body: Mapping[str, str]) -> None:
        """Do `kind` with `body` at `due`; replaces what was put under the same kind and key."""
        await self._run("put", _id(kind, key), milliseconds(due), kind, _text(body))

    async def drop(self, kind: str, key: str) -> None:
        """Forget it; nothing happens when there is nothing."""
        await self._run("drop", _id(kind, key))

    async def take_due(self, count: int, lease: timedelta) -> tuple[Job, ...]:
        """Return up to `count` due jobs, the most overdue first."""
        found = await self._run("take", count, lease // timedelta(milliseconds=1))
        return tuple(
            Job(job_id, kind, revision, _body(body), int(times))
            for job_id, revision, times, kind, body in found
        )

    async def done(self, job: Job) -> None:
        """Forget a finished job, unless it was put again meanwhile."""
        await self._run("done", job.id, job.op_id)

    async def _run(self, verb: str, *args: str | float) -> Any:
        return await self._client.run(_SCHEDULE, self._keys, [verb, *args])


def _id(kind: str, key: str) -> str:
    return f"{kind}:{key}"


def _text(body: Mapping[str, str]) -> str:
    return json.dumps(dict(body), ensure_ascii=False)


def _body(text: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in json.loads(text).items()}
