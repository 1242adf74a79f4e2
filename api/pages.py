"""The documentation pages, from files that are installed with the service: no internet needed.

A page may load nothing from anywhere else; its browser is told so too.
"""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

ASSETS = "/assets/docs"
OPENAPI = "/openapi.json"
ICON = f"{ASSETS}/icon.svg"
_DRAWN = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="teal"/>
<path d="M3 4h10M8 4v9" stroke="white" stroke-width="2"/>
</svg>
"""
# Redoc's program would show this picture at the foot of its page.
_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"
_NO_LOGO = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"
_FILES = Path(fastapi_offline.__file__).parent / "static"
_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; frame-ancestors 'none'"
)
_REDOC = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Teola API</title>
<link rel="icon" href="{ICON}">
<style>body {{ margin: 0; padding: 0; }}</style>
</head>
<body>
<redoc spec-url="{OPENAPI}"></redoc>
<script src="{ASSETS}/redoc.standalone.js"></script>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Serve `/docs`, `/redoc` and what they load."""
    app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=_FILES), name="docs-assets")


@router.get("/docs")
async def swagger() -> HTMLResponse:
    """Show every operation, to read and to try out."""
    page = get_swagger_ui_html(
        openapi_url=OPENAPI,
        title="Teola API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=ICON,
        # The badge would send the address of this service to a validator elsewhere.
        swagger_ui_parameters={"validatorUrl": None, "displayRequestDuration": True},
    )
    return HTMLResponse(page.body, headers={"Content-Security-Policy": _POLICY})


@router.get(ICON)
async def icon() -> Response:
    """Return the icon of the pages."""
    return Response(_DRAWN, media_type="image/svg+xml")


@router.get(f"{ASSETS}/redoc.standalone.js")
def redoc_program() -> Response:
    """Return Redoc as it is installed, but for the one picture it would fetch from elsewhere."""
    program = (_FILES / "redoc.standalone.js").read_text(encoding="utf-8")
    return Response(program.replace(_LOGO, _NO_LOGO), media_type="text/javascript")


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Show every operation on one page, to read."""
    return HTMLResponse(_REDOC, headers={"Content-Security-Policy": _POLICY})
