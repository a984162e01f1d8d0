"""How long grading one user against many Conditional Access policies takes. Prints JSON."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.coverage import grade_coverage, trials_for
from bot.domain.evidence import Evidence, Known
from bot.domain.people import Membership, User, object_id
from bot.domain.policies import (
    AppliedPolicy,
    AppScope,
    ConditionalAccessPolicy,
    Conditions,
    Grant,
    NamedLocation,
    TrialOutcome,
    UserScope,
)

NOW = datetime(2026, 9, 10, tzinfo=UTC)
USER = User(object_id("11111111-1111-4111-8111-111111111111"), "ada@contoso.com", "Ada", user_type="Member")
BUDGET_MS = 250.0


def locations() -> tuple[NamedLocation, ...]:
    offices = (
        NamedLocation(f"office-{n}", f"Office {n}", is_trusted=n % 2 == 0, ip_ranges=(f"10.{n}.0.0/16",))
        for n in range(60)
    )
    countries = (
        NamedLocation(f"country-{n}", f"Country {n}", countries=frozenset({f"Q{chr(65 + n)}"}))
        for n in range(10)
    )
    return (*offices, *countries)


def policies(count: int) -> tuple[ConditionalAccessPolicy, ...]:
    return tuple(policy(number) for number in range(count))


def policy(number: int) -> ConditionalAccessPolicy:
    """Each leaves one office, one country or one application out, or is for one client or platform only."""
    app = f"{number:08d}-0000-4000-8000-000000000000"
    conditions = Conditions(UserScope(frozenset({"All"})), AppScope(frozenset({"All"}), frozenset({app})))
    match number % 5:
        case 0:
            conditions = replace(conditions, exclude_locations=frozenset({f"office-{number % 60}"}))
        case 1:
            conditions = replace(conditions, exclude_locations=frozenset({f"country-{number % 10}"}))
        case 2:
            conditions = replace(conditions, client_app_types=frozenset({"browser"}))
        case 3:
            conditions = replace(conditions, include_platforms=frozenset({"macOS"}))
        case _:
            conditions = replace(conditions, applications=AppScope(frozenset({app})))
    grant = Grant("OR", frozenset({"mfa"}))
    return ConditionalAccessPolicy(f"policy-{number}", f"Policy {number}", "enabled", conditions, grant)


def evidence(count: int) -> Evidence:
    everything = policies(count)
    applied = tuple(AppliedPolicy(each.id, each.display_name) for each in everything)
    return Evidence(
        "ada@contoso.com",
        NOW,
        timedelta(hours=72),
        Known(USER, NOW, "user"),
        security_defaults=Known(False, NOW, "security defaults"),
        conditional_access_policies=Known(everything, NOW, "policies"),
        named_locations=Known(locations(), NOW, "named locations"),
        membership=Known(Membership(), NOW, "membership"),
        what_if=Known(tuple(TrialOutcome(t, applied) for t in trials_for(locations())), NOW, "what-if"),
    )


def measure(count: int, rounds: int = 5) -> dict[str, float | str | int]:
    given = evidence(count)
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        coverage = grade_coverage(given)
        taken.append((time.perf_counter() - start) * 1000)
    return {"policies": count, "best_ms": round(min(taken), 2), "grade": str(coverage.grade)}


def main() -> int:
    results = [measure(count) for count in (1, 20, 200)]
    slowest = max(float(result["best_ms"]) for result in results)
    print(json.dumps({"benchmark": "coverage", "budget_ms": BUDGET_MS, "results": results}, indent=2))
    return 0 if slowest <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
