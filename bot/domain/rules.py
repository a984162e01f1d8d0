"""The decision table: why a Mac cannot register for Platform SSO with Entra ID, row by row.

Rows are read from the top and the first whose conditions all hold is the verdict; later rows that
hold as well are named beside it. Nothing here decides: a row only lists conditions of
`bot.domain.conditions`, which answer yes, no or undecided. A condition that could not be checked never
counts as "no": it weakens every row below it, and a row that would fall out of its band gives way
to CANNOT_TELL. docs/rules.md is generated from this table.
"""

from __future__ import annotations

from bot.domain.conditions import account, failure, log, mac, tenant
from bot.domain.rule import (
    AS_THE_OTHER_ROW,
    CONFIRMED,
    HIGH,
    LOW,
    LOW_TO_MEDIUM,
    MEDIUM,
    MEDIUM_TO_HIGH,
    NONE,
    Nudge,
    Rule,
)
from bot.domain.three_valued import any_of, either

_LEARN = "https://learn.microsoft.com/entra/"
_JAMF_ARTICLE = (
    "https://support.jamf.com/en/articles/15290326-mfa-compatibility-with-platform-sso-and-microsoft-entra-id"
)
_USER_STATES = _LEARN + "identity/authentication/howto-mfa-userstates"
_TROUBLESHOOT = _LEARN + "identity/devices/troubleshoot-macos-platform-single-sign-on-extension"
_SSO_EXTENSION = _LEARN + "identity/devices/troubleshoot-mac-sso-extension-plugin"
_PRT = _LEARN + "identity/devices/concept-primary-refresh-token"
_DEVICES = _LEARN + "identity/devices/manage-device-identities"
_SECURITY_DEFAULTS = _LEARN + "fundamentals/security-defaults"
_CA_APPS = _LEARN + "identity/conditional-access/concept-conditional-access-cloud-apps"
_CA_GRANT = _LEARN + "identity/conditional-access/concept-conditional-access-grant"
_CA_DEVICE_REGISTRATION = _LEARN + "identity/conditional-access/policy-all-users-device-registration"
_TEMPORARY_ACCESS_PASS = _LEARN + "identity/authentication/howto-authentication-temporary-access-pass"
_SIGN_IN_DETAILS = _LEARN + "identity/monitoring-health/concept-sign-in-log-activity-details"
_CODES = _LEARN + "identity-platform/reference-error-codes"
_TENANT_RESTRICTIONS = _LEARN + "external-id/tenant-restrictions-v2"
_PASSKEY_ON_MAC = _LEARN + "identity/devices/macos-psso"

_REPAIR = (
    "On the Mac open System Settings > Users & Groups > Network Account Server > Edit and choose Repair."
)
_TRY_AGAIN = "Have the user start registration again from the notification on the Mac."
_ASK_AGAIN = "Ask the bot again a few minutes after the try; the log can be half an hour late."
_NAME_POLICY = (
    "Open the sign-in in Entra and note the policy with the result failure on the Conditional Access tab."
)
_DEREGISTER = "In Company Portal on the Mac deregister the device, then register it again."
_MIGRATE = (
    "Check on this card that another control still demands MFA of the user.",
    "Choose Request disable and say why.",
    "Wait until an approver agrees and the bot reports that per-user MFA reads disabled.",
    _REPAIR,
    "Check that the bot reports a sign-in of the broker without error.",
)
_NOT_THE_CAUSE = "Per-user MFA is not what blocks this user, so turning it off would not help."
_FIRST_THE_OTHER = "Another cause comes first. Clear it, try again, and ask the bot once more."

RULES: tuple[Rule, ...] = (
    Rule(
        id="D01",
        verdict="WRONG_OR_DELETED_ACCOUNT",
        band=CONFIRMED,
        confidence=0.97,
        when=(account.NOBODY_BY_THAT_NAME,),
        summary="Nobody in the tenant answers to this name, or the account was deleted.",
        remedy="Correct the name, or restore the account.",
        steps=(
            "Copy the user principal name from Entra and ask again.",
            "If it is missing there, look under Deleted users.",
            "Restore the account only if it should exist; the owner of the directory decides.",
        ),
        would_change="The account appearing in the directory would change this.",
        why_not="There is no account to change. Correct the name first.",
    ),
    Rule(
        id="D02",
        verdict="ACCOUNT_DISABLED",
        band=CONFIRMED,
        confidence=0.98,
        when=(
            either(
                account.ACCOUNT_SWITCHED_OFF,
                failure.last_failure(50057, 500341),
            ),
        ),
        summary=(
            "The account is switched off or deleted, so every sign-in is refused, whatever the MFA settings."
        ),
        remedy="Find out why it was switched off, and switch it on only if that is right.",
        steps=(
            "Ask HR or security whether the account should work.",
            "If so, have it enabled in Entra, or in Active Directory for a synced user.",
            _TRY_AGAIN,
        ),
        links=(_CODES,),
        would_change="The account being enabled, and a fresh try, would change this.",
        why_not="The account is switched off. Settle that first.",
    ),
    # Proof of registration. A device object alone is none: it is made before the token request that
    # per-user MFA refuses. A key of another, older Mac is none either.
    Rule(
        id="D03",
        verdict="ALREADY_REGISTERED",
        band=HIGH,
        confidence=0.95,  # as sure as the band allows: an unreadable list of methods then leaves D08 at 0.95
        when=(mac.KEY_OF_THIS_MAC, mac.MAC_DOES_NOT_DENY),
        summary=(
            "The Mac is registered: its key was stored with the user after the last failure. MFA does"
            " not block it."
        ),
        remedy="Tell the user it worked. If the Mac still asks, the cause is on the Mac.",
        steps=(
            "Have the user lock and unlock the Mac and open a work page in the browser.",
            "If a prompt stays, run app-sso platform -s as the user and give the output to the bot.",
            _REPAIR,
        ),
        links=(_TROUBLESHOOT, _PASSKEY_ON_MAC),
        would_change="A failure of the broker newer than the key would change this.",
        why_not="The Mac is registered; nothing needs to change for this user.",
        names_a_cause=False,
    ),
    Rule(
        id="D03",
        verdict="ALREADY_REGISTERED",
        band=MEDIUM,
        confidence=0.75,
        when=(mac.MAC_SAYS_REGISTERED,),
        summary="The Mac itself reports that registration is complete and that it holds tokens.",
        remedy="Tell the user it worked. If the Mac still asks, use Repair.",
        steps=("Have the user lock and unlock the Mac and open a work page in the browser.", _REPAIR),
        links=(_TROUBLESHOOT,),
        would_change="A failure of the broker newer than the Mac's tokens would change this.",
        why_not="The Mac is registered; nothing needs to change for this user.",
        names_a_cause=False,
    ),
    Rule(
        id="D03",
        verdict="ALREADY_REGISTERED",
        band=MEDIUM,
        confidence=0.7,
        when=(log.NO_UNCLEARED_FAILURE, log.SUCCESS_AFTER_REGISTRATION, mac.MAC_DOES_NOT_DENY),
        summary=(
            "The broker got its token after the Mac was registered and nothing failed since, "
            "so the Mac is very probably registered."
        ),
        remedy="Tell the user it seems to have worked. If the Mac still asks, the cause is on the Mac.",
        steps=(
            "Have the user lock and unlock the Mac and open a work page in the browser.",
            "If a prompt stays, run app-sso platform -s as the user and give the output to the bot.",
            _REPAIR,
        ),
        links=(_TROUBLESHOOT,),
        would_change="A failure of the broker newer than this success would change this.",
        why_not="The Mac seems registered; nothing needs to change for this user.",
        names_a_cause=False,
    ),
    Rule(
        id="D04",
        verdict="ACCOUNT_LOCKED_OR_BAD_IP",
        band=CONFIRMED,
        confidence=0.97,
        when=(failure.last_failure(50053),),
        summary=(
            "Entra locked the account after wrong passwords, or refuses the network address it came from."
        ),
        remedy="Read the failure reason: it says whether it is the lock or the address.",
        steps=(
            "Read the failure reason of the sign-in.",
            "Lock: wait or reset the password, and remove old saved passwords from the Mac.",
            "Address: try from another network and tell security.",
            _TRY_AGAIN,
        ),
        links=(_CODES,),
        would_change="A later success in the same lane would change this.",
        why_not=_FIRST_THE_OTHER,
        is_about_a_code=True,
        per_user_mfa_is_next=True,
    ),
    Rule(
        id="D05",
        verdict="PASSWORD_EXPIRED_OR_FORCED_CHANGE",
        band=CONFIRMED,
        confidence=0.97,
        when=(failure.last_failure(50055, 50144, 50137, 50142, 50135),),
        summary="The password has expired, or Entra demands a new one before anything else. This is not MFA.",
        remedy="Set a permanent new password, then register again: Platform SSO cannot sync a temporary one.",
        steps=(
            "Have the user change the password in a browser, or set a permanent one.",
            "Have the user sign in once in a browser with the new password.",
            _TRY_AGAIN,
        ),
        links=(_TROUBLESHOOT,),
        would_change="A password change, and a fresh try, would change this.",
        why_not=_FIRST_THE_OTHER,
        is_about_a_code=True,
        per_user_mfa_is_next=True,
    ),
    Rule(
        id="D06",
        verdict="WRONG_PASSWORD",
        band=HIGH,
        confidence=0.9,
        when=(failure.last_broker_failure(50126, 50056, 50064),),
        summary=(
            "The Microsoft password that reached Entra was wrong or is not set, so MFA was never asked for."
        ),
        remedy="Test the password in a private browser window, then register again.",
        steps=(
            "Have the user sign in to a work page in a private browser window.",
            "If that fails, reset the password.",
            "Explain the two boxes: the Mac password goes first, the Microsoft password second.",
            _TRY_AGAIN,
        ),
        links=(_TROUBLESHOOT,),
        would_change="A later success, or a later failure with another code, would change this.",
        why_not=_FIRST_THE_OTHER,
        is_about_a_code=True,
        per_user_mfa_is_next=True,
    ),
    Rule(
        id="D07",
        verdict="WRONG_ACCOUNT_OR_TENANT",
        band=HIGH,
        confidence=0.9,
        when=(failure.last_failure(50034, 51004, 50020, 16000, 16003, 90072, 50128, 90002),),
        summary="The account typed on the Mac does not exist in this tenant.",
        remedy="Repeat registration with the work account exactly as Entra shows it.",
        steps=(
            "Compare what the user typed with the user principal name in Entra.",
            "Look for a personal or another company's account in the prompt.",
            _TRY_AGAIN,
        ),
        links=(_CODES,),
        would_change="A try with the right account would change this.",
        why_not=_FIRST_THE_OTHER,
        is_about_a_code=True,
    ),
    # The cardinal case: the broker's background request cannot answer a demand for MFA.
    Rule(
        id="D08",
        verdict="PER_USER_MFA",
        band=CONFIRMED,
        confidence=0.97,
        when=(failure.last_broker_failure(50076), failure.NAMED_PER_USER_MFA, account.STATE_ON),
        summary=(
            "Legacy per-user MFA blocks registration: the broker asks for its token in the background, "
            "where nobody can answer the demand, and the sign-in record names per-user MFA as its source."
        ),
        remedy="Turn per-user MFA off once another control demands MFA of the user, then register again.",
        steps=_MIGRATE,
        links=(_JAMF_ARTICLE, _TROUBLESHOOT, _USER_STATES),
        would_change="A later success of the same request, or the state reading disabled, would change this.",
        compares_peers=True,
        blames_per_user_mfa=True,
    ),
    # History: the record (or our own change log) says it was per-user MFA, and the state is disabled now.
    Rule(
        id="D09",
        verdict="PER_USER_MFA_ALREADY_REMOVED",
        band=HIGH,
        confidence=0.9,
        when=(log.PER_USER_REFUSAL_IS_HISTORY, account.STATE_DISABLED),
        summary="The last failure came from per-user MFA, which has been turned off since. It is history.",
        remedy="Register again. If it still fails, wait a few minutes for the change to spread.",
        steps=(_REPAIR, _ASK_AGAIN),
        links=(_JAMF_ARTICLE,),
        would_change="A new 50076 after the change would change this.",
        why_not="Per-user MFA is already disabled. Register again.",
        names_a_cause=False,
        compares_peers=True,
        blames_per_user_mfa=True,
    ),
    # By elimination, so every other source must be ruled out. A device registration that the tenant's own
    # device rules can refuse is not ruled out; nor is anything that could not be read.
    Rule(
        id="D10",
        verdict="PER_USER_MFA",
        band=HIGH,
        confidence=0.9,
        when=(
            failure.last_broker_failure(50076),
            account.STATE_ENFORCED,
            failure.NAMED_NOBODY,
            tenant.NO_POLICY_FAILED,
            tenant.SECURITY_DEFAULTS_OFF,
            tenant.NOT_EXPLAINED_BY_DEVICE_RULES,
        ),
        summary=(
            "Legacy per-user MFA blocks registration: it is enforced, the broker was refused for missing "
            "MFA, "
            "and nothing else in the tenant demanded it."
        ),
        remedy="Turn per-user MFA off once another control demands MFA of the user, then register again.",
        steps=_MIGRATE,
        links=(_JAMF_ARTICLE, _TROUBLESHOOT, _USER_STATES),
        would_change=(
            "A failing Conditional Access policy, or a later success of the same request, would change this."
        ),
        nudges=(
            Nudge(mac.MAC_REGISTERED_MINUTES_BEFORE, 0.03),
            Nudge(mac.mac_uses("password"), 0.02),
            Nudge(mac.mac_uses("secure enclave", "smart card"), -0.06),
        ),
        compares_peers=True,
        blames_per_user_mfa=True,
    ),
    Rule(
        id="D11",
        verdict="PER_USER_MFA",
        band=HIGH,
        confidence=0.82,
        when=(
            failure.last_broker_failure(50076),
            account.STATE_ENABLED,
            failure.NAMED_NOBODY,
            tenant.NO_POLICY_FAILED,
            tenant.SECURITY_DEFAULTS_OFF,
            tenant.NOT_EXPLAINED_BY_DEVICE_RULES,
        ),
        summary=(
            "Legacy per-user MFA blocks registration: its state enabled is enough for Entra to refuse the "
            "broker, "
            "and nothing else in the tenant demanded MFA."
        ),
        remedy="Turn per-user MFA off once another control demands MFA of the user, then register again.",
        steps=_MIGRATE,
        links=(_TROUBLESHOOT, _JAMF_ARTICLE, _USER_STATES),
        would_change=(
            "A failing Conditional Access policy, or a later success of the same request, would change this."
        ),
        nudges=(
            Nudge(mac.MAC_REGISTERED_MINUTES_BEFORE, 0.03),
            Nudge(mac.mac_uses("password"), 0.02),
            Nudge(mac.mac_uses("secure enclave", "smart card"), -0.06),
        ),
        compares_peers=True,
        blames_per_user_mfa=True,
    ),
    # Security defaults count as a second source like a policy: they cannot be ruled out either.
    Rule(
        id="D12",
        verdict="MFA_FROM_TWO_SOURCES",
        band=MEDIUM,
        confidence=0.7,
        when=(failure.last_broker_failure(50076), account.STATE_ON, tenant.ANOTHER_SOURCE_DEMANDED),
        summary=(
            "Two controls demand MFA of the broker: legacy per-user MFA, and Conditional Access or security "
            "defaults. Removing only one leaves the other."
        ),
        remedy="Turn per-user MFA off, and give the failing policy to its owner.",
        steps=(_NAME_POLICY, "Give the name of the policy to its owner.", *_MIGRATE),
        links=(_CA_APPS, _USER_STATES, _JAMF_ARTICLE),
        would_change="A fresh try after one of the two is settled would show what remains.",
    ),
    Rule(
        id="D13",
        verdict="PER_USER_MFA_NOT_REGISTERED",
        band=HIGH,
        confidence=0.88,
        when=(failure.last_broker_failure(50072, 50079), account.STATE_ON),
        summary="Per-user MFA demands a second factor, and the user has not registered one yet.",
        remedy="Register MFA methods first; only then plan to turn per-user MFA off.",
        steps=(
            "Have the user register methods at https://aka.ms/mysecurityinfo.",
            "If that is refused, issue a Temporary Access Pass.",
            _TRY_AGAIN,
            "Ask the bot again; it will say whether per-user MFA still blocks.",
        ),
        links=(_USER_STATES, _TEMPORARY_ACCESS_PASS),
        would_change="Registered methods, and a fresh try, would change this.",
        why_not="The user has no MFA method yet. Register methods first, then ask again.",
    ),
    Rule(
        id="D14",
        verdict="MFA_REGISTRATION_MISSING",
        band=HIGH,
        confidence=0.88,
        when=(
            failure.last_failure(50072, 50079),
            account.STATE_DISABLED,
            any_of(
                (
                    "security defaults, Conditional Access or a registration rule demands methods, or"
                    " none is registered"
                ),
                tenant.SECURITY_DEFAULTS_ON,
                failure.NAMED_A_REGISTRATION_RULE,
                tenant.CONDITIONAL_ACCESS_DEMANDED,
                mac.NO_SECOND_FACTOR,
            ),
        ),
        summary=(
            "The user has to register an MFA method before the Mac can register. Per-user MFA plays no part."
        ),
        remedy="Have the user register methods, or issue a Temporary Access Pass.",
        steps=(
            "Have the user register methods at https://aka.ms/mysecurityinfo.",
            "If that is refused, issue a Temporary Access Pass.",
            _TRY_AGAIN,
        ),
        links=(_TEMPORARY_ACCESS_PASS, _SECURITY_DEFAULTS),
        would_change="Registered methods, and a fresh try, would change this.",
        why_not="Per-user MFA is already disabled. Register MFA methods instead.",
    ),
    # The state alone proves nothing: suspicion, and a way to settle it. Stale sign-ins do not count.
    Rule(
        id="D15",
        verdict="PER_USER_MFA_SUSPECTED",
        band=LOW_TO_MEDIUM,
        confidence=0.45,
        when=(account.STATE_ENFORCED, log.NO_CURRENT_BROKER_SIGN_IN),
        summary=(
            "Per-user MFA is enforced and would block registration, but the logs hold no try that proves it."
        ),
        remedy=(
            "Have the user try now and ask the bot again; the log will show whether per-user MFA is "
            "the cause."
        ),
        steps=(
            _TRY_AGAIN,
            _ASK_AGAIN,
            "If nothing appears at all, check on the Mac: profile, Company Portal, Focus, network.",
        ),
        links=(_JAMF_ARTICLE, _SIGN_IN_DETAILS),
        would_change=(
            "A try of the broker in the log would change this: 50076 proves it, silence points at the Mac."
        ),
        why_not="Not proven yet. Have the user try again, and ask the bot a few minutes later.",
        nudges=(
            Nudge(mac.MAC_STOPPED_AT_TOKEN_STEP, 0.1),
            Nudge(mac.MAC_NEVER_STARTED, -0.1),
            Nudge(mac.mac_uses("secure enclave", "smart card"), -0.1),
        ),
        names_a_cause=False,
    ),
    # The verdict is that of the first later row about the code; per-user MFA is announced as what comes next.
    Rule(
        id="D16",
        verdict="OTHER_CAUSE_FIRST",
        band=AS_THE_OTHER_ROW,
        confidence=0.9,
        when=(account.STATE_ON, failure.last_broker_failure_other_than(50076, 50072, 50079)),
        summary="Per-user MFA is on as well and would block registration next.",
        remedy="Then ask the bot again about per-user MFA.",
        steps=("When this is settled, ask the bot again: per-user MFA is the expected next blocker.",),
        links=(_JAMF_ARTICLE,),
        would_change="",
        why_not=_FIRST_THE_OTHER,
        takes_later_verdict=True,
        per_user_mfa_is_next=True,
    ),
    Rule(
        id="D17",
        verdict="PER_USER_MFA_NOT_CURRENTLY_BLOCKING",
        band=MEDIUM,
        confidence=0.6,
        when=(account.STATE_ON, log.EVERY_REFUSAL_CLEARED, log.NO_OTHER_BROKER_FAILURE),
        summary=(
            "Per-user MFA is on, but every refusal was followed by a success, so it does not block at"
            " the moment."
        ),
        remedy="Leave the state alone on this ticket. It may fail elsewhere: trusted addresses can hide it.",
        steps=(
            "Ask where the user was: trusted addresses and remembered devices skip per-user MFA.",
            "If it fails at home and works in the office, try at home and ask the bot again.",
            "If the Mac still asks, use Repair.",
        ),
        links=(_USER_STATES,),
        would_change="A 50076 of the broker that nothing follows would change this.",
        why_not="Per-user MFA does not block at the moment: every refusal was followed by a success.",
        names_a_cause=False,
    ),
    # Rests on not being able to read, so rows above it that could not be checked do not weaken it.
    Rule(
        id="D18",
        verdict="PER_USER_MFA_LIKELY",
        band=MEDIUM,
        confidence=0.6,
        when=(log.A_LOG_IS_UNREADABLE, account.STATE_ENFORCED, log.POINTS_NOWHERE_ELSE, mac.NO_KEY_SEEN),
        summary=(
            "Per-user MFA is enforced, which is known to block registration, "
            "but the sign-in log that would prove it cannot be read."
        ),
        remedy=(
            "Make the sign-in log readable if possible; else move the user off per-user MFA when MFA "
            "stays covered."
        ),
        steps=(
            "Have the permission or licence for sign-in logs checked (psso-bot doctor names it).",
            "If the log stays closed, check on this card that another control demands MFA of the user.",
            *_MIGRATE[1:],
        ),
        links=(_JAMF_ARTICLE, _USER_STATES),
        would_change="A readable sign-in log would prove or refute this.",
        nudges=(
            Nudge(mac.MAC_STOPPED_AT_TOKEN_STEP, 0.1),
            Nudge(mac.mac_uses("secure enclave", "smart card"), -0.1),
        ),
        rests_on_gaps=True,
        names_a_cause=False,
    ),
    Rule(
        id="D19",
        verdict="CA_MFA",
        band=HIGH,
        confidence=0.9,
        when=(failure.last_failure(50076, 50074), account.STATE_DISABLED, tenant.CONDITIONAL_ACCESS_DEMANDED),
        summary=(
            "A Conditional Access policy demands MFA in a step that could not show it. Per-user MFA "
            "plays no part."
        ),
        remedy=(
            "Have the user finish MFA in the registration window, or have the policy's owner look at "
            "its scope."
        ),
        steps=(
            _TRY_AGAIN,
            "Stay with the user until the MFA prompt in the registration window is answered.",
            _NAME_POLICY,
            "If no prompt comes, give the policy and the resource to the policy's owner.",
        ),
        links=(_CA_APPS, _CA_GRANT),
        would_change="The policy no longer failing in a fresh try would change this.",
        why_not="Per-user MFA is already disabled. The failing policy belongs to its owner.",
        is_about_a_code=True,
    ),
    Rule(
        id="D20",
        verdict="SECURITY_DEFAULTS_MFA",
        band=MEDIUM_TO_HIGH,
        confidence=0.65,
        when=(
            failure.last_failure(50076, 50074),
            account.STATE_DISABLED,
            tenant.SECURITY_DEFAULTS_ON,
            any_of(
                "the record names security defaults, or no Conditional Access policy could have demanded it",
                failure.NAMED_SECURITY_DEFAULTS,
                tenant.NO_ENABLED_POLICY,
            ),
        ),
        summary="Security defaults demand MFA of the user. Per-user MFA plays no part.",
        remedy="Have the user register a method and finish MFA in the registration window.",
        steps=(
            "Check that the user has a working MFA method.",
            _TRY_AGAIN,
            "If it repeats and the tenant has Entra ID P1, suggest Conditional Access to the administrator.",
        ),
        links=(_SECURITY_DEFAULTS,),
        would_change="A record that names another source would change this.",
        why_not="Per-user MFA is already disabled. Security defaults demand MFA here.",
        nudges=(Nudge(failure.NAMED_SECURITY_DEFAULTS, 0.23),),
        is_about_a_code=True,
    ),
    # An honest row: it also covers results or security defaults that could not be read, and says so.
    Rule(
        id="D21",
        verdict="CANNOT_TELL_WHO_DEMANDED_MFA",
        band=LOW,
        confidence=0.4,
        when=(
            failure.last_broker_failure(50076),
            account.STATE_DISABLED,
            tenant.NO_FAILED_POLICY_SEEN,
            tenant.SECURITY_DEFAULTS_NOT_SEEN_ON,
            tenant.NOT_EXPLAINED_BY_DEVICE_RULES,
        ),
        summary="Entra demanded MFA of the broker, and nothing that could be read says who wanted it.",
        remedy="Do not change anything yet. Gather the missing readings and escalate with the request id.",
        steps=(
            "Check that the bot may read Conditional Access results (psso-bot doctor names the permission).",
            "Look in the audit log for a recent change of the user's per-user MFA.",
            "Check the device setting that demands MFA to register or join.",
            "Escalate with the time, correlation id and request id on this card.",
        ),
        links=(_SIGN_IN_DETAILS, _USER_STATES),
        would_change=(
            "Readable Conditional Access results, or a record that names the source, would change this."
        ),
        why_not="Per-user MFA is already disabled, so it is not what can be turned off.",
        names_a_cause=False,
    ),
    Rule(
        id="D22",
        verdict="DEVICE_REGISTRATION_MFA",
        band=HIGH,
        confidence=0.88,
        when=(
            failure.last_failure(50076, 50074),
            failure.FAILED_ON_DEVICE_REGISTRATION,
            tenant.REGISTERING_DEMANDS_MFA,
        ),
        summary="The tenant demands MFA to register a device, and it was not completed in that step.",
        remedy="Have the user finish MFA in the registration window with a method that counts there.",
        steps=(
            "Check that the user has the Authenticator app or another usable method.",
            _TRY_AGAIN,
            "Stay with the user until the MFA prompt is answered.",
        ),
        links=(_CA_DEVICE_REGISTRATION, _DEVICES),
        would_change="A later success of the device registration would change this.",
        why_not="The device registration step asks for MFA, not the token request. Finish MFA there first.",
        is_about_a_code=True,
        per_user_mfa_is_next=True,
    ),
    Rule(
        id="D23",
        verdict="CONFIG_CONFLICT",
        band=HIGH,
        confidence=0.85,
        when=(tenant.DEVICE_SETTING_DEMANDS_MFA, tenant.USER_ACTION_DEMANDS_MFA),
        summary=(
            "The tenant demands MFA for registering devices twice: in the device settings and by "
            "Conditional Access."
        ),
        remedy=(
            "Have the administrator set the device setting to No, as Microsoft asks when Conditional "
            "Access does it."
        ),
        steps=(
            (
                "Tell the administrator of Entra: Devices > Device settings > Require MFA to register"
                " or join: No."
            ),
        ),
        links=(_CA_DEVICE_REGISTRATION, _DEVICES),
        would_change="Either rule being turned off would change this.",
        why_not=_NOT_THE_CAUSE,
        is_advice=True,
    ),
    Rule(
        id="D24",
        verdict="MFA_PROMPT_NOT_COMPLETED",
        band=HIGH,
        confidence=0.85,
        when=(failure.last_failure(500121, 50074, 50078, 50087, 50088), failure.NOTHING_AFTER),
        summary="MFA was offered and not completed: denied, missed, timed out or cancelled.",
        remedy="Repeat with the user, watching the prompt; use another method if it fails again.",
        steps=(
            "Read the authentication details of the sign-in for the exact reason.",
            _TRY_AGAIN,
            "If it fails again, use another method or a Temporary Access Pass.",
        ),
        links=(_SIGN_IN_DETAILS, _TEMPORARY_ACCESS_PASS),
        would_change="A later success would change this.",
        why_not="MFA was shown and could have been answered, so this is not the silent failure.",
        is_about_a_code=True,
    ),
    Rule(
        id="D25",
        verdict="CA_DEVICE_STATE",
        band=HIGH,
        confidence=0.88,
        when=(
            either(
                failure.last_failure(53000, 530002, 530003, 53001, 50131, 50005),
                log.jamf_registration_failure(53000, 530002, 530003, 53001, 50131, 50005),
            ),
        ),
        summary=(
            "Conditional Access wants a compliant or managed device, and this Mac is not one yet. "
            "This is not MFA."
        ),
        remedy=(
            "Finish registration and compliance; if registration itself is caught, have its apps excluded."
        ),
        steps=(
            _NAME_POLICY,
            "Run the Jamf compliance check-in on the Mac and wait until Entra shows it as compliant.",
            "If registration is caught, ask the policy's owner to exclude Jamf's user registration app.",
            "A policy that wants hybrid join can never be met by a Mac; tell its owner.",
        ),
        links=(_CA_GRANT, _TROUBLESHOOT),
        would_change="A fresh try after the Mac is compliant would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
        code_alone=failure.last_failure(53000, 530002, 530003, 53001, 50131, 50005),
        yields_to_peers=True,
    ),
    Rule(
        id="D26",
        verdict="CA_BLOCK",
        band=HIGH,
        confidence=0.88,
        when=(failure.last_failure(53003, 530031, 530032, 53002, 53005, 530021),),
        summary="A Conditional Access policy blocks the sign-in.",
        remedy="Give the name of the policy and the condition that was not met to the policy's owner.",
        steps=(
            _NAME_POLICY,
            "Note place, address and device of the sign-in.",
            "Give both to the policy's owner.",
        ),
        links=(_CA_GRANT,),
        would_change="A fresh try after the policy was changed would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
        yields_to_peers=True,
    ),
    Rule(
        id="D27",
        verdict="TOKEN_PROTECTION",
        band=HIGH,
        confidence=0.88,
        when=(failure.last_failure(530084),),
        summary=(
            "A token protection policy wants a token bound to the device, which a Mac has only after "
            "registration."
        ),
        remedy="Have the policy's owner leave out what registration needs, then register.",
        steps=(_NAME_POLICY, "Give it to the policy's owner.", _TRY_AGAIN),
        links=(_LEARN + "identity/conditional-access/concept-token-protection",),
        would_change="A fresh try after the policy was changed would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    Rule(
        id="D28",
        verdict="RISK_OR_REGISTRATION_RESTRICTION",
        band=HIGH,
        confidence=0.85,
        when=(
            either(
                failure.last_failure(53004, 53010, 53011, 530034),
                failure.HIGH_RISK,
            ),
        ),
        summary="Entra sees a risk, or does not allow methods to be registered from here.",
        remedy=(
            "Involve security; a Temporary Access Pass helps when only the registration of methods is"
            " restricted."
        ),
        steps=(
            "Give the sign-in to the security team.",
            "Do not ask the user to keep trying.",
            "When security agrees, issue a Temporary Access Pass and register again.",
        ),
        links=(_TEMPORARY_ACCESS_PASS,),
        would_change="The risk being dismissed, and a fresh try, would change this.",
        why_not="There may be a risk to this account; MFA settings must not be loosened now.",
        is_about_a_code=True,
    ),
    Rule(
        id="D29",
        verdict="SESSION_ENDED",
        band=HIGH,
        confidence=0.85,
        when=(failure.last_failure(70043, 70044, 70045, 70046, 50173, 50132, 50133, 700082, 700083, 70008),),
        summary=(
            "The session on the Mac has ended and wants a new sign-in. Registration itself is not the"
            " problem."
        ),
        remedy="Have the user sign in on the Mac again.",
        steps=("Have the user lock the Mac and sign in again.", "If no prompt comes, use Repair."),
        links=(_PRT,),
        would_change="A later success would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    # Expected without any code; a failure with a code of its own is explained by its own row. It stands
    # whatever the logs say, because the setting and the count were read.
    Rule(
        id="D30",
        verdict="DEVICE_LIMIT",
        band=HIGH,
        confidence=0.85,
        when=(
            tenant.DEVICE_QUOTA_REACHED,
            mac.NO_NEW_MAC,
            log.no_failure_with(
                frozenset(
                    {135011, 130007, 700003, 130008, 50129, 501312, 50155, 50187, 5001212, 50099, 500125}
                )
                | frozenset({50097, 130004, 130005, 130006, 135010, 17003, 140000, 140001, 50013, 500133})
            ),
        ),
        summary="The user owns as many devices as the tenant allows, so a new Mac cannot be registered.",
        remedy="Remove devices that are no longer used.",
        steps=(
            "Open the user's devices in Entra and sort them by last activity.",
            "Have those that are gone removed by an administrator.",
            _TRY_AGAIN,
        ),
        links=(_DEVICES,),
        would_change="A device being removed, and a fresh try, would change this.",
        why_not=_NOT_THE_CAUSE,
        stands_alone=True,
    ),
    # The second silent failure: nothing is shown on the Mac here either.
    Rule(
        id="D31",
        verdict="NOT_ALLOWED_TO_JOIN",
        band=HIGH,
        confidence=0.95,  # as sure as the band allows: an unreadable setting then leaves D32 at 0.95
        when=(
            either(
                tenant.MAY_NOT_JOIN,
                failure.last_failure(240001),
            ),
        ),
        summary="The tenant does not let this user join devices. The Mac shows no message for that.",
        remedy="Have the administrator allow the user, or a group of theirs, to join devices.",
        steps=(
            "Tell the administrator of Entra: Devices > Device settings > Users may join devices.",
            "Have the user or their group added.",
            _TRY_AGAIN,
        ),
        links=(_DEVICES, _TROUBLESHOOT),
        would_change="The user being allowed to join, and a fresh try, would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
        code_alone=failure.last_failure(240001),
        stands_alone=True,
        compares_peers=True,
    ),
    Rule(
        id="D32",
        verdict="DEVICE_DISABLED",
        band=CONFIRMED,
        confidence=0.97,
        when=(
            either(
                mac.MAC_SWITCHED_OFF,
                failure.last_failure(135011, 130007),
            ),
        ),
        summary="The Mac's device object in Entra is switched off, so its tokens are refused.",
        remedy="Find out why it was switched off; enable it, or register the Mac afresh.",
        steps=(
            "Open the device in Entra and look who switched it off.",
            "If it was a mistake, have it enabled.",
            _REPAIR,
        ),
        links=(_DEVICES,),
        would_change="The device object being enabled, or a newer Mac, would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
        code_alone=failure.last_failure(135011, 130007),
    ),
    Rule(
        id="D33",
        verdict="DEVICE_OBJECT_GONE",
        band=HIGH,
        confidence=0.9,
        when=(failure.last_failure(700003, 130008, 50129, 501312),),
        summary=(
            "The Mac believes it is registered, but its device object is gone from Entra or belongs "
            "to another user."
        ),
        remedy="Deregister on the Mac and register again.",
        steps=(_DEREGISTER, "Tell the administrator if a clean-up of old devices removed it."),
        links=(_DEVICES,),
        would_change="A new registration would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    Rule(
        id="D34",
        verdict="DEVICE_AUTH_FAILED",
        band=MEDIUM_TO_HIGH,
        confidence=0.8,
        when=(failure.last_failure(50155, 50097, 50187, 5001212, 50099, 500125),),
        summary=(
            "The Mac could not prove its identity. Inspection of encrypted traffic or a lost key are "
            "the usual causes."
        ),
        remedy=(
            "Try from another network; if that works, exempt Microsoft's hosts from inspection. "
            "Otherwise use Repair."
        ),
        steps=(
            "Try registration from a phone hotspot.",
            "If that works, ask the network team to exempt the sign-in hosts, "
            "enterpriseregistration.windows.net and certauth.enterpriseregistration.windows.net.",
            _REPAIR,
        ),
        links=(_SSO_EXTENSION, _TROUBLESHOOT),
        would_change="A success from another network would point at traffic inspection.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    Rule(
        id="D35",
        verdict="KEY_OR_PRT_BROKEN",
        band=HIGH,
        confidence=0.88,
        when=(failure.last_failure(130004, 130005, 130006, 135010, 17003, 140000, 140001, 50013, 500133),),
        summary="The key or token on the Mac no longer matches what Entra has.",
        remedy="Check the clock of the Mac, use Repair, and remove the old platform credential of that Mac.",
        steps=(
            "Set date and time of the Mac to automatic.",
            _REPAIR,
            "If it repeats, delete the Mac's old platform credential among the user's sign-in methods.",
        ),
        links=(_TROUBLESHOOT,),
        would_change="A later success after Repair would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    # Absence of all traffic, so both logs must be readable and must have had time to fill.
    Rule(
        id="D36",
        verdict="NEVER_REACHED_ENTRA",
        band=MEDIUM,
        confidence=0.75,
        when=(log.NO_TRACE_IN_ENTRA, log.LOG_HAD_TIME, mac.NO_NEW_MAC, mac.MAC_DID_NOT_GET_FAR),
        summary=(
            "No sign-in for registration reached Entra, so the cause is on the Mac or its network. "
            "MFA leaves a trace."
        ),
        remedy=(
            "Check profile, Company Portal, notification and network on the Mac, and have the user "
            "try once more."
        ),
        steps=(
            "Check in Jamf that the Platform SSO profile is installed and Company Portal is 5.2404 or later.",
            "Check that only one Single Sign-On profile is installed.",
            "Turn Focus off, log out and in, and look for the notification Registration required.",
            "Try from a phone hotspot.",
            "Run app-sso platform -s as the user and give the output to the bot.",
        ),
        links=(_TROUBLESHOOT, _SSO_EXTENSION),
        would_change="Any sign-in of the broker in the log would change this.",
        why_not="No try reached Entra, so per-user MFA cannot have refused one. Look at the Mac first.",
        nudges=(Nudge(mac.MAC_NEVER_STARTED, 0.05),),
        is_from_absence=True,
    ),
    Rule(
        id="D37",
        verdict="LEGACY_REGISTRATION_ONLY",
        band=MEDIUM,
        confidence=0.6,
        when=(mac.ONLY_WORKPLACE_RECORDS,),
        summary=(
            "The Mac is known to Entra only by the older kind of registration, not as joined through "
            "Platform SSO."
        ),
        remedy="Deploy the Platform SSO profile, remove the old Single Sign-On profile, and register.",
        steps=(
            "Check in Jamf which Single Sign-On profile the Mac has.",
            "Remove the old one and install the Platform SSO profile.",
            _TRY_AGAIN,
        ),
        links=(_TROUBLESHOOT,),
        would_change="A joined device object of the Mac would change this.",
        why_not=_NOT_THE_CAUSE,
    ),
    Rule(
        id="D38",
        verdict="REGISTERED_PASSWORD_MODE_OR_KEY_STEP_MISSING",
        band=LOW,
        confidence=0.4,
        when=(
            mac.A_MAC_IS_JOINED,
            log.BROKER_SUCCEEDED,
            mac.NO_PLATFORM_CREDENTIAL,
            # what D16 leaves open when no row explains the code
            either(account.STATE_DISABLED, log.NO_OTHER_BROKER_FAILURE),
        ),
        summary=(
            "The Mac is joined and the broker has worked, but there is no key of the Mac: normal with the "
            "method "
            "Password, a missing step with Secure Enclave. Graph cannot tell which."
        ),
        remedy="Look up the method in the Jamf profile; with Secure Enclave use Repair.",
        steps=(
            "Look up the authentication method in the Platform SSO profile in Jamf.",
            "Password: the Mac is registered.",
            "Secure Enclave: use Repair, and give the bot the output of app-sso platform -s.",
        ),
        links=(_PASSKEY_ON_MAC,),
        would_change="The method of the profile, or the output of app-sso platform -s, would settle this.",
        why_not=_NOT_THE_CAUSE,
        nudges=(Nudge(mac.mac_uses("password", "secure enclave"), 0.05),),
        names_a_cause=False,
    ),
    Rule(
        id="D39",
        verdict="TENANT_RESTRICTION",
        band=HIGH,
        confidence=0.88,
        when=(failure.last_failure(500021, 500022, 50002, 500024),),
        summary="The network restricts which tenants may be reached and refuses this sign-in.",
        remedy="Have the network team allow the tenant, or register from another network.",
        steps=("Try registration from a phone hotspot.", "Give the address and time to the network team."),
        links=(_TENANT_RESTRICTIONS, _TROUBLESHOOT),
        would_change="A success from another network would confirm this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    Rule(
        id="D40",
        verdict="APP_CONFIG",
        band=HIGH,
        confidence=0.88,
        when=(failure.last_failure(500011, 500014, 7000112, 7000116, 7000117, 50105, 65001, 90094),),
        summary=(
            "An app that registration needs is missing, switched off, not consented, or not assigned "
            "to the user."
        ),
        remedy="Have the administrator of enterprise apps enable, consent or assign it. Others may fail too.",
        steps=(
            "Note the app and resource named on this card.",
            "Ask whether other users fail the same way.",
            "Give both to the administrator of enterprise apps.",
        ),
        links=(_CODES,),
        would_change="A fresh try after the app was corrected would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
        compares_peers=True,
        yields_to_peers=True,
    ),
    Rule(
        id="D41",
        verdict="SERVICE_OR_LOOP",
        band=MEDIUM,
        confidence=0.65,
        when=(failure.last_failure(90033, 90006, 50000, 90055, 50196),),
        summary="The service had a fault, or the Mac repeated the same request until it was stopped.",
        remedy="Wait, then look for the first failure of the series.",
        steps=(
            "Wait half an hour without trying.",
            "Check the service health page of Microsoft 365.",
            _TRY_AGAIN,
            "Look at the first failure of the series on the timeline.",
        ),
        links=(_CODES,),
        would_change="A later success, or an earlier failure with another code, would change this.",
        why_not=_NOT_THE_CAUSE,
        is_about_a_code=True,
    ),
    # About our own calls, so nothing read (or not read) about the user weakens it.
    Rule(
        id="D42",
        verdict="BOT_CREDENTIALS_BROKEN",
        band=CONFIRMED,
        confidence=0.97,
        when=(account.refused_ourselves(7000215, 7000222, 7000218),),
        summary=(
            "The bot's own credentials are refused by Entra, so it cannot see anything. The user is "
            "not to blame."
        ),
        remedy="Have whoever runs the bot renew its secret or certificate.",
        steps=("Tell whoever runs the bot.", "They run psso-bot doctor and renew the credential it names."),
        links=(_CODES,),
        would_change="Working credentials would change this.",
        why_not="The bot cannot read anything at the moment, so it must not change anything.",
        rests_on_gaps=True,
        names_a_cause=False,
    ),
    Rule(
        id="D43",
        verdict="NO_PSSO_EVIDENCE",
        band=HIGH,
        confidence=0.9,
        when=(log.ONLY_OTHER_APPS_REFUSED,),
        summary=(
            "50076 appears only for other apps, where it is an ordinary answer. It says nothing about"
            " registration."
        ),
        remedy="Leave these rows out.",
        would_change="",
        why_not=_NOT_THE_CAUSE,
        names_a_cause=False,
        is_annotation=True,
    ),
    Rule(
        id="D44",
        verdict="CANNOT_TELL",
        band=NONE,
        confidence=0.0,
        when=(),
        summary="What could be read does not name one cause, and guessing would not help.",
        remedy=(
            "Have the user try once more, note the time, and ask again; escalate with what is listed here."
        ),
        steps=(
            _TRY_AGAIN,
            "Note the exact time and take a screenshot of what the Mac shows.",
            "Copy the correlation id from the extension's log, if the user can.",
            _ASK_AGAIN,
            "Escalate with this card.",
        ),
        links=(_TROUBLESHOOT, _SSO_EXTENSION),
        would_change="What is listed as unknown, or a fresh try, would change this.",
        why_not="The cause is not known, so nothing should be changed yet.",
        names_a_cause=False,
    ),
)
