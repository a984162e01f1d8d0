"""What people are told about the polling."""

from __future__ import annotations

import pytest

from bot.domain.poll_health import PollHealth
from bot.errors import GraphRefused, GraphThrottled, GraphUnreachable, RefusalKind
from bot.render.poll_health import degraded_line
from tests.domain.test_poll_health import MINUTE, read
from tests.fakes import NOON

LICENCE = GraphRefused("the sign-in log", 403, kind=RefusalKind.LICENCE)


@pytest.mark.parametrize(
    ("health", "says"),
    [
        (read(1), ""),
        (read(7), ""),
        (read(7, trouble=GraphThrottled("the sign-in log")), ""),
        (read(7, trouble=GraphUnreachable("the sign-in log")), ""),
        (read(9), "Failed registrations were last looked for 9 minutes ago."),
        (read(90), "Failed registrations were last looked for 90 minutes ago."),
        (read(1, trouble=LICENCE), "Failed registrations are not being watched. "),
        (PollHealth(since=NOON - 7 * MINUTE), ""),
        (PollHealth(since=NOON - 9 * MINUTE), "Failed registrations are not being watched."),
    ],
)
def test_people_are_told_when_failures_may_go_unnoticed(health: PollHealth, says: str) -> None:
    line = degraded_line(health, NOON)

    assert line.startswith(says) if says else not line
    assert ("licen" in line.lower()) is (health.trouble is LICENCE)
