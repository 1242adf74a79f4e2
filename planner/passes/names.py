"""The names of the passes, in the order in which they are made."""

PRUNE = "prune_dependencies"
COMMON = "eliminate_common"
STAGES = "decompose_stages"
PREFILL = "split_prefill"
DECODING = "pipeline_decoding"
SPECULATE = "speculate"

NAMES = (PRUNE, COMMON, STAGES, PREFILL, DECODING, SPECULATE)
DEFAULT = frozenset(NAMES) - {SPECULATE}
NONE: frozenset[str] = frozenset()
