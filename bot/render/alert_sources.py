"""How the sources of sign-ins do, in a line each; and what to set when there is none."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert_overview import PollStanding, Reading, StreamStanding
from bot.render import safe
from bot.render.alert_words import took
from bot.render.failure import in_words
from bot.render.words import N_, _, ngettext

GOOD, LOOK, TROUBLE = N_("● Good"), N_("▲ Needs a look"), N_("■ Trouble")
WAITS, OFF = N_("◷ Starting"), N_("○ Off")
"""A shape and a word, as in `/psso status`."""


def source_lines(poll: PollStanding, stream: StreamStanding, now: datetime) -> list[str]:
    """Return one line for the polling and one for the stream."""
    return [poll_line(poll, now), stream_line(stream, now)]


def poll_line(poll: PollStanding, now: datetime) -> str:
    """Return how the polling of the sign-in log does."""
    return f"{_marked(poll.reading)}: {_poll_words(poll, now)}"


def stream_line(stream: StreamStanding, now: datetime) -> str:
    """Return how the stream of sign-ins does."""
    return f"{_marked(stream.reading)}: {_stream_words(stream, now)}"


def read_ago(poll: PollStanding, now: datetime) -> str:
    """Return when the log was last read, completing "No failures …"; empty when polling cannot tell."""
    if poll.read_at is None:
        return ""
    return _("the log was read {span} ago").format(span=took(poll.read_at, now))


def not_set_up() -> str:
    """Return what to do where nothing is watched."""
    return _(
        "Alerts are off: no channel is set. Whoever runs the bot sets `PSSO_ALERT_CHANNEL` to a channel's id "
        "(or `PSSO_SHADOW` to 1, to try it without posting) and starts it again. "
        "`/psso why USER` works without alerts."
    )


def nothing_read() -> str:
    """Return what to do where there is a channel and no source."""
    return _(
        "Nothing is read at the moment, so no failure can be seen. Whoever runs the bot sets "
        "`PSSO_POLL_SECONDS` to 60, or `PSSO_EVENT_HUB_CONNECTION` for the stream."
    )


def _marked(reading: Reading) -> str:
    match reading:
        case Reading.OFF:
            return _(OFF)
        case Reading.STARTING:
            return _(WAITS)
        case Reading.GOOD:
            return _(GOOD)
        case Reading.UNSTEADY:
            return _(LOOK)
    return _(TROUBLE)


def _poll_words(poll: PollStanding, now: datetime) -> str:
    if poll.reading is Reading.OFF:
        return _("the sign-in log is not polled")
    if poll.reading is Reading.STARTING:
        return _("the sign-in log was not read yet")
    trouble = safe.prose(in_words(poll.trouble), 400) if poll.trouble else ""
    if poll.read_at is None or poll.watermark is None:
        return _joined(_("the sign-in log could not be read yet."), trouble)
    words = _("the sign-in log was read {span} ago; the next reading looks {age} back").format(
        span=took(poll.read_at, now), age=took(poll.watermark, now)
    )
    if poll.gaps:
        gaps = ngettext(
            "{count} missed stretch is still to be read",
            "{count} missed stretches are still to be read",
            poll.gaps,
        )
        words = f"{words}; {gaps.format(count=poll.gaps)}"
    if poll.reading is Reading.GOOD:
        return words
    if poll.reading is Reading.UNSTEADY:
        return _joined(
            f"{words}.", _("The last try did not end; it is tried again, nothing is lost."), trouble
        )
    return _joined(f"{words}.", _("Newer failures are not known yet."), trouble)


def _stream_words(stream: StreamStanding, now: datetime) -> str:
    if stream.reading is Reading.OFF:
        return _("no stream of sign-ins is set up")
    if stream.reading is Reading.STARTING:
        return _("nothing came through the stream yet")
    if stream.reading is Reading.GOOD:
        if stream.backlog is None:
            return _("the stream is read as it comes")
        waiting = ngettext("{count} message waits", "{count} messages wait", stream.backlog)
        return _("the stream is read; {waiting}").format(waiting=waiting.format(count=stream.backlog))
    since = took(stream.since, now) if stream.since else _("some time")
    words = _("the stream could not be read for {span}.").format(span=since)
    return _joined(words, safe.prose(stream.trouble, 400))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
