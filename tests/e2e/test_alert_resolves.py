"""A card follows its person: it names what is learned, and closes itself; what fails after that is news."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.watching import Watched, watched

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA, BO, ORLA = "ada.lind", "bo.ahlgren", "orla.obrien"
BLOCKED = "Per-user MFA blocks"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    async with watched(tmp_path_factory.mktemp("resolves")) as world:
        await world.start()
        yield world


async def test_the_fix_and_a_registration_close_the_card(world: Watched) -> None:
    await world.tenant.set_state(ADA, "enforced")
    await world.tenant.try_registration(ADA)
    card = await world.alert("Ada Lind", BLOCKED)
    ts = await world.opens(f"{ADA}@contoso.com")
    await world.presses("U0OTTO", "Approve", ts)
    await world.until_card(ts, "Done and read back")
    await world.tenant.try_registration(ADA)

    done = await world.alert("Ada Lind", "Resolved", patience=45)

    assert done["ts"] == card["ts"]
    assert "It took" in done["plain"]
    assert "[Request disable]" not in done["plain"]
    await world.until(lambda cards: any("Resolved" in line["plain"] for line in cards[0]["thread"]))
    assert len([one for one in await world.messages() if "Ada Lind" in one["plain"]]) == 1


async def test_another_failure_after_the_registration_is_a_new_card(world: Watched) -> None:
    """A sign-in record is exact to the second: what happens in the same one was before."""
    later = {"at": "+2s", "lane": "prt", "token": "primaryRefreshToken"}
    await world.admin(f"users/{ADA}/sign-ins", {"signIns": [{**later, "code": 135011}]})
    card = await world.alert("Ada Lind", "Blocked")
    assert BLOCKED not in card["plain"]
    assert len([one for one in await world.messages() if "Ada Lind" in one["plain"]]) == 2


async def test_the_same_failure_after_the_registration_is_a_new_card(world: Watched) -> None:
    await world.tenant.set_state(ADA, "enforced")
    described = {"lane": "prt", "code": 50076, "provider": "user", "at": "+2s"}
    await world.admin(f"users/{ADA}/sign-ins", {"signIns": [described]})
    await world.alert("Ada Lind", BLOCKED, "1 try")
    assert len([one for one in await world.messages() if "Ada Lind" in one["plain"]]) == 3


async def test_a_fix_in_the_portal_closes_the_card_as_well(world: Watched) -> None:
    await world.tenant.set_state(ORLA, "enforced")
    await world.tenant.try_registration(ORLA)
    card = await world.alert("Orla", BLOCKED)
    await world.tenant.set_state(ORLA, "disabled")
    await world.tenant.try_registration(ORLA)
    done = await world.alert("Orla", "Resolved", patience=45)
    assert done["ts"] == card["ts"]


async def test_a_later_record_that_names_who_demanded_mfa_turns_the_card_that_could_not_tell(
    world: Watched,
) -> None:
    failed = {"lane": "prt", "code": 50076}
    await world.admin(f"users/{BO}/sign-ins", {"signIns": [{"at": "now", **failed}]})
    card = await world.alert("Bo Ahlgren", "MFA was demanded; by what cannot be told")
    await world.admin(f"users/{BO}/sign-ins", {"signIns": [{"at": "+2s", "provider": "user", **failed}]})
    named = await world.alert("Bo Ahlgren", BLOCKED, "2 tries")
    assert named["ts"] == card["ts"]
    assert "[Request disable]" in named["plain"]
    assert len([one for one in await world.messages() if "Bo Ahlgren" in one["plain"]]) == 1
