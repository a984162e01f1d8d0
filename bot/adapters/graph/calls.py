"""What the bot asks Microsoft Graph, in an admin's words, and the permission each call needs.

Permission names: https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Scarce


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of call: its name for people, the least application permission, and its small bucket."""

    what: str
    needs: str
    bucket: Scarce | None = None


TOKEN = Call("the sign-in of the app", "")
USER = Call("the user", "User.Read.All")
DELETED_USERS = Call("the deleted users", "User.Read.All")
DEVICES = Call("the user's devices", "User.Read.All")
MEMBERSHIP = Call("the user's groups and roles", "User.Read.All")
METHODS = Call("the user's sign-in methods", "UserAuthenticationMethod.Read.All")
MFA_STATE = Call("the per-user MFA state", "Policy.Read.All")
MFA_CHANGE = Call("the change of the per-user MFA state", "Policy.ReadWrite.AuthenticationMethod")
SIGN_INS = Call("the sign-in log", "AuditLog.Read.All", Scarce.REPORTS)
POLICIES = Call("the Conditional Access policies", "Policy.Read.All", Scarce.POLICIES)
NAMED_LOCATIONS = Call("the named locations", "Policy.Read.All", Scarce.POLICIES)
WHAT_IF = Call("the Conditional Access trial", "Policy.Read.ConditionalAccess", Scarce.TRIALS)
SECURITY_DEFAULTS = Call("the security defaults", "Policy.Read.All")
DEVICE_REGISTRATION = Call("the device registration policy", "Policy.Read.DeviceConfiguration")
ROLES = Call("the user's directory roles", "RoleManagement.Read.Directory")
ELIGIBLE_ROLES = Call("the directory roles the user may activate", "RoleManagement.Read.Directory")
ROLE_GROUPS = Call("the user's groups that can hold roles", "Directory.Read.All")
OWNED_GROUPS = Call("the groups the user owns", "Directory.Read.All")
DIRECTORY_AUDITS = Call("the directory audit log", "AuditLog.Read.All and Directory.Read.All", Scarce.REPORTS)
