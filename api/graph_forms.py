"""In which form a graph is asked for, and how it is written in each."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from fastapi import Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.responses import JSONResponse

from api.explained import ExplainedOut, explained_text, pictures
from api.problems import ApiProblem
from planner.explain import Explained
from spec.model import Document

Form: TypeAlias = Literal["json", "text", "mermaid"]
_FORMS: Mapping[str, Form] = {"application/json": "json", "text/plain": "text"}

Off = Annotated[list[str] | None, Query(description="A pass to turn off; again for more.")]
On = Annotated[list[str] | None, Query(description="A pass to turn on; again for more.")]
Format = Annotated[
    Form | None, Query(description="Otherwise `Accept` decides: JSON, or `text/plain`.")
]
Between = Annotated[
    bool, Query(description="As text or Mermaid: every graph on the way, not the last alone.")
]


def form_of(request: Request, default: Form) -> Form:
    """Return which form `Accept` asks for. Raise `not-acceptable`."""
    accepted = request.headers.get("accept", "")
    for media, form in _FORMS.items():
        if media in accepted:
            return form
    if accepted and "/*" not in accepted:
        raise ApiProblem("not-acceptable", f"Accept {', '.join(_FORMS)}, or say `format`.")
    return default


def written(document: Document, explained: Explained, form: Form, *, between: bool) -> Response:
    """Write how a plan came about in one of its forms."""
    if form == "text":
        return PlainTextResponse(explained_text(explained, between=between))
    if form == "mermaid":
        stages = explained.stages if between else explained.stages[-1:]
        return PlainTextResponse(pictures(stages))
    out = ExplainedOut.of(document.name, document.version, explained)
    return Response(out.model_dump_json(), media_type=JSONResponse.media_type)
