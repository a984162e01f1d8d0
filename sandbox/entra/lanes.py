"""Which app asks for which resource in a sign-in, and what Entra's error codes say.

App ids: https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BROKER: Final = ("29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker")
AAD: Final = ("00000002-0000-0000-c000-000000000000", "Windows Azure Active Directory")
DRS: Final = ("01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9", "Device Registration Service")
GRAPH: Final = ("00000003-0000-0000-c000-000000000000", "Microsoft Graph")
EXCHANGE: Final = ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online")
AZURE: Final = ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API")
INTUNE: Final = ("0000000a-0000-0000-c000-000000000000", "Microsoft Intune")
DESKTOP: Final = "Mobile Apps and Desktop clients"


@dataclass(frozen=True, slots=True)
class Lane:
    """Which app asks for which resource, and in whose sight."""

    app: tuple[str, str]
    resource: tuple[str, str]
    interactive: bool
    protocol: str = "none"
    token: str = "none"
    client: str = DESKTOP
    bootstrap: bool = False  # device registration and PRT issuance: Conditional Access is not evaluated


LANES: Final = {
    "broker": Lane(BROKER, AAD, interactive=True, protocol="oAuth2"),
    "drs": Lane(
        BROKER, DRS, interactive=False, protocol="refreshTokenGrant", token="refreshToken", bootstrap=True
    ),
    "drs-interactive": Lane(BROKER, DRS, interactive=True, protocol="oAuth2"),
    "prt": Lane(BROKER, AAD, interactive=False, protocol="prtBrokerBased", bootstrap=True),
    "portal": Lane(
        ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal"), AZURE, True, "oAuth2", client="Browser"
    ),
    "outlook": Lane(
        ("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office"),
        EXCHANGE,
        False,
        "prtGrant",
        "primaryRefreshToken",
    ),
    "jamf-connect": Lane(("6b6a0b6e-6f6b-4b6f-9d53-0d8f1f0a7c11", "Jamf Connect"), GRAPH, True, "ropc"),
    "company-portal": Lane(
        ("9ba1a5c7-f17a-4de9-a1f1-6178c8d51223", "Microsoft Intune Company Portal"), INTUNE, True, "oAuth2"
    ),
}

# Short texts of our own in the place of Microsoft's longer ones.
REASONS: Final = {
    50034: "The user account does not exist in the directory.",
    50053: "The account is locked: the user tried to sign in too many times with an incorrect password.",
    50055: "The password is expired.",
    50057: "The user account is disabled.",
    50074: "Strong authentication is required and the user did not pass the MFA challenge.",
    50076: "Configuration or place changed: you must use multi-factor authentication to access '{resource}'.",
    50079: "The user must enroll in multi-factor authentication to access '{resource}'.",
    50126: "Error validating credentials due to invalid username or password.",
    50140: "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
    50158: "External security challenge was not satisfied.",
    53000: "Device is not in required device state: {state}. A policy requires a compliant device.",
    53003: "Access has been blocked by Conditional Access policies.",
    135010: "The key was not found for this user.",
    135011: "The device used during the authentication is disabled.",
    240001: "The user is not authorized to register devices in Microsoft Entra ID.",
    500121: "Authentication failed during strong authentication request.",
}
PRIMARY_FAILURES: Final = frozenset(
    {50034, 50053, 50055, 50056, 50057, 50126}
)  # before MFA and CA are looked at
MFA_DEMANDS: Final = frozenset({50072, 50074, 50076, 50079, 50158, 500121})
PROVIDERS: Final = {
    "user": "Per-user MFA",
    "multiConditionalAccess": "Conditional Access",
    "v1ConditionalAccess": "Conditional Access",
    "securityDefaults": "Security Defaults",
    "mfaRegistrationRequiredByMultiConditionalAccess": "Conditional Access",
    "mfaRegistrationRequiredBySecurityDefaults": "Security Defaults",
    "authenticationStrengths": "Conditional Access",
}
