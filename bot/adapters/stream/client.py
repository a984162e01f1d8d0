"""How librdkafka is set up for Event Hubs, and its errors in words.

https://learn.microsoft.com/azure/event-hubs/apache-kafka-configurations
https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError

from bot.domain.event_hub import EventHub

STEADY: Mapping[str, Any] = {
    "auto.offset.reset": "earliest",  # a new group reads what the hub still keeps: nothing is missed
    # What is stored here is written down once a second, before a partition is given away, and at the end
    "enable.auto.commit": True,
    "auto.commit.interval.ms": 1000,
    "enable.auto.offset.store": False,  # only `commit` says what is done with
    "partition.assignment.strategy": "cooperative-sticky",
    "max.poll.interval.ms": 60_000,  # a replica that hangs gives its partitions up
    "socket.keepalive.enable": True,
    "metadata.max.age.ms": 180_000,  # Azure closes connections that are idle for four minutes
    "topic.metadata.refresh.interval.ms": 60_000,
    "reconnect.backoff.max.ms": 10_000,
    "queued.max.messages.kbytes": 16_384,  # all that waits for us, over every partition
    "fetch.message.max.bytes": 1_048_576,
    "fetch.max.bytes": 8_388_608,
    "fetch.wait.max.ms": 250,
    "client.id": "psso-bot",
    "log_level": 0,  # what goes wrong comes to `_note`, once
}

UNREACHABLE = "Event Hubs cannot be reached at {address}: is it up, and does the network let us out to it?"
REFUSED = "Event Hubs refuses our login: are the key, or the role Azure Event Hubs Data Receiver, in force?"
NO_HUB = "There is no event hub called {hubs}, or our login may not read it."
NO_LOGIN = "Entra gave no token for Event Hubs ({reason}): are AZURE_TENANT_ID and the credential right?"
NO_TLS = "The encrypted connection to {address} failed: does this machine know Microsoft's certificates?"

WORDS = {
    KafkaError._ALL_BROKERS_DOWN: UNREACHABLE,
    KafkaError._RESOLVE: UNREACHABLE,
    KafkaError._SSL: NO_TLS,
    KafkaError._AUTHENTICATION: REFUSED,
    KafkaError.SASL_AUTHENTICATION_FAILED: REFUSED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: REFUSED,
    KafkaError.GROUP_AUTHORIZATION_FAILED: REFUSED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: REFUSED,
}
"""Errors that stay until somebody does something. Others, such as one lost connection, mend themselves."""

HUB_ERRORS = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)


def login_of(hub: EventHub, *, by_token: bool) -> dict[str, Any]:
    """Return librdkafka's settings for logging in. Plain text is for this machine alone."""
    wire = "PLAINTEXT" if hub.is_local else "SSL"
    if hub.connection:
        return {
            "security.protocol": f"SASL_{wire}",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "$ConnectionString",
            "sasl.password": hub.connection,
        }
    if by_token:
        return {"security.protocol": f"SASL_{wire}", "sasl.mechanisms": "OAUTHBEARER"}
    return {"security.protocol": wire}
