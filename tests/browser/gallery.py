"""Every card, form and home tab the product can show, in ordinary words and in words that break things."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.domain.alerts import GroupState, Scope
from bot.domain.approval import ChangeKind, Decision, State
from bot.domain.diagnosis import AttemptLine, Coverage, Diagnosis, Exhibit, Grade
from bot.domain.people import ObjectId, PerUserMfaState, User
from bot.domain.sweep import Swept, Tally
from bot.errors import NoSuchUser
from bot.ports import News, SweepReport, SwitchState
from bot.render.alert_answers import not_offered_modal, people_list, silence_modal
from bot.render.alert_card import alert_card, thread_line
from bot.render.alert_digest import alert_digest
from bot.render.alerts_list import alerts_message
from bot.render.alerts_person import person_alerts_message
from bot.render.ask_modal import NOTHING_FOUND, ask_modal
from bot.render.blocks import Message, View
from bot.render.choice_card import choice_card
from bot.render.diagnosis_card import diagnosis_card
from bot.render.digest import alt_text, comment, title
from bot.render.explain import explanation
from bot.render.failure import refusal
from bot.render.help import help_message
from bot.render.home import home_view, words_home
from bot.render.lists import history_list, pending_list
from bot.render.modals import (
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
)
from bot.render.news import channel_news, personal_news, thread_news
from bot.render.pause import hold_modal, pause_modal, pause_news, resume_modal
from bot.render.reader import Reader
from bot.render.request_card import request_card
from bot.render.shadow import shadow_card
from bot.render.shared_card import shared_card
from bot.render.status import Check, status_message
from bot.render.step_up import step_up_message
from bot.render.sweep import sweep_message
from tests.fakes import some_rules
from tests.render.alerts import a_group, a_view, everything, resolved
from tests.render.cards import MIRA, NOW, a_diagnosis, a_reader, a_request, a_vote
from tests.render.test_alert_lists import LINKS, a_pause, about_mira, an_overview
from tests.render.test_digest import a_report, a_week
from tests.render.test_home import BUSY, HELD, RULES

Json = dict[str, Any]

HARD = {
    "device": "Büro-MacBook-" + "M" * 187,
    "rtl": "نور الهدى الحديد 🧑‍💻🚀 Noor al-Huda Al-Hadid, Infrastructure and Endpoint Engineering (Nordics)",
    "name": "Maximiliane-Alexandra Prinzessin von Hohenstein-Wittelsbach zu Langenburg-Schillingsfürst " * 2,
}
"""What others may have written: one word of 200 characters, right to left with emoji, long."""


@dataclass(frozen=True)
class Piece:
    """One thing to look at: a message, a form or a home tab."""

    name: str
    kind: str  # "message", "modal", "home"
    blocks: list[Json]
    rest: Mapping[str, Any] = field(default_factory=dict)


def ordinary() -> Iterator[Piece]:
    """Return everything once, as people will mostly see it."""
    yield from _diagnosis(None)
    yield from _requests(None)
    yield from _lists(None)
    yield from _alerts(None)
    yield from _forms(None)
    yield from _homes(None)
    yield from _fixed()


def hard(text: str) -> Iterator[Piece]:
    """Return what holds words of others, with `text` in place of them all."""
    yield from _diagnosis(text)
    yield from _requests(text)
    yield from _lists(text)
    yield from _alerts(text)
    yield from _forms(text)
    yield from _homes(text)


def _said(name: str, made: Message, **rest: Any) -> Piece:
    return Piece(name, "message", _with_ids(made.blocks), {"text": made.text, **rest})


def _form(name: str, view: View, **rest: Any) -> Piece:
    shown = {"title": view["title"]["text"], **{part: (view.get(part) or {}).get("text") for part in BUTTONS}}
    return Piece(name, "modal", _with_ids(view["blocks"]), {**shown, "errors": {}, **rest})


def _tab(name: str, view: View) -> Piece:
    return Piece(name, "home", _with_ids(view["blocks"]))


BUTTONS = ("submit", "close")


def _address(name: str) -> str:
    return f"{name.replace(' ', '.').lower()}@contoso.com"


def _with_ids(blocks: Sequence[Json]) -> list[Json]:
    """Return blocks as Slack keeps them, each with an id; the builders' people become those of the page."""
    ours = json.dumps(list(blocks))
    for theirs, known in PLAYED_BY.items():
        ours = ours.replace(theirs, known)
    return [{"block_id": f"block-{number}", **block} for number, block in enumerate(json.loads(ours))]


STILL_BLOCKED = (
    "It is blocked now by AADSTS53000 at 11:52 UTC, stopped by the Conditional Access policy "
    "“Compliant Macs”. Next: Have the Mac enrolled in device management, then register again."
)

PLAYED_BY = {"U0PAUL": "U0OTTO", "U0HANNA": "U0HANA"}


# --- what `/psso why` answers -----------------------------------------------------------------------------


def ada(text: str | None = None) -> Diagnosis:
    """Return an answer with the facts of a real one."""

    def said(ours: str) -> str:
        return ours if text is None else text

    log, at = "Microsoft Graph auditLogs/signIns", NOW - timedelta(minutes=20)
    of_failure = {
        "Error code": "AADSTS50076: MFA is demanded, and this sign-in cannot ask for it",
        "App": "Microsoft Authentication Broker (29d9ed98-a469-4536-ade2-f981bc1d605e)",
        "Resource": "Windows Azure Active Directory (00000002-0000-0000-c000-000000000000)",
        "Time": "2026-11-23 11:40:00 UTC",
        "Kind of sign-in": "non-interactive",
        "Correlation id": said("5b1c9f8e-7a52-4a0d-9a3e-0d7c8a8f2b11"),
        "Request id": said("c9d3e6f0-2c1b-4f6e-8f4b-6c5b4a3d2e01"),
        "Who demanded MFA": said("the user object (per-user MFA)"),
        "Conditional Access": said("14 listed, none applied"),
        "Device and place": said("Ada's MacBook Air, Lund, SE"),
    }
    return a_diagnosis(
        text,
        asked=said("ada.lind@contoso.com"),
        user=User(MIRA, said("ada.lind@contoso.com"), said("Ada Lind")),
        summary=said("Legacy per-user MFA stops the background request that Platform SSO depends on."),
        remedy=said(
            "Turn per-user MFA off once another control demands MFA of the user, then register again."
        ),
        steps=(
            said("Check on this card that another control still demands MFA of the user."),
            said("Choose Request disable and say why."),
            said("On the Mac open System Settings > Users & Groups > Network Account Server > Repair."),
        ),
        evidence=(
            *(Exhibit(fact, value, log, at) for fact, value in of_failure.items()),
            Exhibit("Tries that failed this way", "3", log, at),
            Exhibit("Per-user MFA state", "enforced", "Microsoft Graph authentication/requirements", NOW),
        ),
        coverage=Coverage(Grade.FULL, (said("Require MFA - all users"),), ()),
        contributing=("DEVICE_LIMIT",),
        timeline=_timeline(text),
        links=("https://learn.microsoft.com/entra/identity/devices/",),
    )


def _timeline(text: str | None) -> tuple[AttemptLine, ...]:
    rows = (
        (20, False, 50076, "MFA was demanded", "failed"),
        (95, False, 50076, "MFA was demanded", "failed"),
        (96, True, 0, "Signed in", "succeeded"),
    )
    return tuple(
        AttemptLine(
            NOW - timedelta(minutes=minutes),
            text or "Microsoft Authentication Broker",
            text or "Device Registration Service",
            interactive,
            code,
            text or meaning,
            outcome,
            text or "5b1c9f8e-7a52-4a0d-9a3e-0d7c8a8f2b11",
            text or "Ada's MacBook Air",
            text or "Lund, SE",
        )
        for minutes, interactive, code, meaning, outcome in rows
    )


def _diagnosis(text: str | None) -> Iterator[Piece]:
    found = ada(text)
    how: Json = {"answer_id": "answer-1", "now": NOW}
    yield _said("why", diagnosis_card(found, **how), ephemeral=True)
    doubtful = replace(
        found,
        verdict="CANNOT_TELL",
        confidence=0.4,
        can_request_disable=False,
        summary=text or "What could be read does not name one cause, and guessing would not help.",
        remedy=text
        or "Have the user try once more, note the time, and ask again; escalate with what is listed here.",
        steps=(text or "Note the exact time and take a screenshot of what the Mac shows.",),
        contributing=(),
        why_not=text or "the sign-in log could not be read",
        coverage=Coverage(Grade.UNKNOWN, (), (text or "Conditional Access could not be read.",)),
        unknown=(text or "The sign-in log could not be read: grant AuditLog.Read.All.",),
    )
    yield _said("why-cannot-tell", diagnosis_card(doubtful, trouble=text or "", **how), ephemeral=True)
    shared = shared_card(found, answer_id="a", shared_by="U0HANA", now=NOW)
    yield _said("why-shared", shared)
    names = ("Ada Lind", "Ada Lindqvist", "Adam Lindberg")
    people = [
        User(ObjectId(f"00000000-0000-4000-8000-00000000000{n}"), text or _address(name), text or name)
        for n, name in enumerate(names)
    ]
    yield _said("why-which-one", choice_card(text or "ada", people, "k"), ephemeral=True)


# --- requests ---------------------------------------------------------------------------------------------


def asked_for(text: str | None = None, **changes: Any) -> Any:
    """Return a request by Hana for Ada."""
    wanted = {"id": "6a0a23fe49a54aa7", "quorum": 1, "quorum_because": (), **changes}
    if text is None:
        wanted = {
            "target": replace(
                a_request().wish.target, user_principal_name="ada.lind@contoso.com", display_name="Ada Lind"
            ),
            **wanted,
        }
    return a_request(text, **wanted)


def _requests(text: str | None) -> Iterator[Piece]:
    yield _said("request", request_card(asked_for(text), NOW))
    open_to_a_password = (
        "No Conditional Access policy in force asks this user for MFA at an ordinary sign-in on a Mac."
    )
    warned = {
        "coverage": Coverage(Grade.NONE, (), (text or open_to_a_password,)),
        "warnings": (
            text
            or "Nothing else would demand MFA of this user. After the change a password alone may be enough "
            "to sign in as this person. Unless the Mac registers, per-user MFA is restored after 72 hours.",
            text
            or "No MFA method is registered: whoever signs in next with the password is asked to register "
            "one.",
        ),
        "quorum": 2,
        "quorum_because": (
            text or "nothing else demands MFA of this user",
            text or "the account is younger than 7 days",
        ),
        "restore_after_hours": 72.0,
        "step_up": True,
        "votes": (a_vote(reason=text or ""),),
    }
    yield _said("request-warned", request_card(asked_for(text, **warned), NOW))
    votes = (a_vote(),)
    for name, state in (("done", State.VERIFIED), ("failed", State.FAILED)):
        outcome = text or {"failed": "Graph refused the change: the account is protected."}.get(name, "")
        over = asked_for(text, state=state, votes=votes, outcome=outcome, decided_at=NOW, finished_at=NOW)
        yield _said(f"request-{name}", request_card(over, NOW))
    no = (a_vote(Decision.DENY, text or "Call them back first"),)
    denied = asked_for(text, state=State.DENIED, votes=no, decided_at=NOW, finished_at=NOW)
    yield _said("request-denied", request_card(denied, NOW))
    back = asked_for(
        text,
        kind=ChangeKind.RESTORE,
        before=PerUserMfaState.DISABLED,
        wanted=PerUserMfaState.ENFORCED,
        undoes="req-0",
        coverage=None,
        identity_check="",
    )
    yield _said("request-expired", request_card(asked_for(text, state=State.EXPIRED, finished_at=NOW), NOW))
    yield _said("request-undo", request_card(back, NOW))
    yield _said(
        "request-step-up",
        step_up_message(asked_for(text), "https://bot.contoso.com/step-up/abc", timedelta(minutes=5)),
        ephemeral=True,
    )
    done = asked_for(text, state=State.VERIFIED, votes=votes, finished_at=NOW)
    yield _said("news-verified", personal_news(done, News.VERIFIED, "U0HANNA", text or ""))
    yield _said("news-still-blocked", thread_news(done, News.STILL_BLOCKED, text or STILL_BLOCKED))
    yield _said("news-frozen", channel_news(News.FROZEN, text or "Eleven changes in an hour", by="U0OTTO"))


# --- lists ------------------------------------------------------------------------------------------------


def _lists(text: str | None) -> Iterator[Piece]:
    requests = [asked_for(text), asked_for(text, id="req-2", warnings=(text or "No method is registered.",))]
    links = {"req-2": "https://contoso.slack.com/archives/C0APPROVE/p1"}
    yield _said(
        "pending",
        pending_list(requests, now=NOW, key="k", reader=a_reader(text), links=links),
        ephemeral=True,
    )
    past = [
        replace(one, state=state) for one, state in zip(requests, (State.VERIFIED, State.DENIED), strict=True)
    ]
    yield _said("history", history_list(text or "ada.lind@contoso.com", past, key="k"), ephemeral=True)
    checks = [
        Check("Graph", text or "answers in 84 ms"),
        Check("Slack", text or "answers in 31 ms"),
        Check("Store", text or "does not answer", text or "Start Redis, or unset REDIS_URL."),
    ]
    yield _said("status", status_message(checks, key="k"), ephemeral=True)
    swept = tuple(
        Swept(
            ObjectId(f"00000000-0000-4000-8000-00000000000{n}"),
            text or _address(name),
            text or name,
            state,
            on,
        )
        for n, (name, state, on) in enumerate(
            (("Ada Lind", PerUserMfaState.ENFORCED, True), ("Bo Ahlgren", PerUserMfaState.ENABLED, False))
        )
    )
    tally = Tally(
        read=1204, disabled=1180, enabled=6, enforced=17, refused=1, unread_names=[text or "viktor.stein"]
    )
    yield _said("sweep", sweep_message(SweepReport(NOW, tally, swept), now=NOW, key="k"), ephemeral=True)
    rules = some_rules(alert_channel="C0ALERTS")
    reader = a_reader(text)
    told = alerts_message(an_overview(text), rules, reader, key="k", links=LINKS)
    yield _said("alerts", told, ephemeral=True)
    about = person_alerts_message(about_mira(text), rules, reader, key="k", links=LINKS)
    yield _said("alerts-person", about, ephemeral=True)


# --- alerts -----------------------------------------------------------------------------------------------


def _alerts(text: str | None) -> Iterator[Piece]:
    yield _said("alert", alert_card(a_view(text)))
    yield _said("alert-everything", alert_card(everything(text, Scope.POLICY, count=57, registered=4)))
    yield _said("alert-resolved", alert_card(a_view(group=resolved(a_group(text)))))
    ended = a_group(text, Scope.PLACE, count=7, state=GroupState.ENDED)
    yield _said("alert-place-ended", alert_card(a_view(group=ended)))
    yield _said("alert-thread", thread_line(everything(text, Scope.PERSON)))
    yield _said(
        "alert-digest", alert_digest([a_view(text), everything(text, Scope.PLACE, count=7), a_view(text)])
    )
    yield _said("alert-people", people_list(a_group(text, Scope.POLICY, count=57), "k"), ephemeral=True)
    yield _said("alerts-paused", pause_news(a_pause(text)))
    yield _said("alerts-go-on", pause_news(a_pause(text, on=False)))


# --- forms ------------------------------------------------------------------------------------------------


def _forms(text: str | None) -> Iterator[Piece]:
    who = user_subject(User(MIRA, text or "ada.lind@contoso.com", text or "Ada Lind"))
    request = request_subject(asked_for(text))
    yield _form("form-request", request_modal("{}", who))
    wrong = {"reason": text or "That is too short: at least 5 characters.", "identity_check": "Choose one."}
    yield _form("form-request-wrong", request_modal("{}", who), errors=wrong)
    yield _form("form-deny", deny_modal("{}", request))
    yield _form("form-undo", undo_modal("{}", request))
    held = SwitchState(True, "U0OTTO", text or "Eleven changes in an hour", NOW)
    yield _form("form-lift", lift_modal("{}", hold_subject(held)))
    yield _form("form-paste", paste_modal("{}", who))
    yield _form("sign-ins", timeline_modal(ada(text), now=NOW))
    yield _form("form-silence", silence_modal("{}", a_group(text)))
    yield _form("form-resume", resume_modal("{}", a_pause(text)))
    not_offered = replace(ada(text), can_request_disable=False, why_not=text or "per-user MFA is already off")
    yield _form("form-not-offered", not_offered_modal(not_offered))


# --- home tabs --------------------------------------------------------------------------------------------


def _reader(name: str, slack_id: str, **changes: Any) -> Reader:
    return a_reader(slack_id=slack_id, entra=User(MIRA, _address(name), name), **changes)


def _homes(text: str | None) -> Iterator[Piece]:
    requests = [asked_for(text), asked_for(text, id="req-2", requester=a_vote().person)]
    beside = replace(BUSY, decided=(asked_for(text, id="req-9", state=State.VERIFIED, finished_at=NOW),))
    beside = replace(beside, overview=an_overview(text, failed=BUSY.overview.failed if BUSY.overview else ()))
    how: Json = {"now": NOW, "links": {**LINKS, "req-2": "https://contoso.slack.com/archives/C0APPROVE/p1"}}
    helpdesk = (
        _reader("Hana Berg", "U0HANNA", approves=False) if text is None else a_reader(text, approves=False)
    )
    approver = _reader("Otto Falk", "U0PAUL") if text is None else a_reader(text)
    yield _tab("home-helpdesk", home_view(helpdesk, requests, RULES, beside=beside, **how))
    yield _tab("home-approver", home_view(approver, requests, RULES, beside=beside, **how))
    thrown = replace(beside, held=replace(HELD, reason=text or HELD.reason), paused=a_pause(text))
    yield _tab("home-on-hold", home_view(approver, requests, RULES, beside=thrown, **how))
    if text is None:
        yield _tab("home-quiet", home_view(helpdesk, (), RULES, now=NOW, links={}))
        stranger = a_reader(asks=False, approves=False)
        yield _tab("home-outsider", home_view(stranger, (), RULES, now=NOW, links={}))
        yield _tab("home-trouble", words_home("This tab could not be brought up to date."))


# --- what nobody else writes into --------------------------------------------------------------------------


def _fixed() -> Iterator[Piece]:
    yield _said("help", help_message(a_reader()), ephemeral=True)
    yield _said("explain", explanation([50076, 53000], key="k"), ephemeral=True)
    yield _said("refusal", refusal(NoSuchUser("adda.lind@contoso.com"), "f375b965"), ephemeral=True)
    yield _said("shadow", shadow_card(a_report()))
    yield _form("form-ask", ask_modal("{}"))
    yield _form("form-ask-notice", ask_modal("{}", notice=NOTHING_FOUND, slack_id="U0ADA"))
    yield _form("form-loading", loading_modal())
    yield _form("form-hold", hold_modal("{}"))
    yield _form("form-pause", pause_modal("{}"))


def weekly(png: bytes) -> Piece:
    """Return the weekly digest: a picture with words."""
    week = a_week()
    picture = {
        "id": "F1",
        "name": "week.png",
        "title": title(week),
        "mimetype": "image/png",
        "size": len(png),
        "alt_txt": alt_text(week),
        "url": f"data:image/png;base64,{base64.b64encode(png).decode()}",
        "is_image": True,
    }
    return Piece("weekly-digest", "message", [], {"text": comment(week), "files": [picture]})
