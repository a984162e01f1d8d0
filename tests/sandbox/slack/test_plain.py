"""Block Kit as a reader sees it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack.plain import plain_mrkdwn, plain_text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*bold* _it_ ~gone~ `per_user_mfa`", "bold it gone per_user_mfa"),
        ("per_user_mfa_state stays", "per_user_mfa_state stays"),
        ("<https://contoso.com|the page>", "the page"),
        ("<https://contoso.com>", "https://contoso.com"),
        ("<@U0HANA> in <#C0GENERAL>", "@hana in #general"),
        ("<!subteam^S0X|@approvers> <!here>", "@approvers @here"),
        ("<!date^1700000000^{date_num}|14 Nov>", "14 Nov"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
    ],
)
def test_mrkdwn_reads_without_its_markup(written: str, read: str) -> None:
    assert plain_mrkdwn(written, {"U0HANA": "hana", "C0GENERAL": "general"}) == read


def test_blocks_read_line_by_line() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Title"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*User*\nAda"}]},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "one"}, {"type": "mrkdwn", "text": "two"}],
        },
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Approve"}},
                {"type": "static_select", "placeholder": {"type": "plain_text", "text": "Pick"}},
            ],
        },
        {
            "type": "input",
            "optional": True,
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "placeholder": {"type": "plain_text", "text": "why"}},
        },
    ]
    assert plain_text(blocks).splitlines() == [
        "Title",
        "User",
        "Ada",
        "one · two",
        "———",
        "[Approve] [Pick]",
        "Reason (optional): [why]",
    ]
