from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert_overview import (
    Figures,
    Reading,
    Row,
    decisions_of,
    figures_of,
    is_about,
    poll_standing,
    ranked,
    silences_over,
    stream_standing,
    telling,
    with_reason,
)
from bot.domain.alerts import Fingerprint, Matcher, MessageRef, PollState, Quiet, Scope
from bot.domain.poll_health import PollHealth
from bot.domain.stream_health import StreamHealth
from bot.errors import BotError, GraphRefused, GraphThrottled, GraphUnreachable, RefusalKind
from tests.alert_fakes import a_group, a_quieted, a_sighting, a_silence
from tests.fakes import BYSTANDER, HELPDESK, NOON, TARGET

MINUTE = timedelta(minutes=1)
REFUSED = GraphRefused("the sign-in log", 403, "Forbidden", "no", RefusalKind.PERMISSION)


def a_state(ago: timedelta, gaps: int = 0) -> PollState:
    spans = tuple((NOON - (n + 2) * MINUTE, NOON - (n + 1) * MINUTE) for n in range(gaps))
    return PollState(NOON - ago, NOON, NOON, spans, polled_at=NOON - ago)


def a_health(trouble: BotError | None = None, *, leads: bool = True) -> PollHealth:
    return PollHealth(is_leader=leads, since=NOON - timedelta(hours=1), trouble=trouble)


@pytest.mark.parametrize(
    ("health", "state", "reading"),
    [
        (None, None, Reading.STARTING),
        (a_health(), None, Reading.BEHIND),  # an hour, and nothing was read
        (None, a_state(MINUTE), Reading.GOOD),
        (a_health(GraphThrottled("the sign-in log")), a_state(MINUTE), Reading.UNSTEADY),
        (a_health(GraphUnreachable("the sign-in log")), a_state(MINUTE), Reading.UNSTEADY),
        (a_health(GraphUnreachable("the sign-in log")), a_state(9 * MINUTE), Reading.BEHIND),
        (None, a_state(9 * MINUTE), Reading.BEHIND),
        (a_health(REFUSED), a_state(MINUTE), Reading.REFUSED),
        (a_health(REFUSED), None, Reading.REFUSED),
        # what this replica met before another one took over says nothing any more
        (a_health(REFUSED, leads=False), a_state(MINUTE), Reading.GOOD),
    ],
)
def test_the_polling_is_judged(health: PollHealth | None, state: PollState | None, reading: Reading) -> None:
    assert poll_standing(health, state, MINUTE, NOON).reading is reading


def test_the_polling_says_how_far_it_is() -> None:
    standing = poll_standing(None, a_state(2 * MINUTE, gaps=2), MINUTE, NOON)
    assert (standing.read_at, standing.watermark, standing.gaps) == (NOON - 2 * MINUTE, NOON - 2 * MINUTE, 2)


def test_the_stream_is_judged() -> None:
    assert stream_standing(None, NOON).reading is Reading.STARTING
    assert stream_standing(StreamHealth(), NOON).reading is Reading.STARTING
    works = stream_standing(StreamHealth(batches=3, backlog=7), NOON)
    assert (works.reading, works.backlog) == (Reading.GOOD, 7)
    away = StreamHealth(batches=3)
    away.failed("The broker closed the connection.", NOON - MINUTE)
    assert stream_standing(away, NOON).reading is Reading.UNSTEADY
    later = stream_standing(away, NOON + 5 * MINUTE)
    assert (later.reading, later.trouble) == (Reading.BEHIND, "The broker closed the connection.")


def test_outages_come_first_then_the_most_people() -> None:
    person = a_group()
    place = replace(person, id="place", fingerprint=Fingerprint(Scope.PLACE, "X", "net"), count=9)
    almost_over = replace(person, id="fixed", count=60, registered=59, last_at=NOON - 20 * MINUTE)
    outage = replace(person, id="outage", fingerprint=Fingerprint(Scope.TENANT, "X", "app:1"), count=3)
    assert [one.id for one in ranked([almost_over, person, place, outage])] == [
        "outage",
        "place",
        person.id,
        "fixed",
    ]


def test_a_person_is_found_in_groups_of_any_width() -> None:
    mine = a_group(a_sighting(TARGET))
    named = replace(mine, fingerprint=Fingerprint(Scope.TENANT, "X", "app:1"))
    assert is_about(mine, TARGET.id)
    assert is_about(named, TARGET.id)
    assert not is_about(mine, HELPDESK.id)


def test_silences_over_a_person_and_their_groups() -> None:
    over_me = a_silence(id="me")
    over_cause = a_silence(id="cause", matcher=Matcher(verdict="PER_USER_MFA"))
    over_other = a_silence(id="other", matcher=Matcher(user_id=BYSTANDER.id))
    every = (over_me, over_cause, over_other)
    assert silences_over([], TARGET.id, every) == [over_me]
    assert silences_over([a_group()], TARGET.id, every) == [over_me, over_cause]


def test_of_those_alike_only_the_newest_is_told() -> None:
    storm = [a_quieted(detail="g-9", user=user) for user in (TARGET, HELPDESK, BYSTANDER)] * 9
    other = a_quieted(Quiet.SILENCED, detail="Mira Holm")
    assert telling([*storm, other, other], 5) == [storm[0], other]
    assert telling([*storm, other], 1) == [storm[0]]


@given(st.lists(st.dictionaries(st.sampled_from(["posted", "edited", "quiet:cured"]), st.integers(0, 9))))
def test_figures_add_up(days: list[dict[str, int]]) -> None:
    figures = figures_of(days)
    assert figures.posted == sum(day.get("posted", 0) for day in days)
    assert dict(figures.quiet).get(Quiet.CURED, 0) == sum(day.get("quiet:cured", 0) for day in days)


def test_the_most_frequent_reason_comes_first() -> None:
    day = {"quiet:paused": 2, "quiet:silenced": 5, "quiet:unheard-of": 9, "shadowed": 3}
    assert figures_of([day]) == Figures(shadowed=3, quiet=((Quiet.SILENCED, 5), (Quiet.PAUSED, 2)))


def test_decisions_are_messages_and_quiet_events_by_time() -> None:
    group = a_group()
    posted = Row(group, MessageRef("C0ALERTS", "1.1", NOON - MINUTE, NOON, 1))
    assert decisions_of([posted, Row(group)], (), 10)[0].posted is posted
    assert with_reason(posted, [a_quieted(group_id=group.id)]) is posted
    told = a_quieted(Quiet.PAUSED, group_id=group.id)
    assert with_reason(Row(group), [told, a_quieted(group_id=group.id)]).quiet is told
