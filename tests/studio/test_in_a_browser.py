"""The studio in a real browser with a fake camera: from an empty project to a right live answer, by clicks alone."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
import warm_start
from browser import chromium, needs_browser
from conftest import MadeOnce, draw_pose_photos
from fake_camera import options, show

from handloom.config import StreamValues
from handloom.media.photos import read_photo
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.project.new_project import make_project
from handloom.stages.compose import write_parameters
from handloom.studio.live import decoded
from handloom.studio.project import StudioProject

if TYPE_CHECKING:
    from playwright.sync_api import Page

GESTURES = ("five", "four", "one")
PEOPLE = 3
PHOTOS = 4  # of each gesture and person, at least
SHORT = "train_pose: {maximum_iterations: 20}\nextract_keypoints: {workers: 1}\n"
# Keeps what the page and the recogniser say to each other of the first frames of each stream that asks the model.
# The end of a stream is sent late, and the list of files comes late, as on a busy computer. Counts how often a camera
# is turned on.
LISTEN = """
window.talk = [];
window.cameras = 0;
let left = 0;
const original = fetch, devices = navigator.mediaDevices, open = devices.getUserMedia.bind(devices);
devices.getUserMedia = (...asked) => (cameras++, open(...asked));
window.fetch = async (address, asked) => {
  if (address === "/api/live/end") await new Promise((resolve) => setTimeout(resolve, 300));
  if (address === "/api/live/begin") left = JSON.parse(asked.body).kind ? 600 : 0;
  const answer = await original(address, asked);
  if (address === "/api/files/pose") await new Promise((resolve) => setTimeout(resolve, 1000));
  if (String(address).startsWith("/api/live/") && answer.ok && left-- > 0) {
    const bytes = new Uint8Array(await new Response(asked.body).arrayBuffer());
    const body = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    talk.push({ address, body, answer: await answer.clone().json() });
  }
  return answer;
};
"""
PATIENCE = 300_000  # milliseconds, of a training on a busy computer


@contextmanager
def studio(project: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server of a project, and its address."""
    command = [sys.executable, "-m", "handloom", "studio", str(project), "--no-browser", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_"))}
    folders = (warm_start.folder_of_shims(), str(Path(sys.executable).parent), os.environ["PATH"])
    environment["PATH"] = os.pathsep.join(folders)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout
        found = re.search(r"http://127\S+", server.stdout.readline())
        assert found
        try:
            yield server, found[0]
        finally:
            server.kill()


class Person:
    """Who makes gestures in front of the camera and clicks.

    Args:
        page: what is clicked.
        camera: the file of the fake camera.
        drawn: photos by gesture.
    """

    def __init__(self, page: "Page", camera: Path, drawn: Path) -> None:
        self.page, self.camera, self.drawn = page, camera, drawn

    def make(self, gesture: str, person: int) -> None:
        photos = sorted((self.drawn / gesture).glob(f"person_{person:02d}-*.jpg"))
        show(self.camera, [np.asarray(cv2.imread(str(photo))) for photo in photos])

    def go_to(self, step: str) -> None:
        self.page.locator("nav a", has_text=step).click()
        self.page.locator(f"nav a[aria-current]:has-text('{step}')").wait_for()

    def turn_camera(self, state: str) -> None:
        self.page.get_by_role("button", name=f"Turn the camera {state}").click()
        said = "frames/s" if state == "on" else "is off"
        self.page.locator(".camera-status", has_text=said).wait_for()

    def add_class(self, label: str) -> None:
        self.page.get_by_label("New class").fill(label)
        self.page.get_by_role("button", name="Add class").click()
        self.page.locator(f"li.card[data-label={label}]").wait_for()

    def press(self, label: str, more: int) -> None:
        """Hold the button of a class until so many more photos were taken; do not let go."""
        card = self.page.locator(f"li.card[data-label={label}]")
        wanted = int(card.locator(".number").inner_text().split()[0]) + more
        card.locator("button.record").hover()
        self.page.mouse.down()
        while int(card.locator(".number").inner_text().split()[0]) < wanted:
            self.page.wait_for_timeout(50)

    def let_go(self) -> None:
        self.page.mouse.up()
        self.page.locator(".cards:not(:has(.recording))").wait_for()

    def state_of_training(self, *states: str) -> str:
        """Wait until the training is in one of these states."""
        status = self.page.locator(", ".join(f".status[data-state={state}]" for state in states))
        status.wait_for()
        return status.inner_text()


@pytest.fixture(scope="module")
def drawn_photos(made_once: MadeOnce) -> Path:
    def make(folder: Path) -> None:
        draw_pose_photos(folder, GESTURES, seed=5, people=PEOPLE, per_class=4 * PEOPLE)

    return made_once("photos-for-the-studio", make) / "photos"


@needs_browser
def test_from_an_empty_project_to_a_right_live_answer_by_clicks_alone(drawn_photos: Path, tmp_path: Path) -> None:
    project, camera = tmp_path / "own", tmp_path / "camera.y4m"
    make_project(project, ["pose"])
    with (project / "conf/config.yaml").open("a") as config:
        config.write(SHORT)
    write_parameters(project / "conf", project / "params.yaml")
    addresses: list[str] = []
    said: list[str] = []
    with studio(project) as (first, address), chromium(*options(camera)) as browser:
        page = browser.new_context(bypass_csp=True).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: addresses.append(request.url))
        page.add_init_script(LISTEN)
        page.on("pageerror", lambda error: said.append(str(error)))
        person = Person(page, camera, drawn_photos)
        page.goto(address)
        record(person)
        # the server is killed while photos are being taken: none is half there
        person.make("one", 0)
        person.turn_camera("on")
        person.press("one", 2)
        first.kill()
        first.wait()
        photos = sorted((project / "data/photos").rglob("[!.]*.jpg"))
        assert len(photos) >= PEOPLE * len(GESTURES) * PHOTOS + 2
        assert all(read_photo(photo, 640).width == 640 for photo in photos)
        with studio(project) as (second, again):
            page.goto(again)
            person.go_to("Train")
            page.get_by_role("button", name="Train", exact=True).click()
            page.locator(".stages", has_text="raw_data").wait_for()
            second.kill()  # the training lives on
            second.wait()
            with studio(project) as (_, third):
                page.goto(f"{third}#train")
                person.state_of_training("running")
                assert person.state_of_training("finished", "failed") == "Trained. Try it."
                right = try_it(person)
                save_the_sliders(person)
                answers = list(answers_in_python(project, page.evaluate("talk")))
                look_at_the_rest(person)
        assert {urlsplit(address).hostname for address in addresses} == {"127.0.0.1"} and not said
    assert right == ["five", "one"]
    assert StudioProject(project).parameters().export_coreml.streams.pose == StreamValues(0.8, 0.2, 0.3)
    assert len(answers) > 10 and all(here == there for here, there in answers)


def record(person: Person) -> None:
    for gesture in GESTURES:
        person.add_class(gesture)
    for number in range(PEOPLE):
        person.page.get_by_label("Who is in the picture?").fill(f"person {number}")
        for gesture in GESTURES:
            person.make(gesture, number)
            person.turn_camera("on")
            person.press(gesture, PHOTOS)
            person.let_go()
            person.turn_camera("off")


def try_it(person: Person) -> list[str]:
    """What the page says of two gestures."""
    person.go_to("Try")
    said = []
    for gesture in ("five", "one"):
        person.make(gesture, 0)
        person.turn_camera("on")
        active = person.page.locator(".active.on")
        active.wait_for()
        said.append(active.inner_text())
        answers = person.page.evaluate("talk.length")
        person.page.wait_for_function(f"talk.length >= {answers + 8}")  # to compare
        person.turn_camera("off")
    return said


def look_at_the_rest(person: Person) -> None:
    """What the other steps show, and what axe says of all of them."""
    from axe_core_python.sync_playwright import Axe

    page = person.page
    for step, shown in {
        "Record": ".card img",
        "Train": ".plots svg",
        "Try": ".sliders",
        "Report": "iframe.report",
        "Check": ".panel",
        "Export": ".tag.good",
    }.items():
        person.go_to(step)
        page.locator(shown).first.wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            # Of all that axe looks at, colours alone change with the scheme.
            found = Axe().run(page, options={} if scheme == "light" else {"runOnly": ["color-contrast"]})
            assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == [], (step, scheme)
    page.get_by_role("link", name="Report", exact=True).click()
    inner = page.frame_locator("iframe.report")
    inner.locator("h1").first.wait_for()


def save_the_sliders(person: Person) -> None:
    """Move them while the camera is on: it stays on, and the server begins again with the new values."""
    person.go_to("Try")
    person.turn_camera("on")
    cameras = person.page.evaluate("cameras")
    with person.page.expect_request(lambda request: request.url.endswith("/api/live/begin")) as asked:
        person.page.get_by_label("As the model recommends").uncheck()
    with person.page.expect_response(lambda response: "/api/live/frame" in response.url) as answer:
        pass  # the answers to the frames that follow equal Python's too
    assert asked.value.post_data_json == {"kind": "pose", "threshold": 0.8, "hold_time": 0.2, "cooldown": 0.3}
    assert answer.value.ok and person.page.evaluate("cameras") == cameras
    person.page.get_by_role("button", name="Save in the project").click()
    person.page.locator("#notice", has_text="Saved").wait_for()
    person.turn_camera("off")


def answers_in_python(project: Path, talk: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """For each frame that the page has sent: what it was answered, and what `Recognizer` says of the same."""
    recognizer: Recognizer | None = None
    for one in talk:
        address, body, answer = urlsplit(one["address"]), base64.b64decode(one["body"]), one["answer"]
        if address.path == "/api/live/begin":
            settings = {name: value for name, value in json.loads(body).items() if name != "kind"}
            recognizer = Recognizer(Predictor.open(project / "exports/pose"), **settings)
        elif recognizer and "results" in answer:
            time = float(parse_qs(address.query)["time"][0])
            events = [vars(event) for event in recognizer.add_frame(decoded(body), time)]
            yield (answer["events"], answer["results"]), (events, [list(one) for one in recognizer.results])
