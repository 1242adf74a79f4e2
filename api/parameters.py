"""Query parameters that nobody reads are refused, like any other unknown key."""

from typing import get_args, get_origin

from fastapi import Request

from api.problems import ApiProblem
from spec.problems import nearest, quoted


async def known_query(request: Request) -> None:
    """Refuse a query parameter that the route does not declare, or that comes twice where the route
    takes one.
    """
    if not request.url.query:
        return
    dependant = request.scope["route"].dependant
    known = {field.alias: _is_list(field.field_info.annotation) for field in dependant.query_params}
    errors = []
    names = [name for name, _ in request.query_params.multi_items()]
    for name in dict.fromkeys(names):
        if name not in known:
            detail = f"{quoted(name)} is no parameter here"
            hint = nearest(name, known)
            errors.append(_entry("unknown-key", name, detail, hint))
        elif names.count(name) > 1 and not known[name]:
            errors.append(_entry("duplicate-key", name, f"{quoted(name)} stands here twice", None))
    if errors:
        detail = ", ".join(error["detail"] or "" for error in errors)
        raise ApiProblem("invalid-parameter", f"{detail[:200]}.", errors)


def _is_list(annotation: object) -> bool:
    """Whether a parameter takes several values, where it is given at all.

    >>> _is_list(list[str] | None), _is_list(str | None), _is_list(int)
    (True, False, False)
    """
    return any(get_origin(each) is list for each in (annotation, *get_args(annotation)))


def _entry(code: str, name: str, detail: str, hint: str | None) -> dict[str, str | None]:
    return {"code": code, "in": "query", "name": name[:80], "detail": detail, "hint": hint}
