"""How soon a sign-in that is visible in the stream is admitted, and how many a second one core takes in.

The broker is librdkafka's mock, which answers a waiting fetch only when its time is over (250 ms): a real
one answers at once, so the latency here is an upper bound. The store is the embedded Valkey.
Prints JSON. Budget: a median of 2 s from published to admitted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from benchmarks.parse_sign_ins import a_record as a_row
from bot.adapters.store.alerts.intake import RedisIntake
from bot.adapters.store.connection import store_link
from bot.adapters.store.embedded import embedded_store
from bot.adapters.stream.event_hubs import EventHubStream
from bot.adapters.stream.records import Reading
from bot.domain.stream_health import StreamHealth
from bot.usecases.stream_sign_ins import Reader
from tests.adapters.stream.conftest import HUB, hub_at
from tests.adapters.stream.kafka import MockKafka, mock_kafka

BUDGET_SECONDS = 2.0
MATTERS_EVERY = 20  # one record in so many is the broker's
PER_MESSAGE = 50


def utc_now() -> datetime:
    return datetime.now(UTC)


def a_record(nth: int, policies: int, *, matters: bool) -> dict[str, Any]:
    now = utc_now().isoformat()
    row = {**a_row(nth, policies), "createdDateTime": now, "id": f"{nth:08x}-8579-43a7-966a-0f35583c1300"}
    if not matters:
        row["appId"] = "d7b530a4-7680-4c23-a8bf-c52c121d2e87"
    return {"time": now, "category": "NonInteractiveUserSignInLogs", "resultType": "50076", "properties": row}


def messages(records: int, policies: int) -> list[bytes]:
    made = [a_record(nth, policies, matters=nth % MATTERS_EVERY == 0) for nth in range(records)]
    chunks = [made[at : at + PER_MESSAGE] for at in range(0, records, PER_MESSAGE)]
    return [json.dumps({"records": chunk}).encode() for chunk in chunks]


async def latencies(kafka: MockKafka, reader: Reader, rounds: int) -> list[float]:
    """Publish one record after the other; return the seconds until each was admitted."""
    found = []
    for nth in range(rounds):
        await asyncio.sleep(0.003 * (nth % 50))  # not in step with the broker's waiting
        record = a_record(0xF0000000 + nth, 4, matters=True)
        kafka.produce(HUB, [json.dumps({"records": [record]}).encode()])
        published, before = time.perf_counter(), reader.health.matched
        while reader.health.matched == before:
            await reader.turn()
        found.append(time.perf_counter() - published)
    return sorted(found)


async def throughput(kafka: MockKafka, reader: Reader, batch: list[bytes], rounds: int) -> float:
    """Return records a second from the wire to the store, best of `rounds`."""
    best = 0.0
    for _ in range(rounds):
        kafka.produce(HUB, batch)
        before, begun = reader.health.records, time.perf_counter()
        while reader.health.records < before + len(batch) * PER_MESSAGE:
            await reader.turn()
        best = max(best, len(batch) * PER_MESSAGE / (time.perf_counter() - begun))
    return best


def seconds_of(work: Callable[[bytes], object], batch: list[bytes], rounds: int = 20) -> float:
    best = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        for message in batch:
            work(message)
        best = min(best, time.perf_counter() - begun)
    return best


async def measured(rounds: int, policies: int) -> dict[str, float]:
    batch = messages(500, policies)  # under the 5 MB that the mock broker keeps
    with mock_kafka() as kafka, tempfile.TemporaryDirectory() as folder:
        kafka.topic(HUB)
        async with embedded_store(Path(folder)) as url, store_link(url) as link:
            stream = EventHubStream(hub_at(kafka.address))
            intake = RedisIntake(link.actions, "benchmark", utc_now)
            reader = Reader(stream, intake, utc_now, asyncio.sleep, asyncio.Event(), StreamHealth())
            await latencies(kafka, reader, 3)  # until the group has formed
            times = await latencies(kafka, reader, rounds)
            rate = await throughput(kafka, reader, batch, 8)
            await stream.close()
    records = len(batch) * PER_MESSAGE
    return {
        "visible_to_admitted_ms_p50": round(statistics.median(times) * 1000, 1),
        "visible_to_admitted_ms_p99": round(times[int(len(times) * 0.99)] * 1000, 1),
        "wire_to_store_records_per_s": round(rate),
        "parse_and_filter_records_per_s": round(records / seconds_of(Reading().add, batch)),
        "bare_json_records_per_s": round(records / seconds_of(from_json, batch)),
        "bytes_per_record": round(sum(map(len, batch)) / records),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--policies", type=int, default=12)
    asked = parser.parse_args()
    found = asyncio.run(measured(asked.rounds, asked.policies))
    print(json.dumps(found, indent=2))
    sys.exit(found["visible_to_admitted_ms_p50"] > BUDGET_SECONDS * 1000)


if __name__ == "__main__":
    main()
