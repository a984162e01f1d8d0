"""Alerts reach Slack once, are kept up to date, and find a way when Slack does not take them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.domain.alerts import (
    Acknowledgement,
    Affected,
    AlertGroup,
    Fingerprint,
    GroupState,
    Matcher,
    MessageRef,
    PolicyChange,
    Quiet,
    Route,
    Scope,
)
from bot.domain.hours import open_hours
from bot.domain.people import Membership, ObjectId
from bot.errors import Denial, GraphRefused, GraphThrottled, NotAllowed, SlackError, StoreUnavailable
from bot.ports import Job, SwitchState
from bot.usecases import alert_digest, deliver_alerts
from bot.usecases.alert_jobs import Delivery, redraw
from bot.usecases.alert_standing import PAUSED
from bot.usecases.policy_changes import RememberedChanges
from tests.alert_fakes import (
    ALERT_CHANNEL,
    FakeAlertMessages,
    FakePolicyAudits,
    FakeWatchingDesk,
    a_group,
    a_sighting,
    a_silence,
    a_watching_desk,
    some_alerts,
)
from tests.fakes import (
    APPROVAL_CHANNEL,
    NOON,
    TARGET,
    FakeClock,
    a_user,
    an_object_id,
    some_rules,
    virtual_time,
)

DAY = "2026-11-23"
KINDS = {**deliver_alerts.SCHEDULED, **alert_digest.SCHEDULED}
POLICY = "11111111-0000-4000-8000-000000000001"


class Counted:
    """`AlertCounters` in memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.failing: dict[str, str] = {}

    def count(self, what: str, label: str = "") -> None:
        self.counts[f"{what}:{label}"] += 1

    def channel_failed(self, channel: str, code: str) -> None:
        self.failing[channel] = code

    def channel_works(self, channel: str) -> None:
        self.failing.pop(channel, None)


def a_desk(**changes: Any) -> FakeWatchingDesk:
    """A desk whose rules may be changed by name; `alerts` counts."""
    clock = changes.pop("clock", None) or FakeClock()
    alerts = changes.pop("alerts", None) or some_alerts(clock=clock, counters=Counted())
    names = {name for name in changes if name.startswith(("alert_", "shadow", "approval_"))}
    rules = some_rules(**{"alert_channel": ALERT_CHANNEL, **{name: changes.pop(name) for name in names}})
    return a_watching_desk(clock=clock, alerts=alerts, rules=rules, **changes)


def counted(desk: FakeWatchingDesk) -> Counted:
    assert isinstance(desk.alerts.counters, Counted)
    return desk.alerts.counters


def people_groups(number: int, first: int = 100, **changes: Any) -> list[AlertGroup]:
    """So many groups of one person each."""
    users = [a_user(first + n, f"Person N{n}") for n in range(number)]
    return [a_group(a_sighting(user), **changes) for user in users]


def a_wide_group(scope: Scope, absorbs: Sequence[AlertGroup] = (), **changes: Any) -> AlertGroup:
    newest = a_sighting(policy_id=POLICY, policy_name="Require MFA for everyone", verdict="CA_MFA")
    made = a_group(newest, id=f"g-{scope}", count=60, tries=80, absorbs=tuple(one.id for one in absorbs))
    return replace(made, fingerprint=Fingerprint(scope, "CA_MFA", POLICY), **changes)


async def arrive(desk: FakeWatchingDesk, *groups: AlertGroup) -> None:
    """The groups are stored, and their jobs are carried out, as the outbox's worker does."""
    for group in groups:
        desk.alerts.groups.groups[group.id] = group
    for group in groups:
        await deliver_alerts.carry_out(Job("1-0", "alert", "op", {"group_id": group.id}), desk)


async def run_schedule(desk: FakeWatchingDesk, until: timedelta = timedelta(minutes=10)) -> None:
    """Let the time pass: every job is carried out when it is due."""
    end = desk.clock.time + until
    while True:
        due = min((at for at, _ in desk.schedule.jobs.values()), default=None)
        if due is None or due > end:
            break
        desk.clock.time = max(desk.clock.time, due)
        for job in await desk.schedule.take_due(1, timedelta(minutes=2)):
            await KINDS[job.kind](job, desk)
            await desk.schedule.done(job)
    desk.clock.time = max(desk.clock.time, end)


def changed(desk: FakeWatchingDesk, group_id: str, **changes: Any) -> AlertGroup:
    group = desk.alerts.groups.groups[group_id]
    return replace(group, version=group.version + 1, **changes)


def resolved(group: AlertGroup, at: datetime) -> AlertGroup:
    people = tuple(replace(one, registered_at=at) for one in group.people)
    return replace(
        group,
        state=GroupState.RESOLVED,
        registered=group.count,
        people=people,
        closed_at=at,
        version=group.version + 1,
    )


def posts(desk: FakeWatchingDesk) -> list[tuple[str, str]]:
    """Channel and group of every card that was posted."""
    return [(channel, view.group.id) for channel, view in desk.alerts.board.posts]


# --- once, and kept up to date -----------------------------------------------------------------------------


async def test_a_new_group_is_posted_a_second_after_it_opened() -> None:
    desk, group = a_desk(), a_group()
    await arrive(desk, group)
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]
    assert desk.clock() == group.opened_at + timedelta(seconds=1)
    message = desk.alerts.messages.refs[group.id]
    assert (message.channel, message.shown_version, message.told_count) == (ALERT_CHANNEL, 1, 1)
    assert desk.alerts.messages.claims == {}
    assert desk.alerts.ledger.counters[DAY]["posted"] == 1
    assert counted(desk).counts["posted:person"] == 1


async def test_the_card_offers_the_change_where_per_user_mfa_is_the_cause() -> None:
    desk = a_desk()
    other = a_group(a_sighting(a_user(9, "Ada Lind"), verdict="DEVICE_LIMIT"))
    await arrive(desk, a_group(), other)
    assert [view.can_request_disable for _, view in desk.alerts.board.posts] == [True, False]


async def test_a_job_that_comes_twice_posts_once() -> None:
    desk, group = a_desk(), a_group()
    await arrive(desk, group)
    await arrive(desk, group)
    await asyncio.gather(*(arrive(desk, one) for one in [a_group(id="g-2")] * 3))
    await run_schedule(desk)
    assert sorted(posts(desk)) == [(ALERT_CHANNEL, group.id), (ALERT_CHANNEL, "g-2")]


async def test_a_restart_between_claim_and_post_only_delays() -> None:
    desk, group = a_desk(), a_group()
    await desk.alerts.messages.begin(group.id, "a replica that died", timedelta(minutes=2))
    await arrive(desk, group)
    assert posts(desk) == []
    await run_schedule(desk)
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]


async def test_a_store_that_is_away_right_after_the_post_does_not_repeat_it() -> None:
    desk, group = a_desk(), a_group()
    desk.alerts.messages.troubles["shown"] = [StoreUnavailable(), StoreUnavailable()]
    await arrive(desk, group)
    await arrive(desk, group)
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]


async def test_a_store_that_is_away_before_lets_the_job_come_again() -> None:
    desk, group = a_desk(), a_group()
    desk.alerts.messages.troubles["begin"] = [StoreUnavailable()]
    with pytest.raises(StoreUnavailable):
        await arrive(desk, group)
    await arrive(desk, group)
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]


async def test_edits_come_at_most_every_thirty_seconds_and_the_last_state_is_shown() -> None:
    desk, group = a_desk(), a_group()
    seen = stamped(desk, "edit")
    await arrive(desk, group)
    for tries in range(2, 40):
        await arrive(desk, changed(desk, group.id, tries=tries))
        await run_schedule(desk, timedelta(seconds=3))
    await run_schedule(desk)
    assert desk.alerts.board.edits[-1][2].group.tries == 39
    assert len(posts(desk)) == 1
    assert all((later - earlier).total_seconds() >= 30 for (earlier, _), (later, _) in pairwise(seen))
    assert 4 <= len(desk.alerts.board.edits) <= 7
    assert desk.alerts.board.details == []  # tries are not news


async def test_a_resolved_person_turns_the_card_and_is_said_in_the_thread_once() -> None:
    desk, group = a_desk(), a_group()
    await arrive(desk, group)
    fixed = resolved(group, NOON + timedelta(seconds=30))
    await arrive(desk, fixed)
    await arrive(desk, fixed)
    await run_schedule(desk)
    assert [view.group.state for _, _, view in desk.alerts.board.edits] == [GroupState.RESOLVED]


async def test_registrations_in_a_wide_group_are_said_in_its_thread() -> None:
    desk = a_desk()
    group = a_wide_group(Scope.PLACE, count=6)
    await arrive(desk, group)
    first = Affected("u", "u@contoso.com", "Una", 1, NOON, NOON)
    await arrive(desk, changed(desk, group.id, registered=1, people=(first,)))
    await run_schedule(desk)
    ((_, ts, view),) = desk.alerts.board.details
    assert ts == desk.alerts.messages.refs[group.id].ts
    assert (view.group.registered, view.shown and view.shown.told_registered) == (1, 0)
    assert desk.alerts.messages.refs[group.id].told_registered == 1


async def test_a_thread_that_cannot_be_written_to_does_not_hold_up_the_card() -> None:
    desk = a_desk()
    await arrive(desk, group := a_wide_group(Scope.PLACE, count=6, newest=a_sighting(verdict="DEVICE_LIMIT")))
    desk.alerts.board.troubles["detail"] = SlackError("chat.postMessage", "thread_not_found")
    await arrive(desk, changed(desk, group.id, count=40))
    await run_schedule(desk)
    assert len(desk.alerts.board.edits) == 1
    assert desk.alerts.messages.refs[group.id].told_count == 40


async def test_an_acknowledgement_shows_on_the_card() -> None:
    desk, group = a_desk(), a_group()
    await arrive(desk, group)
    desk.clock.advance(60)
    by = Acknowledgement("U0HANNA", desk.clock())
    desk.alerts.messages.acknowledgements[group.id] = by
    await redraw(group.id, desk)
    await run_schedule(desk)
    assert [view.acknowledged for _, _, view in desk.alerts.board.edits] == [by]


async def test_what_is_no_longer_kept_is_counted_and_forgotten() -> None:
    desk = a_desk()
    await deliver_alerts.carry_out(Job("1-0", "alert", "op", {"group_id": "g-old"}), desk)
    assert counted(desk).counts["dropped:forgotten"] == 1


async def test_a_late_failure_is_posted_and_counted_as_late() -> None:
    desk = a_desk()
    await arrive(desk, a_group(is_late=True))
    assert desk.alerts.ledger.counters[DAY]["posted_late"] == 1


# --- quiet, and why -----------------------------------------------------------------------------------------


async def test_a_silenced_group_is_posted_when_the_silence_ends() -> None:
    desk, group = a_desk(), a_group()
    await desk.alerts.silences.add(a_silence())
    await arrive(desk, group)
    await arrive(desk, changed(desk, group.id, tries=2))
    assert (posts(desk), desk.alerts.ledger.why(group.id)) == ([], [Quiet.SILENCED])
    assert desk.alerts.ledger.quieted[0].detail == TARGET.display_name
    await run_schedule(desk, timedelta(hours=2))
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]


async def test_a_group_that_ended_in_silence_is_not_posted_after_it() -> None:
    desk, group = a_desk(), a_group()
    await desk.alerts.silences.add(a_silence())
    await arrive(desk, group)
    await arrive(desk, changed(desk, group.id, state=GroupState.ENDED, closed_at=desk.clock()))
    await run_schedule(desk, timedelta(hours=2))
    assert posts(desk) == []


async def test_paused_alerts_are_noted_and_not_posted() -> None:
    desk, group = a_desk(), a_group()
    await desk.switches.throw(PAUSED, SwitchState(True, "U0PAUL", "maintenance", NOON))
    await arrive(desk, group)
    assert (posts(desk), desk.alerts.ledger.why(group.id)) == ([], [Quiet.PAUSED])
    await desk.switches.throw(PAUSED, SwitchState(False, "U0PAUL", "over", NOON))
    await redraw(group.id, desk)
    await run_schedule(desk)
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]


async def test_somebody_who_registered_before_the_message_went_out_is_no_news() -> None:
    desk = a_desk()
    await arrive(desk, group := resolved(a_group(), NOON))
    assert (posts(desk), desk.alerts.ledger.why(group.id)) == ([], [Quiet.CURED])


async def test_without_a_channel_nothing_is_posted() -> None:
    desk = a_desk(alert_channel="")
    await arrive(desk, a_group())
    assert (posts(desk), desk.alerts.ledger.why(a_group().id)) == ([], [Quiet.UNROUTED])


async def test_shadow_mode_counts_each_group_once_and_says_nothing() -> None:
    desk, group = a_desk(shadow=True), a_group()
    await arrive(desk, group)
    await arrive(desk, changed(desk, group.id, tries=7))
    await run_schedule(desk)
    assert desk.alerts.board.log == []
    assert desk.alerts.ledger.why(group.id) == [Quiet.SHADOW]
    assert desk.alerts.ledger.counters[DAY]["shadowed"] == 1
    assert desk.alerts.ledger.quieted[0].detail == ALERT_CHANNEL


async def test_a_quiet_night_comes_as_one_digest_in_the_morning() -> None:
    evening = NOON + timedelta(hours=9)
    desk = a_desk(clock=FakeClock(evening), alert_hours=open_hours("Mon-Fri 07:00-19:00 UTC"))
    night = people_groups(6, opened_at=evening)
    await arrive(desk, *night, outage := a_wide_group(Scope.TENANT, opened_at=evening))
    assert posts(desk) == [(ALERT_CHANNEL, outage.id)]
    await arrive(desk, resolved(night[0], evening))
    for over in night[1:3]:
        await arrive(desk, changed(desk, over.id, state=GroupState.ENDED, closed_at=evening))
    await run_schedule(desk, timedelta(hours=11))
    assert len(posts(desk)) == 1
    ((channel, views),) = desk.alerts.board.digests
    assert channel == ALERT_CHANNEL
    assert {view.group.id for view in views} == {group.id for group in night[1:]}
    assert desk.alerts.ledger.why(night[0].id) == [Quiet.QUIET_HOURS, Quiet.CURED]
    assert desk.alerts.ledger.why(night[1].id) == [Quiet.QUIET_HOURS, Quiet.DIGEST]
    assert all(desk.alerts.messages.refs[group.id].is_digest for group in night[1:])


async def test_one_alert_of_a_quiet_night_gets_its_card() -> None:
    evening = NOON + timedelta(hours=9)
    desk = a_desk(clock=FakeClock(evening), alert_hours=open_hours("Mon-Fri 07:00-19:00 UTC"))
    await arrive(desk, group := a_group(opened_at=evening))
    await run_schedule(desk, timedelta(hours=11))
    assert (posts(desk), desk.alerts.board.digests) == ([(ALERT_CHANNEL, group.id)], [])


async def test_a_person_of_a_digest_who_registers_is_said_in_its_thread() -> None:
    desk, group = a_desk(), a_group()
    listed = MessageRef(ALERT_CHANNEL, "1795.1", NOON, NOON, 1, is_digest=True)
    await desk.alerts.messages.shown(group.id, "w", listed)
    await arrive(desk, group)
    await arrive(desk, resolved(group, NOON))
    await arrive(desk, desk.alerts.groups.groups[group.id])
    assert desk.alerts.board.log == [("detail", ALERT_CHANNEL, "1795.1")]


# --- where to -----------------------------------------------------------------------------------------------


async def test_routes_lead_to_channels_and_groups_are_read_only_where_one_asks() -> None:
    routes = (Route(Matcher(member_of="finance"), "C0FINANCE"), Route(Matcher(country="FR"), "C0FRANCE"))
    desk = a_desk(alert_routes=routes)
    desk.directory.membership_of[TARGET.id] = Membership(frozenset({"finance"}))
    french = a_group(a_sighting(a_user(9, "Ada Lind"), country="FR"))
    await arrive(desk, a_group(), french)
    assert {channel for channel, _ in posts(desk)} == {"C0FINANCE", "C0FRANCE"}
    plain = a_desk(alert_routes=routes[1:])
    await arrive(plain, a_group())
    assert plain.directory.calls == []


@virtual_time
async def test_an_alert_does_not_wait_for_a_slow_directory() -> None:
    desk = a_desk(alert_routes=(Route(Matcher(member_of="finance"), "C0FINANCE"),))
    desk.directory.delays["membership"] = 30
    began = asyncio.get_running_loop().time()
    await arrive(desk, a_group())
    assert [channel for channel, _ in posts(desk)] == [ALERT_CHANNEL]
    assert asyncio.get_running_loop().time() - began < 2.5


# --- promotion ----------------------------------------------------------------------------------------------


async def test_a_wider_group_takes_over_a_card_and_the_others_say_what_they_are_part_of() -> None:
    desk = a_desk()
    finer = people_groups(3)
    await arrive(desk, *finer)
    wide = a_wide_group(Scope.POLICY, finer, opened_at=desk.clock())
    absorbed = [
        replace(one, state=GroupState.ABSORBED, absorbed_by=wide.id, closed_at=desk.clock(), version=2)
        for one in finer
    ]
    await arrive(desk, *absorbed, wide)
    await run_schedule(desk)
    assert len(posts(desk)) == 3  # the outage has no message of its own
    refs = desk.alerts.messages.refs
    assert refs[wide.id].ts == refs[finer[0].id].ts
    shown = {ts: view.group.id for _, ts, view in desk.alerts.board.edits}
    assert shown == {
        refs[finer[0].id].ts: wide.id,
        refs[finer[1].id].ts: finer[1].id,
        refs[finer[2].id].ts: finer[2].id,
    }
    assert [view.group.id for _, _, view in desk.alerts.board.details] == [wide.id]


async def test_a_group_absorbed_before_its_post_is_never_posted() -> None:
    desk = a_desk()
    finer = [replace(one, state=GroupState.ABSORBED, absorbed_by="g-policy") for one in people_groups(2)]
    wide = a_wide_group(Scope.POLICY, finer)
    await arrive(desk, *finer, wide)
    assert posts(desk) == [(ALERT_CHANNEL, wide.id)]
    assert desk.alerts.ledger.why(finer[0].id) == []  # grouping has noted why


async def test_a_card_that_somebody_deleted_is_not_taken_over() -> None:
    desk = a_desk()
    await arrive(desk, finer := a_group())
    desk.alerts.board.troubles["edit"] = [SlackError("chat.update", "message_not_found")]
    wide = a_wide_group(Scope.POLICY, [finer], opened_at=desk.clock())
    await arrive(desk, wide)
    assert posts(desk) == [(ALERT_CHANNEL, finer.id), (ALERT_CHANNEL, wide.id)]


# --- who changed the policy ---------------------------------------------------------------------------------


def with_audits(audits: FakePolicyAudits, clock: FakeClock) -> Any:
    return some_alerts(clock=clock, policy_audits=RememberedChanges(audits, clock), counters=Counted())


CHANGE = PolicyChange(POLICY, "Require MFA for everyone", NOON - timedelta(minutes=9), "Paul Aster")


async def test_an_outage_is_posted_first_and_then_says_who_changed_the_policy() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(changes={POLICY: CHANGE})
    desk = a_desk(clock=clock, alerts=with_audits(audits, clock))
    await arrive(desk, group := a_wide_group(Scope.POLICY))
    assert [entry[0] for entry in desk.alerts.board.log] == ["post", "edit"]
    assert desk.alerts.board.posts[0][1].policy_change is None
    assert desk.alerts.board.edits[0][2].policy_change == CHANGE
    await arrive(desk, changed(desk, group.id, count=500))
    await run_schedule(desk)
    assert desk.alerts.board.edits[-1][2].policy_change == CHANGE
    assert audits.calls == ["last_change"]  # scarce: asked once


async def test_a_place_that_one_policy_stops_says_so_too_and_one_person_does_not() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(changes={POLICY: CHANGE})
    desk = a_desk(clock=clock, alerts=with_audits(audits, clock))
    place = replace(
        a_wide_group(Scope.PLACE), fingerprint=Fingerprint(Scope.PLACE, "CA_MFA", "203.0.113.0/24")
    )
    await arrive(desk, a_group(place.newest), place)
    assert desk.alerts.board.edits == []  # a wider alert may still take it over
    await run_schedule(desk)
    ((_, _, view),) = desk.alerts.board.edits
    assert (view.group.id, view.policy_change) == (place.id, CHANGE)
    assert audits.calls == ["last_change"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(GraphThrottled("audits"), "not_readable"), (GraphRefused("audits"), "refused")],
)
async def test_what_keeps_the_change_from_being_known_is_said_on_the_card(trouble: Any, said: str) -> None:
    clock, audits = FakeClock(), FakePolicyAudits(troubles={"last_change": trouble})
    desk = a_desk(clock=clock, alerts=with_audits(audits, clock))
    await arrive(desk, a_wide_group(Scope.POLICY))
    assert desk.alerts.board.edits[0][2].policy_change_unknown == said


@virtual_time
async def test_a_slow_audit_log_never_delays_the_post() -> None:
    clock, audits = FakeClock(), FakePolicyAudits(delays={"last_change": 100})
    desk = a_desk(clock=clock, alerts=with_audits(audits, clock))
    task = asyncio.ensure_future(arrive(desk, a_wide_group(Scope.POLICY)))
    await asyncio.sleep(0.5)
    assert len(desk.alerts.board.posts) == 1
    await task
    assert desk.alerts.board.edits[0][2].policy_change_unknown == "too_slow"


# --- pace and storm -----------------------------------------------------------------------------------------


def stamped(desk: FakeWatchingDesk, *whats: str) -> list[tuple[datetime, str]]:
    """Note when the board is asked for a new message, or for `whats`."""
    seen: list[tuple[datetime, str]] = []
    say = desk.alerts.board._said

    async def noted(what: str, channel: str, ts: str = "") -> str:
        if what in (whats or ("post", "digest", "detail")):
            seen.append((desk.clock(), what))
        return await say(what, channel, ts)

    desk.alerts.board._said = noted  # type: ignore[method-assign]
    return seen


async def test_many_at_once_are_a_second_apart() -> None:
    desk = a_desk()
    seen = stamped(desk)
    await arrive(desk, *(groups := people_groups(12)))
    await run_schedule(desk)
    assert sorted(posts(desk)) == sorted((ALERT_CHANNEL, group.id) for group in groups)
    assert all((later - earlier).total_seconds() >= 0.999 for (earlier, _), (later, _) in pairwise(seen))
    assert max(desk.clock.pauses) <= 1.5


async def test_a_storm_becomes_cards_and_one_digest_and_nobody_is_missed_or_repeated() -> None:
    desk = a_desk()
    seen = stamped(desk)
    groups = people_groups(150)
    await arrive(desk, *groups)
    await run_schedule(desk)
    cards = [group_id for _, group_id in posts(desk)]
    listed = [view.group.id for _, views in desk.alerts.board.digests for view in views]
    assert len(cards) == deliver_alerts.MOST_CARDS
    assert len(desk.alerts.board.digests) == 1
    assert sorted(cards + listed) == sorted(group.id for group in groups)
    assert all((later - earlier).total_seconds() >= 0.999 for (earlier, _), (later, _) in pairwise(seen))
    assert desk.alerts.ledger.counters[DAY]["in_digest"] == 130
    assert desk.alerts.messages.claims == {}


async def test_a_storm_never_holds_up_an_outage() -> None:
    desk = a_desk()
    await arrive(desk, *people_groups(100))
    before = desk.clock()
    await arrive(desk, outage := a_wide_group(Scope.TENANT))
    await run_schedule(desk, timedelta(seconds=30))
    assert (ALERT_CHANNEL, outage.id) in posts(desk)
    assert (desk.clock() - before).total_seconds() <= 40


async def test_more_than_a_digest_holds_comes_in_several() -> None:
    desk = a_desk()
    groups = people_groups(deliver_alerts.MOST_CARDS + alert_digest.MOST_LISTED + 50)
    await arrive(desk, *groups)
    await run_schedule(desk)
    listed = [len(views) for _, views in desk.alerts.board.digests]
    assert listed[0] == alert_digest.MOST_LISTED
    assert len(posts(desk)) + sum(listed) == len(groups)  # meanwhile some got cards of their own
    assert len(set(desk.alerts.messages.refs)) == len(groups)


# --- when Slack does not take it ----------------------------------------------------------------------------


async def test_a_limit_holds_everybody_off_and_the_alert_comes_after_it() -> None:
    desk, group = a_desk(), a_group()
    desk.alerts.board.troubles["post"] = [SlackError("chat.postMessage", "ratelimited", 17.0)]
    await arrive(desk, group)
    assert desk.alerts.pace.free_at[ALERT_CHANNEL] >= desk.clock() + timedelta(seconds=17)
    assert desk.schedule.due("alert", group.id) == desk.clock() + timedelta(seconds=17)
    await run_schedule(desk)
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]
    assert desk.alerts.ledger.why(group.id) == [Quiet.NOT_SLACK]
    assert counted(desk).counts["retried:ratelimited"] == 1


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "unreachable", "timed_out", "fatal_error"])
async def test_an_alert_outlives_hours_without_slack(code: str) -> None:
    desk, group = a_desk(), a_group()
    desk.alerts.board.troubles["post"] = SlackError("chat.postMessage", code)
    await arrive(desk, group)
    await run_schedule(desk, timedelta(hours=6))
    tries = counted(desk).counts[f"retried:{code}"]
    assert 60 < tries < 90  # every five minutes at last
    assert posts(desk) == []
    desk.alerts.board.troubles.clear()
    await run_schedule(desk, timedelta(minutes=6))
    assert posts(desk) == [(ALERT_CHANNEL, group.id)]


@pytest.mark.parametrize(
    "error",
    [
        SlackError("chat.postMessage", "not_in_channel"),
        SlackError("conversations.info", "channel_not_found"),
        SlackError("chat.postMessage", "is_archived"),
        NotAllowed(Denial.SHARED_CHANNEL),
    ],
)
async def test_a_lost_channel_falls_back_to_the_approval_channel(error: Any) -> None:
    desk, group = a_desk(), a_group()
    desk.alerts.board.troubles[ALERT_CHANNEL] = error
    await arrive(desk, group)
    assert posts(desk) == [(APPROVAL_CHANNEL, group.id)]
    view = desk.alerts.board.posts[0][1]
    code = error.code if isinstance(error, SlackError) else "shared_channel"
    assert (view.meant_for, view.refused_with) == (ALERT_CHANNEL, code)
    assert counted(desk).failing == {ALERT_CHANNEL: code}
    await arrive(desk, changed(desk, group.id, tries=9))  # and it keeps saying where it belongs
    assert desk.alerts.board.edits[0][2].meant_for == ALERT_CHANNEL


async def test_a_digest_for_a_lost_channel_falls_back_too() -> None:
    desk = a_desk()
    for group in people_groups(30):
        desk.alerts.groups.groups[group.id] = group
    desk.clock.advance(5)
    desk.alerts.board.troubles[ALERT_CHANNEL] = SlackError("chat.postMessage", "is_archived")
    await alert_digest.post_digest(Job("1", "alert_digest", "1", {"channel": ALERT_CHANNEL}), desk)
    ((channel, views),) = desk.alerts.board.digests
    assert (channel, len(views), views[0].meant_for) == (APPROVAL_CHANNEL, 30, ALERT_CHANNEL)


async def test_when_both_channels_are_lost_the_alert_waits() -> None:
    desk, group = a_desk(), a_group()
    desk.alerts.board.troubles["post"] = SlackError("chat.postMessage", "is_archived")
    await arrive(desk, group)
    assert desk.schedule.due("alert", group.id) is not None
    desk.alerts.board.troubles.clear()
    await run_schedule(desk)
    assert len(posts(desk)) == 1


async def test_a_digest_that_slack_refuses_comes_again() -> None:
    desk = a_desk()
    desk.alerts.board.troubles["digest"] = [
        SlackError("chat.postMessage", "ratelimited", 5.0),
        SlackError("chat.postMessage", "unreachable"),
    ]
    await arrive(desk, *people_groups(60))
    await run_schedule(desk)
    assert [len(views) for _, views in desk.alerts.board.digests] == [40]


async def test_a_digest_is_written_down_also_when_the_store_is_away_for_a_moment() -> None:
    desk = a_desk()
    for group in people_groups(40):
        desk.alerts.groups.groups[group.id] = group
    desk.clock.advance(5)
    desk.alerts.messages.troubles["shown"] = [StoreUnavailable(), StoreUnavailable()]
    await alert_digest.post_digest(Job("1", "alert_digest", "1", {"channel": ALERT_CHANNEL}), desk)
    assert len(desk.alerts.messages.refs) == 40
    await alert_digest.post_digest(Job("2", "alert_digest", "1", {"channel": ALERT_CHANNEL}), desk)
    assert [len(views) for _, views in desk.alerts.board.digests] == [40]


class PostedMeanwhile(FakeAlertMessages):
    """Another worker posts each group's card just before a digest claims it."""

    async def begin(self, group_id: str, holder: str, lasting: timedelta) -> bool:
        self.refs.setdefault(group_id, MessageRef(ALERT_CHANNEL, "1795.1", NOON, NOON, 1))
        return await super().begin(group_id, holder, lasting)


async def test_a_digest_holds_up_no_card_that_was_posted_meanwhile() -> None:
    clock = FakeClock()
    messages = PostedMeanwhile(now=clock)
    desk = a_desk(clock=clock, alerts=some_alerts(clock=clock, counters=Counted(), messages=messages))
    for group in people_groups(3):
        desk.alerts.groups.groups[group.id] = group
    desk.clock.advance(5)
    await alert_digest.post_digest(Job("1", "alert_digest", "1", {"channel": ALERT_CHANNEL}), desk)
    assert (desk.alerts.board.digests, messages.claims) == ([], {})
    assert len(messages.refs) == 3


async def test_a_deleted_card_is_not_edited_for_ever() -> None:
    desk, group = a_desk(), a_group()
    await arrive(desk, group)
    desk.alerts.board.troubles["edit"] = SlackError("chat.update", "message_not_found")
    await arrive(desk, changed(desk, group.id, tries=2))
    await run_schedule(desk)
    assert desk.alerts.board.calls.count("edit") == 1
    assert len(posts(desk)) == 1
    assert counted(desk).counts["dropped:edit_message_not_found"] == 1


async def test_an_edit_that_is_limited_comes_again() -> None:
    desk, group = a_desk(), a_group()
    await arrive(desk, group)
    desk.alerts.board.troubles["edit"] = [SlackError("chat.update", "ratelimited", 3.0)]
    await arrive(desk, changed(desk, group.id, tries=2))
    await run_schedule(desk)
    assert [view.group.tries for _, _, view in desk.alerts.board.edits] == [2]


def test_a_delivery_survives_the_schedule() -> None:
    made = Delivery("g-1", held="silenced", tries="3", turn="t", instead_of="C1", refused_with="is_archived")
    assert Delivery.from_body(made.to_body()) == made
    assert Delivery.from_body({"group_id": "g-1"}).to_body() == {"group_id": "g-1"}
    assert Delivery("g", tries="9").backoff == timedelta(minutes=5)
    assert ObjectId(an_object_id(1))
