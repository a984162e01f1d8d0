"""Users: one, many, and the recycle bin. https://learn.microsoft.com/graph/api/user-get"""

from __future__ import annotations

from typing import Final

from sandbox.entra import filterable
from sandbox.entra.filters import parse
from sandbox.entra.matching import leaves
from sandbox.entra.paging import check_select, collection, selected
from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.wire import Call, Json, Refusal, Reply, no_such_resource

DEFAULT_PROPERTIES: Final = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
# Selectable on v1.0 and beta although no metadata names it.
# https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/3368
BULK_STATE: Final = "perUserMfaState"
SIGN_IN_ACTIVITY: Final = "signInActivity"
KNOWN: Final = frozenset(
    {
        *DEFAULT_PROPERTIES,
        *("accountEnabled", "createdDateTime", "deletedDateTime", "department", "employeeId"),
        "externalUserState",
        *("isManagementRestricted", "lastPasswordChangeDateTime", "mailNickname", "onPremisesSyncEnabled"),
        *("otherMails", "proxyAddresses", "userType", BULK_STATE, SIGN_IN_ACTIVITY),
    }
)


def need_person(tenant: Tenant, name: str) -> Person:
    """Return the living account with this object id or UPN; refuse with 404."""
    person = tenant.person(name)
    if person is None:
        raise no_such_resource(name)
    return person


def get_user(tenant: Tenant, call: Call, name: str) -> Reply:
    """GET /users/{id|upn}."""
    _check(tenant, call)
    person = need_person(tenant, name)
    shape = "users/$entity" if "$select" not in call.query else f"users({call.query['$select']})/$entity"
    return Reply(body={"@odata.context": f"{call.root}/$metadata#{shape}", **_shown(tenant, call, person)})


def list_users(tenant: Tenant, call: Call) -> Reply:
    """GET /users."""
    _check(tenant, call)
    _check_advanced(call)
    people = sorted(tenant.living(), key=lambda person: person.id)
    rows = [{**person.facts, **_computed(tenant, call, person)} for person in people]
    shape = "users" if "$select" not in call.query else f"users({call.query['$select']})"
    trimmed = collection(call, shape, rows, allowed=filterable.USER, refusal=_unsupported)
    return _default_properties(call, trimmed)


def list_deleted_users(tenant: Tenant, call: Call) -> Reply:
    """GET /directory/deletedItems/microsoft.graph.user. A deleted UPN carries the object id in front."""
    _check(tenant, call)
    _check_advanced(call)
    rows = [person.facts for person in tenant.people.values() if person.deleted]
    trimmed = collection(call, "users", rows, allowed=filterable.USER, refusal=_unsupported)
    return _default_properties(call, trimmed, extra=("deletedDateTime",))


def _check(tenant: Tenant, call: Call) -> None:
    check_select(call, KNOWN, "user")
    if SIGN_IN_ACTIVITY in call.query.get("$select", "") and not tenant.premium:
        raise not_premium()


def not_premium() -> Refusal:
    """Return the refusal of a tenant without Entra ID P1 or P2."""
    return Refusal(
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        "Neither tenant is B2C or tenant doesn't have premium license",
    )


def _unsupported(path: str) -> Refusal:
    name = path.removesuffix("/any")
    message = (
        f"Unsupported or invalid query filter clause specified for property '{name}' of resource 'User'."
    )
    return Refusal(400, "Request_UnsupportedQuery", message)


def _check_advanced(call: Call) -> None:
    """Refuse ne, not and endsWith without the advanced query parameters.

    https://learn.microsoft.com/graph/aad-advanced-queries
    """
    text = call.query.get("$filter")
    if text is None:
        return
    operators = {operator for _, operator, _ in leaves(parse(text))}
    advanced = {name for name in operators if name.startswith("not ")} | (operators & {"ne", "endsWith"})
    eventual = call.headers.get("consistencylevel", "").casefold() == "eventual"
    if advanced and not (eventual and call.query.get("$count") == "true"):
        message = (
            f"Operator '{min(advanced)}' is not supported because the required parameters might be missing. "
            "Try adding $count=true query parameter and ConsistencyLevel:eventual header."
        )
        raise Refusal(400, "Request_UnsupportedQuery", message)


def _computed(tenant: Tenant, call: Call, person: Person) -> Json:
    """Return the properties that exist only when selected."""
    asked = call.query.get("$select", "").casefold()
    found: Json = {}
    if BULK_STATE.casefold() in asked and tenant.bulk_state_served:
        found[BULK_STATE] = tenant.visible_state(person)
    if SIGN_IN_ACTIVITY.casefold() in asked:
        found[SIGN_IN_ACTIVITY] = _activity(tenant, person)
    return found


def _activity(tenant: Tenant, person: Person) -> Json | None:
    rows = [row for row in tenant.sign_ins if row["userId"] == person.id]
    if not rows:
        return None
    attempts = [row for row in rows if row["isInteractive"]]
    silent = [row for row in rows if not row["isInteractive"]]
    good = [row for row in rows if row["status"]["errorCode"] == 0]
    return {
        "lastSignInDateTime": attempts[-1]["createdDateTime"] if attempts else None,
        "lastSignInRequestId": attempts[-1]["id"] if attempts else None,
        "lastNonInteractiveSignInDateTime": silent[-1]["createdDateTime"] if silent else None,
        "lastNonInteractiveSignInRequestId": silent[-1]["id"] if silent else None,
        "lastSuccessfulSignInDateTime": good[-1]["createdDateTime"] if good else None,
        "lastSuccessfulSignInRequestId": good[-1]["id"] if good else None,
    }


def _shown(tenant: Tenant, call: Call, person: Person) -> Json:
    facts = {**person.facts, **_computed(tenant, call, person)}
    if "$select" in call.query:
        return selected(call, facts)
    return {name: facts[name] for name in DEFAULT_PROPERTIES}


def _default_properties(call: Call, reply: Reply, extra: tuple[str, ...] = ()) -> Reply:
    if "$select" in call.query or not isinstance(reply.body, dict):
        return reply
    names = (*DEFAULT_PROPERTIES, *extra)
    reply.body["value"] = [{name: row[name] for name in names} for row in reply.body["value"]]
    return reply
