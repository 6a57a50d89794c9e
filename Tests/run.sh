#!/usr/bin/env bash
# Runs every check of this repository on a fresh machine, with real servers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=examples/support/prerequisites.sh
source examples/support/prerequisites.sh
# shellcheck source=Tests/support/python-peers.sh
source Tests/support/python-peers.sh
# shellcheck source=Tests/support/newer-poolers.sh
source Tests/support/newer-poolers.sh

usage() {
    cat <<'END'
Usage: Tests/run.sh [--no-tsan] [ARGUMENTS FOR swift test...]

Installs what is missing, checks the format, builds, runs all tests with a PostgreSQL server of their own,
builds and tests the examples, builds the documentation and compiles its code, compares the public interface with that of
the last version, and runs the concurrent tests again under the thread sanitizer.

With arguments for 'swift test' (such as '--filter PoolCoreTests') only the tests they choose are run.

  --no-tsan   leave out the thread sanitizer (also: VERNAL_TSAN=0)
  VERNAL_SOAK seconds of work and mischief that the pool has to stand (60; under the thread sanitizer 10)
  VERNAL_SHARED_STATEMENTS
              statements of two functions that share one server connection of PgBouncer (100000; elsewhere 6000)
  --help      this text
END
}

tsan=${VERNAL_TSAN:-1}
arguments=()
for argument in "$@"; do
    case $argument in
        --no-tsan) tsan=0 ;;
        --tsan) tsan=1 ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) arguments+=("$argument") ;;
    esac
done

summary=()
failures=0
closing_line=''
logs=$(mktemp -d "${TMPDIR:-/tmp}/vernal-run-XXXXXX")
touch "$logs/began"
# The hints of engines whose server was short of slots outlive their processes on purpose; those servers were the tests' own.
finish() {
    find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'vernal-backoff-*' -newer "$logs/began" -exec rm -rf {} + 2>/dev/null || true
    rm -rf "$logs"
}
trap finish EXIT

# check NAME COMMAND...: runs one check, remembers how it ended, and goes on.
check() {
    local name=$1 began=$SECONDS
    shift
    step "$name"
    if "$@"; then
        summary+=("${green}passed${plain}  $name ($((SECONDS - began)) s)")
    else
        summary+=("${red}FAILED${plain}  $name ($((SECONDS - began)) s)")
        failures=$((failures + 1))
        return 1
    fi
}

check_format() {
    find Package.swift Sources Tests examples -name '*.swift' -not -path '*/.build/*' -print0 |
        xargs -0 swift format lint --strict
}

# With everything that is off by default, so that it is tested, too; the examples are built without.
traits=(--traits RedisAdmission,Metrics,Tracing,ServiceLifecycle)

build_tests() { swift build --build-tests "${traits[@]}"; }

vernal() { "$(swift build --show-bin-path)/vernal" "$@"; }

# Poolers that are newer than those that are installed; where they cannot be had, the tests of them are left out, which
# 'swift test' and the list of servers at the end say. For a choice of tests nothing is fetched.
fetch_newer_poolers() {
    step "Newer poolers"
    # shellcheck disable=SC2034 # read by newer_pooler
    if [ ${#arguments[@]} -gt 0 ]; then only_unpacked_poolers=1; fi
    # With it packages of Debian can be told from forgeries, on Ubuntu, too.
    if [ ${#arguments[@]} -eq 0 ] && [ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
        install_if_possible debian-archive-keyring
    fi
    VERNAL_PGBOUNCER_NEW=$(newer_pgbouncer) || VERNAL_PGBOUNCER_NEW=''
    VERNAL_ODYSSEY=$(newer_odyssey) || VERNAL_ODYSSEY=''
    export VERNAL_PGBOUNCER_NEW VERNAL_ODYSSEY
}

# One of the tests runs this example, behind what speaks like RDS Proxy; the other examples are built later.
build_users_function() {
    local -a example=(--package-path examples/users-function --scratch-path "$PWD/.build/examples/users-function")
    swift build "${example[@]}" || return 1
    VERNAL_USERS_FUNCTION=$(swift build "${example[@]}" --show-bin-path)/users-function
    export VERNAL_USERS_FUNCTION
}

# The last line of 'swift test' says how many tests ran; it is repeated at the very end.
run_tests() {
    local status=0 events
    # Events that others made; without them the tests of them would be left out, and nobody would notice.
    events=$(aws_events) || return 1
    # One test after the other: several measure time, and two cores are soon busy.
    VERNAL_AWS_EVENTS=$events VERNAL_SOAK=${VERNAL_SOAK:-60} VERNAL_EVENTS=${VERNAL_EVENTS:-1000000} \
        VERNAL_SHARED_STATEMENTS=${VERNAL_SHARED_STATEMENTS:-100000} vernal postgres --max-connections 200 -- \
        swift test --skip-build --no-parallel "${traits[@]}" "$@" 2>&1 | tee "$logs/tests" || status=$?
    closing_line=$(grep 'Test run with' "$logs/tests" | tail -n 1) || true
    return "$status"
}

# run_tests_on_way WAY: the tests of the engine once more, where waiting is done in another way (see TestWay).
run_tests_on_way() {
    VERNAL_TEST_WAY=$1 VERNAL_SOAK=5 vernal postgres --max-connections 200 -- \
        swift test --skip-build --no-parallel "${traits[@]}" --filter '^VernalTests\.' 2>&1 | tee "$logs/way" || return 1
    grep -Eq 'Test run with [1-9][0-9]* tests' "$logs/way"
}

report_servers() {
    note "$("$(find_postgres postgres)" --version)"
    note "libpq $(pkg-config --modversion libpq)"
    note "$(redis-server --version | cut -d' ' -f1-3), hiredis $(pkg-config --modversion hiredis)"
    note "$(PATH=$PATH:/usr/sbin pgbouncer --version | head -n 1)"
    local name
    for name in VERNAL_PGBOUNCER_NEW VERNAL_ODYSSEY; do
        if [ -n "${!name:-}" ]; then note "$("${!name}" --version | head -n 1)"; else note "none for $name: its tests were left out"; fi
    done
}

# build_folder FOLDER: where an example is built. Those that need this package as it is and nothing else share one folder, where
# it is compiled once for all of them: that is nearly all of their time. The others have other flags or more packages, and who
# looks for a program later (the emulator's tests, the storms) finds it in the folder of its own.
build_folder() {
    local name=${1##*/}
    case $name in
        users-function | fleet-admission | benchmarks) ;;
        *) if ! grep -Eq '^ *\.package\(url:|traits:' "$1/Package.swift"; then name=small; fi ;;
    esac
    printf '%s\n' "$PWD/.build/examples/$name"
}

# run_example FOLDER: builds the package and runs its test.sh, which finds the programs in EXAMPLE_BIN, and the tool in VERNAL.
run_example() {
    local folder=$1 scratch
    scratch=$(build_folder "$folder")
    # Whose manifest was read last in a shared folder is not to be taken for the manifest of this one.
    swift build --disable-build-manifest-caching --package-path "$folder" --scratch-path "$scratch" || return 1
    if [ -f "$folder/test.sh" ]; then
        EXAMPLE_BIN=$(swift build --package-path "$folder" --scratch-path "$scratch" --show-bin-path) \
            VERNAL=$(swift build --show-bin-path)/vernal vernal postgres -- bash "$folder/test.sh"
    fi
}

# run_script FOLDER: runs the test.sh of an example that has nothing to build.
run_script() { VERNAL="$(swift build --show-bin-path)/vernal" vernal postgres -- bash "$1/test.sh"; }

# A report of the sanitizer makes the run fail.
run_tsan() {
    local -a options=(--sanitize=thread --scratch-path .build/tsan "${traits[@]}")
    local status=0
    swift build --build-tests "${options[@]}" || return 1
    VERNAL_SOAK=10 TSAN_OPTIONS="suppressions=$PWD/Tests/support/thread-sanitizer.supp" \
        vernal postgres --max-connections 200 -- swift test --skip-build --no-parallel "${options[@]}" \
        --filter 'PoolCoreTests|VernalTests|LibpqIOTests' 2>&1 | tee "$logs/tsan" || status=$?
    # A filter that finds nothing would pass, too.
    grep -Eq 'Test run with [1-9][0-9]* tests' "$logs/tsan" || status=1
    return "$status"
}

# The emulator from outside: an AWS client, the real Runtime Interface Emulator, a browser.
run_emulator_tests() {
    local -a example=(--package-path examples/users-function --scratch-path "$PWD/.build/examples/users-function")
    USERS_FUNCTION=$(swift build "${example[@]}" --show-bin-path)/users-function \
        VERNAL=$(swift build --show-bin-path)/vernal Tests/emulator/run.sh
}

# Storms of cold starts, with what has to come of them.
run_storms() {
    local examples=$PWD/.build/examples name
    local -A programs
    for name in users-function fleet-admission; do
        # As they are deployed: what a hundred debug builds need to start says nothing about a storm.
        local -a example=(-c release --package-path "examples/$name" --scratch-path "$examples/$name")
        swift build "${example[@]}" || return 1
        programs[$name]=$(swift build "${example[@]}" --show-bin-path)/$name
    done
    VERNAL=$(swift build --show-bin-path)/vernal USERS_FUNCTION=${programs[users-function]} \
        FLEET_ADMISSION=${programs[fleet-admission]} Tests/storms/run.sh
}

# The site of the articles and symbols, with warnings as errors, and the code in the articles and the README.
check_documentation() { Tests/documentation/build.sh; }

# What a program that was built against the last version would stumble over. What is broken on purpose, and told in
# CHANGELOG.md, stands in the list as the tool printed it.
check_api() {
    local tag
    if ! tag=$(git describe --tags --abbrev=0 2>/dev/null); then
        note "no version was tagged yet: there is nothing to compare with"
        return 0
    fi
    swift package "${traits[@]}" diagnose-api-breaking-changes "$tag" --products Vernal VernalHost VernalRedis \
        --breakage-allowlist-path Tests/support/api-breakages.txt
}

need_swift
# shellcheck disable=SC2034 # read by install_prerequisites
if [ ${#arguments[@]} -eq 0 ]; then need_test_tools=1; fi
install_prerequisites

if [ ${#arguments[@]} -eq 0 ]; then check "Format" check_format || true; fi
if check "Build" build_tests; then
    fetch_newer_poolers
    if [ ${#arguments[@]} -eq 0 ]; then check "Example that the tests run" build_users_function || true; fi
    check "Tests" run_tests ${arguments[@]+"${arguments[@]}"} || true
    if [ ${#arguments[@]} -eq 0 ]; then
        check "Tests on the engine's thread, without prepared statements" run_tests_on_way own-thread || true
        check "Tests with every wait asleep" run_tests_on_way asleep || true
    fi
    step "Servers that took part"
    report_servers
    if [ ${#arguments[@]} -eq 0 ]; then
        for manifest in examples/*/Package.swift; do
            [ -f "$manifest" ] || continue
            check "Example $(basename "${manifest%/Package.swift}")" run_example "${manifest%/Package.swift}" || true
        done
        check "Documentation" check_documentation || true
        check "Public API" check_api || true
        check "Example pgbouncer-sidecar" run_script examples/pgbouncer-sidecar || true
        check "Example observability" run_script examples/observability || true
        check "Emulator from outside" run_emulator_tests || true
        check "Storms" run_storms || true
        if [ "$tsan" != 0 ]; then check "Thread sanitizer" run_tsan || true; fi
    fi
fi

step "Summary"
printf '    %s\n' "${summary[@]}"
[ -z "$closing_line" ] || printf '\n%s\n' "$closing_line"
[ "$failures" -eq 0 ]
