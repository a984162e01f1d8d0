"""Who is reading? Decides what is shown; what may be done is asked again at every click."""

from __future__ import annotations

from bot.domain.people import User
from bot.errors import Denial, NotAllowed
from bot.ports import Desk, SlackPerson
from bot.render.failure import in_words
from bot.render.reader import Reader
from bot.usecases.admit import Right, is_on_list
from bot.usecases.identify import entra_account, slack_account


async def reader_of(slack_id: str, desk: Desk, *, with_entra: bool = True) -> Reader:
    """Return a person's standing; without Entra, Microsoft Graph is not asked.

    Raises NotAllowed(CANNOT_CHECK) when Slack cannot say who may ask. Nothing is journalled.
    """
    try:
        account = await slack_account(slack_id, desk)
    except NotAllowed as error:
        if error.denial is Denial.CANNOT_CHECK:
            raise
        return Reader(slack_id, belongs=False)
    asks = await is_on_list(account, Right.ASK, desk)
    approves, unchecked = await _approves(account, desk)
    entra, no_match = await _entra(account, desk) if with_entra else (None, None)
    trouble = in_words(no_match) if no_match else ""
    return Reader(
        slack_id,
        account.team_id,
        asks=asks,
        approves=approves,
        entra=entra,
        unread=no_match is not None and no_match.denial is Denial.CANNOT_CHECK,
        trouble=" ".join(part for part in (trouble, unchecked) if part),
    )


async def _approves(account: SlackPerson, desk: Desk) -> tuple[bool, str]:
    """A group that cannot be read leaves its members without the approver's view, and says so."""
    try:
        return await is_on_list(account, Right.APPROVE, desk), ""
    except NotAllowed as error:
        return False, in_words(error)


async def _entra(account: SlackPerson, desk: Desk) -> tuple[User | None, NotAllowed | None]:
    try:
        return await entra_account(account, desk), None
    except NotAllowed as error:
        return None, error
