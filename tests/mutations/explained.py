"""Mutants that nothing can notice, and why: they come to the same, or only cost time."""

from collections.abc import Mapping

_BUCKETS = "what reads other things is told apart by its text"
_LOOKED_AT = "where there are no twins all is looked at, and nothing found"
_IN_THE_END = "what a branch gives when it is refused comes of its `else`, which has been looked at"
_OPENING = "what the first of a pair reads is what is cut, and its opening reads that too"
_FAR = "later than anything, as it was"

EXPLAINED: Mapping[str, str] = {
    "eliminate_common.py: nothing returned: return head.reads() | {output for output in "
    "each.reads() if… -> return None": _BUCKETS,
    "eliminate_common.py: nothing returned: return each.reads() -> return None": _BUCKETS,
    "eliminate_common.py: counted otherwise: head.reads() | {output for output in each.reads() if "
    "output… -> head.reads() & {output for output in each.reads() if output…": _BUCKETS,
    "eliminate_common.py: condition turned round: if place in met: yield each -> if not place in "
    "met: yield each": _LOOKED_AT,
    "eliminate_common.py: compared otherwise: place in met -> place not in met": _LOOKED_AT,
    "eliminate_common.py: filter left out: for each in draft.primitives if each.call is not None "
    "-> for each in draft.primitives": "no primitive is called None",
    "pipeline_decoding.py: and for or: id in exits and id in primitives -> id in exits or id in "
    "primitives": "an exit is where its region is, and no end of a structure that may be read has "
    "its fields yet",
    "pipeline_decoding.py: filter left out: for each in (control.condition, control.otherwise, "
    "control.… -> for each in (control.condition, control.otherwise, control.…": "what is not "
    "there reads nothing",
    "pipeline_decoding.py: condition turned round: () if body.refused is None else "
    "(body.refused,) -> () if not body.refused is None else (body.refused,)": _IN_THE_END,
    "pipeline_decoding.py: compared otherwise: body.refused is None -> body.refused is not None": (
        _IN_THE_END
    ),
    "pipeline_decoding.py: condition turned round: one.params.values() if one is not None else () "
    "-> one.params.values() if not one is not None else ()": _OPENING,
    "pipeline_decoding.py: compared otherwise: one is not None -> one is None": _OPENING,
    "speculate.py: condition turned round: if TYPE_CHECKING: from planner.lone_times import "
    "LoneTimes -> if not TYPE_CHECKING: from planner.lone_times import LoneTi…": "imported sooner",
    "speculate.py: compared otherwise: saved_ms < SAVED_MS_MIN -> saved_ms <= SAVED_MS_MIN": "a "
    "branch that saves just as much as is worth it is as well opened as not",
    "speculate.py: compared otherwise: inside.critical_ms < SAVED_MS_MIN -> inside.critical_ms <= "
    "SAVED_MS_MIN": "a branch that takes just as long as is worth it is as well opened as not",
    "split_prefill.py: filter left out: for each in draft.primitives if each.call is not None -> "
    "for each in draft.primitives": "no primitive is called None",
    "split_prefill.py: filter left out: for id, port in _PORTS.items() if id not in known -> for "
    "id, port in _PORTS.items()": "what is known is put over the blanks",
    "split_prefill.py: one more: 1 -> 2": _FAR,
    "split_prefill.py: one more: 30 -> 31": _FAR,
    "pairs.py: nothing returned: return () -> return None": "of no pairs it is only asked whether "
    "there are any",
}
