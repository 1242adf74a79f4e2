"""A private index that is filled piece by piece is, to the byte, the one that came at once."""

from dataclasses import replace

import pytest

from executors.engines.engine import Done, Fault
from tests.executors.engines.test_faiss_index import (
    a_doc,
    index_of,
    ingest,
    outcome,
    search,
    unit,
    with_engine,
)

ROWS, SIZE = 30, 8
DOCS = [a_doc(f"doc-{at % 25}") for at in range(ROWS)]  # the last ones are there already
VECTORS = unit(ROWS)


def piece(start: int, into: dict):
    stop = start + SIZE
    plain = ingest(1, DOCS[start:stop], VECTORS[start:stop])
    return replace(plain, args={**plain.args, "into": into})


def found(engine, index: dict, **more):
    asked = {"by": "hybrid", "queries": ["text of doc-7", "doc-24"], **more}
    return outcome(engine, search(1, index, unit(2, seed=1), top_k=ROWS, **asked))


def test_pieces_give_the_token_and_the_docs_of_the_whole():
    async def scenario(engine, collections):
        whole = await index_of(engine, DOCS, VECTORS)
        first = token = await index_of(engine, DOCS[:SIZE], VECTORS[:SIZE])
        for start in range(SIZE, ROWS, SIZE):
            for _ in range(2):  # an answer that was lost is asked for again
                done = await outcome(engine, piece(start, token))
                assert isinstance(done, Done), done
            token = done.outputs["index"]
        assert token == first
        assert {**token, "generation": ""} == {**whole, "generation": ""}
        for where in ({}, {"kind": None}):
            at_once = (await found(engine, whole, where=where)).outputs["docs"]
            assert (await found(engine, token, where=where)).outputs["docs"] == at_once
            assert len(at_once[0]) == 25
        for index in (whole, token):
            assert collections.locate("local", "run", index).version == 1

    with_engine(scenario)


@pytest.mark.parametrize("wrong", ["named", "of another run", "of another version"])
def test_only_the_private_index_that_is_being_filled_takes_more(wrong):
    async def scenario(engine, collections):
        private = await index_of(engine, DOCS[:1], VECTORS[:1])
        named = await index_of(engine, DOCS[:1], VECTORS[:1], "named")
        into = {"named": named, "of another version": {**private, "version": 7}}.get(wrong, private)
        request = replace(piece(SIZE, into), run="other" if "run" in wrong else "run")
        fault = await outcome(engine, request)
        assert isinstance(fault, Fault)
        assert fault.code == "stale-index"
        docs = (await found(engine, private)).outputs["docs"]
        assert [len(each) for each in docs] == [1, 1]

    with_engine(scenario)


def test_vectors_of_another_length_are_refused_in_a_piece_too():
    async def scenario(engine, collections):
        private = await index_of(engine, DOCS[:1], VECTORS[:1])
        request = piece(SIZE, private)
        short = replace(request, args={**request.args, "vectors": VECTORS[SIZE : 2 * SIZE, :5]})
        assert (await outcome(engine, short)).code == "wrong-dimension"

    with_engine(scenario)
