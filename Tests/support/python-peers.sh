# shellcheck shell=bash
# Software from PyPI that the tests play with: fetched once into a cache outside of the repository. To be sourced.

# python_peers: prints the folder with the virtual environment; makes it when it is missing or of other versions.
python_peers() {
    # aws-sam-cli without what it depends on: only its event generator is used, which needs nothing but chevron.
    local wanted='aws-sam-cli==1.170.0 chevron==0.14.0 cloudevents==2.2.0'
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/python-peers
    if [ "$(cat "$folder/versions" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$folder"
        mkdir -p "${folder%/*}"
        python3 -m venv "$folder" >&2 || return 1
        # shellcheck disable=SC2086 # one word for each package
        "$folder/bin/pip" install -q --no-deps $wanted >&2 || return 1
        "$folder/bin/pip" install -q 'python-dateutil>=2.8.2' >&2 || return 1
        printf '%s' "$wanted" >"$folder/versions"
    fi
    printf '%s\n' "$folder"
}

# python_botocore: prints the folder with a virtual environment that has AWS's own library for Python; makes it when it is missing.
python_botocore() {
    local wanted='botocore==1.44.5'
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/vernal/python-botocore
    if [ "$(cat "$folder/versions" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$folder"
        mkdir -p "${folder%/*}"
        python3 -m venv "$folder" >&2 || return 1
        "$folder/bin/pip" install -q "$wanted" >&2 || return 1
        printf '%s' "$wanted" >"$folder/versions"
    fi
    printf '%s\n' "$folder"
}

# aws_events: prints the folder with the events that 'sam local generate-event' makes, each as SERVICE-EVENT.json.
aws_events() {
    local peers
    peers=$(python_peers) || return 1
    local folder=$peers/aws-events
    "$peers/bin/python" "$(dirname "${BASH_SOURCE[0]}")/generate_events.py" "$folder" || return 1
    printf '%s\n' "$folder"
}
