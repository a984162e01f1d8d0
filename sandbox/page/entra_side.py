"""Entra's half of the page: the pane, and what other administrators and Macs do to the tenant."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

import aiohttp

from sandbox.entra.pane import sign_in_seen
from sandbox.entra.registration import SPREAD_SECONDS
from sandbox.feed import Json
from sandbox.page.guard import Told

CALLS_SHOWN = 50
TRY_SECONDS = (
    4.0  # Entra's times are whole seconds: a try must begin clearly after a change to count as later
)


@dataclass
class EntraSide:
    """Speaks to the sandbox tenant's admin doors."""

    url: str
    session: aiohttp.ClientSession
    accounts: dict[str, str] = field(default_factory=dict)  # e-mail in lower case -> Slack person
    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=CALLS_SHOWN))

    def learn_accounts(self, people: list[Json]) -> None:
        """Remember which Slack person has which e-mail; of two with one address the first counts."""
        ours = [one for one in people if not one["is_outside"] and not one["deleted"] and one["email"]]
        self.accounts.update({one["email"].lower(): one["id"] for one in reversed(ours)})

    async def pane(self) -> Json:
        """Return the tenant as the pane shows it."""
        seen = await self.get("pane")
        seen.pop("at")
        people = [self.with_slack(one) for one in seen["people"]]
        return {**seen, "people": people, "calls": list(reversed(self.calls))}

    def with_slack(self, person: Json) -> Json:
        """Say which Slack account an Entra account has."""
        mail = str(person["mail"] or person["upn"]).lower()
        return {**person, "slack": self.accounts.get(mail)}

    def complete(self, fact: Json) -> None:
        """Finish a fact of the tenant's feed before it is published."""
        if fact["kind"] == "entra_person":
            fact["person"] = self.with_slack(fact["person"])
        elif fact["kind"] == "graph":
            self.calls.append(fact["call"])

    async def person(self, name: str) -> Json:
        """Return one account by UPN, id or key."""
        for one in (await self.get("pane"))["people"]:
            if name.lower() in (one["id"], one["upn"].lower(), one["key"]):
                return self.with_slack(one)
        raise Told(404, "no_such_user", f"{name} is not in this tenant.")

    async def try_registration(self, name: str) -> Json:
        """Let a person's Mac try to register now."""
        person = await self.person(name)
        went = await self._register(person["id"], await _seconds_it_takes(person))
        rows = [sign_in_seen(row) for row in went["rows"]]
        return {
            "registered": went["registered"],
            "code": rows[-1]["code"],
            "rows": rows,
            "person": await self.person(person["id"]),
        }

    async def _register(self, user_id: str, spread: float) -> Json:
        return await self.post(f"users/{user_id}/try-registration", {"spread_seconds": spread})

    async def set_state(self, name: str, state: str) -> Json:
        """Let another administrator set the per-user MFA state."""
        person = await self.person(name)
        await self.post(f"users/{person['id']}/state", {"perUserMfaState": state})
        return {"person": await self.person(person["id"])}

    async def set_policy(self, policy: str, state: str) -> Json:
        """Let another administrator turn a Conditional Access policy on or off; `by` says who."""
        return await self.post("policy", {"policy": policy, "state": state})

    async def get(self, door: str) -> Json:
        """GET an admin door."""
        async with self.session.get(f"{self.url}/_admin/{door}") as answer:
            return await _said(answer)

    async def post(self, door: str, body: Json) -> Json:
        """POST to an admin door."""
        async with self.session.post(f"{self.url}/_admin/{door}", json=body) as answer:
            return await _said(answer)


async def _seconds_it_takes(person: Json) -> float:
    """Return how long a try lasts that began after the state's last change; wait if that was just now."""
    changed = person["state_changed_at"]
    if changed is None:
        return SPREAD_SECONDS
    since = time.time() - float(changed)
    if since < TRY_SECONDS:
        await asyncio.sleep(TRY_SECONDS - since)
    return min(SPREAD_SECONDS, max(since, TRY_SECONDS) - 1)


async def _said(answer: aiohttp.ClientResponse) -> Json:
    said: Json = await answer.json()
    if answer.status >= 400:
        raise Told(answer.status, "refused", str(said.get("error", "The tenant refused that.")))
    return said
