"""The peer's side of the protocol: see run.sh."""
import sys
from time import perf_counter_ns


def serve(backend, call):
    print("ready", backend, flush=True)
    for line in sys.stdin:
        durations = []
        before = perf_counter_ns()
        for number in range(int(line)):
            assert call(number) == number
            now = perf_counter_ns()
            durations.append(now - before)
            before = now
        print(*durations, flush=True)


async def serve_async(backend, call):
    print("ready", backend, flush=True)
    # Nothing else runs in the loop, so it may block while nothing is asked.
    for line in sys.stdin:
        durations = []
        before = perf_counter_ns()
        for number in range(int(line)):
            assert await call(number) == number
            now = perf_counter_ns()
            durations.append(now - before)
            before = now
        print(*durations, flush=True)
