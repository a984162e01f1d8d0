"""Settings: the only reader of the environment and of the optional TOML file.

Names are those of the environment; the TOML file named by `PSSO_CONFIG` uses them in lower case.
Secrets come from the environment, or from a file named by the same name with `_FILE` added.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from bot.domain.event_hub import EventHub, event_hub
from bot.domain.hours import open_hours, weekly_time
from bot.domain.loopback import is_loopback
from bot.domain.people import ObjectId, is_object_id
from bot.domain.routes import alert_routes
from bot.errors import BadInput, SettingsError

SECRETS = frozenset(
    {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "AZURE_CLIENT_SECRET",
        "PSSO_WRITER_CLIENT_SECRET",
        "GRAPH_TOKEN",
        "PSSO_EVENT_HUB_CONNECTION",
        "REDIS_URL",
    }
)
"""Never read from the TOML file: files like it end up in repositories."""

PLAIN_STORES = ("redis", "redis+sentinel", "sentinel", "redis+cluster", "cluster")
SLACK_ID = re.compile(r"[UWS][A-Z0-9]{2,}")
CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,}")


def _listed(text: object) -> object:
    """Split a comma list; TOML may give a real list."""
    if isinstance(text, str):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _slack_ids(text: object) -> object:
    parts = _listed(text)
    for part in parts if isinstance(parts, tuple | list) else ():
        if not SLACK_ID.fullmatch(str(part)):
            raise ValueError(f"{part!r} is not a Slack user id (U…) or user group id (S…)")
    return parts


def _accounts(text: object) -> object:
    """What names nobody protects nobody."""
    parts = _listed(text)
    for part in parts if isinstance(parts, tuple | list) else ():
        local, _, domain = str(part).rpartition("@")
        if not is_object_id(str(part)) and not (local and "." in domain):
            raise ValueError(f"{part!r} is neither an object id nor a user principal name")
    return parts


def _pins(text: object) -> object:
    """Read `U123=object-id,…`; TOML may give a table."""
    if isinstance(text, Mapping):
        text = ",".join(f"{slack_id}={entra_id}" for slack_id, entra_id in text.items())
    parts = _listed(text)
    assert isinstance(parts, tuple)
    pins: dict[str, str] = {}
    for part in parts:
        slack_id, _, entra_id = part.partition("=")
        if not SLACK_ID.fullmatch(slack_id.strip()) or not is_object_id(entra_id.strip()):
            raise ValueError(f"{part!r} is not of the form U123=object-id")
        pins[slack_id.strip()] = ObjectId(entra_id.strip().lower())
    return pins


def _channel(text: object) -> object:
    if isinstance(text, str) and text and not CHANNEL_ID.fullmatch(text):
        raise ValueError(f"{text!r} is not a channel id (C…): open the channel's details in Slack to copy it")
    return text or None


def _web_address(url: str | None) -> str | None:
    """Refuse what is no http address; who may stand behind it is judged later."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.username or parts.query or parts.fragment:
        raise ValueError("is not an address like https://psso.example.com, or http://127.0.0.1:8080")
    return url


def _token(token: SecretStr | None) -> SecretStr | None:
    """Take the line end of a pasted token away; refuse what no HTTP header can carry."""
    if token is None:
        return None
    text = token.get_secret_value().strip()
    if not re.fullmatch("[!-~]+", text):
        raise ValueError("is not a token: it has characters that no token has")
    return SecretStr(text)


def _hours(text: str | None) -> str | None:
    """Check the text and keep it: settings are hashed as text."""
    if not text:
        return None
    try:
        open_hours(text)
    except BadInput as error:
        raise ValueError(f"is {error.problem}") from None
    return text


def _weekly(text: str | None) -> str | None:
    """Check the text and keep it; "off" is None."""
    if not text or text.strip().lower() == "off":
        return None
    try:
        weekly_time(text)
    except BadInput as error:
        raise ValueError(f"is {error.problem}, nor “off”") from None
    return text


def _routes(text: str | None) -> str | None:
    """Check the text and keep it: settings are hashed as text."""
    try:
        alert_routes(text or "")
    except BadInput as error:
        raise ValueError(f"is {error.problem}") from None
    return text


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
SlackIds = Annotated[tuple[str, ...], BeforeValidator(_slack_ids)]
ChannelId = Annotated[str | None, BeforeValidator(_channel)]
WebAddress = Annotated[str | None, AfterValidator(_web_address)]
Token = Annotated[SecretStr | None, AfterValidator(_token)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseModel):
    """Every setting, checked. Field names are the environment's names in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False)

    slack_bot_token: Token = None
    slack_app_token: Token = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: Annotated[str, AfterValidator(_web_address)] = "https://slack.com/api/"

    azure_tenant_id: str | None = None
    azure_client_id: str | None = None
    azure_client_secret: SecretStr | None = None
    azure_client_certificate_path: str | None = None
    azure_federated_token_file: str | None = None
    psso_writer_tenant_id: str | None = None
    psso_writer_client_id: str | None = None
    psso_writer_client_secret: SecretStr | None = None
    psso_writer_client_certificate_path: str | None = None
    psso_writer_federated_token_file: str | None = None
    psso_cloud: Literal["global", "usgov", "dod", "china"] = "global"
    graph_url: WebAddress = None
    graph_token: Token = None

    redis_url: SecretStr | None = None
    psso_state_dir: Path = Path(".psso")

    psso_approval_channel: ChannelId = None
    psso_alert_channel: ChannelId = None
    psso_audit_channel: ChannelId = None
    psso_approvers: SlackIds = ()
    psso_helpdesk: SlackIds = ()
    psso_pins: Annotated[dict[str, ObjectId], BeforeValidator(_pins)] = Field(default_factory=dict)
    psso_break_glass: Annotated[tuple[str, ...], BeforeValidator(_accounts)] = ()

    psso_approval_minutes: float = Field(30, gt=0, le=24 * 60)
    psso_approval_seconds_min: float = Field(3, ge=0, le=300)
    psso_poll_seconds: float = Field(60, ge=0, le=24 * 3600)
    psso_lookback_hours: float = Field(72, gt=0, le=30 * 24)
    psso_follow_minutes: float = Field(60, ge=0, le=24 * 60)
    psso_readback_seconds: float = Field(60, gt=0, le=3600)
    psso_max_disables_per_hour: int = Field(10, ge=1)
    psso_graph_reports_per_10s: int = Field(5, ge=1, le=1000)
    psso_graph_timeout_seconds: float = Field(15, gt=0, le=300)
    psso_uncovered: Literal["refuse", "two"] = "refuse"
    psso_hours: Annotated[str | None, AfterValidator(_hours)] = None
    psso_step_up: bool = False
    psso_step_up_context: str = Field("", pattern=r"^(c[1-9][0-9]?)?$")
    psso_public_url: WebAddress = None
    psso_login_url: WebAddress = None
    psso_shadow: bool = False
    psso_language: Literal["en", "de"] = "en"
    psso_digest: Annotated[str | None, AfterValidator(_weekly)] = "Mon 08:00 UTC"
    psso_alert_routes: Annotated[str | None, AfterValidator(_routes)] = None
    psso_alert_hours: Annotated[str | None, AfterValidator(_hours)] = None
    psso_event_hub_connection: SecretStr | None = None
    psso_event_hub_namespace: str | None = None
    psso_event_hub_names: Listed = ()
    psso_event_hub_group: str = Field("psso-bot", pattern=r"^[A-Za-z0-9$][A-Za-z0-9._-]{0,49}$")
    psso_alert_place_at: int = Field(5, ge=2)
    psso_alert_outage_at: int = Field(50, ge=2)
    psso_http_port: Port = 3000
    psso_http_host: str | None = None  # 0.0.0.0 in HTTP mode, else 127.0.0.1
    psso_health_port: Port = 8081
    psso_health_host: str = "127.0.0.1"
    psso_log: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the TOML file, then the environment over it; raise SettingsError naming the exact key."""
        raw: dict[str, Any] = _from_toml(env.get("PSSO_CONFIG"))
        for name in cls.model_fields:
            key = name.upper()
            if env.get(key):
                raw[name] = env[key]
            elif key in SECRETS and env.get(f"{key}_FILE"):
                raw[name] = _secret_file(f"{key}_FILE", env[f"{key}_FILE"])
        try:
            settings = cls.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            key = str(first["loc"][0]).upper()
            raise SettingsError(key, _plain(first["msg"])) from None
        settings._check_hosts()
        return settings

    def _check_hosts(self) -> None:
        """Another Slack or Graph host would receive our tokens: only this machine may stand in for them."""
        if self.slack_api_url.rstrip("/") != "https://slack.com/api" and not is_loopback(self.slack_api_url):
            raise SettingsError(
                "SLACK_API_URL", "only https://slack.com/api/ or a loopback address is accepted"
            )
        if self.graph_url and not is_loopback(self.graph_url):
            raise SettingsError(
                "GRAPH_URL", "only a loopback address is accepted; use PSSO_CLOUD for a national cloud"
            )
        if self.psso_login_url and not is_loopback(self.psso_login_url):
            raise SettingsError(
                "PSSO_LOGIN_URL", "only a loopback address is accepted; use PSSO_CLOUD for a national cloud"
            )
        if self.graph_token and not self.graph_url:
            raise SettingsError("GRAPH_TOKEN", "is accepted only together with a loopback GRAPH_URL")
        self._check_store()
        _ = self.event_hub

    def _check_store(self) -> None:
        """Requests and votes do not cross a network in plain text."""
        scheme, _, rest = (self.redis_url.get_secret_value() if self.redis_url else "").partition("://")
        hosts = rest.partition("/")[0].rpartition("@")[2].split(",")
        if scheme in PLAIN_STORES and not all(is_loopback(f"redis://{host}") for host in hosts):
            raise SettingsError(
                "REDIS_URL", "refuses plain text to another host: use rediss:// (TLS) or unix:// (a socket)"
            )
        if scheme == "unix" and not rest.partition("?")[0]:
            raise SettingsError("REDIS_URL", "names no socket: write it like unix:///run/valkey/valkey.sock")

    def require_graph(self) -> None:
        """Raise SettingsError unless there is a way to reach Graph."""
        if self.graph_url:
            if not self.graph_token:
                raise SettingsError("GRAPH_TOKEN", "is needed with GRAPH_URL")
            return
        if not self.azure_tenant_id:
            raise SettingsError("AZURE_TENANT_ID", "is needed to read Microsoft Graph: the tenant's id")
        app = (
            self.azure_client_secret or self.azure_client_certificate_path or self.azure_federated_token_file
        )
        if app and not self.azure_client_id:
            raise SettingsError(
                "AZURE_CLIENT_ID", "is needed beside the credential: the app registration's id"
            )

    def require_serve(self) -> None:
        """Raise SettingsError for the first thing the running bot cannot do without."""
        self.require_graph()
        if not self.slack_bot_token:
            raise SettingsError("SLACK_BOT_TOKEN", "is needed: the bot token (xoxb-…) of the Slack app")
        if self.slack_bot_token.get_secret_value().startswith("xapp-"):
            raise SettingsError(
                "SLACK_BOT_TOKEN", "is an app-level token (xapp-…); it wants the bot token (xoxb-…)"
            )
        if self.slack_app_token and self.slack_app_token.get_secret_value().startswith("xoxb-"):
            raise SettingsError(
                "SLACK_APP_TOKEN", "is a bot token (xoxb-…); it wants the app-level token (xapp-…)"
            )
        if not self.slack_app_token and not self.slack_signing_secret:
            raise SettingsError(
                "SLACK_APP_TOKEN", "is needed for Socket Mode (xapp-…), or SLACK_SIGNING_SECRET for HTTP"
            )
        if not self.psso_approval_channel:
            raise SettingsError(
                "PSSO_APPROVAL_CHANNEL", "is needed: the channel id (C…) where requests are decided"
            )
        if not self.psso_approvers:
            raise SettingsError(
                "PSSO_APPROVERS", "is needed: Slack user ids (U…) and user group ids (S…) who may approve"
            )

        if self.psso_step_up:
            self.require_step_up()

    def require_step_up(self) -> None:
        """Raise SettingsError unless approvers can be sent to Entra and come back."""
        url = self.psso_public_url or ""
        parts = urlsplit(url)
        if not url:
            raise SettingsError(
                "PSSO_PUBLIC_URL", "is needed for PSSO_STEP_UP: the address at which browsers reach the bot"
            )
        if parts.scheme != "https" and not is_loopback(url):
            raise SettingsError("PSSO_PUBLIC_URL", "must begin with https:// (http:// is for loopback alone)")
        if not is_object_id(self.azure_tenant_id or ""):
            raise SettingsError("AZURE_TENANT_ID", "must be the tenant's id, not a domain, for PSSO_STEP_UP")
        if not self.azure_client_id:
            raise SettingsError("AZURE_CLIENT_ID", "is needed for PSSO_STEP_UP")

    @property
    def event_hub(self) -> EventHub | None:
        """Where sign-ins are streamed from; None: nowhere. Raises SettingsError."""
        secret = self.psso_event_hub_connection
        try:
            return event_hub(
                secret.get_secret_value() if secret else "",
                self.psso_event_hub_namespace or "",
                self.psso_event_hub_names,
                self.psso_event_hub_group,
            )
        except BadInput as error:
            raise SettingsError(error.field or "PSSO_EVENT_HUB_CONNECTION", error.problem) from None

    @property
    def tenant(self) -> str:
        """The tenant's id as it stands in keys, records and on cards."""
        return self.azure_tenant_id or "local"

    @property
    def lookback(self) -> timedelta:
        """The window of evidence."""
        return timedelta(hours=self.psso_lookback_hours)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should", "should")


def _secret_file(key: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(key, f"cannot be read ({error.strerror})") from None


def _from_toml(path: str | None) -> dict[str, Any]:
    """Read the settings file; a secret or an unknown name in it is an error."""
    if not path:
        return {}
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError("PSSO_CONFIG", f"cannot be read ({error.strerror})") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("PSSO_CONFIG", f"is not valid TOML ({error})") from None
    for name in content:
        if name.upper() in SECRETS:
            raise SettingsError(
                name, f"is a secret: set {name.upper()} or {name.upper()}_FILE in the environment instead"
            )
        if name not in Settings.model_fields:
            raise SettingsError(name, "is not a setting")
    return content
