"""What has stopped engines elsewhere, over REST, at a service in front of a real one.

Each is refused with the place it stands at, and nothing of it arrives: the engine counts the
requests that it is sent, and those that it refuses itself too.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bench.service import Service, service
from tests.bad_inputs.catalogue import Item, items
from tests.bad_inputs.visit import Visitor
from tests.vllm.servers import Servers

pytestmark = pytest.mark.vllm
#: Numbers and bounds of sampling, and schemas: the categories of `tests/bad_inputs/` about engines.
LETTERS = ("H", "I")
#: What vLLM's own API takes, and a step must not have: each has brought down a server, held one up,
#: made it fetch or read what it should not, or is a way to do so.
PARAMETERS: dict[str, Any] = {
    "n": 1_000_000,
    "best_of": 1_000,
    "logit_bias": {"99999999": 1},
    "presence_penalty": 1e308,
    "frequency_penalty": -1e308,
    "repetition_penalty": 0,
    "min_p": 2,
    "top_p": 0,
    "top_k": -7,
    "min_tokens": 1_000_000_000,
    "ignore_eos": True,
    "stop_token_ids": [1 << 40],
    "logprobs": -5,
    "prompt_logprobs": 1 << 20,
    "structured_outputs": {"regex": "(a+)+$"},
    "guided_regex": "(a+)+$",
    "guided_grammar": "(" * 5_000,
    "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "nonsense"}}},
    "tool_choice": "required",
    "chat_template": "{% for x in range(999999999) %}{% endfor %}",
    "chat_template_kwargs": {"chat_template": "x"},
    "add_generation_prompt": False,
    "prompt_embeds": "gASVAAAAAAAAAAA=",
    "prompt_token_ids": [-1],
    "multi_modal_data": {"image": "file:///etc/passwd"},
    "media_io_kwargs": {"video": {"num_frames": -1}},
    "mm_processor_kwargs": {"max_pixels": 1 << 60},
    "lora_path": "/etc",
    "kv_transfer_params": {"remote_host": "127.0.0.1"},
    "cache_salt": "x",
    "extra_body": {"n": 1_000_000},
    "vllm_xargs": {"a": 1},
}
#: Values that no document shows, because they come with the run.
LATE = {
    "temperature": [-1, 2.5, 1e308],
    "max_tokens": [0, -1, 10**9],
    "seed": [-1, 0.5],
    "stop": [[""], ["x"] * 17, ["x" * 1_001]],
}

GOOD = """\
workflow: good
steps:
  said: {use: llm, prompt: Hello, max_tokens: 4}
outputs: {said: $said.text}
"""
BAD = """\
workflow: bad
steps:
  last: {{use: llm, prompt: x, {key}: {value}}}
outputs: {{said: $last.text}}
"""
LATE_PAGE = """\
workflow: late
inputs: {{x: any}}
steps:
  last: {{use: llm, prompt: x, {key}: $inputs.x}}
outputs: {{said: $last.text}}
"""
UNHONOURED = """\
workflow: unhonoured
steps:
  first: {use: text, template: x}
  given: {use: llm.json, prompt: x, schema: {a: {type: integer, multipleOf: 7}}}
outputs: {given: $given}
"""


@pytest.fixture(scope="module")
def teola(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    engines = tmp_path_factory.mktemp("triggers") / "engines.yaml"
    chat = f"adapter: openai, endpoint: '{servers.chat.url}', api_key_env: TINY_KEY"
    absent = f"  absent: {{kind: llm, {chat}, model: nope}}\n"
    engines.write_text(f"{servers.engines.read_text()}{absent}")
    with service(**servers.variables | {"TEOLA_ENGINES": str(engines)}) as teola:
        yield teola


@contextmanager
def nothing_arrives(servers: Servers, teola: Service) -> Iterator[None]:
    """See that the engine is sent nothing inside, and that a good run then is, and is answered."""
    before = requests(servers)
    yield
    assert requests(servers) == before
    run = teola.run_page(GOOD, {})
    assert run["status"] == "succeeded", run["problem"]
    assert requests(servers) == before + 1


def requests(servers: Servers) -> int:
    """Return how many requests for a reply the chat server has been sent, good ones or not."""
    page = httpx.get(f"{servers.chat.root}/metrics").text
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in page.splitlines()
        if line.startswith("http_requests_total{") and '"/v1/chat/completions"' in line
    )


def without_twins(item: Item) -> Item:
    return replace(item, page=item.page.model_copy(update={"twins": []}))


@pytest.mark.parametrize("letter", LETTERS)
def test_no_bad_number_and_no_bad_schema_of_the_catalogue_arrives(servers, teola, letter):
    visitor = Visitor(teola)
    with nothing_arrives(servers, teola):
        verdicts = list(visitor.visit(map(without_twins, items(letters=letter))))
    assert len(verdicts) > 20
    failed = [verdict for verdict in verdicts if verdict.complaints]
    assert not failed, "\n".join(f"{each.id} {'; '.join(each.complaints)}" for each in failed)


def test_no_parameter_but_those_of_the_language_arrives(servers, teola):
    with nothing_arrives(servers, teola):
        for key, value in PARAMETERS.items():
            page = BAD.format(key=key, value=json.dumps(value))
            yaml = {"Content-Type": "application/yaml"}
            answer = teola.http.put("/v1/workflows/bad", content=page, headers=yaml)
            assert answer.status_code == 422, key
            found = {(e["code"], e["pointer"], e["line"]) for e in answer.json()["errors"]}
            assert ("unknown-key", f"/steps/last/{key}", 3) in found


@pytest.mark.parametrize("key", LATE)
def test_no_bad_value_that_comes_with_the_run_arrives(servers, teola, key):
    with nothing_arrives(servers, teola):
        name = teola.put_page(LATE_PAGE.format(key=key))
        for value in LATE[key]:
            problem = teola.run(name, {"x": value})["problem"]
            assert (problem["step"], problem["line"]) == ("last", 4), value
            assert problem["code"] in ("bad-value", "bad-request"), value


def test_a_schema_that_the_grammar_does_not_have_fails_its_step_at_the_authors_line(teola):
    problem = teola.run(teola.put_page(UNHONOURED), {})["problem"]
    assert (problem["code"], problem["step"], problem["line"]) == ("bad-request", "given", 4)
    assert "not supported by xgrammar" in problem["detail"]


def test_a_model_that_is_not_there_fails_its_step_at_the_authors_line(teola):
    page = GOOD.replace("use: llm", "use: llm, engine: absent")
    problem = teola.run(teola.put_page(page), {})["problem"]
    assert (problem["code"], problem["step"], problem["line"]) == ("engine-unavailable", "said", 3)
    assert "nope" in problem["detail"]
