"""The ports against the whole invented tenant: what the adapters read is what the tenant holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.adapters.graph import users
from bot.adapters.graph.audits import GraphDirectoryAudits
from bot.adapters.graph.budget import LocalBudget
from bot.adapters.graph.credentials import Access, FixedToken
from bot.adapters.graph.directory import GraphDirectory
from bot.adapters.graph.gateway import Gateway, connect
from bot.adapters.graph.mfa_states import GraphMfaStates
from bot.adapters.graph.policies import GraphPolicies
from bot.adapters.graph.privileges import GraphPrivileges
from bot.adapters.graph.sign_ins import GraphSignInLog
from bot.domain.people import ObjectId, PerUserMfaState
from bot.domain.policies import TrialSignIn
from bot.errors import (
    AmbiguousUser,
    GraphError,
    GraphMalformed,
    GraphRefused,
    GraphUnreachable,
    NoSuchUser,
    RefusalKind,
)
from bot.ports import Privilege, Urgency
from sandbox.entra import EntraSandbox
from tests.adapters.graph.fake_graph import NOW, Pauses, counter

SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"


@pytest.fixture
async def entra() -> AsyncIterator[EntraSandbox]:
    async with EntraSandbox(now=lambda: NOW) as sandbox:
        await tell(sandbox, "throttle", reports_per_10s=None, policies_per_s=None)
        yield sandbox


@pytest.fixture
async def gateway(entra: EntraSandbox) -> AsyncIterator[Gateway]:
    pauses = Pauses()
    budget = LocalBudget(1000, pauses.monotonic, pauses.pause)
    access = Access(entra.url, FixedToken(entra.token))
    async with connect(
        access, budget=budget, now=lambda: NOW, pause=pauses.pause, new_id=counter()
    ) as opened:
        yield opened


async def tell(entra: EntraSandbox, what: str, **settings: object) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(f"{entra.url}/_admin/{what}", json=settings)).raise_for_status()


def person(entra: EntraSandbox, key: str) -> Any:
    return next(one for one in entra.tenant.people.values() if one.key == key)


def id_of(entra: EntraSandbox, key: str) -> ObjectId:
    return ObjectId(person(entra, key).id)


async def test_everybody_is_found_by_each_of_their_names(entra: EntraSandbox, gateway: Gateway) -> None:
    directory = GraphDirectory(gateway)

    for one in entra.tenant.living():
        names = {one.id, one.upn, one.upn.upper(), *filter(None, [one.facts["mail"]])}
        for name in names:
            user = await directory.find_user(name)
            assert (user.id, user.user_principal_name) == (one.id, one.upn), name
        assert user.account_enabled is one.facts["accountEnabled"]


async def test_an_address_that_two_accounts_have_in_different_forms_proves_neither(
    entra: EntraSandbox, gateway: Gateway
) -> None:
    directory, theo = GraphDirectory(gateway), person(entra, "theo.lange")
    assert (await directory.owner_of(theo.upn)).id == theo.id

    person(entra, "ada.lind").facts["mail"] = theo.upn
    with pytest.raises(AmbiguousUser):
        await directory.owner_of(theo.upn)


@pytest.mark.parametrize("by", ["id", "mail"])
async def test_a_deleted_user_is_in_the_recycle_bin(entra: EntraSandbox, gateway: Gateway, by: str) -> None:
    gone = person(entra, "petra.sund")

    with pytest.raises(NoSuchUser) as nobody:
        await GraphDirectory(gateway).find_user(gone.id if by == "id" else gone.facts["mail"])

    assert nobody.value.deleted


async def test_everybody_is_found_by_the_beginning_of_their_names(
    entra: EntraSandbox, gateway: Gateway
) -> None:
    directory = GraphDirectory(gateway)

    for one in entra.tenant.living():
        name = one.facts["displayName"]
        found = await directory.search(name.upper(), 5)
        assert found, name
        assert found[0].display_name == name
        assert one.id in {user.id for user in await directory.search(name.split()[0], 50)}


@pytest.mark.parametrize(
    ("typed", "upn"),
    [
        ("Orla O’Brien", "orla.o'brien@contoso.com"),
        ("o’brien", "orla.o'brien@contoso.com"),
        ("Finn O\u0308ster", "finn.oster@contoso.com"),
        ("Roos, Elin", "elin.roos@contoso.com"),
        ("Eli Roo", "elin.roos@contoso.com"),
    ],
)
async def test_a_name_is_found_however_it_was_typed(gateway: Gateway, typed: str, upn: str) -> None:
    assert [one.user_principal_name for one in await GraphDirectory(gateway).search(typed, 5)] == [upn]


def test_a_search_stays_within_what_graph_takes() -> None:
    assert len(users.spellings("Zoë O’Hara")) * len(users.NAMES) + 2 <= 15


async def test_a_name_is_a_literal_and_never_a_condition(gateway: Gateway) -> None:
    assert await GraphDirectory(gateway).search("x') or startswith(displayName,'a", 5) == ()


async def test_nobody_is_nobody(gateway: Gateway) -> None:
    with pytest.raises(NoSuchUser) as nobody:
        await GraphDirectory(gateway).find_user("nobody@contoso.com")

    assert not nobody.value.deleted


async def test_what_belongs_to_people_is_read(entra: EntraSandbox, gateway: Gateway) -> None:
    directory, states = GraphDirectory(gateway), GraphMfaStates(gateway)

    for one in entra.tenant.living():
        user = ObjectId(one.id)
        membership = await directory.membership(user)
        assert {device.id for device in await directory.devices(user)} == {
            device.id for device in one.devices
        }
        assert membership.group_ids == {group.id for group in entra.tenant.groups_of(one)}
        assert membership.role_template_ids == set(entra.tenant.roles_of(one))
        kinds = sorted(method.kind for method in await directory.methods(user))
        assert [kind for kind in kinds if kind != "password"] == sorted(
            method["kind"] for method in one.methods if method["kind"] != "password"
        )
        assert (await states.per_user_mfa_state(user)).value == one.state


async def test_the_whole_sign_in_log_is_read(entra: EntraSandbox, gateway: Gateway) -> None:
    log, since = GraphSignInLog(gateway), NOW - timedelta(days=30)
    read: set[str] = set()

    for one in entra.tenant.living():
        for interactive in (True, False):
            rows = await log.of_user(ObjectId(one.id), since, interactive=interactive, urgency=Urgency.PERSON)
            assert all(row.is_interactive is interactive and row.user_id == one.id for row in rows)
            assert list(rows) == sorted(rows, key=lambda row: row.created_at, reverse=True)
            read |= {row.id for row in rows}

    living = {one.id for one in entra.tenant.living()}
    assert read == {row["id"] for row in entra.tenant.sign_ins if row["userId"] in living}


async def test_the_log_names_per_user_mfa(entra: EntraSandbox, gateway: Gateway) -> None:
    ada = id_of(entra, "ada.lind")

    rows = await GraphSignInLog(gateway).of_user(
        ada, NOW - timedelta(days=3), interactive=False, urgency=Urgency.PERSON
    )

    failed = next(row for row in rows if row.is_broker and row.error_code == 50076)
    assert "user" in {source.provider for source in failed.requirement_sources or ()}


async def test_the_tenant_settings_are_read(entra: EntraSandbox, gateway: Gateway) -> None:
    policies = GraphPolicies(gateway, lambda: NOW)

    read, _ = await policies.conditional_access(Urgency.PERSON)
    locations, _ = await policies.named_locations(Urgency.PERSON)

    assert [(policy.id, policy.state) for policy in read] == [
        (policy["id"], policy["state"]) for policy in entra.tenant.policies
    ]
    assert {location.id for location in locations} == {location["id"] for location in entra.tenant.locations}
    assert any(location.is_trusted and location.ip_ranges for location in locations)
    assert (await policies.security_defaults())[0] is False
    registration, _ = await policies.device_registration()
    assert registration.user_device_quota is not None
    assert registration.join_allowed != "unknown"


async def test_what_if_tells_who_is_covered(entra: EntraSandbox, gateway: Gateway) -> None:
    policies = GraphPolicies(gateway, lambda: NOW)
    trial = TrialSignIn("browser", SHAREPOINT, "browser", ip_address="198.51.100.77", country="BR")

    covered = await policies.what_if(id_of(entra, "ada.lind"), (trial,), Urgency.PERSON)
    uncovered = await policies.what_if(id_of(entra, "emil.gard"), (trial,), Urgency.PERSON)

    demanding = {policy.id for policy in covered[0].mfa_policies}
    assert demanding
    assert demanding < {policy["id"] for policy in entra.tenant.policies}
    assert not uncovered[0].mfa_policies


async def test_a_state_is_changed_and_read_back(entra: EntraSandbox, gateway: Gateway) -> None:
    states, ada = GraphMfaStates(gateway), id_of(entra, "ada.lind")

    assert await states.set_per_user_mfa_state(ada, PerUserMfaState.DISABLED, "our-id")

    assert await states.per_user_mfa_state(ada) is PerUserMfaState.DISABLED


async def test_a_restricted_user_is_left_alone(entra: EntraSandbox, gateway: Gateway) -> None:
    states, viktor = GraphMfaStates(gateway), id_of(entra, "viktor.stein")

    with pytest.raises(GraphRefused) as refused:
        await states.set_per_user_mfa_state(viktor, PerUserMfaState.DISABLED, "our-id")

    assert refused.value.kind in (RefusalKind.RESTRICTED, RefusalKind.PERMISSION)
    assert (await GraphDirectory(gateway).find_user(viktor)).is_management_restricted


async def test_who_is_powerful(entra: EntraSandbox, gateway: Gateway) -> None:
    privileges = GraphPrivileges(gateway)
    powerful = {
        "rune.storm": Privilege(active_roles=("Global Administrator",)),
        "sana.iqbal": Privilege(eligible_roles=("Privileged Role Administrator",)),
        "tor.eng": Privilege(role_assignable_groups=("Helpdesk admins",)),
        "breakglass.one": Privilege(active_roles=("Global Administrator",)),
        "nils.ek": Privilege(active_roles=("User Administrator",)),
    }

    for one in entra.tenant.living():
        found = await privileges.of(ObjectId(one.id))
        if one.key in powerful:
            assert found == powerful[one.key], one.key
        elif not (one.roles or one.eligible_roles):
            assert not found.active_roles or any(group.roles for group in entra.tenant.groups_of(one)), (
                one.key
            )
    assert await privileges.of(id_of(entra, "ada.lind")) == Privilege()


@pytest.mark.parametrize(
    "path", ["roleAssignments", "roleEligibilityScheduleInstances", "transitiveMemberOf", "ownedObjects"]
)
async def test_a_part_that_fails_is_not_an_ordinary_account(
    entra: EntraSandbox, gateway: Gateway, path: str
) -> None:
    await tell(entra, "faults", path=path, status=503, count=-1)

    with pytest.raises(GraphUnreachable):
        await GraphPrivileges(gateway).of(id_of(entra, "rune.storm"))


async def test_hidden_groups_are_not_an_ordinary_account(entra: EntraSandbox, gateway: Gateway) -> None:
    await tell(entra, "permissions", revoke=["Directory.Read.All"])

    with pytest.raises(GraphRefused) as refused:
        await GraphPrivileges(gateway).of(id_of(entra, "tor.eng"))

    assert refused.value.needs == "Directory.Read.All"


async def test_without_the_licence_roles_are_read_still(entra: EntraSandbox, gateway: Gateway) -> None:
    await tell(entra, "licence", premium=False)

    found = await GraphPrivileges(gateway).of(id_of(entra, "rune.storm"))

    assert found == Privilege(active_roles=("Global Administrator",))


async def test_a_change_is_found_in_the_audit_log(entra: EntraSandbox, gateway: Gateway) -> None:
    ada, since = id_of(entra, "ada.lind"), NOW - timedelta(hours=1)
    audits = GraphDirectoryAudits(gateway)
    assert await audits.about(ada, since, Urgency.ACTION) == ()
    await GraphMfaStates(gateway).set_per_user_mfa_state(ada, PerUserMfaState.DISABLED, "our-id")

    events = await audits.about(ada, since, Urgency.ACTION)

    assert {event.activity for event in events} == {"Disable Strong Authentication", "Update user"}
    assert {event.sets_state for event in events} == {PerUserMfaState.DISABLED}
    assert {event.by_app_id for event in events} == {entra.tenant.app.app_id}
    assert await audits.about(id_of(entra, "bo.ahlgren"), since, Urgency.ACTION) == ()


async def test_refusals_name_what_is_missing(entra: EntraSandbox, gateway: Gateway) -> None:
    ada = id_of(entra, "ada.lind")
    everything = [
        "AuditLog.Read.All", "Directory.Read.All", "Policy.Read.All", "Policy.Read.ConditionalAccess",
        "Policy.ReadWrite.AuthenticationMethod", "UserAuthenticationMethod.Read.All", "User.Read.All",
    ]  # fmt: skip
    await tell(entra, "permissions", revoke=everything)
    directory, policies = GraphDirectory(gateway), GraphPolicies(gateway, lambda: NOW)

    async def missing(asking: Any) -> str | None:
        with pytest.raises(GraphRefused) as refused:
            await asking
        return refused.value.needs

    assert await missing(directory.find_user(ada)) == "User.Read.All"
    assert await missing(directory.methods(ada)) == "UserAuthenticationMethod.Read.All"
    assert await missing(GraphMfaStates(gateway).per_user_mfa_state(ada)) == "Policy.Read.All"
    assert await missing(policies.conditional_access(Urgency.PERSON)) == "Policy.Read.All"


async def test_a_tenant_without_licence_says_so(entra: EntraSandbox, gateway: Gateway) -> None:
    await tell(entra, "licence", premium=False)

    with pytest.raises(GraphRefused) as refused:
        await GraphSignInLog(gateway).of_user(
            id_of(entra, "ada.lind"), NOW, interactive=True, urgency=Urgency.PERSON
        )

    assert refused.value.kind is RefusalKind.LICENCE


FAULTS: list[tuple[dict[str, object], type[GraphError]]] = [
    ({"status": 503, "count": -1}, GraphUnreachable),
    ({"cut": True, "count": -1}, GraphUnreachable),
    ({"body": "<html>maintenance</html>", "count": -1}, GraphMalformed),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS)
async def test_faults_become_our_errors(
    entra: EntraSandbox, gateway: Gateway, fault: dict[str, object], kind: type[GraphError]
) -> None:
    await tell(entra, "faults", path="authentication/requirements", **fault)

    with pytest.raises(kind):
        await GraphMfaStates(gateway).per_user_mfa_state(id_of(entra, "ada.lind"))
