"""The sign-in log. https://learn.microsoft.com/graph/api/signin-list"""

from __future__ import annotations

from typing import Any, Final

from sandbox.entra import filterable
from sandbox.entra.filters import Node, invalid_filter, parse
from sandbox.entra.matching import check, leaves, only
from sandbox.entra.paging import PageRule, paged
from sandbox.entra.publishing import is_published, published
from sandbox.entra.sorting import newest_first
from sandbox.entra.tenant import Tenant
from sandbox.entra.users import not_premium
from sandbox.entra.wire import Call, Json, Reply, no_such_resource

POLICY_READERS: Final = frozenset(
    {"Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"}
)
V1_PROPERTIES: Final = (
    *("id", "createdDateTime", "userDisplayName", "userPrincipalName", "userId", "appId", "appDisplayName"),
    *("ipAddress", "clientAppUsed", "userAgent", "correlationId", "conditionalAccessStatus", "isInteractive"),
    *("riskDetail", "riskLevelAggregated", "riskLevelDuringSignIn", "riskState", "riskEventTypes"),
    *("riskEventTypes_v2", "resourceDisplayName", "resourceId", "resourceTenantId", "homeTenantId"),
    *("servicePrincipalId", "servicePrincipalName", "status", "deviceDetail", "location"),
    "appliedConditionalAccessPolicies",
)
V1_ONLY: Final = frozenset({"riskEventTypes"})
V1_POLICY: Final = ("id", "displayName", "enforcedGrantControls", "enforcedSessionControls", "result")
USER_KINDS: Final = frozenset({"interactiveuser", "noninteractiveuser"})
APP_KINDS: Final = frozenset({"serviceprincipal", "managedidentity"})
_RULE: Final = PageRule(default=1000, largest=1000, strict=False)

# Members behind the sentinel of an evolvable enum. https://learn.microsoft.com/graph/best-practices-concept
_HIDDEN: Final = {
    "incomingTokenType": frozenset({"remoteDesktopToken", "refreshToken"}),
    "authenticationProtocol": frozenset(
        {
            *(
                "authenticationTransfer",
                "nativeAuth",
                "implicitAccessTokenAndGetResponseMode",
                "prtNonBrokerBased",
            ),
            *(
                "implicitIdTokenAndGetResponseMode",
                "implicitAccessTokenAndPostResponseMode",
                "prtBrokerBased",
            ),
            *(
                "implicitIdTokenAndPostResponseMode",
                "authorizationCodeWithoutPkce",
                "authorizationCodeWithPkce",
            ),
            *(
                "clientCredentials",
                "refreshTokenGrant",
                "encryptedAuthorizeResponse",
                "directUserGrant",
                "kerberos",
            ),
            *("prtGrant", "seamlessSso", "onBehalfOf", "samlOnBehalfOf"),
        }
    ),
    "tokenIssuerType": frozenset({"AzureADBackupAuth", "ADFederationServicesMFAAdapter", "NPSExtension"}),
    "crossTenantAccessType": frozenset({"passthrough"}),
    "result": frozenset(
        {"reportOnlySuccess", "reportOnlyFailure", "reportOnlyNotApplied", "reportOnlyInterrupted"}
    ),
    "requirementProvider": frozenset({"scopeBasedAuthRequirementPolicy", "authenticationStrengths"}),
}


def list_sign_ins(tenant: Tenant, call: Call) -> Reply:
    """GET /auditLogs/signIns: interactive ones only unless beta's signInEventTypes is filtered."""
    if not tenant.premium:
        raise not_premium()
    rows = newest_first(call, published(tenant, call), "createdDateTime")
    kept = _kept(call, rows)
    reply = paged(call, "auditLogs/signIns", kept, _RULE)
    return _shown(tenant, call, reply)


def get_sign_in(tenant: Tenant, call: Call, row_id: str) -> Reply:
    """GET /auditLogs/signIns/{id}."""
    if not tenant.premium:
        raise not_premium()
    row = next((row for row in tenant.sign_ins if row["id"] == row_id), None)
    if row is None or not is_published(tenant, row_id):
        raise no_such_resource(row_id)
    context = f"{call.root}/$metadata#auditLogs/signIns/$entity"
    return Reply(body={"@odata.context": context, **_shape(tenant, call, row)})


def _kept(call: Call, rows: list[Json]) -> list[Json]:
    text = call.query.get("$filter")
    beta = call.version == "beta"
    node = None
    if text is not None:
        node = check(parse(text), filterable.SIGN_IN_BETA if beta else filterable.SIGN_IN)
    kinds = _kinds(node)
    if kinds & USER_KINDS and kinds & APP_KINDS:
        raise invalid_filter("User and service principal sign-in event types can't be combined.")
    if not kinds:
        rows = [row for row in rows if row["isInteractive"]]
    return only(rows, node)


def _kinds(node: Node | None) -> set[str]:
    if node is None:
        return set()
    found = {str(value).casefold() for path, _, value in leaves(node) if path == "signInEventTypes/any"}
    for kind in found - USER_KINDS - APP_KINDS:
        raise invalid_filter(f"'{kind}' is not a sign-in event type.")
    return found


def _shown(tenant: Tenant, call: Call, reply: Reply) -> Reply:
    if isinstance(reply.body, dict):
        reply.body["value"] = [_shape(tenant, call, row) for row in reply.body["value"]]
    return reply


def _shape(tenant: Tenant, call: Call, row: Json) -> Json:
    shown = dict(row)
    if not tenant.app.permissions & POLICY_READERS and "appliedConditionalAccessPolicies" in shown:
        shown["appliedConditionalAccessPolicies"] = []
    if call.version == "v1.0":
        shown = {name: shown[name] for name in V1_PROPERTIES if name in shown}
        if "appliedConditionalAccessPolicies" in shown:
            policies = shown["appliedConditionalAccessPolicies"]
            shown["appliedConditionalAccessPolicies"] = [
                {key: each[key] for key in V1_POLICY} for each in policies
            ]
    else:
        shown = {name: value for name, value in shown.items() if name not in V1_ONLY}
    if "include-unknown-enum-members" in call.headers.get("prefer", ""):
        return shown
    return {key: _collapsed(key, value) for key, value in shown.items()}


def _collapsed(key: str, value: Any) -> Any:
    """Replace members that a caller without the Prefer header does not get."""
    if isinstance(value, list):
        return [_collapsed(key, item) for item in value]
    if isinstance(value, dict):
        return {name: _collapsed(name, item) for name, item in value.items()}
    return "unknownFutureValue" if value in _HIDDEN.get(key, ()) else value
