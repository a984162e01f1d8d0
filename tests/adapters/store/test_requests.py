"""Change requests in a real store: the contract, signatures, outbox, and lost answers."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from bot.adapters.store.connection import Link, store_link
from bot.adapters.store.requests import RedisRequests
from bot.adapters.store.streams import outbox_for_delivery, outbox_for_execution
from bot.domain.approval import ChangeRequest, Decision, State
from bot.errors import Conflict, StoreUnavailable
from bot.ports import Clock, Requests
from tests.adapters.requests_contract import (
    ASKER,
    GRACE,
    LEASE,
    LINUS,
    RequestsContract,
    a_vote,
    a_wish,
    executing,
    guid,
)
from tests.adapters.store.conftest import new_id

KEY = b"k" * 32
RECORD = "{t:contoso}:req:req-1"


@pytest.fixture
def requests(link: Link) -> RedisRequests:
    return RedisRequests(link.actions, "contoso", KEY, new_id)


class TestRedisRequests(RequestsContract):
    pass


async def test_approve_and_deny_from_two_connections_have_one_winner(
    store_url: str, link: Link, now: Clock
) -> None:
    async with store_link(store_url) as other:
        ours, theirs = (RedisRequests(each.actions, "contoso", KEY, new_id) for each in (link, other))
        for number in range(20):
            wish = a_wish(now(), number, target=100 + number)
            await ours.open(wish, f"open-{number}")
            results = await asyncio.gather(
                ours.vote(wish.id, a_vote(GRACE), f"yes-{number}"),
                theirs.vote(wish.id, a_vote(LINUS, Decision.DENY), f"no-{number}"),
                return_exceptions=True,
            )

            states = {result.state for result in results if isinstance(result, ChangeRequest | Conflict)}
            assert sum(isinstance(result, Conflict) for result in results) == 1
            assert len(states) == 1


async def test_a_request_approved_beforehand_is_told_and_carried_out_like_any_other(
    link: Link, requests: Requests, now: Clock
) -> None:
    await requests.open(a_wish(now()), "op-1", (a_vote(GRACE),))

    told = await outbox_for_delivery(link.background, "contoso").take("a", 16, 0.0)
    carried_out = await outbox_for_execution(link.background, "contoso").take("a", 16, 0.0)

    assert [(job.kind, job.body["version"]) for job in told] == [("opened", "1"), ("approved", "2")]
    assert [job.kind for job in carried_out] == ["approved"]


async def test_votes_beforehand_are_signed_for_their_request_alone(
    link: Link, requests: Requests, now: Clock
) -> None:
    await requests.open(a_wish(now(), 1, target=9), "op-1", (a_vote(GRACE),))
    await requests.open(a_wish(now(), 2, target=8), "op-2")
    stolen = await link.actions.command("HMGET", RECORD, "vote:1", "vote_mac:1")
    other = RECORD.replace("req-1", "req-2")
    await link.actions.command("HSET", other, "vote:1", stolen[0], "vote_mac:1", stolen[1])
    await link.actions.command("HSET", other, "votes", 1, "approvals", 1, "state", "approved")

    assert not (await requests.get("req-2")).intact


async def test_every_move_tells_the_outbox_and_the_audit_stream_once(
    link: Link, requests: Requests, now: Clock
) -> None:
    claimed = await executing(requests, a_wish(now(), quorum=1))
    await requests.finish("req-1", claimed.fence, State.VERIFIED, None, "done")
    await requests.finish("req-1", claimed.fence, State.VERIFIED, None, "done")

    jobs = await outbox_for_delivery(link.background, "contoso").take("a", 16, 0.0)

    assert [(job.kind, job.body["state"], job.body["version"]) for job in jobs] == [
        ("opened", "pending", "1"),
        ("approved", "approved", "2"),
        ("executing", "executing", "3"),
        ("verified", "verified", "4"),
    ]
    assert [job.op_id for job in jobs][:3] == ["open-req-1", "vote-req-1", "worker-a:1"]
    audit = await link.actions.command("XRANGE", "{t:contoso}:audit", "-", "+")
    assert [fields["by"] for _, fields in audit] == [guid(1), guid(2), "worker-a", "worker-a"]


async def test_executor_is_handed_approved_requests_only_and_nothing_is_lost_to_the_other_group(
    link: Link, requests: Requests, now: Clock
) -> None:
    await executing(requests, a_wish(now()))
    deliver, execute = (
        make(link.background, "contoso") for make in (outbox_for_delivery, outbox_for_execution)
    )

    told = await deliver.take("a", 16, 0.0)
    for job in told:
        await deliver.done(job)
    approved = await execute.take("a", 16, 0.0)

    assert [job.kind for job in told] == ["opened", "approved", "executing"]
    assert [job.kind for job in approved] == ["approved"]
    assert await execute.waiting() == 1
    await execute.done(approved[0])
    assert (await execute.waiting(), await deliver.waiting()) == (0, 0)
    assert await link.actions.command("XLEN", "{t:contoso}:outbox") <= 1


async def test_expiry_found_by_any_touch_is_told_once(link: Link, requests: Requests, now: Clock) -> None:
    await requests.open(a_wish(now(), lifetime=0.0), "op-1")

    assert (await requests.get("req-1")).state is State.EXPIRED
    assert await requests.expire_due() == ()
    jobs = await outbox_for_delivery(link.background, "contoso").take("a", 16, 0.0)
    assert [job.kind for job in jobs] == ["opened", "expired"]


async def test_rewritten_wish_is_not_intact(link: Link, requests: Requests, now: Clock) -> None:
    await requests.open(a_wish(now()), "op-1")
    text = await link.actions.command("HGET", RECORD, "wish")
    await link.actions.command("HSET", RECORD, "wish", text.replace(guid(9), guid(7)))

    assert not (await requests.get("req-1")).intact


async def test_wish_signed_for_another_request_is_not_intact(
    link: Link, requests: Requests, now: Clock
) -> None:
    await requests.open(a_wish(now(), 1), "op-1")
    await requests.open(a_wish(now(), 2, target=8), "op-2")
    await link.actions.command("COPY", "{t:contoso}:req:req-2", RECORD, "REPLACE")

    assert not (await requests.get("req-1")).intact


async def test_longer_life_than_signed_is_not_intact(link: Link, requests: Requests, now: Clock) -> None:
    await requests.open(a_wish(now()), "op-1")
    await link.actions.command("HINCRBY", RECORD, "exp", 60_000)

    assert not (await requests.get("req-1")).intact


async def test_state_that_no_signed_vote_explains_is_not_intact(
    link: Link, requests: Requests, now: Clock
) -> None:
    await requests.open(a_wish(now()), "op-1")
    await link.actions.command("HSET", RECORD, "state", "approved")

    claimed = await requests.claim("req-1", "worker-a", LEASE)

    assert not claimed.intact


@pytest.mark.parametrize("mac", ["", "0" * 64, "ł"])
async def test_forged_vote_does_not_count(link: Link, requests: Requests, now: Clock, mac: str) -> None:
    await requests.open(a_wish(now()), "op-1")
    person = {"object_id": guid(2), "slack_id": "U2", "team_id": "T", "name": "G"}
    vote = {"person": person, "decision": "approve", "at": "2026-11-23T09:30:00Z"}
    text = json.dumps({"schema": 1, "request_id": "req-1", "vote": vote})
    await link.actions.command("HSET", RECORD, "state", "approved", "votes", 1, "approvals", 1)
    await link.actions.command("HSET", RECORD, "vote:1", text, "vote_mac:1", mac)

    forged = await requests.get("req-1")

    assert (forged.approvals, forged.intact) == ((), False)


async def test_vote_copied_from_another_request_does_not_count(
    link: Link, requests: Requests, now: Clock
) -> None:
    await requests.open(a_wish(now(), 1), "op-1")
    await requests.open(a_wish(now(), 2, target=8), "op-2")
    await requests.vote("req-2", a_vote(GRACE), "op-3")
    for field in ("state", "votes", "vote:1", "vote_mac:1"):
        value = await link.actions.command("HGET", "{t:contoso}:req:req-2", field)
        await link.actions.command("HSET", RECORD, field, value)

    forged = await requests.get("req-1")

    assert (forged.approvals, forged.intact) == ((), False)


async def test_same_vote_stored_twice_is_no_quorum(link: Link, requests: Requests, now: Clock) -> None:
    await requests.open(a_wish(now(), quorum=2), "op-1")
    await requests.vote("req-1", a_vote(GRACE), "op-2")
    text, mac = await link.actions.command("HMGET", RECORD, "vote:1", "vote_mac:1")
    await link.actions.command("HSET", RECORD, "vote:2", text, "vote_mac:2", mac, "votes", 2)
    await link.actions.command("HSET", RECORD, "state", "approved")

    assert not (await requests.get("req-1")).intact


async def test_other_key_finds_nothing_intact(link: Link, requests: Requests, now: Clock) -> None:
    await requests.open(a_wish(now()), "op-1")

    stranger = RedisRequests(link.actions, "contoso", b"x" * 32, new_id)

    assert not (await stranger.get("req-1")).intact


async def test_field_of_a_newer_version_is_tolerated(link: Link, requests: RedisRequests, now: Clock) -> None:
    await requests.open(a_wish(now()), "op-1")
    body = json.loads(await link.actions.command("HGET", RECORD, "wish"))
    body["schema"], body["wish"]["colour"] = 2, "blue"
    text = json.dumps(body)
    mac = requests._seal._sign("wish", text)
    await link.actions.command("HSET", RECORD, "wish", text, "wish_mac", mac, "flavour", "mint")

    newer = await requests.get("req-1")

    assert newer.intact
    assert newer.wish.target.object_id == guid(9)


async def test_unreadable_record_hides_no_other(link: Link, requests: Requests, now: Clock) -> None:
    await requests.open(a_wish(now(), 1), "op-1")
    await requests.open(a_wish(now(), 2, target=8), "op-2")
    await link.actions.command("HSET", RECORD, "wish", "{")

    assert [request.id for request in await requests.open_requests()] == ["req-2"]
    with pytest.raises(StoreUnavailable):
        await requests.get("req-1")


async def test_scripts_are_loaded_again_after_the_server_forgot_them(
    link: Link, requests: Requests, now: Clock
) -> None:
    await requests.open(a_wish(now()), "op-1")
    await link.actions.command("SCRIPT FLUSH")

    assert (await requests.cancel("req-1", ASKER, "op-2")).state is State.CANCELLED


async def test_claim_repeated_after_a_takeover_is_a_conflict(link: Link, now: Clock) -> None:
    """The worker whose answer was lost for longer than its lease must not believe it holds the request."""
    fixed = RedisRequests(link.actions, "contoso", KEY, lambda: "same")
    first = await executing(fixed, a_wish(now()), timedelta(milliseconds=1))
    assert (await fixed.claim("req-1", "worker-a", LEASE)).fence == first.fence
    other = RedisRequests(link.actions, "contoso", KEY, new_id)
    async with asyncio.timeout(5):
        while True:
            try:
                await other.claim("req-1", "worker-b", LEASE)
                break
            except Conflict:
                await asyncio.sleep(0.001)

    with pytest.raises(Conflict):
        await fixed.claim("req-1", "worker-a", LEASE)
