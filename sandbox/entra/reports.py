"""Registration report: who registered which methods, and who is an admin.

https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
"""

from __future__ import annotations

from typing import Final

from sandbox.entra import filterable
from sandbox.entra.paging import collection
from sandbox.entra.tenant import Person, Tenant
from sandbox.entra.users import need_person, not_premium
from sandbox.entra.wire import Call, Json, Reply

_CONTEXT: Final = "reports/authenticationMethods/userRegistrationDetails"
_NAMES: Final = {
    "microsoftAuthenticator": "microsoftAuthenticatorPush",
    "phone": "mobilePhone",
    "fido2": "passKeyDeviceBound",
    "softwareOath": "softwareOneTimePasscode",
    "hardwareOath": "hardwareOneTimePasscode",
    "platformCredential": "macOsSecureEnclaveKey",
    "temporaryAccessPass": "temporaryAccessPass",
    "windowsHelloForBusiness": "windowsHelloForBusiness",
    "email": "email",
}
_PASSWORDLESS: Final = frozenset({"fido2", "platformCredential", "windowsHelloForBusiness"})


def list_registration_details(tenant: Tenant, call: Call) -> Reply:
    """GET /reports/authenticationMethods/userRegistrationDetails."""
    if not tenant.premium:
        raise not_premium()
    rows = [_details(tenant, person) for person in sorted(tenant.living(), key=lambda one: one.id)]
    return collection(call, _CONTEXT, rows, allowed=filterable.REGISTRATION_DETAILS)


def get_registration_details(tenant: Tenant, call: Call, name: str) -> Reply:
    """GET the same for one user."""
    if not tenant.premium:
        raise not_premium()
    person = need_person(tenant, name)
    return Reply(
        body={"@odata.context": f"{call.root}/$metadata#{_CONTEXT}/$entity", **_details(tenant, person)}
    )


def _details(tenant: Tenant, person: Person) -> Json:
    kinds = [method["kind"] for method in person.methods]
    names = list(dict.fromkeys(_NAMES[kind] for kind in kinds if kind in _NAMES))
    push = "microsoftAuthenticator" in kinds
    sspr = person.has_mfa_method
    return {
        "id": person.id,
        "userPrincipalName": person.upn,
        "userDisplayName": person.facts["displayName"],
        "userType": "guest" if person.is_guest else "member",
        "isAdmin": bool(tenant.roles_of(person)),
        "isSsprRegistered": sspr,
        "isSsprEnabled": True,
        "isSsprCapable": sspr,
        "isMfaRegistered": person.has_mfa_method,
        "isMfaCapable": person.has_mfa_method,
        "isPasswordlessCapable": bool(_PASSWORDLESS & set(kinds)),
        "methodsRegistered": names,
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": ["push"] if push else [],
        "userPreferredMethodForSecondaryAuthentication": "push"
        if push
        else "sms"
        if "phone" in kinds
        else "none",
        "lastUpdatedDateTime": tenant.now().strftime("%Y-%m-%dT00:00:00Z"),
    }
