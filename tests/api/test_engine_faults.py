"""Servers that answer wrongly, late, in part or not at all, as whoever asked for a run sees it.

Each is one problem at the line it is about and one end of the run; half an answer is no answer.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.compose import compose
from api.settings import Settings
from tests.api.houses import client_of, finished, put
from tests.executors.engines.openai_calls import text
from tests.executors.engines.openai_server import (
    DIMENSION,
    EVENTS,
    LocalServer,
    Play,
    Seen,
    chat,
    embeddings,
    reranked,
)

pytestmark = pytest.mark.anyio
ENGINES = """\
pools:
  model: {{kind: llm, adapter: openai, model: m, {server}}}
  vectors: {{kind: embedding, adapter: openai, model: e, dimension: {dimension}, {server}}}
  ranks: {{kind: rerank, adapter: openai_rerank, model: r, {server}}}
"""
PAGE = """\
workflow: w
inputs: {{words: {{type: "string[]", default: [a one, b two, c three]}}}}
steps:
  cut: {{use: chunk, text: $inputs.words}}
  s: {{{step}}}
outputs: {{x: {output}}}
stream: [x]
"""
LINE = 5
EMBED = ("use: index, chunks: $cut.items", "$len(cut.items)")
RERANK = ("use: rerank, query: one, docs: $cut.items", "$s.docs")
SAY = ("use: llm, prompt: Hello", "$s.text")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer().up() as server:
        yield server


@pytest.fixture
async def client(server: LocalServer, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    path = tmp_path / "engines.yaml"
    where = f'endpoint: "{server.url}", timeouts: {{first: 1s, gap: 1s}}'
    path.write_text(ENGINES.format(server=where, dimension=DIMENSION))
    async with client_of(compose(Settings(data=tmp_path / "data", engines=path))) as opened:
        yield opened


async def run(client: httpx.AsyncClient, step: str, output: str) -> dict[str, Any]:
    """Run a page with one step of interest; return the run, its events with it."""
    await put(client, "w", PAGE.format(step=step, output=output))
    answer = await client.post("/v1/runs", json={"workflow": "w"})
    assert answer.status_code == 202, answer.text
    found = await finished(client, answer.json()["id"])
    pages = await client.get(f"/v1/runs/{found['id']}/events", params={"limit": 1000})
    return {**found, "events": pages.json()["items"]}


async def failed(client: httpx.AsyncClient, step: str, output: str) -> dict[str, Any]:
    """Run a page whose step `s` has to fail; return its problem, which is the one thing told."""
    found = await run(client, step, output)
    kinds = [event["event"] for event in found["events"]]
    assert (found["status"], found["outputs"]) == ("failed", None)
    assert kinds.count("run.finished") == 1
    assert kinds[-1] == "run.finished"
    assert "output.finished" not in kinds or not output.startswith("$s.")
    problem: dict[str, Any] = found["problem"]
    assert (problem["step"], problem["line"]) == ("s", LINE)
    assert (await client.get(problem["type"])).status_code == 200
    pools = (await client.get("/v1/engines")).json()["items"]
    assert all(pool["waiting"] == pool["busy"] == 0 for pool in pools)
    return problem


Change = Callable[[list[dict[str, Any]]], object]


def with_rows(answer: Callable[[Any], dict[str, Any]], key: str, change: Change) -> Any:
    def play(seen: Seen) -> Play:
        whole = answer(seen.body)
        change(whole[key])
        return Play((json.dumps(whole).encode(),))  # NaN and Infinity too, as some servers do

    return play


ROWS: dict[str, Change] = {
    "fewer": lambda rows: rows.pop(),
    "none": lambda rows: rows.clear(),
    "more": lambda rows: rows.append({**rows[0], "index": 3}),
    "twice": lambda rows: rows.append(rows[0]),
    "twice in another's place": lambda rows: rows[1].update(index=rows[0]["index"]),
    "unheard of": lambda rows: rows[0].update(index=9),
}


@pytest.mark.parametrize("change", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize(
    ("page", "answer", "key"),
    [(EMBED, embeddings, "data"), (RERANK, reranked, "results")],
    ids=["embedding", "rerank"],
)
async def test_rows_that_do_not_fit_what_was_asked(client, server, page, answer, key, change):
    server.play(with_rows(answer, key, change))
    assert (await failed(client, *page))["code"] == "bad-reply"


@pytest.mark.parametrize(
    ("page", "answer", "key"),
    [(EMBED, embeddings, "data"), (RERANK, reranked, "results")],
    ids=["embedding", "rerank"],
)
async def test_rows_in_another_order_are_put_where_they_belong(client, server, page, answer, key):
    plain = await run(client, *page)
    server.play(with_rows(answer, key, list.reverse))
    found = await run(client, *page)
    assert found["status"] == "succeeded"
    assert found["outputs"] == plain["outputs"]


@pytest.mark.parametrize(
    "wrong", [[0.5] * (DIMENSION - 1), [0.5] * (DIMENSION + 1), [float("nan")] * DIMENSION,
              [float("inf")] * DIMENSION, [1e300] * DIMENSION, [], "AAAA"]
)  # fmt: skip
async def test_vectors_of_another_length_or_of_no_numbers(client, server, wrong):
    change = with_rows(embeddings, "data", lambda rows: rows[1].update(embedding=wrong))
    server.play(change)
    assert (await failed(client, *EMBED))["code"] == "bad-reply"


@pytest.mark.parametrize("wrong", [float("nan"), float("-inf"), "0.5", None])
async def test_scores_that_are_no_numbers(client, server, wrong):
    change = with_rows(reranked, "results", lambda rows: rows[1].update(relevance_score=wrong))
    server.play(change)
    assert (await failed(client, *RERANK))["code"] == "bad-reply"


@pytest.mark.parametrize("page", [EMBED, RERANK, SAY], ids=["embedding", "rerank", "llm"])
@pytest.mark.parametrize(
    ("play", "code"),
    [
        (Play((b'{"data": [{]',)), "bad-reply"),
        (Play((b"<html>It works!</html>",), media="text/html"), "bad-reply"),
        (Play.of(["x"]), "bad-reply"),
        (Play((b'{"choices": [', b'{"index"'), cut=True), "engine-error"),
        (Play.of({"error": {"message": "no"}}, status=400), "bad-request"),
        (Play.of({}, status=401), "engine-unauthorised"),
        (Play.of({}, status=404), "engine-unavailable"),
        (Play.of({}, status=429), "engine-busy"),
        (Play.of({}, status=500), "engine-error"),
        (Play.of({}, status=503), "engine-unavailable"),
        (Play(stalls=True), "engine-timeout"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_every_kind_of_refusal_is_one_problem(client, server, page, play, code):
    server.play(play)
    assert (await failed(client, *page))["code"] == code
    assert sum(seen.method == "POST" for seen in server.seen) == 1


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (Play(media=EVENTS, stalls=True), "engine-timeout"),
        (Play.events(*text("Half ", finish=None), stalls=True), "engine-timeout"),
        (Play.events(*text("Half ", finish=None), cut=True), "engine-error"),
        (Play.events(*text("Half ", finish=None)), "engine-error"),
        (Play.events(*text("Half ", finish=None), "[DONE]"), "engine-error"),
        (Play.events(*text("Half ", finish="content_filter")), "content-refused"),
        (Play.events(*text("Half ", finish=None), "no json"), "bad-reply"),
    ],
    ids=["no first token", "no next token", "cut", "ended", "done", "filtered", "garbage"],
)
async def test_half_an_answer_is_never_a_whole_one(client, server, play, code):
    server.play(play)
    assert (await failed(client, *SAY))["code"] == code


@pytest.mark.parametrize("page", [EMBED, RERANK, SAY], ids=["embedding", "rerank", "llm"])
async def test_what_passes_is_tried_again_as_often_as_the_step_says(client, server, page):
    server.play(Play.of({}, status=503), Play.of({}, status=500))
    step, output = page
    found = await run(client, f"{step}, retry: 2", output)
    assert found["status"] == "succeeded"
    server.play(*[Play.of({}, status=503)] * 3)
    assert (await failed(client, f"{step}, retry: 2", output))["code"] == "engine-unavailable"


async def test_text_of_a_stream_that_broke_is_taken_back_and_sent_anew(client, server):
    server.play(Play.events(*text("Half ", finish=None), cut=True))
    found = await run(client, "use: llm, prompt: Hello, retry: 1", "$s.text")
    shown = [e for e in found["events"] if e["event"] in ("output.delta", "output.restarted")]
    at = [e["event"] for e in shown].index("output.restarted")
    assert shown[at]["data"] == {"output": "x"}
    before, after = ("".join(e["data"]["text"] for e in p) for p in (shown[:at], shown[at + 1 :]))
    assert (before, after) == ("Half ", found["outputs"]["x"])


async def test_what_does_not_pass_is_not_tried_again(client, server):
    server.play(Play.of({}, status=401))
    assert await failed(client, "use: llm, prompt: Hello, retry: 3", "$s.text")
    assert len(server.seen) == 1


async def test_the_next_attempt_waits_as_long_as_the_server_asks(client, server):
    server.play(Play.of({}, status=429, headers={"Retry-After": "1"}))
    found = await run(client, "use: llm, prompt: Hello, retry: 1", "$s.text")
    assert found["status"] == "succeeded"
    (step,) = (step for step in found["steps"] if step["id"] == "s")
    assert step["queue_ms"] >= 1000


async def test_a_step_has_no_more_time_for_waiting_than_for_work(client, server):
    server.play(Play.of({}, status=429, headers={"Retry-After": "60"}))
    page = ("use: llm, prompt: Hello, retry: 1, timeout: 300ms", "$s.text")
    assert (await failed(client, *page))["code"] == "timed-out"


# --- what it cost ---


def counted(server: LocalServer) -> dict[str, int]:
    """Return what the server has told its clients of tokens, as a run tells it; it cut nothing."""
    return {**{f"tokens_{name}": count for name, count in server.tokens.items()}, "replies_cut": 0}


async def test_answers_of_no_use_cost_what_the_server_counts(client, server):
    server.play(*[chat] * 2)
    step = "use: llm.json, prompt: No JSON at all, schema: {a: integer}, retry: 1"
    found = await run(client, step + ", fallback: {value: {a: 1}}", "$s.value.a")
    assert (found["status"], found["outputs"], len(server.seen)) == ("succeeded", {"x": 1}, 2)
    assert found["usage"] == counted(server)
    assert found["usage"]["tokens_out"] > 0


async def test_loops_elements_and_attempts_cost_what_the_server_counts(client, server):
    def choosy(seen: Seen) -> Play:
        many = len(server.seen) % 3
        return chat(seen) if many else Play.of({}, status=503)

    server.play(*[choosy] * 40)
    body = "said: {use: llm, prompt: '{{ loop.n }} {{ item }}', retry: 3, fallback: {text: ''}}"
    loop = "loop: {max: 3, start: {n: 1}, next: {n: $loop.n + 1}}"
    inner = f"rounds: {{{loop}, steps: {{{body}}}}}"
    page = f"for_each: $inputs.words, steps: {{{inner}}}, outputs: {{n: $rounds.n}}"
    found = await run(client, page, "$s.n")
    assert (found["status"], found["outputs"]) == ("succeeded", {"x": [4, 4, 4]}), found["problem"]
    assert found["usage"] == counted(server)


async def test_rows_of_no_use_cost_what_the_server_counts(client, server):
    for page, answer, key in ((EMBED, embeddings, "data"), (RERANK, reranked, "results")):
        server.tokens.clear()
        server.play(with_rows(answer, key, lambda rows: rows.pop()))
        found = await run(client, *page)
        assert found["status"] == "failed"
        assert found["usage"]["tokens_in"] == server.tokens["in"] > 0


# --- elements that fail, lists that do not have what was asked, and lists of nothing ---


def choosy(seen: Seen) -> Play:
    """Refuse what is about the second word."""
    about = seen.body["messages"][-1]["content"]
    return Play.of({}, status=401) if "two" in about else chat(seen)


@pytest.mark.parametrize(("mode", "kept"), [("null", [True, False, True]), ("drop", [True] * 2)])
async def test_an_element_that_fails_is_null_or_left_out(client, server, mode, kept):
    server.play(*[choosy] * 3)
    step = f"for_each: $inputs.words, use: llm, prompt: 'On {{{{ item }}}}', on_error: {mode}"
    found = await run(client, step, "$s.text")
    assert found["status"] == "succeeded"
    assert [said is not None for said in found["outputs"]["x"]] == kept


async def test_an_element_that_fails_fails_the_step_where_nothing_else_is_said(client, server):
    server.play(*[choosy] * 3)
    for mode in ("", ", on_error: fail"):
        server.play(*[choosy] * 3)
        step = f"for_each: $inputs.words, use: llm, prompt: 'On {{{{ item }}}}'{mode}"
        problem = await failed(client, step, "$s.text")
        assert problem["code"] == "engine-unauthorised"
        assert problem["primitive"].startswith("s[1]")


@pytest.mark.parametrize(
    ("reply", "step", "items"),
    [
        ('["a", "b", "c"]', "items: 2", ["a", "b"]),
        ('["a"]', "items: 2", ["a"]),
        ("[]", "items: 2", []),
        ('["a"]', "min_items: 2", None),
        ("[]", "min_items: 1", None),
    ],
)
async def test_a_list_is_cut_kept_or_too_short(client, server, reply, step, items):
    server.play(Play.events(*text(reply)))
    page = (f"use: llm.list, prompt: List, {step}", "$s.items")
    if items is None:
        assert (await failed(client, *page))["code"] == "too-few-items"
    else:
        assert (await run(client, *page))["outputs"] == {"x": items}


NOTHING = """\
workflow: nothing
inputs: {none: {type: "string[]", default: []}, lists: {type: "doc[][]", default: []}}
steps:
  cut: {use: chunk, text: $inputs.none}
  blank: {use: chunk, text: " "}
  index: {use: index, chunks: $cut.items}
  hits: {use: search, index: $index, query: Anything}
  words: {use: search, index: $index, query: Anything, by: lexical}
  both: {use: search, index: $index, query: Anything, by: hybrid}
  best: {use: rerank, query: Anything, docs: $cut.items}
  merged: {use: merge, lists: $inputs.lists}
  each: {for_each: $inputs.none, use: llm, prompt: "{{ item }}"}
  found: {for_each: $inputs.none, use: search, index: $index, query: $item, collect: docs}
  folded: {fold: $inputs.none, start: zero, use: llm, prompt: "{{ item }} {{ acc }}"}
  tree: {reduce: $inputs.none, start: none, use: llm, prompt: "{{ items | numbered }}"}
  refined: {use: synthesize.refine, docs: $cut.items, prompt: "{{ doc.text }} {{ draft }}"}
  summed: {use: synthesize.tree, docs: $cut.items, prompt: "{{ texts | numbered }}"}
  stuffed: {use: synthesize.stuff, docs: $cut.items, prompt: "Nothing: {{ docs | numbered }}"}
  placed: {use: contextualize, document: Nothing, chunks: $cut.items}
outputs:
  lists: [$cut.items, $blank.items, $hits.docs, $words.docs, $both.docs, $best.docs, $merged.docs,
    $each.text, $found.docs, $placed.items]
  texts: [$folded, $tree, $refined.text, $summed.text]
  stuffed: $stuffed.text
"""


async def test_lists_of_nothing_give_nothing_and_fail_nothing(client, server):
    await put(client, "nothing", NOTHING)
    answer = await client.post("/v1/runs", json={"workflow": "nothing"})
    found = await finished(client, answer.json()["id"])
    assert found["status"] == "succeeded", found["problem"]
    outputs = found["outputs"]
    assert outputs["lists"] == [[]] * 10
    assert outputs["texts"] == ["zero", "none", "", ""]
    assert outputs["stuffed"].startswith("You said: Nothing:")
    assert [seen.path for seen in server.seen].count("/v1/chat/completions") == 1


async def test_a_tree_of_nothing_fails_where_nothing_stands_in_for_it(client, server):
    await put(client, "w", PAGE.replace("default: [a one, b two, c three]", "default: []").format(
        step="reduce: $inputs.words, use: llm, prompt: '{{ items | numbered }}'", output="$s.text"
    ))  # fmt: skip
    answer = await client.post("/v1/runs", json={"workflow": "w"})
    found = await finished(client, answer.json()["id"])
    assert (found["status"], found["problem"]["line"]) == ("failed", LINE)
