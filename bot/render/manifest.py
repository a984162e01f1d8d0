"""The Slack app manifest. Schema: https://docs.slack.dev/reference/app-manifest"""

from __future__ import annotations

from typing import Any

import yaml

from bot.render.labels import DIAGNOSE_SHORTCUT, ON_MESSAGE_SHORTCUT, ON_SHORTCUT

SCOPES = (
    "commands",  # the slash command
    "chat:write",  # cards, thread replies, private answers
    "im:write",  # direct messages to requester and approvers
    "users:read",  # guest, deactivated and outside accounts are refused
    "users:read.email",  # matches a Slack account to an Entra user
    "usergroups:read",  # approvers and helpdesk named as user groups
    "channels:read",  # refuses channels shared with other organisations
    "groups:read",  # the same for private channels
    "app_mentions:read",  # a mention asks like the command
    "im:history",  # a direct message to the bot asks like the command
    "files:write",  # the chart of the weekly digest
)

EVENTS = ("app_home_opened", "app_mention", "message.im")

_ABOUT = (
    "Asks Microsoft Entra ID why a Mac user cannot register for Platform SSO: the legacy per-user MFA state, "
    "the sign-in errors and whether another policy still demands MFA. It says how sure it is and what to do. "
    "When legacy per-user MFA is the cause, people named by your organisation can approve turning it off for "
    "that person; the bot makes the change, reads it back and tells everyone who waits."
)


def manifest(http_url: str | None = None) -> str:
    """Return the manifest as YAML: for Socket Mode, or for HTTP at the bot's public URL."""
    endpoint = f"{http_url.rstrip('/')}/slack/events" if http_url else None
    return yaml.safe_dump(_document(endpoint), sort_keys=False, allow_unicode=True, width=100)


def _document(endpoint: str | None) -> dict[str, Any]:
    command: dict[str, Any] = {
        "command": "/psso",
        "description": "Why can this person not register for Platform SSO?",
        "usage_hint": "why user@example.com | explain 50076 | pending | sweep | alerts | help",
        "should_escape": True,
    }
    interactivity: dict[str, Any] = {"is_enabled": True}
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    if endpoint:
        command["url"] = endpoint
        interactivity["request_url"] = endpoint
        events["request_url"] = endpoint
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "PSSO Helper",
            "description": "Why a Mac cannot register for Platform SSO, and an approved way to fix it",
            "long_description": _ABOUT,
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "psso", "always_online": True},
            "slash_commands": [command],
            "shortcuts": [
                {
                    "name": DIAGNOSE_SHORTCUT,
                    "type": "global",
                    "callback_id": ON_SHORTCUT,
                    "description": "Why can this person not register?",
                },
                {
                    "name": DIAGNOSE_SHORTCUT,
                    "type": "message",
                    "callback_id": ON_MESSAGE_SHORTCUT,
                    "description": "Looks up the account or the AADSTS code in this message",
                },
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": endpoint is None,
            "token_rotation_enabled": False,
        },
    }
