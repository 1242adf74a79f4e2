"""The scripted engine: pure, of the shapes the language names, exact where nothing is guessed."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.data import mismatches
from spec.types import Type
from spec.values import JSON
from tests.interpreter.described import described
from tests.interpreter.dice import Dice
from tests.interpreter.faults import SLOW_MS, Script
from tests.interpreter.outcome import Fault
from tests.interpreter.scripted import Scripted

ENGINE = Scripted()


def doc(id: str, **fields: JSON) -> dict[str, JSON]:
    return {"id": id, "text": f"text of {id}", "meta": {}, **fields}


def asked(op: str, port: str, pool: str = "p", **params: JSON) -> JSON:
    answer = ENGINE.answer(op, params, pool)
    assert not isinstance(answer, Fault)
    return answer[port]


def call(**params: JSON) -> JSON:
    return asked("prefill", "call", prompt="p", **params)


def ids(docs: JSON) -> list[str]:
    return [each["id"] for each in docs]


def test_an_answer_depends_on_every_parameter_and_the_pool():
    answers = [
        asked("decode", "text", call=call()),
        asked("decode", "text", "q", call=call()),
        asked("decode", "text", call=call(system="s")),
        asked("decode", "text", call=call(), seed=1),
        asked("decode", "text", call=call(messages=[{"role": "user", "content": "c"}])),
    ]
    assert len(set(answers)) == 5


def test_the_order_of_keys_counts_and_that_of_parameters_does_not():
    first = asked("tool", "text", name="t", arguments={"a": 1, "b": 2})
    assert first == asked("tool", "text", arguments={"a": 1, "b": 2}, name="t")
    assert first != asked("tool", "text", name="t", arguments={"b": 2, "a": 1})


def test_a_parameter_left_out_is_its_default():
    assert asked("decode", "text", call=call()) == asked(
        "decode", "text", call=call(), temperature=0, form="text", stop=None
    )


def test_vectors_depend_on_each_text_alone():
    apart = [asked("embed", "vectors", texts=[text])[0] for text in ("a", "b", "c")]
    assert asked("embed", "vectors", texts=["a", "b", doc("x", text="c")]) == apart
    assert asked("embed", "vectors") == []


def test_a_text_that_fits_is_one_chunk_unchanged_and_a_blank_one_gives_none():
    (whole,) = asked("chunk", "items", text="  two  words ", size=2)
    assert whole["text"] == "  two  words "
    assert asked("chunk", "items", text=" \n ") == []


def test_chunks_share_their_overlap_and_count_from_0_in_each_text():
    items = asked("chunk", "items", text=["a b c d e", "f"], size=3, overlap=1)
    assert [(each["text"], each["position"]) for each in items] == [
        ("a b c", 0), ("c d e", 1), ("f", 0),
    ]  # fmt: skip


def test_a_chunk_of_a_doc_names_its_parent_and_that_of_a_file_its_source():
    file = {"id": "f", "name": "n.txt", "media_type": "text/plain", "size": 1, "text": "x"}
    items = asked("chunk", "items", text=[doc("d", source="s"), file])
    assert [(each["source"], each.get("parent")) for each in items] == [("s", "d"), ("n.txt", None)]


def test_an_overlap_as_large_as_the_size_is_a_fault():
    assert ENGINE.answer("chunk", {"text": "a b c", "size": 2, "overlap": 2}, "p") == Fault(
        "bad-value", "overlap 2 is not less than size 2"
    )


def index(*docs: JSON) -> JSON:
    return asked("ingest", "index", chunks=list(docs), vectors=[])


def test_a_search_gives_a_list_for_each_vector_best_first():
    docs = [doc(str(number)) for number in range(30)]
    vectors = asked("embed", "vectors", texts=["a", "b"])
    first, second = asked("search", "docs", index=index(*docs), vectors=vectors, top_k=25)
    for row in (first, second):
        assert len(row) == 25
        assert row == sorted(row, key=lambda each: (-each["score"], each["id"]))
    assert ids(first) != ids(second)
    assert [second] == asked("search", "docs", index=index(*docs), vectors=vectors[1:], top_k=25)


def test_a_search_lets_through_what_has_the_values_asked_for():
    docs = [doc("a", meta={"n": 1}), doc("b", meta={"n": True}), doc("c")]
    (row,) = asked("search", "docs", index=index(*docs), vectors=[[0.0]], where={"n": 1})
    assert ids(row) == ["a"]


def test_the_same_passage_twice_is_in_an_index_once():
    (row,) = asked("search", "docs", index=index(doc("a"), doc("b"), doc("a")), vectors=[[0.0]])
    assert sorted(ids(row)) == ["a", "b"]


def test_a_hybrid_search_fuses_both():
    docs = [doc(str(number)) for number in range(9)]
    params = {"index": index(*docs), "vectors": [[0.5]], "queries": ["q"], "top_k": 9}
    (near,), (alike,), (both,) = (
        asked("search", "docs", by=by, **params) for by in ("vector", "lexical", "hybrid")
    )
    assert both == asked("merge_top_k", "docs", lists=[near, alike])


def test_reranking_scores_each_passage_alone():
    docs = [doc(str(number)) for number in range(20)]
    ranked = asked("rerank", "docs", query="q", docs=docs)
    assert ranked == sorted(ranked, key=lambda each: (-each["score"], each["id"]))
    alone = [asked("rerank", "docs", query="q", docs=[each])[0] for each in docs]
    assert sorted(ids(ranked)) == sorted(ids(alone))
    assert all(each in ranked for each in alone)
    assert asked("rerank", "docs", query="q", docs=docs, top_k=3) == ranked[:3]


LISTS = [
    [doc("a", score=0.1), doc("b", score=0.9)],
    None,
    [doc("b", score=0.2), doc("a", score=0.5), doc("c", score=0.5)],
    [],
]


def test_merging_by_rank_sums_and_the_sum_becomes_the_score():
    docs = asked("merge_top_k", "docs", lists=LISTS, k=0)
    assert [(each["id"], each["score"]) for each in docs] == [
        ("a", 1.5),
        ("b", 1.5),
        ("c", 0.33333),
    ]


def test_a_passage_counts_once_in_a_list_at_its_first_place():
    (once, other) = asked("merge_top_k", "docs", lists=[[doc("a"), doc("b"), doc("a")]], k=1)
    assert [(once["id"], once["score"]), other["id"]] == [("a", 0.5), "b"]


def test_passages_with_equal_scores_go_by_their_ids():
    docs = asked("merge_top_k", "docs", lists=[[doc("b"), doc("a")], [doc("a"), doc("b")]])
    assert ids(docs) == ["a", "b"]


def test_merging_by_score_takes_the_greatest():
    docs = asked("merge_top_k", "docs", lists=LISTS, by="score")
    assert [(each["id"], each["score"]) for each in docs] == [("b", 0.9), ("a", 0.5), ("c", 0.5)]


def test_merging_by_order_keeps_what_was_first_seen():
    docs = asked("merge_top_k", "docs", lists=LISTS, by="order", top_k=2)
    assert docs == LISTS[0]


def test_a_list_has_as_many_items_as_asked_for():
    assert len(asked("decode", "items", call=call(), form="list", items=7)) == 7
    for seed in range(9):
        assert 1 <= len(asked("decode", "items", call=call(), form="list", seed=seed)) <= 4


def test_tools_are_asked_for_now_and_then_and_only_when_there_are_some():
    plain = [asked("decode", "tool_calls", call=call(), seed=seed) for seed in range(20)]
    with_tools = [
        asked("decode", "tool_calls", call=call(tools=["t", "u"]), seed=seed) for seed in range(20)
    ]
    assert plain == [[]] * 20
    assert {len(calls) > 0 for calls in with_tools} == {True, False}
    assert {each["name"] for calls in with_tools for each in calls} == {"t", "u"}


def test_a_message_is_a_message_and_a_passage_a_doc():
    for seed in range(9):
        message = asked("decode", "message", call=call(tools=["t"]), seed=seed)
        assert not list(mismatches(message, Type("message")))
    found = asked("web_search", "docs", query="q", top_k=9)
    assert not list(mismatches(found, Type("doc", lists=1)))


_LEAVES = st.sampled_from(
    [
        {"type": "string"}, {"type": "integer", "minimum": 3, "maximum": 4}, {"type": "boolean"},
        {"type": "number", "maximum": -1}, {"enum": ["a", 2, None]}, {"type": ["string", "null"]},
        {"type": "string", "minLength": 7, "maxLength": 8}, {"type": "integer", "maximum": 0},
    ]
)  # fmt: skip
SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
            lambda fields: {
                "type": "object",
                "properties": fields,
                "required": list(fields)[:1],
                "additionalProperties": False,
            }
        )
        | st.builds(
            lambda items, least: {
                "type": "array",
                "items": items,
                "minItems": least,
                "maxItems": 4,
            },
            inner,
            st.integers(0, 4),
        )
    ),
    max_leaves=8,
)


@given(schema=SCHEMAS, seed=st.integers())
def test_what_a_model_makes_up_meets_its_schema(schema: dict[str, JSON], seed: int):
    value = described(schema, Dice(str(seed)))
    assert jsonschema_rs.is_valid(schema, value)


@pytest.mark.parametrize("op", ["embed", "rerank", "decode"])
def test_seeded_faults_are_transient_and_cured_by_two_retries(op: str):
    script = Script(transient=1.0)
    params = {
        "embed": {"texts": ["a", "b"]},
        "rerank": {"query": "q", "docs": [doc("a")]},
        "decode": {"call": {"prompt": "p"}, "form": "text"},
    }[op]
    first = script.fails(op, params, 0)
    assert first is not None
    assert first.transient
    assert script.fails(op, params, 2) is None


def test_a_seeded_fault_of_the_whole_is_one_of_its_rows():
    for seed in range(30):
        script = Script(seed=seed, permanent=0.3)
        whole = script.fails("embed", {"texts": ["a", "b", "c"]}, 0)
        rows = [script.fails("embed", {"texts": [text]}, 0) for text in "abc"]
        assert (whole is None) == (rows == [None] * 3)


def test_slow_calls_take_longer_than_any_timeout():
    script = Script(slow=1.0)
    assert script.takes_ms("tool", {"name": "t"}, 0) == SLOW_MS
    assert script.takes_ms("format", {"template": "t"}, 0) == 0
