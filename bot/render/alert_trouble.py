"""Alert channels that take no message: which, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.render.words import N_, _

FIXES: Mapping[str, str] = {
    "channel_not_found": N_(
        "it does not exist or the bot cannot see it; invite the bot, or set another channel"
    ),
    "is_archived": N_("it is archived; restore it, or set another channel"),
    "not_in_channel": N_("the bot is not in it; invite the bot"),
    "shared_channel": N_("it is shared with another organisation; set a channel that is not"),
}


def channel_trouble(failing: Mapping[str, str]) -> str:
    """Return one sentence about channels and Slack's error words; "" when there are none."""
    if not failing:
        return ""
    listed = "; ".join(f"{channel}: {_fix(code)}" for channel, code in sorted(failing.items()))
    said = _("Alerts do not reach their channel and go to the approval channel: {listed}.")
    return said.format(listed=listed)


def _fix(code: str) -> str:
    known = FIXES.get(code)
    return _(known) if known else _("Slack answers {code}").format(code=code)
