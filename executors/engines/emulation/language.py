"""A language model's replica, step by step: continuous batching over a room for keys and values.

As engines of today do it (Orca's iterations, vLLM's blocks and chunked prefill): each step says one
token for every sequence whose prompt has been read, and reads prompts with the tokens that are left
of its budget. Sequences begin in the order they came, once there is room for all that they will
ever hold, so none is ever put out again; the step that reads the last of a prompt says the first
token. What the steps take is the profile's; they are laid end to end.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from executors.engines.emulation.cache import Held, KVCache
from executors.engines.emulation.calls import Lengths, prompt_of, reply_of
from executors.engines.emulation.profiles import LanguageProfile
from executors.engines.emulation.tokens import blocks_of, cut, tokens_in
from executors.engines.engine import Batch, Delta, Done, Emission, Fault, FirstToken, Request
from executors.engines.timeline import Moment
from executors.scheduler.events import BatchId
from executors.usage import Usage


@dataclass(slots=True)
class _Sequence:
    """One call: `prompt` tokens to read, of which `read` are; `said` of the tokens of its reply."""

    batch: BatchId
    request: Request
    prompt: int
    reply: list[str]
    is_cut: bool  #: there would be more
    names: list[bytes]
    held: Held = field(default_factory=Held)
    cached: int = 0
    read: int = 0
    said: int = 0

    @property
    def speaks(self) -> bool:
        """Whether the prompt has been read."""
        return self.read == self.prompt

    @property
    def over(self) -> bool:
        """Whether everything has been said."""
        return self.said == len(self.reply)


@dataclass(slots=True)
class _Step:
    """What is done until `ends`: which sequences speak, and how much of each prompt is read."""

    ends: float
    speaking: list[_Sequence]
    reading: list[tuple[_Sequence, int]]


class LanguageTimeline:
    """One replica. A batch is one call, or several that share a connection's fate."""

    def __init__(self, profile: LanguageProfile, lengths: Lengths) -> None:
        self._profile = profile
        self._lengths = lengths
        self.cache = KVCache(profile.room_tokens // profile.block_tokens)
        self._waiting: deque[_Sequence] = deque()
        self._running: list[_Sequence] = []
        self._open: dict[BatchId, int] = {}  #: requests of each batch that are not answered
        self._step: _Step | None = None
        self._told: list[Moment] = []

    def admit(self, batch: Batch, now: float) -> None:
        """Take on a batch; what it can never answer is refused at once."""
        self._open[batch.id] = len(batch.requests)
        for request in batch.requests:
            found = self._sequence(batch.id, request)
            if not isinstance(found, _Sequence):
                self._tell(now, batch.id, found)
            else:
                self._waiting.append(found)
        if not batch.requests:
            self._end(now, batch.id)

    def abandon(self, batch: BatchId, now: float) -> None:  # noqa: ARG002  # of any engine
        """Let go of a batch. A step under way takes as long as it takes."""
        self._open.pop(batch, None)
        self._told = [moment for moment in self._told if moment.batch != batch]
        self._waiting = deque(each for each in self._waiting if each.batch != batch)
        for sequence in [each for each in self._running if each.batch == batch]:
            self._running.remove(sequence)
            self.cache.free(sequence.held)

    def settle(self, now: float) -> None:
        """Begin a step, unless one is under way."""
        if self._step is None:
            self._begin(now)

    def next_at(self) -> float | None:
        """Return when something is said next, or a step ends."""
        if self._told:
            return self._told[0].at
        return self._step.ends if self._step is not None else None

    def advance(self, now: float) -> Sequence[Moment]:
        """Return everything said until `now`."""
        while self._step is not None and self._step.ends <= now:
            step, self._step = self._step, None
            self._finish(step)
            if step.ends < now:
                self._begin(step.ends)  # nothing came at that moment, which is over
        told, self._told = self._told, []
        return told

    def _sequence(self, batch: BatchId, request: Request) -> _Sequence | Fault | Done:
        if request.op == "partial_prefill" and self._profile.prefix_cache:
            return self._ahead(batch, request)
        if request.op != "decode":
            return Fault(request.id, "unsupported-op", f"a model does not run {request.op} alone")
        profile = self._profile
        text = prompt_of(request.args)
        said, is_cut = reply_of(request, self._lengths)
        reply = cut(said)
        prompt = max(1, tokens_in(text))
        most = min(profile.context_tokens, self.cache.blocks * profile.block_tokens)
        if prompt + len(reply) > most:
            detail = f"{prompt} tokens and {len(reply)} of reply are more than the {most} it takes"
            return Fault(request.id, "context-overflow", detail)
        names: list[bytes] = []
        if profile.prefix_cache:
            names = list(blocks_of(text, profile.block_tokens, request.tenant))
        return _Sequence(batch, request, prompt, reply or [""], is_cut, names)

    def _ahead(self, batch: BatchId, request: Request) -> _Sequence | Done:
        """Return a beginning that is read ahead: whole blocks, the last of them held back."""
        block = self._profile.block_tokens
        text = prompt_of(request.args)
        blocks = min(
            tokens_in(text) // block - 1,
            self.cache.blocks - 1,
            (self._profile.context_tokens - 1) // block,
        )
        if blocks < 1:
            return Done(request.id, {})
        names = list(blocks_of(text, block, request.tenant))[:blocks]
        return _Sequence(batch, request, blocks * block, [""], False, names)

    def _begin(self, now: float) -> None:
        """Begin the next step, if there is anything to do."""
        self._take_in()
        if not self._running:
            return
        profile = self._profile
        speaking = [each for each in self._running if each.speaks]
        reading = list(self._shares(len(speaking)))
        if reading and not profile.chunked:
            speaking = []
        self._step = _Step(now + self._takes_s(speaking, reading), speaking, reading)

    def _take_in(self) -> None:
        """Let sequences that wait begin, in order, while there is room for all they will hold."""
        profile = self._profile
        while self._waiting and len(self._running) < profile.sequences:
            sequence = self._waiting[0]
            # The last token of a prompt is read anew: the first of the reply follows from it.
            names = sequence.names[: (sequence.prompt - 1) // profile.block_tokens]
            size = sequence.prompt + len(sequence.reply)
            held = self.cache.hold(names, -(-size // profile.block_tokens))
            if held is None:
                return
            sequence.held = held
            sequence.cached = sequence.read = len(held.shared) * profile.block_tokens
            self._running.append(self._waiting.popleft())

    def _shares(self, speaking: int) -> Iterator[tuple[_Sequence, int]]:
        """Yield how much of each prompt is read in one step, the first come first."""
        left = self._profile.step_tokens - (speaking if self._profile.chunked else 0)
        for sequence in self._running:
            missing = sequence.prompt - sequence.read
            if not missing:
                continue
            if self._profile.chunked:
                missing = min(missing, left)
            elif missing > left and left < self._profile.step_tokens:
                return  # a whole prompt that does not fit beside others has a step of its own
            if missing <= 0:
                return
            left -= missing
            yield sequence, missing

    def _takes_s(
        self, speaking: Sequence[_Sequence], reading: Sequence[tuple[_Sequence, int]]
    ) -> float:
        profile, fixed, varying = self._profile, 0.0, 0.0
        if reading:
            fixed = profile.prefill_fixed_s
            varying += profile.prefill_token_s * sum(tokens for _, tokens in reading)
            squares = sum((each.read + tokens) ** 2 - each.read**2 for each, tokens in reading)
            varying += profile.prefill_square_s * squares
        if speaking:
            fixed = max(fixed, profile.decode_fixed_s)
            varying += profile.decode_sequence_s * len(speaking)
            held = sum(each.prompt + each.said for each in speaking)
            varying += profile.decode_token_s * held
        return fixed + varying

    def _finish(self, step: _Step) -> None:
        """Say what the end of a step brings, in the order that sequences began."""
        tokens = {id(each): tokens for each, tokens in step.reading}
        speaking = set(map(id, step.speaking))
        for sequence in list(self._running):
            if id(sequence) in tokens:
                self._read(sequence, tokens[id(sequence)], step.ends)
            if id(sequence) in speaking or (id(sequence) in tokens and sequence.speaks):
                self._say(sequence, step.ends)

    def _read(self, sequence: _Sequence, tokens: int, now: float) -> None:
        size = self._profile.block_tokens
        before, sequence.read = sequence.read, sequence.read + tokens
        for name in sequence.names[before // size : sequence.read // size]:
            self.cache.computed(sequence.held, name)
        if sequence.speaks and sequence.request.op == "decode":
            self._told.append(Moment(now, sequence.batch, FirstToken(sequence.request.id)))

    def _say(self, sequence: _Sequence, now: float) -> None:
        token, request = sequence.reply[sequence.said], sequence.request
        sequence.said += 1
        if token:
            usage = Usage(sequence.prompt, sequence.said, sequence.cached)
            self._told.append(Moment(now, sequence.batch, Delta(request.id, token, usage)))
        if sequence.over:
            self._running.remove(sequence)
            self.cache.free(sequence.held)
            text = "".join(sequence.reply)
            usage = Usage(sequence.prompt, tokens_in(text), sequence.cached, int(sequence.is_cut))
            outputs = {"text": text} if request.op == "decode" else {}
            self._tell(now, sequence.batch, Done(request.id, outputs, usage))

    def _tell(self, now: float, batch: BatchId, answer: Emission) -> None:
        self._told.append(Moment(now, batch, answer))
        self._open[batch] -= 1
        if not self._open[batch]:
            self._end(now, batch)

    def _end(self, now: float, batch: BatchId) -> None:
        del self._open[batch]
        self._told.append(Moment(now, batch))
