"""What becomes of sightings, one story at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts import Changes, Fixed, GroupState, Quiet, Quieted, Scope, Sighting, Thresholds
from bot.domain.grouping import Grouping
from bot.domain.membership import NAMES_NOBODY, group_id
from tests.domain.builders import NOW
from tests.domain.sightings import (
    BACKGROUND,
    IN_FRONT,
    OFFICE,
    Desk,
    a_failure,
    a_registration,
    after,
    same,
)

WINDOW = Thresholds().window


def people(number: int, start: int = 1, **change: Any) -> list[Sighting]:
    """So many people who failed once, a second apart."""
    return [a_failure(f"p{n}", n / 60, **change) for n in range(start, start + number)]


def whys(quieted: tuple[Quieted, ...]) -> list[Quiet]:
    return [one.why for one in quieted]


# --- one person ------------------------------------------------------------------------------------


def test_a_failure_opens_a_group_about_the_person() -> None:
    desk = Desk()
    failure = a_failure("ada", 1)
    changes = desk.take(failure)
    (group,) = changes.groups
    assert str(group.fingerprint) == "v1:person:PER_USER_MFA:ada"
    assert group.id == group_id(group.fingerprint, failure.id)
    assert (group.state, group.count, group.tries, group.opened_at) == (GroupState.OPEN, 1, 1, after(1))
    assert (group.newest, group.macs, group.version) == (failure, ("Mac of ada",), 1)
    assert changes.deliver == (group.id,)
    assert changes.failed == (("2026-09-10", "PER_USER_MFA"),)
    assert changes.quieted == ()


def test_further_tries_bring_the_group_up_to_date_and_say_why_they_are_quiet() -> None:
    desk = Desk()
    first = desk.take(a_failure("ada", 0)).groups[0]
    changes = desk.take(a_failure("ada", 3), a_failure("ada", 2))
    (group,) = changes.groups
    assert (group.id, group.tries, group.count, group.version) == (first.id, 3, 1, 2)
    assert (group.first_at, group.last_at) == (after(0), after(3))
    assert group.people[0].tries == 3
    assert changes.failed == ()
    assert changes.quieted == (
        Quieted(after(2), Quiet.SAME_GROUP, group.id, group.id, "PER_USER_MFA", "ada", "ada@contoso.com"),
    )


def test_another_cause_is_a_group_of_its_own() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0), a_failure("ada", 1, verdict="CA_BLOCK", error_code=53003))
    assert {group.fingerprint.verdict for group in desk.open} == {"PER_USER_MFA", "CA_BLOCK"}


def test_nothing_new_is_nothing_to_commit() -> None:
    desk = Desk()
    desk.take(a_failure())
    changes = desk.grouping.changes()
    assert changes == Changes()


def test_a_failure_without_an_object_id_is_known_by_its_name() -> None:
    desk = Desk()
    desk.take(*(a_failure("", n, user_principal_name="Typo@contoso.com") for n in range(2)))
    (group,) = desk.open
    assert (group.fingerprint.subject, group.tries) == ("typo@contoso.com", 2)


def test_white_space_that_was_pasted_with_a_name_tells_nobody_apart() -> None:
    """Tabs and line ends part what is stored: with one in a name, nothing that is stored could be read."""
    desk = Desk()
    for minutes, name in enumerate(("Typo@contoso.com", "typo@contoso.com\t", "\r\n typo@contoso.com ")):
        desk.take(a_failure("", minutes, user_principal_name=name))
    desk.take(a_failure("", 4, user_principal_name=" \t", id="row-7"))
    assert [(one.fingerprint.subject, one.tries) for one in desk.open] == [
        ("typo@contoso.com", 3),
        ("row-7", 1),
    ]


# --- registrations ---------------------------------------------------------------------------------


def test_a_registration_resolves_and_tells_how_long_it_took() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0), a_failure("ada", 4))
    changes = desk.take(a_registration("ada", 30))
    (group,) = changes.groups
    assert (group.state, group.registered, group.still_blocked) == (GroupState.RESOLVED, 1, 0)
    assert (group.closed_at, group.people[0].registered_at) == (after(30), after(30))
    assert changes.fixed == (Fixed("PER_USER_MFA", after(0), after(30)),)
    assert changes.deliver == (group.id,)
    assert not desk.open


def test_a_registration_that_is_older_than_the_failure_resolves_nothing() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 5))
    assert desk.take(a_registration("ada", 4, read_at=after(6))).groups == ()
    assert desk.where("ada")


def test_a_registration_that_is_read_before_the_failure_it_cures_keeps_it_quiet() -> None:
    desk = Desk()
    desk.take(a_registration("ada", 5))
    desk.restart()
    changes = desk.take(a_failure("ada", 4, read_at=after(6)))
    assert whys(changes.quieted) == [Quiet.CURED]
    assert not desk.open
    desk.take(a_failure("ada", 7))
    assert desk.where("ada")


def test_failing_again_after_registering_is_news() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0), a_registration("ada", 2))
    desk.take(a_failure("ada", 10))
    assert sorted(group.state for group in desk.groups.values()) == [GroupState.OPEN, GroupState.RESOLVED]
    late = desk.take(a_failure("ada", 1, read_at=after(11)))
    assert whys(late.quieted) == [Quiet.SAME_GROUP]


def test_a_late_failure_from_before_the_registration_does_not_reopen() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0), a_registration("ada", 2))
    desk.restart()
    changes = desk.take(a_failure("ada", 1, read_at=after(40)))
    assert (changes.groups, whys(changes.quieted)) == ((), [Quiet.CURED])


def test_the_persons_own_sign_in_comes_before_the_last_step_and_proves_nothing() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0, lane=BACKGROUND), a_registration("ada", 1, lane=IN_FRONT))
    assert desk.where("ada")
    desk.take(a_registration("ada", 2, lane=BACKGROUND))
    assert not desk.open


def test_a_sign_in_makes_up_for_a_failure_in_its_own_lane_or_request() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0, lane=IN_FRONT), a_registration("ada", 1, lane=IN_FRONT))
    desk.take(a_failure("ben", 0, correlation_id="c-1"))
    desk.take(a_registration("ben", 1, correlation_id="c-1", lane=IN_FRONT))
    assert not desk.open
    desk.take(a_registration("cy", 5, correlation_id="c-2", lane=IN_FRONT))
    desk.take(a_failure("cy", 4, correlation_id="c-2"))
    assert not desk.open
    desk.take(a_failure("cy", 4, correlation_id="c-3"))
    assert desk.where("cy")


# --- windows ---------------------------------------------------------------------------------------


def test_a_window_ends_by_itself_and_a_failure_after_it_is_news() -> None:
    desk = Desk()
    first = desk.take(a_failure("ada", 0)).groups[0]
    desk.take(a_failure("ada", 200))
    assert desk.tick(NOW + WINDOW - timedelta(seconds=1)).groups == ()
    (ended,) = desk.tick(NOW + WINDOW).groups
    assert (ended.id, ended.state, ended.closed_at) == (first.id, GroupState.ENDED, NOW + WINDOW)
    (news,) = desk.take(a_failure("ada", 241)).groups
    assert news.id != first.id
    assert len(desk.open) == 1


def test_a_window_ends_for_a_failure_even_before_the_tick() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0))
    desk.take(a_failure("ada", 245))
    assert sorted(group.state for group in desk.groups.values()) == [GroupState.ENDED, GroupState.OPEN]


def test_a_failure_of_a_window_that_is_over_is_old_news() -> None:
    desk = Desk()
    (first,) = desk.take(a_failure("ada", 0)).groups
    desk.tick(NOW + WINDOW)
    desk.restart()
    changes = desk.take(a_failure("ada", 100, read_at=after(300)))
    assert changes.groups == ()
    assert [(one.why, one.group_id) for one in changes.quieted] == [(Quiet.SAME_GROUP, first.id)]


def test_a_person_is_counted_once_a_day_and_cause() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0))
    desk.tick(NOW + WINDOW)
    desk.restart()
    assert desk.take(a_failure("ada", 300)).failed == ()
    assert desk.take(a_failure("ada", 15 * 60 + 1)).failed == (("2026-09-11", "PER_USER_MFA"),)


def test_a_row_that_was_written_long_ago_makes_a_late_group_until_a_fresh_one_comes() -> None:
    desk = Desk()
    (late,) = desk.take(a_failure("ada", 0, read_at=after(16))).groups
    assert late.is_late
    (fresh,) = desk.take(a_failure("ada", 17)).groups
    assert not fresh.is_late


def test_beyond_the_most_the_stalest_group_ends() -> None:
    desk = Desk(Thresholds(most_groups=3))
    desk.take(*(a_failure(f"p{n}", n) for n in range(3)))
    desk.take(a_failure("p0", 3))
    changes = desk.take(a_failure("p9", 4))
    ended = [group for group in changes.groups if group.state is GroupState.ENDED]
    assert [group.fingerprint.subject for group in ended] == ["p1"]
    assert len(desk.open) == 3


# --- one trouble, named by one row and not by another ----------------------------------------------

VAGUE: dict[str, Any] = {"verdict": NAMES_NOBODY, "summary": "Nothing says who wanted MFA."}


def test_a_row_that_names_who_demanded_mfa_renames_the_group_that_could_not_tell() -> None:
    desk = Desk()
    (first,) = desk.take(a_failure("ada", 0, **VAGUE)).groups
    desk.restart()
    named = a_failure("ada", 1)
    changes = desk.take(named)
    (group,) = changes.groups
    assert (group.id, group.opened_at, group.version) == (first.id, first.opened_at, 2)
    assert str(group.fingerprint) == "v1:person:PER_USER_MFA:ada"
    assert (group.state, group.newest, group.tries, group.count) == (GroupState.OPEN, named, 2, 1)
    assert changes.deliver == (first.id,)
    assert changes.failed == (), "the person was counted for that day"
    assert desk.take(a_registration("ada", 3)).fixed == (Fixed("PER_USER_MFA", after(0), after(3)),)
    assert not desk.open


def test_a_row_that_names_nobody_counts_as_a_try_in_the_group_that_knows() -> None:
    desk = Desk()
    named = a_failure("ada", 0, policy_id="pol-1")
    (first,) = desk.take(named).groups
    desk.restart()
    changes = desk.take(a_failure("ada", 2, **VAGUE))
    (group,) = changes.groups
    assert (group.id, group.fingerprint, group.tries) == (first.id, first.fingerprint, 2)
    assert (group.newest, group.last_at) == (named, after(2)), "the card speaks of the row that says it"
    assert desk.members[group.id]["ada"].policy_id == "pol-1"
    assert (changes.failed, whys(changes.quieted)) == ((), [Quiet.SAME_GROUP])


def test_a_named_row_that_is_older_than_the_vague_one_names_it_all_the_same() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 5, **VAGUE))
    older = a_failure("ada", 4, verdict="CA_MFA", policy_id="pol-1", read_at=after(6))
    (group,) = desk.take(older).groups
    assert (group.fingerprint.verdict, group.newest, group.last_at) == ("CA_MFA", older, after(5))
    assert desk.members[group.id]["ada"].policy_id == "pol-1"


@pytest.mark.parametrize("other", [{"error_code": 50079}, {"app_id": "another-app"}])
def test_another_error_or_app_is_another_trouble(other: dict[str, Any]) -> None:
    for rows in ((VAGUE, other), (other, VAGUE)):
        desk = Desk()
        desk.take(*(a_failure("ada", n, **change) for n, change in enumerate(rows)))
        assert {group.fingerprint.verdict for group in desk.open} == {NAMES_NOBODY, "PER_USER_MFA"}


def test_of_two_that_are_named_the_first_takes_the_group_and_the_newest_the_tries() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0, **VAGUE), a_failure("ada", 1), a_failure("ada", 2, verdict="CA_MFA"))
    desk.restart()
    desk.take(a_failure("ada", 3, **VAGUE))
    assert {group.fingerprint.verdict: group.tries for group in desk.open} == {"PER_USER_MFA": 2, "CA_MFA": 2}


def test_a_named_row_that_a_registration_made_up_for_names_nothing() -> None:
    desk = Desk()
    desk.take(a_registration("ada", 2), a_failure("ada", 3, **VAGUE))
    changes = desk.take(a_failure("ada", 1, read_at=after(4)))
    assert (changes.groups, whys(changes.quieted)) == ((), [Quiet.CURED])


@pytest.mark.parametrize(
    ("rows", "late"),
    [((VAGUE, {}), VAGUE), (({},), VAGUE), ((VAGUE,), {})],
    ids=["renamed, then vague", "named, then vague", "vague, then named"],
)
@pytest.mark.parametrize("registers", [True, False])
def test_a_row_of_a_trouble_that_is_over_is_old_news_under_either_name(
    rows: tuple[dict[str, Any], ...], late: dict[str, Any], registers: bool
) -> None:
    """It may be read long after: later than a registration is remembered by itself."""
    desk = Desk()
    desk.take(*(a_failure("ada", minute, **change) for minute, change in enumerate(rows)))
    if registers:
        desk.take(a_registration("ada", 3))
    desk.tick(after(250))
    desk.restart()
    changes = desk.take(a_failure("ada", 2, read_at=after(251), **late))
    assert (changes.groups, changes.failed) == ((), ())
    assert whys(changes.quieted) == [Quiet.CURED if registers else Quiet.SAME_GROUP]
    (another,) = desk.take(a_failure("ada", 2, read_at=after(252), error_code=50079, **late)).groups
    assert another.newest.error_code == 50079


def test_a_group_that_gets_a_name_joins_the_wider_one_of_that_name() -> None:
    desk = Desk()
    desk.take(a_failure("late", 0, network=OFFICE, **VAGUE))
    desk.take(*people(5, network=OFFICE))
    desk.restart()
    desk.take(a_failure("late", 1, network=OFFICE))
    (place,) = desk.open
    assert (place.fingerprint.verdict, place.count, place.tries) == ("PER_USER_MFA", 6, 7)
    desk.take(a_failure("p1", 2, network=OFFICE, **VAGUE))
    (place,) = desk.open
    assert (place.count, place.tries, place.newest.verdict) == (6, 8, "PER_USER_MFA")


def test_a_wide_group_that_could_not_tell_speaks_for_its_people_also_when_one_is_named() -> None:
    desk = Desk()
    desk.take(*people(5, network=OFFICE, **VAGUE))
    desk.restart()
    changes = desk.take(a_failure("p1", 2, network=OFFICE))
    (place,) = desk.open
    assert (place.fingerprint.verdict, place.count, place.tries) == (NAMES_NOBODY, 5, 6)
    assert (place.newest.verdict, whys(changes.quieted)) == (NAMES_NOBODY, [Quiet.SAME_GROUP])


def test_someone_who_got_a_name_does_not_count_towards_a_place_that_has_none() -> None:
    desk = Desk()
    desk.take(*people(4, network=OFFICE, **VAGUE), a_failure("p1", 1, network=OFFICE))
    desk.take(*people(1, 5, network=OFFICE, **VAGUE))
    assert [group.scope for group in desk.open] == [Scope.PERSON] * 5


# --- causes that people mend themselves ------------------------------------------------------------


def test_a_wrong_password_is_news_at_the_third_try_within_ten_minutes() -> None:
    desk = Desk()
    wrong = {"verdict": "WRONG_PASSWORD", "error_code": 50126}
    changes = desk.take(a_failure("ada", 0, **wrong), a_failure("ada", 11, **wrong))
    assert whys(changes.quieted) == [Quiet.BELOW_THRESHOLD]
    assert "mistyped" in changes.quieted[0].detail
    desk.restart()
    assert desk.take(a_failure("ada", 12, **wrong)).groups == ()
    (group,) = desk.take(a_failure("ada", 20, **wrong)).groups
    assert (group.tries, group.first_at) == (3, after(11))
    assert desk.take(a_failure("ada", 21, **wrong)).groups[0].tries == 4


def test_the_same_try_three_times_is_one_try() -> None:
    desk = Desk()
    wrong = a_failure("ada", 0, verdict="WRONG_PASSWORD", error_code=50126)
    for _ in range(4):
        assert desk.take(wrong).groups == ()
        desk.restart()


def test_tries_before_a_registration_do_not_count() -> None:
    desk = Desk()
    wrong = {"verdict": "WRONG_PASSWORD", "error_code": 50126}
    desk.take(a_failure("ada", 0, **wrong), a_failure("ada", 1, **wrong), a_registration("ada", 2))
    assert desk.take(a_failure("ada", 3, **wrong)).groups == ()
    assert desk.take(a_failure("ada", 4, **wrong)).groups == ()
    assert desk.take(a_failure("ada", 5, **wrong)).groups != ()


# --- a place ---------------------------------------------------------------------------------------


def test_five_people_behind_one_network_are_one_event() -> None:
    desk = Desk()
    for failure in people(4, network=OFFICE):
        desk.take(failure)
    assert len(desk.open) == 4
    changes = desk.take(*people(1, 5, network=OFFICE))
    (place,) = desk.open
    assert (place.fingerprint.scope, place.fingerprint.subject) == (Scope.PLACE, OFFICE)
    assert (place.count, place.tries, place.first_at) == (5, 5, after(1 / 60))
    assert len(place.absorbs) == 4
    absorbed = [group for group in changes.groups if group.state is GroupState.ABSORBED]
    assert {group.absorbed_by for group in absorbed} == {place.id}
    assert set(changes.deliver) == {place.id, *place.absorbs}
    assert whys(changes.quieted).count(Quiet.ABSORBED) == 5
    assert [affected.user_id for affected in place.people] == ["p5", "p4", "p3", "p2", "p1"]


def test_new_people_go_straight_to_the_wider_group() -> None:
    desk = Desk()
    desk.take(*people(5, network=OFFICE))
    desk.restart()
    changes = desk.take(a_failure("late", 9, network=OFFICE))
    (place,) = changes.groups
    assert place.count == 6
    assert [(one.why, one.detail) for one in changes.quieted] == [(Quiet.ABSORBED, place.id)]
    assert desk.take(a_failure("else", 9, network="198.51.100.0/24")).groups[0].scope is Scope.PERSON


def test_groups_that_nobody_heard_of_are_not_told_of() -> None:
    desk = Desk()
    changes = desk.take(*people(5, network=OFFICE))
    (place,) = changes.groups
    assert (place.count, place.absorbs) == (5, ())


def test_five_people_in_an_hour_are_five_people() -> None:
    desk = Desk()
    desk.take(*(a_failure(f"p{n}", 11 * n, network=OFFICE) for n in range(5)))
    assert len(desk.open) == 5


def test_people_without_a_network_are_at_no_place() -> None:
    desk = Desk()
    desk.take(*people(6, network=""))
    assert len(desk.open) == 6


def test_someone_alone_who_turns_up_at_the_place_joins_it() -> None:
    desk = Desk()
    desk.take(a_failure("ada", 0, network="home"))
    desk.take(*people(5, network=OFFICE))
    changes = desk.take(a_failure("ada", 1, network=OFFICE))
    (place,) = desk.open
    assert (place.count, place.tries) == (6, 7)
    assert {group.state for group in changes.groups} == {GroupState.OPEN, GroupState.ABSORBED}


def test_another_cause_of_someone_at_the_place_stays_their_own() -> None:
    desk = Desk()
    desk.take(*people(5, network=OFFICE))
    desk.take(a_failure("p1", 2, network=OFFICE, verdict="CA_BLOCK", error_code=53003))
    assert sorted(group.scope for group in desk.open) == [Scope.PERSON, Scope.PLACE]


def test_a_place_resolves_when_all_have_registered() -> None:
    desk = Desk()
    desk.take(*people(5, network=OFFICE))
    desk.take(*(a_registration(f"p{n}", 20 + n) for n in range(1, 5)))
    (place,) = desk.open
    assert (place.registered, place.still_blocked) == (4, 1)
    desk.take(a_failure("p1", 30, network=OFFICE))
    (place,) = desk.open
    assert (place.registered, place.count) == (3, 5)
    changes = desk.take(a_registration("p1", 31), a_registration("p5", 32))
    (resolved,) = changes.groups
    assert (resolved.state, resolved.registered) == (GroupState.RESOLVED, 5)
    assert Fixed("PER_USER_MFA", after(30), after(31)) in changes.fixed


def test_someone_who_went_elsewhere_does_not_count_towards_a_place() -> None:
    desk = Desk()
    desk.take(*people(4, network=OFFICE), a_failure("p1", 2, network="home"), *people(1, 5, network=OFFICE))
    assert len(desk.open) == 5


def test_a_place_is_found_again_whatever_its_people_met_since() -> None:
    desk = Desk()
    desk.take(*people(5, network=OFFICE))
    desk.take(a_failure("p1", 2, network=OFFICE, error_code=50079))
    desk.restart()
    (place,) = desk.take(a_failure("late", 3, network=OFFICE)).groups
    assert (place.scope, place.count) == (Scope.PLACE, 6)


def test_someone_who_registered_before_does_not_count_towards_a_place() -> None:
    desk = Desk()
    desk.take(*people(4, network=OFFICE), a_registration("p1", 2), *people(1, 5, network=OFFICE))
    assert len(desk.open) == 4


# --- a policy or the tenant ------------------------------------------------------------------------

BLOCKED: dict[str, Any] = {"verdict": "CA_BLOCK", "error_code": 53003}


def test_fifty_people_stopped_by_one_policy_are_its_outage() -> None:
    desk = Desk()
    desk.take(*people(45, policy_id="pol-1", **BLOCKED), *people(4, 46, policy_id="", **BLOCKED))
    assert len(desk.open) == 49
    desk.take(*people(1, 50, policy_id="pol-1", **BLOCKED))
    (outage,) = desk.open
    assert (outage.scope, outage.fingerprint.subject) == (Scope.POLICY, "pol-1")
    assert outage.count == 50
    desk.take(*people(1, 55, policy_id="", **BLOCKED))
    (outage,) = desk.open
    assert (outage.newest.policy_id, outage.count, outage.last_at) == ("pol-1", 51, after(55 / 60))
    desk.restart()
    desk.take(*people(100, 40, policy_id="pol-1", **BLOCKED))
    (outage,) = desk.open
    assert (outage.count, outage.tries) == (139, 151)


def test_fifty_people_without_one_policy_are_the_tenants_outage() -> None:
    desk = Desk()
    desk.take(*people(44, policy_id="pol-1", **BLOCKED), *people(6, 45, policy_id="pol-2", **BLOCKED))
    (outage,) = desk.open
    assert outage.scope is Scope.TENANT
    assert outage.fingerprint.subject.endswith(":53003")


def test_an_office_that_a_policy_stopped_becomes_the_policys_outage() -> None:
    desk = Desk()
    desk.take(*people(20, policy_id="pol-1", network=OFFICE, **BLOCKED))
    assert desk.open[0].scope is Scope.PLACE
    desk.restart()
    desk.take(a_registration("p1", 1), *people(30, 21, policy_id="pol-1", **BLOCKED))
    assert len(desk.open) == 31
    changes = desk.take(*people(1, 51, policy_id="pol-1", **BLOCKED))
    (outage,) = desk.open
    assert (outage.scope, outage.count, outage.tries, outage.registered) == (Scope.POLICY, 51, 51, 1)
    assert len(outage.absorbs) == 20
    assert len(changes.groups) == 32


def test_a_late_row_of_someone_who_has_registered_does_not_count_towards_an_outage() -> None:
    desk = Desk(Thresholds(place_at=2, outage_at=4))
    desk.take(*people(3, network=OFFICE), a_registration("p1", 2))
    desk.take(a_failure("p1", 1, network=OFFICE, read_at=after(3)), a_failure("p4", 2))
    assert sorted(group.scope for group in desk.open) == [Scope.PERSON, Scope.PLACE]


def test_five_thousand_people_in_ten_minutes_are_one_group() -> None:
    desk = Desk()
    failures = [
        a_failure(f"p{n}", n * 10 / 5000, policy_id="pol-1", network=f"net-{n % 40}", **BLOCKED)
        for n in range(5000)
    ]
    for start in range(0, 5000, 400):
        desk.take(*failures[start : start + 400])
    (outage,) = desk.open
    assert (outage.scope, outage.count, outage.tries, len(outage.people)) == (Scope.POLICY, 5000, 5000, 5)
    delivered = [group_id for changes in desk.all_changes for group_id in changes.deliver]
    assert set(delivered) == {outage.id}


def test_an_outage_ends_after_its_window_and_its_people_are_not_told_of_again() -> None:
    desk = Desk()
    desk.take(*people(50, policy_id="pol-1", **BLOCKED))
    desk.tick(after(1) + WINDOW)
    assert not desk.open
    desk.restart()
    changes = desk.take(
        *(same(one, id=f"again-{one.id}", read_at=after(300)) for one in people(50, **BLOCKED))
    )
    assert changes.groups == ()
    assert desk.take(a_failure("p1", 301, **BLOCKED)).groups[0].scope is Scope.PERSON


def test_a_wide_group_is_found_again_when_only_groups_were_kept() -> None:
    desk = Desk()
    desk.take(*people(5, network=OFFICE))
    desk.notes.clear()
    desk.restart()
    assert desk.take(a_failure("late", 9, network=OFFICE)).groups[0].scope is Scope.PLACE


def test_the_same_sightings_give_the_same_ids() -> None:
    stream = people(30, network=OFFICE)
    found = []
    for _ in range(2):
        grouping = Grouping(Thresholds())
        for failure in stream:
            grouping.take(failure, NOW)
        found.append([group.id for group in grouping.changes().groups])
    assert found[0] == found[1]
