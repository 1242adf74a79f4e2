"""Search by words, against BM25 written out by hand, at every version of a collection."""

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executors.collection import CollectionLimits, StaleIndex
from executors.collections import Collections
from executors.engines.word_index import K1, WEIGHED_MAX, B, WordIndex, terms

TEXTS = {
    "a": "The old mill by the river grinds no corn.",
    "b": "A mill, a mill, my kingdom for a mill!",
    "c": "It rains on the river.",
    "d": "Señor Müller's café in Straße 7 opened in 1896.",
    "e": "東京タワーは高い。",
    "f": "  \n ",
}


def by_hand(texts: dict[str, str], query: str, top_k: int) -> list[tuple[str, float]]:
    """Score each text as the formula has it, in plain Python."""
    counts = {id: Counter(terms(text)) for id, text in texts.items()}
    lengths = {id: sum(count.values()) for id, count in counts.items()}
    average = sum(lengths.values()) / len(lengths) if lengths else 0.0
    told = []
    for id, count in counts.items():
        score = 0.0
        for term in terms(query):
            holding = sum(term in each for each in counts.values())
            if count[term]:
                idf = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
                length = K1 * ((1 - B) + B * lengths[id] / average)
                score += idf * count[term] / (count[term] + length)
        if any(count[term] for term in terms(query)):
            told.append((id, round(score, 5)))
    return sorted(told, key=lambda each: (-each[1], each[0]))[:top_k]


@pytest.fixture
def collections():
    opened = Collections(None)
    yield opened
    opened.close()


def add(collections: Collections, texts: dict[str, str], name: str = "notes") -> dict:
    docs = [{"id": id, "text": text, "meta": {}} for id, text in texts.items()]
    return collections.add("local", name, "run", docs, np.ones((len(docs), 2), np.float32))


def found(
    words: WordIndex, collections: Collections, token: dict, query: str, top_k: int = 10
) -> list[tuple[str, float]]:
    place = collections.locate("local", "run", token)
    (hits,) = words.search(collections, place, token["version"], [query], [top_k], None)
    docs = collections.docs(place, [row for row, _ in hits])
    return [(doc["id"], score) for doc, (_, score) in zip(docs, hits, strict=True)]


@pytest.mark.parametrize(
    "query",
    [
        "mill", "old mill", "the river", "mill mill river", "MÜLLER", "strasse 7", "cafe", "東京",
        "1896",
    ],
)  # fmt: skip
def test_what_shares_words_is_found_and_scored_as_by_hand(collections, query):
    token = add(collections, TEXTS)
    expected = by_hand(TEXTS, query, 10)
    assert expected
    assert found(WordIndex(), collections, token, query) == expected


@pytest.mark.parametrize("query", ["", "  ", "unheard of", "!?", "\ud800", "z" * 100_000])
def test_a_query_that_shares_no_word_finds_nothing(collections, query):
    assert found(WordIndex(), collections, add(collections, TEXTS), query) == []


@pytest.mark.parametrize("texts", [{}, {"f": "  "}, {"f": "", "g": "—"}])
def test_a_collection_without_words_gives_nothing(collections, texts):
    assert found(WordIndex(), collections, add(collections, texts), "mill") == []


def test_more_than_there_are_may_be_asked_for(collections):
    token = add(collections, TEXTS)
    hits = found(WordIndex(), collections, token, "the mill", 1000)
    assert hits == by_hand(TEXTS, "the mill", 1000)


def test_equal_scores_go_by_document_id_also_across_the_boundary(collections):
    texts = {f"doc-{at * 7 % 30:02}": "the same words" for at in range(30)}
    token = add(collections, texts | {"z": "the the the"})
    for top_k in (1, 3, 29, 30, 31):
        hits = found(WordIndex(), collections, token, "same words the", top_k)
        assert hits == by_hand(texts | {"z": "the the the"}, "same words the", top_k)


def test_a_search_is_told_the_same_whatever_was_added_or_removed_since(collections):
    words, states = WordIndex(), []
    kept: dict[str, str] = {}
    for id, text in TEXTS.items():
        add(collections, {id: text})
        kept[id] = text
        states.append((collections.open("local", "notes"), dict(kept)))
        if id in "bd":
            collections.remove("local", "notes", ["a"])
            kept.pop("a", None)
            states.append((collections.open("local", "notes"), dict(kept)))
    assert len(states) > 2 * WEIGHED_MAX
    for token, texts in (*states, *reversed(states)):
        for index in (words, WordIndex()):
            hits = found(index, collections, token, "the old mill river")
            assert hits == by_hand(texts, "the old mill river", 10)


def test_words_of_documents_that_came_later_are_unknown_to_an_earlier_version(collections):
    words = WordIndex()
    early, late = add(collections, {"a": "old mill"}), add(collections, {"b": "new tower"})
    assert found(words, collections, early, "mill") != []
    assert found(words, collections, late, "tower") != []
    assert found(words, collections, early, "tower") == []


def test_what_was_removed_and_forgotten_is_not_found_by_an_older_cache():
    collections, words = Collections(None, CollectionLimits(rows_max=2)), WordIndex()
    early = add(collections, {"a": "old mill", "b": "old tower"})
    assert len(found(words, collections, early, "old")) == 2
    collections.remove("local", "notes", ["a"])
    late = add(collections, {"c": "old bridge"})
    texts = {"b": "old tower", "c": "old bridge"}
    assert found(words, collections, late, "old mill") == by_hand(texts, "old mill", 9)
    place = collections.locate("local", "run", late)
    with pytest.raises(StaleIndex):
        words.search(collections, place, early["version"], ["old"], [1], None)
    collections.close()


def test_a_restart_tells_the_same(tmp_path):
    first = Collections(tmp_path)
    token = add(first, TEXTS)
    before = found(WordIndex(), first, token, "the mill")
    first.close()
    second = Collections(tmp_path)
    assert found(WordIndex(), second, token, "the mill") == before != []
    second.close()


def test_only_allowed_documents_are_looked_at_and_all_are_weighed(collections):
    token = add(collections, TEXTS)
    place = collections.locate("local", "run", token)
    rows = collections.changes(place, 0).rows
    (hits,) = WordIndex().search(collections, place, 1, ["the mill"], [1], rows[:1])
    scores = dict(by_hand(TEXTS, "the mill", 9))
    assert hits == [(int(rows[0]), scores["a"])]
    (none,) = WordIndex().search(collections, place, 1, ["the mill"], [1], rows[:0])
    assert none == []


def test_the_library_does_not_tell_all_it_does(collections, caplog):
    assert found(WordIndex(), collections, add(collections, TEXTS), "mill") != []
    assert caplog.records == []


def test_what_it_holds_is_counted(collections):
    token, words = add(collections, TEXTS), WordIndex()
    assert words.bytes == 0
    found(words, collections, token, "mill")
    assert words.bytes > sum(len(terms(text)) for text in TEXTS.values())


def test_many_threads_search_beside_additions(collections):
    tokens = [add(collections, {f"{at}": f"word{at} mill"}) for at in range(20)]
    words = WordIndex()

    def ask(token: dict) -> list[tuple[str, float]]:
        add(collections, {f"more-{token['version']}": "another mill"})
        return found(words, collections, token, "mill", 100)

    with ThreadPoolExecutor(8) as threads:
        hits = list(threads.map(ask, tokens))
    for version, each in enumerate(hits, 1):
        texts = {f"{at}": f"word{at} mill" for at in range(version)}
        assert each == by_hand(texts, "mill", 100)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.text("xyz ", max_size=12), max_size=6),
    st.text("xyzw ", max_size=8),
    st.integers(1, 7),
)
def test_any_texts_are_searched_as_by_hand(texts, query, top_k):
    collections = Collections(None)
    token = add(collections, texts)
    expected = by_hand(texts, query, top_k)
    hits = found(WordIndex(), collections, token, query, top_k)
    assert [id for id, _ in hits] == [id for id, _ in expected]
    assert [score for _, score in hits] == pytest.approx([score for _, score in expected], abs=2e-5)
    collections.close()
