"""Opening workflows into primitives: what is wired to what, and where it came from."""

import pytest

from planner.errors import PlanTooLarge
from planner.graph import Output, RunInput
from spec.values import ListOf, Literal, Member, Operation, Slice, Slot, Text

RAG = """
workflow: rag
inputs: {text: string, question: string}
steps:
  answer:
    use: llm
    engine: large
    prompt: "{{ hits.docs | numbered }} {{ inputs.question }}"
  hits: {use: search, index: $index, query: $inputs.question, top_k: 3}
  index: {use: index, chunks: $chunks.items}
  chunks: {use: chunk, text: $inputs.text, size: 64}
outputs: {answer: $answer.text, sources: $hits.docs, first: "$hits.docs[0].text"}
stream: [answer, sources]
"""


def test_a_module_is_replaced_by_its_primitives_in_the_order_they_can_run(plan_of):
    plan = plan_of(RAG)
    assert [primitive.id for primitive in plan.graph] == [
        "chunks.pieces",
        "index.vectors",
        "index.stored",
        "hits.query",
        "hits.hits",
        "answer.prefill",
        "answer.decode",
        "output:answer",
        "output:sources",
        "output:first",
    ]


def test_steps_that_need_nothing_of_each_other_keep_their_places_in_the_file(plan_of):
    plan = plan_of("""
workflow: w
inputs: {q: string}
steps:
  a: {use: text, template: "{{ c.text }}"}
  b: {use: text, template: b}
  c: {use: text, template: c}
outputs: {text: $a.text}
""")
    assert list(plan.graph.primitives) == ["b.filled", "c.filled", "a.filled", "output:text"]


def test_a_workflow_may_be_called_like_a_module_it_uses(plan_of):
    plan = plan_of("""
workflow: text
inputs: {q: string}
steps: {a: {use: text, template: "{{ inputs.q }}"}, b: {use: text, template: "{{ a.text }}"}}
outputs: {text: $b.text}
""")
    assert list(plan.graph.primitives) == ["a.filled", "b.filled", "output:text"]


def test_inputs_of_a_module_are_what_its_caller_wired(plan_of):
    graph = plan_of(RAG).graph
    assert graph["chunks.pieces"].params["size"] == Literal(64)
    assert graph["chunks.pieces"].params["overlap"] == Literal(0)
    assert graph["hits.query"].params["texts"] == ListOf((RunInput("question"),))
    assert graph["hits.hits"].params["index"] == Output("index.stored", "index")


def test_outputs_of_a_module_are_read_through_to_the_port(plan_of):
    graph = plan_of(RAG).graph
    docs = Member(Output("hits.hits", "docs"), 0)
    assert graph["output:sources"].params["value"] == docs
    assert graph["output:first"].params["value"] == Member(Member(docs, 0), "text")


def test_a_key_that_is_known_by_now_is_read_by_now(plan_of, registry, read):
    modules = registry.with_module(
        read("""
module: pick
inputs: {docs: "doc[]", at: {type: integer, default: 1}, key: {type: string, default: text}}
steps:
  it: {use: text, template: "$inputs.docs[inputs.at][inputs.key]"}
outputs: {text: $it.text}
""")
    )
    plan = plan_of(
        """
workflow: w
inputs: {d: doc, n: integer, docs: "doc[]", o: object}
steps:
  known: {use: pick, docs: [$inputs.docs[0], {id: $inputs.o.id, text: $inputs.o.text, meta: {}}]}
  outside: {use: pick, docs: [$inputs.d], at: 3, key: id}
  later: {use: pick, docs: [$inputs.d], at: $inputs.n}
  whole: {use: text, template: "$inputs['o'].a + inputs.docs[inputs.n:][0].text"}
outputs: {text: $known.text}
""".replace("[$inputs.docs[0], {", '["$inputs.docs[0]", {'),
        modules,
    )

    def filled(step):
        return plan.graph[f"{step}.filled"].params["template"]

    listed = ListOf((RunInput("d"),))
    assert filled("known.it") == Member(RunInput("o"), "text")
    assert filled("outside.it") == Member(Member(listed, 3), "id")
    assert filled("later.it") == Member(Member(listed, RunInput("n")), "text")
    docs = Slice(RunInput("docs"), RunInput("n"), None)
    added = (Member(RunInput("o"), "a"), Member(Member(docs, 0), "text"))
    assert filled("whole") == Operation("+", added)


def test_a_prompt_keeps_its_segments_with_the_callers_slots_bound(plan_of):
    prompt = plan_of(RAG).graph["answer.prefill"].params["prompt"]
    assert isinstance(prompt, Text)
    slots = [segment for segment in prompt.segments if isinstance(segment, Slot)]
    assert slots[0].value == Member(Output("hits.hits", "docs"), 0)
    assert slots[1].value == RunInput("question")


def test_prefill_and_decode_are_one_unit_that_leaves_together(plan_of):
    plan = plan_of(RAG)
    unit = plan.units["answer.prefill"]
    assert unit.members == ("answer.prefill", "answer.decode")
    assert unit.waits == {"hits.hits"}
    assert "answer.decode" not in plan.units


def test_engine_speaks_for_the_work_of_its_kind(plan_of):
    graph = plan_of(RAG).graph
    assert graph["answer.decode"].pool == "large"
    assert graph["index.vectors"].pool == "embedding"


def test_only_a_bare_reference_to_generated_text_is_streamed(plan_of):
    assert plan_of(RAG).streams == {"answer.decode": ("answer",)}


def test_every_primitive_points_at_the_authors_line(plan_of):
    graph = plan_of(RAG).graph
    assert graph["index.vectors"].origin.line == graph["index.stored"].origin.line == 10
    assert graph["output:answer"].origin.line == 12
    assert {primitive.origin.source for primitive in graph} == {"page.yaml"}


GRADE = """
module: grade
inputs: {doc: doc, prompt: {type: prompt, names: {passage: doc}}}
steps: {say: {use: llm, prompt: $inputs.prompt, names: {passage: $inputs.doc}}}
outputs: {text: $say.text}
"""


def test_a_prompts_own_name_wins_over_a_step_of_its_caller(registry, read, plan_of):
    plan = plan_of(
        """
workflow: w
inputs: {text: string}
steps:
  passage: {use: text, template: "{{ it.text }}"}
  it: {use: grade, doc: "$cut.items[0]", prompt: "{{ passage.text }}"}
  cut: {use: chunk, text: $inputs.text}
outputs: {text: $passage.text}
""",
        registry.with_module(read(GRADE)),
    )
    (slot,) = plan.graph["it.say.prefill"].params["prompt"].segments
    assert slot.value == Member(Member(Output("cut.pieces", "items"), 0), "text")
    (slot,) = plan.graph["passage.filled"].params["template"].segments
    assert slot.value == Output("it.say.decode", "text")


def test_the_prompts_own_names_are_filled_by_the_module(registry, read, plan_of):
    modules = registry.with_module(read(GRADE))
    plan = plan_of(
        """
workflow: w
inputs: {q: string, text: string}
steps:
  cut: {use: chunk, text: $inputs.text}
  it: {use: grade, doc: "$cut.items[0]", prompt: "{{ passage.text }} {{ inputs.q }}"}
outputs: {text: $it.text}
""",
        modules,
    )
    first, _, second = plan.graph["it.say.prefill"].params["prompt"].segments
    assert first.value == Member(Member(Output("cut.pieces", "items"), 0), "text")
    assert second.value == RunInput("q")


def test_names_may_come_from_an_object_known_only_at_run_time(registry, read, plan_of):
    modules = registry.with_module(
        read("""
module: fill
inputs: {facts: object, prompt: {type: prompt, names: {city: string}}}
steps: {say: {use: llm, prompt: $inputs.prompt, names: $inputs.facts}}
outputs: {text: $say.text}
""")
    )
    plan = plan_of(
        """
workflow: w
inputs: {facts: object}
steps: {it: {use: fill, facts: $inputs.facts, prompt: "Say {{ city }}"}}
outputs: {text: $it.text}
""",
        modules,
    )
    _, slot = plan.graph["it.say.prefill"].params["prompt"].segments
    assert slot.value == Member(RunInput("facts"), "city")


def test_after_orders_without_data(plan_of):
    graph = plan_of("""
workflow: w
inputs: {q: string}
steps:
  one: {use: llm, prompt: $inputs.q}
  two: {use: llm, prompt: "now {{ inputs.q }}", after: [one]}
outputs: {text: $two.text}
""").graph
    assert graph["two.prefill"].after == {"one.decode"}
    assert graph["two.decode"].after == set()


def test_one_generated_text_may_stream_as_several_outputs(plan_of):
    plan = plan_of(
        RAG.replace("first:", "again: $answer.text, first:").replace(
            "[answer, sources]", "[answer, again]"
        )
    )
    assert plan.streams == {"answer.decode": ("answer", "again")}


def test_equal_texts_give_equal_plans_and_other_wiring_another_fingerprint(plan_of):
    assert plan_of(RAG) == plan_of(RAG)
    assert plan_of(RAG).fingerprint == plan_of(RAG).fingerprint
    assert plan_of(RAG.replace("top_k: 3", "top_k: 4")).fingerprint != plan_of(RAG).fingerprint


def chain_of_modules(registry, read, steps: str, count: int = 25):
    """Register modules, each of which uses the one before, `%`, as `steps` says."""
    for n in range(count):
        page = steps.replace("%", f"m{n - 1}" if n else "value")
        text = f"module: m{n}\ninputs: {{value: any}}\n{page}\noutputs: {{value: $a.value}}\n"
        registry = registry.with_module(read(text))
    return registry


TOO_MUCH = """
workflow: w
steps:
  s: {use: m24, value: 1}
outputs: {o: $s.value}
"""


def test_modules_that_multiply_are_refused_before_they_are_opened(registry, plan_of, read):
    twice = "steps: {a: {use: %, value: $inputs.value}, b: {use: %, value: $inputs.value}}"
    with pytest.raises(PlanTooLarge) as found:
        plan_of(TOO_MUCH, chain_of_modules(registry, read, twice))
    assert found.value.limit == "plan_primitives_max"
    assert (found.value.origin.pointer, found.value.origin.line) == ("/steps/s", 4)


def test_modules_that_stand_too_deep_in_each_other_are_refused(registry, plan_of, read):
    deeper = "steps: {a: {use: %, value: $inputs.value}}"
    with pytest.raises(PlanTooLarge) as found:
        plan_of(TOO_MUCH.replace("m24", "m79"), chain_of_modules(registry, read, deeper, 80))
    assert found.value.limit == "plan_modules_deep_max"
    assert found.value.origin.pointer == "/steps/s"


def test_a_value_that_each_module_doubles_is_refused(registry, plan_of, read):
    doubled = 'steps: {a: {use: %, value: ["$inputs.value", "$inputs.value"]}}'
    with pytest.raises(PlanTooLarge) as found:
        plan_of(TOO_MUCH, chain_of_modules(registry, read, doubled))
    assert found.value.limit == "plan_reads_max"
    assert (found.value.origin.pointer, found.value.origin.line) == ("/steps/s", 4)


def test_a_step_in_a_block_may_be_called_like_the_block(plan_of):
    plan = plan_of("""
workflow: w
steps:
  line:
    steps:
      line: {use: text, template: inner}
      both: {use: text, template: "{{ line.text }} twice"}
    outputs: {x: $both.text}
outputs: {x: $line.x}
""")
    assert list(plan.graph.primitives) == ["line.line.filled", "line.both.filled", "output:x"]
