#!/usr/bin/env bash
# Tests `vernal run` and `vernal storm` from outside: with an AWS client, beside the real Runtime Interface Emulator, and
# with a browser for the report. VERNAL is the tool, USERS_FUNCTION the example's binary; arguments choose test modules.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
export VERNAL=${VERNAL:-$root/.build/debug/vernal}

# Packages of the tests' own, in the build folder: boto3, and the wheel that the real emulator comes in.
python=$root/.build/python
# An environment without pip is what a venv leaves that has failed half-way.
if [ ! -x "$python/bin/pip" ]; then
    rm -rf "$python"
    python3 -m venv "$python" || {
        rm -rf "$python"
        echo 'Tests/emulator/run.sh: python3 cannot make a virtual environment. Debian, Ubuntu: apt-get install python3-venv' >&2
        exit 69
    }
fi
"$python/bin/python" -c 'import boto3' 2>/dev/null ||
    "$python/bin/pip" install -q --disable-pip-version-check 'boto3==1.44.5'
export RIE=$python/rie/aws-lambda-rie
if [ ! -x "$RIE" ]; then
    mkdir -p "$python/rie"
    "$python/bin/pip" download -q --disable-pip-version-check --no-deps -d "$python/rie" 'aws-sam-cli==1.170.0'
    "$python/bin/python" - "$python/rie" "$(uname -m)" <<'END'
import glob, sys, zipfile
folder, machine = sys.argv[1:]
name = "aarch64" if machine in ("aarch64", "arm64") else machine
wheel = glob.glob(folder + "/*.whl")[0]
with zipfile.ZipFile(wheel) as archive:
    member = next(n for n in archive.namelist() if "aws-lambda-rie-" in n and (name in n or (name == "aarch64" and "arm64" in n)))
    with open(folder + "/aws-lambda-rie", "wb") as file:
        file.write(archive.read(member))
END
    chmod +x "$RIE"
    rm -f "$python"/rie/*.whl
fi

cd "$here"
export PYTHONDONTWRITEBYTECODE=1
if [ $# -gt 0 ]; then exec "$python/bin/python" -m unittest "$@"; fi
exec "$python/bin/python" -m unittest discover -p 'test_*.py'
