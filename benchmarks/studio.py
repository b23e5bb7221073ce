"""How fast live answers are through the studio's page, and what it costs.

    python benchmarks/studio.py PROJECT [SECONDS=60] [--one-core]

Starts `handloom studio` on a project that has a model, opens the page in Chromium with a fake camera that shows photos
of PROJECT at 640 x 480 and 30 frames/s, turns the camera of the step Try on, and prints frames a second, milliseconds
from the frame to the drawn answer, the CPU time of a frame in server and browser, and each minute the memory of both
(the browser's processes share some, which is counted for each) and of the page's scripts. The server has one core; with
--one-core the browser has the same one. Where strace is installed, it prints every address outside loopback that the
server connects to. Limits: at least 20 frames/s and a median of at most 100 ms.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import psutil
from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/studio"))
from fake_camera import options, show

EACH = 0.5  # seconds between two looks at what the page shows
MINUTE = 60.0  # between two looks at the memory
CONNECT = re.compile(r"connect\(\d+, (\{sa_family=AF_INET6?,.*?\})")


def main(project: Path, seconds: float, one_core: bool) -> None:
    core = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        camera, trace = Path(folder) / "camera.y4m", Path(folder) / "trace"
        photos = sorted((project / "data/photos").rglob("*.jpg"))[::7][:12]
        show(camera, [np.asarray(cv2.imread(str(photo))) for photo in photos])
        command = [sys.executable, "-m", "handloom", "studio", str(project), "--no-browser", "--port", "0"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        # With the filter in the kernel, only the calls of interest stop the server.
        strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect", "-o", str(trace)]
        traced = bool(shutil.which("strace"))
        command = [*(strace if traced else []), *command]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as started:
            assert started.stdout
            found = re.search(r"http://127\S+", started.stdout.readline())
            assert found
            server = psutil.Process(started.pid)
            server = server.children()[0] if traced else server
            for thread in server.threads():
                os.sched_setaffinity(thread.id, {core})
            if one_core:
                os.sched_setaffinity(0, {core})  # the browser inherits it
            try:
                _watch(found[0], camera, server, seconds)
            finally:
                server.terminate()
        if traced:
            addresses = CONNECT.findall(trace.read_text())
            outside = [one for one in addresses if "127.0.0.1" not in one and '"::1"' not in one]
            print(f"connections that the server opened: {len(addresses)}; outside loopback: {outside or 'none'}")


@dataclass
class _Memory:
    """MB, at one moment after the other."""

    server: list[float] = field(default_factory=list)
    browser: list[float] = field(default_factory=list)
    scripts: list[float] = field(default_factory=list)

    def look(self, server: psutil.Process, browser: Sequence[psutil.Process], session: CDPSession) -> None:
        session.send("HeapProfiler.collectGarbage")
        self.server.append(server.memory_info().rss / 1e6)
        self.browser.append(sum(one.memory_info().rss for one in browser) / 1e6)
        self.scripts.append(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6)

    def tell(self) -> None:
        for whose, values in vars(self).items():
            shown = values if len(values) > 3 else [values[0], values[-1]]
            print(f"memory of the {whose}, MB: {', '.join(f'{value:.1f}' for value in shown)}")


def _watch(address: str, camera: Path, server: psutil.Process, seconds: float) -> None:
    others = set(psutil.Process().children(recursive=True))
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *options(camera)])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}#try")
        page.get_by_role("button", name="Turn the camera on").click()
        page.locator(".camera-status", has_text="frames/s").wait_for()
        page.wait_for_timeout(3000)
        started = [one for one in psutil.Process().children(recursive=True) if one not in others]
        session, memory = page.context.new_cdp_session(page), _Memory()
        memory.look(server, started, session)
        rates, waits = [], []
        before, used, by_browser = len(asked), _cpu([server]), _cpu(started)
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            page.wait_for_timeout(1000 * EACH)
            rate, wait = _shown(page)
            rates.append(rate)
            waits.append(wait)
            if passed > MINUTE * len(memory.server):
                memory.look(server, started, session)
        frames = max(1, len(asked) - before)
        used, by_browser = _cpu([server]) - used, _cpu(started) - by_browser
        memory.look(server, started, session)
        browser.close()
    outside = {one for one in asked if not one.startswith("http://127.0.0.1:")}
    print(f"{statistics.median(rates):.0f} frames/s, {statistics.median(waits):.0f} ms from frame to answer (medians)")
    print(f"CPU time for each frame: server {1000 * used / frames:.1f} ms, browser {1000 * by_browser / frames:.1f} ms")
    print(f"load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    memory.tell()
    print(f"requests of the page: {len(asked)}; outside loopback: {outside or 'none'}")


def _cpu(processes: Sequence[psutil.Process]) -> float:
    """Seconds that they have used."""
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def _shown(page: Page) -> tuple[float, float]:
    text = page.locator(".camera-status").inner_text()
    found = re.search(r"(\d+) frames/s · (\d+) ms", text)
    assert found, text
    return float(found[1]), float(found[2])


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    main(Path(words[0]), float(words[1]) if len(words) > 1 else 60.0, "--one-core" in sys.argv)
