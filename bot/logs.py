"""Logging: JSON lines on stderr (plain text on a terminal), with people and secrets taken out.

A net under the code, not a licence for it: log calls pass ids, never names, addresses or tokens.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

_REDACTIONS = (
    (re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|xoxe\.[\w.-]+"), "[token]"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), "[token]"),
    (re.compile(r"(?i)(bearer|client_secret=|password=)\s*[^\s&\"']+"), r"\1 [secret]"),
    (re.compile(r"https://hooks\.slack\.com/\S+|/_?response(?:_url)?/\S+"), "[response url]"),
    (re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), "[person]"),
    (re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), "[address]"),
    (re.compile(r"(?i)(?<![0-9a-f:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}(?![0-9a-f:])"), "[address]"),
)

_QUIET = ("azure", "msal", "httpx", "httpcore", "slack_sdk", "slack_bolt", "aiohttp.access", "urllib3")
"""Libraries that print bodies, URLs or tokens at debug and info."""

_NO_NEWS = ("As you gave `client` as well", "As `installation_store` or `authorize` has been used")
"""Bolt warns that it does not use SLACK_BOT_TOKEN itself: the client it is given already has it."""


def redacted(text: str) -> str:
    """Return `text` without tokens, e-mail addresses, network addresses and control characters."""
    for pattern, instead in _REDACTIONS:
        text = pattern.sub(instead, text)
    return "".join(char if char.isprintable() or char == " " else " " for char in text)


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


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Send the log to `stream` (stderr): JSON lines, or readable text when it is a terminal."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(Readable() if out.isatty() else JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("slack_bolt.AsyncApp").addFilter(
        lambda record: not record.getMessage().startswith(_NO_NEWS)
    )
