#!/usr/bin/env bash
# Asks the application for everything that it answers, with a real database (DATABASE_URL).
set -euo pipefail
# shellcheck source=examples/support/wrapped-test.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/wrapped-test.sh"
PORT=${PORT:-18083} test_wrapped "$EXAMPLE_BIN/hummingbird-wrapped"
