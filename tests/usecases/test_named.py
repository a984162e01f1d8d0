"""Whom does a typed name mean?"""

from __future__ import annotations

import pytest

from bot.domain.people import User
from bot.errors import GraphThrottled, NoSuchUser
from bot.usecases.named import people_named
from tests.fakes import FakeDesk, a_desk, a_user

ORLA = a_user(71, "Orla O'Brien")
ADA, ADA_TOO = a_user(73, "Ada Lind"), a_user(74, "Ada Lindqvist")


@pytest.fixture
def desk() -> FakeDesk:
    made = a_desk()
    made.directory.users[:] = [ORLA, ADA, ADA_TOO]
    return made


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Ada", (ADA, ADA_TOO)),
        ("ada lind", (ADA,)),
        ("Ada Lindq", (ADA_TOO,)),
        ("A", ()),
        (ADA.user_principal_name, ()),
        (ADA.id, ()),
        (f"{ADA.user_principal_name} {ORLA.user_principal_name}", (ADA, ORLA)),
        (f"{ADA.user_principal_name} partner@fabrikam.example", (ADA,)),
        (f"{ADA.user_principal_name} {ADA.user_principal_name.upper()}", (ADA,)),
        ("one@fabrikam.example two@fabrikam.example", ()),
    ],
)
async def test_a_name_means_those_it_fits(desk: FakeDesk, asked: str, found: tuple[User, ...]) -> None:
    assert await people_named(asked, desk) == found


async def test_graph_away_is_told_for_several_addresses_too(desk: FakeDesk) -> None:
    desk.directory.troubles["find_user"] = GraphThrottled("the user", retry_after=3)
    with pytest.raises(GraphThrottled):
        await people_named(f"{ADA.user_principal_name} {ORLA.user_principal_name}", desk)


async def test_a_single_address_is_left_to_the_directory(desk: FakeDesk) -> None:
    desk.directory.troubles["find_user"] = NoSuchUser("x")
    assert await people_named("nobody@contoso.com", desk) == ()
