"""Every kind of body the sandbox returns, read by Microsoft's own models.

A property the models do not know lands in `additional_data`: only the documented extras may.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from kiota_abstractions.serialization import Parsable
from kiota_serialization_json.json_parse_node import JsonParseNode

from tests.sandbox.entra.conftest import Client

SILENT = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
CA = "/v1.0/identity/conditionalAccess"
ADA = "/v1.0/users/ada.lind@contoso.com"
RUNE = "/v1.0/users/rune.storm@contoso.com"
DETAILS = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
ROLES = "/v1.0/roleManagement/directory"

# Selectable without being in the metadata; and collections of plain actions carry no count.
EXTRAS = {"@odata.context", "perUserMfaState"}

V1 = [
    (ADA, "User"),
    (f"{ADA}?$select=id,accountEnabled,userType,lastPasswordChangeDateTime,isManagementRestricted", "User"),
    (
        "/v1.0/users?$select=id,userPrincipalName,perUserMfaState,signInActivity&$top=3",
        "UserCollectionResponse",
    ),
    ("/v1.0/directory/deletedItems/microsoft.graph.user", "UserCollectionResponse"),
    (f"{ADA}/transitiveMemberOf", "DirectoryObjectCollectionResponse"),
    (f"{ADA}/transitiveMemberOf/microsoft.graph.group", "GroupCollectionResponse"),
    (f"{RUNE}/memberOf/microsoft.graph.directoryRole", "DirectoryRoleCollectionResponse"),
    (f"{ADA}/ownedObjects", "DirectoryObjectCollectionResponse"),
    (f"{ADA}/ownedDevices", "DirectoryObjectCollectionResponse"),
    (f"{ADA}/registeredDevices/microsoft.graph.device", "DeviceCollectionResponse"),
    (f"{ADA}/authentication/methods", "AuthenticationMethodCollectionResponse"),
    (f"{RUNE}/authentication/methods", "AuthenticationMethodCollectionResponse"),
    (
        "/v1.0/users/gry.vang@contoso.com/authentication/platformCredentialMethods",
        "PlatformCredentialAuthenticationMethodCollectionResponse",
    ),
    ("/v1.0/auditLogs/signIns?$top=15", "SignInCollectionResponse"),
    ("/v1.0/auditLogs/directoryAudits", "DirectoryAuditCollectionResponse"),
    (DETAILS, "UserRegistrationDetailsCollectionResponse"),
    (f"{CA}/policies", "ConditionalAccessPolicyCollectionResponse"),
    (f"{CA}/namedLocations", "NamedLocationCollectionResponse"),
    ("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", "IdentitySecurityDefaultsEnforcementPolicy"),
    ("/v1.0/policies/deviceRegistrationPolicy", "DeviceRegistrationPolicy"),
    (f"{ROLES}/roleAssignments?$expand=principal,roleDefinition", "UnifiedRoleAssignmentCollectionResponse"),
    (f"{ROLES}/roleDefinitions", "UnifiedRoleDefinitionCollectionResponse"),
    (
        f"{ROLES}/roleEligibilityScheduleInstances",
        "UnifiedRoleEligibilityScheduleInstanceCollectionResponse",
    ),
    ("/v1.0/organization", "OrganizationCollectionResponse"),
    ("/v1.0/subscribedSkus", "SubscribedSkuCollectionResponse"),
]
BETA = [
    ("/beta/users/ada.lind@contoso.com/authentication/requirements", "StrongAuthenticationRequirements"),
    (f"/beta/auditLogs/signIns?$filter={SILENT}&$top=8", "SignInCollectionResponse"),
    ("/beta/auditLogs/signIns?$top=4", "SignInCollectionResponse"),
    ("/beta/users/gry.vang@contoso.com/authentication/methods", "AuthenticationMethodCollectionResponse"),
    ("/beta/identity/conditionalAccess/policies", "ConditionalAccessPolicyCollectionResponse"),
]


def model(package: str, name: str) -> Any:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    return getattr(importlib.import_module(f"{package}.generated.models.{snake}"), name)


def parsed(body: Any, factory: Any) -> Any:
    return JsonParseNode(json.loads(json.dumps(body))).get_object_value(factory)


def objects_in(thing: Any) -> Iterator[Parsable]:
    """Yield a model object and every model object inside it."""
    if isinstance(thing, list):
        for item in thing:
            yield from objects_in(item)
    elif isinstance(thing, Parsable):
        yield thing
        for key, _ in thing.backing_store.enumerate_():
            if key not in ("additional_data", "additionalData"):
                yield from objects_in(thing.backing_store.get(key))


def strays_of(found: Any) -> set[str]:
    return {
        f"{type(one).__name__}.{key}"
        for one in objects_in(found)
        for key in getattr(one, "additional_data", None) or {}
        if key not in EXTRAS
    }


def flat(name: str) -> str:
    return name.removeprefix("@").replace(".", "").replace("_", "").casefold()


def lost_in(found: Any, body: Any, where: str = "") -> set[str]:
    """Return the paths of values that were sent and that the model did not take over, enums among them."""
    if isinstance(body, list):
        pairs = zip(found, body, strict=True) if isinstance(found, list) else []
        return {lost for one, sent in pairs for lost in lost_in(one, sent, where)}
    if not isinstance(body, dict):
        return set()
    taken = {flat(key): found.backing_store.get(key) for key, _ in found.backing_store.enumerate_()}
    extra = found.additional_data or {}
    lost = set()
    for key, value in body.items():
        if value in (None, [], "") or key in extra:
            continue
        held = taken.get(flat(key))
        lost |= {f"{where}/{key}"} if held in (None, []) else lost_in(held, value, f"{where}/{key}")
    return lost


async def check(graph: Client, package: str, path: str, name: str) -> Any:
    answer = await graph.get(path, Prefer="include-unknown-enum-members")
    assert answer.status == 200, answer.text
    found = parsed(answer.json, model(package, name))
    assert strays_of(found) == set()
    body = {key: value for key, value in answer.json.items() if key != "@odata.context"}
    assert lost_in(found, body) == set()
    return found


@pytest.mark.parametrize(("path", "name"), V1)
async def test_v1_bodies_fit_the_models(graph: Client, path: str, name: str) -> None:
    await graph.set_state("rune.storm", "disabled")
    found = await check(graph, "msgraph", path, name)
    assert not hasattr(found, "value") or found.value


@pytest.mark.parametrize(("path", "name"), BETA)
async def test_beta_bodies_fit_the_models(graph: Client, path: str, name: str) -> None:
    found = await check(graph, "msgraph_beta", path, name)
    assert not hasattr(found, "value") or found.value


async def test_derived_types_and_enums_are_what_they_say(graph: Client) -> None:
    methods = await check(
        graph, "msgraph", f"{ADA}/authentication/methods", "AuthenticationMethodCollectionResponse"
    )
    assert {type(one).__name__ for one in methods.value} == {
        *(
            "PasswordAuthenticationMethod",
            "MicrosoftAuthenticatorAuthenticationMethod",
            "PhoneAuthenticationMethod",
        ),
    }
    policy = await check(
        graph, "msgraph", "/v1.0/policies/deviceRegistrationPolicy", "DeviceRegistrationPolicy"
    )
    assert type(policy.azure_a_d_join.allowed_to_join).__name__ == "EnumeratedDeviceRegistrationMembership"
    assert policy.multi_factor_auth_configuration.value == "notRequired"
    state = await check(graph, "msgraph_beta", BETA[0][0], BETA[0][1])
    assert state.per_user_mfa_state.value == "enforced"
    silent = await check(graph, "msgraph_beta", BETA[1][0], BETA[1][1])
    sources = {
        source.requirement_provider.value
        for row in silent.value
        for source in row.authentication_requirement_policies
    }
    assert "user" in sources


async def test_what_if_errors_and_batches_fit_their_models(graph: Client) -> None:
    question = {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": graph.id_of("ada.lind")},
        "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["x"]},
        "signInConditions": {},
        "appliedPoliciesOnly": False,
    }
    answer = await graph.send("POST", f"{CA}/evaluate", question)
    results = [parsed(row, model("msgraph", "WhatIfAnalysisResult")) for row in answer.value]
    assert strays_of(results) == set()
    assert {one.analysis_reasons[0].value for one in results} >= {"notSet", "policyNotEnabled", "users"}
    errors = importlib.import_module("msgraph.generated.models.o_data_errors.o_data_error")
    refused = parsed((await graph.get("/v1.0/nothing")).json, errors.ODataError)
    assert strays_of(refused) == set()
    assert refused.error.inner_error.request_id


def test_the_check_itself_notices_lost_and_stray_values() -> None:
    body = {
        "id": "1",
        "shoeSize": 44,
        "status": {"errorCode": 0, "mood": "good"},
        "appliedConditionalAccessPolicies": [{"id": "2", "result": "bogus"}],
    }
    found = parsed(body, model("msgraph", "SignIn"))
    assert strays_of(found) == {"SignIn.shoeSize", "SignInStatus.mood"}
    assert lost_in(found, body) == {"/appliedConditionalAccessPolicies/result"}
