"""What an engine is: three verbs and some facts.

The scheduler reads the facts and never asks which engine it is; a driver calls the verbs.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from executors.scheduler.events import BatchId
from executors.usage import NOTHING, Usage
from spec.records import record


@dataclass(frozen=True, slots=True)
class EngineTraits:
    """Facts about an engine, for as long as it lives.

    `deterministic`: equal requests give equal outputs.
    `batch_invariant`: they do so whatever else is in the batch.
    `slots`: batches that one replica runs at the same time.
    `batch_rows_max`: rows beyond which a batch is refused.
    `pointwise`: what is ranked is judged one by one, so that parts of a list may be ranked apart.
    """

    name: str
    model: str
    kind: str
    ops: frozenset[str]
    slots: int
    batch_rows_max: int
    streams: bool
    deterministic: bool
    batch_invariant: bool
    pointwise: bool = False


@record
class Request:
    """One primitive's share of a batch, or one whole LLM call (its prefill and decode together).

    `op` is the operation asked for: of a call, its last. `args` hold every parameter by name, as
    JSON values, except vectors: float32 arrays of shape (rows, dimension). `attempt` counts from 0.
    `priority`: what the work has left its queue by, more is sooner; an engine with a queue of its
    own may go by it.
    """

    id: int
    op: str
    args: Mapping[str, Any]
    run: str
    tenant: str
    attempt: int = 0
    priority: int = 0


@record
class Batch:
    """Requests that leave together."""

    id: BatchId
    requests: tuple[Request, ...]


@record
class FirstToken:
    """The prompt of `request` has been read: its prefill is over."""

    request: int


@record
class Delta:
    """The next piece of text of `request`. All pieces joined are its `text`.

    `usage` is what it has cost up to here, where that is counted all along: work that is given up
    has no end that could tell it. Then a piece may be empty.
    """

    request: int
    text: str
    usage: Usage | None = None


@record
class Done:
    """`request` is answered: every output port by name."""

    request: int
    outputs: Mapping[str, Any]
    usage: Usage = field(default_factory=Usage)


@record
class Fault:
    """`request` failed. `code` is a problem type; `transient`: the same request may work later, but
    not before `wait_s` seconds have passed. `usage` is what it cost all the same.
    """

    request: int
    code: str
    detail: str
    transient: bool = False
    wait_s: float = 0.0
    usage: Usage = field(default_factory=Usage)


Emission = FirstToken | Delta | Done | Fault


class EngineFailed(Exception):
    """An engine could not start, or lost a whole batch.

    No other exception leaves an adapter. `cure` says what an operator can do. `usage` is what it
    cost all the same.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        cure: str = "",
        transient: bool = False,
        usage: Usage = NOTHING,
    ) -> None:
        super().__init__(f"{detail} {cure}".strip())
        self.code = code
        self.detail = detail
        self.cure = cure
        self.transient = transient
        self.usage = usage


class Engine(Protocol):
    """One replica. `start` comes before the first batch; `stop` once, also if `start` failed."""

    @property
    def traits(self) -> EngineTraits: ...

    async def start(self) -> None:
        """Load what is needed; return when a batch can be run. Raise `EngineFailed`."""

    def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Answer each request with exactly one `Done` or `Fault`, in any order, then end.

        Closing the generator early abandons the batch and frees what it held.
        """

    async def stop(self) -> None:
        """Give everything back. No batch is running."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A prompt as the engine reads it, and how many tokens it and its reply may have together."""

    ids: tuple[int, ...]
    context: int


@runtime_checkable
class Tokenizes(Protocol):
    """An engine that can say beforehand what tokens a prompt is."""

    async def tokens(self, request: Request) -> Tokens:
        """Return the whole prompt of a call, with all that the engine puts around it.

        Raise `EngineFailed`.
        """


@dataclass(frozen=True, slots=True)
class Warmed:
    """How many tokens of a prompt the engine has read beforehand, and what that has cost."""

    tokens: int
    usage: Usage


@runtime_checkable
class Warms(Protocol):
    """An engine that can read the beginning of a prompt before its end is known."""

    async def warm_prefix(self, request: Request) -> Warmed:
        """Read as much of a call's prompt as holds however it goes on.

        `request` has what is known by now: its prompt, or where it has none its last message, or
        where it has no message its `system`, goes on with what is not. No answer depends on it; no
        token is read where the part is too short. Raise `EngineFailed`.
        """


@dataclass(frozen=True, slots=True)
class Load:
    """What a server says of itself: requests in it and before it, the share of its KV room in use.

    The others are counts since it began: tokens of prompts read and of replies said; tokens looked
    up in its cache of prefixes, and those found there.
    """

    running: int = 0
    waiting: int = 0
    kv_used: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    prefix_tokens: int = 0
    prefix_tokens_cached: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """How a replica is that has a life of its own. `trouble` is why it last was not up.

    `restarts` counts how often it had to be started again. `load` is None unless it could be asked.
    """

    state: Literal["not started", "starting", "ready"]
    trouble: str = ""
    restarts: int = 0
    load: Load | None = None


@runtime_checkable
class Supervised(Protocol):
    """An engine that starts a server and sees to it that it stays up."""

    def warm(self) -> None:
        """Begin to start, on the running event loop, and return at once."""

    async def condition(self) -> Condition:
        """Say how it is, and ask the server how busy."""
