"""May this person ask, request or approve? Decided at every click, and refused when it cannot be decided."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bot.domain.approval import Person
from bot.domain.people import ObjectId
from bot.errors import Denial, NotAllowed, SlackError
from bot.ports import Desk, SlackPerson
from bot.usecases.identify import entra_account, slack_account


class Right(StrEnum):
    """What someone wants to do."""

    ASK = "ask"  # read; look after an alert, or silence one person's
    REQUEST = "request"  # ask for a change: who may ask, with an Entra account
    APPROVE = "approve"  # approve or deny a change: approvers, with an Entra account


async def admit(slack_id: str, right: Right, desk: Desk, *, fresh: bool = False) -> Person:
    """Return the person if they may, else raise NotAllowed; `fresh` asks Slack anew.

    Asking needs no Entra account, so for Right.ASK `object_id` is empty.
    """
    account = await slack_account(slack_id, desk, fresh=fresh)
    await _check_membership(account, right, desk, fresh=fresh)
    if right is Right.ASK:
        return Person(ObjectId(""), account.id, account.team_id, account.name)
    user = await entra_account(account, desk)
    return Person(user.id, account.id, account.team_id, account.name, user.employee_id or "")


async def is_on_list(account: SlackPerson, right: Right, desk: Desk) -> bool:
    """Tell whether the lists give an account this right, Entra aside; raises NotAllowed(CANNOT_CHECK)."""
    try:
        await _check_membership(account, right, desk, fresh=False)
    except NotAllowed as error:
        if error.denial is Denial.CANNOT_CHECK:
            raise
        return False
    return True


async def _check_membership(account: SlackPerson, right: Right, desk: Desk, *, fresh: bool) -> None:
    """Approvers may ask too: they have to be able to look before they approve."""
    rules = desk.rules
    if right is Right.APPROVE:
        listed, denial = rules.approvers, Denial.NOT_APPROVER
    elif rules.helpdesk:
        listed, denial = rules.helpdesk | rules.approvers, Denial.NOT_HELPDESK
    else:
        return
    if not await _is_listed(account.id, listed, desk, fresh=fresh):
        raise NotAllowed(denial)


async def _is_listed(slack_id: str, listed: Collection[str], desk: Desk, *, fresh: bool) -> bool:
    """Look for an account among user ids, then in the user groups; a group that cannot be read is no "no"."""
    if slack_id in listed:
        return True
    unread: SlackError | None = None
    for group in sorted(name for name in listed if name.startswith("S")):
        try:
            if slack_id in await desk.workspace.members(group, fresh=fresh):
                return True
        except SlackError as error:
            unread = error
    if unread is not None:
        raise NotAllowed(Denial.CANNOT_CHECK, f"a user group could not be read ({unread.code})") from unread
    return False
