"""A language model that says what a test lets it say, piece by piece."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

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
from executors.usage import Usage


@dataclass(frozen=True)
class Breaks:
    """Ends a reply with a fault."""

    code: str = "engine-error"
    transient: bool = True


Said = str | Breaks


class Saying:
    """One replica. `say` gives the pieces of a reply, a second apart; each costs a token.

    `whole` is what the reply is said to have been in the end, where it is not what was said.
    """

    def __init__(
        self, say: Callable[[Request], Sequence[Said]], slots: int = 8, whole: str | None = None
    ) -> None:
        self._say, self._whole = say, whole
        self.asked: list[Request] = []
        self.said = 0
        self.closed = 0
        self.traits = EngineTraits(
            name="saying",
            model="saying",
            kind="llm",
            ops=frozenset({"prefill", "decode"}),
            slots=slots,
            batch_rows_max=1,
            streams=True,
            deterministic=True,
            batch_invariant=True,
        )

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to give back."""

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Say everything, with a turn of the loop between any two."""
        try:
            for _, emission in self.script(batch, Random(0)):
                await asyncio.sleep(0)
                self.said += isinstance(emission, Delta)
                yield emission
        finally:
            self.closed += 1

    def stalls(self, batch: Batch) -> bool:  # no batch does
        """Every batch ends by itself."""
        return False

    def script(self, batch: Batch, random: Random) -> Iterator[tuple[float, Emission]]:
        """Yield each emission with the seconds to wait before it."""
        (request,) = batch.requests
        self.asked.append(request)
        pieces, text = list(self._say(request)), ""
        yield 0.0, FirstToken(request.id)
        for number, piece in enumerate(pieces):
            usage = Usage(1, number + 1)
            if isinstance(piece, Breaks):
                yield 1.0, Fault(request.id, piece.code, "told to", piece.transient, usage=usage)
                return
            text += piece
            yield 1.0, Delta(request.id, piece, usage)
        whole = text if self._whole is None else self._whole
        yield 0.0, Done(request.id, {"text": whole}, Usage(1, len(pieces)))
