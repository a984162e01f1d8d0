"""Durable queues on streams: a job stays until its group is done with it, or buries it.

https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from redis.exceptions import ResponseError

from bot.adapters.store.connection import StoreClient, load_script
from bot.adapters.store.keyspace import Keyspace
from bot.errors import StoreUnavailable
from bot.ports import Job

_ABANDONED = load_script("abandoned")
_RECORD = load_script("record")
_SETTLE = load_script("before", "settle")

LONGEST_BLOCK = 2.0  # seconds; below the client's socket timeout, or redis-py would retry for ever
REMEMBER_OPERATIONS = timedelta(hours=24)
ABANDONED_AFTER = timedelta(seconds=60)
LOOKS_MEANWHILE = 12
"""How often abandoned jobs are looked for while one becomes abandoned: an idle bot asks little."""

OUTBOX_GROUPS = ("deliver", "execute")


class StreamQueue:
    """The port Queue for one group of a stream.

    `groups` are all groups that read the stream: a job is kept until each of them is done with it.
    With `only`, jobs of other kinds are settled unseen.
    """

    def __init__(
        self,
        client: StoreClient,
        stream: str,
        group: str,
        *,
        groups: Sequence[str] = (),
        only: Collection[str] | None = None,
        abandoned_after: timedelta = ABANDONED_AFTER,
    ) -> None:
        self._client = client
        self._stream = stream
        self._group = group
        self._groups = tuple(groups) or (group,)
        self._only = only
        self._idle = abandoned_after // timedelta(milliseconds=1)
        self._cursor = "0-0"
        self._looked_at: float | None = None

    @property
    def dead_letters(self) -> str:
        """The stream that buried jobs go to."""
        return f"{self._stream}:dead"

    async def take(self, consumer: str, count: int, wait: float) -> tuple[Job, ...]:
        """Return abandoned jobs, else new ones; () after `wait` seconds."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait
        while True:
            found = await self._once(consumer, count, min(LONGEST_BLOCK, max(0.0, deadline - clock())))
            jobs = await self._wanted(found)
            if jobs or (not found and clock() >= deadline):
                return jobs

    async def done(self, job: Job) -> None:
        """Forget a finished job; repeating it changes nothing."""
        await self._settle(job, "")

    async def bury(self, job: Job, why: str) -> None:
        """Move a job to the dead letters; repeating it changes nothing."""
        await self._settle(job, why or "no reason given")

    async def waiting(self) -> int:
        """Return how many jobs this group has neither been handed nor finished."""
        await self._make_groups()
        for info in await self._client.command("XINFO GROUPS", self._stream):
            if info["name"] == self._group:
                return int(info["pending"]) + int(info.get("lag") or 0)
        return 0

    async def _once(self, consumer: str, count: int, block: float) -> tuple[Job, ...]:
        try:
            return await self._abandoned(consumer, count) or await self._new(consumer, count, block)
        except StoreUnavailable as error:
            if not _said(error, "NOGROUP"):  # the stream is new, or was lost with its groups
                raise
        await self._make_groups()
        return await self._new(consumer, count, block)

    async def _abandoned(self, consumer: str, count: int) -> tuple[Job, ...]:
        """Look through the stream from where the last look ended, and then not again for a while."""
        now, rest = asyncio.get_running_loop().time(), self._idle / 1000 / LOOKS_MEANWHILE
        if self._cursor == "0-0":
            if self._looked_at is not None and now - self._looked_at < rest:
                return ()
            self._looked_at = now
        args: list[str | float] = [self._group, consumer, self._idle, self._cursor, count]
        self._cursor, *found = await self._client.run(_ABANDONED, [self._stream], args)
        return tuple(
            _job(entry_id, dict(zip(fields[::2], fields[1::2], strict=True)), int(deliveries))
            for entry_id, deliveries, *fields in found
        )

    async def _new(self, consumer: str, count: int, block: float) -> tuple[Job, ...]:
        blocking = ("BLOCK", max(1, round(block * 1000))) if block > 0 else ()
        reply = await self._client.command(
            "XREADGROUP",
            "GROUP",
            self._group,
            consumer,
            "COUNT",
            count,
            *blocking,
            "STREAMS",
            self._stream,
            ">",
        )
        streams = reply.items() if isinstance(reply, dict) else reply or ()
        return tuple(_job(entry_id, fields, 1) for _, entries in streams for entry_id, fields in entries)

    async def _wanted(self, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
        if self._only is None:
            return jobs
        for job in jobs:
            if job.kind not in self._only:
                await self.done(job)
        return tuple(job for job in jobs if job.kind in self._only)

    async def _settle(self, job: Job, why: str) -> None:
        keys = [self._stream, self.dead_letters]
        await self._client.run(_SETTLE, keys, [self._group, job.id, why, job.deliveries, *self._groups])

    async def _make_groups(self) -> None:
        for group in self._groups:
            try:
                await self._client.command("XGROUP CREATE", self._stream, group, "0", "MKSTREAM")
            except StoreUnavailable as error:
                if not _said(error, "BUSYGROUP"):
                    raise


class RedisInbox(StreamQueue):
    """The port Inbox. `new_id` names each call, so that a repeated one is not taken for a duplicate."""

    def __init__(
        self,
        client: StoreClient,
        background: StoreClient,
        tenant: str,
        new_id: Callable[[], str],
        *,
        abandoned_after: timedelta = ABANDONED_AFTER,
    ) -> None:
        self._keyspace = Keyspace(tenant)
        super().__init__(background, self._keyspace.inbox, "carry-out", abandoned_after=abandoned_after)
        self._actions = client
        self._new_id = new_id

    async def record(self, kind: str, op_id: str, body: Mapping[str, str]) -> bool:
        """Keep a job durably; False when `op_id` was recorded within the last 24 hours."""
        keys = [self._keyspace.inbox, self._keyspace.named("seen", op_id)]
        kept = REMEMBER_OPERATIONS // timedelta(milliseconds=1)
        text = json.dumps(dict(body), ensure_ascii=False)
        recorded = await self._actions.run(_RECORD, keys, [self._new_id(), kept, kind, op_id, text])
        return bool(recorded)


def outbox_for_delivery(
    client: StoreClient, tenant: str, abandoned_after: timedelta = ABANDONED_AFTER
) -> StreamQueue:
    """Everything that happened to requests, for those who tell people."""
    stream = Keyspace(tenant).outbox
    return StreamQueue(client, stream, "deliver", groups=OUTBOX_GROUPS, abandoned_after=abandoned_after)


def outbox_for_execution(
    client: StoreClient, tenant: str, abandoned_after: timedelta = ABANDONED_AFTER
) -> StreamQueue:
    """Approved requests, for those who carry them out."""
    return StreamQueue(
        client,
        Keyspace(tenant).outbox,
        "execute",
        groups=OUTBOX_GROUPS,
        only=frozenset({"approved"}),
        abandoned_after=abandoned_after,
    )


def _said(error: StoreUnavailable, word: str) -> bool:
    cause = error.__cause__
    return isinstance(cause, ResponseError) and str(cause).startswith(word)


def _job(entry_id: str, fields: Mapping[str, str], deliveries: int) -> Job:
    values = dict(fields)
    try:
        body = {str(name): str(value) for name, value in json.loads(values.get("body", "{}")).items()}
    except (ValueError, AttributeError):
        body = {}  # a job nobody can read is still handed out, so that it ends among the dead letters
    return Job(entry_id, values.get("kind", ""), values.get("op", ""), body, deliveries)
