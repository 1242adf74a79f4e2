"""The embedding engine, with the real model."""

import asyncio
import subprocess
import sys
import threading

import numpy as np
import pytest

from executors.engines.engine import Done, Engine, EngineFailed, Request
from executors.engines.minilm import DIMENSION, MiniLM, Tokenizer
from tests.executors.engines.contract import EngineContract, answers


def embed(id: int, *texts: object) -> Request:
    return Request(id=id, op="embed", args={"texts": list(texts)}, run="run", tenant="local")


def vectors_of(*texts: object) -> np.ndarray:
    async def scenario() -> np.ndarray:
        engine = MiniLM()
        try:
            await engine.start()
            done = (await answers(engine, embed(1, *texts)))[1]
        finally:
            await engine.stop()
        assert isinstance(done, Done)
        return done.outputs["vectors"]

    return asyncio.run(scenario())


class TestMiniLM(EngineContract):
    def make(self) -> Engine:
        return MiniLM()

    def good(self) -> list[Request]:
        doc = {"id": "1", "text": "A passage about rivers.", "meta": {}}
        return [
            embed(1, "A man is eating food.", "Someone eats a meal.", "word " * 400),
            embed(2, doc, "short", ""),
            embed(3),
        ]

    def bad(self) -> list[Request]:
        return [
            embed(1, 7),
            embed(2, {"id": "no text"}),
            embed(3, "half a pair: \ud800"),
            Request(4, "embed", {"texts": "not a list"}, "run", "local"),
            Request(5, "embed", {}, "run", "local"),
            Request(6, "search", {"texts": []}, "run", "local"),
        ]


def test_the_vectors_are_those_the_model_is_known_for():
    vector = vectors_of("This is an example sentence")[0]
    assert vector[:4] == pytest.approx([0.0676569, 0.0634959, 0.0487131, 0.0793049], abs=1e-5)


def test_related_texts_are_near_and_unrelated_texts_are_far():
    meal, food, stocks = vectors_of(
        "A man is eating food.", "A man is eating a piece of bread.", "Stock markets fell sharply."
    )
    assert meal @ food > 0.6
    assert meal @ stocks < 0.15


def test_vectors_have_length_one_and_come_in_the_order_asked():
    texts = [f"{'more ' * (7 * at % 40)}text {at}" for at in range(70)]
    vectors = vectors_of(*texts)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(70), abs=1e-5)
    assert np.allclose(vectors, vectors_of(*reversed(texts))[::-1], atol=1e-5)


def test_no_texts_give_an_empty_array():
    assert vectors_of().shape == (0, DIMENSION)


def test_what_is_beyond_the_window_is_not_read_nor_counted():
    async def scenario(engine: Engine) -> None:
        found = await answers(
            engine, embed(1, "word " * 300), embed(2, "word " * 400), embed(3, "")
        )
        one, other, blank = (found[id] for id in (1, 2, 3))
        assert np.allclose(one.outputs["vectors"], other.outputs["vectors"], atol=1e-6)
        assert one.usage.tokens_in == other.usage.tokens_in == 256
        assert blank.usage.tokens_in == 2

    TestMiniLM().during(scenario)


def test_it_works_in_one_thread_of_its_own_and_gives_it_back():
    async def scenario() -> None:
        engine = MiniLM()
        await engine.start()
        assert sum(thread.name.startswith("minilm") for thread in threading.enumerate()) == 1
        await engine.stop()
        assert not any(thread.name.startswith("minilm") for thread in threading.enumerate())

    asyncio.run(scenario())


def test_a_missing_package_is_named_with_its_cure():
    async def scenario() -> None:
        engine = MiniLM(package="no_such_package")
        with pytest.raises(EngineFailed, match="no_such_package") as caught:
            await engine.start()
        assert caught.value.code == "engine-unavailable"
        assert "make setup" in caught.value.cure
        await engine.stop()

    asyncio.run(scenario())
    with pytest.raises(EngineFailed, match="no_such_package"):
        Tokenizer(package="no_such_package").tokenize("text")


def test_a_batch_before_the_start_is_refused():
    async def scenario() -> None:
        with pytest.raises(EngineFailed) as caught:
            await answers(MiniLM(), embed(1, "text"))
        assert caught.value.code == "engine-not-started"

    asyncio.run(scenario())


def test_tokens_are_whole_and_without_special_ones():
    tokenizer = Tokenizer()
    assert tokenizer.tokenize("") == []
    assert len(tokenizer.tokenize("word " * 1000)) == 1000
    assert tokenizer.tokenize("Hello world") == tokenizer.tokenize("hello  WORLD")


def test_importing_the_adapter_loads_no_engine():
    heavy = "{'onnxruntime', 'onnx', 'tokenizers', 'safetensors', 'torch', 'faiss', 'llama_index'}"
    code = (
        "import sys, executors.engines.minilm, executors.engines.faiss_index, executors.documents\n"
        f"assert not {heavy} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_whoever_starts_it_at_the_same_time_shares_one_thread_and_one_model():
    async def scenario() -> None:
        engine = MiniLM()
        await asyncio.gather(engine.start(), engine.embed(["text"]), engine.start())
        assert sum(thread.name.startswith("minilm") for thread in threading.enumerate()) == 1
        await asyncio.gather(engine.stop(), engine.stop())
        assert not any(thread.name.startswith("minilm") for thread in threading.enumerate())

    asyncio.run(scenario())


def test_embed_loads_the_model_and_gives_equal_vectors_for_equal_texts():
    async def scenario() -> None:
        engine = MiniLM()
        try:
            texts = [f"{'more ' * (7 * at % 40)}text {at}" for at in range(70)]
            one, other = await asyncio.gather(engine.embed(texts), engine.embed(texts))
            assert one.dtype == np.float32
            assert one.shape == (70, DIMENSION)
            assert np.array_equal(one, other)
            assert np.allclose(one, (await answers(engine, embed(1, *texts)))[1].outputs["vectors"])
        finally:
            await engine.stop()

    asyncio.run(scenario())
