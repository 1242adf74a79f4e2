"""Which passes are on: what the service, whoever asks, and the workflow say, in this order.

What the service turns off stays off, since it may have to. After that the request has its word,
then the workflow, then what the service turns on, and then the default.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from planner.passes.names import DEFAULT, NAMES, NONE
from spec.records import record

#: Who said of a pass whether it is on.
By: TypeAlias = Literal["service", "request", "workflow", "default"]


@record
class Choice:
    """Passes that somebody turns off and on by name; none is in both."""

    off: frozenset[str] = NONE
    on: frozenset[str] = NONE

    @staticmethod
    def only(names: Iterable[str]) -> "Choice":
        """Turn on these and no others.

        >>> sorted(Choice.only(["split_prefill"]).on)
        ['split_prefill']
        """
        on = frozenset(names)
        return Choice(frozenset(NAMES) - on, on)


NO_CHOICE = Choice()


@record
class Chosen:
    """Whether a pass is on, and who said so."""

    is_on: bool
    by: By


def choose(
    workflow: Choice, request: Choice = NO_CHOICE, service: Choice = NO_CHOICE
) -> Mapping[str, Chosen]:
    """Return for each pass whether it is on, and by whose word.

    >>> found = choose(Choice(on=frozenset({"speculate"})), Choice(off=frozenset({"speculate"})))
    >>> found["speculate"], found["prune_dependencies"]
    (Chosen(is_on=False, by='request'), Chosen(is_on=True, by='default'))
    """
    return {name: _chosen(name, workflow, request, service) for name in NAMES}


def _chosen(name: str, workflow: Choice, request: Choice, service: Choice) -> Chosen:
    if name in service.off:
        return Chosen(is_on=False, by="service")
    voices: tuple[tuple[Choice, By], ...] = (
        (request, "request"),
        (workflow, "workflow"),
        (service, "service"),
    )
    for choice, by in voices:
        if name in choice.off or name in choice.on:
            return Chosen(name in choice.on, by)
    return Chosen(name in DEFAULT, "default")


def are_on(chosen: Mapping[str, Chosen]) -> frozenset[str]:
    """Return the names of those that are on."""
    return frozenset(name for name, each in chosen.items() if each.is_on)
