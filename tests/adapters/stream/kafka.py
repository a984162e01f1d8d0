"""A Kafka cluster on loopback: librdkafka's own mock brokers, which speak the wire protocol.

They come with the library that confluent-kafka is built on.
https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka_mock.h
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka
from confluent_kafka import Producer

FETCH, METADATA = 1, 3
UNKNOWN_TOPIC, TOPIC_REFUSED = 3, 29
PRODUCER = 0


def _library() -> ctypes.CDLL:
    package = Path(confluent_kafka.__file__).parent
    (found, *_) = sorted(
        [*package.parent.glob("confluent_kafka.libs/librdkafka*"), *package.glob(".dylibs/librdkafka*")]
    )
    library = ctypes.CDLL(str(found))
    for name in ("rd_kafka_new", "rd_kafka_conf_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class MockKafka:
    """One broker, and what it does wrong on request."""

    def __init__(self) -> None:
        self._kafka = _library()
        trouble = ctypes.create_string_buffer(512)
        quiet = ctypes.c_void_p(self._kafka.rd_kafka_conf_new())
        self._kafka.rd_kafka_conf_set(quiet, b"log_level", b"0", trouble, ctypes.c_size_t(512))
        made = self._kafka.rd_kafka_new(PRODUCER, quiet, trouble, ctypes.c_size_t(512))
        assert made, trouble.value
        self._client = ctypes.c_void_p(made)
        self._cluster = ctypes.c_void_p(self._kafka.rd_kafka_mock_cluster_new(self._client, 1))
        self._kafka.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        self.address: str = self._kafka.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._producer: Producer | None = None

    def topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic."""
        assert not self._kafka.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def fail(self, name: str, error: int) -> None:
        """Answer for a topic with an error; 0 mends it."""
        self._kafka.rd_kafka_mock_topic_set_error(self._cluster, name.encode(), error)

    def down(self) -> None:
        """Break every connection and take no new one."""
        assert not self._kafka.rd_kafka_mock_broker_set_down(self._cluster, 1)

    def up(self) -> None:
        """Come back."""
        assert not self._kafka.rd_kafka_mock_broker_set_up(self._cluster, 1)

    def listens_at(self, host: str, port: int) -> None:
        """Tell clients that the broker is somewhere else, such as behind a proxy."""
        assert not self._kafka.rd_kafka_mock_broker_set_host_port(self._cluster, 1, host.encode(), port)

    def produce(self, topic: str, payloads: Sequence[bytes], partition: int = 0) -> None:
        """Publish messages, and return when the broker has them."""
        if self._producer is None:
            self._producer = Producer({"bootstrap.servers": self.address, "linger.ms": 0, "log_level": 0})
        for payload in payloads:
            self._producer.produce(topic, payload, partition=partition)
        assert self._producer.flush(10) == 0

    def close(self) -> None:
        """End brokers and clients."""
        self._producer = None
        self._kafka.rd_kafka_mock_cluster_destroy(self._cluster)
        self._kafka.rd_kafka_destroy(self._client)


@contextmanager
def mock_kafka() -> Iterator[MockKafka]:
    """Run a broker for a while."""
    kafka = MockKafka()
    try:
        yield kafka
    finally:
        kafka.close()
