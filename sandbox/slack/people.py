"""The people of a sandbox workspace, for tests and the demo: they type, click, fill in, and look."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import aiohttp

Json = dict[str, Any]


class CannotDo(Exception):
    """Slack's client would not let the person do that; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotSeen(AssertionError):
    """What was waited for did not appear in time; the message holds what was on the screen."""


class Workspace:
    """A connection to the sandbox's admin doors at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def command(self, user: str, text: str, channel: str = "C0GENERAL", **extra: Any) -> Json:
        """Type `/psso text`; returns acked, ack_ms, response and, when it failed, error."""
        return await self.post("command", {"user": user, "text": text, "channel": channel, **extra})

    async def click(self, user: str, text: str | None = None, **where: Any) -> Json:
        """Click by label, or by `action_id`; narrow with channel, message_ts, view_id, block_id."""
        named = {} if text is None else {"text": text}
        return await self.post("click", {"user": user, **named, **where})

    async def submit(self, user: str, values: Json | None = None, **extra: Any) -> Json:
        """Fill in and submit the modal on top; `client_errors` or `errors` say what was wrong."""
        return await self.post("submit", {"user": user, "values": values or {}, **extra})

    async def close_modal(self, user: str, **extra: Any) -> Json:
        """Close the modal on top; `all=True` the whole stack."""
        return await self.post("close", {"user": user, **extra})

    async def home(self, user: str) -> Json:
        """Open the app's home tab."""
        return await self.post("home", {"user": user})

    async def message(self, user: str, channel: str, text: str, **extra: Any) -> Json:
        """Write a message; channel `U0BOT` is the direct message with the bot."""
        return await self.post("message", {"user": user, "channel": channel, "text": text, **extra})

    async def shortcut(self, user: str, callback_id: str, **extra: Any) -> Json:
        """Press a global shortcut; with channel and message_ts a message shortcut."""
        return await self.post("shortcut", {"user": user, "callback_id": callback_id, **extra})

    async def event(self, event: Json) -> Json:
        """Send the app an event."""
        return await self.post("event", {"event": event})

    async def screen(self, user: str) -> Json:
        """Return everything the person sees."""
        return await self.get("screen", user=user)

    async def wait_for(self, user: str, text: str, timeout: float = 5) -> Json:  # noqa: ASYNC109 - a long poll's own limit
        """Return the person's screen once it contains the text; raise NotSeen after `timeout` seconds."""
        answer = await self.get("wait", user=user, contains=text, timeout=str(timeout))
        if not answer["found"]:
            raise NotSeen(f"{user} never saw {text!r}; on the screen: {answer['screen']}")
        shown: Json = answer["screen"]
        return shown

    async def calls(self, method: str | None = None) -> list[Json]:
        """Return the app's Web API calls so far, oldest first."""
        answer = await self.get("calls", **({"method": method} if method else {}))
        calls: list[Json] = answer["calls"]
        return calls

    async def forget_calls(self) -> None:
        """Empty the log of calls."""
        await self._send("DELETE", "calls")

    async def fault(self, method: str, **how: Any) -> None:
        """Make the next calls of a method fail: count, error, status, retry_after, delay, cut."""
        await self.post("faults", {"method": method, **how})

    async def forget_faults(self) -> None:
        """Disarm all faults."""
        await self._send("DELETE", "faults")

    async def socket(self, **how: Any) -> Json:
        """disconnect=reason, abort=True, duplicate_next=n, drop_next=n; returns the number of connections."""
        return await self.post("socket", how)

    async def http(self, request_url: str | None, **how: Any) -> Json:
        """Deliver by signed HTTP to a URL; None goes back to Socket Mode."""
        return await self.post("http", {"request_url": request_url, **how})

    async def person(self, user: str, **flags: Any) -> None:
        """Change (or add) an account: deleted, is_restricted, email, tz …"""
        await self.post(f"people/{user}", flags)

    async def usergroup(self, group: str, users: list[str]) -> None:
        """Set a user group's members."""
        await self.post(f"usergroups/{group}", {"users": users})

    async def channel(self, channel: str, **flags: Any) -> None:
        """Change a channel: members, is_archived, is_ext_shared …"""
        await self.post(f"channels/{channel}", flags)

    async def app(self, **settings: Any) -> None:
        """Change the app: scopes, events, commands, shortcuts, tokens."""
        await self.post("app", settings)

    async def rate_limits(self, *, enabled: bool) -> None:
        """Turn rate limits on or off."""
        await self.post("rate_limits", {"enabled": enabled})

    async def advance(self, seconds: float) -> None:
        """Move Slack's clock forward."""
        await self.post("clock", {"advance_seconds": seconds})

    async def post(self, path: str, body: Json) -> Json:
        """POST to an admin door."""
        return await self._send("POST", path, json=body)

    async def get(self, path: str, **query: str) -> Json:
        """GET an admin door."""
        return await self._send("GET", path, params=query)

    async def _send(self, verb: str, path: str, **how: Any) -> Json:
        async with self._session.request(verb, f"{self.url}/_admin/{path}", **how) as response:
            answer: Json = await response.json()
            if response.status >= 400:
                raise CannotDo(str(answer.get("error")))
            return answer
