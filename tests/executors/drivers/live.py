"""A runner over scripted engines on a real event loop, for tests to break."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from typing import Any

from executors.engines.inline import Inline
from executors.engines.scripted import Scripted
from executors.memo import Memo
from executors.pools import Pool
from executors.runner import Runner, RunnerLimits, Submission
from executors.store.memory import MemoryRunStore
from executors.values import Values

DOCUMENTS = [
    {"id": "f", "name": "f.txt", "media_type": "text/plain", "size": 9, "text": "x " * 400}
]
INPUTS = {"documents": DOCUMENTS, "question": "What is said?"}
LONG = {**INPUTS, "documents": [{**DOCUMENTS[0], "text": "words " * 4000}]}


def split_words(text, size, overlap, tokenize):
    words = str(text).split()
    return [
        {"id": f"{at}", "text": " ".join(words[at : at + size]), "meta": {}}
        for at in range(0, len(words), size - overlap)
    ]


def one_doc(text, size, overlap, tokenize):
    return [{"id": f"{size}-{overlap}", "text": repr(text)[:9], "meta": {}}]


def _rows(engine):
    return 1 if engine.traits.kind == "inline" else min(8, engine.traits.batch_rows_max)


class Live:
    """A runner over scripted engines, or others in their place."""

    def __init__(self, folder, engines=None, split=one_doc, store=None, **limits: Any) -> None:
        self.store = store or MemoryRunStore(lambda: datetime.now(UTC))
        self.values = Values(folder, 10_000_000, 100_000)
        kinds = ("inline", "embedding", "vector", "llm", "rerank", "web")
        made = (
            {"inline": Inline(split, lambda text: [])}
            | {kind: Scripted(kind) for kind in kinds[1:]}
            | (engines or {})
        )
        pools = [
            Pool(kind, kind, "throughput", [made[kind]], _rows(made[kind]), 100) for kind in kinds
        ]
        numbers = count(1)
        bounds = {"runs_max": 100, "deadline_s": 60.0, "journal_entries_max": 10_000} | limits
        self.ended: list[str] = []
        self.bugs: list[Exception] = []
        self.runner = Runner(
            pools,
            self.store,
            self.values,
            Memo(1_000_000),
            RunnerLimits(**bounds, retry_after_s=1),
            lambda: f"r{next(numbers)}",
            lambda: datetime.now(UTC),
            self.ended.append,
            self.bugs.append,
        )

    async def submit(self, plan, inputs=INPUTS, **more: Any) -> str:
        return await self.runner.submit(Submission("local", "w", "1", plan, inputs, **more))

    async def finish(self, run):
        while (record := self.store.get("local", run)).live:
            await self.store.changed("local", run, record.last_event)
        return record

    async def until(self, run, kind):
        """Wait for the first event of a kind."""
        after = 0
        while True:
            for event in self.store.events("local", run, after):
                if event.kind == kind:
                    return
                after = event.id
            await self.store.changed("local", run, after)


def play(scenario):
    """Run `scenario` to its end; whatever happens in the loop unasked is a failure."""

    async def main():
        strays = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: strays.append(context))
        await scenario()
        assert strays == []

    asyncio.run(main())
