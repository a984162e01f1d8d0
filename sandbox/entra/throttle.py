"""Graph's small buckets. https://learn.microsoft.com/graph/throttling-limits"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from sandbox.entra.wire import Json, Refusal, Seconds

REPORTS = "reports"  # sign-ins, audits, reports: 5 requests per 10 s, app and tenant
POLICIES = "policies"  # Conditional Access: 1 request per second, tenant, and 429 carries no Retry-After
DIRECTORY = "directory"

REPORTS_WINDOW = 10.0


@dataclass(slots=True)
class Limits:
    """What is allowed; None switches a limit off."""

    reports_per_10s: int | None = 5
    policies_per_s: float | None = 1.0
    policies_burst: int = 10


class Throttle:
    """Counts calls per bucket and refuses those over the limit. Refused calls are not counted."""

    def __init__(self, limits: Limits, seconds: Seconds, scope: str) -> None:
        self.limits = limits
        self._seconds = seconds
        self._scope = scope
        self._reports: deque[float] = deque()
        self._tokens = float(limits.policies_burst)
        self._refilled_at = seconds()
        self._closed_until = 0.0
        self.refused = 0

    def close_for(self, seconds: float) -> None:
        """Refuse every scarce call for so many seconds, as Graph does to a tenant that asked too much."""
        self._closed_until = self._seconds() + seconds

    def usage(self) -> Json:
        """Return how full the bucket of sign-ins, audits and reports is; ages in seconds from now."""
        now = self._seconds()
        recent = [at for at in self._reports if at > now - REPORTS_WINDOW]
        return {
            "bucket": REPORTS,
            "limit": self.limits.reports_per_10s,
            "window_s": REPORTS_WINDOW,
            "used": len(recent),
            "frees_in": recent[0] + REPORTS_WINDOW - now if recent else None,
            "throttled": self.refused,
            "throttling_for": max(0.0, self._closed_until - now) or None,
        }

    def reset(self) -> None:
        """Forget every call so far, as after changing the limits."""
        self._reports.clear()
        self._closed_until = 0.0
        self._tokens = float(self.limits.policies_burst)
        self._refilled_at = self._seconds()

    def spend(self, bucket: str) -> None:
        """Count one call; raise a 429 Refusal when the bucket is empty."""
        left = self._closed_until - self._seconds()
        if left > 0 and bucket != DIRECTORY:
            raise self._refusal(retry_after=max(1, math.ceil(min(left, REPORTS_WINDOW))))
        if bucket == REPORTS:
            self._spend_reports()
        elif bucket == POLICIES:
            self._spend_policies()

    def _spend_reports(self) -> None:
        limit, now = self.limits.reports_per_10s, self._seconds()
        while self._reports and self._reports[0] <= now - REPORTS_WINDOW:
            self._reports.popleft()
        if limit is not None and len(self._reports) >= limit:
            wait = self._reports[0] + REPORTS_WINDOW - now if self._reports else REPORTS_WINDOW
            raise self._refusal(retry_after=max(1, math.ceil(wait)))
        self._reports.append(now)

    def _spend_policies(self) -> None:
        rate, now = self.limits.policies_per_s, self._seconds()
        if rate is None:
            return
        elapsed, self._refilled_at = now - self._refilled_at, now
        self._tokens = min(float(self.limits.policies_burst), self._tokens + elapsed * rate)
        if self._tokens < 1:
            raise self._refusal()
        self._tokens -= 1

    def _refusal(self, retry_after: int | None = None) -> Refusal:
        self.refused += 1
        headers = {
            "x_ms_throttle_scope": self._scope,
            "x_ms_throttle_information": "ResourceUnitLimitExceeded",
        }
        if retry_after is not None:
            headers["Retry_After"] = str(retry_after)
        inner = {"code": "429", "message": "Please retry after", "status": "429"}
        return Refusal(429, "TooManyRequests", "Please retry again later.", inner=inner, **headers)
