"""What holds for every set of Conditional Access policies."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.coverage import grade_coverage
from bot.domain.diagnosis import Grade
from bot.domain.evidence import Evidence, Known, Unreadable, Why
from bot.domain.people import Membership
from bot.domain.policies import AppScope, ConditionalAccessPolicy, Conditions, Grant, GuestScope, UserScope
from bot.domain.trials import TRIAL_NAMES
from tests.domain.coverage_world import (
    ADA,
    EXCHANGE,
    GUEST,
    SALESFORCE,
    SHAREPOINT,
    Point,
    a_policy,
    an_evidence,
    applies,
    as_applied,
    is_about,
)

RANK = {Grade.NONE: 0, Grade.PARTIAL: 1, Grade.FULL: 2}
MEMBERSHIP = Membership(frozenset({"g1"}), frozenset({"r1"}))
HIDDEN = Unreadable(Why.TIMEOUT, "Graph did not answer in time.", "GET x")
FACTS = (
    "user",
    "security_defaults",
    "conditional_access_policies",
    "named_locations",
    "membership",
    "what_if",
)


def some(*words: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(words), max_size=3)


def seldom(*words: str) -> st.SearchStrategy[frozenset[str]]:
    return st.one_of(*[st.just(frozenset[str]())] * 6, some(*words))


USERS = (ADA.id, "GuestsOrExternalUsers", "someone")
APPS = (SHAREPOINT, EXCHANGE, SALESFORCE, "Office365")
PLATFORMS = ("macOS", "windows", "linux", "iOS", "android", "windowsPhone")
PLACES = ("AllTrusted", "hq", "floor", "branch", "office", "fi")
CLIENTS = ("browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other")
GUEST_KINDS = ("b2bCollaborationGuest", "serviceProvider")

scopes = st.builds(
    UserScope,
    include_users=st.one_of(st.just(frozenset({"All"})), some(*USERS)),
    exclude_users=seldom(*USERS),
    include_groups=some("g1", "g2"),
    exclude_groups=seldom("g1", "g2"),
    include_roles=some("r1", "r2"),
    exclude_roles=seldom("r1", "r2"),
    exclude_guests=st.one_of(st.none(), st.none(), st.builds(GuestScope, some(*GUEST_KINDS))),
)
app_scopes = st.builds(
    AppScope,
    include_applications=st.one_of(*[st.just(frozenset({"All"}))] * 3, some(*APPS)),
    exclude_applications=seldom(*APPS),
    has_application_filter=st.sampled_from((False,) * 8 + (True,)),
)
conditions = st.builds(
    Conditions,
    users=scopes,
    applications=app_scopes,
    client_app_types=st.one_of(st.just(frozenset({"all"})), some(*CLIENTS)),
    include_platforms=seldom("all", *PLATFORMS),
    exclude_platforms=seldom(*PLATFORMS),
    include_locations=st.one_of(st.just(frozenset({"All"})), seldom(*PLACES)),
    exclude_locations=seldom(*PLACES),
    sign_in_risk_levels=seldom("high", "medium"),
    device_filter_mode=st.sampled_from((None,) * 6 + ("include", "exclude")),
    device_filter_rule=st.sampled_from(("device.isCompliant -eq True", "device.isCompliant -ne True")),
)
EVERY_ONE = UserScope(frozenset({"All"}))
wide_conditions = st.one_of(
    *[
        st.builds(
            Conditions,
            users=st.just(EVERY_ONE),
            applications=st.one_of(st.just(AppScope(frozenset({"All"}))), app_scopes),
            **{name: strategy},
        )
        for name, strategy in (
            ("client_app_types", some(*CLIENTS)),
            ("include_platforms", seldom("all", *PLATFORMS)),
            ("exclude_platforms", some(*PLATFORMS)),
            ("include_locations", some(*PLACES)),
            ("exclude_locations", some(*PLACES)),
        )
    ]
)
grants = st.one_of(
    *[st.just(Grant("OR", frozenset({"mfa"})))] * 4,
    st.just(Grant("OR", frozenset({"block"}))),
    st.just(Grant("OR", frozenset({"mfa", "compliantDevice"}))),
    st.just(Grant("OR", frozenset({"mfa", "approvedApplication"}))),
    st.just(Grant("AND", frozenset({"mfa", "compliantDevice"}))),
    st.just(Grant(strength_name="Strong", strength_satisfies_mfa=True)),
    st.none(),
)
STATES = ("enabled",) * 5 + ("disabled", "enabledForReportingButNotEnforced")


@st.composite
def tenants(draw: st.DrawFn) -> tuple[ConditionalAccessPolicy, ...]:
    parts = draw(
        st.lists(
            st.tuples(
                st.sampled_from(STATES), st.one_of(wide_conditions, wide_conditions, conditions), grants
            ),
            max_size=5,
        )
    )
    return tuple(
        ConditionalAccessPolicy(f"id of Policy {index}", f"Policy {index}", *part)
        for index, part in enumerate(parts)
    )


def evidence_of(policies: tuple[ConditionalAccessPolicy, ...], *, guest: bool = False) -> Evidence:
    return an_evidence(policies, user=GUEST if guest else ADA, membership=MEMBERSHIP)


points = st.builds(
    Point,
    app=st.sampled_from((SHAREPOINT, EXCHANGE, SALESFORCE, "00000000-aaaa-4aaa-8aaa-000000000000")),
    client=st.sampled_from(CLIENTS),
    platform=st.sampled_from((*PLATFORMS, "haiku")),
    address=st.sampled_from(("198.51.100.1", "203.0.112.1", "203.0.112.33", "192.0.3.1", "192.0.2.1")),
    country=st.sampled_from(("FI", "SE")),
    in_office_365=st.booleans(),
    is_registered=st.booleans(),
    is_picked_by_filters=st.booleans(),
).map(lambda point: replace(point, in_office_365=True) if point.app in (SHAREPOINT, EXCHANGE) else point)


def holds_at(policy: ConditionalAccessPolicy, point: Point) -> bool:
    """Whether the policy surely asks for MFA or blocks there."""
    grant = policy.grant
    if grant is None or policy.state != "enabled" or not applies(policy.conditions, point):
        return False
    if "approvedApplication" in grant.built_in_controls and grant.operator == "OR":
        return False
    if "compliantDevice" in grant.built_in_controls and grant.operator == "OR":
        return not point.is_registered
    return True


@settings(max_examples=150, deadline=None)
@given(tenants(), st.lists(points, min_size=8, max_size=8), st.booleans())
def test_full_lets_no_sign_in_through(
    policies: tuple[ConditionalAccessPolicy, ...], sign_ins: list[Point], guest: bool
) -> None:
    evidence = evidence_of(policies, guest=guest)

    if grade_coverage(evidence).grade is Grade.FULL:
        user = GUEST if guest else ADA
        reaching = [each for each in policies if is_about(each.conditions.users, user, MEMBERSHIP)]
        for point in sign_ins:
            assert any(holds_at(policy, point) for policy in reaching), point


@settings(max_examples=100, deadline=None)
@given(tenants())
def test_full_has_the_word_of_what_if(policies: tuple[ConditionalAccessPolicy, ...]) -> None:
    evidence = evidence_of(policies)

    coverage = grade_coverage(evidence)

    if coverage.grade is Grade.FULL and coverage.by != ("Security defaults",):
        assert isinstance(evidence.what_if, Known)
        stopped = {
            outcome.trial.name
            for outcome in evidence.what_if.value
            if {each.display_name for each in (*outcome.mfa_policies, *outcome.other_policies)}
            & set(coverage.by)
        }
        assert stopped == TRIAL_NAMES


@settings(max_examples=100, deadline=None)
@given(tenants(), st.booleans())
def test_with_every_fact_read_the_two_witnesses_agree(
    policies: tuple[ConditionalAccessPolicy, ...], guest: bool
) -> None:
    """The only doubt left is a guest exclusion that names no type."""
    coverage = grade_coverage(evidence_of(policies, guest=guest))

    assert coverage.grade in RANK or any("kind of guest" in gap for gap in coverage.gaps), coverage


EXCLUSIONS = (
    lambda c: replace(c, users=replace(c.users, exclude_users=c.users.exclude_users | {ADA.id})),
    lambda c: replace(c, users=replace(c.users, exclude_groups=c.users.exclude_groups | {"g1"})),
    lambda c: replace(c, users=replace(c.users, exclude_groups=c.users.exclude_groups | {"g2"})),
    lambda c: replace(c, users=replace(c.users, exclude_roles=c.users.exclude_roles | {"r1"})),
    lambda c: replace(c, exclude_locations=c.exclude_locations | {"AllTrusted"}),
    lambda c: replace(c, exclude_locations=c.exclude_locations | {"fi"}),
    lambda c: replace(c, exclude_locations=c.exclude_locations | {"gone"}),
    lambda c: replace(c, exclude_platforms=c.exclude_platforms | {"macOS"}),
    lambda c: replace(c, exclude_platforms=c.exclude_platforms | {"linux"}),
    lambda c: replace(
        c,
        applications=replace(
            c.applications, exclude_applications=c.applications.exclude_applications | {SALESFORCE}
        ),
    ),
    lambda c: replace(
        c,
        applications=replace(
            c.applications, exclude_applications=c.applications.exclude_applications | {"Office365"}
        ),
    ),
)


def swap(
    policies: tuple[ConditionalAccessPolicy, ...], index: int, policy: ConditionalAccessPolicy
) -> tuple[ConditionalAccessPolicy, ...]:
    return (*policies[:index], policy, *policies[index + 1 :])


@settings(max_examples=150, deadline=None)
@given(tenants().filter(bool), st.data())
def test_an_exclusion_never_raises_the_grade(
    policies: tuple[ConditionalAccessPolicy, ...], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(policies) - 1))
    exclude = data.draw(st.sampled_from(EXCLUSIONS))
    narrower = replace(policies[index], conditions=exclude(policies[index].conditions))

    before = grade_coverage(evidence_of(policies)).grade
    after = grade_coverage(evidence_of(swap(policies, index, narrower))).grade

    assert RANK[after] <= RANK[before]


@settings(max_examples=100, deadline=None)
@given(tenants().filter(bool), st.data())
def test_report_only_never_raises_the_grade(
    policies: tuple[ConditionalAccessPolicy, ...], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(policies) - 1))
    state = data.draw(st.sampled_from(("disabled", "enabledForReportingButNotEnforced")))

    before = grade_coverage(evidence_of(policies)).grade
    after = grade_coverage(evidence_of(swap(policies, index, replace(policies[index], state=state)))).grade

    assert RANK[after] <= RANK[before]


@settings(max_examples=150, deadline=None)
@given(tenants(), st.sets(st.sampled_from(FACTS), min_size=1))
def test_a_fact_that_is_not_read_never_raises_the_grade(
    policies: tuple[ConditionalAccessPolicy, ...], hidden: set[str]
) -> None:
    evidence = evidence_of(policies)

    before = grade_coverage(evidence).grade
    after = grade_coverage(replace(evidence, **dict.fromkeys(hidden, HIDDEN))).grade  # type: ignore[arg-type]

    assert after in (before, Grade.UNKNOWN)


@settings(max_examples=100, deadline=None)
@given(tenants(), st.lists(some("Policy 0", "Policy 1", "New"), min_size=3, max_size=3))
def test_what_if_can_only_confirm_or_cast_doubt(
    policies: tuple[ConditionalAccessPolicy, ...], answers: list[frozenset[str]]
) -> None:
    evidence = evidence_of(policies)
    assert isinstance(evidence.what_if, Known)
    told = tuple(
        replace(
            outcome, mfa_policies=tuple(as_applied(a_policy(n)) for n in sorted(names)), other_policies=()
        )
        for outcome, names in zip(evidence.what_if.value, answers, strict=True)
    )

    true = grade_coverage(evidence).grade
    doubted = grade_coverage(replace(evidence, what_if=replace(evidence.what_if, value=told))).grade

    assert doubted in (true, Grade.UNKNOWN)
