"""What a workspace holds: people, channels, groups, messages, views; read from a JSON file."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.feed import Feed
from sandbox.slack.clock import SteppedClock

Json = dict[str, Any]

WORKSPACES = Path(__file__).parent / "workspaces"


@dataclass(slots=True)
class Person:
    """An account with the flags users.info shows."""

    id: str
    name: str
    real_name: str
    team_id: str
    email: str | None = None
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600
    locale: str = "en-US"
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation; `user` is the other end of a direct message with the bot."""

    id: str
    name: str
    members: list[str]
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_shared: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    user: str | None = None
    topic: str = ""


@dataclass(slots=True)
class UserGroup:
    """A user group (`S…`) and its members."""

    id: str
    handle: str
    name: str
    users: list[str]


@dataclass(slots=True)
class SlackApp:
    """The one app that is installed."""

    id: str
    name: str
    bot_user: str
    bot_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    scopes: list[str]
    commands: list[str]
    shortcuts: list[str]
    events: list[str]


@dataclass(slots=True)
class File:
    """An uploaded file; `content` is None until its bytes came."""

    id: str
    name: str
    size: int
    mimetype: str
    title: str = ""
    alt_txt: str = ""
    content: bytes | None = None


@dataclass(slots=True)
class Message:
    """A message; `shown_to` makes it ephemeral, `versions` keeps the blocks of earlier edits."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    edited_ts: str | None = None
    shown_to: str | None = None
    deleted: bool = False
    unfurl_links: bool = False
    unfurl_media: bool = True
    versions: list[list[Json]] = field(default_factory=list)


@dataclass(slots=True)
class View:
    """A modal or a home tab as Slack stores it; `errors` is what response_action errors put there."""

    id: str
    user: str
    body: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    values: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What Slack's own client tells a person, such as that the app did not respond."""

    error: str
    text: str
    at: float


@dataclass
class Workspace:
    """The whole state; every change ends with `touch`, which wakes whoever waits for a screen."""

    team: Json
    app: SlackApp
    people: dict[str, Person]
    channels: dict[str, Channel]
    groups: dict[str, UserGroup]
    clock: SteppedClock
    messages: list[Message] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    modals: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    homes: dict[str, str] = field(default_factory=dict)
    notices: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, File] = field(default_factory=dict)
    version: int = 0
    _counters: Counter[str] = field(default_factory=Counter)
    _last_ts: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        """Start the feed on Slack's time."""
        self.feed = Feed(self.clock.now)

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return str(self.team["id"])

    def next_id(self, prefix: str) -> str:
        """Return the prefix with a running number: the same run gives the same ids."""
        self._counters[prefix] += 1
        return f"{prefix}{self._counters[prefix]:06d}"

    def next_ts(self) -> str:
        """Return a message timestamp, later than every one before it."""
        self._last_ts = max(int(self.clock.now() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def touch(self) -> None:
        """Say that something visible changed."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def tell(self, kind: str, to: Sequence[str] | None = None, **facts: Any) -> None:
        """Say what changed, to whoever follows the feed; `to` names who sees it, None everybody."""
        self.feed.add(kind, to, **facts)
        self.touch()

    async def changed(self) -> None:
        """Return after the next `touch`."""
        await self._changed.wait()

    def message(self, channel: str, ts: str) -> Message | None:
        """Return the message that everybody in the channel sees, or None."""
        found = (m for m in self.messages if m.channel == channel and m.ts == ts)
        return next((m for m in found if m.shown_to is None and not m.deleted), None)

    def visible_to(self, user: str) -> Iterator[Message]:
        """Yield, newest first, the messages and ephemerals this person sees."""
        for message in reversed(self.messages):
            channel = self.channels[message.channel]
            if not message.deleted and user in channel.members and message.shown_to in {None, user}:
                yield message

    def direct_channel(self, user: str) -> Channel:
        """Return the direct message between the bot and a person; opened when there is none."""
        channel_id = "D" + user[1:]
        if channel_id not in self.channels:
            members = [user, self.app.bot_user]
            self.channels[channel_id] = Channel(channel_id, "directmessage", members, True, True, user=user)
        return self.channels[channel_id]

    def notify(self, user: str, error: str, text: str) -> None:
        """Show a person an error of Slack's own client."""
        self.notices[user].append(Notice(error, text, self.clock.now()))
        self.tell("notice", [user], person=user, error=error, text=text)


def load_workspace(name: str, clock: SteppedClock) -> Workspace:
    """Read `workspaces/<name>.json`."""
    raw = json.loads((WORKSPACES / f"{name}.json").read_text(encoding="utf-8"))
    team_id = raw["team"]["id"]
    people = [Person(**{"team_id": team_id, **row}) for row in raw["people"]]
    return Workspace(
        team=raw["team"],
        app=SlackApp(**raw["app"]),
        people={person.id: person for person in people},
        channels={row["id"]: Channel(**row) for row in raw["channels"]},
        groups={row["id"]: UserGroup(**row) for row in raw["usergroups"]},
        clock=clock,
    )
