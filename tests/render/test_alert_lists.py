"""`/psso alerts`, `/psso alerts USER` and the switches' forms: what they say, and that Slack takes them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.domain.alert_overview import (
    AboutPerson,
    Decision,
    Figures,
    Overview,
    PollStanding,
    QuietRow,
    Reading,
    Row,
    StreamStanding,
)
from bot.domain.alerts import Acknowledgement, DayCounts, Matcher, Quiet, Quieted, Route, Scope, Silence
from bot.domain.hours import open_hours
from bot.domain.people import User
from bot.errors import GraphRefused, GraphThrottled, RefusalKind
from bot.ports import Rules, SwitchState
from bot.render import labels
from bot.render.alert_rows import bar
from bot.render.alerts_list import alerts_message, alerts_off
from bot.render.alerts_person import person_alerts_message
from bot.render.pause import hold_modal, pause_modal, pause_news, resume_modal
from tests.fakes import some_rules
from tests.render.alerts import a_group, a_message
from tests.render.cards import MIRA, NOW, a_reader
from tests.render.test_cards import anything, check, check_view

LINKS = {"g-1": "https://contoso.slack.com/archives/C0ALERTS/p1795000001"}
GOOD = PollStanding(Reading.GOOD, NOW - timedelta(seconds=40), NOW - timedelta(minutes=3))


def a_pause(text: str | None = None, **changes: Any) -> SwitchState:
    return replace(SwitchState(True, "U0PAUL", text or "Entra is being moved", NOW), **changes)


def a_silence(text: str | None = None, **changes: Any) -> Silence:
    subject, reason = ("Mira Holm", "The laptop is replaced") if text is None else (text, text)
    made = Silence(
        "silence-1", Matcher(user_id=MIRA), subject, "U0HANNA", reason, NOW, NOW + timedelta(hours=1)
    )
    return replace(made, **changes)


def a_quieted(why: Quiet, detail: str = "", text: str = "mira.holm@contoso.com") -> Quieted:
    return Quieted(NOW, why, detail, "g-1", "PER_USER_MFA", MIRA, text)


def an_overview(text: str | None = None, **changes: Any) -> Overview:
    group = a_group(text)
    quiet = tuple(
        QuietRow(a_quieted(why, text or "", text or "m@contoso.com"), group) for why in list(Quiet)[:5]
    )
    made = Overview(
        at=NOW,
        poll=GOOD,
        stream=StreamStanding(Reading.GOOD, 3),
        live=(Row(group, a_message()), Row(a_group(text, Scope.POLICY, count=70), None)),
        live_count=12,
        last_failure=NOW,
        silences=(a_silence(text),),
        today=Figures(2, 1),
        week=Figures(9, 4, 3, 2, ((Quiet.SILENCED, 5), (Quiet.DIGEST, 1))),
        quiet=quiet,
        failed=(DayCounts("2026-11-23", {"PER_USER_MFA": 3}),),
    )
    return replace(made, **changes)


def about_mira(text: str | None = None, **changes: Any) -> AboutPerson:
    row = Row(a_group(text), a_message(), silence=a_silence(text))
    quiet = [QuietRow(a_quieted(why, text or ""), a_group(text)) for why in Quiet]
    made = AboutPerson(
        NOW,
        text or "mira.holm@contoso.com",
        User(MIRA, text or "mira.holm@contoso.com", text or "Mira Holm"),
        GOOD,
        open=(row,),
        decisions=(Decision(NOW, posted=row), *(Decision(NOW, quiet=one) for one in quiet)),
        silences=(a_silence(text),),
    )
    return replace(made, **changes)


def shown(overview: Overview, rules: Rules | None = None, **changes: Any) -> str:
    made: dict[str, Any] = {"key": "k", "links": LINKS, **changes}
    reader = made.pop("reader", a_reader())
    rules = rules or some_rules(alert_channel="C0ALERTS")
    return check(alerts_message(overview, rules, reader, **made))


def said_of(about: AboutPerson, **changes: Any) -> str:
    rules = some_rules(alert_channel="C0ALERTS")
    return check(person_alerts_message(about, rules, a_reader(), key="k", **changes))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_every_list_validates_whatever_others_wrote(text: str) -> None:
    rows = tuple(
        Row(
            a_group(text, scope, count=900, id=f"g-{number}", registered=3),
            a_message() if number % 2 else None,
            Acknowledgement(text, NOW),
            a_silence(text) if number % 3 else None,
            a_quieted(list(Quiet)[number], text, text),
        )
        for number, scope in enumerate([*Scope, *Scope, *Scope][:10])
    )
    links = {row.group.id: text for row in rows}
    matchers = [Matcher(text, text, text, text, text, text, text), Matcher()]
    rules = some_rules(
        alert_routes=tuple(Route(matcher, text) for matcher in matchers * 20),
        alert_hours=open_hours("Mon-Fri 07:00-19:00 Europe/Berlin"),
        shadow=True,
    )
    trouble = PollStanding(Reading.REFUSED, NOW, NOW, 3, GraphRefused(text, 403, text, text))
    stream = StreamStanding(Reading.BEHIND, 4, text, NOW)
    many = an_overview(
        text, live=rows, live_count=900, silences=(a_silence(text),) * 60, poll=trouble, stream=stream
    )
    pause = a_pause(text, by=text, until=NOW)
    for reader in (a_reader(text), a_reader(text, approves=False)):
        check(alerts_message(many, rules, reader, key=text, paused=pause, links=links))
        person = about_mira(text, open=rows, silences=many.silences, user=None, poll=trouble, stream=stream)
        check(person_alerts_message(person, rules, reader, key=text, paused=pause, links=links))
    for state in (pause, replace(pause, on=False)):
        check(pause_news(state))
    for view in (hold_modal(text), pause_modal(text), resume_modal(text, pause)):
        check_view(view)


def test_an_overview_answers_what_people_ask() -> None:
    seen = shown(an_overview())
    for words in (
        "● Good: the sign-in log was read 40 s ago; the next reading looks 3 min back",
        "● Good: the stream is read; 3 messages wait",
        "Live (12)",
        "Mira Holm",
        "3 tries",
        "Open the card",
        "not posted yet",
        "10 more alerts are live",
        "Mira Holm, by @U0HANNA until",
        "[Lift]",
        "all alerts: #C0ALERTS",
        "at any hour",
        "5 people behind one network within 10 min",
        "Today (UTC): 2 posted, 1 edit",
        "Last 7 days: 9 posted, 4 edits, 3 in digests, 2 only recorded",
        "silenced 5, listed in a digest 1",
        "Why quiet",
    ):
        assert words in seen, words


@pytest.mark.parametrize(
    ("why", "detail", "words"),
    [
        (Quiet.SILENCED, "Mira Holm", "silenced, by the silence over Mira Holm"),
        (Quiet.SILENCED, "", "Per-user MFA blocks Platform SSO: silenced\n"),
        (Quiet.ABSORBED, "g-1", "a wider alert speaks for it (Blocked: "),
        (Quiet.SAME_GROUP, "g-1", "counted on the card of an alert that was there (Blocked: "),
        (Quiet.QUIET_HOURS, "2026-11-24T07:00+00:00", "it waits until"),
        (Quiet.QUIET_HOURS, "tomorrow", "outside the alert hours"),
        (Quiet.PAUSED, "", "an approver had paused alerts"),
        (Quiet.SHADOW, "C0ALERTS", "recorded instead of posted in #C0ALERTS"),
        (Quiet.DIGEST, "C0ALERTS", "listed in a digest in #C0ALERTS"),
        (Quiet.UNROUTED, "", "no channel is set for it; whoever runs the bot can set one"),
        (Quiet.CURED, "", "registered before the message went out"),
        (Quiet.BELOW_THRESHOLD, "a mistyped password", "too few tries so far: a mistyped password"),
        (Quiet.NOT_SLACK, "is_archived", "it is archived"),
    ],
)
def test_every_reason_has_its_words(why: Quiet, detail: str, words: str) -> None:
    assert words in shown(an_overview(quiet=(QuietRow(a_quieted(why, detail), a_group()),)))


def test_no_reason_was_forgotten() -> None:
    for why in Quiet:
        assert "mira.holm@contoso.com" in shown(an_overview(quiet=(QuietRow(a_quieted(why)),)))


def test_a_reader_sees_the_buttons_that_they_may_use() -> None:
    over_cause = a_silence(id="cause", matcher=Matcher(verdict="PER_USER_MFA"))
    overview = an_overview(silences=(a_silence(), over_cause))
    asker = a_reader(approves=False)
    assert shown(overview).count("[Lift]") == 2
    assert shown(overview, reader=asker).count("[Lift]") == 1
    assert f"[{labels.RESUME_ALERTS}]" in shown(overview, paused=a_pause())
    assert f"[{labels.RESUME_ALERTS}]" not in shown(overview, paused=a_pause(), reader=asker)


def test_empty_states_help() -> None:
    calm = an_overview(live=(), live_count=0, silences=(), quiet=(), today=Figures(), week=Figures())
    seen = shown(calm)
    assert "No failures were seen since 23 Nov 2026" in seen
    assert "the log was read 40 s ago" in seen
    assert "Every alert has a Silence button" in seen
    assert "Nothing was kept from the channel lately" in seen
    assert "No failure of a registration is on record" in shown(replace(calm, last_failure=None))
    off = replace(calm, poll=PollStanding(Reading.OFF), stream=StreamStanding(Reading.OFF))
    assert "Whoever runs the bot sets PSSO_POLL_SECONDS to 60" in shown(off)
    assert "nowhere; whoever runs the bot can set a channel" in shown(calm, some_rules())
    assert "PSSO_ALERT_CHANNEL" in check(alerts_off())


@pytest.mark.parametrize(
    ("poll", "words"),
    [
        (PollStanding(Reading.STARTING), "◷ Starting: the sign-in log was not read yet"),
        (replace(GOOD, gaps=2), "2 missed stretches are still to be read"),
        (
            replace(GOOD, reading=Reading.UNSTEADY, trouble=GraphThrottled("the sign-in log")),
            "▲ Needs a look: the sign-in log was read 40 s ago",
        ),
        (replace(GOOD, reading=Reading.BEHIND), "■ Trouble: the sign-in log was read 40 s ago"),
        (
            PollStanding(
                Reading.REFUSED,
                trouble=GraphRefused("the sign-in log", 403, "x", "y", RefusalKind.PERMISSION),
            ),
            "■ Trouble: the sign-in log could not be read yet. ",
        ),
    ],
)
def test_the_polling_in_words(poll: PollStanding, words: str) -> None:
    assert words in shown(an_overview(poll=poll))


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (StreamStanding(Reading.OFF), "○ Off: no stream of sign-ins is set up"),
        (StreamStanding(Reading.STARTING), "nothing came through the stream yet"),
        (StreamStanding(Reading.GOOD), "the stream is read as it comes"),
        (
            StreamStanding(Reading.BEHIND, 3, "The broker is away.", NOW - timedelta(minutes=9)),
            "■ Trouble: the stream could not be read for 9 min. The broker is away.",
        ),
    ],
)
def test_the_stream_in_words(stream: StreamStanding, words: str) -> None:
    assert words in shown(an_overview(stream=stream))


def test_where_alerts_go_and_when() -> None:
    rules = some_rules(
        alert_channel="C0ALERTS",
        alert_routes=(
            Route(Matcher(verdict="PER_USER_MFA", country="DE"), "C0DE"),
            Route(Matcher(device_prefix="FIN-", member_of=MIRA, policy_id=MIRA), "C0FIN"),
        ),
        alert_hours=open_hours("Mon-Fri 07:00-19:00 Europe/Berlin"),
        shadow=True,
    )
    seen = shown(an_overview(), rules, paused=a_pause(until=NOW + timedelta(hours=4)))
    for words in (
        "country DE: #C0DE",
        "Macs named FIN-…, members of the group",
        "everything else: #C0ALERTS",
        "07:00-19:00 Europe/Berlin; outside it only outages are posted",
        "■ Alerts are paused since 23 Nov 2026, 12:00 UTC, until 23 Nov 2026, 16:00 UTC, by @U0PAUL: Entra",
        "▷ Shadow mode",
    ):
        assert words in seen, words


def test_what_is_known_of_one_person() -> None:
    seen = said_of(about_mira(), links=LINKS)
    for words in (
        "Alerts about Mira Holm",
        "Open (1)",
        "silenced until",
        "Silences that keep them quiet",
        "Last decisions",
        "posted in #C0ALERTS: Blocked",
        "Open the card",
    ):
        assert words in seen, words


def test_nothing_is_known_of_one_person() -> None:
    calm = about_mira(open=(), decisions=(), silences=())
    assert "Nothing failing was seen of them in the 8 days" in said_of(calm)
    assert "No silence is about them" in said_of(calm)
    past = about_mira(open=())
    assert "Nothing is open. The last that is on record is from 23 Nov 2026" in said_of(past)
    assert "sets PSSO_POLL_SECONDS" in said_of(replace(calm, poll=PollStanding(Reading.OFF)))
    behind = replace(GOOD, reading=Reading.BEHIND)
    assert "■ Trouble" in said_of(replace(calm, poll=behind))


def test_a_pause_is_told_with_its_button() -> None:
    made = pause_news(a_pause())
    assert "until somebody lifts it, by @U0PAUL: Entra is being moved" in check(made)
    assert labels.ON_RESUME_ALERTS in json.dumps(made.blocks)
    ended = check(pause_news(a_pause("Its time is over.", on=False, by="")))
    assert "Alerts are posted again. Its time is over." in ended
    assert "By @U0PAUL. Reason: Entra is being moved" in check(pause_news(a_pause(on=False)))


def test_bars_are_as_long_as_their_figures() -> None:
    assert [bar(count, 9) for count in (0, 3, 9)] == ["·", "█" * 6, "█" * 18]
    assert bar(1, 1_000_000) == "█"  # what is there is seen
    assert bar(0, 0) == "·"
