"""What one call asks of the extractive reader, or what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executors.engines.engine import Fault, Request
from executors.engines.firewall import NotSendable, message, sampling, text
from executors.engines.reading.prompt import Asked, numbered, read_prompt
from spec.values import JSON

#: A longer prompt is refused, as a model refuses what does not fit its context.
PROMPT_CHARS_MAX = 500_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `earlier` is what was said before, its oldest message first; `known` are the
    passages that stand in `system`.
    """

    prompt: str
    earlier: tuple[str, ...]
    known: tuple[str, ...]
    form: str
    items: int | None
    schema: Mapping[str, JSON] | None
    max_tokens: int | None
    stop: Sequence[str]

    def asked(self) -> Asked:
        """Return the question and the passages; what was said before are passages too."""
        asked = read_prompt(self.prompt)
        if not self.earlier and not self.known:
            return asked
        # In a conversation a message that asks nothing is still what is wanted.
        question = asked.question or " ".join(self.prompt.split())
        return Asked(question, (*self.known, *self.earlier, *asked.passages))

    def words(self) -> int:
        """Return how many words are read: what was said, and the passages of `system`."""
        return sum(len(each.split()) for each in (*self.known, *self.earlier, self.prompt))


def read_call(request: Request) -> Call | Fault:
    """Return what is asked, or what is wrong with it."""
    if request.op != "decode":
        return Fault(request.id, "unsupported-op", f"extractive does not run {request.op} alone")
    try:
        return _call(request.args)
    except NotSendable as error:
        return Fault(request.id, "bad-request", f"{error}.")


def _call(args: Mapping[str, Any]) -> Call:
    given = args.get("messages") or []
    if not isinstance(given, list):
        raise NotSendable("`messages` must be a list")
    said = [message(each)["content"] for each in given]
    if args.get("prompt") is not None or not said:
        said.append(text("prompt", args.get("prompt")))
    system = args.get("system")
    known = numbered(text("system", system)) if system is not None else ()
    size = sum(map(len, (*known, *said)))
    if size > PROMPT_CHARS_MAX:
        detail = f"`prompt` has {size} characters; at most {PROMPT_CHARS_MAX} are read."
        raise NotSendable(f"{detail} Give it fewer or shorter passages")
    checked = sampling({name: args.get(name) for name in ("max_tokens", "stop")})
    return Call(
        prompt=said[-1],
        earlier=tuple(said[:-1]),
        known=known,
        form=args.get("form") or "text",
        items=args.get("items"),
        schema=args.get("schema"),
        max_tokens=checked.get("max_tokens"),
        stop=checked.get("stop", ()),
    )
