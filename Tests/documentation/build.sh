#!/usr/bin/env bash
# Builds the documentation of the libraries as a static site, and compiles the code in the articles and the README.
set -euo pipefail
stands=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=examples/support/prerequisites.sh
source examples/support/prerequisites.sh

usage() {
    cat <<'END_OF_USAGE'
Usage: Tests/documentation/build.sh [FOLDER]

Installs what is missing, builds the package, makes the site of Vernal and VernalHost in FOLDER (.build/documentation of the
repository), with every warning as an error, and compiles every block of Swift in the articles and in README.md.
A folder that is not empty is replaced only if it is such a site.
Look at it with: python3 -m http.server -d .build/documentation, and then http://127.0.0.1:8000/documentation/

DocC comes with Swift, so the package needs no plugin for it.
END_OF_USAGE
}

case ${1:-} in
    -h | --help)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 64
        ;;
esac
case ${1:-} in
    '') site=$PWD/.build/documentation ;;
    /*) site=$1 ;;
    *) site=$stands/$1 ;;
esac
# is_site FOLDER: whether DocC has made it.
is_site() { [ -d "$1/data/documentation" ] && { [ -f "$1/metadata.json" ] || grep -qs 'var baseUrl' "$1/index.html"; }; }
# What is deleted at the end has to be ours. Looked at before minutes of work, too.
replaceable() { [ ! -e "$site" ] || { [ -d "$site" ] && { [ -z "$(ls -A "$site")" ] || is_site "$site"; }; }; }
replaceable || stop "$site is there already and is no site that DocC has made: choose another folder, or remove it."
libraries=(Vernal VernalHost)

docc() { "$(type -P docc || xcrun --find docc)" "$@"; }

need_swift
# shellcheck disable=SC2034 # read by install_prerequisites
need_all_traits=1
install_prerequisites

# The same traits as in Tests/run.sh: where that has just built, nothing is left to do here.
swift build --traits RedisAdmission,Metrics,Tracing,ServiceLifecycle
bin=$(swift build --show-bin-path)
work=$(mktemp -d "${TMPDIR:-/tmp}/vernal-documentation-XXXXXX")
trap 'rm -rf "$work"' EXIT

# What the compiler needs to read the modules: SwiftPM would say it for a package, and there is none around an article.
flags=(-I "$bin/Modules")
while read -r map; do
    flags+=(-Xcc "-fmodule-map-file=$map")
done < <(
    find "$PWD/Sources" -path '*/C*/module.modulemap' -not -path '*/include/*'
    find "$bin" -maxdepth 2 -name module.modulemap
    find "$PWD/.build/checkouts" -path '*/Sources/*/include/module.modulemap'
)
for word in $(pkg-config --cflags libpq); do flags+=(-Xcc "$word"); done
if [ "$(uname)" = Darwin ]; then flags+=(-sdk "$(xcrun --show-sdk-path)"); fi
triple=$(swift -print-target-info | sed -n 's/.*"triple": "\(.*\)",.*/\1/p' | head -n 1)

note "compiling the code in the articles and the README"
Tests/documentation/examples.py "$work/examples" README.md Sources/*/Documentation.docc/*.md
swiftc -swift-version 6 -parse-as-library -suppress-warnings -module-name Examples -wmo -c "$work"/examples/blocks/*.swift \
    -o "$work/examples.o" "${flags[@]}"
for program in "$work"/examples/programs/*.swift; do
    swiftc -swift-version 6 -parse-as-library -suppress-warnings -module-name Program -c "$program" -o "$work/program.o" \
        "${flags[@]}"
done
for manifest in "$work"/examples/manifests/*; do
    swift package --package-path "$manifest" dump-package >"$work/manifest.json"
done

archives=()
for library in "${libraries[@]}"; do
    note "the pages of $library"
    mkdir "$work/$library"
    swift symbolgraph-extract -module-name "$library" -minimum-access-level public -emit-extension-block-symbols \
        -target "$triple" -output-dir "$work/$library" "${flags[@]}"
    docc convert "Sources/$library/Documentation.docc" --additional-symbol-graph-dir "$work/$library" \
        --fallback-display-name "$library" --fallback-default-module-kind Library \
        --fallback-bundle-identifier "vernal.$library" \
        --output-path "$work/$library.doccarchive" --warnings-as-errors
    archives+=("$work/$library.doccarchive")
done
replaceable || stop "$site has become something else while this was working: it was left alone."
rm -rf "$site"
mkdir -p "$(dirname "$site")"
docc merge "${archives[@]}" --synthesized-landing-page-name Vernal --synthesized-landing-page-kind Package \
    --output-path "$site"
note "the site is in $site"
