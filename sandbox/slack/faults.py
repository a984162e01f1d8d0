"""Failures a test asks for: the next calls of a method go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fault:
    """How a method fails and how often; `cut` hangs up `before` or `after` the call took effect."""

    method: str
    count: int = 1
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    delay: float = 0.0
    cut: str | None = None


@dataclass(slots=True)
class Faults:
    """Faults in the order they were asked for."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, asked: Mapping[str, Any]) -> Fault:
        """Arm a fault; `cut: true` means before."""
        cut = asked.get("cut")
        fault = Fault(
            method=str(asked.get("method", "*")),
            count=int(asked.get("count", 1)),
            error=asked.get("error"),
            status=asked.get("status"),
            retry_after=asked.get("retry_after"),
            delay=float(asked.get("delay", 0)),
            cut="before" if cut is True else cut or None,
        )
        self.waiting.append(fault)
        return fault

    def next_for(self, method: str) -> Fault | None:
        """Return the fault this call meets and count it; None when it goes well."""
        for fault in self.waiting:
            if fault.method in {method, "*"}:
                fault.count -= 1
                if fault.count <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
