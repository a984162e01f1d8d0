"""Coverage: one named Conditional Access configuration a case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from bot.domain.coverage import grade_coverage, trials_for
from bot.domain.diagnosis import Coverage, Grade
from bot.domain.evidence import NOT_ASKED, Absent, Evidence, Unreadable, Why
from bot.domain.people import Membership, User
from bot.domain.places import LEGACY_TRUSTED_IPS
from bot.domain.policies import (
    AppliedPolicy,
    AppScope,
    ConditionalAccessPolicy,
    Grant,
    GuestScope,
    NamedLocation,
    TrialOutcome,
    UserScope,
)
from tests.domain.coverage_world import (
    ADA,
    BLOCK,
    BRANCH,
    EVERYONE,
    EXCHANGE,
    FINLAND,
    GUEST,
    HEADQUARTERS,
    LOCATIONS,
    MFA,
    NOW,
    OFFICE,
    SALESFORCE,
    SHAREPOINT,
    a_policy,
    an_evidence,
    as_applied,
    fact,
    what_if_of,
)

GROUP, NESTED_GROUP, ROLE = "group-1", "group-nested", "62e90394-69f5-4237-9190-012177145e10"
MEMBERSHIP = Membership(frozenset({GROUP, NESTED_GROUP}), frozenset({ROLE}))
UNREADABLE = Unreadable(Why.PERMISSION, "the permission is missing; grant Policy.Read.All.", "GET x")
STRONG = Grant(strength_name="Phishing-resistant MFA", strength_satisfies_mfa=True)


@dataclass(frozen=True)
class Case:
    """Policies, the grade they earn, who it rests on and words that the gaps must hold."""

    name: str
    policies: tuple[ConditionalAccessPolicy, ...]
    grade: Grade
    by: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    user: User = field(default=ADA)


def users(**scope: frozenset[str]) -> UserScope:
    return UserScope(**scope)  # type: ignore[arg-type]


def scoped(name: str = "P", grant: Grant | None = MFA, **conditions: object) -> ConditionalAccessPolicy:
    return a_policy(name, grant=grant, conditions=replace(EVERYONE, **conditions))  # type: ignore[arg-type]


def apps(*include: str, without: tuple[str, ...] = (), **more: object) -> AppScope:
    return AppScope(frozenset(include), frozenset(without), **more)  # type: ignore[arg-type]


def of(*ids: str) -> frozenset[str]:
    return frozenset(ids)


FULL, PARTIAL, NONE, UNKNOWN = Grade.FULL, Grade.PARTIAL, Grade.NONE, Grade.UNKNOWN
MODERN = of("browser", "mobileAppsAndDesktopClients")
LEGACY = of("exchangeActiveSync", "other")
SIX = of("android", "iOS", "windows", "windowsPhone", "macOS", "linux")

CASES = (
    Case("no policies at all", (), NONE, (), ("No Conditional Access policy in force",)),
    Case("everybody, every app", (scoped(),), FULL, ("P",)),
    Case("everybody, by strength", (scoped(grant=STRONG),), FULL, ("P",)),
    Case(
        "a strength that is not MFA",
        (scoped(grant=Grant(strength_name="Any", strength_satisfies_mfa=False)),),
        NONE,
        (),
        ("can be met without MFA",),
    ),
    Case(
        "a strength that could not be read",
        (scoped(grant=Grant(strength_name="Ours")),),
        UNKNOWN,
        (),
        ("strength “Ours”",),
    ),
    Case("session controls only", (scoped(grant=None),), NONE),
    Case("compliant device only", (scoped(grant=Grant("OR", of("compliantDevice"))),), NONE),
    Case("block only", (scoped(grant=BLOCK),), NONE),
    # state
    Case("disabled", (a_policy("P", state="disabled"),), NONE, (), ("“P” is switched off",)),
    Case(
        "report-only",
        (a_policy("P", state="enabledForReportingButNotEnforced"),),
        NONE,
        (),
        ("“P” is report-only: it does not protect",),
    ),
    Case("an unheard-of state", (a_policy("P", state="unknownFutureValue"),), NONE),
    Case(
        "report-only beside a partial one",
        (
            scoped("Office", applications=apps("Office365")),
            a_policy("All", state="enabledForReportingButNotEnforced"),
        ),
        PARTIAL,
        ("Office",),
        ("“All” is report-only",),
    ),
    # users
    Case("nobody", (scoped(users=users(include_users=of("None"))),), NONE),
    Case("no users named", (scoped(users=UserScope()),), NONE),
    Case("the user by id", (scoped(users=users(include_users=of(ADA.id.upper()))),), FULL, ("P",)),
    Case("somebody else by id", (scoped(users=users(include_users=of("someone"))),), NONE),
    Case("a group", (scoped(users=users(include_groups=of(GROUP))),), FULL, ("P",)),
    Case("another group", (scoped(users=users(include_groups=of("group-2"))),), NONE),
    Case("a role", (scoped(users=users(include_roles=of(ROLE))),), FULL, ("P",)),
    Case("another role", (scoped(users=users(include_roles=of("role-2"))),), NONE),
    Case(
        "excluded by id",
        (scoped(users=users(include_users=of("All"), exclude_users=of(ADA.id))),),
        NONE,
        (),
        ("“P” leaves this user out",),
    ),
    Case(
        "excluded by a nested group, included by id",
        (scoped(users=users(include_users=of("All", ADA.id), exclude_groups=of(NESTED_GROUP))),),
        NONE,
        (),
        ("“P” leaves this user out",),
    ),
    Case(
        "excluded by role",
        (scoped(users=users(include_users=of("All"), exclude_roles=of(ROLE))),),
        NONE,
        (),
        ("leaves this user out",),
    ),
    Case(
        "excluded from one, caught by another",
        (
            scoped("A", users=users(include_users=of("All"), exclude_groups=of(GROUP))),
            scoped("B", users=users(include_groups=of(GROUP))),
        ),
        FULL,
        ("B",),
    ),
    Case("guests only, a member", (scoped(users=users(include_users=of("GuestsOrExternalUsers"))),), NONE),
    Case(
        "guests only, a guest",
        (scoped(users=users(include_users=of("GuestsOrExternalUsers"))),),
        FULL,
        ("P",),
        user=GUEST,
    ),
    Case(
        "guests excluded, a guest",
        (scoped(users=users(include_users=of("All"), exclude_users=of("GuestsOrExternalUsers"))),),
        NONE,
        user=GUEST,
    ),
    Case(
        "guest type excluded, a guest of that type",
        (
            scoped(
                users=UserScope(
                    of("All"), exclude_guests=GuestScope(of("b2bCollaborationGuest", "internalGuest"))
                )
            ),
        ),
        NONE,
        user=GUEST,
    ),
    Case(
        "guest type excluded, a guest of another type",
        (scoped(users=UserScope(of("All"), exclude_guests=GuestScope(of("serviceProvider")))),),
        FULL,
        ("P",),
        user=GUEST,
    ),
    Case(
        "guests excluded without a type, a guest",
        (scoped(users=UserScope(of("All"), exclude_guests=GuestScope())),),
        UNKNOWN,
        (),
        ("kind of guest",),
        user=GUEST,
    ),
    Case(
        "guests excluded without a type, a member",
        (scoped(users=UserScope(of("All"), exclude_guests=GuestScope())),),
        FULL,
        ("P",),
    ),
    Case(
        "guests excluded, user type not told",
        (scoped(users=users(include_users=of("All"), exclude_users=of("GuestsOrExternalUsers"))),),
        UNKNOWN,
        (),
        ("kind of guest",),
        user=replace(ADA, user_type=None),
    ),
    Case(
        "an external member counts as an external user",
        (scoped(users=UserScope(of("All"), exclude_guests=GuestScope(of("b2bCollaborationMember")))),),
        NONE,
        user=replace(GUEST, user_type="Member"),
    ),
    # applications
    Case("no apps", (scoped(applications=apps("None")),), NONE),
    Case(
        "Office 365 only",
        (scoped(applications=apps("Office365")),),
        PARTIAL,
        ("P",),
        ("applications other than Office 365",),
    ),
    Case(
        "one app only",
        (scoped(applications=apps(SALESFORCE)),),
        PARTIAL,
        ("P",),
        (f"applications other than application {SALESFORCE}",),
    ),
    Case(
        "all but two apps",
        (scoped(applications=apps("All", without=(SALESFORCE, EXCHANGE))),),
        PARTIAL,
        ("P",),
        ("Exchange Online", SALESFORCE),
    ),
    Case(
        "all but Office 365",
        (scoped(applications=apps("All", without=("Office365",))),),
        PARTIAL,
        ("P",),
        ("for Office 365",),
    ),
    Case(
        "all but Office 365, and Office 365",
        (
            scoped("A", applications=apps("All", without=("Office365",))),
            scoped("B", applications=apps("Office365")),
            scoped("C", grant=None, applications=apps(SALESFORCE)),
        ),
        FULL,
        ("B", "A"),
    ),
    Case(
        "all but one app, Office 365 names it no more",
        (
            scoped("A", applications=apps("All", without=("Office365",))),
            scoped("B", applications=apps("Office365", without=(SALESFORCE,))),
        ),
        PARTIAL,
        ("A", "B"),
        (SALESFORCE,),
    ),
    Case(
        "user actions only",
        (scoped(applications=AppScope(user_actions=of("urn:user:registerdevice"))),),
        NONE,
    ),
    Case(
        "authentication contexts only",
        (scoped(applications=AppScope(authentication_contexts=of("c1"))),),
        NONE,
        (),
        ("authentication context",),
    ),
    Case(
        "all apps but those a filter picks",
        (scoped(applications=apps("All", has_application_filter=True)),),
        PARTIAL,
        ("P",),
        ("filter",),
    ),
    Case("only apps that a filter picks", (scoped(applications=apps(has_application_filter=True)),), NONE),
    Case("admin portals only", (scoped(applications=apps("MicrosoftAdminPortals")),), PARTIAL, ("P",)),
    # platforms
    Case(
        "only on macOS",
        (scoped(include_platforms=of("macOS")),),
        PARTIAL,
        ("P",),
        ("any platform but macOS",),
    ),
    Case("only on Windows", (scoped(include_platforms=of("windows")),), NONE),
    Case(
        "not on Linux",
        (scoped(include_platforms=of("all"), exclude_platforms=of("linux")),),
        PARTIAL,
        ("P",),
        ("on Linux",),
    ),
    Case("not on macOS", (scoped(include_platforms=of("all"), exclude_platforms=of("macOS")),), NONE),
    Case(
        "every platform by name", (scoped(include_platforms=SIX),), PARTIAL, ("P",), ("does not recognise",)
    ),
    Case(
        "macOS here, the rest there",
        (
            scoped("Mac", include_platforms=of("macOS")),
            scoped("Rest", include_platforms=of("all"), exclude_platforms=of("macOS")),
        ),
        FULL,
        ("Rest", "Mac"),
    ),
    # locations
    Case(
        "trusted locations excluded",
        (scoped(include_locations=of("All"), exclude_locations=of("AllTrusted")),),
        PARTIAL,
        ("P",),
        ("Headquarters", "trusted IPs of the old MFA service"),
    ),
    Case(
        "one location excluded",
        (scoped(include_locations=of("All"), exclude_locations=of(BRANCH.id)),),
        PARTIAL,
        ("P",),
        ("Not asked for MFA at Branch.",),
    ),
    Case(
        "a location excluded that exists no more",
        (scoped(include_locations=of("All"), exclude_locations=of("gone")),),
        PARTIAL,
        ("P",),
        ("gone",),
    ),
    Case("the whole world by name", (scoped(include_locations=of("All")),), FULL, ("P",)),
    Case(
        "only in trusted locations",
        (scoped(include_locations=of("AllTrusted")),),
        PARTIAL,
        ("P",),
        ("outside", "Headquarters"),
    ),
    Case(
        "only in one country",
        (scoped(include_locations=of(FINLAND.id)),),
        PARTIAL,
        ("P",),
        ("outside Finland",),
    ),
    Case(
        "two exclusions that cover each other",
        (
            scoped("A", include_locations=of("All"), exclude_locations=of(HEADQUARTERS.id)),
            scoped("B", include_locations=of("All"), exclude_locations=of(BRANCH.id)),
        ),
        FULL,
        ("A", "B"),
    ),
    Case(
        "two exclusions that overlap: an office in the country",
        (
            scoped("A", include_locations=of("All"), exclude_locations=of(HEADQUARTERS.id)),
            scoped("B", include_locations=of("All"), exclude_locations=of(FINLAND.id)),
        ),
        PARTIAL,
        ("A", "B"),
        ("the overlap of Finland and Headquarters",),
    ),
    Case(
        "two exclusions that overlap: a floor of the headquarters",
        (
            scoped("A", include_locations=of("All"), exclude_locations=of(HEADQUARTERS.id)),
            scoped("B", include_locations=of("All"), exclude_locations=of("floor")),
        ),
        PARTIAL,
        ("B",),
        ("Third floor",),
    ),
    Case(
        "the old MFA service's trusted IPs excluded by id",
        (scoped(include_locations=of("All"), exclude_locations=of(LEGACY_TRUSTED_IPS)),),
        PARTIAL,
        ("P",),
        ("old MFA service",),
    ),
    # clients
    Case(
        "browsers only",
        (scoped(client_app_types=of("browser")),),
        PARTIAL,
        ("P",),
        ("desktop and mobile apps",),
    ),
    Case(
        "desktop clients only", (scoped(client_app_types=of("mobileAppsAndDesktopClients")),), PARTIAL, ("P",)
    ),
    Case("modern clients", (scoped(client_app_types=MODERN),), PARTIAL, ("P",), ("legacy clients",)),
    Case("legacy clients only", (scoped(client_app_types=LEGACY),), NONE),
    Case("every client by name", (scoped(client_app_types=MODERN | LEGACY),), FULL, ("P",)),
    Case(
        "browsers here, the rest there",
        (
            scoped("Browsers", client_app_types=of("browser")),
            scoped("Rest", client_app_types=LEGACY | of("mobileAppsAndDesktopClients")),
        ),
        FULL,
        ("Rest", "Browsers"),
    ),
    Case(
        "modern clients asked, legacy clients blocked",
        (
            scoped("Modern", client_app_types=MODERN),
            scoped("Legacy", BLOCK, client_app_types=LEGACY),
        ),
        FULL,
        ("Modern", "Legacy"),
    ),
    Case(
        "modern clients asked, legacy clients blocked in report-only",
        (
            scoped("Modern", client_app_types=MODERN),
            replace(
                scoped("Legacy", BLOCK, client_app_types=LEGACY), state="enabledForReportingButNotEnforced"
            ),
        ),
        PARTIAL,
        ("Modern",),
    ),
    # circumstances
    Case(
        "risky sign-ins only",
        (scoped(sign_in_risk_levels=of("high", "medium")),),
        NONE,
        (),
        ("“P” applies only when Microsoft rates",),
    ),
    Case("risky users only", (scoped(user_risk_levels=of("high")),), NONE, (), ("risky",)),
    Case("insider risk only", (scoped(insider_risk_levels=of("elevated")),), NONE, (), ("risky",)),
    Case(
        "device code flow only", (scoped(transfer_methods=of("deviceCodeFlow")),), NONE, (), ("handed over",)
    ),
    Case(
        "a device filter that includes",
        (scoped(device_filter_mode="include", device_filter_rule="device.isCompliant -eq True"),),
        NONE,
        (),
        ("device filter picks",),
    ),
    Case(
        "a device filter that excludes known devices",
        (scoped(device_filter_mode="exclude", device_filter_rule="device.isCompliant -eq True"),),
        PARTIAL,
        ("P",),
        ("device filter leaves out",),
    ),
    Case(
        "a device filter that excludes unknown devices too",
        (scoped(device_filter_mode="exclude", device_filter_rule='device.trustType -ne "AzureAD"'),),
        NONE,
    ),
    Case(
        "a device filter that picks all but known devices",
        (scoped(device_filter_mode="include", device_filter_rule='device.trustType -ne "AzureAD"'),),
        PARTIAL,
        ("P",),
        ("device filter leaves out",),
    ),
    Case(
        "a device filter that picks some known devices too",
        (
            scoped(
                device_filter_mode="include",
                device_filter_rule='device.trustType -ne "AzureAD" -and device.isCompliant -eq True',
            ),
        ),
        NONE,
    ),
    Case(
        "a device filter that turns a rule around",
        (scoped(device_filter_mode="include", device_filter_rule="-not (device.isCompliant -ne True)"),),
        NONE,
    ),
    Case("workload identities", (scoped(has_client_applications=True),), NONE),
    Case("service principal risk", (scoped(service_principal_risk_levels=of("high")),), NONE),
    # grants
    Case(
        "MFA or a compliant device",
        (scoped(grant=Grant("OR", of("mfa", "compliantDevice"))),),
        NONE,
        (),
        ("“P” accepts a compliant device instead of MFA",),
    ),
    Case(
        "MFA or a hybrid joined or compliant device",
        (scoped(grant=Grant("OR", of("mfa", "compliantDevice", "domainJoinedDevice"))),),
        NONE,
        (),
        ("hybrid joined",),
    ),
    Case(
        "MFA or an approved app",
        (scoped(grant=Grant("OR", of("mfa", "approvedApplication"))),),
        NONE,
        (),
        ("approved app instead of MFA",),
    ),
    Case(
        "MFA or the terms of use",
        (scoped(grant=Grant("OR", of("mfa"), terms_of_use=of("tou"))),),
        NONE,
        (),
        ("terms of use instead of MFA",),
    ),
    Case(
        "MFA or a custom control",
        (scoped(grant=Grant("OR", of("mfa"), of("duo"))),),
        NONE,
        (),
        ("custom control",),
    ),
    Case("MFA or a password change", (scoped(grant=Grant("OR", of("mfa", "passwordChange"))),), NONE),
    Case(
        "MFA or a strength that is MFA",
        (scoped(grant=replace(STRONG, built_in_controls=of("mfa"))),),
        FULL,
        ("P",),
    ),
    Case(
        "MFA and a compliant device and the terms",
        (scoped(grant=Grant("AND", of("mfa", "compliantDevice"), terms_of_use=of("tou"))),),
        FULL,
        ("P",),
    ),
    Case(
        "a strength that is MFA and a compliant device",
        (scoped(grant=replace(STRONG, operator="AND", built_in_controls=of("compliantDevice"))),),
        FULL,
        ("P",),
    ),
    # several
    Case(
        "a full one among weak ones rests on the full one alone",
        (
            scoped("Office", applications=apps("Office365")),
            scoped("Everything"),
            scoped("Risky", sign_in_risk_levels=of("high")),
        ),
        FULL,
        ("Everything",),
    ),
)


def seen_by_both(case: Case) -> Evidence:
    return an_evidence(case.policies, user=case.user, membership=MEMBERSHIP)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_configuration_earns_its_grade(case: Case) -> None:
    coverage = grade_coverage(seen_by_both(case))

    assert coverage.grade == case.grade, coverage
    assert coverage.by == case.by
    for words in case.says:
        assert any(words in gap for gap in coverage.gaps), coverage.gaps


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.grade is PARTIAL], ids=lambda case: case.name
)
def test_partial_names_a_gap(case: Case) -> None:
    assert grade_coverage(seen_by_both(case)).gaps


def test_excluded_apps_are_named_without_noise() -> None:
    coverage = grade_coverage(
        an_evidence(
            (scoped(applications=apps("All", without=(SHAREPOINT, EXCHANGE))),), membership=MEMBERSHIP
        )
    )

    assert coverage.gaps == ("Not asked for MFA for Exchange Online and SharePoint Online.",)


# Security defaults


def test_security_defaults_are_full_whatever_else_is_unreadable() -> None:
    evidence = replace(
        an_evidence(()),
        security_defaults=fact(True),
        conditional_access_policies=UNREADABLE,
        what_if=NOT_ASKED,
        membership=UNREADABLE,
    )

    coverage = grade_coverage(evidence)

    assert (coverage.grade, coverage.by) == (FULL, ("Security defaults",))
    assert "when Microsoft finds it necessary" in coverage.gaps[0]


@pytest.mark.parametrize("answer", [UNREADABLE, Absent(NOW, "GET x"), NOT_ASKED])
def test_without_policies_unread_security_defaults_leave_it_unknown(
    answer: Unreadable | Absent,
) -> None:
    coverage = grade_coverage(replace(an_evidence(()), security_defaults=answer))

    assert coverage.grade is UNKNOWN
    assert "security defaults" in coverage.gaps[0]


def test_a_policy_in_force_shows_that_security_defaults_are_off() -> None:
    evidence = replace(an_evidence((scoped(client_app_types=MODERN),)), security_defaults=UNREADABLE)

    assert grade_coverage(evidence).grade is PARTIAL


# Facts that could not be read


@dataclass(frozen=True)
class Unread:
    name: str
    policies: tuple[ConditionalAccessPolicy, ...]
    field: str
    grade: Grade
    says: str = ""


BY_GROUP = scoped("Group", users=users(include_groups=of(GROUP)))
WITH_EXCLUSION = scoped("All", users=users(include_users=of("All"), exclude_groups=of("break-glass")))
UNREAD = (
    Unread("policies", (scoped(),), "conditional_access_policies", UNKNOWN, "Conditional Access policies"),
    Unread("user", (scoped(),), "user", UNKNOWN, "The user could not be read"),
    Unread("membership that decides", (BY_GROUP,), "membership", UNKNOWN, "Groups and roles of the user"),
    Unread(
        "membership, an exclusion", (WITH_EXCLUSION,), "membership", UNKNOWN, "Groups and roles of the user"
    ),
    Unread("membership that nobody needs", (scoped(),), "membership", FULL),
    Unread("membership, another policy covers all", (WITH_EXCLUSION, scoped("Everyone")), "membership", FULL),
    Unread(
        "membership, a disabled policy uses it", (replace(BY_GROUP, state="disabled"),), "membership", NONE
    ),
    Unread(
        "membership, only of a policy without MFA",
        (replace(BY_GROUP, grant=None), scoped("Office", applications=apps("Office365"))),
        "membership",
        PARTIAL,
    ),
    Unread(
        "locations that decide",
        (scoped(include_locations=of("All"), exclude_locations=of("AllTrusted")),),
        "named_locations",
        UNKNOWN,
        "The named locations could not be read",
    ),
    Unread("locations that nobody needs", (scoped(include_locations=of("All")),), "named_locations", FULL),
    Unread(
        "locations, another policy covers all",
        (scoped("A", exclude_locations=of("AllTrusted")), scoped("B")),
        "named_locations",
        FULL,
    ),
)


@pytest.mark.parametrize("case", UNREAD, ids=lambda case: case.name)
@pytest.mark.parametrize("answer", [UNREADABLE, Absent(NOW, "GET x")], ids=["unreadable", "absent"])
def test_unread_fact(case: Unread, answer: Unreadable | Absent) -> None:
    evidence = an_evidence(case.policies, membership=MEMBERSHIP)

    coverage = grade_coverage(replace(evidence, **{case.field: answer}))  # type: ignore[arg-type]

    assert coverage.grade == case.grade, coverage
    assert not case.says or any(case.says in gap for gap in coverage.gaps), coverage.gaps


# What-If


@pytest.mark.parametrize(
    "policies", [(scoped(),), (scoped(client_app_types=MODERN),)], ids=["full", "partial"]
)
@pytest.mark.parametrize("answer", [UNREADABLE, NOT_ASKED, Absent(NOW, "POST x")])
def test_a_claim_without_what_if_is_unproven(
    policies: tuple[ConditionalAccessPolicy, ...], answer: Unreadable | Absent
) -> None:
    coverage = grade_coverage(replace(an_evidence(policies), what_if=answer))

    assert (coverage.grade, coverage.by) == (UNKNOWN, ())
    assert coverage.gaps[0].startswith("Unproven: Microsoft's What-If")
    assert "Our own reading alone says" in coverage.gaps[1]


def test_none_needs_no_what_if() -> None:
    assert grade_coverage(replace(an_evidence(()), what_if=UNREADABLE)).grade is NONE


def with_answers(policies: tuple[ConditionalAccessPolicy, ...], *answers: tuple[str, ...]) -> Coverage:
    applied = (tuple(as_applied(a_policy(name)) for name in names) for names in answers)
    outcomes = tuple(map(TrialOutcome, trials_for(LOCATIONS), applied))
    return grade_coverage(replace(an_evidence(policies), what_if=fact(outcomes)))


def test_what_if_denies_what_we_read() -> None:
    coverage = with_answers((scoped(),), ("P",), (), ("P",))

    assert coverage.grade is UNKNOWN
    assert coverage.gaps[0] == (
        "desktop client on macOS: our own reading says MFA is demanded, "
        "Microsoft's What-If says MFA is not demanded."
    )


def test_what_if_asserts_what_we_do_not_read() -> None:
    coverage = with_answers((scoped(users=UserScope(of("someone"))),), ("P",), ("P",), ("P",))

    assert coverage.grade is UNKNOWN
    assert (
        "our own reading says MFA is not demanded, Microsoft's What-If says MFA is demanded by “P”"
        in (coverage.gaps[0])
    )


def test_what_if_names_a_policy_we_never_read() -> None:
    coverage = with_answers((scoped(),), ("New",), ("New",), ("New",))

    assert coverage.grade is UNKNOWN
    assert "“New”, which we cannot match" in coverage.gaps[0]


FIRST, SECOND = "3f2a91c4-0000-4000-8000-000000000001", "77b0c2de-0000-4000-8000-000000000002"


def twins_of(other: Grant | None) -> tuple[ConditionalAccessPolicy, ConditionalAccessPolicy]:
    return replace(scoped("P"), id=FIRST), replace(scoped("P", other), id=SECOND)


@pytest.mark.parametrize("other", [None, BLOCK, Grant("OR", of("mfa", "approvedApplication")), STRONG])
def test_two_policies_of_one_name_are_matched_by_id_and_told_apart(other: Grant | None) -> None:
    coverage = grade_coverage(an_evidence(twins_of(other)))

    assert (coverage.grade, coverage.by) == (FULL, ("P (id 3f2a91c4)",))


def test_what_if_naming_the_wrong_twin_is_a_difference() -> None:
    twins = twins_of(None)
    wrong = tuple(TrialOutcome(trial, (as_applied(twins[1]),)) for trial in trials_for(LOCATIONS))
    coverage = grade_coverage(replace(an_evidence(twins), what_if=fact(wrong)))

    assert coverage.grade is UNKNOWN
    assert "MFA is demanded, Microsoft's What-If says MFA is not demanded" in coverage.gaps[0]


def test_ids_are_compared_without_regard_to_case_and_names_not_at_all() -> None:
    renamed = AppliedPolicy(FIRST.upper(), "What P was called before")
    outcomes = tuple(TrialOutcome(trial, (renamed,)) for trial in trials_for(LOCATIONS))
    evidence = an_evidence((replace(scoped("P"), id=FIRST),))

    assert grade_coverage(replace(evidence, what_if=fact(outcomes))).grade is FULL


def test_twins_whose_ids_begin_alike_are_named_by_the_whole_id() -> None:
    close = (replace(scoped("P"), id=FIRST), replace(a_policy("P", state="disabled"), id=f"{FIRST[:-1]}9"))
    coverage = grade_coverage(an_evidence(close))

    assert coverage.by == (f"P (id {FIRST})",)


def test_what_if_that_left_out_a_trial_is_no_proof() -> None:
    coverage = with_answers((scoped(),), ("P",), ("P",))

    assert coverage.grade is UNKNOWN
    assert "did not answer for: outside location" in coverage.gaps[0]


def test_what_if_counting_an_or_grant_is_read_by_our_rule() -> None:
    """An adapter may list it either way: what the grant guarantees is judged here."""
    policy = scoped(grant=Grant("OR", of("mfa", "compliantDevice")))
    as_other = tuple(TrialOutcome(trial, (), (as_applied(policy),)) for trial in trials_for(LOCATIONS))

    assert with_answers((policy,), ("P",), ("P",), ("P",)).grade is NONE
    assert grade_coverage(replace(an_evidence((policy,)), what_if=fact(as_other))).grade is NONE


def test_a_block_that_what_if_does_not_see_is_a_difference() -> None:
    policies = (
        scoped("Macs and all else at home", include_locations=of(OFFICE.id)),
        scoped("Away", BLOCK, include_locations=of("All"), exclude_locations=of(OFFICE.id)),
    )
    seen = an_evidence(policies)
    away = trials_for(LOCATIONS)
    trials = (*(replace(trial, ip_address="192.0.2.5", country="FI") for trial in away[:2]), away[2])
    agreed = fact(what_if_of(policies, trials, ADA, Membership()))
    blind = fact(tuple(replace(outcome, other_policies=()) for outcome in agreed.value))

    assert grade_coverage(replace(seen, what_if=agreed)).grade is FULL
    assert grade_coverage(replace(seen, what_if=blind)).grade is UNKNOWN


def test_a_trial_without_an_address_proves_nothing_about_places() -> None:
    policies = (scoped(exclude_locations=of("AllTrusted")),)
    somewhere = tuple(replace(trial, ip_address=None, country=None) for trial in trials_for(LOCATIONS))
    outcomes = tuple(TrialOutcome(trial, ()) for trial in somewhere)

    assert grade_coverage(replace(an_evidence(policies), what_if=fact(outcomes))).grade is PARTIAL


# Trials


def test_trials_ask_for_office_365_from_a_mac() -> None:
    browser, desktop, outside = trials_for(())

    assert (browser.client_app_type, desktop.client_app_type) == ("browser", "mobileAppsAndDesktopClients")
    assert {browser.application, desktop.application, outside.application} == {SHAREPOINT}
    assert {browser.platform, desktop.platform, outside.platform} == {"macOS"}
    assert (browser.ip_address, browser.country) == (desktop.ip_address, desktop.country)
    assert None not in {browser.ip_address, browser.country, outside.ip_address, outside.country}
    assert (outside.ip_address, outside.country) != (browser.ip_address, browser.country)


def test_outside_is_in_no_named_location() -> None:
    taken = NamedLocation(
        "x", "Docs", ip_ranges=("198.51.100.0/24", "192.0.2.0/24"), countries=of("SE", "br")
    )

    outside = trials_for((taken,))[2]

    assert outside.ip_address is not None
    assert outside.ip_address.startswith("203.0.113.")
    assert outside.country == "KE"


def test_outside_is_none_where_the_named_locations_leave_nothing() -> None:
    world = NamedLocation("x", "World", ip_ranges=("0.0.0.0/1", "128.0.0.0/1", "::/0"))

    assert {trial.ip_address for trial in trials_for((world,))} == {None}
