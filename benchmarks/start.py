"""How long a start takes, and what the watching bot costs while nobody asks it anything. Prints JSON.

Beside it stands what the machine takes to start Python at all, and to import the libraries that the
running bot cannot do without. Budgets: ready in 1.5 s with the embedded store, `--help` in 150 ms, `explain`
in 250 ms; idle under 150 MB (bot and store together) and 1 % of one CPU.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from sandbox.demo.processes import stage_for

PSSO_BOT = str(Path(sys.executable).with_name("psso-bot"))
STARTS = 3
ROUNDS = 7
IDLE_SECONDS = 10
BUDGETS = {"ready_ms": 1500, "help_ms": 150, "explain_ms": 250, "idle_mb": 150, "idle_cpu_percent": 1.0}
LIBRARIES = (
    "import slack_bolt.async_app, slack_bolt.adapter.socket_mode.aiohttp, redis.asyncio, "
    "msgraph_core, kiota_http, pydantic"
)


def best_ms(command: list[str]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return round(min(taken) * 1000, 1)


def start_and_idle(environment: Mapping[str, str], idle_seconds: float) -> dict[str, float]:
    """Start the bot, wait for its ready line, let it idle, and stop it."""
    began = time.perf_counter()
    bot = subprocess.Popen([PSSO_BOT, "serve"], env=dict(environment), stdout=subprocess.PIPE)
    try:
        assert bot.stdout is not None
        line = bot.stdout.readline()
        ready = time.perf_counter() - began
        if b"ready" not in line:
            raise RuntimeError("the bot did not start")
        found = {"ready_ms": round(ready * 1000, 1)}
        if idle_seconds:
            found |= idle(Path(environment["PSSO_STATE_DIR"]), bot.pid, idle_seconds)
        return found
    finally:
        bot.send_signal(signal.SIGTERM)
        bot.wait(30)


def idle(state_dir: Path, pid: int, seconds: float) -> dict[str, float]:
    time.sleep(2)  # what the start left behind is not idleness
    pids = [pid, *store_pids(state_dir)]
    before = cpu_seconds(pids)
    time.sleep(seconds)
    used = cpu_seconds(pids) - before
    megabytes = [resident_mb(each) for each in pids]
    return {
        "idle_mb": round(sum(megabytes), 1),
        "idle_mb_of_bot": round(megabytes[0], 1),
        "idle_cpu_percent": round(100 * used / seconds, 2),
    }


def store_pids(state_dir: Path) -> list[int]:
    """Return the embedded store's server: the process that works in the store's directory."""
    store, found = (state_dir / "store").resolve(), []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and "server" in (entry / "comm").read_text():
                found += [int(entry.name)] if (entry / "cwd").resolve() == store else []
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return found


def cpu_seconds(pids: list[int]) -> float:
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


async def starts() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        async with aiohttp.ClientSession() as session, stage_for(Path(folder, "state")) as stage:
            empty = {"empty": True}  # the bot watches, and there is nothing to alert about
            (await session.post(f"{stage.entra_url}/_admin/log", json=empty)).raise_for_status()
            environment = {**stage.bot_environment}
            runs = [
                await asyncio.to_thread(
                    start_and_idle,
                    {**environment, "PSSO_STATE_DIR": str(Path(folder, f"state-{number}"))},
                    IDLE_SECONDS if number == 0 else 0,
                )
                for number in range(STARTS)
            ]
    return {**runs[0], "ready_ms": min(run["ready_ms"] for run in runs)}


def main() -> int:
    found = {
        "help_ms": best_ms([PSSO_BOT, "--help"]),
        "explain_ms": best_ms([PSSO_BOT, "explain", "50076"]),
        **asyncio.run(starts()),
    }
    beside = {
        "python_ms": best_ms([sys.executable, "-c", "pass"]),
        "libraries_ms": best_ms([sys.executable, "-c", LIBRARIES]),
    }
    print(json.dumps({"benchmark": "start", "budgets": BUDGETS, **found, "beside": beside}, indent=2))
    return 0 if all(found[name] <= most for name, most in BUDGETS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
