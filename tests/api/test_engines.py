"""The whole service over declared engines: real requests to a real server, and back."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.compose import compose
from api.engines_file import BadEngines
from api.settings import Settings
from tests.api.houses import YAML, client_of, finished, problem_of
from tests.api.test_cli import teola
from tests.executors.engines.openai_server import LocalServer, Play, chunk

pytestmark = pytest.mark.anyio
ENGINES = """\
pools:
  small: {{kind: llm, adapter: openai, endpoint: "{url}", model: little, default: true}}
  large: {{kind: llm, adapter: openai, endpoint: "{url}", model: big, structured: true,
    priorities: true, cache_per_tenant: true, block_tokens: 16}}
  ranks: {{kind: rerank, adapter: openai_rerank, endpoint: "{url}", model: ranker}}
  vectors: {{kind: embedding, adapter: openai, endpoint: "{url}", model: embedder}}
"""


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer().up() as server:
        yield server


@pytest.fixture
def engines(server: LocalServer, tmp_path: Path) -> Path:
    path = tmp_path / "engines.yaml"
    path.write_text(ENGINES.format(url=server.url))
    return path


@pytest.fixture
async def client(engines: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "mill.md").write_text("# The old mill\n\nIt grinds rye.")
    settings = Settings(data=tmp_path / "data", engines=engines, corpus=pages)
    async with client_of(compose(settings)) as opened:
        yield opened


@pytest.mark.parametrize("option", ["priorities", "cache_per_tenant"])
@pytest.mark.parametrize("kind", ["openai", "llama-cpp-python"])
def test_an_option_that_a_kind_of_server_lacks_is_refused(engines, tmp_path, kind, option):
    text = engines.read_text().replace("model: little,", f"model: little, server: {kind},")
    engines.write_text(text.replace("default: true", f"{option}: true"))
    with pytest.raises(BadEngines, match=f"servers of the kind '{kind}' know no") as refused:
        compose(Settings(data=tmp_path / "data", engines=engines))
    assert f"{option}: true" in str(refused.value)


def page(steps: str, outputs: str, inputs: str = "{}") -> dict[str, Any]:
    from spec.load import read
    from spec.source import Source

    text = f"workflow: w\ninputs: {inputs}\nsteps: {steps}\noutputs: {outputs}\n"
    tree: dict[str, Any] = read(Source("page", text.encode(), "yaml")).value
    return tree if tree["inputs"] else {key: tree[key] for key in tree if key != "inputs"}


async def run(client: httpx.AsyncClient, spec: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/runs", json={"spec": spec})
    assert answer.status_code == 202, answer.text
    return await finished(client, answer.json()["id"])


def says(text: str) -> Play:
    body = {"model": "m"}
    return Play.events(chunk(body, {"content": text}), chunk(body, {}, "stop"), "[DONE]")


async def test_a_step_goes_to_the_default_pool_or_to_the_one_it_names(client, server):
    steps = "{a: {use: llm, prompt: One}, b: {use: llm, prompt: Two, engine: large, after: [a]}}"
    found = await run(client, page(steps, "{a: $a.text, b: $b.text}"))
    assert found["status"] == "succeeded"
    assert [seen.body["model"] for seen in server.seen] == ["little", "big"]
    assert found["outputs"]["a"].startswith("You said: One")
    assert [step["model"] for step in found["steps"]] == ["little", "big"]
    assert found["usage"]["tokens_in"] == 2


async def test_lists_objects_and_chats_come_back_as_what_they_are(client, server):
    server.play(
        says('Sure:\n["one", "two", "three"]'), says('{"label": "a"}'), says("- x\n- y"), says("Hi")
    )
    steps = """{
      list: {use: llm.list, prompt: List, items: 2, engine: large},
      sort: {use: llm.json, prompt: Sort, schema: {label: {enum: [a, b]}}, engine: large,
        after: [list]},
      more: {use: llm.list, prompt: More, after: [sort]},
      chat: {use: llm.chat, user: Hello, system: Be brief, messages: $inputs.said, after: [more]},
    }"""
    outputs = "{items: $list, value: $sort, lines: $more, said: $chat.messages}"
    said = '{said: {type: "message[]", default: [{role: user, content: Hm}]}}'
    found = await run(client, page(steps, outputs, said))
    assert found["outputs"] == {
        "items": ["one", "two"],
        "value": {"label": "a"},
        "lines": ["x", "y"],
        "said": [
            {"role": "user", "content": "Hm"},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi"},
        ],
    }
    listed, sorted_, more, _ = (seen.body for seen in server.seen)
    schema = listed["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["items"]["maxItems"] == 2
    enum = sorted_["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"]
    assert enum == ["a", "b"]
    assert "response_format" not in more


async def test_what_a_run_and_its_step_say_of_priority_reaches_the_servers_that_go_by_it(
    client, server
):
    steps = """{
      a: {use: llm, prompt: one, engine: large, priority: -5},
      b: {use: llm, prompt: "{{ a.text }}", engine: large},
      c: {use: llm, prompt: "{{ b.text }}", priority: 10},
    }"""
    asked = {"spec": page(steps, "{said: $c.text}"), "priority": 3}
    answer = await client.post("/v1/runs", json=asked)
    found = await finished(client, answer.json()["id"])
    assert found["status"] == "succeeded"
    assert [seen.body.get("priority") for seen in server.seen] == [2, -3, None]
    assert ["cache_salt" in seen.body for seen in server.seen] == [True, True, False]


async def test_docs_are_found_ranked_and_read(client, server):
    steps = """{
      web: {use: web_search, query: mill rye},
      index: {use: index, chunks: $web.docs},
      hits: {use: search, index: $index, query: rye, top_k: 1},
      best: {use: rerank, query: it grinds rye., docs: $hits.docs},
    }"""
    found = await run(client, page(steps, "{best: $best.docs}"))
    (doc,) = found["outputs"]["best"]
    assert (doc["id"], doc["title"], doc["score"]) == ("file:mill.md", "The old mill", 1.0)
    assert {seen.path for seen in server.seen} == {"/v1/embeddings", "/v1/rerank"}


@pytest.mark.parametrize(
    ("step", "reply", "code"),
    [
        ("use: llm.list, prompt: x, min_items: 3", '["a"]', "too-few-items"),
        ("use: llm.json, prompt: x, schema: {a: integer}", '{"a": "x"}', "bad-reply"),
        ("use: llm.json, prompt: x, schema: {a: integer}", "no", "bad-reply"),
    ],
)
async def test_a_reply_that_will_not_do_fails_the_step_with_its_line(
    client, server, step, reply, code
):
    server.play(says(reply))
    found = await run(client, page(f"{{s: {{{step}}}}}", "{x: 1}"))
    assert found["status"] == "failed"
    assert (found["problem"]["code"], found["problem"]["step"]) == (code, "s")


async def test_a_server_that_refuses_fails_the_step_with_what_it_means(client, server):
    server.play(Play.of({"error": {"message": "maximum context length is 9"}}, status=400))
    found = await run(client, page("{s: {use: llm, prompt: x}}", "{x: $s.text}"))
    assert found["problem"]["code"] == "context-overflow"
    kind = await client.get(found["problem"]["type"])
    assert kind.status_code == 200


async def test_pools_are_shown_as_they_were_declared(client):
    async def shown() -> dict[str, Any]:
        items = (await client.get("/v1/engines")).json()["items"]
        return {item["name"]: item for item in items}

    before = await shown()
    assert list(before) == ["inline", "small", "large", "ranks", "vectors", "vector", "web"]
    assert [name for name, pool in before.items() if pool["kind"] == "llm" and pool["default"]] == [
        "small"
    ]
    large = before["large"]
    assert (large["engine"], large["model"], large["state"]) == ("openai", "big", "not started")
    await run(client, page("{s: {use: llm, prompt: x, engine: large}}", "{x: $s.text}"))
    after = await shown()
    assert (after["large"]["state"], after["small"]["state"]) == ("ready", "not started")


async def test_an_engine_that_is_none_is_a_problem_where_it_stands(client):
    text = "workflow: w\nsteps: {s: {use: llm, prompt: x, engine: lage}}\noutputs: {x: $s.text}\n"
    answer = await client.put("/v1/workflows/w", content=text, headers=YAML)
    (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert (error["code"], error["line"], error["hint"]) == ("unknown-engine", 2, "large")


async def test_without_a_web_pool_a_search_is_refused_where_it_stands_with_the_cure(tmp_path):
    text = "workflow: w\nsteps: {s: {use: web_search, query: x}}\noutputs: {x: $s.docs}\n"
    async with client_of(compose(Settings(data=tmp_path / "data"))) as client:
        checked = await client.post("/v1/workflows/validate", content=text, headers=YAML)
        assert checked.json() == {"valid": True, "errors": [], "warnings": []}
        kept = await client.put("/v1/workflows/w", content=text, headers=YAML)
        steps = "{s: {use: web_search, query: x}}"
        ran = await client.post("/v1/runs", json={"spec": page(steps, "{x: $s.docs}")})
    for answer in (kept, ran):
        (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
        assert error["code"] == "unknown-engine"
        assert error["pointer"].endswith("/steps/s/use")
        assert "TEOLA_CORPUS" in error["detail"]


def test_a_key_that_is_not_set_is_told_where_it_is_named(tmp_path):
    path = tmp_path / "engines.yaml"
    pool = 'kind: llm, adapter: openai, endpoint: "http://a/v1", model: m, api_key_env: NO_SUCH_KEY'
    path.write_text(f"pools:\n  a: {{{pool}}}\n")
    with pytest.raises(BadEngines, match=r"engines\.yaml:2:83: bad-value: .* NO_SUCH_KEY"):
        compose(Settings(data=tmp_path / "data", engines=path))


# --- the command line ---

ASK = "workflow: ask\nsteps: {s: {use: llm, prompt: Hi, engine: big}}\noutputs: {x: $s.text}\n"


def declared(folder: Path, server: LocalServer, more: str = "") -> dict[str, str]:
    body = f'kind: llm, adapter: openai, endpoint: "{server.url}", model: m, api_key_env: THE_KEY'
    (folder / "engines.yaml").write_text(f"pools:\n  big: {{{body}{more}}}\n")
    (folder / "ask.yaml").write_text(ASK)
    return {"TEOLA_ENGINES": "engines.yaml", "THE_KEY": "canary-123"}


def test_run_validate_and_doctor_know_the_declared_pools(tmp_path, server):
    variables = declared(tmp_path, server)
    ran = teola(tmp_path, "run", "ask.yaml", "--json", **variables)
    assert json.loads(ran.stdout)["outputs"]["x"].startswith("You said: Hi"), ran.stderr
    assert server.seen[0].headers["authorization"] == "Bearer canary-123"
    assert teola(tmp_path, "validate", "ask.yaml", **variables).returncode == 0
    without = teola(tmp_path, "validate", "ask.yaml")
    assert without.returncode == 3
    assert "unknown-engine" in without.stdout
    examined = teola(tmp_path, "doctor", **variables, TEOLA_PORT="0")
    assert "ok    pool big: openai, m" in examined.stdout
    shown = ran.stdout + ran.stderr + examined.stdout + examined.stderr
    assert "canary" not in shown


def test_engines_lists_every_pool_and_whether_it_can_be_used(tmp_path, server):
    variables = declared(tmp_path, server)
    listed = teola(tmp_path, "engines", "--json", **variables)
    items = {item["name"]: item for item in json.loads(listed.stdout)["items"]}
    assert list(items) == ["big", "embedding", "vector", "rerank"]
    assert items["big"] == {
        "name": "big", "kind": "llm", "engine": "openai", "model": "m", "replicas": 1,
        "default": True, "state": "ready", "trouble": "",
    }  # fmt: skip
    assert listed.returncode == 0
    del variables["THE_KEY"]
    lacking = teola(tmp_path, "engines", **variables)
    assert lacking.returncode == 1
    assert "unavailable" in lacking.stdout


def test_a_file_that_is_wrong_stops_every_command_that_needs_it(tmp_path, server):
    variables = declared(tmp_path, server, ", slots: none")
    for command in (
        ["up", "--port", "0"],
        ["run", "ask.yaml"],
        ["engines"],
    ):
        stopped = teola(tmp_path, *command, **variables)
        assert stopped.returncode == 2, command
        assert "engines.yaml:2:" in stopped.stderr
        assert "is not a whole number" in stopped.stderr
    examined = teola(tmp_path, "doctor", **variables, TEOLA_PORT="0")
    assert examined.returncode == 1
    assert "MISS  engines: engines.yaml:2:" in examined.stdout
