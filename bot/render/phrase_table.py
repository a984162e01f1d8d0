"""What the domain and the use cases say with values in it, and the short words they say it with.

Each row is the sentence as it is made there, with a placeholder for each value. `bot.render.phrases` knows
which placeholders hold a phrase of ours, and what the values of some of them look like.
"""

from __future__ import annotations

from bot.render.words import N_

_READING = (
    N_("Could not read {gap}: {reason}."),
    N_("If {condition}, the verdict would be {verdict} ({rule})."),
    N_(
        "Every sign-in for registration is older than the last change of the password ({time}). "
        "A fresh try would tell."
    ),
    N_(
        "Every sign-in for registration is older than the last change of the per-user MFA state ({time}). "
        "A fresh try would tell."
    ),
    N_("{what} could not be read: {reason}"),
    N_("Microsoft Graph asked us to slow down. Ask again in {count} seconds."),
    N_("Microsoft Graph could not be reached (status {count}). Ask again."),
    N_("Microsoft Graph did not accept the question (status {count})."),
    N_("grant the application permission {permission} to the bot's app and give admin consent."),
)

_CONDITIONS = (
    N_("the last failure is {codes}"),
    N_("the last failure is the broker's, with {codes}"),
    N_("the last failure is the broker's, with a code other than {codes}"),
    N_("the bot's own calls are refused with {codes}"),
    N_("Jamf's user registration app failed with {codes}"),
    N_("the Mac says its method is {method}"),
    N_("per-user MFA is {state}"),
)

PARTS = (
    N_("with {list}"),
    N_("on {list}"),
    N_("on any platform but {list}"),
    N_("at {places}"),
    N_("outside {places}"),
    N_("for {list}"),
    N_("for applications other than {list}"),
    N_("on a registered device"),
    N_("on an unregistered device"),
)
"""What a sentence about open sign-ins is made of, one piece for each thing that sets them apart."""

WORDS = (N_("application {app}"), *_CONDITIONS)
"""What stands in lists: "if A and B", "for A and B"."""

_COVERAGE = (
    N_("Not asked for MFA {parts}."),
    N_("“{policy}” leaves this user out."),
    N_("“{policy}” is report-only: it does not protect."),
    N_("“{policy}” is switched off: it does not protect."),
    N_("“{policy}” is not in force: it does not protect."),
    N_("“{policy}” accepts {list} instead of MFA."),
    N_("“{policy}” asks for the strength “{strength}”, which can be met without MFA."),
    N_("“{policy}” applies only when Microsoft rates the sign-in or the user as risky."),
    N_(
        "“{policy}” applies only for sign-ins that are handed over from another device "
        "(authentication flows)."
    ),
    N_("“{policy}” applies only on devices that its device filter picks."),
    N_("“{policy}” applies only for user actions such as registering a device or security information."),
    N_("“{policy}” applies only where an application asks for an authentication context."),
    N_("“{policy}” spares the devices that its device filter leaves out."),
    N_("“{policy}” picks its applications with a filter, so some may be left out."),
    N_("“{policy}” does not cover browsers or apps on a Mac."),
    N_("Whether the user is the kind of guest that “{policy}” means is not known."),
    N_("Whether the strength “{strength}” counts as MFA could not be read."),
    N_("By what could be read the grade lies between {least} and {most}."),
    N_("Unproven: {reason}"),
    N_("Our own reading alone says {grade}, by {policies}."),
    N_("Our own reading alone says {grade}."),
    N_("Microsoft's What-If did not answer for: {list}."),
    N_("browser on macOS: {said}"),
    N_("desktop client on macOS: {said}"),
    N_("outside location: {said}"),
    N_("Microsoft's What-If names {policies}, which we cannot match with the policies we read."),
    N_("our own reading says MFA is demanded, Microsoft's What-If says MFA is not demanded."),
    N_("our own reading says MFA is not demanded, Microsoft's What-If says MFA is demanded by {policies}."),
)

_CHANGES = (
    N_("There would be gaps without per-user MFA: {gaps} A policy owner must close them first."),
    N_("The account holds the directory role “{role}”."),
    N_("The account may activate the directory role “{role}”."),
    N_("The account belongs to or owns “{group}”, a group that can hold roles."),
    N_(
        "After the change a password alone may be enough to sign in as this person. Unless the Mac "
        "registers, per-user MFA is restored after {hours} hours."
    ),
    N_("not a time box: more than 0 and at most {count} hours"),
    N_("too long: at most {count} characters"),
    N_("too short: at least {count} characters"),
    N_("at most {count} requests by one person in an hour"),
    N_("at most {count} requests about one person in a day"),
    N_("{count} approvals in {count_2} minutes"),
    N_("{count} sign-in links in ten minutes"),
    N_("the channel could not be read ({code})"),
    N_("a user group could not be read ({code})"),
    N_("Slack did not describe the account ({code})"),
    N_("request {request} has changed the state since"),
    N_("per-user MFA reads {state} already"),
    N_("Request {request} set per-user MFA to {wanted} on {time}. This sets it back to {before}."),
    N_("Request {request} set per-user MFA to {wanted}. This sets it back to {before}."),
    N_("The time box of {hours} hours has ended."),
    N_("approved with request {request}"),
    N_("Approved with request {request}, time box included"),
    N_("It was approved together with this request; request {request} carries it out."),
)

_OUTCOMES = (
    N_("Per-user MFA is {state}: read back from Microsoft Graph at {time}."),
    N_("Per-user MFA is {state}: read from Microsoft Graph at {time}."),
    N_("Per-user MFA was already {state} at {time}; nothing was sent."),
    N_("Not changed: per-user MFA was {before} at the request and is {now} now."),
    N_("Not changed: {name} may no longer request this."),
    N_("Not changed: {name} may no longer approve this."),
    N_("Not changed: changes are on hold ({because})."),
    N_("Not changed: coverage is {grade} now, and those who approved did not know that."),
    N_("Not changed: it needs a second approver now, because {because}."),
    N_(
        "Not changed: more than {count} people were to be disabled within an hour, "
        "so changes are on hold until an approver lifts that."
    ),
    N_("Not changed: {sentence}"),
    N_("more than {count} people were to be disabled within an hour"),
    N_("Stopped: {sentence} An earlier try may have been sent; {said}."),
    N_("Microsoft Graph shows {state} so far"),
    N_("The change was sent and accepted, but after {count} seconds Microsoft Graph still shows {state}."),
    N_("The change was sent and accepted, but after {count} seconds Microsoft Graph could not be read back."),
    N_("Microsoft Graph refused {call} (status {count}): {reason}."),
    N_("Microsoft Graph refused {call}: {reason}."),
    N_("Graph's reference: {reference}."),
    N_("the bot's app needs {permission}, or the account is restricted"),
    N_("Microsoft Graph did not take the change in time; it still shows {state}."),
    N_("Microsoft Graph did not take the change in time; the state could not be read back."),
)

_AFTERCARE = (
    N_("{name} set it to {state} at {time} (“{activity}” in Entra's audit log)."),
    N_("It reads {state} now."),
    N_("It reads {state} now: {name} set it at {time}."),
    N_("Who changed it could not be read: {call} did not answer."),
    N_("No longer registered: {methods}."),
    N_("Newly registered: {methods}."),
    N_("Registered at {time}: its key is stored with the account."),
    N_("Registered at {time}: the broker got its token on {mac}."),
    N_("Registered at {time}: the broker got its token."),
    N_("It is blocked now by AADSTS{code} at {time}, stopped by the Conditional Access policy {policies}."),
    N_("It is blocked now by AADSTS{code} at {time}."),
    N_("Next: {sentence}"),
    N_(
        "In the {count} minutes since the change the log shows no try. Ask whether the person saw the "
        "registration notification, whether the Mac is online, and whether Company Portal is open and "
        "signed in. The log can be half an hour late."
    ),
    N_("It is not certain: {call} could not be read at the last look, {count} minutes after the change."),
)

_SILENCES = (
    N_("policy {name}"),
    N_("{said}, {network}"),
)

_EXHIBITS = (
    N_("AADSTS{count}: {meaning}"),
    N_("{account}, enabled, {kind}"),
    N_("{account}, disabled, {kind}"),
    N_("{account}, not said, {kind}"),
    N_("{asked}: deleted"),
    N_("{asked}: nobody answers to this name"),
    N_("not readable: {reason}"),
    N_("Conditional Access details not readable: {reason}"),
    N_("no failure of registration since {time}"),
    N_("{app} got a token for {resource}"),
    N_("we changed the state at {time}"),
    N_("MFA to register: {said}; may join: {who}; devices per user: {quota}"),
    N_("{results}; {count} did not apply"),
    N_("{count} listed, none applied"),
    N_("{count} enabled of {count_2}: {policies}"),
    N_("{mac} (joined, registered {time})"),
    N_("{mac} (Workplace, registered {time})"),
    N_("platformCredential of {mac}, made {time}"),
    N_("method {method}, registration complete: {said}, state {state}, tokens received {time}"),
    N_(
        "without per-user MFA: {count} registered, {count_2} failed this way; "
        "with it: {count_3} registered, {count_4} failed"
    ),
    N_("decision table {rule}"),
)

TEMPLATES = (*_READING, *_CONDITIONS, *_COVERAGE, *_CHANGES, *_OUTCOMES, *_AFTERCARE, *_SILENCES, *_EXHIBITS)

SENTENCES = (
    # read, or not
    N_("If per-user MFA was changed since the failure, the failure is history."),
    N_("It could change the verdict."),
    N_("The verdict does not depend on it."),
    N_("Graph answered without a value."),
    N_("Graph answered without the value."),
    N_("Graph returned nothing."),
    N_("Microsoft Graph returned nothing."),
    N_("Microsoft Graph asked us to slow down. Ask again in a minute."),
    N_("Microsoft Graph did not answer in time. Ask again."),
    N_("Microsoft Graph gave an answer that cannot be understood."),
    N_("Microsoft Graph could not be reached. Ask again."),
    N_("Microsoft Graph did not accept the question."),
    N_("the store did not answer."),
    N_("the tenant needs a Microsoft Entra ID P1 or P2 licence."),
    N_("it is in a restricted management administrative unit, which keeps applications out."),
    # why a change cannot be asked for
    N_("they could not be named."),
    N_("Nothing else would demand MFA of this user. Have a Conditional Access policy made first."),
    N_("Whether another control demands MFA could not be checked. Make that readable first."),
    N_("Requests are closed for now. Ask whoever runs the bot."),
    N_("Per-user MFA was not read as enabled or enforced. Make the state readable, then ask again."),
    N_("The sign-in carries a high risk. Security must look at it before MFA settings are touched."),
    N_("The account is not known to be enabled. Check the account first."),
    N_("The account is a guest: its MFA belongs to its home tenant. Use a member account on the Mac."),
    N_("The account holds a directory role."),
    N_(
        "Use the Entra admin center: an Authentication Policy Administrator opens Users > All users > "
        "Per-user MFA, selects the person and chooses Disable MFA."
    ),
    N_("This is an emergency account that is never changed from here. Its owners change it in Entra."),
    N_(
        "The account is in a restricted management administrative unit, which apps may not change. "
        "Its administrators change it in Entra."
    ),
    N_("Whether the account holds an administrator role could not be read. Make that readable first."),
    N_("The account is on the list that is never touched."),
    N_("The account is a guest: its MFA belongs to its home tenant."),
    N_("The account is not known to be enabled."),
    N_(
        "The account is in a restricted management administrative unit, where the bot has no right: "
        "ask the administrators of that unit."
    ),
    N_("The account looks like one of a service or of directory synchronisation."),
    N_("The per-user MFA state could not be read."),
    N_("Per-user MFA is already disabled."),
    N_("Nothing else would demand MFA of this user."),
    N_("Whether another control demands MFA of this user could not be shown."),
    N_("only a change that was made and read back can be undone"),
    N_("the account is no longer there"),
    N_("Microsoft Graph could not be asked"),
    N_("Microsoft Graph did not say whether the account is enabled"),
    # how many must approve, and what they must not miss
    N_("some sign-ins of this user would not be asked for MFA"),
    N_("nothing else demands MFA of this user"),
    N_("coverage could not be shown"),
    N_("the password was changed within the last 24 hours"),
    N_("a sign-in method was added or changed within the last 24 hours"),
    N_("how old the account is, is not known"),
    N_("the account is younger than 7 days"),
    N_("it was asked for outside the opening hours"),
    N_("taking a change back only adds protection, so one approver is enough"),
    N_("No MFA method is registered: whoever signs in next with the password is asked to register one."),
    # how a change ended
    N_("Not changed: the stored request or its approvals were altered."),
    N_("Not changed: the account is no longer there."),
    N_("Microsoft Graph no longer knows the account."),
    N_("the request was not accepted"),
    N_("the account is in a restricted management administrative unit, where the bot has no right"),
    N_("the bot's app needs the permission to change it, or the account is restricted"),
    N_("Nothing was sent: what has to be checked before could not be read in time."),
    N_("the state could not be read"),
    N_("Who changed it is not in the audit log yet."),
    N_("The time box ends without a restore."),
    # what was written is not usable
    N_("something that looks like a password, key or token; leave secrets out"),
    N_("empty: say in a few words why"),
    N_("empty: name a user by user principal name, mail address or object id"),
    N_("nothing with an AADSTS code in it, such as AADSTS50076"),
    N_("an empty name"),
    N_("not an object id"),
    N_("more than 64 kB; paste only what `app-sso platform -s` prints"),
    N_(
        "not the output of `app-sso platform -s`; run it in Terminal on the Mac, as the person who "
        "registers, and paste everything it prints"
    ),
    # coverage
    N_("The user"),
    N_("The Conditional Access policies"),
    N_("Whether security defaults are on"),
    N_("Groups and roles of the user"),
    N_("The named locations"),
    N_("Microsoft's What-If"),
    N_("the trusted IPs of the old MFA service"),
    N_("Security defaults"),
    N_("No Conditional Access policy in force asks this user for MFA at an ordinary sign-in on a Mac."),
    N_("our own reading says the sign-in is blocked, Microsoft's What-If says it is let in."),
    N_("browser on macOS"),
    N_("desktop client on macOS"),
    N_("outside location"),
    N_("applications that a filter leaves out"),
    N_("other applications"),
    N_("the terms of use"),
    N_("a custom control"),
    # evidence
    N_("Account"),
    N_("Error code"),
    N_("App"),
    N_("Resource"),
    N_("Time"),
    N_("Kind of sign-in"),
    N_("Correlation id"),
    N_("Request id"),
    N_("Who demanded MFA"),
    N_("Conditional Access"),
    N_("Device and place"),
    N_("Tries that failed this way"),
    N_("Last success"),
    N_("Last password change"),
    N_("The Mac says"),
    N_("Other users this week"),
    N_("What would change this"),
    N_("Conditional Access details not readable"),
    N_("kind not said"),
    N_("Member"),
    N_("Guest"),
    N_("interactive"),
    N_("non-interactive"),
    N_("none"),
    N_("the record does not say"),
    N_("no policy listed"),
    N_("none enabled"),
    N_("no Mac"),
    N_("on"),
    N_("off"),
    N_("yes"),
    N_("no"),
    N_("not said"),
    N_("and"),
    N_("or"),
    N_("sign-in logs"),
    N_("sign-in log"),
    N_("alert stream"),
    N_("app-sso platform -s, as given by the user"),
    N_("own change log"),
    # the timeline
    N_("failed"),
    N_("succeeded"),
    N_("cleared"),
    N_("stale"),
    N_("unresolved"),
    N_("waiting"),
    N_("other app"),
    N_("other device"),
)
"""Whole sentences and words that need no filling in."""
