#!/usr/bin/env bash
# Checks configuration, rules and their tests with promtool. That every name in them is one that Vernal has is checked by the tests of
# the package (ObservabilityExampleTests).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../support/prerequisites.sh
source ../support/prerequisites.sh

if ! command -v promtool >/dev/null; then
    # shellcheck disable=SC2034 # read by install_prerequisites
    need_test_tools=1
    install_prerequisites
fi
promtool check config --syntax-only prometheus.yml
promtool check rules prometheus-rules.yml swift-metrics-rules.yml
promtool test rules rules-test.yml
printf 'observability: rules and their tests are good\n'
