"""How alerting stands, for everybody and for one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alert_overview import Reading
from bot.domain.alerts import Fingerprint, GroupState, Matcher, MessageRef, PollState, Quiet, Scope
from bot.domain.poll_health import PollHealth
from bot.domain.stream_health import StreamHealth
from bot.errors import BadInput, GraphUnreachable, NoSuchUser
from bot.usecases.alerts_overview import MOST_LIVE, alerts_about, alerts_overview, days_until
from tests.alert_fakes import (
    ALERT_CHANNEL,
    FakeSignInFeed,
    FakeSignInStream,
    FakeWatchingDesk,
    a_group,
    a_quieted,
    a_sighting,
    a_silence,
    a_watching_desk,
    some_alerts,
)
from tests.fakes import BYSTANDER, HELPDESK, NOON, TARGET, a_desk, a_user

TODAY = "2026-11-23"


def a_posted(ts: str = "1.1", minutes_ago: int = 3) -> MessageRef:
    at = NOON - timedelta(minutes=minutes_ago)
    return MessageRef(ALERT_CHANNEL, ts, at, at, 1)


def a_busy_desk(**parts: object) -> FakeWatchingDesk:
    alerts = some_alerts(feed=FakeSignInFeed(), stream=FakeSignInStream(), **parts)
    alerts.poll_marks.state = PollState(NOON, NOON, NOON, polled_at=NOON - timedelta(seconds=40))
    return a_watching_desk(alerts=alerts)


async def test_where_nothing_is_watched_there_is_nothing_to_say() -> None:
    assert await alerts_overview(a_desk()) is None
    assert await alerts_about(TARGET.user_principal_name, a_desk()) is None


async def test_an_overview_of_everything() -> None:
    desk = a_busy_desk(stream_health=StreamHealth(batches=1, backlog=4))
    mine, other = a_group(), a_group(a_sighting(BYSTANDER))
    desk.alerts.groups.groups = {group.id: group for group in (mine, other)}
    desk.alerts.messages.refs[mine.id] = a_posted()
    desk.alerts.silences.silences["s"] = a_silence(id="s", matcher=Matcher(user_id=BYSTANDER.id))
    await desk.alerts.ledger.note([a_quieted(Quiet.SILENCED, BYSTANDER, group_id=other.id)])
    await desk.alerts.ledger.count(TODAY, "posted", 2)
    await desk.alerts.ledger.count("2026-11-17", "posted", 3)
    await desk.alerts.ledger.count("2026-11-16", "posted", 99)

    found = await alerts_overview(desk)

    assert found is not None
    assert (found.poll.reading, found.stream.reading, found.stream.backlog) == (Reading.GOOD, Reading.GOOD, 4)
    rows = {row.group.id: row for row in found.live}
    assert rows[mine.id].message == a_posted()
    assert rows[other.id].silence is not None
    assert rows[other.id].quiet is not None
    assert (found.today.posted, found.week.posted) == (2, 5)
    assert [row.quieted.why for row in found.quiet] == [Quiet.SILENCED]
    assert [day.day for day in found.failed] == list(days_until(NOON))
    assert found.last_failure == mine.last_at


async def test_the_first_ten_are_shown_and_all_are_counted() -> None:
    desk = a_busy_desk()
    for number in range(25):
        group = a_group(a_sighting(a_user(100 + number, "Ada Lind")))
        desk.alerts.groups.groups[group.id] = replace(group, count=number + 1)
    found = await alerts_overview(desk)
    assert found is not None
    assert [row.group.count for row in found.live] == list(range(25, 25 - MOST_LIVE, -1))
    assert found.live_count == 25


async def test_when_nobody_is_blocked_the_last_failure_is_known() -> None:
    desk = a_busy_desk()
    over = replace(a_group(), state=GroupState.RESOLVED, closed_at=NOON)
    desk.alerts.groups.groups[over.id] = over
    found = await alerts_overview(desk)
    assert found is not None
    assert (found.live, found.last_failure) == ((), over.last_at)


async def test_without_sources_it_says_so() -> None:
    found = await alerts_overview(a_watching_desk())
    assert found is not None
    assert not found.reads


async def test_trouble_of_this_replica_shows_while_it_polls() -> None:
    trouble = GraphUnreachable("the sign-in log")
    desk = a_busy_desk(poll_health=PollHealth(is_leader=True, trouble=trouble))
    found = await alerts_overview(desk)
    assert found is not None
    assert (found.poll.reading, found.poll.trouble) == (Reading.UNSTEADY, trouble)


async def test_quiet_events_name_the_group_that_spoke_for_them() -> None:
    desk = a_busy_desk()
    group = a_group()
    desk.alerts.groups.groups[group.id] = group
    await desk.alerts.ledger.note([a_quieted(Quiet.SAME_GROUP, detail=group.id, group_id=group.id)])
    found = await alerts_overview(desk)
    assert found is not None
    assert found.quiet[0].speaker == group


# --- one person ---------------------------------------------------------------------------------------------


async def test_everything_about_one_person() -> None:
    desk = a_busy_desk()
    outage = replace(
        a_group(a_sighting(BYSTANDER)),
        id="wide",
        fingerprint=Fingerprint(Scope.TENANT, "X", "app:1"),
        count=70,
    )
    past = replace(a_group(), id="past", state=GroupState.ENDED, closed_at=NOON)
    desk.alerts.groups.groups = {group.id: group for group in (outage, past, a_group(a_sighting(HELPDESK)))}
    desk.alerts.messages.refs["past"] = a_posted(minutes_ago=300)
    await desk.alerts.ledger.note([a_quieted(Quiet.ABSORBED, detail="wide", group_id="g-old")])
    desk.alerts.silences.silences["s"] = a_silence(id="s")

    found = await alerts_about(TARGET.user_principal_name, desk)

    assert found is not None
    assert found.user == TARGET
    assert [row.group.id for row in found.open] == ["wide"]
    assert [silence.id for silence in found.silences] == ["s"]
    first, second = found.decisions
    assert first.quiet is not None
    assert first.quiet.speaker == outage
    assert second.posted is not None
    assert second.posted.group.id == "past"


async def test_nothing_about_somebody_who_never_failed() -> None:
    desk = a_busy_desk()
    desk.alerts.groups.groups["g"] = a_group()
    found = await alerts_about(HELPDESK.user_principal_name, desk)
    assert found is not None
    assert (found.open, found.decisions, found.silences) == ((), (), ())


async def test_who_failed_lately_is_found_without_entra() -> None:
    desk = a_busy_desk()
    desk.alerts.groups.groups["g"] = a_group()
    desk.directory.troubles["find_user"] = GraphUnreachable("users")
    for asked in (TARGET.user_principal_name.upper(), TARGET.id.upper()):
        found = await alerts_about(asked, desk)
        assert found is not None
        assert (found.user, len(found.open)) == (None, 1)
    with pytest.raises(GraphUnreachable):
        await alerts_about(HELPDESK.user_principal_name, desk)


async def test_nobody_and_nothing_are_refused() -> None:
    desk = a_busy_desk()
    with pytest.raises(NoSuchUser):
        await alerts_about("nobody@contoso.com", desk)
    with pytest.raises(BadInput):
        await alerts_about("  ", desk)
