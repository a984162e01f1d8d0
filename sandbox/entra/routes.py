"""Every address the sandbox answers: versions, permissions (application), bucket and handler.

Permissions come from the permissions tables of the API pages; each set is "any of", all sets are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sandbox.entra import (
    audits,
    membership,
    methods,
    organization,
    policies,
    reports,
    requirements,
    roles,
    sign_ins,
    users,
)
from sandbox.entra.tenant import Tenant
from sandbox.entra.throttle import DIRECTORY, POLICIES, REPORTS
from sandbox.entra.wire import Call, Refusal, Reply, no_such_segment

BOTH: Final = frozenset({"v1.0", "beta"})
BETA: Final = frozenset({"beta"})
Permissions = tuple[frozenset[str], ...]
Handler = Callable[..., Reply]

_USER_READ: Final = frozenset(
    {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)
_MEMBER_READ: Final = _USER_READ | membership.GROUP_READERS
_POLICY_READ: Final = frozenset({"Policy.Read.All"})
_STATE_WRITE: Final = frozenset({"Policy.ReadWrite.AuthenticationMethod"})
_CA_READ: Final = frozenset(
    {"Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"}
)
_LOG_READ: Final = frozenset({"AuditLog.Read.All"})
_METHOD_READ: Final = frozenset(
    {"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
)
_DEVICE_SETTINGS: Final = frozenset(
    {"Policy.Read.DeviceConfiguration", "Policy.ReadWrite.DeviceConfiguration"}
)
_ROLE_READ: Final = frozenset(
    {"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All"}
)
_ELIGIBLE_READ: Final = frozenset(
    {"RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All"}
)
_ORG_READ: Final = frozenset({"Organization.Read.All", "Directory.Read.All"})
_SKU_READ: Final = frozenset({"LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"})
_AUDIT_READ: Final = (_LOG_READ, frozenset({"Directory.Read.All"}))


@dataclass(frozen=True, slots=True)
class Route:
    """One method and address; "{}" is a free segment, handed to the handler in order."""

    method: str
    address: str
    handler: Handler
    permissions: Permissions
    bucket: str = DIRECTORY
    versions: frozenset[str] = BOTH

    @property
    def segments(self) -> tuple[str, ...]:
        """The address, split."""
        return tuple(self.address.split("/"))


def _casts(
    address: str, handler: Handler, permissions: Permissions, kinds: tuple[str, ...], **fixed: Any
) -> list[Route]:
    """Return the route of a directoryObject collection and of its OData casts."""
    plain = Route("GET", address, partial(handler, **fixed), permissions)
    return [plain] + [
        Route(
            "GET",
            f"{address}/microsoft.graph.{kind}",
            partial(handler, cast=f"microsoft.graph.{kind}", **fixed),
            permissions,
        )
        for kind in kinds
    ]


_CA: Final = "identity/conditionalAccess"
_DETAILS: Final = "reports/authenticationMethods/userRegistrationDetails"
_ROLES: Final = "roleManagement/directory"
_REQUIREMENTS: Final = "users/{}/authentication/requirements"
_DIRECTORY_KINDS: Final = ("group", "directoryRole")

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "users", users.list_users, (_USER_READ,)),
    Route("GET", "users/{}", users.get_user, (_USER_READ,)),
    Route("GET", "directory/deletedItems/microsoft.graph.user", users.list_deleted_users, (_USER_READ,)),
    *_casts(
        "users/{}/transitiveMemberOf",
        membership.list_member_of,
        (_MEMBER_READ,),
        _DIRECTORY_KINDS,
        nested=True,
    ),
    *_casts("users/{}/memberOf", membership.list_member_of, (_MEMBER_READ,), _DIRECTORY_KINDS, nested=False),
    *_casts("users/{}/ownedObjects", membership.list_owned_objects, (_USER_READ,), ("group", "device")),
    *_casts("users/{}/ownedDevices", membership.list_devices, (_USER_READ,), ("device",), owned=True),
    *_casts("users/{}/registeredDevices", membership.list_devices, (_USER_READ,), ("device",), owned=False),
    Route("POST", "users/{}/checkMemberGroups", membership.check_member_groups, (_MEMBER_READ,)),
    Route("GET", "groups/{}", membership.get_group, (membership.GROUP_READERS,)),
    Route("GET", "groups/{}/owners", membership.list_group_owners, (membership.GROUP_READERS,)),
    Route("GET", "users/{}/authentication/methods", methods.list_methods, (_METHOD_READ,)),
    Route(
        "GET",
        "users/{}/authentication/platformCredentialMethods",
        methods.list_platform_credentials,
        (_METHOD_READ,),
    ),
    Route("GET", _REQUIREMENTS, requirements.get_requirements, (_POLICY_READ | _STATE_WRITE,), versions=BETA),
    Route("PATCH", _REQUIREMENTS, requirements.patch_requirements, (_STATE_WRITE,), versions=BETA),
    Route("GET", "auditLogs/signIns", sign_ins.list_sign_ins, (_LOG_READ,), REPORTS),
    Route("GET", "auditLogs/signIns/{}", sign_ins.get_sign_in, (_LOG_READ,), REPORTS),
    Route("GET", "auditLogs/directoryAudits", audits.list_audits, _AUDIT_READ, REPORTS),
    Route("GET", _DETAILS, reports.list_registration_details, (_LOG_READ,), REPORTS),
    Route("GET", _DETAILS + "/{}", reports.get_registration_details, (_LOG_READ,), REPORTS),
    Route("GET", f"{_CA}/policies", policies.list_policies, (_CA_READ,), POLICIES),
    Route("GET", f"{_CA}/policies/{{}}", policies.get_policy, (_CA_READ,), POLICIES),
    Route("GET", f"{_CA}/namedLocations", policies.list_locations, (_CA_READ,), POLICIES),
    Route("POST", f"{_CA}/evaluate", policies.evaluate, (_CA_READ,), POLICIES),
    Route(
        "GET",
        "policies/identitySecurityDefaultsEnforcementPolicy",
        policies.get_security_defaults,
        (_POLICY_READ,),
    ),
    Route("GET", "policies/deviceRegistrationPolicy", policies.get_device_registration, (_DEVICE_SETTINGS,)),
    Route("GET", f"{_ROLES}/roleDefinitions", roles.list_definitions, (_ROLE_READ,)),
    Route("GET", f"{_ROLES}/roleDefinitions/{{}}", roles.get_definition, (_ROLE_READ,)),
    Route("GET", f"{_ROLES}/roleAssignments", roles.list_assignments, (_ROLE_READ,)),
    Route("GET", f"{_ROLES}/roleEligibilityScheduleInstances", roles.list_eligible, (_ELIGIBLE_READ,)),
    Route("GET", "organization", organization.list_organization, (_ORG_READ,)),
    Route("GET", "subscribedSkus", organization.list_skus, (_SKU_READ,)),
)


def find(call: Call) -> tuple[Route, tuple[str, ...]]:
    """Return the route of a call and its free segments; refuse like Graph when there is none."""
    wrong_method = False
    for route in ROUTES:
        free = _match(route.segments, call.path)
        if free is None or call.version not in route.versions:
            continue
        if route.method == call.method:
            return route, free
        wrong_method = True
    if wrong_method:
        raise Refusal(
            405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
        )
    raise no_such_segment(_first_unknown(call))


def bucket_of(call: Call) -> str:
    """Return which bucket a call counts against; an address that does not exist costs nothing scarce."""
    try:
        return find(call)[0].bucket
    except Refusal:
        return DIRECTORY


def bound(route: Route, free: tuple[str, ...]) -> Callable[[Tenant, Call], Reply]:
    """Return the handler with its free segments filled in."""
    return lambda tenant, call: route.handler(tenant, call, *free)


def _match(segments: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...] | None:
    if len(segments) != len(path):
        return None
    free = []
    for wanted, given in zip(segments, path, strict=True):
        if wanted == "{}":
            free.append(given)
        elif wanted.casefold() != given.casefold():
            return None
    return tuple(free)


def _first_unknown(call: Call) -> str:
    """Name the segment where the address leaves the ones that this version has."""
    known = [route.segments for route in ROUTES if call.version in route.versions]
    for length in range(1, len(call.path) + 1):
        head = call.path[:length]
        if not any(_match(segments[:length], head) is not None for segments in known):
            return head[-1]
    return call.path[-1] if call.path else ""
