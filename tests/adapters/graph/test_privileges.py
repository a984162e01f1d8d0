"""What makes an account powerful is read whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.graph.gateway import Gateway
from bot.adapters.graph.privileges import GraphPrivileges
from bot.domain.people import ObjectId
from bot.errors import BadInput, GraphError, GraphMalformed, GraphRefused, GraphThrottled, GraphUnreachable
from bot.ports import Privilege, Privileges
from tests.adapters.graph.fake_graph import ADA, FakeGraph, Says, refusing

USER = ObjectId(ADA)
ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignments"
ELIGIBLE = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
MEMBERSHIPS = f"/v1.0/users/{ADA}/transitiveMemberOf"
OWNED = f"/v1.0/users/{ADA}/ownedObjects/microsoft.graph.group"
EVERYTHING = (ASSIGNMENTS, ELIGIBLE, MEMBERSHIPS, OWNED)


def role(name: str | None, role_id: str = "r1") -> dict[str, Any]:
    return {"roleDefinitionId": role_id, "roleDefinition": {"displayName": name} if name else None}


def group(name: str | None, can_hold_roles: Any = None, **more: Any) -> dict[str, Any]:
    row = {"id": "g1", "displayName": name, "isAssignableToRole": can_hold_roles}
    return {"@odata.type": "#microsoft.graph.group", **row, **more}


def active(name: str | None) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.directoryRole", "id": "d1", "displayName": name}


def rows(*found: Any) -> Says:
    return Says({"value": list(found)})


@pytest.fixture(autouse=True)
def ordinary(graph: FakeGraph) -> None:
    for path in EVERYTHING:
        graph.on(path, rows())


def test_the_adapter_is_the_port(gateway: Gateway) -> None:
    port: Privileges = GraphPrivileges(gateway)

    assert all((port,))


async def test_an_ordinary_account_has_none(graph: FakeGraph, gateway: Gateway) -> None:
    unit = {"@odata.type": "#microsoft.graph.administrativeUnit", "id": "au", "displayName": None}
    graph.on(MEMBERSHIPS, rows(group("All staff"), group("Mac users", False), unit))
    graph.on(OWNED, rows(group("Book club", False)))

    assert await GraphPrivileges(gateway).of(USER) == Privilege()
    assert len(graph.heard) == 4


async def test_everything_is_named_once(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(ASSIGNMENTS, rows(role("User Administrator"), role("Global Reader"), role(None, "r-9")))
    graph.on(ELIGIBLE, rows(role("Security Administrator"), role(None, "")))
    graph.on(
        MEMBERSHIPS, rows(active("User Administrator"), active("Helpdesk Administrator"), group("A", True))
    )
    graph.on(OWNED, rows(group("A", True), group("B", True), group("C", None)))

    assert await GraphPrivileges(gateway).of(USER) == Privilege(
        active_roles=("Global Reader", "Helpdesk Administrator", "User Administrator", "r-9"),
        eligible_roles=("Security Administrator", "a role without a name"),
        role_assignable_groups=("A", "B"),
    )


async def test_a_later_page_counts(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(ASSIGNMENTS, Says({"value": [], "@odata.nextLink": f"{graph.url}{ASSIGNMENTS}/more"}))
    graph.on(f"{ASSIGNMENTS}/more", rows(role("User Administrator")))

    assert (await GraphPrivileges(gateway).of(USER)).active_roles == ("User Administrator",)


FAILING: list[tuple[Says, type[GraphError]]] = [
    (refusing(403, "Authorization_RequestDenied"), GraphRefused),
    (refusing(429, "TooManyRequests", Retry_After="400"), GraphThrottled),
    (refusing(500, "InternalServerError"), GraphUnreachable),
    (Says({"value": None}), GraphMalformed),
    (Says({"values": []}), GraphMalformed),
    (Says({"value": ["a role"]}), GraphMalformed),
    (Says(b"<html>", content_type="text/html"), GraphMalformed),
    (Says(torn=True), GraphError),
]


@pytest.mark.parametrize("part", EVERYTHING)
@pytest.mark.parametrize(("answer", "kind"), FAILING)
async def test_any_failing_part_fails_the_whole(
    graph: FakeGraph, gateway: Gateway, part: str, answer: Says, kind: type[GraphError]
) -> None:
    graph.on(part, answer)

    with pytest.raises(kind):
        await GraphPrivileges(gateway).of(USER)


@pytest.mark.parametrize(
    ("path", "row"), [(MEMBERSHIPS, group(None)), (MEMBERSHIPS, active(None)), (OWNED, group(None))]
)
async def test_what_the_app_may_not_see_is_not_nothing(
    graph: FakeGraph, gateway: Gateway, path: str, row: dict[str, Any]
) -> None:
    """Graph answers 200 and leaves everything but the id out."""
    graph.on(path, rows(group("All staff"), row))

    with pytest.raises(GraphRefused) as refused:
        await GraphPrivileges(gateway).of(USER)

    assert refused.value.needs == "Directory.Read.All"


async def test_without_privileged_identity_management_nobody_is_eligible(
    graph: FakeGraph, gateway: Gateway
) -> None:
    says = refusing(400, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2.")
    graph.on(ELIGIBLE, says)
    graph.on(ASSIGNMENTS, rows(role("User Administrator")))

    assert await GraphPrivileges(gateway).of(USER) == Privilege(active_roles=("User Administrator",))


async def test_that_excuse_is_taken_from_no_other_part(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(ASSIGNMENTS, refusing(400, "AadPremiumLicenseRequired"))

    with pytest.raises(GraphError):
        await GraphPrivileges(gateway).of(USER)


@pytest.mark.parametrize("user", ["ada@contoso.com", "", f"{ADA}' or 'a' eq 'a"])
async def test_only_an_object_id_enters_a_filter(graph: FakeGraph, gateway: Gateway, user: str) -> None:
    with pytest.raises(BadInput):
        await GraphPrivileges(gateway).of(ObjectId(user))

    assert graph.heard == []


SEGMENT = refusing(
    400, "BadRequest", "Resource not found for the segment 'roleEligibilityScheduleInstances'."
)


@pytest.mark.parametrize("says", [refusing(404, "ResourceNotFound"), SEGMENT])
async def test_schedules_say_the_same_where_instances_are_not_served(
    graph: FakeGraph, gateway: Gateway, says: Says
) -> None:
    graph.on(ELIGIBLE, says)
    graph.on("/v1.0/roleManagement/directory/roleEligibilitySchedules", rows(role("Security Administrator")))

    found = await GraphPrivileges(gateway).of(USER)

    assert found.eligible_roles == ("Security Administrator",)


async def test_a_cloud_without_eligibility_has_nobody_eligible(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(ELIGIBLE, refusing(404, "ResourceNotFound"))
    graph.on("/v1.0/roleManagement/directory/roleEligibilitySchedules", refusing(404, "ResourceNotFound"))

    assert await GraphPrivileges(gateway).of(USER) == Privilege()


async def test_owned_groups_are_found_among_all_that_is_owned(graph: FakeGraph, gateway: Gateway) -> None:
    graph.on(OWNED, refusing(404, "ResourceNotFound"))
    device = {"@odata.type": "#microsoft.graph.device", "id": "m1", "displayName": "A Mac"}
    graph.on(f"/v1.0/users/{ADA}/ownedObjects?", rows(device, group("Admins", can_hold_roles=True)))

    assert (await GraphPrivileges(gateway).of(USER)).role_assignable_groups == ("Admins",)
