"""A process that trains between two extractions lives on, whatever Lightning does with MediaPipe's signals."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, signal, sys, threading
import numpy as np
from handloom.config import LandmarkModel
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.mediapipe_runtime import MediaPipeLandmarker

def look():
    with MediaPipeLandmarker(landmark_model_path(LandmarkModel()), 0.5) as landmarker:
        for _ in range(60):
            landmarker.find(np.zeros((480, 640, 3), np.uint8), 1)

def in_thread():
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

first, second = {"main": look, "thread": in_thread}[sys.argv[1]], {"main": look, "thread": in_thread}[sys.argv[2]]
first()
known = {number: signal.getsignal(number) for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}}
for number, handler in known.items():  # what Lightning's Trainer does at its end
    if handler is not None:
        signal.signal(number, handler)
second()
print("alive")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="this system has no profiling signal")
@pytest.mark.parametrize("first", ["main", "thread"])
@pytest.mark.parametrize("second", ["main", "thread"])
def test_a_landmarker_survives_signals_that_were_put_back(first: str, second: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, first, second], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "alive\n"


def test_a_handler_of_the_users_is_left_in_place() -> None:
    script = """
import signal
from handloom.landmarks.native_libraries import ignore_profiling_signal
signal.signal(signal.SIGPROF, print)
ignore_profiling_signal()
assert signal.getsignal(signal.SIGPROF) is print
"""
    subprocess.run([sys.executable, "-c", script], check=True)
