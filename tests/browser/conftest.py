"""A real server with the demo in it, and a real browser that looks at its admin."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness import tools
from tests.harness.server import Server, running_server

SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("browser") / "var") as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=tools.chromium(), args=list(SWITCHES))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A window of its own, not logged in; the test fails when its scripts did, or broke its content policy."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    window = context.new_page()
    faults: list[str] = []
    window.on("pageerror", lambda fault: faults.append(str(fault)))
    window.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield window
    context.close()
    assert faults == []


@pytest.fixture
def desk(page: Page, server: Server) -> Page:
    """The same window, logged in as the admin whose password the server printed."""
    found = re.search(r"shown once:\s+(\S+)\s+(\S+)", server.printed())
    assert found, server.printed()
    page.goto("/admin/")
    page.get_by_label("Username").fill(found[1])
    page.get_by_label("Password").fill(found[2])
    page.get_by_role("button", name="Log in").click()
    return page
