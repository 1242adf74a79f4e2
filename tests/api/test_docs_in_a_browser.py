"""The documentation pages in a real browser that can reach the service and nothing else.

Screenshots go to the folder that the variable SCREENSHOTS names, else to the test's own.
"""

import os
import select
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from bench.service import Service, service

pytestmark = pytest.mark.slow
FLAGS = (
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
EXIT_MS_MAX = 10_000
TRIED = {
    "a list": ("modules-list__v1_modules_get", None, "200", '"name": "chunk"'),
    "a workflow": ("workflows-put_v1_workflows__name__put", None, "201", '"name": "ask-notes"'),
    "a module": ("modules-put_v1_modules__name__put", None, "201", '"name": "ask"'),
    "a run in YAML": ("runs-start_v1_runs_post", "application/yaml", "200", "Hello, Ada."),
    "a run in JSON": ("runs-start_v1_runs_post", "application/json", "200", "Hello, Ada."),
    "a file": ("files-upload_v1_files_post", "text/plain", "201", '"name": "notes.txt"'),
}


@dataclass
class Browsing:
    """A page of a browser, what it asked for, and what it complained about."""

    page: Page
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))

    def elsewhere(self, address: str) -> list[str]:
        """Return what was asked for that is not the service's."""
        mine = (f"{address}/", f"blob:{address}/", "data:")
        return [url for url in self.requested if not url.startswith(mine)]

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def teola() -> Iterator[Service]:
    with service() as started:
        yield started


@pytest.fixture
def browsing(teola: Service, tmp_path: Path) -> Iterator[Browsing]:
    """A page of a browser of its own, which leaves no process behind."""
    executable = shutil.which("chromium")
    assert executable, "no chromium: `make chromium` installs Debian's"
    profile = tmp_path / "profile"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        with closing(context):
            context.route(
                lambda url: not url.startswith(f"{teola.address}/"), lambda route: route.abort()
            )
            opened = Browsing(context.new_page())
            opened.listen()
            yield opened
            running = processes_of(profile)
    assert running, "a browser that is not seen running cannot be seen to be gone"
    assert [process for process in running if not has_ended(process)] == []


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def processes_of(profile: Path) -> list[int]:
    """Return a handle on every process that was started for `profile`."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(profile).encode() in command.read_bytes():
                found.append(os.pidfd_open(int(command.parent.name)))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def has_ended(process: int) -> bool:
    """Wait for a process to end; return whether it did."""
    poll = select.poll()
    poll.register(process, select.POLLIN)
    ended = bool(poll.poll(EXIT_MS_MAX))
    os.close(process)
    return ended


def test_every_operation_is_seen_and_nothing_is_asked_of_anybody_else(
    teola: Service, browsing: Browsing, screenshots: Path
):
    page = browsing.page
    page.goto(f"{teola.address}/docs")
    described = teola.http.get("/openapi.json").json()["paths"]
    for path, methods in described.items():
        for method in methods:
            block = page.locator(f".opblock-{method}:has([data-path='{path}'])")
            expect(block).to_be_visible()
    page.screenshot(path=screenshots / "docs.png", full_page=True)
    assert page.locator(".opblock").count() == sum(map(len, described.values()))
    assert (browsing.elsewhere(teola.address), browsing.complaints) == ([], [])


@pytest.mark.parametrize("name", TRIED)
def test_what_the_page_offers_to_try_works_as_it_stands(
    name: str, teola: Service, browsing: Browsing, screenshots: Path
):
    operation, media, code, shown = TRIED[name]
    browsing.page.goto(f"{teola.address}/docs")
    block = browsing.page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    if media:
        block.locator(".opblock-section-request-body .content-type").select_option(media)
    block.locator(".execute").click()
    answer = block.locator(".live-responses-table")
    expect(answer.locator("tr.response .response-col_status")).to_have_text(code)
    expect(body_of(answer)).to_contain_text(shown)
    block.screenshot(path=screenshots / f"docs, {name}.png")
    assert (browsing.elsewhere(teola.address), browsing.complaints) == ([], [])


def body_of(answer: Locator) -> Locator:
    return answer.locator(".highlight-code").first


def test_the_page_to_read_shows_every_operation_and_loads_nothing_from_elsewhere(
    teola: Service, browsing: Browsing, screenshots: Path
):
    page = browsing.page
    page.goto(f"{teola.address}/redoc")
    for methods in teola.http.get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            (tag,) = operation["tags"]
            section = page.locator(f"[id='tag/{tag}/operation/{operation['operationId']}']")
            expect(section.locator("h2")).to_contain_text(operation["summary"])
            expect(section).to_be_visible()
    page.screenshot(path=screenshots / "redoc.png")
    assert (browsing.elsewhere(teola.address), browsing.complaints) == ([], [])


def test_a_request_to_another_host_would_be_noticed(teola: Service, browsing: Browsing):
    browsing.page.goto(f"{teola.address}/healthz")
    browsing.page.evaluate("fetch('http://example.org/').catch(() => null)")
    assert browsing.elsewhere(teola.address) == ["http://example.org/"]
    assert browsing.complaints
