"""Mutants that nothing can notice, and why: they come to the same, or only cost time."""

from collections.abc import Mapping

EXPLAINED: Mapping[str, str] = {
    "eliminate_common.py: nothing returned: return head.reads() | {output for output in "
    "each.reads() if… -> return None": "calls that read other things are told apart by their text",
    "eliminate_common.py: filter left out: for each in draft.primitives if each.call is not None "
    "-> for each in draft.primitives": "no primitive is called None",
    "pipeline_decoding.py: condition turned round: () if body.refused is None else "
    "(body.refused,) -> () if not body.refused is None else (body.refused,)": "what a branch "
    "gives when it is refused comes of its `else`, which has been looked at",
    "speculate.py: condition turned round: if TYPE_CHECKING: from planner.lone_times import "
    "LoneTimes -> if not TYPE_CHECKING: from planner.lone_times import LoneTi…": "imported sooner",
    "speculate.py: compared otherwise: saved_ms < SAVED_MS_MIN -> saved_ms <= SAVED_MS_MIN": "a "
    "branch that saves just as much as is worth it is as well opened as not",
    "split_prefill.py: filter left out: for each in draft.primitives if each.call is not None -> "
    "for each in draft.primitives": "no primitive is called None",
    "split_prefill.py: filter left out: for id, port in _PORTS.items() if id not in known -> for "
    "id, port in _PORTS.items()": "what is known is put over the blanks",
    "split_prefill.py: compared otherwise: unread >= least -> unread > least": "a beginning of "
    "just two blocks may be read ahead or not",
}
