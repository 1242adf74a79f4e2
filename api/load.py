"""How busy a plan is to take pools to be, as a request or a command line says it: `llm=0.9`."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Query

from api.problems import ApiProblem
from planner.graph import PoolName
from planner.load import saturated_at
from spec.problems import nearest, quoted

Utilisation = Annotated[
    list[str] | None,
    Query(
        description="A pool and which share of its slots is in use, 0 to 1, as `llm=0.9`; again "
        "for more. Pools that are not named are idle."
    ),
]


class BadLoad(Exception):
    """An option of the command line that says how busy a pool is, and cannot be used."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What cannot be used of what was given, and which pool may have been meant."""

    code: str
    detail: str
    hint: str | None = None


def saturated_by_query(given: Iterable[str], known: Collection[str]) -> frozenset[PoolName]:
    """Return the pools that are saturated by the parameters `utilisation`, of pools that are known.

    Raise `invalid-parameter`.
    """
    shares, wrong = _read(given, known)
    if wrong:
        errors = [{"in": "query", "name": "utilisation", **asdict(each)} for each in wrong]
        raise ApiProblem("invalid-parameter", f"Not usable: {wrong[0].detail}.", errors)
    return saturated_at(shares)


def saturated_by_options(given: Iterable[str], known: Collection[str]) -> frozenset[PoolName]:
    """Return the pools that are saturated by `--utilisation`. Raise `BadLoad`."""
    shares, wrong = _read(given, known)
    for each in wrong:
        cure = f"; did you mean '{each.hint}'?" if each.hint else ""
        raise BadLoad(f"--utilisation: {each.detail}{cure}")
    return saturated_at(shares)


def _read(
    given: Iterable[str], known: Collection[str]
) -> tuple[Mapping[PoolName, float], list[_Wrong]]:
    shares: dict[PoolName, float] = {}
    wrong: list[_Wrong] = []
    for text in given:
        name, _, share = text.partition("=")
        pool = PoolName(name)
        problems = list(_problems(text, known))
        if not problems and pool in shares:
            problems.append(_Wrong("conflicting-keys", f"the pool {quoted(name)} is named twice"))
        wrong += problems
        if not problems:
            shares[pool] = float(share)
    return shares, wrong


def _problems(text: str, known: Collection[str]) -> Iterator[_Wrong]:
    """Yield what is wrong with one `POOL=SHARE`, looked at alone."""
    name, equals, share = text.partition("=")
    if not equals:
        yield _Wrong("bad-value", f"{quoted(text)} is no pool and its share, as in `llm=0.9`")
    elif name not in known:
        near, detail = nearest(name, known), f"there is no pool {quoted(name)}"
        said = detail if near else f"{detail}; pools: {', '.join(sorted(known))}"
        yield _Wrong("bad-value", said, near)
    elif not _is_share(share):
        yield _Wrong("bad-value", f"{quoted(share)} is no number from 0 to 1")


def _is_share(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0  # of NaN neither is true
    except ValueError:
        return False
