"""Groups of failures, and the queue of sightings that they are made from.

scripts/commit.lua stores what grouping decided in one step: groups, members, ledger, deliveries and the
position in the queue, behind the fence of the leader's lease.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from bot.adapters.store.alerts.keys import AlertKeys
from bot.adapters.store.alerts.ledger import entries
from bot.adapters.store.alerts.records import (
    GROUP,
    SIGHTING,
    member_of,
    member_text,
    milliseconds,
    since_1970,
)
from bot.adapters.store.connection import Argument, StoreClient, load_script
from bot.adapters.store.streams import LONGEST_BLOCK
from bot.alert_ports import Lease, Loaded
from bot.domain.alerts import AlertGroup, Changes, GroupState, Member, Sighting, StoredGroup

_COMMIT = load_script("fence", "enter", "commit", package=__package__, shared=["before"])
_LOAD = load_script("load", package=__package__)
_AFTER = load_script("after", package=__package__)
_PAIRS = load_script("pairs", package=__package__)

RETENTION = timedelta(days=8)
START = "0-0"
GROUPS_AT_ONCE = 200
PAIRS_AT_ONCE = 2_000
MOST_CLOSED = 500


class RedisAlertGroups:
    """The port AlertGroups. `client` serves people who wait, `background` the grouping.

    Committing a position again with the same changes does nothing; with others (time passed, and no
    sighting came) they are stored. Whoever does not know what became of a commit loads anew.
    """

    def __init__(self, client: StoreClient, background: StoreClient, tenant: str) -> None:
        self._client = client
        self._background = background
        self._keys = AlertKeys(tenant)

    async def load(self) -> Loaded:
        """Return all live groups and the position in the queue that they reflect."""
        position = await self._background.command("HGET", self._keys.position, "at")
        ids = await self._background.command("ZREVRANGE", self._keys.live, 0, -1)
        groups: list[StoredGroup] = []
        for start in range(0, len(ids), GROUPS_AT_ONCE):
            groups += await self._stored(ids[start : start + GROUPS_AT_ONCE])
        return Loaded(position or START, tuple(groups))

    async def notes(self) -> Mapping[str, str]:
        """Return every note of committed changes that was not forgotten since."""
        return {name: text async for name, text in self._pairs(self._keys.notes)}

    async def after(self, position: str, count: int, wait: float) -> tuple[tuple[str, Sighting], ...]:
        """Return up to `count` queued sightings after `position`; () after `wait` seconds without any."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait
        while True:
            left = max(0.0, deadline - clock())
            if not await self._has_arrived(position, min(LONGEST_BLOCK, left)):
                if clock() >= deadline:
                    return ()
                continue
            rows = await self._rows(position, count)
            readable = [(row_position, SIGHTING.read(text)) for row_position, text in rows]
            found = tuple((row_position, sighting) for row_position, sighting in readable if sighting)
            if found:
                return found
            position = rows[-1][0] if rows else position

    async def commit(self, lease: Lease, position: str, changes: Changes) -> bool:
        """Store the changes, the position and the deliveries, all or nothing; False when the fence is old."""
        keys = self._keys
        what = [*_groups(keys, changes), *_members(keys, changes), *_deliveries(position, changes)]
        what += [*_notes(changes), *entries(keys, changes.quieted, changes.failed, changes.fixed)]
        args: list[Argument] = [
            lease.holder,
            lease.fence,
            position,
            _digest(what),
            keys.prefix,
            _after(position),
        ]
        names = [
            keys.lease(lease.name),
            keys.position,
            keys.queue,
            keys.live,
            keys.closed,
            keys.outbox,
            keys.quieted,
        ]
        return bool(await self._background.run(_COMMIT, names, [*args, milliseconds(RETENTION), *what]))

    async def get(self, group_id: str) -> AlertGroup | None:
        """Return a group, live or closed within its retention."""
        return GROUP.read(await self._client.command("GET", self._keys.group(group_id)))

    async def live(self) -> tuple[AlertGroup, ...]:
        """Return the open groups, the newest failure first."""
        return await self._read(await self._client.command("ZREVRANGE", self._keys.live, 0, -1))

    async def closed_since(self, since: datetime) -> tuple[AlertGroup, ...]:
        """Return groups closed after `since`, newest first, at most 500."""
        ids = await self._client.command(
            "ZREVRANGEBYSCORE",
            self._keys.closed,
            "+inf",
            f"({since_1970(since)}",
            "LIMIT",
            0,
            MOST_CLOSED,
        )
        return await self._read(ids)

    async def backlog(self) -> int:
        """Return how many queued sightings wait for grouping."""
        return int(await self._client.command("XLEN", self._keys.queue))

    async def _rows(self, position: str, count: int) -> list[tuple[str, str]]:
        text: str = await self._background.run(_AFTER, [self._keys.queue], [position, count])
        lines = text.split("\n")
        return list(zip(lines[::2], lines[1::2], strict=False))

    async def _has_arrived(self, position: str, wait: float) -> bool:
        """Wait until something is there after `position`: all that an idle replica asks."""
        parts = ("COUNT", 1, "BLOCK", max(1, round(wait * 1000)), "STREAMS", self._keys.queue, position)
        return bool(await self._background.command("XREAD", *parts))

    async def _read(self, ids: Sequence[str]) -> tuple[AlertGroup, ...]:
        found: list[AlertGroup] = []
        for start in range(0, len(ids), GROUPS_AT_ONCE):
            keys = [self._keys.group(group_id) for group_id in ids[start : start + GROUPS_AT_ONCE]]
            lines: str = await self._client.run(_LOAD, keys, [len(keys), 0])
            found += GROUP.read_all(lines.split("\n"))
        return tuple(found)

    async def _stored(self, ids: Sequence[str]) -> list[StoredGroup]:
        names = [name for key in (self._keys.group, self._keys.members) for name in map(key, ids)]
        lines: str = await self._background.run(_LOAD, names, [len(ids), PAIRS_AT_ONCE])
        stored = []
        for group_id, line in zip(ids, lines.split("\n"), strict=True):
            text, _, members = line.partition("\t")
            group = GROUP.read(text)
            if group is not None:
                few = tuple(member_of(who, times) for who, times in _pairs(members))
                stored.append(StoredGroup(group, few or await self._many(group_id)))
        return stored

    async def _many(self, group_id: str) -> tuple[Member, ...]:
        """Read a large group's members."""
        found = {who: text async for who, text in self._pairs(self._keys.members(group_id))}
        return tuple(member_of(who, text) for who, text in found.items())

    async def _pairs(self, key: str) -> AsyncIterator[tuple[str, str]]:
        """Read a large hash in pages; a pair may come twice."""
        cursor = "0"
        while True:
            cursor, text = await self._background.run(_PAIRS, [key], [cursor, PAIRS_AT_ONCE])
            for pair in _pairs(text):
                yield pair
            if cursor == "0":
                return


def _groups(keys: AlertKeys, changes: Changes) -> Iterator[Argument]:
    live = [group for group in changes.groups if group.state is GroupState.OPEN]
    over = [group for group in changes.groups if group.state is not GroupState.OPEN]
    yield 2 * len(changes.groups)
    for group in changes.groups:
        yield from (keys.group(group.id), GROUP.text(group))
    yield 2 * len(live)
    for group in live:
        yield from (since_1970(group.last_at), group.id)
    yield len(over)
    for group in over:
        state = "absorbed" if group.state is GroupState.ABSORBED else "closed"
        yield from (group.id, state)
        yield since_1970(group.closed_at or group.last_at)


def _members(keys: AlertKeys, changes: Changes) -> Iterator[Argument]:
    """The members of groups that stay open: those of a closed one go with it."""
    over = {group.id for group in changes.groups if group.state is not GroupState.OPEN}
    changed = {group_id: members for group_id, members in changes.members.items() if group_id not in over}
    yield len(changed)
    for group_id, members in changed.items():
        yield from (keys.members(group_id), 2 * len(members))
        for member in members:
            yield from (member.user_id, member_text(member))


def _deliveries(position: str, changes: Changes) -> Iterator[Argument]:
    yield len(changes.deliver)
    for group_id in changes.deliver:
        yield from (f"{group_id}:{position}", json.dumps({"group_id": group_id}))


def _notes(changes: Changes) -> Iterator[Argument]:
    kept = {name: text for name, text in changes.notes.items() if text}
    yield 2 * len(kept)
    for note in kept.items():
        yield from note
    yield len(changes.notes) - len(kept)
    yield from (name for name in changes.notes if name not in kept)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Take the words of a hash two by two."""
    words = text.split("\t") if text else []
    return zip(words[::2], words[1::2], strict=True)


def _digest(args: Iterable[Argument]) -> str:
    """Return what tells these changes from others."""
    digest = blake2b(digest_size=16)
    for part in args:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _after(position: str) -> str:
    """The first position behind this one."""
    moment, _, number = position.partition("-")
    return f"{moment}-{int(number or 0) + 1}"
