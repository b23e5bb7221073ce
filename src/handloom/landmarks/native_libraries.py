"""Suppress side effects of native libraries: messages on stderr, and a timer that ends the process."""

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_handler_of = ctypes.pythonapi.PyOS_getsig  # of the process, which Python may not know
_handler_of.restype = ctypes.c_void_p
_set_handler = ctypes.pythonapi.PyOS_setsig
_set_handler.argtypes = [ctypes.c_int, ctypes.c_void_p]


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Within, nothing reaches stderr. LiteRT and MediaPipe greet when they open a network, and have no switch."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def ignore_profiling_signal() -> None:
    """Ignore SIGPROF where it has no handler. Call it before each landmarker is opened.

    MediaPipe 1.0 starts a timer that sends SIGPROF to its threads, and ignores that signal once, at the first
    landmarker, behind Python's back. Python goes on to believe that the default holds, and Lightning, which puts back
    all signals as Python knew them after a training, puts back the default: the next landmarker ends the process
    without a word.
    """
    if not hasattr(signal, "SIGPROF"):  # Windows
        return
    if _handler_of(signal.SIGPROF):  # 0: the default
        return
    try:
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
    except ValueError:  # a thread may not change what Python knows, but the process
        _set_handler(signal.SIGPROF, signal.SIG_IGN)
