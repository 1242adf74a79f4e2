"""The control tokens of the model behind a vLLM server, as its tokenizer tells them.

They are what the tokenizer reads as one token wherever a text spells it, whatever the model is
called and wherever its files are. Which of them mark roles is not told, and models differ in what
they call special, so all are taken but two sorts: blanks, and marks that the template of a chat
looks for in earlier replies, such as `</think>`.
"""

import re
from collections.abc import Mapping
from typing import Any

from executors.engines.control_tokens import ControlTokens
from executors.engines.engine import EngineFailed
from executors.engines.http_client import HttpClient
from executors.engines.server_errors import ServerFailed

PATH = "/tokenizer_info"
_UNKNOWN = "vLLM does not tell the control tokens of its model"
_CURE = (
    "Give the pool `control_tokens` in engines.yaml; an empty list leaves all texts as they are."
)
#: A text that the template looks for in another: `'…' in content`, `content.split('…')`.
_LOOKED_FOR = re.compile(
    r"""(?:\.(?:r?split|startswith|endswith|find)\(\s*)(['"])(.+?)\1|(['"])([^'"]+)\3\s+(?:not\s+)?in\b"""
)


async def ask_control(http: HttpClient) -> ControlTokens:
    """Return the tokens that no text may spell. Raise `EngineFailed` if they cannot be known."""
    try:
        return control_of(await http.ask(PATH))
    except (ServerFailed, ValueError) as error:
        transient = isinstance(error, ServerFailed) and error.transient
        detail = f"{_UNKNOWN}: {error}."
        raise EngineFailed("engine-unavailable", detail, _CURE, transient) from None


def control_of(told: Any) -> ControlTokens:
    """Return the tokens that no text may spell. Raise `ValueError` if they are not told.

    >>> control_of({"added_tokens_decoder": {"7": "<|end|>", "8": "  "}}).spelled
    ('<|end|>',)
    """
    added = told.get("added_tokens_decoder") if isinstance(told, dict) else None
    if not isinstance(added, dict):
        raise ValueError("its tokenizer names none")
    spelled = {_text(token) for token in added.values()}
    # Of one character no part can be set apart, and a blank is no mark.
    marks = {text for text in spelled if len(text) > 1 and not text.isspace()}
    return ControlTokens(tuple(sorted(marks - _looked_for(told))))


def _text(token: Any) -> str:
    match token:
        case str(text) | {"content": str(text)}:
            return text
    raise ValueError("its tokenizer names what is no text")


def _looked_for(told: Mapping[str, Any]) -> set[str]:
    template = told.get("chat_template")
    if not isinstance(template, str):
        return set()
    return {found[2] or found[4] for found in _LOOKED_FOR.finditer(template)}
