"""Who the bot is to Entra: a reader, and a writer that may be another app.

Clouds: https://learn.microsoft.com/graph/deployments
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from bot.domain.loopback import is_loopback
from bot.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Cloud:
    """A national cloud: its Graph and its sign-in host."""

    graph: str
    login: str


CLOUDS = {
    "global": Cloud("https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "usgov": Cloud("https://graph.microsoft.us", "https://login.microsoftonline.us"),
    "dod": Cloud("https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
    "china": Cloud("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """An app registration or managed identity; the first credential that is set is used, in this order.

    `prefix` names the settings in errors: "AZURE" or "PSSO_WRITER".
    """

    tenant_id: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    certificate_path: str | None = None
    federated_token_file: str | None = None
    cloud: str = "global"
    prefix: str = "AZURE"


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that is simply sent. Only ever to this machine."""

    token: str = field(repr=False)


Identity: TypeAlias = AppIdentity | FixedToken


@dataclass(frozen=True, slots=True)
class Access:
    """Where Graph is, and as whom it is read and written. `root` has no version: "https://…com".

    `timeout` is the whole time of one read or write in seconds, second tries included. A scarce read may
    wait as long again for its turn before that.
    """

    root: str
    reader: Identity
    writer: Identity | None = None
    timeout: float = 15.0

    def __post_init__(self) -> None:
        """Refuse to show an identity to a host that is neither its cloud's Graph nor this machine."""
        object.__setattr__(self, "root", self.root.rstrip("/"))
        for identity in (self.reader, self.writer or self.reader):
            check_root(self.root, identity)


def check_root(root: str, identity: Identity) -> None:
    """Raise SettingsError when `identity` must not be shown to `root`."""
    if is_loopback(root):
        return
    if isinstance(identity, FixedToken):
        raise SettingsError("GRAPH_TOKEN", "is accepted only for a loopback GRAPH_URL")
    if root != CLOUDS[identity.cloud].graph:
        raise SettingsError("GRAPH_URL", f"is not the Graph of the {identity.cloud} cloud, nor loopback")
