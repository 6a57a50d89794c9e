#!/usr/bin/env bash
# Seven storms of cold starts against a real server, each with what has to come of it, and the same with a naive policy beside it.
# VERNAL is the tool, USERS_FUNCTION and FLEET_ADMISSION are the programs of the examples; --full is the full size.
# Names choose storms: Tests/storms/run.sh S1 S6.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
: "${VERNAL:?VERNAL has to be the vernal program}"
: "${USERS_FUNCTION:?USERS_FUNCTION has to be the program of examples/users-function}"
: "${FLEET_ADMISSION:?FLEET_ADMISSION has to be the program of examples/fleet-admission}"
export VERNAL USERS_FUNCTION FLEET_ADMISSION PYTHONDONTWRITEBYTECODE=1
# A process, a relay and a runtime API for each of 200 environments.
ulimit -n "$(ulimit -Hn)"
exec python3 Tests/storms/storms.py "$@"
