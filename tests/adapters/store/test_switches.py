"""Switches in a real store, and what somebody who can write to that store cannot do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.adapters.store.connection import Link
from bot.adapters.store.switches import ALTERED, RedisSwitches
from bot.ports import SwitchState
from tests.adapters.switches_contract import OFF, ON, SwitchesContract

INSTALLATION = b"k" * 32
KEY = "{t:contoso}:switch:freeze"


@pytest.fixture
def switches(link: Link, tmp_path: Path) -> RedisSwitches:
    return RedisSwitches(link.actions, "contoso", INSTALLATION, tmp_path)


def a_replica(link: Link, folder: Path) -> RedisSwitches:
    return RedisSwitches(link.actions, "contoso", INSTALLATION, folder)


class TestRedisSwitches(SwitchesContract):
    pass


async def stored(link: Link) -> str:
    return str(await link.actions.command("GET", KEY))


async def put(link: Link, text: str) -> None:
    await link.actions.command("SET", KEY, text)


def is_altered(state: SwitchState | None) -> bool:
    return state is not None and state.on and state.reason == ALTERED


async def test_another_replica_sees_it(link: Link, switches: RedisSwitches, tmp_path: Path) -> None:
    other = a_replica(link, tmp_path / "other")
    await switches.throw("freeze", ON)
    assert await other.read("freeze") == ON

    await other.throw("freeze", OFF)
    assert await switches.read("freeze") == OFF


@pytest.mark.parametrize("text", ["off", "{}", "x" * 64 + ' {"state": {"on": false}}', " ", "null"])
async def test_what_is_not_signed_counts_as_on(link: Link, switches: RedisSwitches, text: str) -> None:
    await put(link, text)

    assert is_altered(await switches.read("freeze"))


async def test_a_changed_word_counts_as_on(link: Link, switches: RedisSwitches) -> None:
    await switches.throw("freeze", ON)
    await put(link, (await stored(link)).replace('"on": true', '"on": false'))

    assert is_altered(await switches.read("freeze"))


async def test_a_signature_of_another_installation_counts_as_on(
    link: Link, switches: RedisSwitches, tmp_path: Path
) -> None:
    await switches.throw("freeze", ON)
    stranger = RedisSwitches(link.actions, "contoso", b"x" * 32, tmp_path / "elsewhere")
    await stranger.throw("freeze", OFF)

    assert is_altered(await switches.read("freeze"))


async def test_a_word_about_another_switch_counts_as_on(link: Link, switches: RedisSwitches) -> None:
    await switches.throw("shadow", OFF)
    await put(link, str(await link.actions.command("GET", "{t:contoso}:switch:shadow")))

    assert is_altered(await switches.read("freeze"))


async def test_an_older_word_does_not_come_back(link: Link, switches: RedisSwitches) -> None:
    await switches.throw("freeze", OFF)
    older = await stored(link)
    await switches.throw("freeze", ON)
    await put(link, older)

    assert await switches.read("freeze") == ON


async def test_a_deleted_freeze_stands_even_after_a_restart(
    link: Link, switches: RedisSwitches, tmp_path: Path
) -> None:
    await switches.throw("freeze", ON)
    await link.actions.command("DEL", KEY)

    assert await switches.read("freeze") == ON
    assert await a_replica(link, tmp_path).read("freeze") == ON


async def test_an_altered_switch_can_be_thrown_again(
    link: Link, switches: RedisSwitches, tmp_path: Path
) -> None:
    await switches.throw("freeze", ON)
    await put(link, "nonsense")
    await switches.throw("freeze", OFF)

    assert await switches.read("freeze") == OFF
    assert await a_replica(link, tmp_path / "other").read("freeze") == OFF


async def test_replicas_that_throw_at_once_agree(link: Link, tmp_path: Path) -> None:
    replicas = [a_replica(link, tmp_path / str(number)) for number in range(3)]
    await asyncio.gather(
        *(one.throw("freeze", state) for one, state in zip(replicas, (ON, OFF, ON), strict=True))
    )

    assert len({await one.read("freeze") for one in replicas}) == 1


async def test_a_kept_word_that_was_altered_is_not_believed(
    link: Link, switches: RedisSwitches, tmp_path: Path
) -> None:
    await switches.throw("freeze", ON)
    (tmp_path / "switches" / "freeze").write_text("nonsense")

    assert await a_replica(link, tmp_path).read("freeze") == ON


async def test_a_state_directory_that_cannot_be_written_does_not_stop_a_freeze(
    link: Link, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    switches = a_replica(link, in_the_way)

    await switches.throw("freeze", ON)

    assert await switches.read("freeze") == ON
