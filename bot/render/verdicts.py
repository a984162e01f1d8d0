"""Every verdict in a few words, with a shape and a word that need neither colour nor emoji."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.render.safe import mrkdwn


class Tone(Enum):
    """How a verdict begins: a shape and a word."""

    BLOCKED = "■", "Blocked"
    ATTENTION = "▲", "Needs a look"
    FINE = "●", "Not blocked"
    OPEN = "?", "Cannot tell"

    @property
    def mark(self) -> str:
        """The shape and the word together."""
        shape, word = self.value
        return f"{shape} {word}"


@dataclass(frozen=True, slots=True)
class Headline:
    """A verdict's tone and title."""

    tone: Tone
    title: str


HEADLINES: dict[str, Headline] = {
    "WRONG_OR_DELETED_ACCOUNT": Headline(Tone.BLOCKED, "No such account, or it was deleted"),
    "ACCOUNT_DISABLED": Headline(Tone.BLOCKED, "The account is disabled"),
    "ALREADY_REGISTERED": Headline(Tone.FINE, "Already registered"),
    "ACCOUNT_LOCKED_OR_BAD_IP": Headline(Tone.BLOCKED, "The account is locked, or the address is refused"),
    "PASSWORD_EXPIRED_OR_FORCED_CHANGE": Headline(Tone.BLOCKED, "The password must be changed first"),
    "WRONG_PASSWORD": Headline(Tone.BLOCKED, "Wrong password"),
    "WRONG_ACCOUNT_OR_TENANT": Headline(Tone.BLOCKED, "Wrong account or tenant"),
    "PER_USER_MFA": Headline(Tone.BLOCKED, "Per-user MFA blocks Platform SSO"),
    "PER_USER_MFA_ALREADY_REMOVED": Headline(Tone.FINE, "Per-user MFA was the cause and is already off"),
    "MFA_FROM_TWO_SOURCES": Headline(
        Tone.BLOCKED, "Per-user MFA and a Conditional Access policy both block it"
    ),
    "PER_USER_MFA_NOT_REGISTERED": Headline(Tone.BLOCKED, "Per-user MFA, and no MFA method registered yet"),
    "MFA_REGISTRATION_MISSING": Headline(Tone.BLOCKED, "An MFA method must be registered first"),
    "PER_USER_MFA_SUSPECTED": Headline(Tone.ATTENTION, "Per-user MFA suspected, not proven"),
    "PER_USER_MFA_NOT_CURRENTLY_BLOCKING": Headline(Tone.FINE, "Per-user MFA is on but not in the way now"),
    "PER_USER_MFA_LIKELY": Headline(Tone.ATTENTION, "Per-user MFA likely, judged by the state alone"),
    "CA_MFA": Headline(Tone.BLOCKED, "A Conditional Access policy demands MFA"),
    "SECURITY_DEFAULTS_MFA": Headline(Tone.BLOCKED, "Security defaults demand MFA"),
    "CANNOT_TELL_WHO_DEMANDED_MFA": Headline(Tone.OPEN, "MFA was demanded; by what cannot be told"),
    "DEVICE_REGISTRATION_MFA": Headline(Tone.BLOCKED, "Registering a device demands MFA"),
    "CONFIG_CONFLICT": Headline(Tone.ATTENTION, "Two settings demand MFA for device registration"),
    "MFA_PROMPT_NOT_COMPLETED": Headline(Tone.BLOCKED, "The MFA prompt was not completed"),
    "CA_DEVICE_STATE": Headline(Tone.BLOCKED, "A policy wants a compliant or joined device"),
    "CA_BLOCK": Headline(Tone.BLOCKED, "A Conditional Access policy blocks the sign-in"),
    "TOKEN_PROTECTION": Headline(Tone.BLOCKED, "Token protection refuses the sign-in"),
    "RISK_OR_REGISTRATION_RESTRICTION": Headline(Tone.BLOCKED, "Risk or a registration restriction"),
    "SESSION_ENDED": Headline(Tone.ATTENTION, "The session ended; sign in on the Mac again"),
    "DEVICE_LIMIT": Headline(Tone.BLOCKED, "The device limit is reached"),
    "NOT_ALLOWED_TO_JOIN": Headline(Tone.BLOCKED, "Not allowed to join devices"),
    "DEVICE_DISABLED": Headline(Tone.BLOCKED, "The device is disabled"),
    "DEVICE_OBJECT_GONE": Headline(Tone.BLOCKED, "The device object is gone"),
    "DEVICE_AUTH_FAILED": Headline(Tone.BLOCKED, "The device could not prove itself"),
    "KEY_OR_PRT_BROKEN": Headline(Tone.BLOCKED, "The key or token on the Mac is broken"),
    "NEVER_REACHED_ENTRA": Headline(Tone.ATTENTION, "No attempt reached Entra; look at the Mac"),
    "LEGACY_REGISTRATION_ONLY": Headline(Tone.ATTENTION, "Only an old-style registration exists"),
    "REGISTERED_PASSWORD_MODE_OR_KEY_STEP_MISSING": Headline(
        Tone.ATTENTION, "Registered with a password, or the key step is missing"
    ),
    "TENANT_RESTRICTION": Headline(Tone.BLOCKED, "The network restricts tenants"),
    "APP_CONFIG": Headline(Tone.BLOCKED, "An application's settings are in the way"),
    "SERVICE_OR_LOOP": Headline(Tone.ATTENTION, "A passing service error, or a loop"),
    "BOT_CREDENTIALS_BROKEN": Headline(Tone.OPEN, "The bot's own credentials do not work"),
    "CANNOT_TELL": Headline(Tone.OPEN, "No verdict yet"),
}


def headline(verdict: str) -> Headline:
    """Return a verdict's headline; an unlisted one is worded from its name."""
    listed = HEADLINES.get(verdict)
    worded = mrkdwn(verdict.replace("_", " ").capitalize(), 100)
    return listed or Headline(Tone.ATTENTION, worded or "No verdict yet")


def sureness(confidence: float) -> str:
    """Return a confidence in words and as a number: "very likely (93 %)"."""
    if confidence == 0:
        return "nothing is proven"
    words = (
        (0.95, "almost certain"),
        (0.85, "very likely"),
        (0.7, "likely"),
        (0.5, "more likely than not"),
        (0.25, "unsure"),
    )
    word = next((word for least, word in words if confidence >= least), "very unsure")
    return f"{word} ({round(confidence * 100)} %)"
