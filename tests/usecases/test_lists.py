"""explain, pending and history."""

from __future__ import annotations

import pytest

from bot.errors import AuditUnavailable, BadInput, GraphUnreachable, NoSuchUser
from bot.ports import Entry
from bot.usecases.explain import explain
from bot.usecases.history import Past, history
from bot.usecases.pending import pending
from tests.fakes import BYSTANDER, TARGET, a_desk
from tests.usecases.requests import a_pending_request


def test_codes_are_explained_in_the_order_of_the_text() -> None:
    known, unknown = explain("AADSTS50076 and then AADSTS9999999")

    assert (known.code, unknown.code) == (50076, 9999999)
    assert known.meaning is not None
    assert unknown.meaning is None
    assert unknown.page.endswith("code=9999999")


@pytest.mark.parametrize("text", ["", "hello"])
def test_a_text_without_a_code_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        explain(text)


async def test_open_requests_are_pending() -> None:
    desk = a_desk()
    request = await a_pending_request(desk)
    assert await pending(desk) == (request,)

    await desk.requests.cancel(request.id, request.wish.requester, "op")
    assert await pending(desk) == ()


async def test_the_history_of_a_user_is_found_by_name_and_by_id_even_when_the_account_is_gone() -> None:
    desk = a_desk()
    request = await a_pending_request(desk)
    assert (await history(TARGET.user_principal_name, desk)).requests == (request,)

    desk.directory.users.remove(TARGET)
    assert (await history(TARGET.id, desk)).requests == (request,)
    with pytest.raises(NoSuchUser):
        await history(TARGET.user_principal_name, desk)


async def test_graph_down_is_no_obstacle_for_an_object_id() -> None:
    desk = a_desk()
    desk.directory.troubles["find_user"] = GraphUnreachable("x", 503)

    assert await history(TARGET.id, desk) == Past(())
    with pytest.raises(GraphUnreachable):
        await history("mira.holm@contoso.com", desk)


async def test_the_journal_s_records_about_the_person_belong_to_the_history() -> None:
    desk = a_desk()
    for kind, target in (("request.opened", TARGET.id), ("refused", BYSTANDER.id), ("vote.deny", TARGET.id)):
        await desk.journal.write(Entry(kind, target=target))

    noted = (await history(TARGET.id, desk)).noted

    assert noted is not None
    assert [one.kind for one in noted] == ["vote.deny", "request.opened"]


async def test_a_journal_that_cannot_be_read_leaves_the_requests() -> None:
    desk = a_desk()
    request = await a_pending_request(desk)
    desk.journal.troubles["about"] = AuditUnavailable("gone")

    assert await history(TARGET.id, desk) == Past((request,), None)


async def test_an_empty_name_is_refused() -> None:
    with pytest.raises(BadInput):
        await history(" ", a_desk())
