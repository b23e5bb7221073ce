"""What the page gets for each frame is what `Recognizer` says of the same pictures."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asgi_client import Browser
from small_models import CLASSES, save, trained, with_spec

from handloom.config import as_plain
from handloom.hand import poses_from_picture
from handloom.models.model import StreamSettings
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.studio.live import decoded
from handloom.studio.project import StudioProject
from handloom.studio.server import listening


@pytest.fixture
def frames(drawn: Path) -> Sequence[bytes]:
    """JPEGs: each drawn photo a few times, so that gestures hold."""
    photos = sorted((drawn / "photos").rglob("*.jpg"))
    return [photo.read_bytes() for photo in photos for _ in range(3)]


@pytest.mark.parametrize("settings", [{}, {"threshold": 0.4, "hold_time": 0.05, "cooldown": 0.1}])
def test_answers_equal_the_recognizers(
    settings: dict[str, Any], project: StudioProject, browser: Browser, frames: Sequence[bytes]
) -> None:
    project.layout("pose").exports.mkdir(parents=True)
    model = with_spec(trained("pose"), stream=StreamSettings(0.6, thresholds={CLASSES[0]: 0.7}))
    save(model, project.layout("pose").exports / "HandPoseClassifier.mlmodel")
    begun = browser.post("/api/live/begin", {"kind": "pose", **settings})
    assert begun.status == 200 and begun.json()["model"] == "exports/pose", begun.body
    assert begun.json()["thresholds"] == dict.fromkeys(CLASSES, 0.6) | {CLASSES[0]: 0.7}
    events = 0
    with Recognizer(Predictor.open(project.layout("pose").exports), **settings) as recognizer:
        for number, frame in enumerate(frames):
            said = browser.post(f"/api/live/frame?time={number / 30}", chunks=[frame]).json()
            happened = recognizer.add_frame(decoded(frame), number / 30)
            assert said["events"] == [vars(event) for event in happened]
            assert said["results"] == [list(result) for result in recognizer.results]
            assert said["active"] == recognizer.active
            poses = poses_from_picture(np.array(said["joints"]).reshape(-1, 21, 2))
            assert np.abs(poses - recognizer.poses).max() < 1e-3 if said["joints"] else not recognizer.poses.any()
            events += len(happened)
    assert events >= 2
    assert browser.post("/api/live/end").status == 200


def test_joints_without_a_model_and_what_is_no_frame(browser: Browser, frames: Sequence[bytes]) -> None:
    address = "/api/live/frame?time=0"
    assert browser.post(address, chunks=[frames[0]]).status == 400  # nothing was begun
    begun = browser.post("/api/live/begin").json()
    assert len(begun["bones"]) == 20
    said = browser.post(address, chunks=[frames[0]]).json()
    assert np.array(said["joints"]).shape == (21, 2) and "results" not in said
    for wrong in (b"", b"text", frames[0][:300], b"\x89PNG\r\n\x1a\n"):
        answer = browser.post(address, chunks=[wrong])
        assert answer.status == 400 and "no JPEG" in answer.json()["error"]
    at = frames[0].index(b"\xff\xc0\x00\x11\x08") + 5  # where the header has height and width
    for size in (b"\x20\x00\x20\x00", b"\xff\xff\xff\xff"):
        assert browser.post(address, chunks=[frames[0][:at] + size + frames[0][at + 4 :]]).status == 400
    for kind in ("pose", "action"):
        answer = browser.post("/api/live/begin", {"kind": kind})
        assert answer.status == 400 and "train one first" in answer.json()["error"]
    for time in ("x", "nan", "inf"):
        assert browser.post(f"/api/live/frame?time={time}", chunks=[frames[0]]).status == 400


def test_values_of_the_sliders_are_saved_in_the_project(project: StudioProject, browser: Browser) -> None:
    address, config = "/api/streams/pose", project.root / "conf/config.yaml"
    nothing = {"threshold": None, "hold_time": None, "cooldown": None}
    assert browser.get(address).json() == nothing
    assert browser.post(address, nothing).status == 200 and "streams" not in config.read_text()
    chosen = {"threshold": 0.7, "hold_time": 0.25, "cooldown": None}
    assert browser.post(address, chosen).json() == chosen
    assert as_plain(project.parameters().export_coreml.streams.pose) == browser.get(address).json() == chosen
    assert browser.get("/api/streams/action").json() == nothing
    before = config.read_text()
    for name, wrong in {"threshold": 1.5, "hold_time": -1, "cooldown": "long"}.items():
        answer = browser.post(address, chosen | {name: wrong})
        assert answer.status == 400 and answer.json()["error"].startswith(f"{name}: ")
        assert browser.post("/api/live/begin", {name: wrong}).status == 400
    assert config.read_text() == before
    assert browser.post(address, nothing).status == 200
    assert as_plain(project.parameters().export_coreml.streams.pose) == nothing


def test_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    asked: asyncio.Queue[int] = asyncio.Queue()

    def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.put_nowait(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def ask() -> int:
        with listening(0) as opened:
            async with await asyncio.start_server(answer, sock=opened):
                _, writer = await asyncio.open_connection(*opened.getsockname())
                writer.close()
                return await asked.get()

    assert asyncio.run(ask())
