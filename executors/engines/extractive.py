"""The reader: stands in for a language model by quoting, and says so.

It selects sentences of the passages in a prompt and writes none of its own. Knows prompts only as
text, and nothing of where their passages come from. docs/extractive.md states its rules exactly.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Emission,
    EngineTraits,
    Fault,
    FirstToken,
    Request,
)
from executors.engines.reading.choice import Candidate, candidates, choose
from executors.engines.reading.prompt import read_prompt
from executors.engines.reading.units import read_units
from executors.usage import Usage

#: A longer prompt is refused, as a model refuses what does not fit its context.
PROMPT_CHARS_MAX = 500_000

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

_WORD = re.compile(r"\S+\s*")


#: Gives a vector of length one for the meaning of each text, always the same for equal lists.
Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]


class Extractive:
    """One replica. Answers a call, its prefill and decode together; a token is a word.

    `system`, `temperature` and `seed` change nothing: there is one best answer. `embed` is given
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
            call = _call(request)
            if isinstance(call, Fault):
                yield call
                continue
            text = _cut(await self.read(call.prompt), call)
            yield FirstToken(request.id)
            for word in _WORD.findall(text):
                yield Delta(request.id, word)
            usage = Usage(tokens_in=len(call.prompt.split()), tokens_out=len(text.split()))
            yield Done(request.id, {"text": text}, usage)

    async def read(self, prompt: str) -> str:
        """Return the sentences of `prompt` that answer its question, or `NO_ANSWER`."""
        question, found = await asyncio.to_thread(_candidates, prompt)
        if not question or not found:
            return NO_ANSWER
        vectors = await self._embed([question, *(each.context for each in found)])
        return " ".join(choose(found, vectors[0], vectors[1:])) or NO_ANSWER


def _candidates(prompt: str) -> tuple[str, list[Candidate]]:
    asked = read_prompt(prompt)
    units = [unit for unit in read_units(asked.passages) if unit.text != NO_ANSWER]
    return asked.question, candidates(asked.question, units)


@dataclass(frozen=True, slots=True)
class _Call:
    prompt: str
    max_tokens: int | None
    stop: tuple[str, ...]


def _call(request: Request) -> _Call | Fault:
    """Return what is asked, or what is wrong with it."""
    if request.op != "decode":
        return Fault(request.id, "unsupported-op", f"extractive does not run {request.op} alone")
    prompt, limit = request.args.get("prompt"), request.args.get("max_tokens")
    stop = request.args.get("stop") or []
    if not isinstance(prompt, str):
        return _refused(request, "`prompt` must be text.")
    if len(prompt) > PROMPT_CHARS_MAX:
        detail = f"`prompt` has {len(prompt)} characters; at most {PROMPT_CHARS_MAX} are read."
        return _refused(request, f"{detail} Give it fewer or shorter passages.")
    if not _is_unicode(prompt):
        return _refused(request, "`prompt` holds half a surrogate pair.")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        return _refused(request, "`max_tokens` must be a whole number above zero.")
    if not _are_texts(stop):
        return _refused(request, "`stop` must be a list of texts that are not empty.")
    return _Call(prompt, limit, tuple(stop))


def _refused(request: Request, detail: str) -> Fault:
    return Fault(request.id, "bad-request", detail)


def _are_texts(stop: Any) -> bool:
    return isinstance(stop, list | tuple) and all(isinstance(each, str) and each for each in stop)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cut(text: str, call: _Call) -> str:
    """Return `text`, ended before the first `stop` and after `max_tokens` words."""
    ends = [at for stop in call.stop if (at := text.find(stop)) >= 0]
    text = text[: min(ends, default=len(text))]
    words = _WORD.findall(text)
    if call.max_tokens is not None and len(words) > call.max_tokens:
        text = "".join(words[: call.max_tokens]).rstrip()
    return text
