"""The stage on a cluster: its machines share the work, and the table is the one that a single machine makes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handloom.config import ExtractKeypoints, Groups, LabeledDirectories
from handloom.extraction.extract import extract_keypoints

# Two machines of one core each. Each script makes `cluster`, which is to be closed, and `here`, which names the machine
# that it is called on.
RAY = """
import os
import ray
from ray.cluster_utils import Cluster
machine = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
cluster = Cluster(initialize_head=True, head_node_args=machine)
cluster.add_node(**machine)
os.environ["RAY_ADDRESS"] = cluster.address
cluster.close = lambda: (ray.shutdown(), cluster.shutdown())
here = lambda: ray.get_runtime_context().get_node_id()
"""
DASK = """
import os
from distributed import LocalCluster, default_client, get_worker
cluster = LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
os.environ["DASK_SCHEDULER_ADDRESS"] = cluster.scheduler_address
close = cluster.close
cluster.close = lambda: (default_client().close(), close())
here = lambda: get_worker().address
"""
STAGE = """
import sys
import time
from pathlib import Path
from handloom.config import ExtractKeypoints, Groups, LabeledDirectories
from handloom.extraction.extract import extract_keypoints
from handloom.extraction.pool import run_over
photos, table, backend = sys.argv[1:]
def where(items):
    time.sleep(0.05)
    return [here()]
if __name__ == "__main__":
    exec(MACHINES)
    try:
        source = LabeledDirectories(path=photos, groups=Groups(file=""))
        settings = ExtractKeypoints(workers=-1, backend=backend)
        extract_keypoints(source, settings, "pose", Path(table), Path(table).with_suffix(""))
        print(len({machine for _, machine in run_over(where, range(20), -1, backend)}), "machines")
    finally:
        cluster.close()
"""


@pytest.fixture(scope="module")
def photos(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough of them for several tasks."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    for path in (drawn / "photos").rglob("*.jpg"):
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.parent.name)
        with Image.open(path) as image:
            for number in range(1, 8):
                darker = Image.fromarray((np.asarray(image) * (1 - number / 40)).astype(np.uint8))
                darker.save(folder / path.parent.name / f"{path.stem}-{number}.png")
    return folder


@pytest.fixture(scope="module")
def of_one_machine(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table that loky makes."""
    folder = tmp_path_factory.mktemp("loky")
    source = LabeledDirectories(path=str(photos), groups=Groups(file=""))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DVC_ROOT", str(folder / "repository"))
        extract_keypoints(source, ExtractKeypoints(workers=2), "pose", folder / "a.parquet", folder / "a")
    return (folder / "a.parquet").read_bytes()


@pytest.mark.parametrize(("backend", "machines"), [("ray", RAY), ("dask", DASK)], ids=["ray", "dask"])
def test_the_machines_of_a_cluster_share_the_work_and_make_the_same_table(
    photos: Path, of_one_machine: bytes, tmp_path: Path, backend: str, machines: str
) -> None:
    script = STAGE.replace("exec(MACHINES)", machines.strip().replace("\n", "\n    "))
    table = tmp_path / "cluster.parquet"
    # Ray takes an address of this machine's network where there may be several machines; here there is one.
    environment = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    process = subprocess.run(
        [sys.executable, "-c", script, str(photos), str(table), backend],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert process.returncode == 0, process.stderr
    assert table.read_bytes() == of_one_machine
    # Ray's own processes may tell, before it, of workers that they stop.
    assert process.stdout.splitlines()[-1] == "2 machines"
    printed = [line.rsplit("\r", 1)[-1] for line in process.stderr.splitlines()]
    usual = ("files known", "extract_keypoints pose")
    assert [line for line in printed if line and not line.startswith(usual) and "INFO" not in line] == []
