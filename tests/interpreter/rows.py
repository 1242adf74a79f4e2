"""Searches for all that a model lists, asked at once: a list that is read row by row."""

from copy import deepcopy
from random import Random
from typing import Any

from spec.values import JSON

#: Of the pages with a list of texts.
SHARE = 0.6


def with_rows(page: dict[str, JSON], random: Random) -> dict[str, JSON]:
    """Return `page` with a search for what is listed on it, if that are texts, beside whatever else
    goes over them, or with two that share their vectors; and with what is found among the outputs.
    """
    page = deepcopy(page)
    inside: dict[str, Any] = page
    if "listed" not in page["steps"]:
        inside = page["steps"].get("around", {})
    listed = inside.get("steps", {}).get("listed", {})
    if not listed or "schema" in listed or random.random() > SHARE:
        return page
    inside["steps"]["stored"] = {"use": "index", "chunks": "$inputs.docs"}
    for id, by in (("found", "vector"), ("found_too", "hybrid"))[: random.choice((1, 1, 2))]:
        asked = {"use": "own.searches", "index": "$stored", "queries": "$listed.items", "by": by}
        inside["steps"][id] = asked if random.random() < 0.8 else {**asked, "retry": 1}
        inside["outputs"][id] = f"${id}.docs"
        if inside is not page:
            page["outputs"][id] = f"$around.{id}"
    return page
