"""People, their Macs and their sign-in methods, as Entra describes them.

Graph's optional fields end in the adapters: here `None` means "Graph did not say".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.errors import BadInput

ObjectId = NewType("ObjectId", str)
"""An Entra object id: a GUID in lower case. The only name of a user that may enter a write path."""

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def object_id(text: str) -> ObjectId:
    """Return `text` as an object id; raise BadInput when it is not a GUID."""
    if not _GUID.fullmatch(text):
        raise BadInput("not an object id")
    return ObjectId(text.lower())


def is_object_id(text: str) -> bool:
    """Tell whether `text` is a GUID."""
    return _GUID.fullmatch(text) is not None


class PerUserMfaState(StrEnum):
    """The legacy per-user MFA state.

    https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates
    """

    DISABLED = "disabled"
    ENABLED = "enabled"
    ENFORCED = "enforced"


@dataclass(frozen=True, slots=True)
class User:
    """One account in the tenant."""

    id: ObjectId
    user_principal_name: str
    display_name: str
    mail: str | None = None
    account_enabled: bool | None = None
    user_type: str | None = None  # "Member" or "Guest"
    created_at: datetime | None = None
    last_password_change_at: datetime | None = None
    is_management_restricted: bool | None = None
    employee_id: str | None = None  # the same person's other accounts carry it too


@dataclass(frozen=True, slots=True)
class Device:
    """A device object the user owns or has registered."""

    id: str
    device_id: str
    display_name: str
    operating_system: str
    trust_type: str | None = None  # "AzureAd" joined, "Workplace" registered, "ServerAd" hybrid
    account_enabled: bool | None = None
    registered_at: datetime | None = None
    owned: bool = True

    @property
    def is_mac(self) -> bool:
        """Entra spells it macOS, MacOs or MacMDM."""
        return self.operating_system.lower().startswith("mac")

    @property
    def is_joined(self) -> bool:
        """Platform SSO joins a Mac; a Workplace record is only registered."""
        return (self.trust_type or "").lower() == "azuread"


@dataclass(frozen=True, slots=True)
class AuthenticationMethod:
    """One registered sign-in method; `kind` is Graph's type name without its prefix and suffix.

    "microsoftAuthenticator", "phone", "password", "fido2", "platformCredential", "temporaryAccessPass"…
    """

    id: str
    kind: str
    display_name: str = ""
    created_at: datetime | None = None
    platform: str | None = None  # platformCredential only: "macOS", "windows"…

    @property
    def is_mac_platform_credential(self) -> bool:
        """The key that Platform SSO leaves behind in Secure Enclave mode, and only there."""
        return self.kind == "platformCredential" and (self.platform or "").lower() in ("macos", "")


@dataclass(frozen=True, slots=True)
class Membership:
    """Groups (transitively) and directory roles (active, by template id) of a user."""

    group_ids: frozenset[str] = frozenset()
    role_template_ids: frozenset[str] = frozenset()
