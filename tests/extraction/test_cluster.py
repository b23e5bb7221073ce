"""The stage on a cluster: its machines share the work, and the table is the one that a single machine makes."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handloom.config import ExtractKeypoints, Groups, LabeledDirectories
from handloom.extraction.extract import extract_keypoints
from handloom.support.workspace import Workspace

# Two machines of one core each. Each script makes `cluster`, which is to be closed, and `here`, which names the machine
# that it is called on.
RAY = """
import os
import handloom.support.pools.ray_cluster  # first: it keeps Ray, which it imports, to the loopback address
import psutil
import ray
from ray.cluster_utils import Cluster
machine = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
cluster = Cluster(initialize_head=True, head_node_args=machine)
cluster.add_node(**machine)
os.environ["RAY_ADDRESS"] = cluster.address
cluster.close = lambda: (ray.shutdown(), cluster.shutdown())
here = lambda: ray.get_runtime_context().get_node_id()
bound = {port.laddr.ip for one in psutil.Process().children(recursive=True)
         for port in one.net_connections("tcp") if port.status == "LISTEN"}
"""
DASK = """
import os
from distributed import LocalCluster, default_client, get_worker
cluster = LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
os.environ["DASK_SCHEDULER_ADDRESS"] = cluster.scheduler_address
close = cluster.close
cluster.close = lambda: (default_client().close(), close())
here = lambda: get_worker().address
bound = {"127.0.0.1"}  # as it was told above
"""
STAGE = """
import os
import signal
import sys
import time
from pathlib import Path
from handloom.config import ExtractKeypoints, Groups, LabeledDirectories
from handloom.extraction.extract import extract_keypoints
from handloom.support.pools.processes import run_over
from handloom.support.workspace import Workspace
photos, table, backend = sys.argv[1:]
def where(items):
    seen = Path(table).with_suffix(".machines")
    seen.mkdir(exist_ok=True)
    (seen / here().replace("/", "-")).touch()
    patience = time.monotonic() + 300
    while len(list(seen.iterdir())) < 2 and time.monotonic() < patience:  # the other one may be starting
        time.sleep(0.05)
    return [here()]
if __name__ == "__main__":
    exec(MACHINES)
    try:
        source = LabeledDirectories(path=photos, groups=Groups(file=""))
        settings = ExtractKeypoints(workers=-1, backend=backend)
        cache = Workspace.here().keypoint_cache
        extract_keypoints(source, settings, "pose", Path(table), Path(table).with_suffix(""), cache)
        print("bound to", *{address.removeprefix("::ffff:") for address in bound})
        print(len({machine for _, machine in run_over(where, range(20), -1, backend)}), "machines")
        calls = run_over(where, range(20), -1, backend)  # of which somebody has seen enough
        next(calls)
        calls.close()
        print("now what goes wrong", file=sys.stderr)
        def refuse(items):
            raise ValueError("one line")
        try:
            list(run_over(refuse, range(3), -1, backend))
        except ValueError as error:
            print(repr(error))
        def die_of_the_seventh(items):
            if 7 in items:
                os.kill(os.getpid(), signal.SIGKILL)  # as native code that reads a damaged video may
            return [item + 1 for item in items]
        results = dict(run_over(die_of_the_seventh, range(20), -1, backend, 4))
        assert results == {item: None if item == 7 else item + 1 for item in range(20)}, results
    finally:
        cluster.close()
"""
# One of the two machines is lost while it works: all its processes are killed at once.
LOST = """
import os
import sqlite3
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
import handloom.support.pools.ray_cluster
import psutil
import ray
from ray.cluster_utils import Cluster
from handloom.config import ExtractKeypoints, Groups, LabeledDirectories
from handloom.support.workspace import Workspace
from handloom.extraction.extract import extract_keypoints
photos, table = sys.argv[1:]
machine = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
cluster = Cluster(initialize_head=True, head_node_args=machine)
other = cluster.add_node(**machine)
os.environ["RAY_ADDRESS"] = cluster.address
raylet = psutil.Process(other.all_processes["raylet"][0].process.pid)
killed = []
def finished():
    try:
        with closing(sqlite3.connect(Workspace.here().keypoint_cache)) as database:
            return database.execute("SELECT count(*) FROM joints").fetchone()[0]
    except sqlite3.OperationalError:  # there is none yet
        return 0
def works():
    try:
        return any("ray::_work" in child.cmdline() for child in raylet.children(recursive=True))
    except psutil.Error:  # one of them has just ended
        return False
def kill():
    while not (finished() and works()):
        time.sleep(0.01)
    for process in [raylet, *raylet.children(recursive=True)]:
        with suppress(psutil.Error):
            process.kill()
    killed.append(finished())
if __name__ == "__main__":
    try:
        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        source = LabeledDirectories(path=photos, groups=Groups(file=""))
        settings = ExtractKeypoints(workers=-1, backend="ray")
        cache = Workspace.here().keypoint_cache
        extract_keypoints(source, settings, "pose", Path(table), Path(table).with_suffix(""), cache)
        thread.join(10)
        print(*killed)
    finally:
        ray.shutdown()
        cluster.shutdown()
"""


@pytest.fixture(scope="module")
def photos(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough of them for several tasks."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    for path in (drawn / "photos").rglob("*.jpg"):
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.parent.name)
        with Image.open(path) as image:
            for number in range(1, 24):
                darker = Image.fromarray((np.asarray(image) * (1 - number / 60)).astype(np.uint8))
                darker.save(folder / path.parent.name / f"{path.stem}-{number}.png")
    return folder


@pytest.fixture(scope="module")
def of_one_machine(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table that loky makes."""
    folder = tmp_path_factory.mktemp("loky")
    source = LabeledDirectories(path=str(photos), groups=Groups(file=""))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DVC_ROOT", str(folder / "repository"))
        cache = Workspace.here().keypoint_cache
        extract_keypoints(source, ExtractKeypoints(workers=2), "pose", folder / "a.parquet", folder / "a", cache)
    return (folder / "a.parquet").read_bytes()


@pytest.mark.parametrize(("backend", "machines"), [("ray", RAY), ("dask", DASK)], ids=["ray", "dask"])
def test_the_machines_of_a_cluster_share_the_work_and_make_the_same_table(
    photos: Path, of_one_machine: bytes, tmp_path: Path, backend: str, machines: str
) -> None:
    script = STAGE.replace("exec(MACHINES)", machines.strip().replace("\n", "\n    "))
    table = tmp_path / "cluster.parquet"
    process = run(script, tmp_path, photos, table, backend)
    assert table.read_bytes() == of_one_machine
    # Ray's own processes may tell, in between, of workers that they stop.
    assert {"bound to 127.0.0.1", "2 machines", "ValueError('one line')"} <= set(process.stdout.splitlines())
    printed = [line.rsplit("\r", 1)[-1] for line in process.stderr.split("now what goes wrong")[0].splitlines()]
    usual = ("look up in cache", "extract_keypoints pose")
    assert [line for line in printed if line and not line.startswith(usual) and "INFO" not in line] == []


def test_a_machine_that_is_lost_in_the_middle_costs_nothing(
    photos: Path, of_one_machine: bytes, tmp_path: Path
) -> None:
    table = tmp_path / "cluster.parquet"
    process = run(LOST, tmp_path, photos, table)
    assert table.read_bytes() == of_one_machine
    assert 0 < int(process.stdout.splitlines()[-1]) < 144  # files that were finished when it was killed


def run(script: str, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1000)
    assert process.returncode == 0, process.stderr
    return process
