"""What every implementation of the port Requests must do. Subclass and provide the fixtures.

    class TestMyRequests(RequestsContract):
        @pytest.fixture
        def requests(self) -> Requests: ...       # a fresh, empty one
        @pytest.fixture
        def now(self) -> Clock: ...               # the clock it goes by
        @pytest.fixture
        def pass_time(self) -> Pause: ...         # let so many seconds go by on that clock

The class in test_requests.py runs it against a real store.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.approval import (
    CardRef,
    ChangeKind,
    ChangeRequest,
    Decision,
    Failure,
    Person,
    State,
    Target,
    Vote,
    Wish,
)
from bot.domain.diagnosis import Coverage, Grade
from bot.domain.people import ObjectId, PerUserMfaState
from bot.errors import Conflict, Denial, NotAllowed
from bot.ports import Clock, Pause, Requests

LEASE = timedelta(seconds=30)


def guid(number: int) -> ObjectId:
    """An object id that is easy to read in a failure."""
    return ObjectId(f"00000000-0000-4000-8000-{number:012d}")


def a_person(number: int, name: str) -> Person:
    """An invented member of the workspace."""
    return Person(guid(number), f"U{number:03d}", "T001", name)


ASKER = a_person(1, "Hanna Helpdesk")
GRACE = a_person(2, "Grace Approver")
LINUS = a_person(3, "Linus Approver")
TARGET = Target(guid(9), "ada@contoso.com", "Ada Łukasik")
TARGET_PERSON = a_person(9, "Ada Łukasik")


def a_wish(
    now: datetime, number: int = 1, *, lifetime: float = 60.0, quorum: int = 1, target: int = 9
) -> Wish:
    """A harmless request to disable Ada's per-user MFA."""
    return Wish(
        id=f"req-{number}",
        tenant="contoso",
        kind=ChangeKind.DISABLE,
        target=replace(TARGET, object_id=guid(target)),
        requester=ASKER,
        before=PerUserMfaState.ENFORCED,
        wanted=PerUserMfaState.DISABLED,
        reason="Mac cannot register",
        ticket="INC-1",
        verdict="PER_USER_MFA",
        rule="D08",
        confidence=0.97,
        summary="Per-user MFA is enforced.",
        evidence_read_at=now,
        coverage=Coverage(Grade.FULL, ("Require MFA",)),
        quorum=quorum,
        quorum_because=("sensitive",) if quorum > 1 else (),
        created_at=now + timedelta(milliseconds=number),
        expires_at=now + timedelta(seconds=lifetime),
        identity_check="call back",
    )


def a_vote(person: Person, decision: Decision = Decision.APPROVE, reason: str = "") -> Vote:
    """What an approver says."""
    return Vote(person, decision, datetime(2026, 11, 23, 9, 30, tzinfo=UTC), reason)


async def executing(requests: Requests, wish: Wish, lease: timedelta = LEASE) -> ChangeRequest:
    """Open, approve and claim."""
    await requests.open(wish, f"open-{wish.id}")
    await requests.vote(wish.id, a_vote(GRACE), f"vote-{wish.id}")
    return await requests.claim(wish.id, "worker-a", lease)


class RequestsContract:
    async def test_opened_request_is_pending_and_says_what_was_wished(
        self, requests: Requests, now: Clock
    ) -> None:
        wish = a_wish(now())

        opened = await requests.open(wish, "op-1")

        assert opened == await requests.get(wish.id)
        assert opened.wish == wish
        assert (opened.state, opened.version, opened.intact) == (State.PENDING, 1, True)

    async def test_repeated_open_returns_the_first_request(self, requests: Requests, now: Clock) -> None:
        first = await requests.open(a_wish(now(), 1), "op-1")

        again = await requests.open(a_wish(now(), 2), "op-1")

        assert again == first
        assert len(await requests.open_requests()) == 1

    async def test_what_a_form_opened_is_found_by_it_however_it_went_on(
        self, requests: Requests, now: Clock
    ) -> None:
        assert await requests.opened_by("op-1") is None
        await requests.open(a_wish(now()), "op-1")
        cancelled = await requests.cancel("req-1", ASKER, "op-2")

        assert await requests.opened_by("op-1") == cancelled
        assert await requests.refuse_opening(NotAllowed(Denial.FROZEN), "op-1") == cancelled
        assert await requests.opened_by("op-3") is None

    async def test_a_form_that_was_refused_never_opens_a_request(
        self, requests: Requests, now: Clock
    ) -> None:
        held = NotAllowed(Denial.FROZEN, "too many\nat once")
        with pytest.raises(NotAllowed):
            await requests.refuse_opening(held, "op-1")

        for again in (
            requests.open(a_wish(now()), "op-1"),
            requests.opened_by("op-1"),
            requests.refuse_opening(NotAllowed(Denial.NOT_HELPDESK), "op-1"),
        ):
            with pytest.raises(NotAllowed) as second:
                await again
            assert (second.value.denial, second.value.detail) == (held.denial, held.detail)
        assert await requests.open_requests() == ()
        assert (await requests.open(a_wish(now()), "op-2")).state is State.PENDING

    async def test_a_form_and_its_refusal_at_once_have_one_answer(
        self, requests: Requests, now: Clock
    ) -> None:
        for number in range(10):
            results = await asyncio.gather(
                requests.open(a_wish(now(), number, target=100 + number), f"op-{number}"),
                requests.refuse_opening(NotAllowed(Denial.FROZEN), f"op-{number}"),
                return_exceptions=True,
            )

            opened = await requests.history(guid(100 + number))
            assert [isinstance(result, ChangeRequest) for result in results] == [bool(opened)] * 2

    async def test_second_request_for_a_target_conflicts_and_names_the_open_one(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now(), 1), "op-1")

        with pytest.raises(Conflict) as refused:
            await requests.open(a_wish(now(), 2), "op-2")

        assert (refused.value.request_id, refused.value.state) == ("req-1", State.PENDING)

    async def test_target_can_be_asked_for_again_once_the_request_is_over(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now(), 1), "op-1")
        await requests.cancel("req-1", ASKER, "op-2")

        await requests.open(a_wish(now(), 2), "op-3")

        assert [request.id for request in await requests.history(guid(9))] == ["req-2", "req-1"]

    async def test_approvals_given_beforehand_make_a_request_approved_at_once(
        self, requests: Requests, now: Clock
    ) -> None:
        wish = a_wish(now(), quorum=2)

        opened = await requests.open(wish, "op-1", (a_vote(GRACE), a_vote(LINUS, reason="with req-0")))

        assert (opened.state, opened.intact) == (State.APPROVED, True)
        assert [vote.person for vote in opened.approvals] == [GRACE, LINUS]
        assert opened.votes[1].reason == "with req-0"
        assert (await requests.claim(wish.id, "worker-a", LEASE)).state is State.EXECUTING

    async def test_repeated_open_with_votes_counts_them_once(self, requests: Requests, now: Clock) -> None:
        first = await requests.open(a_wish(now(), 1), "op-1", (a_vote(GRACE),))

        assert await requests.open(a_wish(now(), 2), "op-1", (a_vote(GRACE),)) == first

    async def test_votes_beforehand_count_by_the_same_rules(self, requests: Requests, now: Clock) -> None:
        """Neither the requester's nor the target's, and nobody's twice."""
        votes = (a_vote(ASKER), a_vote(TARGET_PERSON), a_vote(GRACE), a_vote(GRACE))

        opened = await requests.open(a_wish(now(), quorum=2), "op-1", votes)

        assert (opened.state, [vote.person for vote in opened.votes]) == (State.PENDING, [GRACE])
        voted = await requests.vote(opened.id, a_vote(LINUS), "op-2")
        assert (voted.state, voted.intact) == (State.APPROVED, True)

    async def test_unknown_request_is_refused(self, requests: Requests) -> None:
        with pytest.raises(NotAllowed) as refused:
            await requests.get("nothing")

        assert refused.value.denial is Denial.UNKNOWN_REQUEST

    async def test_one_approval_reaches_a_quorum_of_one(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now()), "op-1")

        approved = await requests.vote("req-1", a_vote(GRACE, reason="checked"), "op-2")

        assert (approved.state, approved.version) == (State.APPROVED, 2)
        assert approved.decided_at is not None
        assert [(vote.person, vote.reason) for vote in approved.approvals] == [(GRACE, "checked")]

    async def test_quorum_of_two_needs_two_persons(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now(), quorum=2), "op-1")

        first = await requests.vote("req-1", a_vote(GRACE), "op-2")
        second = await requests.vote("req-1", a_vote(LINUS), "op-3")

        assert (first.state, second.state) == (State.PENDING, State.APPROVED)
        assert [vote.person for vote in second.approvals] == [GRACE, LINUS]

    async def test_second_vote_of_a_person_is_refused_even_from_another_account(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now(), quorum=2), "op-1")
        await requests.vote("req-1", a_vote(GRACE), "op-2")
        other_account = replace(GRACE, slack_id="U777", name="grace2")

        with pytest.raises(NotAllowed) as refused:
            await requests.vote("req-1", a_vote(other_account), "op-3")

        assert refused.value.denial is Denial.ALREADY_VOTED
        assert (await requests.get("req-1")).state is State.PENDING

    async def test_two_accounts_of_one_person_have_one_vote_even_in_the_same_instant(
        self, requests: Requests, now: Clock
    ) -> None:
        """An employee number, however it is written, is what the accounts have in common."""
        await requests.open(a_wish(now(), quorum=2), "op-1")
        twins = (replace(GRACE, employee_id="E-17"), replace(LINUS, employee_id=" e-17"))

        results = await asyncio.gather(
            *(requests.vote("req-1", a_vote(twin), f"click-{twin.name}") for twin in twins),
            return_exceptions=True,
        )

        refused = [result for result in results if isinstance(result, NotAllowed)]
        assert [refusal.denial for refusal in refused] == [Denial.ALREADY_VOTED]
        request = await requests.get("req-1")
        assert (request.state, len(request.votes), request.intact) == (State.PENDING, 1, True)

    async def test_people_without_an_employee_number_are_different_people(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now(), quorum=2), "op-1")

        await requests.vote("req-1", replace(a_vote(GRACE), person=replace(GRACE, employee_id=" ")), "op-2")
        voted = await requests.vote("req-1", a_vote(LINUS), "op-3")

        assert voted.state is State.APPROVED

    async def test_a_click_that_was_refused_stays_refused(self, requests: Requests, now: Clock) -> None:
        """Whatever the process that carries it out a second time thinks of it."""
        await requests.open(a_wish(now()), "op-1")
        held = NotAllowed(Denial.FROZEN, "too many\nat once")
        with pytest.raises(NotAllowed) as first:
            await requests.refuse("req-1", held, "click")

        for again in (
            requests.vote("req-1", a_vote(GRACE), "click"),
            requests.refuse("req-1", NotAllowed(Denial.NOT_APPROVER), "click"),
            requests.cancel("req-1", ASKER, "click"),
        ):
            with pytest.raises(NotAllowed) as second:
                await again
            assert (second.value.denial, second.value.detail) == (held.denial, held.detail)
        assert (first.value.denial, first.value.detail) == (held.denial, held.detail)
        assert (await requests.get("req-1")).votes == ()
        assert (await requests.vote("req-1", a_vote(GRACE), "another click")).state is State.APPROVED

    async def test_a_click_that_counted_is_not_refused_afterwards(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now(), quorum=2), "op-1")
        voted = await requests.vote("req-1", a_vote(GRACE), "click")

        assert await requests.refuse("req-1", NotAllowed(Denial.FROZEN), "click") == voted

    async def test_a_vote_and_its_refusal_at_once_have_one_answer(
        self, requests: Requests, now: Clock
    ) -> None:
        for number in range(10):
            wish = a_wish(now(), number, target=100 + number)
            await requests.open(wish, f"open-{number}")

            results = await asyncio.gather(
                requests.vote(wish.id, a_vote(GRACE), f"click-{number}"),
                requests.refuse(wish.id, NotAllowed(Denial.FROZEN), f"click-{number}"),
                return_exceptions=True,
            )

            counted = len((await requests.get(wish.id)).votes)
            assert [isinstance(result, ChangeRequest) for result in results] == [bool(counted)] * 2

    async def test_a_click_on_nothing_is_refused_as_it_was_judged(self, requests: Requests) -> None:
        with pytest.raises(NotAllowed) as refused:
            await requests.refuse("nothing", NotAllowed(Denial.GUEST), "click")

        assert refused.value.denial is Denial.GUEST

    async def test_a_refused_click_leaves_a_request_as_it_is(self, requests: Requests, now: Clock) -> None:
        opened = await requests.open(a_wish(now()), "op-1")
        with pytest.raises(NotAllowed):
            await requests.refuse("req-1", NotAllowed(Denial.GUEST), "click")
        assert await requests.get("req-1") == opened

        approved = await requests.vote("req-1", a_vote(GRACE), "op-2")
        with pytest.raises(NotAllowed):
            await requests.refuse("req-1", NotAllowed(Denial.GUEST), "late click")
        assert await requests.get("req-1") == approved

    @pytest.mark.parametrize(
        ("person", "denial"), [(ASKER, Denial.IS_REQUESTER), (TARGET_PERSON, Denial.IS_TARGET)]
    )
    async def test_requester_and_target_have_no_vote(
        self, requests: Requests, now: Clock, person: Person, denial: Denial
    ) -> None:
        await requests.open(a_wish(now()), "op-1")

        with pytest.raises(NotAllowed) as refused:
            await requests.vote("req-1", a_vote(person), "op-2")

        assert refused.value.denial is denial
        assert (await requests.get("req-1")).votes == ()

    async def test_repeated_vote_is_counted_once_and_told_the_truth(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now()), "op-1")

        first = await requests.vote("req-1", a_vote(GRACE), "op-2")
        again = await requests.vote("req-1", a_vote(GRACE), "op-2")

        assert again == first

    async def test_one_denial_ends_a_request(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now(), quorum=2), "op-1")
        await requests.vote("req-1", a_vote(GRACE), "op-2")

        denied = await requests.vote("req-1", a_vote(LINUS, Decision.DENY, "call first"), "op-3")

        assert denied.state is State.DENIED
        assert denied.finished_at is not None
        assert await requests.open_requests() == ()

    async def test_too_late_vote_conflicts_with_the_state_it_met(
        self, requests: Requests, now: Clock
    ) -> None:
        await requests.open(a_wish(now()), "op-1")
        await requests.vote("req-1", a_vote(GRACE), "op-2")

        with pytest.raises(Conflict) as refused:
            await requests.vote("req-1", a_vote(LINUS, Decision.DENY), "op-3")

        assert (refused.value.state, refused.value.by) == (State.APPROVED, GRACE.name)

    async def test_approve_and_deny_at_once_have_one_winner(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now()), "op-1")

        results = await asyncio.gather(
            requests.vote("req-1", a_vote(GRACE), "op-2"),
            requests.vote("req-1", a_vote(LINUS, Decision.DENY), "op-3"),
            return_exceptions=True,
        )

        won = [result for result in results if isinstance(result, ChangeRequest)]
        lost = [result for result in results if isinstance(result, Conflict)]
        assert (len(won), len(lost)) == (1, 1)
        assert (await requests.get("req-1")).state == won[0].state == lost[0].state

    async def test_cancelled_request_takes_no_vote(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now()), "op-1")

        cancelled = await requests.cancel("req-1", ASKER, "op-2")

        assert cancelled == await requests.cancel("req-1", ASKER, "op-2")
        assert cancelled.state is State.CANCELLED
        with pytest.raises(Conflict):
            await requests.vote("req-1", a_vote(GRACE), "op-3")

    async def test_vote_after_the_time_is_up_finds_it_expired(
        self, requests: Requests, now: Clock, pass_time: Pause
    ) -> None:
        await requests.open(a_wish(now(), lifetime=0.05), "op-1")
        await pass_time(0.1)

        with pytest.raises(Conflict) as refused:
            await requests.vote("req-1", a_vote(GRACE), "op-2")

        assert refused.value.state is State.EXPIRED
        assert (await requests.get("req-1")).finished_at is not None

    async def test_expire_due_returns_each_request_once(
        self, requests: Requests, now: Clock, pass_time: Pause
    ) -> None:
        await requests.open(a_wish(now(), 1, lifetime=0.05), "op-1")
        await requests.open(a_wish(now(), 2, target=8), "op-2")
        await pass_time(0.1)

        expired = await requests.expire_due()

        assert [(request.id, request.state) for request in expired] == [("req-1", State.EXPIRED)]
        assert await requests.expire_due() == ()

    async def test_expired_request_does_not_stand_in_the_way(
        self, requests: Requests, now: Clock, pass_time: Pause
    ) -> None:
        await requests.open(a_wish(now(), 1, lifetime=0.05), "op-1")
        await pass_time(0.1)

        await requests.open(a_wish(now(), 2), "op-2")

        assert [request.id for request in await requests.open_requests()] == ["req-2"]
        assert [request.state for request in await requests.history(guid(9))] == [
            State.PENDING,
            State.EXPIRED,
        ]

    async def test_pending_request_cannot_be_claimed(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now()), "op-1")

        with pytest.raises(Conflict) as refused:
            await requests.claim("req-1", "worker-a", LEASE)

        assert refused.value.state is State.PENDING

    async def test_claim_gives_a_fence_and_keeps_others_out(self, requests: Requests, now: Clock) -> None:
        claimed = await executing(requests, a_wish(now()))

        assert (claimed.state, claimed.fence) == (State.EXECUTING, 1)
        with pytest.raises(Conflict):
            await requests.claim("req-1", "worker-b", LEASE)

    async def test_worker_takes_over_after_the_lease_and_the_old_fence_is_worthless(
        self, requests: Requests, now: Clock, pass_time: Pause
    ) -> None:
        old = await executing(requests, a_wish(now()), timedelta(milliseconds=50))
        await pass_time(0.1)

        new = await requests.claim("req-1", "worker-b", LEASE)

        assert new.fence == old.fence + 1
        assert not await requests.renew("req-1", old.fence, LEASE)
        with pytest.raises(Conflict):
            await requests.finish("req-1", old.fence, State.VERIFIED, None, "done")
        assert (await requests.get("req-1")).state is State.EXECUTING

    async def test_renewed_lease_keeps_others_out(
        self, requests: Requests, now: Clock, pass_time: Pause
    ) -> None:
        claimed = await executing(requests, a_wish(now()), timedelta(milliseconds=50))

        assert await requests.renew("req-1", claimed.fence, LEASE)

        await pass_time(0.1)
        with pytest.raises(Conflict):
            await requests.claim("req-1", "worker-b", LEASE)

    @pytest.mark.parametrize(
        ("state", "failure"), [(State.VERIFIED, None), (State.FAILED, Failure.UNVERIFIED)]
    )
    async def test_finished_request_says_how_it_ended(
        self, requests: Requests, now: Clock, state: State, failure: Failure | None
    ) -> None:
        claimed = await executing(requests, a_wish(now()))

        ended = await requests.finish("req-1", claimed.fence, state, failure, "That was it.")

        assert ended == await requests.finish("req-1", claimed.fence, state, failure, "That was it.")
        assert (ended.state, ended.failure, ended.outcome) == (state, failure, "That was it.")
        assert ended.finished_at is not None
        assert not await requests.renew("req-1", claimed.fence, LEASE)
        assert await requests.open_requests() == ()

    async def test_finished_request_cannot_end_otherwise_or_be_claimed(
        self, requests: Requests, now: Clock
    ) -> None:
        claimed = await executing(requests, a_wish(now()))
        await requests.finish("req-1", claimed.fence, State.VERIFIED, None, "done")

        with pytest.raises(Conflict):
            await requests.finish("req-1", claimed.fence, State.FAILED, Failure.RETRYABLE, "no")
        with pytest.raises(Conflict):
            await requests.claim("req-1", "worker-b", LEASE)

    async def test_first_card_wins_and_leaves_the_version(self, requests: Requests, now: Clock) -> None:
        opened = await requests.open(a_wish(now()), "op-1")
        card = CardRef("C1", "1.0", now())

        await requests.show_on("req-1", card)
        shown = await requests.show_on("req-1", CardRef("C1", "2.0", now()))

        assert shown.card == card
        assert shown.version == opened.version

    async def test_open_requests_come_oldest_first(self, requests: Requests, now: Clock) -> None:
        for number in (3, 1, 2):
            await requests.open(a_wish(now(), number, target=10 + number), f"op-{number}")
        await requests.vote("req-2", a_vote(GRACE), "vote")

        found = [(request.id, request.state) for request in await requests.open_requests()]

        assert sorted(found) == [
            ("req-1", State.PENDING),
            ("req-2", State.APPROVED),
            ("req-3", State.PENDING),
        ]

    async def test_everybody_finds_what_they_asked_for(self, requests: Requests, now: Clock) -> None:
        await requests.open(a_wish(now(), 1), "op-1")
        await requests.cancel("req-1", ASKER, "op-2")
        await requests.open(a_wish(now(), 2), "op-3")

        mine = await requests.asked_by(ASKER.object_id)

        assert [(one.id, one.state) for one in mine] == [
            ("req-2", State.PENDING),
            ("req-1", State.CANCELLED),
        ]
        assert await requests.asked_by(guid(9)) == ()

    async def test_asked_by_keeps_twenty(self, requests: Requests, now: Clock) -> None:
        for number in range(22):
            await requests.open(a_wish(now(), number, target=100 + number), f"op-{number}")

        mine = await requests.asked_by(ASKER.object_id)

        assert [request.id for request in mine] == [f"req-{number}" for number in range(21, 1, -1)]

    async def test_history_keeps_twenty(self, requests: Requests, now: Clock) -> None:
        for number in range(22):
            await requests.open(a_wish(now(), number), f"op-{number}")
            await requests.cancel(f"req-{number}", ASKER, f"cancel-{number}")

        history = await requests.history(guid(9))

        assert [request.id for request in history] == [f"req-{number}" for number in range(21, 1, -1)]
