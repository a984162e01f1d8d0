"""Tenant policies: Conditional Access, named locations, security defaults, device registration, What-If.

https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
"""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.entra import filterable
from sandbox.entra.evaluator import APPLIES, USER_ACTIONS, Scenario, judge
from sandbox.entra.paging import collection
from sandbox.entra.tenant import Tenant
from sandbox.entra.users import need_person
from sandbox.entra.wire import Call, Json, Refusal, Reply, no_such_resource


def list_policies(tenant: Tenant, call: Call) -> Reply:
    """GET /identity/conditionalAccess/policies."""
    context = "identity/conditionalAccess/policies"
    rows = [_shape(call, policy) for policy in tenant.policies]
    return collection(call, context, rows, allowed=filterable.CONDITIONAL_ACCESS)


def get_policy(tenant: Tenant, call: Call, policy_id: str) -> Reply:
    """GET /identity/conditionalAccess/policies/{id}."""
    policy = next((one for one in tenant.policies if one["id"] == policy_id), None)
    if policy is None:
        raise Refusal(404, "NotFound", f"{policy_id} does not exist in the directory.")
    context = f"{call.root}/$metadata#identity/conditionalAccess/policies/$entity"
    return Reply(body={"@odata.context": context, **_shape(call, policy)})


def _shape(call: Call, policy: Json) -> Json:
    """Leave out templateId on beta, whose metadata does not have it."""
    return policy if call.version == "v1.0" else {key: policy[key] for key in policy if key != "templateId"}


def list_locations(tenant: Tenant, call: Call) -> Reply:
    """GET /identity/conditionalAccess/namedLocations."""
    context = "identity/conditionalAccess/namedLocations"
    return collection(call, context, tenant.locations, allowed=filterable.NAMED_LOCATION)


def get_security_defaults(tenant: Tenant, call: Call) -> Reply:
    """GET /policies/identitySecurityDefaultsEnforcementPolicy."""
    body = {
        "@odata.context": f"{call.root}/$metadata#policies/identitySecurityDefaultsEnforcementPolicy/$entity",
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "description": "A set of basic identity security mechanisms that Microsoft recommends.",
        "isEnabled": tenant.security_defaults,
    }
    return Reply(body=body)


def get_device_registration(tenant: Tenant, call: Call) -> Reply:
    """GET /policies/deviceRegistrationPolicy."""
    policy = tenant.device_registration
    everyone = {"@odata.type": "#microsoft.graph.allDeviceRegistrationMembership"}
    body = {
        "@odata.context": f"{call.root}/$metadata#policies/deviceRegistrationPolicy/$entity",
        "id": "deviceRegistrationPolicy",
        "displayName": "Device Registration Policy",
        "description": "Tenant-wide limits and rules for registering devices.",
        "userDeviceQuota": policy["userDeviceQuota"],
        "multiFactorAuthConfiguration": policy["multiFactorAuthConfiguration"],
        "azureADRegistration": {"isAdminConfigurable": False, "allowedToRegister": everyone},
        "azureADJoin": {
            "isAdminConfigurable": True,
            "allowedToJoin": policy["allowedToJoin"],
            "localAdmins": {"enableGlobalAdmins": True, "registeringUsers": everyone},
        },
        "localAdminPassword": {"isEnabled": False},
    }
    return Reply(body=body)


def evaluate(tenant: Tenant, call: Call) -> Reply:
    """POST /identity/conditionalAccess/evaluate: What-If, report-only and disabled policies included."""
    asked = call.body()
    scenario = _scenario(tenant, asked)
    results = []
    for policy in tenant.policies:
        reason = judge(policy, scenario, tenant)
        applies = reason == APPLIES
        if applies or not asked.get("appliedPoliciesOnly"):
            results.append({**policy, "policyApplies": applies, "analysisReasons": reason})
    context = f"{call.root}/$metadata#Collection(microsoft.graph.whatIfAnalysisResult)"
    return Reply(body={"@odata.context": context, "value": results})


def _scenario(tenant: Tenant, asked: Json) -> Scenario:
    identity, context = _part(asked, "signInIdentity"), _part(asked, "signInContext")
    conditions = asked.get("signInConditions") or {}
    if not identity.get("userId"):
        raise _bad("signInIdentity")
    try:
        person = need_person(tenant, identity["userId"])
    except Refusal:
        raise no_such_resource(identity["userId"]) from None
    return Scenario(
        person=person,
        **_target(context),
        platform=conditions.get("devicePlatform"),
        client_app=conditions.get("clientAppType"),
        ip=_address(conditions.get("ipAddress")),
        country=conditions.get("country"),
        sign_in_risk=conditions.get("signInRiskLevel") or "none",
        user_risk=conditions.get("userRiskLevel") or "none",
        insider_risk=conditions.get("insiderRiskLevel"),
        transfer_method=(conditions.get("authenticationFlow") or {}).get("transferMethod") or "none",
        device=conditions.get("deviceInfo") or {},
        external_user_type=identity.get("externalUserType"),
    )


def _part(asked: Json, name: str) -> Json:
    part = asked.get(name)
    if not isinstance(part, dict) or "@odata.type" not in part:
        raise _bad(name)
    return part


def _target(context: Json) -> dict[str, Any]:
    kind = str(context["@odata.type"]).rpartition(".")[2]
    if kind == "applicationContext" and context.get("includeApplications"):
        return {"applications": frozenset(context["includeApplications"])}
    if kind == "userActionContext" and context.get("userAction") in USER_ACTIONS:
        return {"user_action": context["userAction"]}
    if kind == "authContext" and context.get("authenticationContextValue"):
        return {"authentication_context": context["authenticationContextValue"]}
    raise _bad("signInContext")


def _address(text: str | None) -> str | None:
    try:
        return None if text is None else str(ipaddress.ip_address(text))
    except ValueError:
        raise _bad("ipAddress") from None


def _bad(name: str) -> Refusal:
    return Refusal(400, "BadRequest", f"1040: Invalid value specified for property '{name}'.")
