from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadInput
from handlers.parse import LONGEST, Command, found_in, parse, readable, said_to_us

ADA = "ada@contoso.com"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", Command("ask")),
        ("   ", Command("ask")),
        ("help", Command("help")),
        ("HELP", Command("help")),
        ("help me please", Command("help")),
        ("why ada@contoso.com", Command("why", ADA)),
        ("ada@contoso.com", Command("why", ADA)),
        ("WHY ada@contoso.com  ", Command("why", ADA)),
        ("why ADA@CONTOSO.COM", Command("why", "ADA@CONTOSO.COM")),
        ("why <mailto:ada@contoso.com|ada@contoso.com>", Command("why", ADA)),
        ("<mailto:ada@contoso.com|ada@contoso.com>", Command("why", ADA)),
        ("why <mailto:ada@contoso.com>", Command("why", ADA)),
        ("why ada@<http://contoso.com|contoso.com>", Command("why", ADA)),
        ("why “ada@contoso.com”", Command("why", ADA)),
        ("“why ada@contoso.com”", Command("why", ADA)),
        ("why 'ada@contoso.com'", Command("why", ADA)),
        ("why „ada@contoso.com“", Command("why", ADA)),
        ("why\u00a0ada@contoso.com\u00a0", Command("why", ADA)),
        ("why ada\u200b@contoso.com\ufeff", Command("why", ADA)),
        ("\u200bwhy ada@contoso.com", Command("why", ADA)),
        ("why\tada@contoso.com\n", Command("why", ADA)),
        ("why `ada@contoso.com`", Command("why", ADA)),
        ("why o'brien@contoso.com", Command("why", "o'brien@contoso.com")),
        ("why ada_ext#EXT#@contoso.com", Command("why", "ada_ext#EXT#@contoso.com")),
        ("why a&amp;b@contoso.com", Command("why", "a&b@contoso.com")),
        ("why <@U123>", Command("why", slack_id="U123")),
        ("<@U123|ada>", Command("why", slack_id="U123")),
        ("why <@W123ABC|ada lind>", Command("why", slack_id="W123ABC")),
        ("history <@U123>", Command("history", slack_id="U123")),
        ("history ada@contoso.com", Command("history", ADA)),
        ("why 00000000-0000-4000-8000-000000000001", Command("why", "00000000-0000-4000-8000-000000000001")),
        ("why Ada Lind", Command("why", "Ada Lind")),
        ("why Ada Lind?", Command("why", "Ada Lind")),
        ("why _Ada Lind_", Command("why", "Ada Lind")),
        ("why Max Muster jr.", Command("why", "Max Muster jr")),
        ("why J\u006f\u0308rg", Command("why", "J\u00f6rg")),
        ("why ada@contoso.com.", Command("why", ADA)),
        ("why: (ada@contoso.com)?", Command("why", ADA)),
        ("why @ada@contoso.com", Command("why", ADA)),
        ("why *<mailto:ada@contoso.com|ada@contoso.com>*", Command("why", ADA)),
        ("why _ada@contoso.com_", Command("why", ADA)),
        ("SMTP:ada@contoso.com", Command("why", ADA)),
        ("why o’brien@contoso.com", Command("why", "o'brien@contoso.com")),
        ("why can ada@contoso.com not register?", Command("why", ADA)),
        ("why ada@contoso.com, bo@contoso.com and Ada@contoso.com", Command("why", f"{ADA} bo@contoso.com")),
        ("why is <@U123> blocked, <@U123|ada>?", Command("why", slack_id="U123")),
        ("/psso why ada@contoso.com", Command("why", ADA)),
        ("psso: history ada@contoso.com", Command("history", ADA)),
        ("psso@contoso.com", Command("why", "psso@contoso.com")),
        ("/psso", Command("ask")),
        ("?", Command("help")),
        ("Hilfe", Command("help")),
        ("explain: 50076", Command("explain", "50076")),
        ("AADSTS50076: due to a change", Command("explain", "AADSTS50076: due to a change")),
        ("Error Code: 50076", Command("explain", "Error Code: 50076")),
        ("AADSTS50076 for ada@contoso.com", Command("why", ADA)),
        ("explain 50076", Command("explain", "50076")),
        ("explain AADSTS50076", Command("explain", "AADSTS50076")),
        ("explain <tel:50076|50076>", Command("explain", "50076")),
        ("50076", Command("explain", "50076")),
        ("AADSTS50076", Command("explain", "AADSTS50076")),
        ("pending", Command("pending")),
        ("Status", Command("status")),
        ("sweep", Command("sweep")),
        ("alerts", Command("alerts")),
        ("Alerts  ", Command("alerts")),
        ("alerts <mailto:ada@contoso.com|ada@contoso.com>", Command("alerts", ADA)),
        ("alerts <@U123>", Command("alerts", slack_id="U123")),
    ],
)
def test_what_slack_really_sends(typed: str, expected: Command) -> None:
    assert parse(typed) == expected


def test_a_pasted_error_text_is_explained_whole() -> None:
    pasted = "explain AADSTS50076: see <https://aka.ms/mfa|aka.ms/mfa> &amp; try again"
    assert parse(pasted) == Command("explain", "AADSTS50076: see aka.ms/mfa & try again")


@pytest.mark.parametrize(
    "typed",
    [
        "why",
        "why  ",
        "history",
        "explain",
        "why “”",
        "why ?",
        "why @ada",
        "why <@U1> or <@U2>",
        f"why {'a' * 400}",
    ],
)
def test_what_is_missing_is_said(typed: str) -> None:
    with pytest.raises(BadInput):
        parse(typed)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_a_command_or_bad_input(typed: str) -> None:
    with suppress(BadInput):
        command = parse(typed)
        assert len(command.asked) <= max(LONGEST, 2000)
        assert readable(command.asked) == command.asked


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("<@U0BOT> why ada@contoso.com", Command("why", ADA)),
        ("<@U0BOT>, why <@U123>", Command("why", slack_id="U123")),
        ("<@U0BOT|psso>: 50076", Command("explain", "50076")),
        ("<@U0BOT>", Command("help")),
        ("  ", Command("help")),
        ("pending", Command("pending")),
        ("<mailto:ada@contoso.com|ada@contoso.com>", Command("why", ADA)),
    ],
)
def test_what_is_said_to_the_bot_is_a_command(said: str, expected: Command) -> None:
    assert said_to_us(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("hi", Command("help")),
        ("Hello there!", Command("help")),
        ("hi :wave:", Command("help")),
        ("Danke!", Command("help")),
        ("Hallo, Hilfe", Command("help")),
        ("hi, why ada@contoso.com?", Command("why", ADA)),
        ("good morning, explain 50076", Command("explain", "50076")),
        ("hey <@U0BOT> pending", Command("pending")),
        ("hey <@U0BOT>, why ada@contoso.com", Command("why", ADA)),
        ("why ada@contoso.com <@U0BOT|psso>", Command("why", ADA)),
        ("ask <@U0BOT>: what about <@U123>?", Command("why", slack_id="U123")),
        ("<@U123>", Command("why", slack_id="U123")),
        ("<@U0BOT> /psso why <@U123>", Command("why", slack_id="U123")),
        ("Moin Khan", Command("why", "Moin Khan")),
        ("Heyer", Command("why", "Heyer")),
    ],
)
def test_people_greet_the_bot_and_mention_it_anywhere(said: str, expected: Command) -> None:
    assert said_to_us(said, "U0BOT") == expected


def test_a_long_message_without_an_account_is_looked_through_at_once() -> None:
    began = time.perf_counter()
    assert found_in("a" * 40_000) is None
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my Mac, <mailto:ada@contoso.com|ada@contoso.com>, says nothing", Command("why", ADA)),
        ("Error AADSTS50076 for ada@contoso.com.", Command("why", ADA)),
        (
            "it said aadsts 50076: due to a change",
            Command("explain", "it said aadsts 50076: due to a change"),
        ),
        ("my Mac says nothing", None),
        ("ada@contoso.com and BO@contoso.com, ADA@contoso.com", Command("why", f"{ADA} BO@contoso.com")),
        ("about a&amp;b@contoso.com", Command("why", "a&b@contoso.com")),
        (
            "guest x_example.com#EXT#@contoso.com fails",
            Command("why", "x_example.com#EXT#@contoso.com"),
        ),
        ("Error Code: 50076", Command("explain", "Error Code: 50076")),
        ('{"error_codes":[50076]}', Command("explain", '{"error_codes":[50076]}')),
        ("invoice 50076 is open", None),
        ("", None),
    ],
)
def test_a_message_is_about_its_account_or_its_code(text: str, expected: Command | None) -> None:
    assert found_in(text) == expected
