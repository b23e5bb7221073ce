"""Shared by all tests: the repository, copies of it to work in, and a rendered set small enough for a test."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import warm_start
import yaml
from filelock import FileLock
from mlflow_server import Server
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from asgi_client import Browser

    from handloom.studio.project import StudioProject

REPOSITORY = Path(__file__).parent.parent
SMALL_GESTURES = {"pose": ["background", "five", "one", "zero"], "action": ["background", "grab", "swipe_left"]}


# All that use the fixture `finished`, which takes a minute to make.
ON_THE_FINISHED_PROJECT = ("tests/test_pipeline.py", "tests/test_queue.py", "tests/cli/test_reproduce_verb.py")
# They take longest, so they start first: at the end no process has much left while another has nothing.
LONGEST = (
    *ON_THE_FINISHED_PROJECT,
    *("tests/api/test_interrupted_session.py", "tests/test_ladder.py", "tests/test_sweeps.py"),
    *("tests/training/test_train.py", "tests/training/test_killed_training.py", "tests/cli/test_init_verb.py"),
    *("tests/training/test_two_processes.py", "tests/extraction/test_cluster.py", "tests/extraction/test_extract.py"),
    "tests/export/test_swift_build.py",
)


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """The tests of a file run in one process, which makes its fixtures once; so do those on the finished project."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return ON_THE_FINISHED_PROJECT[0] if file in ON_THE_FINISHED_PROJECT else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items.sort(key=lambda item: item.nodeid.split("::", 1)[0] not in LONGEST)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    return FilesTogether(config, log)


def pytest_configure() -> None:
    warm_start.install()


def pytest_unconfigure() -> None:
    warm_start.stop()


class Project:
    """A copy of the repository's own files in a folder of its own, with git and DVC, as a fresh clone has them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listed = self._output(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY)
        for name in listed.splitlines():
            if (REPOSITORY / name).is_file() and not name.startswith(("tests/", "docs/")):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / name, root / name)
        self.git("init", "--quiet")
        self.commit("start")

    def use_small_sample(self) -> None:
        """Fewer gestures, people, pictures and iterations: seconds instead of minutes."""
        for kind, kept in SMALL_GESTURES.items():
            for path in (self.root / "data/sample/gestures" / kind).glob("*.yaml"):
                if path.stem not in kept:
                    path.unlink()
        self.configure(
            {
                "sample.people": 4,
                "sample.photos_per_class": 8,
                "sample.clips_per_class": 8,
                "split.test_ratio": 0.25,
                "split.validation.strategy": "fixed",
                "split.validation.ratio": 0.3,
                "train_pose.maximum_iterations": 60,
                "train_action.maximum_iterations": 60,
            }
        )
        self.commit("small sample")

    def configure(self, values: dict[str, Any]) -> None:
        """Settings of one's own where the README says: at the end of conf/config.yaml, then composed."""
        config = self.root / "conf/config.yaml"
        sections: dict[str, Any] = {}
        for name, value in values.items():
            _put(sections, name, value)
        config.write_text(config.read_text() + yaml.safe_dump(sections))
        self.run("handloom", "params")

    def parameters(self) -> dict[str, Any]:
        content: dict[str, Any] = yaml.safe_load((self.root / "params.yaml").read_text())
        return content

    def set(self, values: dict[str, Any]) -> None:
        """Change parameters, given by their full names, in params.yaml."""
        content = self.parameters()
        for name, value in values.items():
            _put(content, name, value)
        (self.root / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", message)

    def git(self, *arguments: str) -> str:
        return self._output(["git", *arguments], cwd=self.root)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, `python` and `dvc` being those of this environment."""
        result = subprocess.run(command, cwd=self.root, env=self.environment(), capture_output=True, text=True)
        if check and result.returncode:
            raise AssertionError(f"{' '.join(command)} failed:\n{result.stdout}\n{result.stderr}")
        return result

    def environment(self) -> dict[str, str]:
        folders = (warm_start.folder_of_shims(), str(Path(sys.executable).parent), os.environ["PATH"])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_", "GIT_"))}
        return {**kept, "PATH": os.pathsep.join(folders), "PYTHONWARNINGS": "ignore", "DVC_NO_ANALYTICS": "1"}

    @staticmethod
    def _output(command: list[str], cwd: Path) -> str:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def _put(content: dict[str, Any], name: str, value: Any) -> None:
    *path, key = name.split(".")
    for part in path:
        content = content.setdefault(part, {})
    content[key] = value


@pytest.fixture(autouse=True)
def own_main_repository(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in progress and caches go here, not into the developer's `.handloom/`. Projects have their own."""
    folder = tmp_path_factory.mktemp("main_repository")
    monkeypatch.setenv("DVC_ROOT", str(folder))
    return folder


MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Make a folder in the first test process that asks for it; all test processes then read that one."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        folder, finished = shared / f"once-{name}", shared / f"once-{name}.finished"
        with FileLock(f"{folder}.lock"):
            if not finished.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a process that was stopped
                folder.mkdir()
                make(folder)
                finished.touch()
        return folder

    return folder_of


@pytest.fixture(autouse=True)
def copied_stores(made_once: MadeOnce, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give new MLflow stores their tables by a copy."""
    if "mlflow" not in sys.modules:  # the first test that needs it waits that second
        return
    import empty_stores
    from mlflow.store.db import utils

    copy = empty_stores.copies_of(lambda: made_once("store", lambda folder: empty_stores.make(folder / "a")) / "a")
    monkeypatch.setattr(utils, "_initialize_tables", copy)


def draw_pose_photos(folder: Path, names: Sequence[str], **drawing: int) -> None:
    """Draw photos of these gestures of the sample into photos/, and write their true joints to photos.parquet."""
    from handloom.sample import draw_photos

    (folder / "gestures").mkdir()
    for name in names:
        shutil.copy(REPOSITORY / f"data/sample/gestures/pose/{name}.yaml", folder / "gestures")
    draw_photos(folder / "gestures", folder / "photos", folder / "photos.parquet", **drawing)


@pytest.fixture(scope="session")
def drawn(made_once: MadeOnce) -> Path:
    """Six drawn photos in the classes five and one, and their true joints in photos.parquet. Leave them as they are."""
    return made_once("drawn", lambda folder: draw_pose_photos(folder, ("five", "one"), seed=3, people=3, per_class=3))


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Make a fresh copy of the repository in a temporary folder."""
    return lambda name: Project(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def finished(make_project: Callable[[str], Project]) -> Project:
    """A project in which `dvc repro` has run on the small sample. Leave it as it is."""
    project = make_project("finished")
    project.use_small_sample()
    # With a process of its own that forks, so that what the stages import is traced too.
    warm = [sys.executable, warm_start.__file__, "--run", "dvc", "repro"]
    project.run(*traced(network_trace(project)), *warm)
    project.commit("repro")
    return project


def network_trace(project: Project) -> Path:
    """Where it is written down what a project asked of the network."""
    return project.root.with_suffix(".network")


@cache
def can_trace() -> bool:
    """Whether system calls can be written down here: strace is there, and may look at its children."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-f", "true"], capture_output=True).returncode == 0


def traced(trace: Path) -> list[str]:
    """What is put before a command, so that its calls of the network are written down; nothing where that cannot be."""
    return ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o", str(trace)] if can_trace() else []


@pytest.fixture(scope="session")
def a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def server(a_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A running server, whose address is that of the store."""
    a_server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", a_server.uri)
    return a_server


@pytest.fixture
def project(tmp_path: Path) -> "StudioProject":
    """A new project of both kinds, as the studio sees it."""
    from handloom.project.new_project import make_project
    from handloom.studio.project import StudioProject

    make_project(tmp_path / "own")
    return StudioProject(tmp_path / "own")


@pytest.fixture
def browser(project: "StudioProject") -> "Browser":
    """A window with the studio of that project."""
    from asgi_client import PORT, TOKEN, Browser

    from handloom.studio.server import make_app

    return Browser(make_app(project, PORT, TOKEN))


@pytest.fixture
def photo(drawn: Path) -> bytes:
    """A JPEG of a drawn hand."""
    return next((drawn / "photos/five").glob("*.jpg")).read_bytes()
