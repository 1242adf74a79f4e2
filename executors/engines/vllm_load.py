"""What a vLLM server says on its page of metrics, as far as the state of a pool goes."""

from collections.abc import Mapping
from types import MappingProxyType

from executors.engines.engine import Load

#: The one line of the page that says how the cache was set up, in its labels.
_CACHE = "vllm:cache_config_info"
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "vllm:num_requests_running": "running",
        "vllm:num_requests_waiting": "waiting",
        "vllm:kv_cache_usage_perc": "kv_used",
        "vllm:prompt_tokens_total": "tokens_in",
        "vllm:generation_tokens_total": "tokens_out",
        "vllm:prefix_cache_queries_total": "prefix_tokens",
        "vllm:prefix_cache_hits_total": "prefix_tokens_cached",
    }
)


def read_load(page: str) -> Load:
    """Return what `page` says; zero for what it does not. Raise `ValueError` if it is none."""
    from prometheus_client.parser import text_string_to_metric_families

    found = dict.fromkeys(_NAMES.values(), 0.0)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if (name := _NAMES.get(sample.name)) is not None:
                found[name] += sample.value  # several engines behind one server add up
    whole = {name: int(value) for name, value in found.items() if name != "kv_used"}
    return Load(kv_used=found["kv_used"], **whole)


def read_block_tokens(page: str) -> int | None:
    """Return the tokens of one block of the cache, None where `page` does not say.

    Raise `ValueError` if it is none.
    """
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == _CACHE and sample.labels.get("block_size", "").isdecimal():
                return int(sample.labels["block_size"]) or None
    return None
