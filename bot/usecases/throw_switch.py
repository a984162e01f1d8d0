"""Throw a switch so that what follows of it, its announcement above all, is done whoever dies meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.ports import Desk, Job, SwitchState

DONE_ANYWAY = timedelta(seconds=30)
MOST_LOOKS = 20
"""For ten minutes a throw that was begun is waited for. After that, what stands is told, rather than never:
it may be by somebody whose clock is behind, or untold because the throw that never came was in between."""


async def throw(switch: str, state: SwitchState, jobs: tuple[str, ...], desk: Desk) -> SwitchState:
    """Throw a switch, and have these kinds of jobs done at once; each asks `thrown` what it is about.

    They are scheduled before as well: whatever follows of a switch that was thrown is done.
    """
    body = {"at": state.at.isoformat()}
    for kind in jobs:
        await desk.schedule.put(kind, switch, desk.now() + DONE_ANYWAY, body)
    await desk.switches.throw(switch, state)
    for kind in jobs:
        await desk.schedule.put(kind, switch, desk.now(), body)
    return state


async def thrown(switch: str, job: Job, desk: Desk) -> SwitchState | None:
    """Return what the job of a throw is about: the switch as it stands now; None when there is nothing to do.

    A job that comes before its throw looks again: who throws may be held up, and then die before asking for
    it anew.
    """
    state, at = await desk.switches.read(switch), job.body.get("at", "")
    looks = int(job.body.get("looks", "0"))
    is_thrown = not at or (state is not None and state.at >= datetime.fromisoformat(at))
    if is_thrown or looks >= MOST_LOOKS:
        return state
    body = {**job.body, "looks": str(looks + 1)}
    await desk.schedule.put(job.kind, switch, desk.now() + DONE_ANYWAY, body)
    return None
