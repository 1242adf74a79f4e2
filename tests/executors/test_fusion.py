"""Merging lists of docs, against the reference restated as slowly and plainly as can be."""

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executors.fusion import WAYS, fuse
from spec.limits import EVALUATION_COST_MAX
from spec.meter import Fault

ids = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d", "é"]))
scores = st.one_of(st.none(), st.integers(-2, 2), st.floats(-1, 1, width=16))
docs = st.builds(
    lambda id, text, score: {"id": id, "text": text, "meta": {}, "score": score},
    ids, st.sampled_from(["x", "y"]), scores,
)  # fmt: skip
lists = st.lists(st.one_of(st.none(), st.lists(docs, max_size=6)), max_size=5)


def same(one: dict, other: dict) -> bool:
    if one["id"] is not None and other["id"] is not None:
        return one["id"] == other["id"]
    return json.dumps(plain(one)) == json.dumps(plain(other))


def plain(doc: dict) -> dict:
    return {**doc, "score": None if doc["score"] is None else float(doc["score"]) + 0.0}


def by_hand(lists: list, by: str, k: int, top_k: int | None) -> list[dict]:
    given = [each for each in lists if each is not None]
    everything = [doc for each in given for doc in each]
    first = [
        doc for at, doc in enumerate(everything) if not any(same(doc, e) for e in everything[:at])
    ]
    if by == "order":
        return first[:top_k]
    told = []
    for doc in first:
        if by == "rrf":
            ranks = [[same(doc, each) for each in docs].index(True) + 1
                     for docs in given if any(same(doc, each) for each in docs)]  # fmt: skip
            score = round(float(sum(Fraction(1, k + rank) for rank in ranks)), 5)
            told.append({**doc, "score": score})
        else:
            scored = [e for e in everything if same(doc, e) and e["score"] is not None]
            greatest = max((each["score"] for each in scored), default=None)
            told.append(next((each for each in scored if each["score"] == greatest), doc))
    return sorted(told, key=lambda doc: (
        doc["score"] is None, -round(doc["score"] or 0, 5), doc["id"] or "",
    ))[:top_k]  # fmt: skip


@given(lists, st.sampled_from(WAYS), st.integers(0, 100), st.one_of(st.none(), st.integers(1, 9)))
def test_lists_are_merged_as_by_hand(lists, by, k, top_k):
    assert fuse(lists, by, k, top_k) == by_hand(lists, by, k, top_k)


@given(lists, st.sampled_from(WAYS))
def test_what_is_merged_stays_as_it_was(lists, by):
    before = json.dumps(lists)
    fuse(lists, by)
    assert json.dumps(lists) == before


def a_doc(id: str, score: float | None = None) -> dict:
    return {"id": id, "text": id, "meta": {}, **({} if score is None else {"score": score})}


def test_a_doc_that_every_list_holds_goes_before_one_that_leads_a_single_list():
    merged = fuse([[a_doc("x"), a_doc("both")], [a_doc("y"), a_doc("both")]])
    assert [doc["id"] for doc in merged] == ["both", "x", "y"]
    assert merged[0]["score"] == round(2 / 62, 5)


def test_the_greatest_score_of_a_doc_counts_and_one_without_any_is_last():
    merged = fuse([[a_doc("a"), a_doc("b", 0.1)], [a_doc("c", -2), a_doc("b", 0.9)]], by="score")
    assert [(doc["id"], doc.get("score")) for doc in merged] == [("b", 0.9), ("c", -2), ("a", None)]


def test_scores_that_differ_beyond_the_fifth_decimal_only_go_by_id():
    merged = fuse([[a_doc("b", 0.500001), a_doc("a", 0.5)]], by="score")
    assert [doc["id"] for doc in merged] == ["a", "b"]


def test_a_list_that_holds_a_doc_twice_counts_it_once_at_its_first_place():
    assert fuse([[a_doc("a"), a_doc("a")]]) == [{**a_doc("a"), "score": round(1 / 61, 5)}]


def test_no_lists_make_an_empty_one():
    assert fuse([]) == fuse([None, []]) == []


def test_more_docs_than_one_value_may_take_to_compute_are_refused():
    many = [a_doc(f"{at}") for at in range(EVALUATION_COST_MAX // 10 + 1)]
    with pytest.raises(Fault, match="evaluation_cost_max"):
        fuse([many])
