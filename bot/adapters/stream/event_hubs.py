"""The SignInStream port over Event Hubs' Kafka endpoint.

librdkafka fetches in threads of its own; everything we ask of it happens in one thread of ours, so that the
event loop never waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from azure.core.exceptions import AzureError
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from bot.adapters.graph.tokens import TokenSource
from bot.adapters.stream.client import HUB_ERRORS, NO_HUB, NO_LOGIN, STEADY, UNREACHABLE, WORDS, login_of
from bot.adapters.stream.records import Reading
from bot.alert_ports import StreamBatch
from bot.domain.event_hub import EventHub
from bot.errors import StreamUnavailable

MOST_MESSAGES = 200
MOST_BYTES = 4_000_000  # of one batch; a message has at most 1 MB
SLICE_SECONDS = 0.5  # how long the end of the stream may wait for a look that is under way
PROBE_SECONDS = 3.0
SESSION = timedelta(seconds=30)  # after it the others take over what a dead replica had
TOKEN_SECONDS = 15.0

log = logging.getLogger(__name__)


class EventHubStream:
    """Reads the hubs in a consumer group; partitions are shared with whoever reads in the same group.

    `tokens` are for a hub without a connection string; who gives them closes them.
    """

    def __init__(
        self, hub: EventHub, tokens: TokenSource | None = None, session: timedelta = SESSION
    ) -> None:
        self._hub = hub
        self._session_ms = session // timedelta(milliseconds=1)
        self._tokens = tokens
        self._scope = f"https://{hub.host}/.default"
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "event-hub")
        self._taking: asyncio.Future[StreamBatch | None] | None = None
        self._consumer: Consumer | None = None
        self._closing = False
        self._broken = False  # librdkafka gave up on its client
        self._suspect = False  # something went wrong since all was last known to be well
        self._cause = ""  # what it was, in words, when librdkafka said so
        self._missing: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Hubs that are not there (yet): Azure makes one when the first record of its category comes."""
        return self._missing

    async def take(self, wait: float) -> StreamBatch | None:
        """Return the next batch, or None after `wait` seconds. Raises StreamUnavailable.

        A look that is cancelled goes on, and the next one gets what it finds.
        """
        await self._token_at_hand()
        if self._taking is None:
            self._taking = self._loop.run_in_executor(self._thread, self._take, wait)
        taking = self._taking
        try:
            return await asyncio.shield(taking)
        finally:
            if taking.done():
                self._taking = None

    async def commit(self, batch: StreamBatch) -> None:
        """What the batch held is stored: do not hand it out again. A crash in the next second still may."""
        await self._loop.run_in_executor(self._thread, self._commit, batch)

    async def waiting(self) -> int:
        """Return how many messages the group has not read yet, without joining it. StreamUnavailable."""
        await self._token_at_hand()
        return await self._loop.run_in_executor(self._thread, self._waiting)

    async def close(self) -> None:
        """Leave the consumer group, so that others take our partitions over at once."""
        if self._closing:
            return
        self._closing = True
        await self._loop.run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _token_at_hand(self) -> None:
        """Fail at once without a token: librdkafka would wait ten seconds for it before it starts."""
        if self._tokens is None or self._consumer is not None:
            return
        try:
            await self._tokens.get_token(self._scope)
        except (AzureError, OSError) as error:  # TimeoutError is an OSError
            raise StreamUnavailable(NO_LOGIN.format(reason=type(error).__name__)) from None

    def _take(self, wait: float) -> StreamBatch | None:
        try:
            consumer = self._joined()
            first = self._first(consumer, time.monotonic() + wait)
            if first is not None:
                return self._gathered(consumer, first)
            if self._suspect and not self._closing:
                self._probe(consumer)
        except KafkaException as error:
            raise self._unavailable(error) from None
        return None

    def _joined(self) -> Consumer:
        """Return the consumer, a new one after a fatal error: the group remembers where we were."""
        if self._broken:
            log.warning("the event hub's client is made anew")
            self._close()
        if self._consumer is None:
            self._broken = False
            self._consumer = self._made()
            self._consumer.subscribe(list(self._hub.names))
        return self._consumer

    def _made(self) -> Consumer:
        login = login_of(self._hub, by_token=self._tokens is not None)
        if self._tokens is not None:
            login["oauth_cb"] = self._token
        group = {
            "group.id": self._hub.group,
            "session.timeout.ms": self._session_ms,
            "heartbeat.interval.ms": self._session_ms // 10,
        }
        address = {"bootstrap.servers": self._hub.address}
        return Consumer({**STEADY, **address, **group, **login, "error_cb": self._note})

    def _token(self, _: str) -> tuple[str, float]:
        """Give librdkafka a token. It asks in a thread that is not the event loop's."""
        assert self._tokens is not None
        asked = self._tokens.get_token(self._scope)
        try:
            token = asyncio.run_coroutine_threadsafe(asked, self._loop).result(TOKEN_SECONDS)
        except (AzureError, OSError) as error:  # TimeoutError is an OSError
            self._suspect, self._cause = True, NO_LOGIN.format(reason=type(error).__name__)
            raise
        return token.token, float(token.expires_on)

    def _note(self, error: KafkaError) -> None:
        """Remember what librdkafka reports between messages; it goes on trying whatever it is."""
        log.debug("event hub: %s", error.name())
        self._broken = self._broken or error.fatal()
        known = WORDS.get(error.code())
        if known is None:
            return
        self._suspect = True
        if not self._cause or known is not UNREACHABLE:  # after a refused login all are "down", too
            self._cause = known.format(address=self._hub.address)

    def _first(self, consumer: Consumer, until: float) -> Message | None:
        """Wait for a message; librdkafka's reports come in meanwhile."""
        while not self._closing:
            left = until - time.monotonic()
            message = consumer.poll(min(SLICE_SECONDS, max(0.0, left)))
            if message is not None and self._is_sound(message):
                return message
            if left <= 0:
                break
        return None

    def _is_sound(self, message: Message) -> bool:
        """Tell whether a message is one, and not an error in a message's place."""
        error = message.error()
        if error is None:
            return True
        self._suspect = self._suspect or error.code() in HUB_ERRORS
        self._note(error)
        return False

    def _gathered(self, consumer: Consumer, first: Message) -> StreamBatch:
        """Read `first` and what has come with it, as far as one batch goes."""
        reading, size = Reading(), 0
        ends: dict[tuple[str, int], int] = {}
        message: Message | None = first
        for _ in range(MOST_MESSAGES):
            if message is None:
                break
            if self._is_sound(message):
                payload = bytes(message.value() or b"")
                reading.add(payload)
                size += len(payload)
                ends[_place(message)] = (message.offset() or 0) + 1
            message = consumer.poll(0) if size < MOST_BYTES else None
        self._cause = ""
        position = tuple(TopicPartition(*place, end) for place, end in ends.items())
        return StreamBatch(
            tuple(reading.sign_ins), position, reading.records, reading.unreadable, _lag(consumer)
        )

    def _probe(self, consumer: Consumer) -> None:
        """Ask whether all is well again. One hub of several that is missing is no reason to stop."""
        topics = [consumer.list_topics(name, PROBE_SECONDS).topics[name] for name in self._hub.names]
        missing = tuple(topic.topic for topic in topics if topic.error is not None)
        if missing != self._missing:
            log.warning("event hubs that are not there: %s", ", ".join(missing) or "none any more")
        self._missing = missing
        if len(missing) == len(topics):
            raise StreamUnavailable(NO_HUB.format(hubs=" or ".join(missing)))
        self._suspect, self._cause = bool(missing), ""

    def _unavailable(self, error: KafkaException) -> StreamUnavailable:
        """Word an error; what librdkafka reported before says more than that an answer did not come."""
        reason: KafkaError = error.args[0]
        self._suspect, self._broken = True, self._broken or reason.fatal()
        words = WORDS.get(reason.code(), UNREACHABLE).format(address=self._hub.address)
        return StreamUnavailable(self._cause or words)

    def _commit(self, batch: StreamBatch) -> None:
        assert isinstance(batch.position, tuple)
        if self._consumer is None or not batch.position:
            return
        try:
            self._consumer.store_offsets(offsets=list(batch.position))
        except KafkaException as error:  # given away meanwhile: who has it reads it again, to no effect
            log.info("a batch of a partition that is no longer ours is not marked as read: %s", error)

    def _waiting(self) -> int:
        asked: Consumer | None = None
        try:
            asked = self._consumer or self._made()
            self._probe(asked)
            return sum(self._waiting_in(asked, name) for name in self._hub.names)
        except KafkaException as error:
            raise self._unavailable(error) from None
        finally:
            if asked is not None and asked is not self._consumer:
                asked.close()

    def _waiting_in(self, consumer: Consumer, name: str) -> int:
        numbers = consumer.list_topics(name, PROBE_SECONDS).topics[name].partitions
        partitions = [TopicPartition(name, number) for number in numbers]
        count = 0
        for read in consumer.committed(partitions, PROBE_SECONDS) if partitions else ():
            low, high = consumer.get_watermark_offsets(read, PROBE_SECONDS)
            count += max(0, high - max(read.offset, low))
        return count

    def _close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()


def _place(message: Message) -> tuple[str, int]:
    topic, partition = message.topic(), message.partition()
    assert topic is not None
    assert partition is not None
    return topic, partition


def _lag(consumer: Consumer) -> int:
    """Return how many messages wait in our partitions, as far as fetching has told."""
    count = 0
    for at in consumer.position(consumer.assignment()):
        _, end = consumer.get_watermark_offsets(at, cached=True)
        count += max(0, end - at.offset) if at.offset >= 0 else 0
    return count
