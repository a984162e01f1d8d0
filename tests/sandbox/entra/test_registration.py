"""What a Mac's registration leaves behind, and what the cast promises."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from typing import Any

import pytest

from tests.sandbox.entra.conftest import Client


def lanes(result: dict[str, Any]) -> list[tuple[bool, int]]:
    return [(row["isInteractive"], row["status"]["errorCode"]) for row in result["rows"]]


async def test_enforced_user_fails_at_the_silent_step_after_the_device_was_made(graph: Client) -> None:
    ada = graph.id_of("ada.lind")
    before = len((await graph.get(f"/v1.0/users/{ada}/ownedDevices")).value)
    result = await graph.admin("users/ada.lind/try-registration")
    assert lanes(result) == [(True, 0), (False, 0), (False, 50076)]
    assert result["registered"] is False
    assert result["rows"][-1]["authenticationRequirementPolicies"] == [
        {"requirementProvider": "user", "detail": "Per-user MFA"}
    ]
    assert len({row["correlationId"] for row in result["rows"]}) == 1
    assert len((await graph.get(f"/v1.0/users/{ada}/ownedDevices")).value) == before + 1


async def test_after_the_disable_the_same_user_gets_through(graph: Client) -> None:
    await graph.set_state("ada.lind", "disabled")
    result = await graph.admin("users/ada.lind/try-registration")
    assert lanes(result) == [(True, 0), (False, 0), (False, 0)]
    answer = await graph.get(
        f"/beta/auditLogs/signIns?$filter=userId eq '{graph.id_of('ada.lind')}' and "
        "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
    )
    assert answer.value[0]["status"]["errorCode"] == 0


async def test_secure_enclave_mode_leaves_a_platform_credential(graph: Client) -> None:
    path = f"/v1.0/users/{graph.id_of('gry.vang')}/authentication/platformCredentialMethods"
    before = len((await graph.get(path)).value)
    await graph.admin("users/gry.vang/try-registration")
    assert len((await graph.get(path)).value) == before + 1


@pytest.mark.parametrize(
    ("key", "code"),
    [("dina.falck", 50079), ("oda.plass", 50057), ("vera.lund", 240001), ("petra.sund", 50034)],
)
async def test_other_causes_fail_with_their_own_codes(graph: Client, key: str, code: int) -> None:
    assert lanes(await graph.admin(f"users/{key}/try-registration"))[-1][1] == code


async def test_sign_ins_can_be_added_in_the_casts_words(graph: Client) -> None:
    described = [{"at": "-1m", "lane": "prt", "code": 50076, "provider": "user", "place": "home"}]
    result = await graph.admin("users/zoe.hart/sign-ins", {"signIns": described})
    assert result["rows"][0]["createdDateTime"] == "2026-11-23T11:59:00Z"
    assert (
        await graph.send("POST", "/_admin/users/zoe.hart/sign-ins", {"signIns": [{"lane": "x"}]})
    ).status == 400


async def test_cast_covers_every_story(graph: Client) -> None:
    people = (await graph.admin("cast", method="GET"))["people"]
    assert len(people) >= 28
    assert all(person["story"].endswith(".") for person in people)
    assert len({person["id"] for person in people}) == len(people)
    ada = next(person for person in people if person["key"] == "ada.lind")
    assert (ada["userPrincipalName"], ada["perUserMfaState"]) == ("ada.lind@contoso.com", "enforced")
    codes = {row["status"]["errorCode"] for row in graph.sandbox.tenant.sign_ins}
    assert codes >= {0, 50053, 50055, 50057, 50076, 50079, 50126, 53000, 135010, 135011, 240001}


@pytest.mark.parametrize("way", ["signal", "stdin"])
async def test_command_line_is_ready_and_stops(way: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.entra", "--cast", "fabrikam-free", "--watch-stdin"),
        stdin=PIPE, stdout=PIPE, stderr=PIPE, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    assert ready["ready"] is True
    assert ready["url"].startswith("http://127.0.0.1:")
    if way == "signal":
        process.send_signal(signal.SIGTERM)
    else:
        process.stdin.close()
    rest, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_command_line_stops_when_its_input_is_a_file_at_its_end() -> None:
    with open(os.devnull, "rb") as nothing:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox.entra", "--watch-stdin", stdin=nothing, stdout=PIPE, stderr=PIPE
        )
    out, errors = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, errors) == (0, b"")
    assert json.loads(out)["ready"] is True
