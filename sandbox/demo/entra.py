"""What the demo asks of the sandbox's Entra beside Graph: let a Mac try, show what the bot asked."""

from __future__ import annotations

from typing import Any, cast

import aiohttp


class Tenant:
    """The sandbox tenant's admin door."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def people(self) -> list[dict[str, Any]]:
        """Return the cast: names, stories and current states."""
        answer = await self._get("cast")
        return cast("list[dict[str, Any]]", answer["people"] if isinstance(answer, dict) else answer)

    async def try_registration(self, user: str) -> list[dict[str, Any]]:
        """Let a user's Mac try to register now; return the rows it left in the sign-in log."""
        answer = await self._post(f"users/{user}/try-registration", {})
        return cast("list[dict[str, Any]]", answer["rows"] if isinstance(answer, dict) else answer)

    async def set_state(self, user: str, state: str) -> None:
        """Let another administrator set a user's per-user MFA state."""
        await self._post(f"users/{user}/state", {"perUserMfaState": state})

    async def throttle(self, **limits: float | None) -> None:
        """Set reports_per_10s and policies_per_s; None switches a limit off."""
        await self._post("throttle", dict(limits))

    async def fault(self, **how: Any) -> None:
        """Make coming Graph calls fail: path, method, count, status, headers, body, delay, cut."""
        await self._post("faults", how)

    async def forget_faults(self) -> None:
        """Let every call work again."""
        async with self._session.delete(f"{self._url}/_admin/faults") as response:
            response.raise_for_status()

    async def permissions(self, **change: list[str]) -> None:
        """Grant or revoke permissions of the bot's app."""
        await self._post("permissions", dict(change))

    async def state(self, user: str) -> str:
        """Return a user's per-user MFA state."""
        person = next(
            entry for entry in await self.people() if user in (entry["userPrincipalName"], entry["id"])
        )
        return str(person["perUserMfaState"])

    async def asked(self) -> list[dict[str, Any]]:
        """Return every Graph request since the start or the last clearing."""
        answer = await self._get("requests")
        return cast("list[dict[str, Any]]", answer["requests"] if isinstance(answer, dict) else answer)

    async def _get(self, path: str) -> Any:
        async with self._session.get(f"{self._url}/_admin/{path}") as response:
            response.raise_for_status()
            return await response.json()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        async with self._session.post(f"{self._url}/_admin/{path}", json=body) as response:
            response.raise_for_status()
            return await response.json()
