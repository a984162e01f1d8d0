from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.approval import ChangeKind, Decision, Failure, State, Target
from bot.domain.diagnosis import Coverage, Exhibit, Grade
from bot.domain.hours import open_hours
from bot.domain.people import PerUserMfaState, User
from bot.domain.risk import problem_with_note
from bot.ports import News, SwitchState
from bot.render import labels, safe
from bot.render.blocks import Message, View
from bot.render.choices import IDENTITY_CHECKS, TIME_BOX_WORDS, TIME_BOXES, hours_in_words
from bot.render.diagnosis_card import diagnosis_card
from bot.render.failure import overtaken
from bot.render.help import OUTSIDE, help_message
from bot.render.home import CHECKING, Beside, home_view, words_home
from bot.render.lists import history_list, pending_list
from bot.render.modals import (
    ROWS_SHOWN,
    deny_modal,
    hold_subject,
    lift_modal,
    loading_modal,
    paste_modal,
    request_modal,
    request_subject,
    timeline_modal,
    undo_modal,
    user_subject,
    words_modal,
)
from bot.render.news import channel_news, personal_news, thread_news
from bot.render.request_card import minimal_card, request_card
from bot.render.shared_card import shared_card
from bot.render.status import Check, status_message
from bot.render.step_up import step_up_message
from bot.render.verdicts import HEADLINES, headline, sureness
from sandbox.slack.block_kit import validate_message, validate_view
from sandbox.slack.plain import plain_text
from tests.fakes import some_rules
from tests.render.cards import MIRA, NOW, a_diagnosis, a_person, a_reader, a_request, a_vote

HOSTILE = (
    "<!channel> <@U1> <http://evil.example|Reset your password>",
    "*Approved* by CISO\n✅ ~approved~ `x` :white_check_mark:",
    "\u202egnp.exe\u202c \u200bzero\u200bwidth",
    "שלום עולם",
    "👩\u200d👩\u200d👧\u200d👦" * 900,
    "a" + "́" * 400,
    "&<>" * 2000,
    "x" * 5000,
    "\ud800 lone",
    "",
    "   ",
    "{{7*7}} ${jndi:ldap://evil} '; FLUSHALL",
)

anything = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=200),
    st.text(alphabet="&<>|*_~`:@!#\n 👍é", max_size=400),
    st.text(max_size=20).map(lambda text: text * 250),
)


def check(message: Message) -> str:
    """Assert that Slack would take it; return what people see."""
    payload = {"text": message.text, "blocks": message.blocks}
    assert validate_message(payload) == []
    assert message.text.strip()
    assert safe.width(message.text) < 4000
    ids = [block["block_id"] for block in message.blocks if "block_id" in block]
    assert len(ids) == len(set(ids))
    markup = "\n".join([message.text, *mrkdwn_in(message.blocks)])
    assert "<!channel>" not in markup
    assert "<@U1>" not in markup
    for ours in ("<https://learn.microsoft.com/", "<https://contoso.slack.com/archives/"):
        markup = markup.replace(ours, "")
    assert "<http" not in markup
    return plain_text(message.blocks)


def mrkdwn_in(node: Any) -> list[str]:
    """Every text that Slack would read as markup."""
    if isinstance(node, list):
        return [text for child in node for text in mrkdwn_in(child)]
    if not isinstance(node, dict):
        return []
    if node.get("type") == "mrkdwn":
        assert node["verbatim"] is True
        return [node["text"]]
    return [text for child in node.values() for text in mrkdwn_in(child)]


def check_view(view: View) -> str:
    assert validate_view(view) == []
    assert "<!channel>" not in "".join(mrkdwn_in(view["blocks"]))
    return plain_text(view["blocks"])


def card(diagnosis: Any, **changes: Any) -> Message:
    return diagnosis_card(diagnosis, answer_id="answer-1", now=NOW, **changes)


def labels_of(message: Message) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_every_card_validates_whatever_others_wrote(text: str) -> None:
    diagnosis = a_diagnosis(text)
    check(card(diagnosis, can_request=False, trouble=text))
    check(card(replace(diagnosis, user=None, can_request_disable=False, why_not=text), time_zone=text))
    check(shared_card(diagnosis, answer_id="a", shared_by="U0HANNA", now=NOW))
    check(status_message([Check("Graph", text, text), Check("Store", text)], key="k"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_every_request_validates_whatever_others_wrote(text: str) -> None:
    votes = (a_vote(Decision.APPROVE, text), a_vote(reason=text))
    request = a_request(text, outcome=text, votes=votes, warnings=(text,) * 3, undoes=text, step_up=True)
    for state in State:
        check(request_card(replace(request, state=state), NOW))
        check(minimal_card(replace(request, state=state), NOW))
        check(overtaken(replace(request, state=state), text))
    restore = replace(request, wish=replace(request.wish, kind=ChangeKind.RESTORE, coverage=None))
    check(request_card(restore, NOW))
    check(step_up_message(request, "https://bot.contoso.com/step-up/abc", timedelta(minutes=5)))
    reader = a_reader(text)
    check(pending_list([request] * 60, now=NOW, key="k", reader=reader, links={"req-1": text}))
    check(history_list(text, [request] * 60, key="k"))
    check(history_list(text, [], key="k"))


@settings(max_examples=40, deadline=None)
@given(anything)
def test_every_modal_validates_whatever_others_wrote(text: str) -> None:
    view = timeline_modal(a_diagnosis(text), now=NOW, time_zone=text)
    check_view(view)
    check_view(words_modal("Sign-ins", safe.prose(text) or "–"))
    for news in News:
        request = a_request(text, votes=(a_vote(reason=text),), outcome=text)
        check(thread_news(request, news, text))
        check(personal_news(request, news, "U0HANNA", text))
        check(personal_news(request, news, "U0PAUL", text))
    for news in (News.FROZEN, News.LIFTED):
        check(channel_news(news, text, by=text))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_every_form_and_home_validates_whatever_others_wrote(text: str) -> None:
    held = SwitchState(True, text, text, NOW)
    about = (user_subject(User(MIRA, text, text)), request_subject(a_request(text)), hold_subject(held))
    for form in (request_modal, deny_modal, undo_modal, lift_modal, paste_modal):
        for subject in about:
            check_view(form("{}", subject))
    check_view(words_home(CHECKING.format(words=safe.prose(text))))
    rules = some_rules(hours=open_hours("Mon-Fri 07:00-19:00 Europe/Berlin"), step_up=True)
    for reader in (a_reader(text), a_reader(text, entra=None, approves=False), a_reader(text, asks=False)):
        requests = [a_request(text, warnings=(text,))] * 60
        check_view(
            home_view(reader, requests, rules, now=NOW, beside=Beside(held=held), links={"req-1": text})
        )
        check_view(home_view(reader, (), rules, now=NOW, links={}))


@pytest.mark.parametrize(
    "view",
    [
        request_modal("a" * 4000),
        deny_modal("{}"),
        undo_modal("{}"),
        lift_modal("{}"),
        paste_modal("id"),
        loading_modal(),
    ],
    ids=["request", "deny", "undo", "lift", "paste", "loading"],
)
def test_forms_validate(view: View) -> None:
    check_view(view)


def test_long_lists_stay_inside_slacks_limits() -> None:
    many = ("a rather long line of words " * 8,) * 300
    crowded = a_diagnosis(
        steps=many,
        unknown=many,
        contributing=many,
        evidence=a_diagnosis().evidence * 200,
        coverage=Coverage(Grade.PARTIAL, many, many),
        timeline=a_diagnosis().timeline * 200,
        links=("https://learn.microsoft.com/" + "x" * 500,) * 30,
    )
    check(card(crowded))
    check_view(timeline_modal(crowded, now=NOW))
    assert ROWS_SHOWN < len(timeline_modal(crowded, now=NOW)["blocks"]) <= 100
    check(request_card(a_request(quorum_because=many, votes=(a_vote(reason="x" * 3000),) * 30), NOW))


def test_what_was_read_stands_below_its_source_told_once() -> None:
    logs = [Exhibit(f"Fact {n}", "x" * 290, "Microsoft Graph auditLogs/signIns", NOW) for n in range(20)]
    state = Exhibit("Per-user MFA state", "enforced", "Microsoft Graph authentication/requirements", NOW)
    seen = check_view(timeline_modal(a_diagnosis(evidence=(*logs, state)), now=NOW))
    assert seen.count("auditLogs/signIns") == 1
    assert seen.index("auditLogs/signIns") < seen.index("Fact 0") < seen.index("Fact 19: x")
    assert seen.index("Fact 19: x") < seen.index("authentication/requirements") < seen.index(": enforced")


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        ("failed", 50076, "■ failed  ·  23 Nov 2026, 12:00 UTC  ·  AADSTS50076\nin the background  ·  why\n"),
        ("cleared", 50076, "● cleared  ·  23 Nov 2026, 12:00 UTC  ·  AADSTS50076\n"),
        ("other app", 0, "□ other app  ·  23 Nov 2026, 12:00 UTC  ·  success\n"),
        ("succeeded", 0, "● succeeded  ·  23 Nov 2026, 12:00 UTC\n"),
    ],
)
def test_a_sign_in_begins_with_what_it_came_to(outcome: str, code: int, words: str) -> None:
    row = replace(a_diagnosis().timeline[0], at=NOW, outcome=outcome, error_code=code)
    row = replace(row, meaning="why", is_interactive=False)
    assert words in check_view(timeline_modal(a_diagnosis(timeline=(row,)), now=NOW))


def test_a_warned_card_recommends_no_decision() -> None:
    def styles(**changes: Any) -> list[str | None]:
        blocks = request_card(a_request(**changes), NOW).blocks
        return [
            one.get("style") for block in blocks for one in block.get("elements", ()) if "action_id" in one
        ]

    assert styles() == ["primary", "danger", None]
    assert styles(warnings=("No method is registered.",)) == [None, "danger", None]
    assert styles(intact=False) == [None, "danger", None]


@pytest.mark.parametrize("state", [State.DENIED, State.CANCELLED, State.EXPIRED])
def test_a_card_that_ended_without_a_change_says_how_to_ask_again(state: State) -> None:
    again = "To ask again, start with /psso why mira.holm@contoso.com."
    assert again in check(request_card(a_request(state=state), NOW))
    assert again not in check(request_card(a_request(state=state, kind=ChangeKind.RESTORE), NOW))


def test_the_verdict_comes_first_and_needs_no_emoji() -> None:
    seen = check(card(a_diagnosis())).splitlines()
    assert seen[0] == "■ Blocked: Per-user MFA blocks Platform SSO"
    assert seen[1].startswith("almost certain (97 %)")
    assert "Mira Holm" in seen[1]


def test_the_answer_says_why_what_to_do_and_what_is_missing() -> None:
    seen = check(card(a_diagnosis()))
    for words in (
        "AADSTS50076",
        "What to do: Ask for per-user MFA to be turned off.",
        "1. Request the change.",
        "Devices could not be read",
        "PARTIAL",
        "Require MFA for everyone",
        "Read 40 s ago",
        "Newest broker sign-in 12 min ago",
        "15-30 min",
    ):
        assert words in seen


def test_request_disable_is_offered_only_when_it_helps() -> None:
    assert labels_of(card(a_diagnosis()))[0] == labels.REQUEST_DISABLE
    refused = card(a_diagnosis(can_request_disable=False, why_not="per-user MFA is already off"))
    assert labels.REQUEST_DISABLE not in labels_of(refused)
    assert "Request disable is not offered: per-user MFA is already off" in plain_text(refused.blocks)
    assert labels.REQUEST_DISABLE not in labels_of(card(a_diagnosis(), can_request=False))


def test_buttons_carry_opaque_ids_only() -> None:
    made = card(a_diagnosis())
    values = {e["value"] for b in made.blocks if b["type"] == "actions" for e in b["elements"]}
    assert values == {"answer-1"}
    asked = request_card(a_request(), NOW)
    values = {e["value"] for b in asked.blocks if b["type"] == "actions" for e in b["elements"]}
    assert values == {"req-1:1"}


def test_a_shared_card_names_the_person_and_nothing_more() -> None:
    shared = check(shared_card(a_diagnosis(), answer_id="a", shared_by="U0HANNA", now=NOW))
    assert "Mira Holm" in shared
    for private in ("contoso.com", "MacBook", "c-20", "DE", "enforced"):
        assert private not in shared


def test_a_request_has_the_buttons_of_its_state_on_both_cards() -> None:
    expected = {
        State.PENDING: [labels.APPROVE, labels.DENY, labels.CANCEL_REQUEST],
        State.VERIFIED: [labels.UNDO],
    }
    for state in State:
        request = a_request(state=state)
        assert labels_of(request_card(request, NOW)) == expected.get(state, [])
        assert labels_of(minimal_card(request, NOW)) == expected.get(state, [])
        restore = a_request(state=state, kind=ChangeKind.RESTORE)
        assert labels.UNDO not in labels_of(request_card(restore, NOW))


def test_approve_asks_once_more_with_the_name_and_the_object_id() -> None:
    (buttons,) = [block for block in request_card(a_request(), NOW).blocks if block["type"] == "actions"]
    approve = buttons["elements"][0]
    assert approve["style"] == "primary"
    asked = approve["confirm"]["text"]["text"]
    assert "Mira Holm" in asked
    assert "00000000-0000-4000-8000-000000000001" in asked
    assert "will be set to disabled" in asked


def test_warnings_come_before_everything_else() -> None:
    warned = a_request(warnings=("Nothing else would demand MFA of this user.", "No method is registered."))
    seen = check(request_card(warned, NOW)).splitlines()
    assert seen[0] == "⚠ WARNING: read this before you decide"
    assert seen[1] == "• Nothing else would demand MFA of this user."
    assert request_card(warned, NOW).text.startswith("⚠ WARNING")
    assert "⚠ WARNING: Nothing else would demand MFA" in check(minimal_card(warned, NOW))
    assert "⚠ WARNING" in check(pending_list([warned], now=NOW, key="k"))
    assert "WARNING" not in check(request_card(a_request(), NOW))


def test_a_time_box_and_a_step_up_are_said() -> None:
    seen = check(request_card(a_request(restore_after_hours=72.0, step_up=True), NOW))
    assert "For a limited time: restored after 3 days unless the Mac has registered" in seen
    assert "a fresh sign-in to Entra" in seen


def test_a_restore_says_what_it_takes_back() -> None:
    restore = a_request(
        kind=ChangeKind.RESTORE,
        before=PerUserMfaState.DISABLED,
        wanted=PerUserMfaState.ENFORCED,
        undoes="req-0",
        coverage=None,
        identity_check="",
    )
    seen = check(request_card(restore, NOW))
    for words in ("set per-user MFA back to enforced", "disabled → enforced", "Takes back request req-0"):
        assert words in seen
    for words in ("Coverage", "Verdict", "not given"):
        assert words not in seen


def test_the_request_card_holds_what_an_approver_must_know() -> None:
    seen = check(request_card(a_request(), NOW))
    for words in (
        "00000000-0000-4000-8000-000000000001",
        "7d0e5f7c-0000-4000-8000-00000000c0de",
        "enforced",
        "disabled",
        "Per-user MFA blocks Platform SSO, almost certain (97 %)",
        "FULL",
        "Cannot register the new Mac",
        "INC-4711",
        "Called back on the HR number",
        "Needs 2 approvals of different people (coverage is partial), 0 so far",
        "Any approver may decide, except @U0HANNA who asked and Mira Holm",
        "Still asked for MFA by Require MFA for everyone",
        "28 min left to decide, evidence 3 min old",
        "To take it back",
        "Apple Business enrolment",
    ):
        assert words in seen


def test_a_gap_is_marked_and_none_is_not_spoken_of() -> None:
    gap = "“Require MFA for everyone” leaves out Android."
    holed = a_request(coverage=Coverage(Grade.PARTIAL, ("Require MFA for everyone",), (gap,)))
    seen = check(request_card(holed, NOW))
    assert "PARTIAL: Another control demands MFA of this person, but not everywhere" in seen
    assert f"▲ Gap: {gap}" in seen
    assert "Gap" not in check(request_card(a_request(), NOW))


def test_unchecked_coverage_is_said() -> None:
    assert "Coverage was not checked" in check(request_card(a_request(coverage=None), NOW))


def test_a_new_version_gets_new_block_ids() -> None:
    first = {b["block_id"] for b in request_card(a_request(version=1), NOW).blocks}
    second = {b["block_id"] for b in request_card(a_request(version=2), NOW).blocks}
    assert not first & second


def test_a_decided_card_says_who_and_when() -> None:
    denied = a_request(state=State.DENIED, votes=(a_vote(Decision.DENY, "call first"),), decided_at=NOW)
    seen = check(request_card(denied, NOW))
    assert "Denied by @U0PAUL" in seen
    assert "call first" in seen
    verified = a_request(state=State.VERIFIED, votes=(a_vote(),), finished_at=NOW)
    assert "Read back as disabled" in check(request_card(verified, NOW))
    for state in (State.APPROVED, State.EXECUTING):
        assert "Read back as" not in check(request_card(a_request(state=state, decided_at=NOW), NOW))


def test_a_name_with_hidden_characters_is_flagged() -> None:
    spoofed = a_request("Mir\u0430\u202e Holm")  # a Cyrillic letter, and a direction override
    seen = check(request_card(spoofed, NOW))
    assert "Look twice at the name" in seen
    assert "Look twice" not in check(request_card(a_request(), NOW))


def test_a_tampered_request_is_flagged() -> None:
    assert "does not carry our signature" in check(request_card(a_request(intact=False), NOW))


@pytest.mark.parametrize("failure", list(Failure))
def test_a_failure_says_what_to_do(failure: Failure) -> None:
    request = a_request(state=State.FAILED, failure=failure, outcome="Graph said 403.")
    said = plain_text(personal_news(request, News.FAILED, "U0HANNA").blocks)
    assert "Your request to turn per-user MFA off for Mira Holm\n■ Not done. Graph said 403." in said
    assert len(said) > 100


def test_only_verified_news_says_done() -> None:
    for news in News:
        said = plain_text(thread_news(a_request(votes=(a_vote(),)), news).blocks)
        assert ("Done" in said) is said.startswith("● Done") is (news is News.VERIFIED)


def test_every_headline_has_a_shape_and_a_word() -> None:
    for name in HEADLINES:
        assert headline(name).tone.mark[0] in "■▲●?"
    assert headline("SOMETHING_NEW").title == "Something new"


def test_confidence_in_words_and_number() -> None:
    assert sureness(0.97) == "almost certain (97 %)"
    assert sureness(0.45) == "unsure (45 %)"
    assert sureness(0.0) == "nothing is proven"


def test_no_broker_sign_in_is_said() -> None:
    seen = check(card(a_diagnosis(newest_broker_sign_in_at=None)))
    assert "No sign-in by the Microsoft Authentication Broker" in seen


def test_links_outside_known_sites_are_not_shown() -> None:
    raw = json.dumps(card(a_diagnosis()).blocks)
    assert "evil.example" not in raw
    assert "<https://learn.microsoft.com/entra/|Microsoft Learn>" in raw


def test_every_news_says_its_detail_and_what_to_do() -> None:
    for news in News:
        for said in (
            thread_news(a_request(), news, "a detail"),
            personal_news(a_request(), news, "U1", "a detail"),
        ):
            assert "a detail" in check(said)
    assert "revoke their sessions" in check(thread_news(a_request(), News.METHODS_CHANGED))
    assert "there is another cause" in check(thread_news(a_request(), News.STILL_BLOCKED))
    assert labels_of(channel_news(News.FROZEN, "too many")) == [labels.LIFT]
    assert labels_of(channel_news(News.LIFTED, "all fine")) == []


def test_a_late_click_learns_the_state_who_and_when() -> None:
    voted = (a_vote(Decision.DENY),)
    denied = a_request(state=State.DENIED, votes=voted, decided_at=NOW)
    assert "was denied already, 23 Nov 2026, 12:00 UTC. @U0PAUL denied it." in check(overtaken(denied))
    done = a_request(state=State.VERIFIED, votes=(a_vote(),), finished_at=NOW)
    assert "was carried out already, 23 Nov 2026, 12:00 UTC. Approved by @U0PAUL." in check(overtaken(done))
    assert "@U0HANNA withdrew it" in check(overtaken(a_request(state=State.CANCELLED)))
    assert "@U0HANNA asked for it" in check(overtaken(a_request()))


def test_pending_is_grouped_for_its_reader() -> None:
    mine = a_request(id="req-2", requester=a_person("U0PAUL", 3))
    about_me = a_request(id="req-3", target=Target(a_person("U0PAUL", 3).object_id, "p@contoso.com", "Paul"))
    links = {"req-1": "https://contoso.slack.com/archives/C1/p1", "req-2": "javascript:alert(1)"}
    made = pending_list([a_request(), mine, about_me], now=NOW, key="k", reader=a_reader(), links=links)
    seen = check(made)
    heads = [line for line in seen.splitlines() if line.startswith(("Waiting for you", "Asked by", "Others"))]
    assert heads == ["Waiting for you (1)", "Asked by you (1)", "Others (1)"]
    assert seen.index("Waiting for you") < seen.index("req-1") < seen.index("req-2") < seen.index("req-3")
    assert seen.count("Open the card") == 2
    assert "javascript" not in json.dumps(made.blocks)


def test_help_and_home_fit_the_reader() -> None:
    asker, approver = a_reader(approves=False), a_reader()
    guest = a_reader(belongs=False)
    assert labels.LIFT not in check(help_message(asker))
    assert labels.LIFT in check(help_message(approver))
    assert check(help_message(guest)) == plain_text(words_home(OUTSIDE)["blocks"])
    assert "the helpdesk uses it" in check(help_message(a_reader(asks=False)))
    held = SwitchState(True, "U0PAUL", "eleven changes in an hour", NOW)
    homes = {
        reader: check_view(
            home_view(reader, [a_request()], some_rules(), now=NOW, beside=Beside(held=held), links={})
        )
        for reader in (asker, approver, guest)
    }
    assert "[Lift the hold]" in homes[approver]
    assert "[Lift the hold]" not in homes[asker]
    for words in ("Changes are on hold", "In Entra you are Paul Aster", "req-1", "30 min", "Rules in force"):
        assert words in homes[asker]
    assert "req-1" not in homes[guest]
    assert len(homes[guest].splitlines()) == 1


def test_somebody_without_an_entra_account_is_told_why() -> None:
    lost = a_reader(entra=None, trouble="Ask an administrator to pin it in PSSO_PINS.")
    seen = check_view(home_view(lost, (), some_rules(), now=NOW, links={}))
    assert "Nobody in Entra is matched to you. Ask an administrator to pin it" in seen
    assert "Nothing waits for a decision" in seen


def test_the_request_form_names_the_person_and_wants_a_way_of_checking() -> None:
    view = request_modal("{}", user_subject(User(MIRA, "mira.holm@contoso.com", "Mira Holm")))
    seen = check_view(view)
    assert "Mira Holm  ·  mira.holm@contoso.com" in seen
    fields = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    assert {name for name, block in fields.items() if block.get("optional")} == {labels.TICKET_FIELD}
    assert fields[labels.IDENTITY_FIELD]["element"]["type"] == "static_select"
    assert "initial_option" not in fields[labels.IDENTITY_FIELD]["element"]
    offered = {option["value"] for option in fields[labels.TIME_BOX_FIELD]["element"]["options"]}
    assert offered == set(TIME_BOXES) == set(TIME_BOX_WORDS)


def test_every_way_of_checking_can_be_stored() -> None:
    assert [problem_with_note(words) for words in IDENTITY_CHECKS.values()] == [None] * len(IDENTITY_CHECKS)
    assert [hours_in_words(hours) for hours in (1.0, 4.0, 24.0, 72.0)] == [
        "1 hour",
        "4 hours",
        "24 hours",
        "3 days",
    ]


def test_help_and_empty_lists() -> None:
    seen = check(help_message())
    for words in ("why USER", "explain CODE", "pending", "history USER", "status", "Apple Business"):
        assert words in seen
    assert "Nothing waits" in check(pending_list([], now=NOW, key="k"))
    one = check(pending_list([a_request()], now=NOW + timedelta(minutes=1), key="k"))
    assert "1 open request" in one
    assert "0 of 2 approvals" in one
