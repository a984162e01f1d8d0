"""The feed and the policy audits against the whole invented tenant, which refuses what Graph refuses."""

from __future__ import annotations

from datetime import timedelta

import httpx

from bot.adapters.graph.feed import GraphSignInFeed
from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.policy_audits import GraphPolicyAudits
from bot.domain.attempts import Relevance, relevance_of
from bot.domain.sign_ins import BROKER_APP, DEVICE_REGISTRATION_RESOURCE, SignIn
from sandbox.entra import EntraSandbox
from tests.adapters.graph.fake_graph import NOW
from tests.adapters.graph.test_against_sandbox import entra, gateway, person, tell

__all__ = ["entra", "gateway"]

DAYS = timedelta(days=29)


async def failures(gateway: Gateway, since: timedelta = DAYS) -> list[SignIn]:
    feed = GraphSignInFeed(gateway)
    return [row async for page in feed.failures(NOW - since, NOW + timedelta(minutes=1)) for row in page]


async def test_every_failed_registration_of_the_tenant_is_read_once(
    entra: EntraSandbox, gateway: Gateway
) -> None:
    rows = await failures(gateway)

    assert {row.id for row in rows} == {
        row["id"]
        for row in entra.tenant.sign_ins
        if row["status"]["errorCode"]
        if row["appId"] == BROKER_APP or row["resourceId"] == DEVICE_REGISTRATION_RESOURCE
    }
    assert len(rows) == len({row.id for row in rows}) > 10
    assert {row.is_interactive for row in rows} == {True, False}
    assert [row.created_at for row in rows] == sorted((row.created_at for row in rows), reverse=True)
    assert {relevance_of(row) for row in rows} <= {Relevance.REGISTRATION, Relevance.OTHER_DEVICE}


async def test_the_strict_filter_is_taken_as_it_is(entra: EntraSandbox, gateway: Gateway) -> None:
    await failures(gateway)

    async with httpx.AsyncClient(trust_env=False) as client:
        (served,) = (await client.get(f"{entra.url}/_admin/requests")).json()["requests"]
    assert served["status"] == 200
    assert "status/errorCode ne 0" in served["path"]


async def test_who_registers_is_found_among_those_who_did_not(entra: EntraSandbox, gateway: Gateway) -> None:
    await tell(entra, "crowd", users=10, code=0, over=30)
    crowd = [one.id for one in entra.tenant.people.values() if one.story == "One of many."]
    ada = person(entra, "ada.lind")

    rows = await GraphSignInFeed(gateway).registrations([*crowd[:7], ada.id], NOW - timedelta(minutes=5))

    assert {row.user_id for row in rows} == set(crowd[:7])


async def test_everybody_who_registers_is_found_page_by_page(entra: EntraSandbox, gateway: Gateway) -> None:
    await tell(entra, "crowd", users=1200, code=0, over=30)
    crowd = {one.id for one in entra.tenant.people.values() if one.story == "One of many."}

    pages = [page async for page in GraphSignInFeed(gateway).successes(NOW - timedelta(minutes=5), NOW)]

    rows = [row for page in pages for row in page]
    assert {row.user_id for row in rows} >= crowd
    assert len(pages) == 2
    assert [row.created_at for row in rows] == sorted((row.created_at for row in rows), reverse=True)
    assert all(row.succeeded and row.is_broker for row in rows)


async def test_who_changed_a_policy_is_told(entra: EntraSandbox, gateway: Gateway) -> None:
    policy = entra.tenant.policies[0]
    assert await GraphPolicyAudits(gateway).last_change(policy["id"], NOW - timedelta(days=1)) is None

    await tell(entra, "policy", policy=policy["displayName"], by="rune.storm")
    found = await GraphPolicyAudits(gateway).last_change(policy["id"], NOW - timedelta(days=1))

    assert found is not None
    assert (found.policy_name, found.at) == (policy["displayName"], NOW)
    assert (found.by, found.activity) == ("rune.storm@contoso.com", "Update conditional access policy")
