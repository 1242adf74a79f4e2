"""Steps that a model decides about: conditions that take long to be known are rare by chance."""

import json
from copy import deepcopy
from random import Random
from typing import Any

from spec.values import JSON
from tests.interpreter.twins import maps_of, read_too

JUDGED_MAX = 3
#: What the modules that ask an engine begin with.
_ASKING = ("llm", "rerank", "synthesize", "web_search", "contextualize", "own.")
#: What stands on copies too often to leave any of them untimed.
_OWN = ("after", "timeout")


def with_judges(page: dict[str, JSON], random: Random) -> dict[str, JSON]:
    """Return `page` with copies of some of its steps, wherever those stand, that are only done if a
    model says so, and with what they give among the outputs.
    """
    page = deepcopy(page)
    places = [(steps, id) for steps in maps_of(page) for id in steps if _may_be(steps[id])]
    chosen = random.sample(places, min(len(places), random.randint(1, JUDGED_MAX)))
    for number, (steps, id) in enumerate(chosen):
        judge, judged = f"judge{number}", f"judged{number}"
        asked = f"Is {random.random()} right? {{{{ inputs.question }}}}"
        steps[judge] = {"use": "llm", "prompt": asked, **_sometimes(random)}
        steps[judged] = _copy(steps[id], random)
        said = f"'{random.choice('abcdef')}' in {judge}.text"
        steps[judged]["if"] = random.choice((f"${said}", f"$not ({said})"))
        if steps is page["steps"]:
            read_too(page, id, judged)
    return page


def _may_be(step: dict[str, Any]) -> bool:
    """Whether a step asks an engine, and always."""
    return "if" not in step and any(f'"{name}' in json.dumps(step) for name in _ASKING)


def _copy(step: dict[str, Any], random: Random) -> dict[str, Any]:
    copied = {key: deepcopy(at) for key, at in step.items() if key not in _OWN}
    if random.random() < 0.3:
        copied["retry"] = random.choice((1, 2))
    return copied


def _sometimes(random: Random) -> dict[str, JSON]:
    return {"retry": 2} if random.random() < 0.5 else {}
