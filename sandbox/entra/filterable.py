"""Which properties Graph documents as filterable, and with which operators, per resource."""

from __future__ import annotations

from typing import Final

_EQ: Final = frozenset({"eq"})
_EQ_START: Final = frozenset({"eq", "startsWith"})
_EQ_NE: Final = frozenset({"eq", "ne"})
_TIMES: Final = frozenset({"eq", "le", "ge"})
_RICH: Final = frozenset({"eq", "ne", "in", "startsWith"})

SIGN_IN: Final = {
    # https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta
    "appId": _EQ,
    "appDisplayName": _EQ_START,
    "userId": _EQ,
    "userPrincipalName": _EQ_START,
    "userDisplayName": _EQ_START,
    "createdDateTime": _TIMES,
    "status/errorCode": _EQ_NE,  # ne: not in the property list, used in Microsoft's own samples
    "clientAppUsed": _EQ,
    "conditionalAccessStatus": _EQ,
    "correlationId": _EQ,
    "deviceDetail/browser": _EQ_START,
    "deviceDetail/operatingSystem": _EQ_START,
    "location/city": _EQ_START,
    "location/state": _EQ_START,
    "location/countryOrRegion": _EQ_START,
    "ipAddress": _EQ_START,
    "resourceId": _EQ,
    "resourceDisplayName": _EQ,
    "riskDetail": _EQ,
    "riskLevelAggregated": _EQ,
    "riskLevelDuringSignIn": _EQ,
    "riskState": _EQ,
    "riskEventTypes_v2/any": _EQ_START,
    "servicePrincipalId": _EQ_START,
    "servicePrincipalName": _EQ_START,
    "userAgent": _EQ_START,
}
SIGN_IN_BETA: Final = {
    **SIGN_IN,
    "signInEventTypes/any": _EQ_NE,
    "originalRequestId": _EQ,
    "authenticationRequirement": _EQ_START,
    "tokenIssuerName": _EQ,
}

DIRECTORY_AUDIT: Final = {
    # https://learn.microsoft.com/graph/api/directoryaudit-list
    "activityDateTime": _TIMES,
    "activityDisplayName": _EQ_START,
    "category": _EQ,
    "correlationId": _EQ,
    "loggedByService": _EQ,
    "result": _EQ,
    "initiatedBy/user/id": _EQ,
    "initiatedBy/user/displayName": _EQ,
    "initiatedBy/user/userPrincipalName": _EQ_START,
    "initiatedBy/app/appId": _EQ,
    "initiatedBy/app/displayName": _EQ,
    "targetResources/any/id": _EQ,
    "targetResources/any/displayName": _EQ_START,
}

USER: Final = {
    # https://learn.microsoft.com/graph/api/resources/user, property table
    "id": frozenset({"eq", "ne", "in"}),
    "userPrincipalName": _RICH | {"endsWith"},
    "mail": _RICH | {"endsWith"},
    "displayName": _RICH,
    "givenName": _RICH,
    "surname": _RICH,
    "mailNickname": _RICH,
    "userType": frozenset({"eq", "ne", "in"}),
    "accountEnabled": frozenset({"eq", "ne", "in"}),
    "onPremisesSyncEnabled": frozenset({"eq", "ne", "in"}),
    "proxyAddresses/any": _EQ_START | {"endsWith"},
    "otherMails/any": _EQ_START | {"endsWith"},
    "createdDateTime": frozenset({"eq", "ne", "ge", "le"}),
    "deletedDateTime": frozenset({"ge", "le"}),
}

REGISTRATION_DETAILS: Final = {
    # https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
    "id": _EQ,
    "userPrincipalName": _EQ_START,
    "userDisplayName": _EQ_START,
    "userType": _EQ,
    "isAdmin": _EQ,
    "isMfaCapable": _EQ,
    "isMfaRegistered": _EQ,
    "isPasswordlessCapable": _EQ,
    "isSsprCapable": _EQ,
    "isSsprEnabled": _EQ,
    "isSsprRegistered": _EQ,
    "methodsRegistered/any": _EQ,
    "lastUpdatedDateTime": _TIMES,
}

CONDITIONAL_ACCESS: Final = {
    "id": _EQ_NE,
    "displayName": _EQ_START,
    "state": _EQ_NE,
    "createdDateTime": _TIMES,
    "modifiedDateTime": _TIMES,
    "templateId": _EQ,
}
NAMED_LOCATION: Final = {
    "id": _EQ,
    "displayName": _EQ_START,
    "createdDateTime": _TIMES,
    "modifiedDateTime": _TIMES,
}

ROLE_ASSIGNMENT: Final = {
    "principalId": frozenset({"eq", "in"}),
    "roleDefinitionId": frozenset({"eq", "in"}),
    "directoryScopeId": _EQ,
}
ROLE_DEFINITION: Final = {
    "id": frozenset({"eq", "in"}),
    "displayName": _EQ_START,
    "isBuiltIn": _EQ,
    "templateId": _EQ,
}

GROUP: Final = {
    "id": frozenset({"eq", "in"}),
    "displayName": _EQ_START,
    "isAssignableToRole": _EQ,
    "securityEnabled": _EQ,
    "mailEnabled": _EQ,
    "roleTemplateId": _EQ,
}
DEVICE: Final = {
    "id": frozenset({"eq", "in"}),
    "deviceId": _EQ,
    "displayName": _EQ_START,
    "operatingSystem": _EQ_START,
    "accountEnabled": _EQ,
    "isCompliant": _EQ,
    "isManaged": _EQ,
    "trustType": _EQ,
}
