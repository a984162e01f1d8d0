"""Starts and stops are journalled; settings that differ are named, never shown."""

from __future__ import annotations

import pytest

from bot.errors import AuditUnavailable, SlackError
from bot.usecases.started import started, stopped
from tests.fakes import APPROVAL_CHANNEL, a_desk, some_rules

FIRST = {"PSSO_APPROVERS": "aaaa", "PSSO_HOURS": "bbbb"}


async def test_first_start_has_nothing_to_compare_with() -> None:
    desk = a_desk()

    assert await started(FIRST, desk) == ()

    assert desk.journal.kinds == ["bot.started"]
    assert desk.journal.entries[0].detail == {"settings": "PSSO_APPROVERS=aaaa PSSO_HOURS=bbbb"}
    assert desk.announcer.posted == []


async def test_same_settings_are_no_change() -> None:
    desk = a_desk()
    await started(FIRST, desk)

    assert await started(FIRST, desk) == ()
    assert desk.journal.kinds == ["bot.started", "bot.started"]


async def test_changed_added_and_removed_settings_are_named_and_announced() -> None:
    desk = a_desk(rules=some_rules(audit_channel="C0AUDIT"))
    await started(FIRST, desk)

    changed = await started({"PSSO_APPROVERS": "cccc", "PSSO_SHADOW": "dddd"}, desk)

    assert changed == ("PSSO_APPROVERS", "PSSO_HOURS", "PSSO_SHADOW")
    assert desk.journal.kinds == ["bot.started", "settings.changed", "bot.started"]
    assert desk.journal.entries[1].detail == {"names": "PSSO_APPROVERS, PSSO_HOURS, PSSO_SHADOW"}
    ((channel, text),) = desk.announcer.posted
    assert channel == "C0AUDIT"
    assert "`PSSO_APPROVERS`" in text
    assert "who may approve" in text
    assert "cccc" not in text


@pytest.mark.parametrize(("name", "told"), [("PSSO_APPROVERS", [APPROVAL_CHANNEL]), ("PSSO_HOURS", [])])
async def test_without_an_audit_channel_approvers_are_announced_where_they_decide(
    name: str, told: list[str]
) -> None:
    desk = a_desk()
    await started(FIRST, desk)

    await started({**FIRST, name: "eeee"}, desk)

    assert [channel for channel, _ in desk.announcer.posted] == told


async def test_crash_between_the_two_records_finds_the_difference_again() -> None:
    desk = a_desk()
    await started(FIRST, desk)
    desk.journal.troubles["bot.started"] = [AuditUnavailable("disk full")]
    with pytest.raises(AuditUnavailable):
        await started({}, desk)

    assert await started({}, desk) == ("PSSO_APPROVERS", "PSSO_HOURS")


async def test_slack_that_fails_does_not_stop_the_start() -> None:
    desk = a_desk()
    await started(FIRST, desk)
    desk.announcer.troubles["post"] = SlackError("chat.postMessage", "unreachable")

    assert await started({}, desk) == ("PSSO_APPROVERS", "PSSO_HOURS")
    assert desk.journal.kinds[-1] == "bot.started"


async def test_stop_is_journalled_and_never_fails() -> None:
    desk = a_desk()

    await stopped(desk)
    desk.journal.troubles["write"] = AuditUnavailable("disk full")
    await stopped(desk)

    assert desk.journal.kinds == ["bot.stopped"]
