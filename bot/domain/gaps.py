"""What can be missing from the evidence, in words for people."""

from __future__ import annotations

from enum import StrEnum


class Gap(StrEnum):
    """Something that could not be read, in the words that complete "Could not read …"."""

    USER = "the account"
    STATE = "the per-user MFA state"
    INTERACTIVE = "the interactive sign-in log"
    NON_INTERACTIVE = "the non-interactive sign-in log"
    SECURITY_DEFAULTS = "the security defaults setting"
    CA_POLICIES = "the Conditional Access policies"
    CA_RESULTS = "the Conditional Access results of the failed sign-in"
    LOCATIONS = "the named locations"
    DEVICE_RULES = "the device settings of the tenant"
    DEVICES = "the devices of the user"
    METHODS = "the sign-in methods of the user"
    MEMBERSHIP = "the groups of the user"
    WHAT_IF = "the Conditional Access What-If"
    CHANGE_LOG = "our record of earlier changes"
    LATE_LOG = "the newest sign-ins"


NO_REASON = {
    Gap.CA_RESULTS: "Graph left them out or in a form that says nothing; reading them needs Policy.Read.All.",
    Gap.LATE_LOG: "the log can be half an hour late.",
    Gap.DEVICE_RULES: "Graph answered without the value.",
}
