"""What stands beside the open requests in the home tab."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.alert_overview import Overview
from bot.domain.approval import ChangeRequest
from bot.ports import BudgetUse, SweepReport, SwitchState


@dataclass(frozen=True, slots=True)
class Beside:
    """None: it is not known, or there is none."""

    held: SwitchState | None = None  # changes are on hold
    decided: tuple[ChangeRequest, ...] = ()  # the reader's own that are over, newest first
    overview: Overview | None = None  # None: nothing is watched
    paused: SwitchState | None = None  # alerts are paused
    sweep: SweepReport | None = None  # the last one since this bot started
    budget: BudgetUse | None = None


NOTHING_BESIDE = Beside()
