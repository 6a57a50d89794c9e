"""Seven storms, and what has to come of them; `run.sh` starts this."""
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

VERNAL, USERS, FLEET = (os.environ[name] for name in ("VERNAL", "USERS_FUNCTION", "FLEET_ADMISSION"))
FULL = "--full" in sys.argv
# Others work on the machine while this runs: a comparison of two runs has to bear that, and a measure of how quick something
# was may be taken again.
TOLERANCE = 1.25
TRIES = 3
rows, problems = [], []


def storm(*options, program=USERS, policy="vernal", variables=None):
    """One storm; what it printed as JSON."""
    for name, value in (variables or {}).items():
        options += ("--env", f"{name}={value}")
    command = [VERNAL, "storm", "--json", "--policy", policy, *map(str, options), "--", program]
    variables = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=variables)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def row(name, result, remark=""):
    ideal = f"{result['makespanMs'] / result['idealMs']:.2f}" if result.get("floorMs") else "-"
    rows.append(
        [
            name, result["policy"], f"{result['failed']} of {result['invocations']}",
            f"{result['peakConnections']} of {result['usableSlots']}",
            f"{result['refusedConnects'] / result['environments']:.2f}", f"{result['makespanMs'] / 1000:.2f}", ideal,
            f"{result['firstRowMs']['p50']:.0f}", f"{result['firstRowMs']['p99']:.0f}", remark,
        ]
    )
    print(" ".join(rows[-1]), flush=True)


def expect(name, condition, text):
    """Goes on when it is not so, to tell everything at the end."""
    if not condition:
        problems.append(f"{name}: {text}")
        print(f"FAILED {problems[-1]}", flush=True)


def refused_per_environment(result):
    return result["refusedConnects"] / result["environments"]


def s1():
    """100 cold environments for 17 slots: nobody fails, and hardly anybody is refused twice."""
    options = ("-n", 100, "--max-connections", 20, "--path", "/slow?ms=20", "--timeout", "10s", "--floor", "/healthz")
    for turn in range(TRIES):
        result = storm(*options)
        row("S1", result, f"starts alone {result['floorMs'] / 1000:.2f} s")
        expect("S1", result["failed"] == 0, f"{result['failed']} invocations failed")
        expect("S1", result["peakConnections"] <= result["usableSlots"], f"{result['peakConnections']} connections")
        times = result["makespanMs"] / result["idealMs"]
        # Who starves holds a slot for longer: where the starts alone take more than a second and a half, more are refused.
        allowed = max(1, result["floorMs"] / 1500)
        if refused_per_environment(result) <= allowed and times <= 2:
            break
    refused = refused_per_environment(result)
    expect("S1", refused <= allowed, f"{refused} refused connects per environment, {allowed:.2f} allowed")
    expect("S1", times <= 2, f"the makespan is {times:.2f} times the ideal")
    naive = storm(*options, policy="naive")
    row("S1", naive)
    expect("S1", naive["failed"] > 20, "the naive policy is no storm: too few fail")


def s2():
    """The same in five waves, frozen in between: nobody sits on a slot that others need."""
    waves = 10 if FULL else 5
    options = (
        "-n", 100, "--max-connections", 20, "--path", "/slow?ms=20", "--timeout", "10s", "--waves", waves, "--rest", "500ms",
    )
    result = storm(*options)
    row("S2", result, f"held in vain {result['heldInVainMs']:.0f} ms")
    expect("S2", result["failed"] == 0, f"{result['failed']} invocations failed")
    expect("S2", result["heldInVainMs"] <= 100, f"a slot was held in vain for {result['heldInVainMs']} ms")
    expect("S2", result["idleInTransactionWhileFrozen"] == 0, "a transaction was open while frozen")
    # Kept whether scarce or not, and with patience: what a slot that nobody gives back costs the others.
    naive = storm(*options, policy="naive", variables={"VERNAL_ACQUIRE_RETRY": "patient"})
    row("S2", naive, f"held in vain {naive['heldInVainMs']:.0f} ms")


def s3():
    """100 environments with slots to spare: manners cost next to nothing."""
    options = ("-n", 100, "--max-connections", 200, "--path", "/slow?ms=20", "--timeout", "10s")
    ratios = []
    for turn in range(6 if FULL else 4):
        # Now the one first, now the other: what else the machine does is to hit both.
        order = ("naive", "vernal") if turn % 2 else ("vernal", "naive")
        results = {policy: storm(*options, policy=policy) for policy in order}
        naive, result = results["naive"], results["vernal"]
        expect("S3", result["failed"] == 0, f"{result['failed']} invocations failed")
        ratios.append(result["firstRowMs"]["p50"] / naive["firstRowMs"]["p50"])
    row("S3", naive)
    ratio = statistics.median(ratios)
    row("S3", result, f"median first row {ratio:.2f} times naive, median of {len(ratios)} pairs")
    expect("S3", ratio <= 1.1 * TOLERANCE, f"the median first row takes {ratio:.2f} times as long as without throttle")


def s4():
    """Cold starts one at a time: what a lone one pays. The simulator's test asserts that it is nothing; this measures."""
    count = 20 if FULL else 10
    # Each is busy until the last has started, so that every request meets a cold one.
    work = count * 400
    options = ("-n", count, "--ramp", f"{work}ms", "--path", f"/slow?ms={work}", "--timeout", f"{2 * work}ms")
    naive, result = storm(*options, policy="naive"), storm(*options)
    row("S4", naive)
    more = result["firstRowMs"]["p50"] - naive["firstRowMs"]["p50"]
    row("S4", result, f"first row {more:+.2f} ms against naive, median of {count}")
    expect("S4", result["failed"] == 0 and result["refusedConnects"] == 0, "a lone start failed or was refused")
    expect("S4", len(result["perEnvironment"]) == count, "not everybody met a cold one")
    expect("S4", all(e["connects"] == 1 for e in result["perEnvironment"]), "a lone start connects more than once")


def s5():
    """The server restarts under 50 warm environments."""
    options = (
        "-n", 50, "--max-connections", 100, "--path", "/slow?ms=20", "--first-path", "/slow?ms=0", "--length", "6s",
        "--restart-after", "2s",
    )
    for policy in ("vernal", "naive"):
        robust = {"VERNAL_ACQUIRE_RETRY": "robust"} if policy == "vernal" else {}
        result = storm(*options, policy=policy, variables=robust)
        environments = result["perEnvironment"]
        busiest = max(e["connectsPerSecond"] for e in environments)
        row("S5", result, f"at most {busiest} connects/s of one environment, {result['mostConnectsPerSecond']} of all")
        if policy == "naive":
            continue
        lost = [e["id"] for e in environments if not e["recovered"]]
        expect("S5", len(environments) == 50 and not lost, f"environments that did not recover: {lost}")
        # Its bucket: one at once, and five a second.
        expect("S5", busiest <= 6, f"an environment made {busiest} connects within a second")
        worst = max(e["failed"] for e in environments)
        expect("S5", worst <= 1, f"{worst} invocations of one environment failed, and only one was in flight")


def s6():
    """One process with 80 requests at a time and a pool of ten, cold: connects are paced, and nobody waits for that."""
    options = (
        "-n", 1, "--concurrency-per-environment", 80, "--first-path", "/healthz", "--waves", 2, "--rest", "200ms",
        "--path", "/slow?ms=20",
    )
    for policy in ("vernal", "naive"):
        result = storm(*options, policy=policy, variables={"VERNAL_POOL_SIZE": 10, "VERNAL_MAX_WAITERS": 100})
        cold, warm = (wave["latencyMs"]["p99"] for wave in result["perWave"])
        process = result["perEnvironment"][0]
        row("S6", result, f"p99 {cold:.0f} ms cold, {warm:.0f} ms warm; {process['connectsUnderWay']} connects at once")
        if policy == "naive":
            continue
        expect("S6", result["failed"] == 0, f"{result['failed']} requests failed")
        expect("S6", process["connectsUnderWay"] <= 2, f"{process['connectsUnderWay']} connects were under way at once")
        expect("S6", process["connects"] <= 10, f"{process['connects']} connects")
        expect("S6", cold <= 2 * warm, f"p99 is {cold} ms cold and {warm} ms warm")


class Redis:
    """A Redis server of our own, in memory, on a free port."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory(prefix="vernal-storms-")
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder.name],
            stdout=subprocess.DEVNULL,
        )
        while self.ask("PING") != "PONG":
            time.sleep(0.02)
        self.url = f"redis://127.0.0.1:{self.port}"

    def ask(self, *words):
        command = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def s7():
    """A fleet that keeps to 20 connects a second by way of Redis; and Redis goes away in the middle."""
    count, rate, burst = 200 if FULL else 100, 20, 5
    # The processes are there before the storm begins: while hundreds start on the same cores, each is late for its place in line.
    options = ("-n", count, "--max-connections", count + 20, "--path", "/", "--first-path", "/healthz", "--timeout", "30s")
    fleet = {"VERNAL_ACQUIRE_TIMEOUT": "25s", "FLEET_CONNECT_RATE": rate}
    naive = storm(*options, program=FLEET, policy="naive")
    row("S7", naive, f"{naive['mostConnectsPerSecond']} connects/s without admission")
    redis = Redis()
    try:
        result = storm(*options, program=FLEET, variables={**fleet, "REDIS_URL": redis.url})
        row("S7", result, f"{result['mostConnectsPerSecond']} connects/s, {rate} and a burst of {burst} allowed")
        expect("S7", result["failed"] == 0, f"{result['failed']} invocations failed")
        # Who is late meets those of the next second. All of them together cannot be early.
        most = result["mostConnectsPerSecond"]
        expect("S7", most <= (rate + burst) * TOLERANCE, f"{most} connects within a second")
        least = (count - burst) / rate
        expect("S7", result["makespanMs"] / 1000 >= least, f"all within {result['makespanMs']} ms, and not {least} s")
        redis.ask("FLUSHALL")

        def stop_in_the_middle():
            # The connection of the lone run before the storm counts as well.
            while int(redis.ask("ZCARD", "{orders}:vernal:open") or 0) < 30:
                time.sleep(0.05)
            redis.process.kill()

        stopper = threading.Thread(target=stop_in_the_middle, daemon=True)
        stopper.start()
        result = storm(*options, program=FLEET, variables={**fleet, "REDIS_URL": redis.url})
        row("S7", result, f"{result['mostConnectsPerSecond']} connects/s, Redis killed in the middle")
        stopper.join(5)
        expect("S7", not stopper.is_alive(), "Redis was not killed: too few connections were counted")
        expect("S7", result["failed"] == 0, f"{result['failed']} invocations failed without Redis")
    finally:
        redis.end()


def main():
    chosen = [word for word in sys.argv[1:] if not word.startswith("-")]
    for name, run in (("S1", s1), ("S2", s2), ("S3", s3), ("S4", s4), ("S5", s5), ("S6", s6), ("S7", s7)):
        if not chosen or name in chosen:
            run()
    heading = ["", "policy", "failed", "peak", "refused/env", "makespan s", "× ideal", "first row p50", "p99 ms", ""]
    widths = [max(len(line[column]) for line in [heading, *rows]) for column in range(len(heading))]
    print()
    for line in [heading, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    for problem in problems:
        print(f"FAILED {problem}")
    print(f"storms: {'all as they have to be' if not problems else f'{len(problems)} not as they have to be'}")
    sys.exit(1 if problems else 0)


main()
