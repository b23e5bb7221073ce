"""Make the screenshots of docs/guides/studio.md: the studio in Chromium, on photos of the drawn sample.

Run it after `make repro`: `python docs/draw_studio.py`. The trained model is that of `exports/pose`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/studio"))
from fake_camera import options, show

from handloom.project.new_project import make_project
from handloom.studio.project import StudioProject
from handloom.studio.settings import GROUP_PATTERN, change_settings

PHOTOS, EXPORTS, OUT = Path("data/sample/photos"), Path("exports/pose"), Path("docs/images")
CLASSES, PICTURES = ("background", "five", "three"), 24
COLOURS = 128  # a page has few; keeps the files small
SIZE = {"width": 1100, "height": 720}


def main() -> None:
    """Serve a project of drawn photos, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        project, camera = Path(folder) / "my_gestures", Path(folder) / "camera.y4m"
        make_project(project, ["pose"])
        change_settings(StudioProject(project), {"data.pose.groups.pattern": GROUP_PATTERN})
        for label in CLASSES:
            (project / "data/photos" / label).mkdir()
            for photo in sorted((PHOTOS / label).glob("*.jpg"))[:PICTURES]:
                person, _, number = photo.name.partition("-")
                shutil.copy(photo, project / "data/photos" / label / f"{person.replace('_', '-')}__{number}")
        shutil.copytree(EXPORTS, project / "exports/pose")
        show(camera, [np.asarray(cv2.imread(str(min((PHOTOS / "five").glob("*.jpg")))))])
        command = [sys.executable, "-m", "handloom", "studio", str(project), "--no-browser", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            found = re.search(r"http://127\S+", server.stdout.readline())
            assert found
            try:
                _take(found[0], camera)
            finally:
                server.terminate()


def _take(address: str, camera: Path) -> None:
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *options(camera)])
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.goto(address)
        for step in ("Record", "Try"):
            page.locator("nav a", has_text=step).click()
            page.get_by_role("button", name="Turn the camera on").click()
            page.locator(".camera.found").wait_for()
            page.wait_for_timeout(2000)  # until pictures are loaded, and a gesture has begun
            _save(page, OUT / f"studio_{step.lower()}.png")
        browser.close()


def _save(page: Page, path: Path) -> None:
    with Image.open(BytesIO(page.screenshot())) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path, path.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
