"""What becomes of an alert's message, in every combination."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.alert_delivery import (
    OUTAGES,
    Adopt,
    Edit,
    Post,
    Standing,
    Stay,
    Tell,
    Wait,
    channel_for,
    decide,
    fits,
    fixed_at,
    is_news,
    opens_after,
    points_at_per_user_mfa,
    quieted,
    silence_of,
    typical,
    was_held,
)
from bot.domain.alerts import (
    Acknowledgement,
    AlertGroup,
    Fingerprint,
    GroupState,
    Matcher,
    MessageRef,
    Quiet,
    Route,
    Scope,
)
from bot.domain.hours import OpenHours, open_hours
from tests.alert_fakes import a_group, a_sighting, a_silence
from tests.fakes import NOON, TARGET

CHANNEL = "C0ALERTS"
WORK = open_hours("Mon-Fri 07:00-19:00 Europe/Berlin")  # NOON is a Monday, 13:00 there
NIGHT = NOON + timedelta(hours=9)
EVERY = timedelta(seconds=30)


SUBJECTS = {
    Scope.PERSON: TARGET.id,
    Scope.PLACE: "203.0.113.0/24",
    Scope.POLICY: "policy-1",
    Scope.TENANT: "app-1:50076",
}


def a_wide_group(scope: Scope, **changes: Any) -> AlertGroup:
    made = a_group(**{"id": f"g-{scope}", "count": 60, "tries": 90, **changes})
    return replace(made, fingerprint=Fingerprint(scope, "PER_USER_MFA", SUBJECTS[scope]))


def a_message(posted: float = 60, edited: float | None = None, **changes: Any) -> MessageRef:
    """Posted and edited so many seconds before NOON."""
    posted_at = NOON - timedelta(seconds=posted)
    shown_at = posted_at if edited is None else NOON - timedelta(seconds=edited)
    return replace(MessageRef(CHANNEL, "1795.1", posted_at, shown_at, 1, told_count=1), **changes)


def standing(group: AlertGroup | None = None, **changes: Any) -> Standing:
    opened = replace(group or a_group(), opened_at=NOON - timedelta(minutes=2))
    return replace(Standing(opened, NOON, CHANNEL), **changes)


# --- not posted yet --------------------------------------------------------------------------------------


def test_a_new_group_waits_a_moment_for_company() -> None:
    group = replace(a_group(), opened_at=NOON - timedelta(milliseconds=400))
    s = Standing(group, NOON, CHANNEL)
    assert decide(s) == Wait(NOON + timedelta(milliseconds=600))
    assert decide(replace(s, now=NOON + timedelta(milliseconds=600))) == Post(CHANNEL)


@pytest.mark.parametrize(
    ("changes", "done"),
    [
        ({}, Post(CHANNEL)),
        ({"channel": ""}, Stay(Quiet.UNROUTED)),
        ({"silence": a_silence()}, Wait(NOON + timedelta(hours=1), Quiet.SILENCED)),
        ({"paused": True}, Stay(Quiet.PAUSED)),
        ({"shadow": True}, Stay(Quiet.SHADOW)),
        ({"shadow": True, "channel": ""}, Stay(Quiet.SHADOW)),
        ({"hours": WORK}, Post(CHANNEL)),
        ({"hours": WORK, "held": Quiet.QUIET_HOURS}, Post(CHANNEL, in_digest=True)),
        ({"held": Quiet.SILENCED}, Post(CHANNEL)),
        ({"shadow": True, "silence": a_silence()}, Wait(NOON + timedelta(hours=1), Quiet.SILENCED)),
    ],
)
def test_what_keeps_an_open_group_from_the_channel(changes: dict[str, Any], done: object) -> None:
    assert decide(standing(**changes)) == done


@pytest.mark.parametrize("scope", list(Scope))
def test_outages_break_through_quiet_hours(scope: Scope) -> None:
    group = replace(a_wide_group(scope), opened_at=NIGHT - timedelta(minutes=1))
    action = decide(Standing(group, NIGHT, CHANNEL, hours=WORK))
    if scope in OUTAGES:
        assert action == Post(CHANNEL)
    else:
        morning = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
        assert action == Wait(morning, Quiet.QUIET_HOURS)


@pytest.mark.parametrize(
    ("state", "held", "done"),
    [
        (GroupState.RESOLVED, None, Stay(Quiet.CURED)),
        (GroupState.RESOLVED, Quiet.QUIET_HOURS, Stay(Quiet.CURED)),
        (GroupState.ABSORBED, None, Stay(Quiet.ABSORBED)),
        (GroupState.ENDED, None, Post(CHANNEL)),
        (GroupState.ENDED, Quiet.NOT_SLACK, Post(CHANNEL)),
        (GroupState.ENDED, Quiet.QUIET_HOURS, Post(CHANNEL, in_digest=True)),
        (GroupState.ENDED, Quiet.SILENCED, Stay(Quiet.SILENCED)),
        (GroupState.ENDED, Quiet.PAUSED, Stay(Quiet.PAUSED)),
    ],
)
def test_a_group_that_closed_before_it_was_posted(
    state: GroupState, held: Quiet | None, done: object
) -> None:
    group = replace(a_group(), state=state, closed_at=NOON)
    assert decide(standing(group, held=held)) == done


def test_a_group_that_ends_while_it_is_silenced_stays_quiet() -> None:
    group = replace(a_group(), state=GroupState.ENDED, closed_at=NOON)
    assert decide(standing(group, silence=a_silence())) == Stay(Quiet.SILENCED)


def test_a_wider_group_takes_over_the_oldest_message_in_its_channel() -> None:
    finer = (
        ("g-elsewhere", a_message(posted=300, channel="C0OTHER", ts="1")),
        ("g-digest", a_message(posted=300, ts="2", is_digest=True)),
        ("g-2", a_message(posted=100, ts="3")),
        ("g-1", a_message(posted=200, ts="4")),
    )
    action = decide(standing(a_wide_group(Scope.POLICY), finer=finer))
    assert action == Adopt("g-1", finer[3][1])


def test_a_message_that_was_edited_just_now_is_not_taken_over() -> None:
    fresh = ("g-1", a_message(posted=200, edited=5, ts="4"))
    other = ("g-2", a_message(posted=100, ts="3"))
    assert decide(standing(a_wide_group(Scope.POLICY), finer=(fresh, other))) == Adopt("g-2", other[1])
    assert decide(standing(a_wide_group(Scope.POLICY), finer=(fresh,))) == Post(CHANNEL)


def test_a_message_taken_over_before_counts_its_last_edit_whoever_made_it() -> None:
    person, place = ("g-1", a_message(posted=200)), ("g-place", a_message(posted=200, edited=5))
    assert decide(standing(a_wide_group(Scope.POLICY), finer=(person, place))) == Post(CHANNEL)


# --- posted ----------------------------------------------------------------------------------------------


def test_nothing_new_is_nothing_to_do() -> None:
    assert decide(standing(message=a_message())) == Stay()


@pytest.mark.parametrize(
    ("message", "done"),
    [
        (a_message(posted=1), "edit"),  # the first edit may follow the post
        (a_message(posted=60, edited=31), "edit"),
        (a_message(posted=60, edited=30), "edit"),
        (a_message(posted=60, edited=10), NOON + timedelta(seconds=20)),
    ],
)
def test_edits_keep_their_distance(message: MessageRef, done: object) -> None:
    action = decide(standing(replace(a_group(), version=2), message=message))
    assert action == (Edit(message) if done == "edit" else Wait(done))  # type: ignore[arg-type]


def test_people_and_redrawing_bring_a_card_up_to_date() -> None:
    message = a_message(posted=100, edited=60)
    recent, early = NOON - timedelta(seconds=1), NOON - timedelta(seconds=90)
    assert decide(standing(message=message, acknowledged=Acknowledgement("U1", recent))) == Edit(message)
    assert decide(standing(message=message, acknowledged=Acknowledgement("U1", early))) == Stay()
    assert decide(standing(message=message, silence=a_silence(since=recent))) == Edit(message)
    assert decide(standing(message=message, redraw=True)) == Edit(message)


def test_what_keeps_new_messages_back_does_not_freeze_those_that_are_there() -> None:
    message = a_message()
    group = replace(a_group(), state=GroupState.RESOLVED, closed_at=NOON, version=2)
    for changes in ({"silence": a_silence()}, {"paused": True}, {"hours": WORK, "now": NIGHT}):
        assert decide(standing(group, message=message, **changes)) == Edit(message)


def test_a_line_of_a_digest_is_told_once_when_it_is_resolved() -> None:
    listed = a_message(is_digest=True)
    assert decide(standing(replace(a_group(), version=2), message=listed)) == Stay()
    fixed = replace(a_group(), state=GroupState.RESOLVED, version=2)
    assert decide(standing(fixed, message=listed)) == Tell(listed)
    assert decide(standing(fixed, message=replace(listed, shown_version=2))) == Stay()


def test_an_absorbed_card_waits_to_be_taken_over_and_then_says_what_it_is_part_of() -> None:
    group = replace(a_group(), state=GroupState.ABSORBED, absorbed_by="g-wide", closed_at=NOON, version=2)
    mine = a_message()
    assert decide(standing(group, message=mine)) == Wait(NOON + timedelta(seconds=10))
    later = NOON + timedelta(seconds=10)
    assert decide(standing(group, message=mine, now=later)) == Edit(mine)
    assert decide(standing(group, message=mine, wider=a_message(ts="1795.2"))) == Edit(mine)
    assert decide(standing(group, message=mine, wider=replace(mine, shown_at=NOON))) == Stay(Quiet.ABSORBED)


def test_shadow_mode_leaves_old_messages_alone() -> None:
    assert decide(standing(replace(a_group(), version=9), message=a_message(), shadow=True)) == Stay(
        Quiet.SHADOW
    )


# --- every combination -----------------------------------------------------------------------------------

HOURS = (None, WORK)
HELD = (None, Quiet.QUIET_HOURS, Quiet.SILENCED, Quiet.NOT_SLACK)
MOMENTS = (NOON, NIGHT)


def test_every_combination_has_one_answer_that_fits_its_state() -> None:
    seen = 0
    for state, scope, silenced, paused, hours, shadow, held, now, posted, channel in product(
        GroupState, Scope, (False, True), (False, True), HOURS, (False, True), HELD, MOMENTS,
        (False, True), ("", CHANNEL),
    ):  # fmt: skip
        group = replace(
            a_wide_group(scope), state=state, opened_at=now - timedelta(minutes=5), closed_at=now, version=2
        )
        s = Standing(
            group,
            now,
            channel,
            message=a_message(posted_at=now - EVERY, shown_at=now - EVERY) if posted else None,
            silence=a_silence(until=now + timedelta(hours=1)) if silenced else None,
            paused=paused,
            hours=hours,
            shadow=shadow,
            held=held,
        )
        action = decide(s)
        seen += 1
        if posted:
            assert not isinstance(action, Post | Adopt)
            assert isinstance(action, Stay) == shadow
        elif isinstance(action, Post | Adopt):
            assert not silenced
            assert not paused
            assert not shadow
            assert channel
            assert state in (GroupState.OPEN, GroupState.ENDED)
            assert hours is None or scope in OUTAGES or hours.include(now)
        else:
            assert isinstance(action, Wait | Stay)
            assert action.why is not None
        if isinstance(action, Wait):
            assert action.until > now
    assert seen == 4 * 4 * 2 * 2 * 2 * 2 * 4 * 2 * 2 * 2


spans = st.sampled_from(
    ["Mon-Fri 07:00-19:00", "Mon-Sun 22:00-06:00", "Sat 00:00-24:00", "Mon,Wed 09:30-10:00"]
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
some_hours = st.one_of(st.none(), st.builds(lambda span, zone: open_hours(f"{span} {zone}"), spans, zones))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=60)
@given(
    some_hours,
    moments,
    st.sampled_from(list(Scope)),
    st.integers(0, 7 * 24),
    st.floats(0, 10),
)
def test_an_open_routed_group_is_always_posted_once_nobody_silences_it(
    hours: OpenHours | None, opened_at: datetime, scope: Scope, silent_hours: int, wait: float
) -> None:
    """Follow the waits as the schedule does: they end, and they end with a post."""
    group = replace(a_wide_group(scope), opened_at=opened_at)
    silence = a_silence(since=opened_at, until=opened_at + timedelta(hours=silent_hours))
    now, held = opened_at, None
    for _ in range(8):
        over = silence if now < silence.until else None
        s = Standing(group, now, CHANNEL, silence=over, hours=hours, held=held, wait=timedelta(seconds=wait))
        action = decide(s)
        if isinstance(action, Post):
            return
        assert isinstance(action, Wait)
        assert action.until > now
        now, held = action.until, action.why or held
    raise AssertionError("never posted")


@settings(max_examples=60)
@given(st.lists(st.floats(0.05, 120), min_size=1, max_size=40), st.booleans())
def test_edits_are_at_least_thirty_seconds_apart_and_the_last_state_is_shown(
    gaps: list[float], touched: bool
) -> None:
    posted = NOON
    message = MessageRef(CHANNEL, "1", posted, posted, 1)
    group, now, edits, due = a_group(), NOON, [], None
    arrivals = []
    for gap in gaps:
        now += timedelta(seconds=gap)
        arrivals.append(now)
    while arrivals or due:
        now = min([*arrivals[:1], *([due] if due else [])])
        due = None if now == due else due
        if arrivals and now == arrivals[0]:
            arrivals.pop(0)
            group = replace(group, version=group.version + 1)
        by = Acknowledgement("U1", arrivals[0]) if touched and arrivals else None
        action = decide(Standing(group, now, CHANNEL, message=message, acknowledged=by))
        if isinstance(action, Edit):
            edits.append(now)
            message = replace(message, shown_at=now, shown_version=group.version)
        elif isinstance(action, Wait):
            due = action.until
    assert message.shown_version == group.version
    assert all(later - earlier >= EVERY for earlier, later in pairwise(edits))


# --- the parts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "opens"),
    [
        ("Mon-Fri 07:00-19:00 UTC", "2026-11-23T19:00", "2026-11-24T07:00"),
        ("Mon-Fri 07:00-19:00 UTC", "2026-11-27T20:00", "2026-11-30T07:00"),
        ("Mon-Fri 07:00-19:00 UTC", "2026-11-23T06:59", "2026-11-23T07:00"),
        ("Mon 22:00-06:00 UTC", "2026-11-24T06:00", "2026-11-30T22:00"),
        ("Mon-Sun 02:30-12:00 Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:30"),  # 02:30 is skipped
        ("Mon-Sun 02:30-03:30 Europe/Berlin", "2026-03-28T12:00", "2026-03-30T00:30"),  # and all of it
        ("Mon-Fri 08:00-18:00 America/New_York", "2026-10-30T23:00", "2026-11-02T13:00"),  # clocks change
    ],
)
def test_the_next_opening(text: str, at: str, opens: str) -> None:
    found = opens_after(open_hours(text), datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(opens).replace(tzinfo=UTC)


def test_one_persons_matcher_never_covers_what_many_share() -> None:
    personal = (Matcher(user_id=TARGET.id), Matcher(device_prefix="MAC-"), Matcher(member_of="grp"))
    for scope, matcher in product(Scope, personal):
        group = a_wide_group(scope)
        assert fits(matcher, group, frozenset({"grp"})) is (scope is Scope.PERSON)


@pytest.mark.parametrize(
    ("matcher", "scopes"),
    [
        (Matcher(), set(Scope)),
        (Matcher(verdict="PER_USER_MFA"), set(Scope)),
        (Matcher(policy_id="policy-1"), {Scope.PERSON, Scope.PLACE, Scope.POLICY}),
        (Matcher(network="203.0.113.0/24"), {Scope.PERSON, Scope.PLACE}),
        (Matcher(country="de"), {Scope.PERSON, Scope.PLACE}),
        (Matcher(verdict="DEVICE_LIMIT"), set()),
    ],
)
def test_which_groups_a_matcher_is_about(matcher: Matcher, scopes: set[Scope]) -> None:
    newest = a_sighting(policy_id="policy-1")
    assert {scope for scope in Scope if fits(matcher, a_wide_group(scope, newest=newest))} == scopes


def test_a_straggler_does_not_say_what_a_group_is_about() -> None:
    odd = a_sighting(policy_id="other", policy_name="Other", network="198.51.100.0/24", error_code=1)
    assert typical(a_wide_group(Scope.POLICY, newest=odd)).policy_id == "policy-1"
    assert typical(a_wide_group(Scope.POLICY, newest=odd)).policy_name == ""
    assert typical(a_wide_group(Scope.PLACE, newest=odd)).network == "203.0.113.0/24"
    assert typical(a_wide_group(Scope.TENANT, newest=odd)).error_code == 50076
    assert typical(a_group(odd)) == odd


def test_the_first_route_that_fits_wins() -> None:
    routes = (
        Route(Matcher(country="FR"), "C0FRANCE"),
        Route(Matcher(member_of="finance"), "C0FINANCE"),
        Route(Matcher(verdict="PER_USER_MFA"), "C0MFA"),
    )
    assert channel_for(a_group(), routes, CHANNEL) == "C0MFA"
    assert channel_for(a_group(), routes, CHANNEL, frozenset({"finance"})) == "C0FINANCE"
    assert channel_for(a_group(), routes[:2], CHANNEL) == CHANNEL


def test_the_silence_that_ends_last_counts() -> None:
    short = a_silence(id="short")
    long = a_silence(id="long", matcher=Matcher(verdict="PER_USER_MFA"), until=NOON + timedelta(days=1))
    over = a_silence(id="over", until=NOON)
    assert silence_of(a_group(), (short, long, over), NOON) == long
    assert silence_of(a_group(), (over,), NOON) is None


def test_what_was_held_by_the_hours() -> None:
    at_night = replace(a_group(), opened_at=NIGHT)
    assert was_held(at_night, WORK)
    assert not was_held(at_night, None)
    assert not was_held(replace(a_wide_group(Scope.TENANT), opened_at=NIGHT), WORK)
    assert not was_held(a_group(), WORK)


def test_the_change_is_offered_for_one_person_alone() -> None:
    assert points_at_per_user_mfa(a_group())
    assert not points_at_per_user_mfa(a_group(a_sighting(verdict="DEVICE_LIMIT")))
    assert not points_at_per_user_mfa(a_wide_group(Scope.PLACE))
    assert not points_at_per_user_mfa(replace(a_group(), state=GroupState.RESOLVED))


@pytest.mark.parametrize(
    ("changes", "told", "news"),
    [
        ({"tries": 5}, (5, 0), False),
        ({"count": 7}, (5, 0), False),
        ({"count": 10}, (5, 0), True),
        ({"count": 7, "registered": 1}, (7, 0), True),
        ({"count": 7, "registered": 3}, (7, 2), True),
        ({"count": 60, "registered": 3}, (60, 2), False),
        ({"count": 60, "registered": 4}, (60, 2), True),
        ({"count": 60, "state": GroupState.ABSORBED}, (1, 0), False),
        ({"state": GroupState.RESOLVED}, (60, 60), True),
    ],
)
def test_what_is_said_in_the_thread(changes: dict[str, Any], told: tuple[int, int], news: bool) -> None:
    group = a_wide_group(Scope.PLACE, **{"count": 5, "version": 2, **changes})
    before = a_message(told_count=told[0], told_registered=told[1])
    assert is_news(group, before) is news


def test_when_it_was_fixed() -> None:
    at = NOON - timedelta(minutes=1)
    person = replace(a_group().people[0], registered_at=at)
    fixed = replace(a_group(), state=GroupState.RESOLVED, people=(person,), registered=1, closed_at=NOON)
    assert fixed_at(fixed) == at
    assert fixed_at(replace(fixed, count=60)) == NOON  # not everybody is known by name
    assert fixed_at(a_group()) is None


def test_a_note_names_the_person_of_a_group_of_one() -> None:
    alone = quieted(a_group(), Quiet.SILENCED, "silence-1", NOON)
    assert (alone.user_id, alone.user_principal_name, alone.detail) == (
        TARGET.id,
        TARGET.user_principal_name,
        "silence-1",
    )
    assert quieted(a_wide_group(Scope.POLICY), Quiet.PAUSED, "", NOON).user_id == ""
