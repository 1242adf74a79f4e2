"""Costs in engines.yaml: every way to get them wrong, and what the service makes of right ones."""

import json
from pathlib import Path

import pytest

from api.compose import compose
from api.engines_file import BadEngines, read_engines
from api.settings import Settings
from tests.api.houses import client_of

RANKS = "ranks: {kind: rerank, adapter: embedded, costs: "
CHAT = "chat: {kind: llm, adapter: extractive, costs: "
LANGUAGE = {
    "prefill_fixed_ms": 8.33, "prefill_token_ms": 0.078, "prefill_square_ms": 6.23e-06,
    "decode_fixed_ms": 17.44, "decode_sequence_ms": 0.051, "decode_token_ms": 0.000128,
}  # fmt: skip
BATCH = {"fixed_ms": 26, "row_ms": 1.03, "row_tokens": 128}


def written(folder: Path, *pools: str) -> Path:
    path = folder / "engines.yaml"
    path.write_text("pools:\n" + "".join(f"  {pool}\n" for pool in pools))
    return path


@pytest.mark.parametrize(
    ("pool", "place", "code", "problem"),
    [
        (f"{RANKS}{{fixed_ms: 1, row_tokens: 3}}}}", "costs", "missing-key", "`row_ms` is missing"),
        (f"{RANKS}{{fixed_ms: -1, row_ms: 1, row_tokens: 3}}}}", "-1", "bad-value", "from 0 to"),
        (f"{RANKS}{{fixed_ms: 1, row_ms: x, row_tokens: 3}}}}", "x, row", "wrong-type", "from 0"),
        (f"{RANKS}{{fixed_ms: 1, row_ms: 1, row_tokens: 0}}}}", "0}", "bad-value", "from 1 to"),
        (f"{RANKS}{{fixed_ms: 1, row_ms: 1, row_tokens: 3, z: 1}}}}", "z:", "unknown-key", "`z`"),
        (f"{RANKS}7}}", "7", "wrong-type", "7 is not an object of fixed_ms"),
        (f"{CHAT}{{fixed_ms: 1}}}}", "fixed_ms", "unknown-key", "`fixed_ms` is no key here"),
        ("v: {kind: vector, adapter: faiss, costs: {}}", "costs", "unknown-key", "`costs` is no"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(tmp_path, pool, place, code, problem):
    with pytest.raises(BadEngines) as caught:
        read_engines(written(tmp_path, pool))
    assert f"engines.yaml:2:{pool.index(place) + 3}: {code}: " in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "pool",
    [
        "{kind: llm, adapter: extractive, costs: LANGUAGE}",
        "{kind: llm, adapter: emulated, profile: opt-13b-a100, costs: LANGUAGE}",
        '{kind: llm, adapter: openai, endpoint: "http://a/v1", model: x, costs: LANGUAGE}',
        "{kind: llm, adapter: vllm, model: x, costs: LANGUAGE}",
        "{kind: embedding, adapter: minilm, costs: BATCH}",
        "{kind: embedding, adapter: emulated, profile: bge-large-3090, costs: BATCH}",
        '{kind: embedding, adapter: openai, endpoint: "http://a/v1", model: x, costs: BATCH}',
        "{kind: embedding, adapter: vllm, model: x, costs: BATCH}",
        "{kind: rerank, adapter: embedded, costs: BATCH}",
        "{kind: rerank, adapter: emulated, profile: bge-reranker-large-3090, costs: BATCH}",
        '{kind: rerank, adapter: openai_rerank, endpoint: "http://a/v1", model: x, costs: BATCH}',
        "{kind: rerank, adapter: vllm, model: x, costs: BATCH}",
    ],
)
def test_every_adapter_that_can_be_measured_may_have_them(tmp_path, pool):
    pool = pool.replace("LANGUAGE", json.dumps(LANGUAGE)).replace("BATCH", json.dumps(BATCH))
    (setting,) = read_engines(written(tmp_path, f"mine: {pool}")).pools
    assert setting.options["costs"] in (LANGUAGE, BATCH)


@pytest.mark.anyio
async def test_the_service_shows_the_costs_of_each_pool(tmp_path):
    pools = (f"{CHAT}{json.dumps(LANGUAGE)}}}", f"{RANKS}{json.dumps(BATCH)}}}")
    settings = Settings(data=tmp_path / "data", engines=written(tmp_path, *pools))
    async with client_of(compose(settings)) as client:
        found = (await client.get("/v1/engines")).json()["items"]
    profiles = {pool["name"]: {each["op"]: each for each in pool["profiles"]} for pool in found}
    assert profiles["chat"]["decode"]["costs"] == LANGUAGE
    assert profiles["chat"]["decode"]["source"] == "configured"
    assert profiles["vector"].keys() == {"ingest", "search"}
    assert profiles["embedding"]["embed"] == {
        "op": "embed",
        "costs": {"fixed_ms": 26.0, "row_ms": 1.03, "row_tokens": 0},
        "source": "default",
        "version": 0,
        "observed": 0,
    }
    told = {pool["name"]: pool["costs"] for pool in found}
    assert told["chat"] == LANGUAGE
    assert told["ranks"] == BATCH
    assert told["embedding"] is None
