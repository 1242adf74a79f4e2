"""Searches for all that a model lists, asked at once: a list that is read row by row."""

from copy import deepcopy
from random import Random
from typing import Any

from spec.values import JSON

#: Of the pages with a list of texts.
SHARE = 0.6


def with_rows(page: dict[str, JSON], random: Random) -> dict[str, JSON]:
    """Return `page` with a search for what is listed on it, if that are texts, beside whatever else
    goes over them, and with what it finds among the outputs.
    """
    page = deepcopy(page)
    inside: dict[str, Any] = page
    if "listed" not in page["steps"]:
        inside = page["steps"].get("around", {})
    listed = inside.get("steps", {}).get("listed", {})
    if not listed or "schema" in listed or random.random() > SHARE:
        return page
    asked = {"use": "own.searches", "index": "$stored", "queries": "$listed.items", "top_k": 2}
    if random.random() < 0.4:
        asked["by"] = random.choice(("lexical", "hybrid"))
    if random.random() < 0.2:
        asked["retry"] = 1
    inside["steps"] |= {"stored": {"use": "index", "chunks": "$inputs.docs"}, "found": asked}
    inside["outputs"]["found"] = "$found.docs"
    if inside is not page:
        page["outputs"]["found"] = "$around.found"
    return page
