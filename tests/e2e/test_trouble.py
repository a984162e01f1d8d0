"""When Graph misbehaves: people are answered at once, told what could not be read, and never told "fine"."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from sandbox.demo.processes import bot
from tests.e2e.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

BO = "bo.ahlgren@contoso.com"
FINE = ("Not blocked", "Already registered")

BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "no permission": {
        "status": 403,
        "body": '{"error":{"code":"Authorization_RequestDenied","message":"No."}}',
    },
    "throttled": {"status": 429, "headers": {"Retry-After": "3"}},
    "unavailable": {"status": 503},
    "a web page": {"status": 200, "body": "<html><body>Gateway</body></html>"},
    "cut off": {"status": 200, "body": '{"value": [{"id": "a'},
    "lost": {"cut": True},
}


@pytest.mark.parametrize("how", BAD_ANSWERS)
async def test_a_sign_in_log_that_cannot_be_read_is_named_on_the_card(world: World, how: str) -> None:
    await world.tenant.fault(path="auditLogs/signIns", count=-1, **BAD_ANSWERS[how])
    card = await world.asks("U0NILS", f"why {BO}")
    await world.tenant.forget_faults()

    assert "What could not be read" in card
    assert "sign-in log" in card
    assert [word for word in FINE if word in card] == []


@pytest.mark.parametrize("how", BAD_ANSWERS)
async def test_a_graph_that_answers_nothing_useful_gives_no_verdict(world: World, how: str) -> None:
    await world.tenant.fault(path="/", count=-1, **BAD_ANSWERS[how])
    card = await world.asks("U0NILS", "why freja.lang@contoso.com")
    await world.tenant.forget_faults()

    assert "Cannot tell" in card
    assert "[Request disable]" not in card
    assert [word for word in FINE if word in card] == []


async def test_slack_is_answered_at_once_while_graph_takes_its_time(world: World) -> None:
    await world.tenant.fault(path="/", count=-1, delay=10)
    async with asyncio.TaskGroup() as commands:
        typed = [
            commands.create_task(world.slack.command("U0MIRA", f"why person{number}@contoso.com"))
            for number in range(20)
        ]
    answers = [task.result() for task in typed]
    await world.tenant.forget_faults()

    assert all(answer["acked"] for answer in answers)
    assert max(answer["ack_ms"] for answer in answers) < 1000


async def test_an_approval_survives_a_killed_bot(world: World, tmp_path: Path) -> None:
    """The bot dies between the approval and the change; the next start finds it, and changes it once."""
    user = "noor.alhadid@contoso.com"
    await world.tenant.set_state(user, "enforced")
    ts = await world.opens(user)
    await world.tenant.fault(path="authentication/requirements", method="GET", count=-1, delay=5)
    await world.presses("U0OTTO", "Approve", ts)
    await world.until_card(ts, "Approved, not carried out yet", "Being carried out")
    os.kill(_pid_of_bot(), signal.SIGKILL)
    await world.tenant.forget_faults()

    async with bot(world.stage.bot_environment, tmp_path / "second.log"):
        async with asyncio.timeout(90):
            while "Done and read back" not in await world.card(ts):
                await asyncio.sleep(0.2)
    assert len(await world.patches(await world.id_of(user))) == 1
    _end_store(world)


def _end_store(world: World) -> None:
    """The bot that started the store was killed, and nobody else ends it."""
    with Redis(unix_socket_path=str(world.stage.state_dir / "store" / "valkey.sock")) as store:
        store.shutdown(nosave=True)


def _pid_of_bot() -> int:
    """Find the bot among this process's descendants: tethers are our children, the bot is theirs."""
    for tether in _children(os.getpid()):
        for child in _children(tether):
            if b"\0-m\0bot\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    raise AssertionError("the bot is not running")


def _children(pid: int) -> list[int]:
    text = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(one) for one in text.split()]
