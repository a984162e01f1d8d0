"""Show alerts in Slack: each group as one message, posted once and then kept up to date.

A job names a group and nothing else; everything is read anew, so jobs may come twice, late or overtake each
other. Whatever is due later goes to the schedule, and what Slack does not take comes again: no alert is lost
with a restart, a limit or a channel. Only the moment between Slack's accepting a message and our writing that
down cannot be closed: a process that is killed in it, or an answer that is lost, means one post more.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alert_delivery import (
    OUTAGES,
    Adopt,
    Edit,
    Post,
    Standing,
    Stay,
    Tell,
    Wait,
    decide,
    is_news,
    names_a_policy,
)
from bot.domain.alerts import AlertView, MessageRef, Quiet, Scope
from bot.errors import NotAllowed, SlackError, StoreUnavailable
from bot.ports import Desk, Job
from bot.usecases.alert_jobs import ALERT, Delivery, digest_at, look_at, note, tally
from bot.usecases.alert_standing import alerts_of, standing_of, view_of
from bot.usecases.alert_trouble import CARD_GONE, CHANNEL_LOST, code_of, come_again, is_channel_lost

LONGEST_PAUSE = 1.5  # seconds; what is due later waits in the schedule
EARLY = 1.2  # how long before its turn a job comes from the schedule, which is looked at once a second
CLAIM = timedelta(seconds=75)  # longer than any call of Slack takes; so long a killed worker holds others up
SOON = timedelta(seconds=2)
MOST_LOOKS = 5
REMEMBER_SECONDS = 30

BURST = timedelta(seconds=60)
MOST_CARDS = 20
"""So many cards go to one channel within BURST; what comes on top is listed in a digest."""
HELD_DIGEST_AFTER = timedelta(seconds=10)
DIGEST_MISSED_AFTER = timedelta(seconds=45)

MOST_LINES = 10  # in the threads of one channel within BURST

log = logging.getLogger(__name__)

Show = Post | Edit | Adopt | Tell


async def carry_out(job: Job, desk: Desk) -> None:
    """Carry out one job {group_id} of the outbox or of the schedule. Raises StoreUnavailable: come again."""
    delivery: Delivery | None = Delivery.from_body(job.body)
    for _ in range(MOST_LOOKS):
        if delivery is None:
            return
        delivery = await _look(delivery, desk)
    if delivery is not None:
        await look_at(delivery, desk.now() + SOON, desk)


async def _look(delivery: Delivery, desk: Desk) -> Delivery | None:
    """Do what is due now; return the next look when that is due at once."""
    group = await alerts_of(desk).groups.get(delivery.group_id)
    if group is None:
        log.warning("alert group %s is no longer kept", delivery.group_id)
        alerts_of(desk).counters.count("dropped", "forgotten")
        return None
    standing = await standing_of(group, delivery, desk)
    action = decide(standing)
    if isinstance(action, Wait):
        return await _wait(standing, action, delivery, desk)
    if isinstance(action, Stay):
        await _stay(standing, action, delivery, desk)
        return None
    if isinstance(action, Post) and await _belongs_in_digest(standing, action, delivery, desk):
        return None
    return await _show(standing, action, delivery, desk)


# --- not now ------------------------------------------------------------------------------------------------


async def _wait(s: Standing, action: Wait, delivery: Delivery, desk: Desk) -> Delivery | None:
    left = (action.until - desk.now()).total_seconds()
    later = await _unclaimed(delivery, desk)
    if action.why is None and left <= LONGEST_PAUSE:
        await desk.pause(max(0.0, left))
        return later
    if action.why is not None:
        later = replace(later, held=str(action.why))
        detail = s.silence.subject if s.silence else action.until.isoformat(timespec="minutes")
        await note(s.group, action.why, detail, desk)
    await look_at(later, action.until, desk)
    return None


async def _stay(s: Standing, action: Stay, delivery: Delivery, desk: Desk) -> None:
    await _unclaimed(delivery, desk)
    if action.why in (None, Quiet.ABSORBED) or s.message is not None:  # who absorbs a group notes it
        return
    details = {
        Quiet.SHADOW: s.channel,
        Quiet.SILENCED: s.silence.subject if s.silence else "",
    }
    if await note(s.group, action.why, details.get(action.why, ""), desk) and action.why is Quiet.SHADOW:
        await tally("shadowed", desk)


async def _unclaimed(delivery: Delivery, desk: Desk) -> Delivery:
    """Give up the claim and the turn that an earlier look took."""
    if delivery.holder:
        await alerts_of(desk).messages.let_go(delivery.group_id, delivery.holder)
    return replace(delivery, holder="", turn="")


async def _belongs_in_digest(s: Standing, action: Post, delivery: Delivery, desk: Desk) -> bool:
    """Leave it to the channel's next digest when it was held, or when too much comes at once.

    It looks again after that by itself: whatever the digest missed is not lost.
    """
    if delivery.alone or s.group.scope in OUTAGES:
        return False
    now, due = desk.now(), desk.now() + HELD_DIGEST_AFTER
    if not action.in_digest:
        if await desk.limits.admit("alert_cards", action.channel, MOST_CARDS, BURST, s.group.id):
            return False
        due = now + BURST - timedelta(seconds=now.timestamp() % BURST.total_seconds())
    await digest_at(action.channel, due, desk)
    later = await _unclaimed(delivery, desk)
    await look_at(later, due + DIGEST_MISSED_AFTER, desk)
    return True


# --- now ----------------------------------------------------------------------------------------------------


async def _show(s: Standing, action: Show, delivery: Delivery, desk: Desk) -> Delivery | None:
    messages, group_id = alerts_of(desk).messages, s.group.id
    holder = delivery.holder or desk.new_id()
    if not await messages.begin(group_id, holder, CLAIM):
        await look_at(delivery.tried(), desk.now() + min(delivery.backoff, BURST), desk)
        return None
    if await messages.get(group_id) != s.message:  # somebody was faster between our looking and our claim
        return await _unclaimed(replace(delivery, holder=holder), desk)
    lane = _lane(s, action)
    if not await _has_turn(lane, replace(delivery, holder=holder), desk):
        return None
    try:
        again = await _send(s, action, replace(delivery, holder=holder), desk)
    except (SlackError, NotAllowed) as error:
        await messages.let_go(group_id, holder)
        return await _refused(s, action, _Trouble(lane, error), delivery, desk)
    except StoreUnavailable:
        await messages.let_go(group_id, holder)
        raise
    return again


def _lane(s: Standing, action: Show) -> str:
    """New messages keep the pace of their channel; edits that of their method, outages before people."""
    if isinstance(action, Post):
        return action.channel
    if isinstance(action, Tell):
        return action.message.channel
    return "edits" if s.group.scope is Scope.PERSON else "edits/wide"


async def _has_turn(lane: str, delivery: Delivery, desk: Desk) -> bool:
    """Wait for a turn in the lane; False when it is so far off that the schedule waits, with our claim."""
    now = desk.now()
    if delivery.turn:
        left = (datetime.fromisoformat(delivery.turn) - now).total_seconds()
        if left > -0.2:
            await desk.pause(max(0.0, left))
            return True
    left = await alerts_of(desk).pace.turn(lane)
    if left <= LONGEST_PAUSE:
        if left > 0:
            await desk.pause(left)
        return True
    turn = now + timedelta(seconds=left)
    await alerts_of(desk).messages.begin(delivery.group_id, delivery.holder, turn - now + CLAIM)
    waiting = replace(delivery, turn=turn.isoformat())
    await look_at(waiting, turn - timedelta(seconds=EARLY), desk, lane="turn")
    return False


async def _send(s: Standing, action: Show, delivery: Delivery, desk: Desk) -> Delivery | None:
    """Post or edit, remember it, then say what is news in the thread; return the next look, if one is due."""
    view = await view_of(s, delivery, desk)
    shown = await _on_board(s, action, view, desk)
    await remember(s.group.id, delivery.holder, shown, desk)
    await _counted(s, action, shown, desk)
    if isinstance(action, Adopt) or (isinstance(action, Edit) and is_news(s.group, action.message)):
        await _say_in_thread(shown, replace(view, shown=action.message), desk)
    return None if s.message is not None else await _after_posting(s, desk)


async def _after_posting(s: Standing, desk: Desk) -> Delivery:
    """Look again at once: what came while it was posted found no message to edit.

    Who changed a policy is looked up now that the card is there; a place's card stays free to be taken over.
    """
    asks = names_a_policy(s.group)
    if asks and s.group.scope is Scope.PLACE:
        await look_at(Delivery(s.group.id, redraw="1"), desk.now() + desk.rules.alert_edit_every, desk)
        return Delivery(s.group.id)
    return Delivery(s.group.id, redraw="1" if asks else "")


async def _on_board(s: Standing, action: Show, view: AlertView, desk: Desk) -> MessageRef:
    """Return the message as it is now."""
    board, group = alerts_of(desk).board, s.group
    if isinstance(action, Post):
        ts = await board.post(action.channel, view)
        now = desk.now()
        posted = MessageRef(action.channel, ts, now, now, group.version, meant_for=view.meant_for)
        return replace(posted, told_count=group.count, told_registered=group.registered)
    before = action.message
    if isinstance(action, Tell):
        await board.detail(before.channel, before.ts, view)
    else:
        await board.edit(before.channel, before.ts, replace(view, shown=before))
    # Later than the post even by a clock that stands still: the first edit alone is free.
    edited_at = max(desk.now(), before.posted_at + timedelta(milliseconds=1))
    after = replace(before, shown_at=edited_at, shown_version=group.version, meant_for=view.meant_for)
    if isinstance(action, Adopt) or is_news(group, before):
        return replace(after, told_count=group.count, told_registered=group.registered)
    return after


async def remember(group_id: str, holder: str, shown: MessageRef, desk: Desk) -> None:
    """Write down what is shown, also against a store that is away for a moment: it would be repeated.

    Raises StoreUnavailable when it stays away.
    """
    for _ in range(REMEMBER_SECONDS):
        try:
            await alerts_of(desk).messages.shown(group_id, holder, shown)
        except StoreUnavailable:
            log.warning("the message of alert group %s is posted and not yet written down", group_id)
            await desk.pause(1.0)
        else:
            return
    await alerts_of(desk).messages.shown(group_id, holder, shown)


async def _counted(s: Standing, action: Show, shown: MessageRef, desk: Desk) -> None:
    counters, scope = alerts_of(desk).counters, str(s.group.scope)
    counters.channel_works(shown.channel)
    if not isinstance(action, Post):
        counters.count("edited", scope)
        await tally("edited", desk)
        return
    counters.count("posted", scope)
    await tally("posted", desk)
    if s.group.is_late:
        await tally("posted_late", desk)


async def _say_in_thread(shown: MessageRef, view: AlertView, desk: Desk) -> None:
    """Say what is new below the card. The card says it too, so it never waits and is never repeated."""
    alerts, channel = alerts_of(desk), shown.channel
    if not await desk.limits.admit("alert_lines", channel, MOST_LINES, BURST, desk.new_id()):
        return
    left = await alerts.pace.turn(channel)
    if left > LONGEST_PAUSE:
        return
    await desk.pause(left)
    try:
        await alerts.board.detail(channel, shown.ts, view)
    except (SlackError, NotAllowed) as error:
        log.warning("news could not be said in the thread of an alert: %s", error)


# --- when Slack does not take it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Trouble:
    lane: str
    error: SlackError | NotAllowed

    @property
    def code(self) -> str:
        """The error in a word."""
        return code_of(self.error)


async def _refused(
    s: Standing, action: Show, trouble: _Trouble, delivery: Delivery, desk: Desk
) -> Delivery | None:
    """Find another way, or come again later; return the next look when it is due at once."""
    log.warning("Slack did not take alert group %s (%s): %s", s.group.id, type(action).__name__, trouble.code)
    if isinstance(action, Post) and is_channel_lost(trouble.error):
        alerts_of(desk).counters.channel_failed(action.channel, trouble.code)
        if action.channel != desk.rules.approval_channel:
            alerts_of(desk).counters.count("fallback", trouble.code)
            await tally("fallback", desk)
            return replace(delivery, instead_of=action.channel, refused_with=trouble.code, turn="", holder="")
    if isinstance(action, Adopt) and trouble.code in CARD_GONE | CHANNEL_LOST:
        return replace(delivery, anew="1", turn="", holder="")
    if isinstance(action, Edit | Tell) and trouble.code in CARD_GONE | CHANNEL_LOST:
        await _give_up_card(s, action, trouble, desk)
        return None
    await come_again(delivery, trouble.lane, trouble.error, desk)
    await note(s.group, Quiet.NOT_SLACK, trouble.code, desk)
    return None


async def _give_up_card(s: Standing, action: Edit | Tell, trouble: _Trouble, desk: Desk) -> None:
    """Somebody deleted the card, or nobody can write there: say the end of it in the thread if that goes."""
    alerts, message, holder = alerts_of(desk), action.message, desk.new_id()
    alerts.counters.count("dropped", f"edit_{trouble.code}")
    if not await alerts.messages.begin(s.group.id, holder, CLAIM):
        return
    after = replace(message, shown_at=desk.now(), shown_version=s.group.version)
    await remember(s.group.id, holder, after, desk)
    if isinstance(action, Edit) and is_news(s.group, message):
        await _say_in_thread(message, await view_of(s, Delivery(s.group.id), desk), desk)


SCHEDULED: Mapping[str, Callable[[Job, Desk], Awaitable[None]]] = {ALERT: carry_out}
"""The kinds of scheduled jobs that belong here, and who carries them out."""
