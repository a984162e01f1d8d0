"""The settings of the stream: read from the connection string, or refused with their key and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor_stream import stream_findings
from bot.domain.event_hub import DEFAULT_HUBS
from bot.errors import SettingsError
from bot.settings import Settings
from bot.usecases.examine import Grade
from tests.adapters.stream.conftest import HUB
from tests.adapters.stream.kafka import MockKafka, mock_kafka
from tests.adapters.stream.messages import a_record, envelope

CONTOSO = (
    "Endpoint=sb://Contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5/s+ecret="
)


def test_without_settings_there_is_no_stream() -> None:
    assert Settings.from_env({}).event_hub is None


def test_a_connection_string_says_where() -> None:
    hub = Settings.from_env({"PSSO_EVENT_HUB_CONNECTION": CONTOSO}).event_hub

    assert hub is not None
    assert (hub.address, hub.names, hub.group) == (
        "contoso.servicebus.windows.net:9093",
        DEFAULT_HUBS,
        "psso-bot",
    )
    assert not hub.wants_token
    assert "ecret" not in repr(hub)


def test_one_that_is_for_one_hub_reads_that_hub() -> None:
    hub = Settings.from_env({"PSSO_EVENT_HUB_CONNECTION": f"{CONTOSO};EntityPath=sign-ins"}).event_hub

    assert hub is not None
    assert hub.names == ("sign-ins",)


def test_a_namespace_wants_a_token() -> None:
    hub = Settings.from_env(
        {
            "PSSO_EVENT_HUB_NAMESPACE": "contoso.servicebus.usgovcloudapi.net",
            "PSSO_EVENT_HUB_NAMES": "one, two",
            "PSSO_EVENT_HUB_GROUP": "$Default",
        }
    ).event_hub

    assert hub is not None
    assert (hub.names, hub.group, hub.wants_token, hub.is_local) == (("one", "two"), "$Default", True, False)


@pytest.mark.parametrize(
    ("namespace", "address"),
    [("127.0.0.1:19092", "127.0.0.1:19092"), ("localhost", "localhost:9092"), ("[::1]:19092", "[::1]:19092")],
)
def test_this_machine_may_stand_in(namespace: str, address: str) -> None:
    hub = Settings.from_env({"PSSO_EVENT_HUB_NAMESPACE": namespace}).event_hub

    assert hub is not None
    assert (hub.address, hub.is_local, hub.wants_token) == (address, True, False)


def test_the_emulators_connection_string_is_for_this_machine() -> None:
    text = "Endpoint=sb://localhost;SharedAccessKeyName=all;SharedAccessKey=key;UseDevelopmentEmulator=true;"

    hub = Settings.from_env({"PSSO_EVENT_HUB_CONNECTION": text}).event_hub

    assert hub is not None
    assert (hub.address, hub.is_local) == ("localhost:9092", True)


def test_the_connection_string_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "connection"
    secret.write_text(f"{CONTOSO}\n")

    assert Settings.from_env({"PSSO_EVENT_HUB_CONNECTION_FILE": str(secret)}).event_hub is not None


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ({"PSSO_EVENT_HUB_CONNECTION": "contoso.servicebus.windows.net"}, "PSSO_EVENT_HUB_CONNECTION"),
        ({"PSSO_EVENT_HUB_CONNECTION": "Endpoint=sb://x;SharedAccessKeyName=a"}, "PSSO_EVENT_HUB_CONNECTION"),
        ({"PSSO_EVENT_HUB_CONNECTION": CONTOSO.replace("windows", "evil")}, "PSSO_EVENT_HUB_CONNECTION"),
        ({"PSSO_EVENT_HUB_CONNECTION": CONTOSO.replace("net/", "net:bad/")}, "PSSO_EVENT_HUB_CONNECTION"),
        (
            {"PSSO_EVENT_HUB_CONNECTION": f"{CONTOSO};EntityPath=one", "PSSO_EVENT_HUB_NAMES": "two"},
            "PSSO_EVENT_HUB_NAMES",
        ),
        (
            {
                "PSSO_EVENT_HUB_CONNECTION": CONTOSO,
                "PSSO_EVENT_HUB_NAMESPACE": "contoso.servicebus.windows.net",
            },
            "PSSO_EVENT_HUB_NAMESPACE",
        ),
        ({"PSSO_EVENT_HUB_NAMESPACE": "contoso"}, "PSSO_EVENT_HUB_NAMESPACE"),
        ({"PSSO_EVENT_HUB_NAMESPACE": "kafka.example.com:9093"}, "PSSO_EVENT_HUB_NAMESPACE"),
        ({"PSSO_EVENT_HUB_NAMESPACE": "10.0.0.4:9092"}, "PSSO_EVENT_HUB_NAMESPACE"),
        ({"PSSO_EVENT_HUB_NAMESPACE": "127.0.0.1@evil.example:9092"}, "PSSO_EVENT_HUB_NAMESPACE"),
        (
            {"PSSO_EVENT_HUB_NAMESPACE": "localhost", "PSSO_EVENT_HUB_NAMES": "sign ins"},
            "PSSO_EVENT_HUB_NAMES",
        ),
        ({"PSSO_EVENT_HUB_GROUP": "a/b"}, "PSSO_EVENT_HUB_GROUP"),
    ],
)
def test_a_wrong_setting_names_its_key_and_no_secret(env: dict[str, str], key: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env(env)

    assert wrong.value.key == key
    assert "ecret=" not in str(wrong.value)


def test_the_connection_string_is_no_line_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "psso.toml"
    config.write_text(f'psso_event_hub_connection = "{CONTOSO}"')

    with pytest.raises(SettingsError, match="is a secret"):
        Settings.from_env({"PSSO_CONFIG": str(config)})


def local(kafka: MockKafka, names: str) -> Settings:
    return Settings.from_env({"PSSO_EVENT_HUB_NAMESPACE": kafka.address, "PSSO_EVENT_HUB_NAMES": names})


async def test_doctor_says_what_waits() -> None:
    with mock_kafka() as kafka:
        kafka.topic(HUB, 2)
        kafka.produce(HUB, [envelope(a_record(1))] * 3, 1)
        (found,) = await stream_findings(local(kafka, HUB))

    assert found.grade is Grade.OK
    assert "3 messages wait for the group psso-bot" in found.seen


async def test_doctor_names_a_hub_that_is_not_there() -> None:
    with mock_kafka() as kafka:
        kafka.topic("one")
        (partly,) = await stream_findings(local(kafka, "one,two"))
        (wholly,) = await stream_findings(local(kafka, "two"))

    assert partly.grade is Grade.WARNING
    assert "Not there: two" in partly.seen
    assert wholly.failed
    assert "no event hub called two" in wholly.seen


async def test_doctor_when_nobody_answers() -> None:
    (found,) = await stream_findings(Settings.from_env({"PSSO_EVENT_HUB_NAMESPACE": "127.0.0.1:1"}))

    assert found.failed
    assert "cannot be reached" in found.seen


async def test_doctor_without_a_tenant_cannot_ask_for_a_token() -> None:
    settings = Settings.from_env({"PSSO_EVENT_HUB_NAMESPACE": "contoso.servicebus.windows.net"})

    (found,) = await stream_findings(settings)

    assert found.failed
    assert "AZURE_TENANT_ID" in found.seen
