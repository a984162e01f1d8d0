"""What one `why` takes beyond Graph itself. Prints JSON.

Every Graph call takes 200 ms here. Beside it stands a bare aiohttp client that sends the very same calls, as
the sandbox noted them, in two rounds side by side: what depends on the person's id, after finding the person.
The sandbox's own work is in both figures, so the budget is for their difference: p50 under 25 ms, p99 under
80 ms.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bot import app
from bot.settings import Settings
from bot.usecases.why import why
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import stage_for

USER = "ada.lind@contoso.com"
ROUND_TRIP_MS = 200.0
ROUNDS = 20
BUDGETS = {"p50_ms": 25.0, "p99_ms": 80.0}


def figures(taken: list[float]) -> dict[str, float]:
    beyond = sorted(each - 2 * ROUND_TRIP_MS for each in taken)
    return {
        "p50_ms": round(statistics.median(beyond), 1),
        "p99_ms": round(beyond[round(0.99 * (len(beyond) - 1))], 1),
    }


async def ours(settings: Settings) -> list[float]:
    async with app.reading(settings) as services:
        await why(USER, services, fresh=True)  # policies and tenant settings are cached from here on
        return [await timed(why(USER, services, fresh=True)) for _ in range(ROUNDS)]


async def bare(url: str, token: str, asked: list[dict[str, Any]]) -> list[float]:
    first, rest = asked[0], asked[1:]
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def send(call: dict[str, Any]) -> None:
            body = call.get("body")
            async with session.request(call["method"], f"{url}{call['path']}", json=body) as answer:
                json.loads(await answer.read())

        async def both() -> None:
            await send(first)
            async with asyncio.TaskGroup() as tasks:
                for call in rest:
                    tasks.create_task(send(call))

        await both()
        return [await timed(both()) for _ in range(ROUNDS)]


async def timed(work: Any) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000


async def compare() -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        with tempfile.TemporaryDirectory() as folder:
            more = {"PSSO_GRAPH_REPORTS_PER_10S": "1000"}
            async with stage_for(Path(folder, "state"), **more) as stage:
                tenant = Tenant(stage.entra_url, session)
                await tenant.throttle(reports_per_10s=None, policies_per_s=None)
                settings = Settings.from_env(stage.bot_environment)
                async with app.reading(settings) as services:
                    await why(USER, services, fresh=True)
                    before = len(await tenant.asked())
                    await why(USER, services, fresh=True)
                    asked = (await tenant.asked())[before:]
                await tenant.fault(path="/", delay=ROUND_TRIP_MS / 1000, count=1_000_000)
                found = await ours(settings)
                token = stage.bot_environment["GRAPH_TOKEN"]
                beside = await bare(stage.entra_url, token, asked)
    return {"calls": len(asked), "ours_beyond": figures(found), "bare_beyond": figures(beside)}


def main() -> int:
    found = asyncio.run(compare())
    beyond = {name: round(found["ours_beyond"][name] - found["bare_beyond"][name], 1) for name in BUDGETS}
    print(
        json.dumps(
            {
                "benchmark": "why",
                "round_trip_ms": ROUND_TRIP_MS,
                "budgets": BUDGETS,
                **found,
                "difference": beyond,
            },
            indent=2,
        )
    )
    return 0 if all(beyond[name] <= most for name, most in BUDGETS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
