"""Greedy replies of a real vLLM server: as the official client reads them, and beside others.

Run by `make bench-greedy`, with the tiny chat model of `make vllm` in float32. Exits with 1 if a
bound is broken.

On a server that takes one call at a time (`--max-num-seqs 1`) each prompt is put by the official
client of OpenAI and by our adapter: texts and counts of tokens have to be the same. On another, all
prompts are put at once: what is added up in another order may come out otherwise, and a reply that
does is shown with the place where it leaves the other, and how far apart the two most likely tokens
were there, in nats. A gap near zero is a toss-up, a wide one would be a fault.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import openai
from figures import Figure, show
from pace import pace
from rich.console import Console
from rich.table import Table

from executors.engines.engine import Batch, Done, Request
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model
from executors.scheduler.events import BatchId
from tests.vllm.servers import ROOT, Server, running_alone

PROMPTS = 32
REPLY_TOKENS = 128
#: Where two tokens were this far apart, in nats, the order of additions does not decide.
GAP_MAX = 0.05


@dataclass(frozen=True, slots=True)
class Said:
    """One reply, and the tokens that were counted for it."""

    text: str
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a reply, and how much likelier it was than the next best, in nats."""

    text: str
    gap: float


def main() -> None:
    """Compare, and print what was found."""
    print(pace())
    prompts = made_up()
    with tempfile.TemporaryDirectory(prefix="teola-") as folder:
        with running_alone("chat", Path(folder), "--max-num-seqs", "1") as (server, key):
            theirs = [official(server, key, prompt) for prompt in prompts]
            alone = asyncio.run(ours(server, key, prompts, at_once=1))
            spelled = [tokens_of(server, key, prompt) for prompt in prompts]
        with running_alone("chat", Path(folder)) as (server, key):
            together = asyncio.run(ours(server, key, prompts, at_once=len(prompts)))
    gaps = told(spelled, alone, together)
    sys.exit(0 if show(figures(theirs, alone, gaps)) else 1)


def made_up() -> list[str]:
    """Return prompts of different lengths from the documents of the demo."""
    words = " ".join(
        path.read_text() for path in sorted((ROOT / "bench/corpus").glob("*/*.md"))
    ).split()
    return [" ".join(words[31 * n : 31 * n + 8 + 5 * n]) for n in range(PROMPTS)]


def official(server: Server, key: str, prompt: str) -> Said:
    """Ask as OpenAI's own client does."""
    with openai.OpenAI(base_url=server.url, api_key=key, max_retries=0) as client:
        found = client.chat.completions.create(
            model=server.model,
            messages=[{"role": "user", "content": prompt}],
            temperature=0,
            max_tokens=REPLY_TOKENS,
        )
    usage = found.usage
    if usage is None:
        raise SystemExit("the server counts no tokens")
    return Said(
        found.choices[0].message.content or "", usage.prompt_tokens, usage.completion_tokens
    )


async def ours(server: Server, key: str, prompts: Sequence[str], at_once: int) -> list[Said]:
    """Ask through our adapter, so many at a time."""
    engine = OpenAI(Endpoint(server.url, key), Model(server.model), at_once)
    free = asyncio.Semaphore(at_once)

    async def asked(prompt: str) -> Said:
        args = {"prompt": prompt, "temperature": 0, "max_tokens": REPLY_TOKENS}
        async with free:
            batch = Batch(BatchId(1), (Request(0, "decode", args, "run", "local"),))
            *_, end = [emission async for emission in engine.run(batch)]
        if not isinstance(end, Done):
            raise SystemExit(f"a call failed: {end}")
        return Said(end.outputs["text"], end.usage.tokens_in, end.usage.tokens_out)

    await engine.start()
    try:
        return list(await asyncio.gather(*map(asked, prompts)))
    finally:
        await engine.stop()


def tokens_of(server: Server, key: str, prompt: str) -> list[Token]:
    """Return the tokens of the reply, each with its lead."""
    with openai.OpenAI(base_url=server.url, api_key=key, max_retries=0) as client:
        found = client.chat.completions.create(
            model=server.model,
            messages=[{"role": "user", "content": prompt}],
            temperature=0,
            max_tokens=REPLY_TOKENS,
            logprobs=True,
            top_logprobs=2,
        )
    logprobs = found.choices[0].logprobs
    spelled = logprobs.content if logprobs is not None else None
    tokens = []
    for each in spelled or ():
        first, second = sorted((top.logprob for top in each.top_logprobs), reverse=True)[:2]
        tokens.append(Token(each.token, first - second))
    return tokens


def told(
    spelled: Sequence[list[Token]], alone: Sequence[Said], together: Sequence[Said]
) -> list[float]:
    """Print each reply that is another among others; return the gaps where they part."""
    table = Table("prompt", "the same up to", "alone", "among others", "gap, nats")
    gaps = []
    for number, (tokens, one, other) in enumerate(zip(spelled, alone, together, strict=True)):
        if one.text == other.text:
            continue
        same = next(
            (at for at, (a, b) in enumerate(zip(one.text, other.text, strict=False)) if a != b),
            min(len(one.text), len(other.text)),
        )
        gap = _gap(tokens, same)
        gaps.append(gap)
        shown = (one.text[same : same + 12], other.text[same : same + 12])
        table.add_row(str(number), f"character {same}", *map(repr, shown), f"{gap:.4f}")
    print(f"{len(gaps)} of {len(alone)} replies are others when all are put at once")
    if gaps:
        Console(width=100).print(table)
    return gaps


def _gap(tokens: Sequence[Token], character: int) -> float:
    """Return the lead of the token that holds a character; that of the last one beyond them."""
    end = 0
    for token in tokens:
        end += len(token.text)
        if end > character:
            return token.gap
    return tokens[-1].gap


def figures(
    theirs: Sequence[Said], alone: Sequence[Said], gaps: Sequence[float]
) -> Sequence[Figure]:
    """Return what was measured beside what it must be."""
    differ = sum(one != other for one, other in zip(theirs, alone, strict=True))
    return (
        Figure(f"of {len(alone)} put one by one, others than the official client's", differ, 0, ""),
        Figure("widest gap of the two best tokens where they part", max(gaps, default=0.0),
               GAP_MAX, "nats"),
    )  # fmt: skip


if __name__ == "__main__":
    main()
