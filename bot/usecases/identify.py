"""Which Entra account is behind a Slack account."""

from __future__ import annotations

from bot.domain.people import User
from bot.errors import AmbiguousUser, BadInput, Denial, GraphError, NoSuchUser, NotAllowed, SlackError
from bot.ports import Desk, SlackPerson


async def slack_account(slack_id: str, desk: Desk, *, fresh: bool = False) -> SlackPerson:
    """Return a full, active, human member of our workspace; NotAllowed for anybody else."""
    try:
        person = await desk.workspace.person(slack_id, fresh=fresh)
    except SlackError as error:
        raise NotAllowed(Denial.CANNOT_CHECK, f"Slack did not describe the account ({error.code})") from error
    denials = (
        (person.is_deleted, Denial.DEACTIVATED),
        (person.is_bot, Denial.BOT),
        (person.is_stranger or person.team_id != desk.workspace.team_id, Denial.OUTSIDER),
        (person.is_guest, Denial.GUEST),
    )
    for applies, denial in denials:
        if applies:
            raise NotAllowed(denial)
    return person


async def entra_person(slack_id: str, desk: Desk) -> User:
    """Return the enabled Entra account of a Slack account: the pinned one, or the one with its e-mail."""
    return await entra_account(await slack_account(slack_id, desk), desk)


async def entra_account(person: SlackPerson, desk: Desk) -> User:
    """Return the enabled Entra account of a Slack account that was checked already."""
    try:
        user = await _pinned_or_matched(person, desk)
    except (NoSuchUser, BadInput) as error:
        raise NotAllowed(Denial.NO_ENTRA_PERSON) from error
    except AmbiguousUser as error:
        raise NotAllowed(Denial.AMBIGUOUS_ENTRA_PERSON) from error
    except GraphError as error:
        raise NotAllowed(Denial.CANNOT_CHECK, "Microsoft Graph could not be asked") from error
    if user.account_enabled is None:
        raise NotAllowed(Denial.CANNOT_CHECK, "Microsoft Graph did not say whether the account is enabled")
    if not user.account_enabled:
        raise NotAllowed(Denial.ENTRA_PERSON_DISABLED)
    return user


async def _pinned_or_matched(person: SlackPerson, desk: Desk) -> User:
    pin = desk.rules.pins.get(person.id)
    if pin:
        return await desk.directory.find_user(pin)
    if not person.email:
        raise NotAllowed(Denial.NO_ENTRA_PERSON, "the Slack account shows no e-mail address")
    return await desk.directory.owner_of(person.email)
