"""A researcher at a browser: log in, edit the demo's experiment, save, publish, and log out."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.harness.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.serial]

PATIENCE = 15.0
PEOPLE = [f"person {number}" for number in range(100)]


def share_of_control(server: Server) -> float:
    """How many of `PEOPLE` the Agent's route gives the control."""
    headers = {"X-Optimizely-SDK-Key": "demo123"}
    with httpx.Client(base_url=server.url, headers=headers) as agent:
        answers = [agent.post("/v1/decide?keys=checkout_button", json={"userId": person}) for person in PEOPLE]
    return sum(answer.json()["variationKey"] == "control" for answer in answers) / len(PEOPLE)


def places_of_ada(server: Server) -> set[Any]:
    """The decision points of which UpGrade's route tells Ada."""
    with httpx.Client(base_url=server.url, headers={"User-Id": "ada"}) as upgrade:
        upgrade.post("/api/v6/init", json={})
        return {
            (item["site"], item["target"]) for item in upgrade.post("/api/v6/assign", json={"context": "demo"}).json()
        }


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def open_the_experiment(desk: Page) -> None:
    desk.goto("/admin/")
    desk.get_by_role("link", name="Experiments", exact=True).last.click()
    desk.get_by_role("link", name="Checkout button").click()


def test_an_edit_counts_once_it_is_published(desk: Page, server: Server) -> None:
    open_the_experiment(desk)
    assert 0.3 < share_of_control(server) < 0.7

    desk.locator("#id_variations-0-weight").fill("0.9")
    desk.locator("#id_variations-1-weight").fill("0.1")
    desk.get_by_role("button", name="Add another Decision point").click()
    desk.locator("#id_points-1-site").fill("cart")
    desk.locator("#id_points-1-target").fill("footer")
    desk.get_by_role("button", name="Save and continue editing").click()

    expect(desk.get_by_text("Saved, but not published.")).to_be_visible()
    assert 0.3 < share_of_control(server) < 0.7
    assert ("cart", "footer") not in places_of_ada(server)

    desk.get_by_role("button", name="Publish", exact=True).click()

    expect(desk.get_by_text("now decide by revision")).to_be_visible()
    eventually(lambda: ("cart", "footer") in places_of_ada(server))
    assert share_of_control(server) > 0.8


def test_a_variation_is_added_and_saved_and_published_at_once(desk: Page, server: Server) -> None:
    open_the_experiment(desk)

    for row, weight in enumerate(("0.25", "0.25")):
        desk.locator(f"#id_variations-{row}-weight").fill(weight)
    desk.get_by_role("button", name="Add another Variation").click()
    desk.locator("#id_variations-2-key").fill("bold")
    desk.locator("#id_variations-2-weight").fill("0.5")
    desk.get_by_role("button", name="Save and publish").click()

    expect(desk.get_by_text("now decide by revision")).to_be_visible()
    eventually(lambda: share_of_control(server) < 0.42)


def test_weights_that_do_not_add_up_are_told_and_not_saved(desk: Page, server: Server) -> None:
    open_the_experiment(desk)

    desk.locator("#id_variations-0-weight").fill("0.77")
    desk.get_by_role("button", name="Save", exact=True).click()

    expect(desk.get_by_text("The weights add up to")).to_be_visible()
    open_the_experiment(desk)
    expect(desk.locator("#id_variations-0-weight")).not_to_have_value("0.77")


def test_buttons_wait_while_something_is_not_saved(desk: Page) -> None:
    open_the_experiment(desk)
    pause = desk.get_by_role("button", name="Pause")
    expect(pause).to_be_enabled()

    desk.locator("#id_name").fill("Checkout button, take two")

    expect(pause).to_be_disabled()


def test_an_experiment_is_paused_and_resumed(desk: Page) -> None:
    open_the_experiment(desk)

    desk.get_by_role("button", name="Pause").click()
    expect(desk.get_by_text("visible: only people who were already in it")).to_be_visible()
    desk.get_by_role("button", name="Resume").click()

    expect(desk.get_by_text("is now “Running”")).to_be_visible()


def test_a_new_experiment_comes_with_two_variations(desk: Page) -> None:
    desk.goto("/admin/experiments/experiment/add/")

    desk.locator("#id_project").select_option(label="Demo")
    desk.locator("#id_name").fill("Delivery promise")
    desk.locator("#id_key").fill("delivery_promise")
    desk.get_by_role("button", name="Save and continue editing").click()

    expect(desk.locator("#id_variations-1-key")).to_have_value("treatment")
    expect(desk.get_by_role("button", name="Start")).to_be_enabled()


def test_who_logs_out_is_out(desk: Page) -> None:
    desk.get_by_role("button", name="Log out").click()

    desk.goto("/admin/experiments/experiment/")
    expect(desk.get_by_label("Password")).to_be_visible()
