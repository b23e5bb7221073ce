"""Steps of the studio's page that are left early, and what they show of other sources, in a real browser."""

import csv
import json
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn
from asgi_client import TOKEN
from browser import chromium, needs_browser
from small_models import CLASSES, save, trained

from handloom.config import StreamValues
from handloom.stages.compose import composed_text
from handloom.studio.project import StudioProject
from handloom.studio.server import listening, make_app
from handloom.studio.settings import save_stream_values

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PATIENCE = 300_000  # milliseconds

# A camera that the person has yet to allow; and whether a step has used its answer.
ASK_FIRST = """
const json = Response.prototype.json;
Response.prototype.json = async function () {
  const said = await json.call(this);
  if (this.url.endsWith("/api/results/pose")) setTimeout(() => (window.used = true));
  return said;
};
navigator.mediaDevices.getUserMedia = async () => {
  await new Promise((allow, refuse) => Object.assign(window, { allow, refuse }));
  return (window.stream = document.createElement("canvas").captureStream());
};
"""

# A camera that shows a frame now and then.
SLOW_CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  const context = canvas.getContext("2d");
  const draw = () => context.fillRect(0, 0, 64, 48);
  draw();
  setInterval(draw, 500);
  return canvas.captureStream();
};
"""


def served(project: StudioProject, opened: socket.socket) -> uvicorn.Server:
    app = make_app(project, opened.getsockname()[1], TOKEN)
    return uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))


@pytest.fixture(scope="module")
def chrome() -> Iterator["Browser"]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(project: StudioProject, chrome: "Browser") -> Iterator["Page"]:
    """The page of a project, on its first step."""
    opened = listening(0)
    server = served(project, opened)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    try:
        with chrome.new_context(bypass_csp=True) as context:
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.add_init_script(ASK_FIRST)
            page.goto(f"http://127.0.0.1:{opened.getsockname()[1]}/?token={TOKEN}")
            page.get_by_role("heading", name="Record photos").wait_for()
            yield page
    finally:
        server.should_exit = True
        thread.join()


@needs_browser
def test_a_step_that_is_left_keeps_no_camera_and_changes_nothing(page: "Page") -> None:
    power = page.get_by_role("button", name="Turn the camera on")
    power.click()
    page.wait_for_function("Boolean(window.refuse)")
    page.evaluate("refuse(new Error('no'))")
    page.locator("#notice.wrong", has_text="the camera cannot be used").wait_for()
    assert power.is_enabled()
    page.evaluate("window.allow = null")
    power.click()
    page.wait_for_function("Boolean(window.allow)")
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("heading", name="Train the pose").wait_for()
    page.evaluate("allow()")
    page.wait_for_function("window.stream?.getTracks().every((track) => track.readyState === 'ended')")
    waiting: list[Route] = []
    page.route("**/api/results/pose", lambda route: waiting.append(route))
    page.get_by_role("link", name="Export", exact=True).click()
    page.wait_for_function("document.title.startsWith('Export')")
    while not waiting:
        page.wait_for_timeout(20)
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("heading", name="Train the pose").wait_for()
    waiting[0].continue_()
    page.wait_for_function("window.used")
    assert page.locator("h1").all_inner_texts() == ["Train the pose classifier"]


@needs_browser
def test_check_shows_people_and_works_without_class_folders(project: StudioProject, page: "Page") -> None:
    config = project.root / "conf/config.yaml"
    config.write_text(config.read_text().replace("data/pose: labeled_directories", "data/pose: described"))
    (project.root / "params.yaml").write_text(composed_text(project.root / "conf"))
    place = project.layout("pose").report / "check.csv"
    place.parent.mkdir(parents=True)
    with place.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["problem", "path", "other", "label", "group", "note", "score"])
        writer.writerow(["person", "", "", "five", "anna", "4 of 4 examples look like one of other people", "1.0"])
    page.get_by_role("link", name="Check", exact=True).click()
    cells = page.locator("tbody td")
    cells.first.wait_for()
    assert cells.all_inner_texts()[1:4] == ["five", "anna", "person: 4 of 4 examples look like one of other people"]


@needs_browser
def test_sliders_that_are_moved_while_the_camera_runs_all_count(project: StudioProject, page: "Page") -> None:
    project.layout("pose").exports.mkdir(parents=True)
    save(trained("pose"), project.layout("pose").exports / "HandPoseClassifier.mlmodel")
    save_stream_values(project, "pose", StreamValues(threshold=0.6, cooldown=4))
    begun: list[dict[str, object]] = []
    page.on("request", lambda one: begun.append(json.loads(one.post_data or "")) if "live/begin" in one.url else None)
    page.evaluate(SLOW_CAMERA)
    page.get_by_role("link", name="Try", exact=True).click()
    said = page.locator(".slider output")
    said.first.wait_for()
    assert said.all_inner_texts() == ["0.60", "as recommended", "4.00 s"]
    page.get_by_role("button", name="Turn the camera on").click()
    running = page.locator(".camera-status", has_text="frames/s")
    running.wait_for()
    page.get_by_label("Threshold").focus()
    last = '{"kind":"pose","threshold":0.66,"hold_time":null,"cooldown":4}'
    with page.expect_response(lambda one: one.request.post_data == last):
        for _ in range(6):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(60)
    running.wait_for()
    assert begun[-1] == json.loads(last)
    assert page.locator(".bars .name").all_inner_texts() == list(CLASSES)
    page.get_by_role("button", name="Turn the camera off").click()
    page.get_by_role("button", name="Save in the project").click()
    page.locator("#notice", has_text="Saved").wait_for()
    assert project.parameters().export_coreml.streams.pose == StreamValues(0.66, None, 4)


@needs_browser
def test_a_list_of_files_that_comes_late_takes_no_button_from_under_the_pointer(
    project: StudioProject, page: "Page"
) -> None:
    for label in ("five", "one"):
        (project.root / "data/photos" / label).mkdir(parents=True)
    page.reload()
    page.evaluate(SLOW_CAMERA)
    page.get_by_role("button", name="Turn the camera on").click()
    page.locator(".camera-status", has_text="frames/s").wait_for()
    late: list[Route] = []

    def hold(label: str) -> None:
        page.locator(f"button.record[data-label={label}]").hover()
        page.mouse.down()
        page.locator(f".card[data-label={label}] .number:not(:has-text('0 photos'))").wait_for()

    page.route("**/api/files/pose", lambda route: route.continue_() if late else late.append(route))
    hold("five")
    page.mouse.up()
    for _ in range(PATIENCE // 20):
        if not late:
            page.wait_for_timeout(20)
    assert late
    hold("one")
    with page.expect_response("**/api/files/pose"):
        late[0].continue_()
    for _ in range(2):  # it goes on
        with page.expect_response(lambda one: "label=one" in one.url):
            pass
    assert page.locator(".card[data-label=one].recording").is_visible()
    page.mouse.up()
    page.locator(".cards:not(:has(.recording))").wait_for()
