"""Every verdict in a few words, with a shape and a word that need neither colour nor emoji."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.render.safe import mrkdwn
from bot.render.words import N_, _


class Tone(Enum):
    """How a verdict begins: a shape and a word."""

    BLOCKED = "■", N_("Blocked")
    ATTENTION = "▲", N_("Needs a look")
    FINE = "●", N_("Not blocked")
    OPEN = "?", N_("Cannot tell")

    @property
    def mark(self) -> str:
        """The shape and the word together."""
        shape, word = self.value
        return f"{shape} {_(word)}"


@dataclass(frozen=True, slots=True)
class Headline:
    """A verdict's tone and title."""

    tone: Tone
    title: str


HEADLINES: dict[str, Headline] = {
    "WRONG_OR_DELETED_ACCOUNT": Headline(Tone.BLOCKED, N_("No such account, or it was deleted")),
    "ACCOUNT_DISABLED": Headline(Tone.BLOCKED, N_("The account is disabled")),
    "ALREADY_REGISTERED": Headline(Tone.FINE, N_("Already registered")),
    "ACCOUNT_LOCKED_OR_BAD_IP": Headline(
        Tone.BLOCKED, N_("The account is locked, or the address is refused")
    ),
    "PASSWORD_EXPIRED_OR_FORCED_CHANGE": Headline(Tone.BLOCKED, N_("The password must be changed first")),
    "WRONG_PASSWORD": Headline(Tone.BLOCKED, N_("Wrong password")),
    "WRONG_ACCOUNT_OR_TENANT": Headline(Tone.BLOCKED, N_("Wrong account or tenant")),
    "PER_USER_MFA": Headline(Tone.BLOCKED, N_("Per-user MFA blocks Platform SSO")),
    "PER_USER_MFA_ALREADY_REMOVED": Headline(Tone.FINE, N_("Per-user MFA was the cause and is already off")),
    "MFA_FROM_TWO_SOURCES": Headline(
        Tone.BLOCKED, N_("Per-user MFA and a Conditional Access policy both block it")
    ),
    "PER_USER_MFA_NOT_REGISTERED": Headline(
        Tone.BLOCKED, N_("Per-user MFA, and no MFA method registered yet")
    ),
    "MFA_REGISTRATION_MISSING": Headline(Tone.BLOCKED, N_("An MFA method must be registered first")),
    "PER_USER_MFA_SUSPECTED": Headline(Tone.ATTENTION, N_("Per-user MFA suspected, not proven")),
    "PER_USER_MFA_NOT_CURRENTLY_BLOCKING": Headline(
        Tone.FINE, N_("Per-user MFA is on but not in the way now")
    ),
    "PER_USER_MFA_LIKELY": Headline(Tone.ATTENTION, N_("Per-user MFA likely, judged by the state alone")),
    "CA_MFA": Headline(Tone.BLOCKED, N_("A Conditional Access policy demands MFA")),
    "SECURITY_DEFAULTS_MFA": Headline(Tone.BLOCKED, N_("Security defaults demand MFA")),
    "CANNOT_TELL_WHO_DEMANDED_MFA": Headline(Tone.OPEN, N_("MFA was demanded; by what cannot be told")),
    "DEVICE_REGISTRATION_MFA": Headline(Tone.BLOCKED, N_("Registering a device demands MFA")),
    "CONFIG_CONFLICT": Headline(Tone.ATTENTION, N_("Two settings demand MFA for device registration")),
    "MFA_PROMPT_NOT_COMPLETED": Headline(Tone.BLOCKED, N_("The MFA prompt was not completed")),
    "CA_DEVICE_STATE": Headline(Tone.BLOCKED, N_("A policy wants a compliant or joined device")),
    "CA_BLOCK": Headline(Tone.BLOCKED, N_("A Conditional Access policy blocks the sign-in")),
    "TOKEN_PROTECTION": Headline(Tone.BLOCKED, N_("Token protection refuses the sign-in")),
    "RISK_OR_REGISTRATION_RESTRICTION": Headline(Tone.BLOCKED, N_("Risk or a registration restriction")),
    "SESSION_ENDED": Headline(Tone.ATTENTION, N_("The session ended; sign in on the Mac again")),
    "DEVICE_LIMIT": Headline(Tone.BLOCKED, N_("The device limit is reached")),
    "NOT_ALLOWED_TO_JOIN": Headline(Tone.BLOCKED, N_("Not allowed to join devices")),
    "DEVICE_DISABLED": Headline(Tone.BLOCKED, N_("The device is disabled")),
    "DEVICE_OBJECT_GONE": Headline(Tone.BLOCKED, N_("The device object is gone")),
    "DEVICE_AUTH_FAILED": Headline(Tone.BLOCKED, N_("The device could not prove itself")),
    "KEY_OR_PRT_BROKEN": Headline(Tone.BLOCKED, N_("The key or token on the Mac is broken")),
    "NEVER_REACHED_ENTRA": Headline(Tone.ATTENTION, N_("No attempt reached Entra; look at the Mac")),
    "LEGACY_REGISTRATION_ONLY": Headline(Tone.ATTENTION, N_("Only an old-style registration exists")),
    "REGISTERED_PASSWORD_MODE_OR_KEY_STEP_MISSING": Headline(
        Tone.ATTENTION, N_("Registered with a password, or the key step is missing")
    ),
    "TENANT_RESTRICTION": Headline(Tone.BLOCKED, N_("The network restricts tenants")),
    "APP_CONFIG": Headline(Tone.BLOCKED, N_("An application's settings are in the way")),
    "SERVICE_OR_LOOP": Headline(Tone.ATTENTION, N_("A passing service error, or a loop")),
    "BOT_CREDENTIALS_BROKEN": Headline(Tone.OPEN, N_("The bot's own credentials do not work")),
    "CANNOT_TELL": Headline(Tone.OPEN, N_("No verdict yet")),
}


def headline(verdict: str) -> Headline:
    """Return a verdict's headline; an unlisted one is worded from its name."""
    listed = HEADLINES.get(verdict)
    if listed is not None:
        return Headline(listed.tone, _(listed.title))
    worded = mrkdwn(verdict.replace("_", " ").capitalize(), 100)
    return Headline(Tone.ATTENTION, worded or _("No verdict yet"))


def sureness(confidence: float) -> str:
    """Return a confidence in words and as a number: "very likely (93 %)"."""
    if confidence == 0:
        return _("nothing is proven")
    words = (
        (0.95, N_("almost certain")),
        (0.85, N_("very likely")),
        (0.7, N_("likely")),
        (0.5, N_("more likely than not")),
        (0.25, N_("unsure")),
    )
    word = next((word for least, word in words if confidence >= least), N_("very unsure"))
    return f"{_(word)} ({round(confidence * 100)} %)"
