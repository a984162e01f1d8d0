"""What reading a whole tenant costs: calls, seconds and memory, both ways. Prints JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import tracemalloc
from math import ceil
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, the folder above is not known

from bot.adapters.graph.sweep import GraphMfaSweep
from bot.domain.sweep import Tally
from bot.usecases.sweep import counted
from tests.adapters.graph.fake_graph import gateway_to
from tests.adapters.graph.swept_tenant import SweptTenant, served

SMALL, LARGE = 2_000, 20_000
MOST_GROWTH_MB = 2.0


async def measure(size: int, *, serves_states: bool, traced: bool) -> dict[str, float | int | str]:
    tenant = SweptTenant(size, serves_states=serves_states)
    tenant.counts_asked = False
    tally = Tally()
    async with served(tenant), gateway_to(tenant.url) as gateway:
        gc.collect()
        if traced:
            tracemalloc.start()
        start = time.perf_counter()
        async for _ in counted(GraphMfaSweep(gateway), tally):
            pass
        took = time.perf_counter() - start
        peak = tracemalloc.get_traced_memory()[1] / 2**20 if traced else 0.0
        tracemalloc.stop()
    assert tally.read == size
    way = "list" if serves_states else "batches"
    found: dict[str, float | int | str] = {"way": way, "users": size, "calls": tenant.calls.total()}
    return {**found, "peak_mb": round(peak, 2)} if traced else {**found, "seconds": round(took, 2)}


async def main() -> int:
    results = []
    is_good = True
    for serves_states in (True, False):
        await measure(100, serves_states=serves_states, traced=False)  # the first loads the SDK
        timed = await measure(LARGE, serves_states=serves_states, traced=False)
        small = await measure(SMALL, serves_states=serves_states, traced=True)
        large = await measure(LARGE, serves_states=serves_states, traced=True)
        growth = round(float(large["peak_mb"]) - float(small["peak_mb"]), 2)
        results.append({**timed, "peak_mb": large["peak_mb"], "growth_mb": growth})
        is_good = is_good and growth <= MOST_GROWTH_MB
    pages = ceil(LARGE / 999)
    is_good = is_good and results[0]["calls"] == pages + 1
    limits = {"growth_mb": MOST_GROWTH_MB, "list_calls": pages + 1}
    print(json.dumps({"benchmark": "sweep", "limits": limits, "results": results}, indent=2))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
