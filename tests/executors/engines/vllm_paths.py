"""What vLLM has beside OpenAI's API, for a server of a test: tokens, prompts that are tokens, and
how its cache is cut. A token is a word or what is between two, so a word that goes on is another.
"""

import re
from typing import Any
from zlib import crc32

from tests.executors.engines.openai_server import Play, Seen, counted, usual, whole

BLOCK = 4
CONTEXT = 512
#: What `rendered` puts around messages, and what else such a tokenizer may know.
CONTROL = ("<system>", "<user>", "<assistant>", "<end>")
TOKENIZER = {
    "tokenizer_class": "T",
    "added_tokens_decoder": {"0": "  ", **{str(at): each for at, each in enumerate(CONTROL, 1)}},
}
PAGE = (
    "# TYPE vllm:cache_config_info gauge\n"
    f'vllm:cache_config_info{{block_size="{BLOCK}",engine="0"}} 1.0\n'
)


def with_vllm_paths(seen: Seen) -> Play:
    """Answer as vLLM does."""
    match seen.path:
        case "/tokenize":
            ids = tokens_of(rendered(seen.body))
            told = {"tokens": ids, "count": len(ids), "max_model_len": CONTEXT, "token_strs": None}
            return Play.of(told)
        case "/tokenizer_info":
            return Play.of(TOKENIZER)
        case "/metrics":
            return Play((PAGE.encode(),), media="text/plain")
        case "/v1/completions" if isinstance(seen.body["prompt"], list):
            usage = {
                **counted(len(seen.body["prompt"]), 1),
                "prompt_tokens_details": {"cached_tokens": BLOCK},
            }
            choice = {"index": 0, "text": "x", "finish_reason": "length"}
            return Play.of(whole(seen.body, choice, usage))
    return usual(seen)


def rendered(body: Any) -> str:
    """Put what is said into the template of a chat, if it is one."""
    if "prompt" in body:
        return str(body["prompt"])
    tools = "".join(f"<tool {tool['function']['name']}>\n" for tool in body.get("tools") or ())
    said = "".join(f"<{each['role']}>\n{each['content']}<end>\n" for each in body["messages"])
    return f"{tools}{said}<assistant>\n"


def tokens_of(text: str) -> list[int]:
    """Return one number for each word, and for what is between two."""
    return [crc32(piece.encode()) for piece in re.findall(r"\w+|\W+", text)]
