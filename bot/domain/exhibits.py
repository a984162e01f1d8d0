"""The evidence under a verdict, as short facts with their source, and the timeline of attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from bot.domain.aadsts import meaning_of
from bot.domain.attempts import Relevance, Row, grouped
from bot.domain.evidence import Absent, AppSso, Fact, Known, Unreadable, Why
from bot.domain.gaps import Gap
from bot.domain.judge import Judgement
from bot.domain.people import AuthenticationMethod, Device
from bot.domain.policies import ConditionalAccessPolicy, told_apart
from bot.domain.sign_ins import SignIn
from bot.domain.situation import Situation

T = TypeVar("T")

TIMELINE_LENGTH = 30
_NAMED = 8
CA_UNREADABLE = "Conditional Access details not readable"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence: what it says, where it was read, and when it happened or was read."""

    fact: str
    value: str
    source: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt for the timeline: a row for people, newest first."""

    at: datetime
    app: str
    resource: str
    is_interactive: bool
    error_code: int
    meaning: str
    outcome: str  # "failed", "succeeded", "cleared", "stale", "unresolved", "other app", "other device"
    correlation_id: str = ""
    device: str = ""
    place: str = ""


def exhibits(s: Situation, judgement: Judgement) -> tuple[Exhibit, ...]:
    """Return every fact that the verdict rests on, the deciding sign-in first."""
    return (
        *_of_failure(s),
        *_of_account(s),
        *_of_success(s),
        *_of_settings(s),
        *_of_macs(s),
        *_of_the_mac_itself(s),
        *_of_others(s, judgement),
    )


def deciding_failure(s: Situation) -> SignIn | None:
    """Return the failure that the verdict is about: the current one, else the last of the history."""
    return s.failure or s.attempts.last_failure_ever or s.attempts.last_jamf_registration_failure


def _of_account(s: Situation) -> Iterator[Exhibit]:
    fact = s.evidence.user
    if isinstance(fact, Known):
        state = {True: "enabled", False: "disabled", None: "not said"}[fact.value.account_enabled]
        kind = fact.value.user_type or "kind not said"
        value = f"{fact.value.user_principal_name}, {state}, {kind}"
        yield Exhibit("Account", value, fact.source, fact.read_at)
    elif isinstance(fact, Absent):
        found = "deleted" if s.evidence.user_was_deleted else "nobody answers to this name"
        yield Exhibit("Account", f"{s.evidence.asked}: {found}", fact.source, fact.read_at)
    else:
        yield Exhibit("Account", f"not readable: {fact.reason}", fact.source)


def _of_failure(s: Situation) -> Iterator[Exhibit]:
    failure = deciding_failure(s)
    if failure is None:
        yield from _of_silence(s)
        return
    source, at = _log_of(s, failure), failure.created_at
    facts = {
        "Error code": f"AADSTS{failure.error_code}: {_meaning(failure)}",
        "App": f"{failure.app_name or 'unnamed'} ({failure.app_id})",
        "Resource": f"{failure.resource_name or 'unnamed'} ({failure.resource_id})",
        "Time": _time(at),
        "Kind of sign-in": "interactive" if failure.is_interactive else "non-interactive",
        "Correlation id": failure.correlation_id or "none",
        "Request id": failure.id,
        "Who demanded MFA": _demanded_by(failure),
        "Conditional Access": _results(failure),
        "Device and place": _device_and_place(failure),
    }
    yield from (Exhibit(fact, value, source, at) for fact, value in facts.items() if value)
    same = sum(_failed_like(attempt.rows, failure) for attempt in grouped(s.attempts.of_registration))
    if same > 1:
        yield Exhibit("Tries that failed this way", str(same), source, at)


def _failed_like(rows: tuple[Row, ...], failure: SignIn) -> bool:
    return any(row.is_uncleared_failure and row.sign_in.error_code == failure.error_code for row in rows)


def _of_silence(s: Situation) -> Iterator[Exhibit]:
    for gap in (Gap.INTERACTIVE, Gap.NON_INTERACTIVE):
        fact = s.facts[gap]
        if isinstance(fact, Known):
            value = f"no failure of registration since {_time(s.since)}"
            yield Exhibit(_label(gap), value, fact.source, fact.read_at)


def _of_success(s: Situation) -> Iterator[Exhibit]:
    success = s.attempts.last_success or s.attempts.last_broker_success
    if success is not None:
        value = f"{success.app_name} got a token for {success.resource_name or success.resource_id}"
        yield Exhibit("Last success", value, _log_of(s, success), success.created_at)


def _of_settings(s: Situation) -> Iterator[Exhibit]:
    read = s.evidence
    yield from _fact(Gap.STATE, read.per_user_mfa_state, str)
    yield from _fact(Gap.CHANGE_LOG, read.state_changed_at, lambda at: f"we changed the state at {_time(at)}")
    yield from _fact(Gap.SECURITY_DEFAULTS, read.security_defaults, lambda on: "on" if on else "off")
    yield from _fact(Gap.CA_POLICIES, read.conditional_access_policies, _policies, CA_UNREADABLE)
    yield from _fact(
        Gap.DEVICE_RULES,
        read.device_registration_policy,
        lambda rules: (
            f"MFA to register: {_said(rules.mfa_required)}; may join: {rules.join_allowed}; "
            f"devices per user: {rules.user_device_quota or 'not said'}"
        ),
    )
    if s.password_changed_at is not None and isinstance(read.user, Known):
        yield Exhibit(
            "Last password change", _time(s.password_changed_at), read.user.source, s.password_changed_at
        )


def _of_macs(s: Situation) -> Iterator[Exhibit]:
    yield from _fact(Gap.DEVICES, s.evidence.devices, lambda _: _each(map(_mac, s.macs)) or "no Mac")
    yield from _fact(Gap.METHODS, s.evidence.methods, _methods)


def _of_the_mac_itself(s: Situation) -> Iterator[Exhibit]:
    paste = s.evidence.app_sso
    if paste is not None:
        yield Exhibit(
            "The Mac says", _paste(paste), "app-sso platform -s, as given by the user", paste.taken_at
        )


def _of_others(s: Situation, judgement: Judgement) -> Iterator[Exhibit]:
    peers = s.evidence.peers
    if peers is not None:
        value = (
            f"without per-user MFA: {peers.disabled_registered} registered, "
            f"{peers.disabled_failed_same_way} failed this way; "
            f"with it: {peers.enforced_registered} registered, {peers.enforced_failed} failed"
        )
        yield Exhibit("Other users this week", value, "alert stream", s.evidence.now)
    for note in judgement.notes:
        yield Exhibit(note.verdict, note.summary, "sign-in logs", s.evidence.now)
    if judgement.rule.would_change:
        source = f"decision table {judgement.rule.id}"
        yield Exhibit("What would change this", judgement.rule.would_change, source)


def _fact(
    gap: Gap, fact: Fact[T], words: Callable[[T], str], unreadable: str = "not readable"
) -> Iterator[Exhibit]:
    """Show a fact as it was read; one that was not asked for is not shown."""
    if isinstance(fact, Known):
        yield Exhibit(_label(gap), words(fact.value), fact.source, fact.read_at)
    elif isinstance(fact, Unreadable) and fact.why is not Why.NOT_ASKED:
        yield Exhibit(_label(gap), f"{unreadable}: {fact.reason}", fact.source)
    elif isinstance(fact, Absent) and gap is not Gap.CHANGE_LOG:
        yield Exhibit(_label(gap), "Graph answered without a value", fact.source, fact.read_at)


def _label(gap: Gap) -> str:
    words = gap.removeprefix("the ")
    return words[0].upper() + words[1:]


def _log_of(s: Situation, row: SignIn) -> str:
    log = s.evidence.interactive if row.is_interactive else s.evidence.non_interactive
    return log.source if isinstance(log, Known) else "sign-in log"


def _meaning(row: SignIn) -> str:
    meaning = meaning_of(row.error_code)
    return meaning.meaning if meaning else row.failure_reason or "not in our list"


def _demanded_by(row: SignIn) -> str:
    sources = row.requirement_sources or ()
    return _each(source.detail or source.provider for source in sources) or "the record does not say"


def _results(row: SignIn) -> str:
    """Name the policies that decided something; those that did not apply are only counted."""
    if row.applied_policies is None:
        return CA_UNREADABLE
    if not row.applied_policies:
        return "no policy listed"
    by_result: dict[str, list[str]] = {}
    for policy in row.applied_policies:
        by_result.setdefault(policy.result, []).append(policy.display_name)
    idle = sum(
        len(by_result.pop(result, ())) for result in ("notApplied", "notEnabled", "reportOnlyNotApplied")
    )
    said = [f"{result}: {_each(names)}" for result, names in by_result.items()]
    if idle:
        said.append(f"{idle} did not apply" if said else f"{idle} listed, none applied")
    return "; ".join(said)


def _device_and_place(row: SignIn) -> str:
    parts = (row.device_name, row.operating_system, row.ip_address, row.country)
    return ", ".join(part for part in parts if part)


def _policies(policies: tuple[ConditionalAccessPolicy, ...]) -> str:
    enabled = [policy.display_name for policy in told_apart(policies) if policy.state == "enabled"]
    return f"{len(enabled)} enabled of {len(policies)}: {_each(enabled)}" if enabled else "none enabled"


def _mac(mac: Device) -> str:
    kind = "joined" if mac.is_joined else mac.trust_type or "kind not said"
    switched = ", switched off" if mac.account_enabled is False else ""
    return f"{mac.display_name} ({kind}, registered {_time(mac.registered_at)}{switched})"


def _methods(methods: tuple[AuthenticationMethod, ...]) -> str:
    return _each(_method(method) for method in methods) or "none"


def _method(method: AuthenticationMethod) -> str:
    if method.is_mac_platform_credential:
        mac = method.display_name or "an unnamed Mac"
        return f"platformCredential of {mac}, made {_time(method.created_at)}"
    return method.kind


def _paste(paste: AppSso) -> str:
    return (
        f"method {paste.method or 'not said'}, registration complete: {_said(paste.registration_completed)}, "
        f"state {paste.user_state}, tokens received {_time(paste.tokens_received_at)}"
    )


def _each(words: Iterable[str]) -> str:
    named = list(words)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _said(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "not said"}[value]


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "at a time not said"


def timeline(s: Situation) -> tuple[AttemptLine, ...]:
    """Return at most 30 sign-ins, newest first; those of registration take precedence over other apps."""
    rows = s.attempts.rows
    ours = [row for row in rows if row.relevance is not Relevance.OTHER_APP]
    others = [row for row in rows if row.relevance is Relevance.OTHER_APP]
    chosen = [*ours, *others][:TIMELINE_LENGTH]
    chosen.sort(key=lambda row: (row.sign_in.created_at, row.sign_in.id), reverse=True)
    return tuple(_line(row) for row in chosen)


def _line(row: Row) -> AttemptLine:
    sign_in = row.sign_in
    return AttemptLine(
        at=sign_in.created_at,
        app=sign_in.app_name or sign_in.app_id,
        resource=sign_in.resource_name or sign_in.resource_id,
        is_interactive=sign_in.is_interactive,
        error_code=sign_in.error_code,
        meaning="" if sign_in.succeeded else _meaning(sign_in),
        outcome=row.outcome,
        correlation_id=sign_in.correlation_id,
        device=sign_in.device_name or sign_in.operating_system,
        place=", ".join(part for part in (sign_in.ip_address, sign_in.country) if part),
    )
