"""The whole tenant's per-user MFA states: out of the list where it serves them, else in batches."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.adapters.graph.sweep import GraphMfaSweep
from bot.domain.people import PerUserMfaState
from bot.domain.sweep import Swept
from bot.errors import GraphMalformed, GraphRefused, GraphThrottled, GraphUnreachable
from sandbox.entra import EntraSandbox
from tests.adapters.graph.fake_graph import NOW, Pauses, gateway_to
from tests.adapters.graph.swept_tenant import SweptTenant, an_id, inner_refusal, served, state_of


async def swept(tenant: SweptTenant, pauses: Pauses | None = None) -> list[Swept]:
    async with served(tenant), gateway_to(tenant.url, pauses=pauses) as gateway:
        return [one async for one in GraphMfaSweep(gateway).states()]


def states(found: list[Swept]) -> dict[str, str | None]:
    assert len({one.id for one in found}) == len(found)
    return {one.id: one.state for one in found}


def truth(size: int) -> dict[str, str]:
    return {an_id(number): state_of(number) for number in range(size)}


async def test_a_list_that_serves_states_costs_a_call_a_page_and_one_to_compare() -> None:
    tenant = SweptTenant(2500)

    found = await swept(tenant)

    assert states(found) == truth(2500)
    assert tenant.calls == {"users": 3, "batch": 1}
    assert tenant.priorities == {"low"}
    assert found[1] == Swept(
        an_id(1), "person1@contoso.com", "Person 1", PerUserMfaState.DISABLED, True, "Member"
    )


@pytest.mark.parametrize("knows", [True, False])
async def test_without_the_property_everybody_is_read_in_batches(knows: bool) -> None:
    tenant = SweptTenant(130, page=50, serves_states=False, knows_property=knows)

    assert states(await swept(tenant)) == truth(130)
    assert tenant.calls["batch"] == 3 + 3 + 2


async def test_a_list_that_differs_from_single_reads_is_not_believed() -> None:
    assert states(await swept(SweptTenant(60, page=30, lies=True))) == truth(60)


async def test_a_list_that_cannot_be_compared_says_so() -> None:
    tenant = SweptTenant(60, reply=lambda *_: inner_refusal(403, "Authorization_RequestDenied"))

    found = await swept(tenant)

    assert states(found) == truth(60)
    assert not any(one.compared for one in found)


@pytest.mark.parametrize("serves", [True, False])
async def test_an_empty_page_is_not_the_end(serves: bool) -> None:
    tenant = SweptTenant(95, page=30, serves_states=serves, empty_pages=frozenset({0, 60}))

    assert states(await swept(tenant)) == truth(95)


async def test_throttled_items_alone_are_asked_again_when_graph_says() -> None:
    def reply(number: int, times: int) -> dict[str, Any] | None:
        return (
            inner_refusal(429, "TooManyRequests", Retry_After="7") if number % 4 == 0 and times < 3 else None
        )

    pauses = Pauses()
    tenant = SweptTenant(40, serves_states=False, reply=reply)

    assert states(await swept(tenant, pauses)) == truth(40)
    assert all(tenant.asked[number] == (3 if number % 4 == 0 else 1) for number in range(40))
    assert pauses.waited == [7.0, 7.0]


async def test_five_reads_in_ten_seconds_are_enough_to_get_through() -> None:
    pauses, let_in = Pauses(), [0.0] * 0

    def reply(*_: int) -> dict[str, Any] | None:
        recent = [at for at in let_in if at > pauses.seconds - 10]
        if len(recent) >= 5:
            return inner_refusal(429, "TooManyRequests", Retry_After="10")
        let_in.append(pauses.seconds)
        return None

    tenant = SweptTenant(100, serves_states=False, reply=reply)

    assert states(await swept(tenant, pauses)) == truth(100)
    assert sum(pauses.waited) <= 100 / 5 * 10


async def test_each_item_that_cannot_be_read_is_unknown_and_says_why() -> None:
    answers = {
        1: inner_refusal(403, "Authorization_RequestDenied"),
        2: inner_refusal(503, "ServiceUnavailable"),
        3: {"status": 200, "body": {}},
        4: {"status": 200, "body": {"perUserMfaState": "unknownFutureValue"}},
        6: inner_refusal(404, "Request_ResourceNotFound"),
    }
    tenant = SweptTenant(
        30, serves_states=False, reply=lambda number, _: answers.get(number), missing=frozenset({5})
    )

    found = {one.id: one for one in await swept(tenant)}

    troubles = {number: type(found[an_id(number)].trouble) for number in range(1, 6)}
    assert troubles == {
        1: GraphRefused,
        2: GraphUnreachable,
        3: GraphMalformed,
        4: GraphMalformed,
        5: GraphMalformed,
    }
    assert all(found[an_id(number)].state is None for number in range(1, 6))
    assert an_id(6) not in found  # deleted meanwhile
    assert len(found) == 29
    assert tenant.asked[2] == 3
    assert tenant.asked[5] == 1


async def test_a_missing_permission_ends_the_reading_at_once() -> None:
    tenant = SweptTenant(
        900, serves_states=False, reply=lambda *_: inner_refusal(403, "Authorization_RequestDenied")
    )

    with pytest.raises(GraphRefused) as refused:
        await swept(tenant)

    assert refused.value.needs == "Policy.Read.All"
    assert tenant.calls["batch"] == 2


async def test_a_graph_that_lets_nothing_through_ends_the_reading() -> None:
    tenant = SweptTenant(40, serves_states=False, reply=lambda *_: inner_refusal(429, "TooManyRequests"))

    with pytest.raises(GraphThrottled):
        await swept(tenant)


async def test_a_busy_list_is_waited_for() -> None:
    pauses = Pauses()
    busy = [web.Response(status=429, headers={"Retry-After": "20"}) for _ in range(3)]
    tenant = SweptTenant(10, refuse_pages=busy)

    assert states(await swept(tenant, pauses)) == truth(10)
    assert pauses.waited == [20.0, 20.0, 20.0]


async def test_the_list_names_the_permission_it_needs() -> None:
    refused = web.json_response({"error": {"code": "Authorization_RequestDenied"}}, status=403)

    with pytest.raises(GraphRefused) as error:
        await swept(SweptTenant(10, refuse_pages=[refused]))

    assert error.value.needs == "User.Read.All"


@pytest.mark.parametrize("serves", [True, False])
async def test_both_ways_find_what_the_tenant_holds(serves: bool) -> None:
    async with EntraSandbox(now=lambda: NOW) as entra:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{entra.url}/_admin/bulk-state", json={"served": serves})
            answer.raise_for_status()
        async with sandbox_gateway(entra) as gateway:
            found = [one async for one in GraphMfaSweep(gateway).states()]

        assert states(found) == {one.id: one.state for one in entra.tenant.living()}
        assert all(one.compared for one in found)


def sandbox_gateway(entra: EntraSandbox) -> Any:
    return gateway_to(entra.url, token=entra.token)
