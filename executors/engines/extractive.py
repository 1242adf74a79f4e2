"""The reader: stands in for a language model by quoting, and says so.

It selects sentences of the passages in a prompt and writes none of its own. Knows prompts only as
text, and nothing of where their passages come from. docs/extractive.md states its rules exactly.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Emission,
    EngineTraits,
    Fault,
    FirstToken,
)
from executors.engines.reading.call import PROMPT_CHARS_MAX as PROMPT_CHARS_MAX
from executors.engines.reading.call import Call, read_call
from executors.engines.reading.choice import (
    SENTENCES_MAX,
    Candidate,
    candidates,
    central,
    choose,
    foremost,
)
from executors.engines.reading.filling import fill
from executors.engines.reading.found import Found
from executors.engines.reading.prompt import Asked
from executors.engines.reading.queries import queries, topic
from executors.engines.reading.units import read_units
from executors.usage import Usage
from spec.schema_refusals import refusals
from spec.values import JSON

#: Said when there is no question, there are no passages, or none of them is relevant.
NO_ANSWER = "The passages do not answer this."

TRAITS = EngineTraits(
    name="extractive",
    model="extractive-1 (selects sentences, writes none)",
    kind="llm",
    ops=frozenset({"prefill", "decode"}),
    slots=4,
    batch_rows_max=1,
    streams=True,
    deterministic=True,
    batch_invariant=True,
)

#: Items of a list that nobody said the length of.
ITEMS = 3

_WORD = re.compile(r"\S+\s*")


#: Gives a vector of length one for the meaning of each text, always the same for equal lists.
Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]


class Extractive:
    """One replica. Answers a call, its prefill and decode together; a token is a word.

    `temperature` and `seed` change nothing: there is one best answer. Of `system` only numbered
    passages are read. `embed` is given
    the texts of one call at a time, so that nothing else can change an answer; it stays its
    owner's, who stops what is behind it.
    """

    traits = TRAITS

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    async def start(self) -> None:
        """Have the model behind `embed` loaded. Raise its `EngineFailed` where that fails."""
        await self._embed([])

    async def stop(self) -> None:
        """Nothing to give back."""

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Read each prompt off the event loop, then speak word by word."""
        for request in batch.requests:
            call = read_call(request)
            if isinstance(call, Fault):
                yield call
                continue
            try:
                whole = _stopped(await self._reply(call), call)
            except CannotFill as error:
                yield Fault(request.id, "bad-request", str(error))
                continue
            text = _cut(whole, call)
            yield FirstToken(request.id)
            words_in = call.words()
            for words_out, word in enumerate(_WORD.findall(text), 1):
                yield Delta(request.id, word, Usage(words_in, words_out))
            usage = Usage(words_in, len(text.split()), replies_cut=int(text != whole))
            yield Done(request.id, {"text": text}, usage)

    async def _reply(self, call: Call) -> str:
        """Return what to say: sentences, or a JSON list or object made of them."""
        asked = call.asked()
        match call.form:
            case "list":
                return _json(await self._list(call, asked))
            case "json":
                return _json(await self._object(call, asked))
        return " ".join(await self._sentences(asked)) or NO_ANSWER

    async def _sentences(self, asked: Asked, most: int | None = None) -> list[str]:
        """Return the sentences that answer, in order; up to `most` of the foremost if given."""
        found = await asyncio.to_thread(_candidates, asked)
        if not found or not (asked.question or asked.summary):
            return []
        if asked.summary:
            meanings = await self._embed([each.context for each in found])
            return central(found, meanings, most or SENTENCES_MAX)
        vectors = await self._embed([asked.question, *(each.context for each in found)])
        if most is None:
            return choose(found, vectors[0], vectors[1:])
        return foremost(found, vectors[0], vectors[1:], most)

    async def _list(self, call: Call, asked: Asked) -> list[object]:
        count = call.items or ITEMS
        texts = await self._sentences(asked, count) if _is_about_passages(asked) else []
        texts = texts or queries(topic(asked.question, call.prompt), count)
        if call.schema is None:
            return list(texts)
        return [_filled(call.schema, Found(text, [text], call.prompt)) for text in texts]

    async def _object(self, call: Call, asked: Asked) -> object:
        sentences = await self._sentences(asked)
        question = topic(asked.question, call.prompt)
        return _filled(call.schema or {"type": "object"}, Found(question, sentences, call.prompt))


class CannotFill(Exception):
    """A schema asks for more than the rules of this reader can give."""


def _candidates(asked: Asked) -> list[Candidate]:
    units = [unit for unit in read_units(asked.passages) if unit.text != NO_ANSWER]
    return candidates(asked.question, units)


def _is_about_passages(asked: Asked) -> bool:
    """Say whether there is more than a line or two around a question."""
    return sum(map(len, asked.passages)) > len(asked.question)


def _filled(schema: Mapping[str, JSON], found: Found) -> object:
    value = fill(schema, found)
    for error in refusals(schema, value):
        where = "/".join(map(str, error.pointer))
        detail = f"extractive cannot make what the schema asks for at '{where}': {error.detail}"
        raise CannotFill(f"{detail}; a language model can")
    return value


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _stopped(text: str, call: Call) -> str:
    """Return `text`, ended before the first `stop`."""
    ends = [at for stop in call.stop if (at := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))]


def _cut(text: str, call: Call) -> str:
    """Return `text`, ended after `max_tokens` words."""
    words = _WORD.findall(text)
    if call.max_tokens is not None and len(words) > call.max_tokens:
        text = "".join(words[: call.max_tokens]).rstrip()
    return text
