"""The evidence of one user, prepared once so that conditions stay one line each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from bot.domain.attempts import Attempts, attempts_in
from bot.domain.evidence import Absent, Evidence, Fact, Known, Unreadable, known
from bot.domain.gaps import NO_REASON, Gap
from bot.domain.people import Device, User
from bot.domain.sign_ins import SignIn

NAMED_TIME_SLACK = timedelta(minutes=30)
"""People name the time of a try roughly."""

LOG_DELAY = timedelta(minutes=30)
"""Non-interactive sign-ins can take this long to appear in the log."""


@dataclass(frozen=True)  # no slots: what is asked for often is worked out once
class Situation:
    """Evidence with its attempts judged."""

    evidence: Evidence

    @cached_property
    def user(self) -> User | None:
        """The account, when it was read."""
        return known(self.evidence.user, None)

    @cached_property
    def since(self) -> datetime:
        """The start of the window: 72 hours by default, or about the time the user named."""
        named = self.evidence.says_they_tried_at
        if named is not None and named <= self.evidence.now:
            return named - NAMED_TIME_SLACK
        return self.evidence.now - self.evidence.window

    @cached_property
    def stale_before(self) -> datetime | None:
        """The newest change of the per-user MFA state or of the password: older rows are history."""
        changes = (known(self.evidence.state_changed_at, None), self.password_changed_at)
        return max((change for change in changes if change is not None), default=None)

    @property
    def password_changed_at(self) -> datetime | None:
        """The last password change; None when Graph names none."""
        return self.user.last_password_change_at if self.user else None

    @cached_property
    def attempts(self) -> Attempts:
        """All sign-ins that could be read, judged."""
        logs = (self.evidence.interactive, self.evidence.non_interactive)
        rows = [row for log in logs for row in known(log, ())]
        return attempts_in(rows, now=self.evidence.now, since=self.since, stale_before=self.stale_before)

    @cached_property
    def log_gaps(self) -> tuple[Gap, ...]:
        """The logs that could not be read; the silent failure may sit in either."""
        logs = (
            (Gap.INTERACTIVE, self.evidence.interactive),
            (Gap.NON_INTERACTIVE, self.evidence.non_interactive),
        )
        return tuple(gap for gap, log in logs if not isinstance(log, Known))

    @property
    def failure(self) -> SignIn | None:
        """The newest uncleared current failure that could be read."""
        return self.attempts.last_failure

    @cached_property
    def macs(self) -> tuple[Device, ...]:
        """The user's Macs, newest registration first; those without a date last."""
        macs = [device for device in known(self.evidence.devices, ()) if device.is_mac]
        dated = sorted(
            (mac for mac in macs if mac.registered_at),
            key=lambda mac: mac.registered_at or self.since,
            reverse=True,
        )
        return (*dated, *(mac for mac in macs if not mac.registered_at))

    @cached_property
    def newest_mac(self) -> Device | None:
        """The Mac registered last that is joined, or whose kind of record Graph did not say."""
        return next((mac for mac in self.macs if mac.is_joined or not mac.trust_type), None)

    @cached_property
    def facts(self) -> dict[Gap, Fact[Any]]:
        """Every fact by the name it has when it is missing."""
        read = self.evidence
        return {
            Gap.USER: read.user,
            Gap.STATE: read.per_user_mfa_state,
            Gap.INTERACTIVE: read.interactive,
            Gap.NON_INTERACTIVE: read.non_interactive,
            Gap.SECURITY_DEFAULTS: read.security_defaults,
            Gap.CA_POLICIES: read.conditional_access_policies,
            Gap.LOCATIONS: read.named_locations,
            Gap.DEVICE_RULES: read.device_registration_policy,
            Gap.DEVICES: read.devices,
            Gap.METHODS: read.methods,
            Gap.MEMBERSHIP: read.membership,
            Gap.WHAT_IF: read.what_if,
            Gap.CHANGE_LOG: read.state_changed_at,
        }

    def reason(self, gap: Gap) -> str:
        """Return why something is missing, as a sentence."""
        fact = self.facts.get(gap)
        if isinstance(fact, Unreadable):
            return fact.reason
        if isinstance(fact, Absent):
            return "Graph answered without a value."
        return NO_REASON.get(gap, "Graph answered without the value.")
