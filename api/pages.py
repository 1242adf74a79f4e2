"""The documentation pages, from files that are installed with the service: no internet needed.

A page may load nothing from anywhere else; its browser is told so too.
"""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/assets/docs"
OPENAPI = "/openapi.json"
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
<link rel="icon" href="{ASSETS}/favicon.png">
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
    folder = Path(fastapi_offline.__file__).parent / "static"
    app.mount(ASSETS, StaticFiles(directory=folder), name="docs-assets")
    app.include_router(router)


@router.get("/docs")
async def swagger() -> HTMLResponse:
    """Show every operation, to read and to try out."""
    page = get_swagger_ui_html(
        openapi_url=OPENAPI,
        title="Teola API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        # The badge would send the address of this service to a validator elsewhere.
        swagger_ui_parameters={"validatorUrl": None, "displayRequestDuration": True},
    )
    return HTMLResponse(page.body, headers={"Content-Security-Policy": _POLICY})


@router.get("/redoc")
async def redoc() -> HTMLResponse:
    """Show every operation on one page, to read."""
    return HTMLResponse(_REDOC, headers={"Content-Security-Policy": _POLICY})
