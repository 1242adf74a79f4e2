#!/usr/bin/env bash
# Resolves pyproject.toml into the two lock files: `embedded` is what the service runs on, `dev` that and the tools.
# Usage: requirements/lock.sh VENV_WITH_UV [--upgrade]
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
shift

# An operator's own index counts, but its address must not end up in the files.
if index=$("$venv/bin/pip" config get global.index-url 2>/dev/null); then
    export UV_DEFAULT_INDEX=${PIP_INDEX_URL:-$index}
elif [ -n "${PIP_INDEX_URL:-}" ]; then
    export UV_DEFAULT_INDEX=$PIP_INDEX_URL
fi

compile() {
    "$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --only-binary :all: --excludes requirements/excluded.txt \
        "$@" pyproject.toml requirements/embedded.in
}

compile --extra embedded --output-file requirements/embedded.lock "$@"
compile --all-extras --constraints requirements/embedded.lock --output-file requirements/dev.lock "$@"
