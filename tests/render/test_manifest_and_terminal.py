from __future__ import annotations

import io

import pytest
import yaml
from rich.console import Console

from bot.render.explain import explanation
from bot.render.explanations import explanation_json, explanation_lines
from bot.render.manifest import manifest
from bot.render.terminal import print_why
from sandbox.slack.block_kit import validate_message
from sandbox.slack.plain import plain_text
from tests.render.cards import NOW, a_diagnosis


def printed(text: str | None = None) -> str:
    out = io.StringIO()
    print_why(
        a_diagnosis(text), now=NOW, console=Console(file=out, markup=False, emoji=False, soft_wrap=True)
    )
    return out.getvalue()


def test_socket_mode_manifest() -> None:
    made = yaml.safe_load(manifest(None))
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert 175 <= len(made["display_information"]["long_description"]) <= 4000
    assert made["settings"]["socket_mode_enabled"] is True
    assert "url" not in made["features"]["slash_commands"][0]
    assert made["features"]["app_home"]["home_tab_enabled"] is True
    assert made["settings"]["event_subscriptions"] == {
        "bot_events": ["app_home_opened", "app_mention", "message.im"]
    }
    scopes = made["oauth_config"]["scopes"]["bot"]
    assert "commands" in scopes
    wide = [scope for scope in scopes if "history" in scope or "customize" in scope or "public" in scope]
    assert wide == ["im:history"]  # its own direct messages, and nobody's conversations


def test_shortcuts_are_in_the_manifest() -> None:
    shortcuts = yaml.safe_load(manifest(None))["features"]["shortcuts"]
    assert [(one["type"], one["callback_id"]) for one in shortcuts] == [
        ("global", "psso_diagnose"),
        ("message", "psso_diagnose_message"),
    ]
    assert all(len(one["name"]) <= 24 for one in shortcuts)


def test_http_manifest_points_everything_at_one_address() -> None:
    made = yaml.safe_load(manifest("https://bot.contoso.com/"))
    url = "https://bot.contoso.com/slack/events"
    assert made["settings"]["socket_mode_enabled"] is False
    assert made["settings"]["interactivity"]["request_url"] == url
    assert made["settings"]["event_subscriptions"]["request_url"] == url
    assert made["features"]["slash_commands"][0]["url"] == url


def test_terminal_answer_has_everything_and_no_slack_markup() -> None:
    shown = printed()
    for words in (
        "■ Blocked: Per-user MFA blocks Platform SSO, almost certain (97 %)",
        "mira.holm@contoso.com",
        "AADSTS50076",
        "1. Request the change.",
        "Devices could not be read",
        "PARTIAL",
        "12 min ago",
    ):
        assert words in shown
    assert "<!date" not in shown
    assert "&amp;" not in shown


@pytest.mark.parametrize("text", ["[bold red]x[/]", "\x1b[31mred\x07", "[/oops]", ":smile:", "\u202eabc"])
def test_terminal_shows_the_words_of_others_literally(text: str) -> None:
    shown = printed(text)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    if text.startswith("["):
        assert text in shown


def test_explanations() -> None:
    assert explanation_lines(50076)[0].startswith("AADSTS50076")
    assert "not in our list" in " ".join(explanation_lines(99999999))
    assert explanation_json(50076)["known"] is True
    assert explanation_json(99999999)["meaning"] is None


@pytest.mark.parametrize("codes", [(), (50076,), (50076, 99999999), tuple(range(50000, 50100))])
def test_explanations_in_slack(codes: tuple[int, ...]) -> None:
    made = explanation(codes, key="k")
    assert validate_message({"text": made.text, "blocks": made.blocks}) == []
    if codes == (50076,):
        assert "What to do" in plain_text(made.blocks)


def test_lines_go_into_a_pipe_whole(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 60 + "end"
    print_why(a_diagnosis(steps=(long,), unknown=(long,)), now=NOW)
    assert capsys.readouterr().out.count(long) == 2
