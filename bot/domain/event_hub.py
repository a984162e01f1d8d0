"""Where sign-ins are streamed to: the Event Hubs namespace and hubs that the settings name.

Kafka endpoint and login: https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-apache-kafka-overview
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.domain.loopback import is_loopback_host
from bot.errors import BadInput

DEFAULT_HUBS = ("insights-logs-signinlogs", "insights-logs-noninteractiveusersigninlogs")
"""The hubs that Azure Monitor makes when the diagnostic setting names none."""

TLS_PORT = 9093
PLAIN_PORT = 9092  # the emulator's: https://learn.microsoft.com/azure/event-hubs/overview-emulator

CONNECTION, NAMESPACE, NAMES = "PSSO_EVENT_HUB_CONNECTION", "PSSO_EVENT_HUB_NAMESPACE", "PSSO_EVENT_HUB_NAMES"

_CLOUDS = r"servicebus\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
_HOST = re.compile(rf"[a-z0-9-]+\.{_CLOUDS}")
_HUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")


@dataclass(frozen=True, slots=True)
class EventHub:
    """A namespace, its hubs, and the consumer group to read them in.

    `connection` is the shared access key's connection string; empty: Entra tokens, and on loopback no login.
    """

    host: str
    port: int
    names: tuple[str, ...]
    group: str
    connection: str = field(default="", repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, and spoken to in plain text."""
        return is_loopback_host(self.host)

    @property
    def wants_token(self) -> bool:
        """Whether an Entra token is the login."""
        return not self.connection and not self.is_local

    @property
    def address(self) -> str:
        """Where the Kafka endpoint listens."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def event_hub(connection: str, namespace: str, names: tuple[str, ...], group: str) -> EventHub | None:
    """Return what the settings name, None when they name nothing; BadInput with the setting as its field."""
    if connection and namespace:
        raise BadInput("is set beside PSSO_EVENT_HUB_CONNECTION: one of the two is enough", NAMESPACE)
    if not connection and not namespace:
        return None
    for name in names:
        if not _HUB.fullmatch(name):
            raise BadInput(f"names {name!r}, which cannot be an event hub", NAMES)
    if namespace:
        return EventHub(*_host(namespace, NAMESPACE), names or DEFAULT_HUBS, group)
    parts = _connection(connection)
    entity = parts.get("entitypath", "")
    if entity and names and names != (entity,):
        raise BadInput(f"names other hubs than {entity!r}, which the connection string is for", NAMES)
    host, port = _host(parts["endpoint"], CONNECTION)
    return EventHub(host, port, (entity,) if entity else names or DEFAULT_HUBS, group, connection)


def _connection(text: str) -> dict[str, str]:
    """Read a connection string; nothing of it is repeated in an error, since it is a secret."""
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    parts = {name.strip().lower(): value.strip() for name, _, value in pairs}
    wanted = ("endpoint", "sharedaccesskeyname", "sharedaccesskey")
    if not all(parts.get(name) for name in wanted):
        raise BadInput(
            "is not a connection string like Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…",
            CONNECTION,
        )
    return parts


def _host(text: str, setting: str) -> tuple[str, int]:
    """Read a namespace: our token or key is shown to Event Hubs and to this machine, and to nobody else."""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, port = "", None
    if is_loopback_host(host):
        return host, port or PLAIN_PORT
    if not _HOST.fullmatch(host):
        raise BadInput("does not name a namespace like contoso.servicebus.windows.net", setting)
    return host, port or TLS_PORT
