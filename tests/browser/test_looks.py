"""No page of the admin is wider than the window, at a desk or on a small laptop; pictures are kept for a person."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.serial]

PAGES = {
    "index": "/admin/",
    "experiments": "/admin/experiments/experiment/",
    "experiment": "/admin/experiments/experiment/1/change/",
    "results": "/admin/experiments/experiment/1/results/",
    "who gets what": "/admin/experiments/experiment/1/ask/?user=ada",
    "designs": "/admin/experiments/experiment/designs/",
    "new experiment": "/admin/experiments/experiment/add/",
    "projects": "/admin/experiments/project/",
    "project": "/admin/experiments/project/1/change/",
    "mirror": "/admin/experiments/project/take-in/",
    "segments": "/admin/experiments/segment/",
    "segment": "/admin/experiments/segment/2/change/",
    "flags": "/admin/features/flag/",
    "flag": "/admin/features/flag/1/change/",
    "people": "/admin/users/experimentuser/",
    "assignments": "/admin/users/assignment/",
    "strata": "/admin/users/stratumvalue/",
    "metric set": "/admin/events/metric/describe/",
    "events": "/admin/events/event/",
    "exposures": "/admin/events/exposure/",
    "client": "/admin/experiments/apiclient/add/",
}
SMUGGLED = "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
TOO_WIDE = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


@pytest.mark.parametrize("width", [1280, 1100])
def test_every_page_fits_its_window(desk: Page, tmp_path: Path, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 900})
    too_wide = {}

    for name, address in PAGES.items():
        answer = desk.goto(address)
        assert answer and answer.ok, name
        desk.screenshot(path=tmp_path / f"{name} {width}.png", full_page=True)
        if desk.evaluate(TOO_WIDE) > 0:
            too_wide[name] = desk.evaluate(TOO_WIDE)

    assert too_wide == {}, f"see {tmp_path}"


def test_the_admin_runs_no_script_that_a_text_brings(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url)
    window = context.new_page()
    window.goto("/admin/login/")

    with window.expect_console_message(lambda said: "Content Security Policy" in said.text):
        window.evaluate(SMUGGLED)

    assert window.evaluate("window.ran") is None
    context.close()
