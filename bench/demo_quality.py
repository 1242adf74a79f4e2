"""Score the extractive reader on the demo documents and on one it was never tuned on.

Asks every question of `bench/corpus/*/questions.json` through `naive_rag`, judges the answers as
`bench/corpus/README.md` says, and exits 1 when a set scores less than it must.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from executors.collections import Collections
from executors.documents import read, split
from executors.engines.engine import Batch, BatchId, Done, Engine, Fault, Request
from executors.engines.extractive import Extractive
from executors.engines.faiss_index import FaissIndex
from executors.engines.minilm import MiniLM, Tokenizer

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "bench" / "corpus"
WORKFLOW = ROOT / "workflows" / "examples" / "naive_rag.yaml"
NOT_DOCUMENTS = {"README.md", "questions.json"}
SHOWN_CHARS = 60

#: Each set with the answers it must get right.
SETS = {"demo": 8, "held_out": 6}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the fragments of which a right answer holds one."""

    text: str
    answers: tuple[str, ...]


class Desk:
    """The engines of `naive_rag`, loaded once for all questions."""

    def __init__(self) -> None:
        self._steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["steps"]
        self._tokenizer = Tokenizer()
        self._embedder = MiniLM()
        self._index = FaissIndex(Collections(None))
        self._reader = Extractive()

    async def __aenter__(self) -> "Desk":
        async with AsyncExitStack() as stack:
            for engine in (self._embedder, self._index, self._reader):
                stack.push_async_callback(engine.stop)
                await engine.start()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ask(self, documents: Sequence[Path], question: str) -> str:
        """Return the answer of `naive_rag` to `question` about `documents`."""
        cut, top_k = self._steps["chunks"], self._steps["hits"]["top_k"]
        texts = [read(path.read_bytes(), path.name, "") for path in documents]
        chunks = split(texts, cut["size"], cut["overlap"], self._tokenizer.tokenize)
        vectors = await self._embed(chunks)
        added = await _run(self._index, "ingest", chunks=chunks, vectors=vectors)
        asked = await self._embed([question])
        index = added["index"]
        found = await _run(self._index, "search", index=index, vectors=asked, top_k=top_k)
        prompt = self._prompt(question, found["docs"][0])
        answer = await _run(self._reader, "decode", prompt=prompt)
        text: str = answer["text"]
        return text

    async def _embed(self, texts: list[Any]) -> Any:
        return (await _run(self._embedder, "embed", texts=texts))["vectors"]

    def _prompt(self, question: str, docs: Sequence[dict[str, Any]]) -> str:
        numbered = "\n".join(f"[{number}] {doc['text']}" for number, doc in enumerate(docs, 1))
        prompt: str = self._steps["answer"]["prompt"]
        prompt = prompt.replace("{{ hits.docs | numbered }}", numbered)
        return prompt.replace("{{ inputs.question }}", question)


async def _run(engine: Engine, op: str, **args: Any) -> dict[str, Any]:
    batch = Batch(BatchId(1), (Request(1, op, args, "demo-quality", "local"),))
    ends = [emission async for emission in engine.run(batch) if isinstance(emission, Done | Fault)]
    if len(ends) != 1 or not isinstance(ends[0], Done):
        raise SystemExit(f"{engine.traits.name} did not answer `{op}`.")
    return dict(ends[0].outputs)


def is_right(answer: str, alternatives: Sequence[str]) -> bool:
    """Say whether `answer` holds one of `alternatives`; case and white space do not matter."""
    return any(_folded(alternative) in _folded(answer) for alternative in alternatives)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _documents(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in NOT_DOCUMENTS)


def _questions(folder: Path) -> list[Question]:
    asked = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    return [Question(each["question"], tuple(each["answer"])) for each in asked]


async def score(desk: Desk, folder: Path) -> tuple[int, int]:
    """Ask all questions about one folder, print a line for each, return right ones and all."""
    documents, questions = _documents(folder), _questions(folder)
    right = 0
    for question in questions:
        answer = await desk.ask(documents, question.text)
        ok = is_right(answer, question.answers)
        right += ok
        print(
            f"  {'ok  ' if ok else 'miss'}  {_short(question.text):{SHOWN_CHARS}}  {_short(answer)}"
        )
    return right, len(questions)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"


async def main(names: Sequence[str]) -> int:
    """Score the sets called `names`; return the exit status."""
    lines, enough = [], True
    async with Desk() as desk:
        for name in names:
            print(f"{name}")
            right, asked = await score(desk, CORPUS / name)
            enough = enough and right >= SETS[name]
            lines.append(f"{name}: {right} of {asked} right (at least {SETS[name]} wanted)")
    print("\n".join(lines))
    return 0 if enough else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=SETS, action="append", help="only this set")
    sys.exit(asyncio.run(main(parser.parse_args().set or list(SETS))))
