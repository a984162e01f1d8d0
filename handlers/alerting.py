"""The buttons of an alert: diagnose its people, look after it, keep its like quiet for a while."""

from __future__ import annotations

from bot.domain.alerts import AlertGroup, GroupState, Scope
from bot.domain.silencing import LENGTHS, Reach, reaches
from bot.errors import BadInput
from bot.render import labels
from bot.render.alert_answers import closed, gone, looked_after, people_list, silenced, subject_of
from bot.render.words import DEFAULT, reading_in
from bot.usecases.acknowledge_alert import AcknowledgeAsk, acknowledge
from bot.usecases.admit import Right
from bot.usecases.silence_alerts import NOT_A_CHOICE, SilenceAsk, silence
from handlers.alert_forms import alert_group
from handlers.errand import Errand
from handlers.guard import check_place, guard
from handlers.questions import diagnose_beside


async def diagnose(errand: Errand) -> None:
    """Diagnose the alert's person, or list its people when they are several."""
    await guard(errand.caller, Right.ASK, errand.desk)
    group_id, _, user_id = errand.said("value").partition("/")
    group = await alert_group(group_id, errand.desk)
    if group is None:
        await errand.line.say(gone())
    elif user_id:
        await diagnose_beside(errand, user_id)
    elif group.scope is Scope.PERSON:
        await diagnose_beside(errand, group.newest.user_id or group.newest.user_principal_name)
    else:
        await errand.line.say(people_list(group, errand.desk.new_id()))


async def look_after(errand: Errand) -> None:
    """Say that the clicker looks after the alert."""
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    ask = AcknowledgeAsk(errand.said("value"), errand.caller.user_id, errand.clicked_at, errand.job.op_id)
    looked = await acknowledge(ask, errand.desk)
    if looked.by is not None:
        await errand.line.say(looked_after(looked.by, errand.caller.user_id))
    else:
        await errand.line.say(closed(looked.group) if looked.group else gone())


async def keep_quiet(errand: Errand) -> None:
    """Silence alerts like this one."""
    await check_place(errand.caller, errand.desk, must_see=True, doing=errand.job.kind)
    group = await alert_group(errand.said("value"), errand.desk)
    if group is None:
        await errand.line.say(gone())
        return
    if group.state is GroupState.RESOLVED:
        await errand.line.say(closed(group))
        return
    length, reach = (
        LENGTHS.get(errand.said(labels.SILENCE_LENGTH_FIELD)),
        errand.said(labels.SILENCE_WHAT_FIELD),
    )
    if length is None or reach not in reaches(group):
        raise BadInput(NOT_A_CHOICE, labels.SILENCE_WHAT_FIELD)
    ask = SilenceAsk(
        group_id=group.id,
        reach=reach,
        length=length,
        reason=errand.said(labels.REASON_FIELD),
        subject=_stored_subject(group, Reach(reach)),
        slack_id=errand.caller.user_id,
        at=errand.clicked_at,
        op_id=errand.job.op_id,
    )
    await errand.line.say(silenced(await silence(ask, errand.desk)))


def _stored_subject(group: AlertGroup, reach: Reach) -> str:
    """Return what is silenced, in English like everything that is stored: others read it too."""
    with reading_in(DEFAULT):
        return subject_of(group, reach)
