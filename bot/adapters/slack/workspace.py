"""Who is who in our Slack workspace: `ports.Workspace` over the Web API, cached for a minute."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.client import MALFORMED, TIMED_OUT, UNREACHABLE, call
from bot.adapters.slack.kept import Kept
from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import Channel, Clock, Pause, SlackPerson

log = logging.getLogger(__name__)

NO_WORD = frozenset({UNREACHABLE, TIMED_OUT, MALFORMED, "ratelimited", "fatal_error", "internal_error"})
"""Not an answer: Slack may say more in a minute."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What auth.test says about the token in use."""

    team_id: str
    app_id: str
    bot_id: str
    bot_user_id: str
    team: str = ""
    url: str = ""
    enterprise_id: str = ""


async def installation(client: AsyncWebClient) -> Installation:
    """Ask Slack whose token this is. Raises SlackError.

    https://docs.slack.dev/reference/methods/auth.test
    """
    said = await call(client, "auth.test")
    app_id = str(said.get("app_id") or "")
    bot_id = str(said.get("bot_id") or "")
    if not app_id and bot_id:
        app_id = await _app_of(client, bot_id)
    return Installation(
        team_id=_text(said, "team_id", "auth.test"),
        app_id=app_id,
        bot_id=bot_id,
        bot_user_id=str(said.get("user_id") or ""),
        team=str(said.get("team") or ""),
        url=str(said.get("url") or ""),
        enterprise_id=str(said.get("enterprise_id") or ""),
    )


async def _app_of(client: AsyncWebClient, bot_id: str) -> str:
    """Return our app's id; "" when Slack refuses to say, for then only the signature vouches for the app."""
    try:
        about = await call(client, "bots.info", verb="GET", bot=bot_id)
    except SlackError as error:
        if error.code in NO_WORD:
            raise
        log.warning("Slack does not name our app, so payloads are not compared with it: %s", error.code)
        return ""
    return str((about.get("bot") or {}).get("app_id") or "")


class SlackWorkspace:
    """`ports.Workspace`; make it with `await SlackWorkspace.opened(client, now)`."""

    def __init__(
        self, client: AsyncWebClient, now: Clock, who: Installation, pause: Pause = asyncio.sleep
    ) -> None:
        self.installation = who
        self._client = client
        self._people: Kept[SlackPerson] = Kept(now, pause)
        self._groups: Kept[frozenset[str]] = Kept(now, pause)
        self._channels: Kept[Channel] = Kept(now, pause)

    @classmethod
    async def opened(cls, client: AsyncWebClient, now: Clock) -> SlackWorkspace:
        """Ask Slack who we are, and return the workspace."""
        return cls(client, now, await installation(client))

    @property
    def team_id(self) -> str:
        """Our workspace's id."""
        return self.installation.team_id

    @property
    def app_id(self) -> str:
        """Our app's id, empty when Slack did not say."""
        return self.installation.app_id

    async def person(self, slack_id: str, *, fresh: bool = False) -> SlackPerson:
        """Describe an account; NotAllowed(OUTSIDER) when Slack does not know it here."""
        return await self._people.get(slack_id, lambda: self._read_person(slack_id), fresh=fresh)

    async def members(self, group_id: str, *, fresh: bool = False) -> frozenset[str]:
        """Return a user group's members."""
        return await self._groups.get(group_id, lambda: self._read_members(group_id), fresh=fresh)

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Describe a channel the bot can see."""
        return await self._channels.get(channel_id, lambda: self._read_channel(channel_id), fresh=fresh)

    async def _read_person(self, slack_id: str) -> SlackPerson:
        try:
            said = await call(self._client, "users.info", verb="GET", user=slack_id, include_locale="true")
        except SlackError as error:
            if error.code in ("user_not_found", "user_not_visible"):
                raise NotAllowed(Denial.OUTSIDER) from error
            raise
        return person_from(_object(said, "user", "users.info"), self.team_id)

    async def _read_members(self, group_id: str) -> frozenset[str]:
        said = await call(
            self._client, "usergroups.users.list", verb="GET", usergroup=group_id, team_id=self.team_id
        )
        listed = said.get("users")
        if not isinstance(listed, list):
            raise SlackError("usergroups.users.list", MALFORMED)
        return frozenset(str(member) for member in listed)

    async def _read_channel(self, channel_id: str) -> Channel:
        said = await call(self._client, "conversations.info", verb="GET", channel=channel_id)
        return channel_from(_object(said, "channel", "conversations.info"))


def person_from(user: dict[str, Any], our_team: str) -> SlackPerson:
    """Read an account. https://docs.slack.dev/reference/objects/user-object

    A missing team is nobody's team: it will not equal ours.
    """
    profile = user.get("profile") or {}
    team = str(user.get("team_id") or "")
    return SlackPerson(
        id=_text(user, "id", "users.info"),
        team_id=team,
        name=str(profile.get("real_name") or user.get("real_name") or user.get("name") or ""),
        email=profile.get("email") or None,
        time_zone=str(user.get("tz") or "UTC"),
        locale=str(user.get("locale") or "en-US"),
        is_deleted=bool(user.get("deleted")),
        is_bot=bool(user.get("is_bot")) or bool(user.get("is_workflow_bot")) or user.get("id") == "USLACKBOT",
        is_guest=bool(user.get("is_restricted")) or bool(user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")) or team != our_team,
    )


def channel_from(channel: dict[str, Any]) -> Channel:
    """Read a channel. https://docs.slack.dev/reference/objects/conversation-object"""
    is_direct = bool(channel.get("is_im")) or bool(channel.get("is_mpim"))
    external = (
        channel.get("is_ext_shared"),
        channel.get("is_pending_ext_shared"),
        channel.get("pending_connected_team_ids"),
        channel.get("pending_shared"),
    )
    return Channel(
        id=_text(channel, "id", "conversations.info"),
        name=str(channel.get("name") or ""),
        is_external=any(bool(sign) for sign in external),
        is_direct=is_direct,
        is_archived=bool(channel.get("is_archived")),
        has_bot=bool(channel.get("is_member", True)),
    )


def _object(said: dict[str, Any], key: str, method: str) -> dict[str, Any]:
    found = said.get(key)
    if not isinstance(found, dict):
        raise SlackError(method, MALFORMED)
    return found


def _text(said: dict[str, Any], key: str, method: str) -> str:
    found = said.get(key)
    if not isinstance(found, str) or not found:
        raise SlackError(method, MALFORMED)
    return found
