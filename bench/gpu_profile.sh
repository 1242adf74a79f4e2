#!/usr/bin/env bash
# On a machine with an NVIDIA GPU, from a fresh clone: installs the service and vLLM, each in an environment of its own, starts a
# chat, an embedding and a reranking model as deployed, measures what each costs, and prints it. 24 GB of GPU memory and 40 GB of
# disk; models come from Hugging Face (HF_TOKEN for those that want one). Others: CHAT=… EMBEDDING=… RERANK=… bench/gpu_profile.sh
set -euo pipefail
cd "$(dirname "$0")/.."

CHAT=${CHAT:-meta-llama/Llama-3.1-8B-Instruct}
EMBEDDING=${EMBEDDING:-BAAI/bge-m3}
RERANK=${RERANK:-BAAI/bge-reranker-v2-m3}
WITHIN=${WITHIN:-10m}
GPU_VENV=${GPU_VENV:-.venv-gpu}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
make setup
[ -x "$GPU_VENV/bin/vllm" ] || { python3 -m venv "$GPU_VENV" && "$GPU_VENV/bin/pip" install -q "vllm==0.32.0"; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export TEOLA_ENGINES="$folder/engines.yaml" TEOLA_DATA="$folder/data"
vllm="adapter: vllm, program: $PWD/$GPU_VENV/bin/vllm, start_within: 30m"
cat >"$TEOLA_ENGINES" <<YAML
pools:
  chat: {kind: llm, $vllm, model: $CHAT, flags: {max-model-len: 16384, gpu-memory-utilization: 0.85}}
  vectors: {kind: embedding, $vllm, model: $EMBEDDING, flags: {gpu-memory-utilization: 0.3}}
  ranks: {kind: rerank, $vllm, model: $RERANK, flags: {gpu-memory-utilization: 0.3}}
YAML

# One at a time: each pool's server is started for its profile and ended after it.
.venv/bin/teola engines profile chat --within "$WITHIN" --longest 8192
for pool in vectors ranks; do
    .venv/bin/teola engines profile "$pool" --within "$WITHIN" --row-tokens 256
done
cat "$TEOLA_ENGINES"
