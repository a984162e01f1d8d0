"""Logging: JSON lines on stderr (plain text on a terminal), with people and secrets taken out.

A net under the code, not a licence for it: log calls pass ids, never names, addresses or tokens.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TextIO

_REDACTIONS = (
    (re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|xoxe\.[\w.-]+"), "[token]"),
    (re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*"), "[token]"),
    (re.compile(r"(?i)(bearer|client_secret=|password=)\s*[^\s&\"']+"), r"\1 [secret]"),
    (re.compile(r"https://hooks\.slack\.com/\S+|/_?response(?:_url)?/\S+"), "[response url]"),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), "[person]"),
)

_NETWORK_ADDRESS = re.compile(r"(?<![\w.:])[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*[0-9A-Fa-f:](?!\w)")
"""What may be one: an address is only what parses as one, so that times and versions stay readable."""

_QUIET = tuple(
    f"{name}."
    for name in (
        "azure",
        "msal",
        "httpx",
        "httpcore",
        "slack_sdk",
        "slack_bolt",
        "aiohttp",
        "urllib3",
        "redis",
    )
)
"""Libraries that print bodies, URLs or tokens at debug and info: Bolt prints whole cards, with names."""

_NO_NEWS = ("As you gave `client` as well", "As `installation_store` or `authorize` has been used")
"""Bolt warns that it does not use SLACK_BOT_TOKEN itself: the client it is given already has it."""


def redacted(text: str) -> str:
    """Return `text` without tokens, e-mail addresses, network addresses and control characters."""
    for pattern, instead in _REDACTIONS:
        text = pattern.sub(instead, text)
    text = _NETWORK_ADDRESS.sub(_address_or_not, text)
    return "".join(char if char.isprintable() or char == " " else " " for char in text)


def _address_or_not(found: re.Match[str]) -> str:
    """Take out an address, with a port or full stop behind it; leave everything else."""
    text = found[0]
    for candidate in (text, text.rstrip(".:"), text.rpartition(":")[0]):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return "[address]" + text[len(candidate) :]
    return text


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, and an exception's type and place."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redacted(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class Readable(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        text = f"{record.levelname.lower()}: {redacted(record.getMessage())}"
        if record.exc_info:
            text += " | " + redacted(self.formatException(record.exc_info))
        return text


def _may_be_said(record: logging.LogRecord) -> bool:
    """Let a quiet library warn, and nothing less. Setting its level would not last: Bolt sets its own."""
    return record.levelno >= logging.WARNING or not f"{record.name}.".startswith(_QUIET)


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Send the log to `stream` (stderr): JSON lines, or readable text when it is a terminal."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(Readable() if out.isatty() else JsonLines())
    handler.addFilter(_may_be_said)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("slack_bolt.AsyncApp").addFilter(
        lambda record: not record.getMessage().startswith(_NO_NEWS)
    )
