"""Every alert card is one that Slack takes and people can read, whatever stands in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.domain.alerts import AlertView, GroupState, Scope
from bot.render import labels
from bot.render.alert_card import alert_card, alert_text, minimal_alert_card, thread_line
from bot.render.alert_digest import alert_digest, minimal_alert_digest
from bot.render.blocks import Message
from tests.render.alerts import a_group, a_message, a_sighting, a_view, everything, resolved
from tests.render.cards import NOW
from tests.render.test_cards import HOSTILE, anything, check, labels_of

LONG_DEVICE = "Büro-MacBook-" + "M" * 190
LONG_UPN = f"{'a' * 48}@contoso.com"


def taken(message: Message) -> str:
    """Assert that both validators take it; return what people see."""
    for block in message.blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    return check(message)


def pictures(view: AlertView) -> list[Message]:
    return [
        alert_card(view),
        minimal_alert_card(view),
        thread_line(view),
        alert_digest([view] * 3),
        minimal_alert_digest([view] * 3),
    ]


@settings(max_examples=40, deadline=None)
@given(anything, st.sampled_from(list(Scope)), st.sampled_from(list(GroupState)), st.booleans())
def test_words_of_others_never_break_a_card(text: str, scope: Scope, state: GroupState, late: bool) -> None:
    view = everything(text, scope, count=7, state=state, is_late=late, registered=2)
    for message in pictures(view):
        taken(message)


@pytest.mark.parametrize("text", [*HOSTILE, LONG_DEVICE, LONG_UPN, "م" * 200, "👩🏽‍💻" * 60])
def test_hostile_and_long_words_are_taken(text: str) -> None:
    for message in pictures(everything(text, Scope.PLACE, count=6)):
        taken(message)


def test_a_card_says_who_what_since_when_how_often_and_on_which_mac() -> None:
    card = alert_card(a_view())
    seen = taken(card)
    head, *rest = seen.splitlines()
    assert head == "■ Blocked: Per-user MFA blocks Platform SSO"
    for words in (
        "Mira Holm  ·  mira.holm@contoso.com",
        "Legacy per-user MFA stops the background request",
        "23 Nov 2026, 11:46 UTC",
        "3 tries, the last 23 Nov 2026, 11:57 UTC",
        "Mira's MacBook",
        "read 23 Nov 2026, 11:59 UTC",
    ):
        assert words in "\n".join(rest)
    assert labels_of(card) == ["Diagnose", "Request disable", "Silence", "Acknowledge"]
    assert alert_text(a_view()) == "■ Blocked: Per-user MFA blocks Platform SSO (Mira Holm, 3 tries)"


def test_buttons_carry_the_groups_id_and_nothing_else() -> None:
    for block in alert_card(everything()).blocks:
        for element in block.get("elements", []):
            assert element.get("value", "g-1") == "g-1"


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (GroupState.OPEN, ["Diagnose", "Silence", "Acknowledge"]),
        (GroupState.ENDED, ["Diagnose"]),
        (GroupState.RESOLVED, []),
        (GroupState.ABSORBED, []),
    ],
)
def test_a_state_offers_what_makes_sense(state: GroupState, buttons: list[str]) -> None:
    view = a_view(group=a_group(None, Scope.PLACE, count=7, state=state), can_request_disable=False)
    assert labels_of(alert_card(view)) == buttons


def test_the_change_is_offered_only_where_it_may_help() -> None:
    assert labels.REQUEST_DISABLE not in labels_of(alert_card(a_view(can_request_disable=False)))


def test_an_acknowledged_alert_says_by_whom_and_offers_it_no_more() -> None:
    card = alert_card(everything())
    seen = taken(card)
    assert "◆ Looked after by @U0HANA" in seen
    assert "silenced until 23 Nov 2026, 13:00 UTC by @U0OTTO: The fix is rolled out today." in seen
    assert labels.ACKNOWLEDGE not in labels_of(card)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope.PLACE, "■ Blocked in one place, 57 people: Per-user MFA blocks Platform SSO"),
        (Scope.POLICY, "■ Outage, 57 people: one Conditional Access policy stops them"),
        (Scope.TENANT, "■ Outage, 57 people: all meet AADSTS50076"),
    ],
)
def test_a_wide_failure_says_how_many_and_what_they_share(scope: Scope, words: str) -> None:
    seen = taken(alert_card(a_view(group=a_group(None, scope, count=57, registered=4))))
    assert seen.splitlines()[0] == words
    assert "57 people: 53 still blocked, 4 registered since." in seen
    assert "and 52 more" in seen


def test_an_outage_names_the_policy_and_who_changed_it_when() -> None:
    seen = taken(alert_card(everything(None, Scope.POLICY, count=57)))
    assert "Policy Require MFA for everyone" in seen
    assert "△ Changed by Paul Aster 23 Nov 2026, 11:40 UTC, 6 min before the first failure" in seen


def test_a_place_that_one_policy_stops_says_who_changed_it() -> None:
    changed = "△ Changed by Paul Aster 23 Nov 2026, 11:40 UTC, 6 min before the first failure"
    assert changed in taken(alert_card(everything(None, Scope.PLACE, count=7)))
    other = everything(None, Scope.PLACE, count=7, newest=replace(a_sighting(), policy_id="", policy_name=""))
    silent = everything(None, Scope.PLACE, count=7, state=GroupState.ABSORBED), everything(None), other
    for view in silent:
        assert changed not in taken(alert_card(view))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy_change_unknown": "refused", "shown": a_message()}, "grant AuditLog.Read.All"),
        ({"policy_change_unknown": "too_slow", "shown": a_message()}, "did not answer in time"),
        ({"policy_change_unknown": "A reason.", "shown": a_message()}, "is not known. A reason."),
        ({"shown": a_message()}, "holds no change of this policy"),
    ],
)
def test_an_unknown_change_is_said(changes: dict[str, Any], words: str) -> None:
    group = a_group(None, Scope.POLICY, count=57)
    assert words in taken(alert_card(a_view(group=group, **changes)))
    assert "audit log" not in taken(alert_card(a_view(group=group)))  # not looked up yet


def test_a_resolved_card_says_how_long_it_took() -> None:
    seen = taken(alert_card(a_view(group=resolved(a_group()))))
    assert seen.splitlines()[0] == "✓ Resolved: Mira Holm has registered"
    assert "It took 12 min from the first failure to the registration 23 Nov 2026, 11:58 UTC" in seen
    wide = taken(alert_card(a_view(group=resolved(a_group(None, Scope.PLACE, count=5)))))
    assert wide.splitlines()[0] == "✓ Resolved: all 5 people have registered"


def test_a_late_alert_is_marked() -> None:
    assert "◷ Late" in taken(alert_card(a_view(group=a_group(is_late=True))))
    slow = a_sighting(at=NOW - timedelta(minutes=10))
    assert "Entra showed it 9 min after it happened" in taken(alert_card(a_view(group=a_group(newest=slow))))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("not_in_channel", "invite it there with /invite"),
        ("is_archived", "it is archived"),
        ("shared_channel", "shared with another organisation"),
        ("restricted_action", "a workspace administrator can allow it"),
        ("odd_thing", "Slack says odd_thing"),
        ("", "did not take it."),
    ],
)
def test_a_card_in_another_channel_says_where_it_belongs_and_what_to_do(code: str, words: str) -> None:
    seen = taken(alert_card(a_view(meant_for="C0ALERTS", refused_with=code)))
    assert "△ This was meant for #C0ALERTS" in seen
    assert words in seen


def test_threads_say_what_is_new() -> None:
    group = a_group(None, Scope.PLACE, count=5, registered=1)
    people = (replace(group.people[0], registered_at=NOW), *group.people[1:])
    before = a_message(told_count=5)
    fixed = taken(thread_line(a_view(group=replace(group, people=people), shown=before)))
    assert "✓ Mira Holm registered 23 Nov 2026, 12:00 UTC, 14 min after the first failure." in fixed
    assert "4 people are still blocked." in fixed
    unnamed = taken(thread_line(a_view(group=group, shown=before)))
    assert unnamed.startswith("✓ 1 person has registered by now.")
    grown = a_group(None, Scope.PLACE, count=12)
    assert taken(thread_line(a_view(group=grown, shown=before))).startswith("12 people by now")
    done = taken(thread_line(a_view(group=resolved(a_group()), shown=before)))
    assert done.startswith("✓ Resolved")


@pytest.mark.parametrize("number", [1, 33, 300, 1000])
def test_a_digest_of_any_size_is_taken_and_counts_everybody(number: int) -> None:
    verdicts = ("PER_USER_MFA", "DEVICE_LIMIT", "CA_BLOCK")
    views = [
        a_view(group=a_group(id=f"g-{n}", newest=a_sighting(verdict=verdicts[n % 3], user_name=f"P{n}")))
        for n in range(number)
    ]
    seen = taken(alert_digest(views))
    assert f"■ {number} new registration failure" in seen
    rows = sum(line.startswith("• ") for line in seen.splitlines())
    more = [int(line.split()[2]) for line in seen.splitlines() if line.startswith("… and")]
    assert rows + sum(more) == number
    assert number > 500 or not more


def test_a_digest_in_another_channel_says_so() -> None:
    seen = taken(alert_digest([a_view(meant_for="C0ALERTS", refused_with="is_archived")]))
    assert "This was meant for #C0ALERTS" in seen


def test_every_version_of_a_card_has_block_ids_of_its_own() -> None:
    seen: set[str] = set()
    for version, seconds in product((1, 2), (0, 1)):
        view = a_view(group=a_group(version=version), at=NOW + timedelta(seconds=seconds))
        ids = {block["block_id"] for block in alert_card(view).blocks}
        assert not ids & seen
        seen |= ids
