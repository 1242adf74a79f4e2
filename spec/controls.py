"""The control keys of one step: read and held to their forms, their partners and their ranges.

What the values in them are, and whether they fit, is for `spec.control_check`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from spec.codes import Code
from spec.durations import milliseconds
from spec.problems import echo, nearest, quoted
from spec.records import record
from spec.report import Report
from spec.source import Pointer
from spec.values import JSON
from spec.written import Written, read_data

OVER_KEYS = ("for_each", "fold", "reduce")
REPEATING_KEYS = (*OVER_KEYS, "loop")
_VALUE_KEYS = ("if", *OVER_KEYS, "start")
_FIELD_KEYS = ("else", "fallback")
HANDED_ON = ("fan_in",)  # what a module may leave to its callers
PARTNERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "outputs": ("steps",),
        "loop": ("steps",),
        "else": ("if",),
        "max_parallel": ("for_each",),
        "on_error": ("for_each",),
        "collect": ("for_each",),
        "start": ("fold", "reduce"),
        "fan_in": ("reduce",),
    }
)
_OWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"for_each": ("item", "position"), "fold": ("item", "position", "acc"), "reduce": ("items",)}
)
ON_ERROR = ("fail", None, "drop")
RETRY_MAX = 3


@record
class Controls:
    """The control keys of a step. Of `refused` ones nothing is known but that they are there.

    `over` is the key whose list the body goes over. A condition that reads one of the names that
    are the body's `own` is asked `per_element`.
    """

    values: Mapping[str, Written] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Written]] = field(default_factory=dict)
    settings: Mapping[str, JSON] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    over: str | None = None
    per_element: bool = False

    @property
    def condition(self) -> Written | None:
        """What has to hold for the body to run."""
        return self.values.get("if")

    @property
    def own(self) -> tuple[str, ...]:
        """The names that have a meaning of their own in the body."""
        return _OWN[self.over] if self.over else ()

    @property
    def plain(self) -> bool:
        """Whether what the step gives is of the types of its body, whatever else there is."""
        return not self.values and not self.fields

    def all_values(self) -> Iterator[Written]:
        """Yield every value that may read something."""
        yield from self.values.values()
        for fields in self.fields.values():
            yield from fields.values()


def read_controls(
    report: Report, pointer: Pointer, written: Mapping[str, JSON], *, in_module: bool
) -> Controls:
    """Read the control keys of the step at `pointer`."""
    if _READ_HERE.isdisjoint(written):
        return _NONE
    return _Reading(report, pointer, written, in_module).controls()


_NONE = Controls()


class _Reading:
    def __init__(
        self, report: Report, pointer: Pointer, written: Mapping[str, JSON], in_module: bool
    ) -> None:
        self.report = report
        self.pointer = pointer
        self.written = written
        self.values = {*_VALUE_KEYS, *filter(self._is_handed_on, HANDED_ON if in_module else ())}
        self.refused: set[str] = set()

    def controls(self) -> Controls:
        kept = [key for key in self.written if self._has_partner(key) and self._is_alone(key)]
        if "fold" in kept and "start" not in self.written:
            detail = "`fold` needs a `start`: the first `acc`"
            self.report.at_key("missing-key", self.pointer, detail)
        values = {
            key: read_data(self.report, (*self.pointer, key), self.written[key])
            for key in kept
            if key in self.values
        }
        over = next((key for key in values if key in OVER_KEYS), None)
        return Controls(
            values=values,
            fields={key: self._fields(key) for key in kept if key in _FIELD_KEYS},
            settings={
                key: self._setting(key)
                for key in kept
                if key in _SETTINGS and key not in self.values
            },
            refused=frozenset(self.refused),
            over=over,
            per_element=over != "reduce" and _reads(values.get("if"), _OWN.get(over or "", ())),
        )

    def _is_handed_on(self, key: str) -> bool:
        given = self.written.get(key)
        return isinstance(given, str) and given.startswith("$")

    def _has_partner(self, key: str) -> bool:
        partners = PARTNERS.get(key, ())
        if not partners or any(partner in self.written for partner in partners):
            return True
        wanted = " or ".join(quoted(partner) for partner in partners)
        detail = f"{quoted(key)} means nothing without {wanted}"
        self.report.at_key("unknown-key", (*self.pointer, key), detail)
        return False

    def _is_alone(self, key: str) -> bool:
        first = next((other for other in self.written if other in REPEATING_KEYS), None)
        if key not in REPEATING_KEYS or key == first:
            return True
        detail = f"a step repeats in one way, and this one has {quoted(str(first))} already"
        self.report.at_key("conflicting-keys", (*self.pointer, key), f"{detail}; nest with blocks")
        return False

    def _fields(self, key: str) -> dict[str, Written]:
        where = (*self.pointer, key)
        given = self.written[key]
        if not isinstance(given, dict):
            self._refuse(key, f"{echo(given)}, where an object of fields is wanted")
            return {}
        if not self.report.knows(where):
            self.refused.add(key)
        return {name: read_data(self.report, (*where, name), given[name]) for name in given}

    def _setting(self, key: str) -> JSON:
        if not self.report.knows((*self.pointer, key)):
            self.refused.add(key)
            return None
        return _SETTINGS[key](self, key, self.written[key])

    def _refuse(self, key: str, detail: str) -> None:
        self._refused("wrong-type", key, detail)

    def _refused(self, code: Code, key: str, detail: str, hint: str | None = None) -> None:
        self.refused.add(key)
        where = (*self.pointer, key)
        if self.report.knows(where):
            self.report.at_value(code, where, detail, hint)

    def integer(self, key: str, given: JSON, least: int, most: int | None = None) -> JSON:
        if isinstance(given, bool) or not isinstance(given, int):
            self._refuse(key, f"{echo(given)}, where an integer is wanted")
        elif given < least or (most is not None and given > most):
            wanted = f"at least {least}" if most is None else f"{least} to {most}"
            self._refused("bad-value", key, f"{given}, where {wanted} is wanted")
        return given

    def duration(self, key: str, given: JSON) -> JSON:
        if not isinstance(given, str):
            self._refuse(key, f"{echo(given)}, where a duration such as `3s` is wanted")
            return None
        found = milliseconds(given)
        if found is None:
            detail = f"{echo(given)} is no duration: an integer above 0 and one of ms, s, m, h, d"
            self._refused("bad-value", key, detail)
        return found

    def on_error(self, key: str, given: JSON) -> JSON:
        if given is not None and not isinstance(given, str):
            self._refuse(key, f"{echo(given)}, where fail, null or drop is wanted")
        elif given not in ON_ERROR:
            hint = nearest(given, ("fail", "null", "drop")) if given != "null" else None
            detail = f"{echo(given)} is not one of fail, drop, and null without quotes"
            self._refused("bad-value", key, detail, hint)
        return given

    def name(self, key: str, given: JSON) -> JSON:
        if not isinstance(given, str):
            self._refuse(key, f"{echo(given)}, where the name of a field is wanted")
        return given


def _reads(condition: Written | None, names: Collection[str]) -> bool:
    found = condition.all_references() if condition is not None and names else ()
    return any(reference.name in names for reference in found)


_SETTINGS: Mapping[str, Callable[[_Reading, str, JSON], JSON]] = MappingProxyType(
    {
        "retry": lambda reading, key, given: reading.integer(key, given, 0, RETRY_MAX),
        "timeout": _Reading.duration,
        "cache": _Reading.duration,
        "max_parallel": lambda reading, key, given: reading.integer(key, given, 1),
        "fan_in": lambda reading, key, given: reading.integer(key, given, 2),
        "on_error": _Reading.on_error,
        "collect": _Reading.name,
    }
)
_READ_HERE = frozenset((*_VALUE_KEYS, *_FIELD_KEYS, *_SETTINGS, *PARTNERS, *REPEATING_KEYS))
