"""Sign-in methods and platform credentials. https://learn.microsoft.com/graph/api/authentication-list-methods"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sandbox.entra.paging import collection
from sandbox.entra.tenant import Tenant
from sandbox.entra.users import need_person
from sandbox.entra.wire import Call, Json, Reply

PASSWORD_ID: Final = (
    "28c10230-6103-485e-b985-444c60001490"  # the same for everyone, so that clients can know it
)
MOBILE_ID: Final = "3179e48a-750b-4051-897c-87b9720928f7"


def list_methods(tenant: Tenant, call: Call, name: str) -> Reply:
    """GET /users/{id}/authentication/methods."""
    person = need_person(tenant, name)
    context = f"users('{person.id}')/authentication/methods"
    return collection(call, context, [method_object(method, call.version) for method in person.methods])


def list_platform_credentials(tenant: Tenant, call: Call, name: str) -> Reply:
    """GET /users/{id}/authentication/platformCredentialMethods: empty unless Secure Enclave mode left one."""
    person = need_person(tenant, name)
    rows = [
        {key: value for key, value in method_object(method, call.version).items() if key != "@odata.type"}
        for method in person.methods
        if method["kind"] == "platformCredential"
    ]
    return collection(call, f"users('{person.id}')/authentication/platformCredentialMethods", rows)


def method_object(method: Json, version: str) -> Json:
    """Return an authenticationMethod of its derived type."""
    kind = method["kind"]
    common = {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": method["id"]}
    details = _DETAILS.get(kind, _named)(method)
    if version == "beta" and kind == "platformCredential":
        details["lastUsedDateTime"] = method["created"]
    return {**common, **details}


def _password(method: Json) -> Json:
    return {"id": PASSWORD_ID, "password": None, "createdDateTime": method["created"]}


def _authenticator(method: Json) -> Json:
    name = method["displayName"] or "iPhone"
    common = {"displayName": name, "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.8.24"}
    return {**common, "createdDateTime": method["created"]}


def _phone(method: Json) -> Json:
    common = {"id": MOBILE_ID, "phoneNumber": "+46 70 0000000", "phoneType": "mobile"}
    return {**common, "smsSignInState": "notAllowedByPolicy", "createdDateTime": method["created"]}


def _fido2(method: Json) -> Json:
    return {
        "displayName": method["displayName"] or "Security key",
        "createdDateTime": method["created"],
        "aaGuid": "cb69481e-8ff7-4039-93ec-0a2729a154a8",
        "model": "YubiKey 5 Series",
        "attestationCertificates": [],
        "attestationLevel": "attested",
    }


def _platform_credential(method: Json) -> Json:
    return {
        "displayName": method["displayName"],
        "createdDateTime": method["created"],
        "keyStrength": "normal",
        "platform": method["platform"],
    }


def _access_pass(method: Json) -> Json:
    return {
        "temporaryAccessPass": None,
        "createdDateTime": method["created"],
        "startDateTime": method["created"],
        "lifetimeInMinutes": 60,
        "isUsableOnce": True,
        "isUsable": True,
        "methodUsabilityReason": "EnabledByPolicy",
    }


def _named(method: Json) -> Json:
    return {"displayName": method["displayName"], "createdDateTime": method["created"]}


def _token(_: Json) -> Json:
    return {"secretKey": None}


_DETAILS: Final[dict[str, Callable[[Json], Json]]] = {
    "password": _password,
    "microsoftAuthenticator": _authenticator,
    "phone": _phone,
    "fido2": _fido2,
    "platformCredential": _platform_credential,
    "temporaryAccessPass": _access_pass,
    "softwareOath": _token,
}
