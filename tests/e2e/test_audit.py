"""What stays behind: a journal that proves itself, logs that name nobody, and no change without a record."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.adapters.audit.records import journal_path
from sandbox.demo.entra import Tenant
from sandbox.demo.processes import bot, running
from sandbox.slack.people import Workspace
from tests.e2e.conftest import CHANNEL, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUDIT = "C0AUDIT"
ADA = "ada.lind@contoso.com"
ORLA = "orla.o'brien@contoso.com"
NOBODY = "nobody.here@contoso.com"
REASON = "New Mac; she wrote from ada.private@example.org at 203.0.113.99"

LEAKS = {
    "address": re.compile(r"[\w.'#-]+(@|%40)[\w-]+\.\w+"),
    "IPv4": re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
    "token": re.compile(r"xox[a-z]-|xapp-|eyJ[\w-]{8,}"),
    "secret": re.compile(r"(?i)sandbox-signing-secret|bearer \w"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A bot that says everything it can say, with an audit channel and a health port known beforehand."""
    folder = tmp_path_factory.mktemp("audit")
    log = folder / "bot.log"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    settings = {
        "PSSO_APPROVAL_SECONDS_MIN": "0",
        "PSSO_AUDIT_CHANNEL": AUDIT,
        "PSSO_HEALTH_PORT": port,
        "PSSO_LOG": "debug",
    }
    async with (
        running(folder / "state", log, **settings) as stage,
        Workspace(stage.slack_url) as slack,
        aiohttp.ClientSession() as session,
    ):
        await slack.rate_limits(enabled=False)
        yield World(stage, slack, Tenant(stage.entra_url, session), log)


async def command(world: World, *arguments: str) -> tuple[int, str]:
    """Run `psso-bot audit …` beside the running bot; return its exit code and everything it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "audit",
        *arguments,
        env=dict(world.stage.bot_environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def records(world: World) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal_path(world.stage.state_dir).read_text().splitlines()]


def story_of(world: World, target: str) -> list[str]:
    """Return the kinds of records about the requests for a person."""
    requests = {record["request_id"] for record in records(world) if record["target"] == target}
    return [record["type"] for record in records(world) if record["request_id"] in requests - {None}]


async def readiness(world: World) -> tuple[int, str]:
    port = world.stage.bot_environment["PSSO_HEALTH_PORT"]
    url = f"http://127.0.0.1:{port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def approved_until_done(world: World, ts: str) -> dict[str, Any]:
    """Let approvers click until the card says that the state was read back; return the card."""
    for approver in ("U0OTTO", "U0MIRA"):
        if "[Approve]" in await card(world, ts, "plain"):
            await world.slack.click(approver, "Approve", channel=CHANNEL, message_ts=ts)
            await asyncio.wait_for(_until_changed(world, ts), 30)
    async with asyncio.timeout(30):
        while "Journal record" not in await card(world, ts, "thread"):
            await asyncio.sleep(0.1)
    return await found_card(world, ts)


async def _until_changed(world: World, ts: str) -> None:
    before = await card(world, ts, "plain")
    while await card(world, ts, "plain") == before and "[Approve]" in before:
        await asyncio.sleep(0.1)


async def found_card(world: World, ts: str) -> dict[str, Any]:
    return next(card for card in await world.cards() if card["ts"] == ts)


async def card(world: World, ts: str, part: str) -> str:
    return str((await found_card(world, ts))[part])


async def audit_channel(world: World) -> list[str]:
    """Return what the audit channel shows, oldest first."""
    shown = await world.slack.screen("U0NILS")
    return [str(message["plain"]) for message in shown["channels"][AUDIT]["messages"]]


async def answer_to(world: World, user: str, text: str, expected: str) -> str:
    """Type a command and wait for the private answer that holds `expected`."""
    before = len(await world.private(user))
    await world.slack.command(user, text)
    async with asyncio.timeout(20):
        while True:
            for said in (await world.private(user))[before:]:
                if expected in said:
                    return said
            await asyncio.sleep(0.05)


async def test_change_leaves_its_whole_story_and_a_receipt(world: World) -> None:
    ada = await world.id_of(ADA)
    await world.tenant.try_registration(ADA)
    ts = await world.opens(ADA, reason=REASON)
    await world.slack.click("U0HANA", "Approve", channel=CHANNEL, message_ts=ts)
    done = await approved_until_done(world, ts)

    story = story_of(world, ada)
    assert story[0] == "request.opened"
    for kind in ("refused", "vote.approve", "execute.intent", "execute.finished"):
        assert kind in story
    assert story.index("execute.intent") > story.index("vote.approve")

    receipt = re.search(r"Journal record (\d+), ([0-9a-f]{8})…", str(done["thread"][-1]["plain"]))
    assert receipt, done["thread"]
    finished = next(record for record in records(world) if record["type"] == "execute.finished")
    assert int(receipt[1]) >= finished["seq"]
    anchors = [said for said in await audit_channel(world) if f"Journal record {receipt[1]}, " in said]
    assert anchors
    anchor = re.search(r"--anchor (\d+:[0-9a-f]{64})", anchors[-1])
    assert anchor

    code, said = await command(world, "verify", "--anchor", anchor[1])
    assert (code, "as it was written" in said, "copy agrees" in said) == (0, True, True), said
    code, said = await command(world, "verify", "--anchor", f"{receipt[1]}:00000000")
    assert (code, "anchored" in said) == (1, True), said


async def test_history_tells_the_helpdesk_and_nobody_else(world: World) -> None:
    said = await answer_to(world, "U0HANA", f"history {ADA}", "Ada Lind")
    assert "From the journal" in said
    for fact in ("change requested by @hana", "refused (approve, not approver) by @hana", "change ended"):
        assert fact in said

    assert "Only the helpdesk" in await answer_to(world, "U0IVO", f"history {ADA}", "helpdesk")

    untouched = await answer_to(world, "U0HANA", "history ivo.brandt@contoso.com", "no request")
    assert "Entra's own audit log" in untouched


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    path.chmod(0o400)
    try:
        yield
    finally:
        path.chmod(0o600)


async def test_without_the_journal_nothing_changes_and_questions_are_answered(world: World) -> None:
    orla = await world.id_of(ORLA)
    journal = journal_path(world.stage.state_dir)
    await world.tenant.try_registration(ORLA)
    await answer_to(world, "U0HANA", f"why {ORLA}", "Request disable")
    ts = await world.opens(ORLA)
    written = journal.read_bytes()

    with read_only(journal):
        status, problems = await readiness(world)
        assert status == 503
        assert "The journal cannot be written: nothing will be changed." in problems

        before = len(await world.private("U0OTTO"))
        await world.slack.click("U0OTTO", "Approve", channel=CHANNEL, message_ts=ts)
        async with asyncio.timeout(10):
            while len(told := await world.private("U0OTTO")) == before:
                await asyncio.sleep(0.05)
        assert "journal could not be written" in told[-1]

        assert "Nils" in await answer_to(world, "U0HANA", "why nils.ek@contoso.com", "Nils")
        await answer_to(world, "U0HANA", "explain 50076", "50076")

    assert journal.read_bytes() == written
    assert await world.patches(orla) == []
    assert (await readiness(world))[0] == 200
    assert "[Approve]" in await card(world, ts, "plain")
    await approved_until_done(world, ts)
    assert len(await world.patches(orla)) == 1


async def test_approvers_who_changed_between_starts_are_announced(world: World) -> None:
    """The second bot shares state directory, store and journal with the first."""
    changed = {**world.stage.bot_environment, "PSSO_APPROVERS": "S0APPROVERS,U0NILS", "PSSO_HEALTH_PORT": "0"}
    async with bot(changed, world.log):
        async with asyncio.timeout(10):
            while not any("who may approve" in said for said in await audit_channel(world)):
                await asyncio.sleep(0.1)

    (record,) = [record for record in records(world) if record["type"] == "settings.changed"]
    assert record["detail"] == {"names": "PSSO_APPROVERS, PSSO_HEALTH_PORT"}
    assert records(world)[-1]["type"] == "bot.stopped"
    code, said = await command(world, "verify")
    assert code == 0, said


async def test_neither_log_nor_journal_names_a_person_an_address_or_a_token(world: World) -> None:
    await answer_to(world, "U0HANA", f"why {NOBODY}", "Nobody")
    await answer_to(world, "U0HANA", f"why {ORLA}", "Orla")
    for path in ("signIns", "devices", "authentication"):
        fault = {"path": path, "status": 500, "count": 2, "body": f"no {ADA} at 203.0.113.7"}
        async with aiohttp.ClientSession() as session:
            await session.post(f"{world.stage.entra_url}/_admin/faults", json=fault)
    await answer_to(world, "U0HANA", "why dag.holm@contoso.com", "Dag")
    people = await world.tenant.people()

    files = [world.log, *journal_path(world.stage.state_dir).parent.iterdir()]
    for file in files:
        text = file.read_text(errors="replace")
        assert text or file == world.log
        for what, leak in LEAKS.items():
            assert not leak.search(text), (file.name, what, leak.search(text))
        for person in people:
            upn = str(person["userPrincipalName"])
            assert upn.lower() not in text.lower(), (file.name, upn)
            assert person["displayName"] not in text, (file.name, person["displayName"])
        for secret in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "GRAPH_TOKEN"):
            assert world.stage.bot_environment[secret] not in text, (file.name, secret)
    assert "handlers.carry_out" in world.log.read_text()
