"""What an emulated model reads and says: a prompt as one text, a reply of as many tokens as wanted.

How long a reply is depends on the request alone, so it is the same under every policy and driver.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist
from typing import Any

import orjson

from executors.engines.emulation.tokens import CHARACTERS
from executors.engines.engine import Request
from executors.engines.told import digest, hashed, said


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many tokens are said where the form of a step does not decide: about `median`.

    Drawn from a lognormal distribution of that median and `sigma`; always the median where that is
    0. An item of a list, if it is a text, has `item` tokens.
    """

    median: int = 64
    sigma: float = 0.0
    item: int = 12


def prompt_of(args: Mapping[str, Any]) -> str:
    """Return all that a call reads as one text, what often begins calls alike first."""
    parts = [orjson.dumps(tool).decode() for tool in args.get("tools") or ()]
    if args.get("system"):
        parts.append(f"<system>{args['system']}")
    for message in args.get("messages") or ():
        parts.append(f"<{message.get('role')}>{message.get('content') or ''}")
    if args.get("prompt"):
        parts.append(f"<user>{args['prompt']}")
    return "\n".join(parts)


def reply_of(request: Request, lengths: Lengths) -> tuple[str, bool]:
    """Return what is said: hexadecimal words, a list or an object; at most `max_tokens` of it.

    And whether there would be more.
    """
    args = request.args
    text = _formed(request, lengths) if args.get("form") in ("list", "json") else None
    if text is None:
        text = words(digest(request), tokens_drawn(request, lengths))
    for stop in args.get("stop") or ():
        text = text.partition(stop)[0] if stop else text
    most = args.get("max_tokens")
    said = text if most is None else text[: most * CHARACTERS]
    return said, said != text


def tokens_drawn(request: Request, lengths: Lengths) -> int:
    """Return how many tokens the reply has, at least one."""
    if lengths.sigma == 0.0:
        return max(1, lengths.median)
    drawn = exp(log(max(1, lengths.median)) + lengths.sigma * normal(request))
    return max(1, round(drawn))


def normal(request: Request) -> float:
    """Return a draw from the standard normal distribution, the same for equal requests."""
    part = int(hashed(["drawn", digest(request)])[:12], 16)
    return NormalDist().inv_cdf((part + 0.5) / 16**12)


def words(seed: str, tokens: int) -> str:
    """Return words of seven digits that are exactly `tokens` tokens.

    >>> len(words("00", 5)), words("00", 5)[:12] == words("00", 3)
    (20, True)
    """
    size = tokens * CHARACTERS
    text = ""
    while len(text) < size:
        digits = hashed([seed, len(text)])
        text += "".join(f"{digits[at : at + 7]} " for at in range(0, 28, 7))
    return text[:size]


def _formed(request: Request, lengths: Lengths) -> str:
    """Return a list or an object; items that are texts are as long as they are to be."""
    args = request.args
    text = "".join(said(request))
    if args["form"] == "json" or args.get("schema") is not None:
        return text
    items = [words(item, lengths.item).strip() for item in orjson.loads(text)]
    return orjson.dumps(items).decode()
