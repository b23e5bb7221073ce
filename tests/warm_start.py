# It replaces private parts of `subprocess`, which have no types.
# mypy: disable-error-code="attr-defined, misc, no-any-return, type-arg"
"""Programs in Python that start in a tenth of a second: forks of a process that has imported the slow libraries.

A program of handloom imports for four seconds before it works for one. After `install()`, `subprocess` starts what is
`python script`, `python -c code`, `python -m handloom…` or `handloom …` as such a fork: a process with its own
environment, folder, files, session and signals, in which nothing of handloom is imported yet. Other commands, those
with `COLD` in their environment, and all outside Linux start as always. What other programs start as `python`, DVC
its stages for one, is a fork where `folder_of_shims()` comes first in PATH.
"""

import atexit
import gc
import inspect
import json
import os
import random
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

COLD = "HANDLOOM_TESTS_COLD"
SLOW_TO_IMPORT = (
    *("torch", "torch._dynamo", "pytorch_lightning", "sklearn.metrics", "pandas", "pyarrow.parquet", "pyarrow.compute"),
    *("mlflow", "mlflow.store.tracking.sqlalchemy_store", "alembic.command", "pydantic", "omegaconf", "yaml", "joblib"),
    *("cv2", "av", "PIL.Image", "matplotlib", "coremltools", "sklearn.linear_model", "optuna", "hydra"),
)
_Popen = subprocess.Popen
_PARAMETERS = inspect.signature(_Popen._execute_child)
_service: "subprocess.Popen[bytes] | None" = None
_address = ""  # of its socket
_like: dict[str, str] | None = None  # what its interpreter read from the environment


class WarmPopen(_Popen):
    """A `Popen` whose process may be a child of the process that forks; `_execute_child` is where `Popen` starts it."""

    _end: socket.socket | None = None

    def _execute_child(self, *given: Any) -> None:
        how = _PARAMETERS.bind(self, *given).arguments
        words = _words(how)
        if words is None:
            return super()._execute_child(*given)
        self._end, theirs = socket.socketpair()
        request = {
            "words": words,
            "folder": os.fsdecode(how["cwd"] or Path.cwd()),
            "environment": _environment(how),
            "session": how["start_new_session"],
        }
        files = [how[name] if how[name] >= 0 else own for own, name in enumerate(("p2cread", "c2pwrite", "errwrite"))]
        with theirs, socket.socket(socket.AF_UNIX) as channel:
            channel.connect(_address)
            socket.send_fds(channel, [b"."], [*files, theirs.fileno()])
            channel.sendall(json.dumps(request).encode())
            channel.shutdown(socket.SHUT_WR)
            self.pid = int(channel.recv(100))
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(how[name] for name in pipes))

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._end is None:
            return super()._try_wait(wait_flags)
        self._end.setblocking(not wait_flags & os.WNOHANG)
        try:
            said = self._end.recv(100)
        except BlockingIOError:
            return 0, 0
        self._end.close()
        return self.pid, int(said or signal.SIGKILL)  # nothing: the process that forks was killed

    def _internal_poll(self, *given: Any, **named: Any) -> int | None:
        if self._end is None:
            return super()._internal_poll(*given, **named)
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


_SHIM = """#!{python} -I
import sys
sys.path[:0] = [{tests!r}]
import warm_start
warm_start.be_python({address!r}, {like!r})
"""


def folder_of_shims() -> str:
    """A folder whose `python` starts warm; the one of the real `python` where that cannot be."""
    if sys.platform != "linux":
        return str(Path(sys.executable).parent)
    like = _start_service()
    shim = Path(_address).with_name("python")
    if not shim.exists():
        content = {"python": sys.executable, "tests": str(Path(__file__).parent), "address": _address, "like": like}
        shim.write_text(_SHIM.format(**content))
        shim.chmod(0o755)
    return str(shim.parent)


def be_python(address: str, like: dict[str, str]) -> NoReturn:
    """Run this process's words as `python` would, in a fork, and end as it ends."""
    global _address, _like
    _address, _like = address, like
    process = WarmPopen([sys.executable, *sys.argv[1:]])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: process.send_signal(number))
    status = process.wait()
    if status < 0:
        with suppress(OSError):  # what cannot be caught
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def install() -> None:
    """Let `subprocess` start programs warm from now on."""
    if sys.platform == "linux":
        subprocess.Popen = WarmPopen


def stop() -> None:
    """End the process that forks, if there is one."""
    global _service
    if _service is not None:
        _service.communicate()
        _service = None


def _environment(how: dict[str, Any]) -> dict[str, str]:
    given = os.environ if how["env"] is None else how["env"]
    return {os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}


def _of_the_interpreter(environment: dict[str, str]) -> dict[str, str]:
    """What Python itself reads when it starts, but for what a fork can catch up on."""
    caught_up = ("PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
    names = [name for name in environment if name.startswith(("PYTHON", "LC_", "LANG")) and name not in caught_up]
    return {name: environment[name] for name in names}


def _words(how: dict[str, Any]) -> list[str] | None:
    """The command's words from the script on, or None if it is to start as always."""
    environment = _environment(how)
    special = (
        how["shell"],
        how["preexec_fn"],
        how["pass_fds"],
        how["executable"],
        how["process_group"] not in (-1, None),
    )
    if any(special) or COLD in environment or environment.get("PYTHONWARNINGS", "ignore") != "ignore":
        return None
    if isinstance(how["args"], (str, bytes, os.PathLike)):
        return None
    program, *words = (os.fsdecode(word) for word in how["args"])
    found = shutil.which(program, path=environment.get("PATH"))
    ours = (Path(sys.executable).parent, Path(_address).parent)
    if found is None or Path(found).parent not in ours:
        return None
    if Path(found).name == "handloom":
        words = ["-m", "handloom.cli", *words]
    elif not Path(found).name.startswith("python") or not words:
        return None
    runs_module = len(words) > 1 and words[0] == "-m" and words[1].startswith(("handloom", "uvicorn"))
    if words[0].startswith("-") and words[0] != "-c" and not runs_module:
        return None
    return words if _started_alike(environment) else None


def _started_alike(environment: dict[str, str]) -> bool:
    return _of_the_interpreter(environment) == _start_service()


def _start_service() -> dict[str, str]:
    """Start the process that forks, if there is none; return what its interpreter read."""
    global _service, _address, _like
    if _like is None:
        _like = _of_the_interpreter(dict(os.environ))
        _address = str(Path(tempfile.mkdtemp(prefix="warm-")) / "socket")
        _service = _Popen([sys.executable, __file__, _address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert _service.stdout is not None
        assert _service.stdout.readline() == b"ready\n"
    return _like


def _serve(address: str) -> dict[str, Any]:
    """Fork for every request; return only in the children, with the request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    running: dict[int, socket.socket] = {}
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen()
    watched = selectors.DefaultSelector()
    for one in (0, woken, listening):
        watched.register(one, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        ready = [key.fileobj for key, _ in watched.select()]
        if woken in ready:
            woken.recv(4096)
        _tell_ended(running)
        if listening in ready:
            channel, _ = listening.accept()
            _, (*files, end), _, _ = socket.recv_fds(channel, 1, 4)
            with channel.makefile() as text:
                request = json.load(text)
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                for held in (listening, woken, waker, watched):
                    held.close()
                for other in running.values():
                    other.close()
                os.close(end)
                return request | {"files": files, "channel": channel}
            for file in files:
                os.close(file)
            running[pid] = socket.socket(fileno=end)
            channel.close()
        elif 0 in ready:  # who started this has ended
            shutil.rmtree(Path(address).parent)
            sys.exit()


def _tell_ended(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with running.pop(pid) as end:
            try:
                end.sendall(str(status).encode())
            except BrokenPipeError:  # the reader is gone
                continue


def _become(request: dict[str, Any], settings: dict[str, str]) -> list[str]:
    """Turn this fork into the process that was asked for; return the words of its command."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["session"]:
        os.setsid()
    for number, file in enumerate(request["files"]):
        os.dup2(file, number)
        os.close(file)
    unbuffered = bool(request["environment"].get("PYTHONUNBUFFERED"))
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stdout.reconfigure(write_through=unbuffered, line_buffering=sys.stdout.isatty())
    sys.stderr = sys.__stderr__ = open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr.reconfigure(line_buffering=True)
    with request["channel"] as channel:  # whoever waits for this may send signals now
        channel.sendall(str(os.getpid()).encode())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(request["folder"])
    environment = request["environment"]
    os.environ.clear()
    os.environ.update(settings | environment)
    if "PYTHONWARNINGS" in environment:
        warnings.simplefilter("ignore")
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["torch"].seed()
    return request["words"]


def _end_soon(status: int) -> NoReturn:
    """End this fork as Python does, but for taking apart all that it has imported, which takes half a second."""
    threading._shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError):  # Python says what is wrong with a stream
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _run(words: list[str]) -> int:
    """Run a program to its end; return its status. What ends it in another way than by a number is raised."""
    try:
        _run_words(words)
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        return int(ended.code or 0) & 0xFF
    return 0


def _run_words(words: list[str]) -> None:
    first, *rest = words
    if first == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), module.__dict__)
    elif first == "-m":
        sys.argv, sys.path[0] = rest, str(Path.cwd())
        if rest[0] == "handloom.cli":
            sys.argv[0] = "handloom"
            sys.exit(import_module("handloom.cli").main())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = words, str(Path(first).resolve().parent)
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__" and sys.argv[1] == "--run":  # another program, whose `python` starts warm
    os.environ["PATH"] = f"{folder_of_shims()}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.call(sys.argv[2:])
    stop()
    sys.exit(ended)
if __name__ == "__main__":
    before = dict(os.environ)

    for name in SLOW_TO_IMPORT:
        import_module(name)
    import empty_stores
    from mlflow.utils import requirements_utils

    requirements_utils._init_modules_to_packages_map()  # it reads what every installed package contains
    for name in [name for name in sys.modules if name == "handloom" or name.startswith("handloom.")]:
        del sys.modules[name]
    set_by_libraries = {name: value for name, value in os.environ.items() if before.get(name) != value}
    gc.collect()
    gc.freeze()
    here = sys.modules["warm_start"] = sys.modules["__main__"]
    here._address = sys.argv[1]
    here._like = _of_the_interpreter(before)
    store = Path(sys.argv[1]).with_name("store")
    empty_stores.make(store)
    empty_stores.utils._initialize_tables = empty_stores.copies_of(lambda: store)
    asked = _serve(sys.argv[1])
    install()
    _end_soon(_run(_become(asked, set_by_libraries)))
