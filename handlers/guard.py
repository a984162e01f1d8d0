"""May this person do this, here and now? Asked for every command, click and submission; fails closed.

Slack itself does not limit who may click a button, and in a channel shared with another organisation
its members can: https://docs.slack.dev/apis/slack-connect
"""

from __future__ import annotations

import logging

from bot.domain.approval import Person
from bot.errors import AuditUnavailable, Denial, NotAllowed, SlackError
from bot.ports import Desk, Entry, Workspace
from bot.usecases.admit import Right, admit
from handlers.caller import Caller

log = logging.getLogger(__name__)

NOT_VISIBLE = frozenset(
    {"channel_not_found", "not_in_channel", "missing_scope", "method_not_supported_for_channel_type"}
)
"""The bot cannot see that conversation, or it is a direct message, for which we ask no scope. An answer there
is for the asker's eyes alone."""


def check_origin(caller: Caller, workspace: Workspace) -> None:
    """Refuse what does not come from our workspace through our app. Asks nobody: fit for before the ack."""
    if not caller.team_id or caller.team_id != workspace.team_id:
        raise NotAllowed(Denial.WRONG_WORKSPACE)
    if workspace.app_id and caller.app_id != workspace.app_id:
        raise NotAllowed(Denial.WRONG_APP)
    if not caller.user_id or (caller.user_team_id and caller.user_team_id != workspace.team_id):
        raise NotAllowed(Denial.OUTSIDER)


async def guard(caller: Caller, right: Right, desk: Desk) -> Person:
    """Return who is calling if they may, from where they call; raise NotAllowed, and write it down."""
    try:
        check_origin(caller, desk.workspace)
        await _check_channel(caller, desk, must_see=right is Right.APPROVE)
        return await admit(caller.user_id, right, desk, fresh=right is not Right.ASK)
    except NotAllowed as error:
        await journal_refusal(caller, right, error, desk)
        raise


async def check_place(caller: Caller, desk: Desk, *, must_see: bool, doing: str) -> None:
    """The guard without membership: for deeds whose use case admits the person itself, in one step with it.

    `must_see`: refuse in a conversation the bot cannot see, because others would read along there.
    """
    try:
        check_origin(caller, desk.workspace)
        await _check_channel(caller, desk, must_see=must_see)
    except NotAllowed as error:
        await journal_refusal(caller, doing, error, desk)
        raise


async def _check_channel(caller: Caller, desk: Desk, *, must_see: bool) -> None:
    """Look anew before a decision: a channel may have become shared since it was looked at."""
    if not caller.channel_id:
        return
    try:
        channel = await desk.workspace.channel(caller.channel_id, fresh=must_see)
    except SlackError as error:
        if not must_see and error.code in NOT_VISIBLE:
            return
        raise NotAllowed(Denial.CANNOT_CHECK, f"the channel could not be read ({error.code})") from error
    if channel.is_external:
        raise NotAllowed(Denial.SHARED_CHANNEL)


async def journal_refusal(caller: Caller, doing: str, error: NotAllowed, desk: Desk) -> None:
    """Write a refusal down. A journal that cannot be written does not turn a refusal into a permission."""
    detail = {
        "what": doing,
        "slack_id": caller.user_id,
        "team_id": caller.team_id,
        "because": str(error.denial),
        "detail": error.detail,
    }
    entry = Entry("refused", detail={key: value[:200] for key, value in detail.items() if value})
    try:
        await desk.journal.write(entry)
    except AuditUnavailable:
        log.warning("a refusal (%s) could not be written to the journal", error.denial)
