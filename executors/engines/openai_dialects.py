"""How servers of OpenAI's API differ, as data. What is written and read looks here, at no name.

A line holds what was seen of a real server (`make test-vllm`, `make test-llamacpp`), or what the
documents of OpenAI's own API say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of server takes, and what it is asked to tell.

    `stops_max`: stop strings of one request; None for as many as there are.
    `stream_options`: those that make it count tokens while it streams; none where it never does.
    `reply_tokens`: what a chat calls the most tokens that its reply may have.
    `schema_form`: the `type` of a `response_format` that holds a reply to a JSON Schema.
    `beside`: fields that are no part of OpenAI's API and that it may be told to go by.
    `tokenizes`: whether it may have `/tokenize`, and completions of prompts that are tokens.
    `empty`: what stands for a text without characters, where it embeds none.
    """

    stops_max: int | None = 4
    stream_options: tuple[str, ...] = ("include_usage",)
    reply_tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    schema_form: Literal["json_schema", "json_object"] = "json_schema"
    beside: frozenset[str] = frozenset({"priority", "cache_salt"})
    tokenizes: bool = True
    empty: str = ""


#: A server of which nothing is known: OpenAI's API as most take it, and what its pool vouches for.
ANY = Dialect()
DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "any": ANY,
        # Its o-series refuses `max_tokens`, and it knows no field that is not in its documents.
        "openai": Dialect(
            reply_tokens="max_completion_tokens", beside=frozenset(), tokenizes=False, empty=" "
        ),
        "vllm": Dialect(stream_options=("include_usage", "continuous_usage_stats")),
        # Its streams tell no usage, whatever is asked. It passes over fields that it does not know,
        # but answers 500 to a form of reply, and to an empty text.
        "llama-cpp-python": Dialect(
            stops_max=None,
            stream_options=(),
            schema_form="json_object",
            beside=frozenset(),
            tokenizes=False,
            empty=" ",
        ),
    }
)
