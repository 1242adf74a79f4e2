"""engines.yaml: what it declares, and every way to get it wrong, with its place and its cure."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from api.engines_file import SCHEMA, BadEngines, read_engines
from api.pools import declared
from api.settings import Settings

EMULATED = "{kind: llm, adapter: emulated"
PROFILED = f"{EMULATED}, profile: llama-3.1-8b-4090"
LAUNCHED = "{kind: llm, adapter: vllm, model: org/model"
SMALL = '{kind: llm, adapter: openai, endpoint: "http://127.0.0.1:9/v1", model: tiny'


def written(folder: Path, *pools: str, name: str = "engines.yaml") -> Path:
    path = folder / name
    path.write_text("pools:\n" + "".join(f"  {pool}\n" for pool in pools))
    return path


def refused(path: Path) -> str:
    with pytest.raises(BadEngines) as caught:
        read_engines(path)
    return str(caught.value)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


def test_without_a_file_everything_is_embedded():
    pools = declared(Settings())
    assert [(pool.kind, pool.adapter) for pool in pools.pools] == [
        ("embedding", "minilm"),
        ("vector", "faiss"),
        ("llm", "extractive"),
        ("rerank", "embedded"),
    ]
    assert pools.names().default["inline"] == "inline"
    assert "web" not in pools.names().default


def test_a_folder_of_pages_makes_a_web_pool(tmp_path):
    pools = declared(Settings(corpus=tmp_path))
    assert pools.names().default["web"] == "web"
    assert pools.pools[-1].options == {"folder": str(tmp_path)}


def test_kinds_that_a_file_leaves_out_stay_embedded(tmp_path):
    path = written(tmp_path, f"small: {SMALL}}}", f"large: {SMALL}, default: true}}")
    pools = declared(Settings(engines=path))
    names = pools.names()
    assert {name: kind for name, kind in names.kinds.items() if kind == "llm"} == {
        "small": "llm",
        "large": "llm",
    }
    assert names.default == {
        "inline": "inline", "llm": "large", "embedding": "embedding", "vector": "vector",
        "rerank": "rerank",
    }  # fmt: skip


def test_the_first_of_a_kind_is_the_default_where_none_says_so(tmp_path):
    path = written(tmp_path, f"small: {SMALL}}}", f"large: {SMALL}}}")
    assert declared(Settings(engines=path)).names().default["llm"] == "small"


def test_it_may_be_json_too(tmp_path):
    path = tmp_path / "engines.json"
    path.write_text('{"pools": {"web": {"kind": "web", "adapter": "corpus", "folder": "."}}}')
    assert read_engines(path).pools[0].adapter == "corpus"


@pytest.mark.parametrize(
    ("pool", "place", "problem", "cure"),
    [
        (f"a: {SMALL}, structred: true}}", "2:83", "unknown-key: `structred`", "`structured`"),
        ("a: {kind: lmm, adapter: x}", "2:13", 'bad-value: "lmm" is none of', "`llm`"),
        (
            "a: {kind: llm, adapter: opanai}",
            "2:27",
            "bad-value: `opanai` is no adapter",
            "`openai`",
        ),
        ("a: {kind: vector, adapter: openai}", "2:30", "there are emulated, faiss", ""),
        ("a: {kind: llm}", "2:3", "missing-key: `adapter`", ""),
        ("a: {kind: llm, adapter: openai, model: m}", "2:3", "missing-key: `endpoint`", ""),
        ("a: 7", "2:6", "wrong-type: 7 is not an object", ""),
        ("A b: {kind: llm, adapter: extractive}", "2:3", "bad-name: `A b` is not a name of", ""),
        ("inline: {kind: llm, adapter: extractive}", "2:3", "bad-name: `inline` is what", ""),
        ("vector: {kind: llm, adapter: extractive}", "2:3", "bad-name: `vector` is what", ""),
        (f"a: {SMALL}, slots: 0}}", "2:90", "bad-value: 0 is not a whole number from 1", ""),
        (f"a: {SMALL}, slots: 1.5}}", "2:90", "wrong-type: 1.5 is not a whole number", ""),
        (f"a: {SMALL}, api_key_env: TEOLA_X}}", "2:96", "without TEOLA_ before it", ""),
        (f"a: {SMALL}, api: chats}}", "2:88", 'bad-value: "chats" is none of', "`chat`"),
        (f"a: {SMALL}, timeouts: {{first: 3 s}}}}", "2:101", "is not a duration such as", ""),
        (f"a: {SMALL}, timeouts: {{firts: 3s}}}}", "2:94", "unknown-key: `firts`", "`first`"),
        (f"a: &x {SMALL}}}", "2:6", "yaml-feature", ""),
        (f"a: {EMULATED}, profile: llama}}", "2:46", 'bad-value: "llama" is none of', ""),
        (f"a: {EMULATED}}}", "2:3", "missing-key: `profile` is missing", ""),
        (f"a: {PROFILED}, speed: 0}}", "2:72", "bad-value: 0 is not a number above 0", ""),
        (f"a: {PROFILED}, reply_tokens: 0}}", "2:79", "is not a whole number from 1", ""),
        (
            f"a: {PROFILED}, numbers: {{decode_ms: 3}}}}",
            "2:75",
            "unknown-key: `decode_ms`",
            "`decode_token_ms`",
        ),
        (f"a: {PROFILED}, numbers: {{chunked: 1}}}}", "2:84", "is not true or false", ""),
        (
            f"a: {PROFILED}, numbers: {{decode_fixed_ms: -1}}}}",
            "2:92",
            "-1 is not milliseconds, from 0",
            "",
        ),
        (f"a: {SMALL}, server: vlm}}", "2:91", 'bad-value: "vlm" is none of', "`vllm`"),
        (f"a: {SMALL}, priorities: 1}}", "2:95", "wrong-type: 1 is not true or false", ""),
        (f"a: {SMALL}, block_tokens: 0}}", "2:97", "0 is not a whole number from 1 to 4096", ""),
        (f"a: {SMALL}, control_tokens: [x]}}", "2:100", "is not a text of 2 to 100", ""),
        (f"a: {LAUNCHED}, priorities: true}}", "2:51", "unknown-key: `priorities`", ""),
        (f"a: {LAUNCHED}, cache_per_tenant: 0}}", "2:69", "is not true or false", ""),
        ("a: {kind: llm, adapter: vllm}", "2:3", "missing-key: `model`", ""),
        (
            f"a: {LAUNCHED}, flags: {{trust-remote-code: true}}}}",
            "2:59",
            "unknown-key: `trust-",
            "",
        ),
        (f"a: {LAUNCHED}, flags: {{max_model_len: 1}}}}", "2:59", "unknown-key", "`max-model-len`"),
        (f"a: {LAUNCHED}, flags: {{max-model-len: 0}}}}", "2:74", "not a whole number above 0", ""),
        (
            f"a: {LAUNCHED}, flags: {{tokenizer: ''}}}}",
            "2:70",
            "is not the name or the folder of",
            "",
        ),
        (f"a: {LAUNCHED}, flags: {{quantization: --x}}}}", "2:73", "is not a word", ""),
        (f"a: {LAUNCHED}, gpus: [0]}}", "2:58", "0 is not a list of device numbers", ""),
        (f"a: {LAUNCHED}, gpus: [[0, 0]]}}", "2:58", "is not a list of device numbers", ""),
        (f"a: {LAUNCHED}, port: 80}}", "2:57", "80 is not a whole number from 1024", ""),
        ("a: {kind: rerank, adapter: vllm, model: --x}", "2:43", "not beginning with a dash", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_nearest_right_name(
    tmp_path, pool, place, problem, cure
):
    page = refused(written(tmp_path, pool))
    first = page.splitlines()[0]
    assert first.startswith(f"{tmp_path}/engines.yaml:{place}: "), page
    assert problem in first
    assert (f"did you mean {cure}?" in page) == bool(cure)


@pytest.mark.parametrize(
    "address", ["ftp://a", "http://u:pw@a/v1", "http://a?x=1", "http://a#x", "nowhere"]
)
def test_an_endpoint_is_a_plain_address_and_never_repeated(tmp_path, address):
    body = f'kind: llm, adapter: openai, model: m, endpoint: "{address}"'
    first = refused(written(tmp_path, f"a: {{{body}}}")).splitlines()[0]
    assert "bad-value: this is not an http or https address without user" in first
    assert address not in first


def test_a_kind_has_one_default(tmp_path):
    pools = (f"{name}: {SMALL}, default: true}}" for name in ("a", "b"))
    page = refused(written(tmp_path, *pools))
    assert "engines.yaml:3:83: conflicting-keys: `a` is the default of llm already" in page


def test_all_problems_come_at_once(tmp_path):
    page = refused(written(tmp_path, f"a: {SMALL}, slots: 0, x: 1}}", "b: {kind: llm, adapter: y}"))
    assert page.count("engines.yaml:") == 3


@pytest.mark.parametrize("text", ["", "pools: {}", "pool: {}", "[]", "pools: [a]", "a: b: c"])
def test_a_page_without_pools_is_refused(tmp_path, text):
    path = tmp_path / "engines.yaml"
    path.write_text(text)
    assert "engines.yaml:1:" in refused(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert refused(tmp_path / "none.yaml").startswith("TEOLA_ENGINES: cannot read")
