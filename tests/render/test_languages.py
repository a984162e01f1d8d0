"""Every text in every language: complete, with the same marks, and inside Slack's limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import HealthCheck, given, settings

from bot import texts
from bot.domain.coverage import grade_coverage
from bot.errors import GraphRefused, GraphThrottled, GraphUnreachable, RefusalKind, StoreUnavailable
from bot.render import labels
from bot.render.blocks import ago, clock_time
from bot.render.choices import hours_in_words
from bot.render.diagnosis_card import diagnosis_card
from bot.render.modals import deny_modal, lift_modal, loading_modal, paste_modal, request_modal, undo_modal
from bot.render.phrases import phrase, told
from bot.render.request_card import request_card
from bot.render.words import decimal, language, languages, number, reading_in
from bot.usecases import facts
from tests.domain import test_coverage
from tests.domain.test_rules import EXAMPLES, judged
from tests.render import test_alert_cards, test_cards
from tests.render.cards import NOW, a_diagnosis, a_request

FOREIGN = sorted(languages() - {"en"})
CODE = re.compile(r"`[^`]+`")
NAMES = re.compile(
    r"/psso(?: why| explain| pending| history| alerts| sweep| status| help)?\b|(?:PSSO|SLACK)_[A-Z_]+"
    r"|psso-bot \w+|app-sso platform -s|https://\S+[a-z]"
)
SHAPES = re.compile("[■▲△▷●□⚠◆◇◷○✓]")


def catalogue(name: str) -> Catalog:
    with (texts.LOCALE / name / "LC_MESSAGES" / "psso.po").open("rb") as file:
        return read_po(file, locale=name)


def pairs(name: str) -> Iterator[tuple[str, str]]:
    """Every English text beside its translation, both forms of a plural."""
    for message in catalogue(name):
        sources = message.id if isinstance(message.id, tuple | list) else (message.id,)
        translations = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id:
            yield from zip(map(str, sources), map(str, translations), strict=True)


def test_what_is_stored_is_current_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert texts.main(["--check"]) == 0, capsys.readouterr().err


def test_german_is_there() -> None:
    assert "de" in languages()


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("marks", [CODE, NAMES, SHAPES], ids=["code", "names", "shapes"])
def test_translations_keep_code_command_names_and_shapes(name: str, marks: re.Pattern[str]) -> None:
    for english, foreign in pairs(name):
        assert sorted(marks.findall(foreign)) == sorted(marks.findall(english)), english


@pytest.mark.parametrize("name", FOREIGN)
def test_translations_keep_bold_and_no_stray_space(name: str) -> None:
    for english, foreign in pairs(name):
        assert foreign.count("*") == english.count("*"), english
        assert foreign.strip() == foreign or english.strip() != english, english
        assert "  " not in foreign


@pytest.mark.parametrize("name", FOREIGN)
def test_translations_can_be_filled_in(name: str) -> None:
    for english, foreign in pairs(name):
        values = dict.fromkeys(texts.placeholders(english), "x")
        assert foreign.format(**values)


def test_a_wrong_translation_is_named() -> None:
    catalog = Catalog()
    for source, wrong in (
        ("{a} of {b}", "{a} von {c}"),
        ("Send", ""),
        (("{n} day", "{n} days"), ("{n}", "")),
    ):
        assert list(texts.problems(catalog.add(source, wrong)))
    assert not list(texts.problems(catalog.add("{a} of {b}!", "von {b}: {a}!")))


def test_marked_texts_are_found_in_f_strings_too() -> None:
    source = "x = f\"*{_('Why')}*\"\ny = ngettext('{n} day', '{n} days', n)\nz = _(KNOWN) + N_('a' 'b')\n"
    assert texts.marked_texts(source) == [("Why",), ("{n} day", "{n} days"), ("ab",)]


@pytest.mark.parametrize("locale", ["de-DE", "de_AT", "de", "DE-ch"])
def test_a_locale_leads_to_its_language(locale: str) -> None:
    with reading_in(locale):
        assert language() == "de"


@pytest.mark.parametrize("locale", ["ja-JP", "", "xx", "../de", "en-GB"])
def test_an_unknown_locale_reads_english(locale: str) -> None:
    with reading_in("de-DE"), reading_in(locale):
        assert language() == "en"


def test_numbers_spans_and_times_follow_the_language() -> None:
    with reading_in("de-DE"):
        assert (decimal(1.5), number(12345)) == ("1,5", "12.345")
        assert (ago(30), ago(7200), ago(5 * 86400)) == ("30 s", "2 h", "5 Tagen")
        assert (hours_in_words(1), hours_in_words(72)) == ("1 Stunde", "3 Tagen")
        assert clock_time(NOW, "Europe/Berlin") == "23. Nov. 2026, 13:00 CET"
    assert clock_time(NOW, "Europe/Berlin") == "23 Nov 2026, 13:00 CET"


# --- what the domain says -----------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{row[0]}-{nth}" for nth, row in enumerate(EXAMPLES)])
def test_every_verdict_reads_german(example: Any) -> None:
    diagnosis = judged(example[2]())
    said = (diagnosis.summary, diagnosis.remedy, *diagnosis.steps, diagnosis.why_not or "")
    with reading_in("de"):
        assert [text for text in said if text and not told(text)] == []
        assert [one.fact for one in diagnosis.evidence if not told(one.fact)] == []
        assert [row.outcome for row in diagnosis.timeline if not told(row.outcome)] == []


def test_every_gap_reads_german() -> None:
    gaps = {
        gap for case in test_coverage.CASES for gap in grade_coverage(test_coverage.seen_by_both(case)).gaps
    }
    assert len(gaps) > 30
    with reading_in("de"):
        assert [gap for gap in gaps if not told(gap)] == []


READS = [value for value in vars(facts).values() if isinstance(value, facts.Read)]
TROUBLES = (
    GraphRefused("x", kind=RefusalKind.LICENCE),
    GraphRefused("x", kind=RefusalKind.RESTRICTED),
    GraphRefused("x", kind=RefusalKind.PERMISSION, needs="User.Read.All"),
    GraphThrottled("x", retry_after=7),
    GraphThrottled("x"),
    GraphUnreachable("x", timed_out=True),
    GraphUnreachable("x", status=503),
    StoreUnavailable(),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_every_reason_why_something_is_unread_reads_german(trouble: Any) -> None:
    reasons = [facts.unreadable(trouble, read).reason for read in READS]
    lines = [
        f"Could not read the devices of the user: {reason.rstrip('.')}. It could change the verdict."
        for reason in reasons
    ]
    with reading_in("de"):
        assert [text for text in (*reasons, *lines) if not told(text)] == []


def test_a_doubt_reads_german_with_its_condition_and_its_verdict() -> None:
    doubt = (
        "Could not read our record of earlier changes: Graph answered without a value. If the last failure "
        "is the broker's, with 50076 or 50074 and security defaults are off, the verdict would be CA_MFA "
        "(D19)."
    )
    with reading_in("de"):
        assert phrase(doubt).endswith(
            "Falls zutrifft: der letzte Fehler ist einer des Brokers, mit 50076 oder 50074 und die "
            "Sicherheitsstandards sind aus – dann wäre das Ergebnis CA_MFA (D19)."
        )


def test_names_of_others_are_left_alone() -> None:
    with reading_in("de"):
        said = phrase("“Block and Deny” leaves this user out.")
        assert said == "„Block and Deny“ nimmt diese Person aus."
        assert phrase("Time flies over Macs") == "Time flies over Macs"
        assert phrase("Not changed: Otto Falk may no longer approve this.").startswith(
            "Nicht geändert: Otto Falk"
        )


def test_half_known_sentences_keep_the_unknown_half() -> None:
    with reading_in("de"):
        assert phrase("Could not read the account: solar flares. It could change the verdict.") == (
            "Nicht lesbar: das Konto. solar flares. Es könnte das Ergebnis ändern."
        )
        assert told("Could not read the account: solar flares.") == ""
        assert phrase("Nothing known. Nothing told.") == "Nothing known. Nothing told."


@settings(max_examples=60, deadline=500)
@given(test_cards.anything)
def test_phrases_never_fail_and_english_stays(text: str) -> None:
    assert phrase(text) == text
    with reading_in("de"):
        phrase(f"{text}. Could not read {text}: {text}. “{text}” and “{text}”")


# --- inside Slack's limits ----------------------------------------------------------------------------------

PROPERTIES = (
    test_cards.test_every_card_validates_whatever_others_wrote,
    test_cards.test_every_request_validates_whatever_others_wrote,
    test_cards.test_every_modal_validates_whatever_others_wrote,
    test_cards.test_every_form_and_home_validates_whatever_others_wrote,
)


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda test: test.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(test_cards.anything)
def test_slack_takes_everything_in_every_language(name: str, holds: Any, text: str) -> None:
    with reading_in(name):
        holds.hypothesis.inner_test(text)


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("text", test_cards.HOSTILE)
def test_slack_takes_alerts_in_every_language(name: str, text: str) -> None:
    with reading_in(name):
        test_alert_cards.test_hostile_and_long_words_are_taken(text)


@pytest.mark.parametrize("name", FOREIGN)
def test_no_title_or_button_is_cut(name: str) -> None:
    with reading_in(name):
        forms = [make("{}") for make in (request_modal, deny_modal, undo_modal, lift_modal, paste_modal)]
        forms.append(loading_modal())
    short = [form[part]["text"] for form in forms for part in ("title", "submit", "close") if part in form]
    assert [text for text in short if text.endswith("…")] == []
    names = dict(pairs(name))
    buttons = [value for key, value in vars(labels).items() if key.isupper() and value in names]
    assert len(buttons) > 15
    assert [names[label] for label in buttons if len(names[label]) > 24] == []


def test_a_german_reader_gets_the_same_buttons_with_german_words() -> None:
    def buttons(card: Any) -> list[tuple[str, str]]:
        found = [block["elements"] for block in card.blocks if block["type"] == "actions"]
        return [(one["action_id"], one["text"]["text"]) for elements in found for one in elements]

    with reading_in("de-DE"):
        german = [
            *buttons(diagnosis_card(a_diagnosis(), answer_id="a", now=NOW)),
            *buttons(request_card(a_request(), NOW)),
        ]
    english = [
        *buttons(diagnosis_card(a_diagnosis(), answer_id="a", now=NOW)),
        *buttons(request_card(a_request(), NOW)),
    ]
    assert [action for action, _ in german] == [action for action, _ in english]
    assert "Abschalten beantragen" in dict(german).values()
    assert dict(english)["psso_request_disable"] == "Request disable"
