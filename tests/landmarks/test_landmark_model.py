"""The landmark model: one of your own, one in the cache, and what is said when neither can be had."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from handloom.config import LandmarkModel
from handloom.errors import LandmarkModelError
from handloom.landmarks.landmark_model import NETWORKS, landmark_model_path
from handloom.support.files import sha256_of_file


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder in place of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = user_cache_path("handloom")
    assert tmp_path in folder.parents
    return folder


@pytest.fixture
def own_model(tmp_path: Path) -> Path:
    path = tmp_path / "own.task"
    path.write_bytes(b"a model of my own")
    return path


def one_line_error(settings: LandmarkModel) -> str:
    with pytest.raises(LandmarkModelError) as caught:
        landmark_model_path(settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_missing_model_of_your_own_is_named_with_its_parameter(tmp_path: Path) -> None:
    text = one_line_error(LandmarkModel(path=str(tmp_path / "nowhere.task")))
    assert "nowhere.task: no such file; extract_keypoints.landmark_model.path" in text


def test_a_model_of_your_own_with_another_sha256_is_refused(own_model: Path) -> None:
    text = one_line_error(LandmarkModel(path=str(own_model), sha256="0" * 64))
    assert "own.task" in text
    assert sha256_of_file(own_model) in text
    assert "extract_keypoints.landmark_model.sha256" in text


def test_a_model_of_your_own_is_used(own_model: Path, cache: Path) -> None:
    assert landmark_model_path(LandmarkModel(path=str(own_model))) == own_model
    assert landmark_model_path(LandmarkModel(path=str(own_model), sha256=sha256_of_file(own_model))) == own_model
    assert not cache.exists()


def networks_of(content: bytes) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in NETWORKS:
                archive.writestr(name, content)

    return write


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 half a download"),
        lambda path: zipfile.ZipFile(path, "w").close(),
        networks_of(b"another network"),
    ],
    ids=["empty", "half", "no networks", "other networks"],
)
def test_a_damaged_model_in_the_cache_is_named_with_the_remedy(cache: Path, write: Callable[[Path], object]) -> None:
    cache.mkdir(parents=True)
    write(cache / "hand_landmarker.task")
    text = one_line_error(LandmarkModel())
    assert str(cache / "hand_landmarker.task") in text
    assert "damaged" in text
    assert "delete the file" in text


def test_without_a_network_the_first_use_names_the_parameter_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no_wheels").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "no_wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    text = one_line_error(LandmarkModel())
    assert "could not be fetched with pip (ERROR: No matching distribution found for mediapipe" in text
    assert "extract_keypoints.landmark_model.path" in text
    assert not cache.exists() or list(cache.iterdir()) == []


def test_a_wheel_with_other_networks_is_not_trusted_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    version = "mediapipe-0.10.21"
    with zipfile.ZipFile(wheels / f"{version}-cp312-cp312-manylinux_2_28_x86_64.whl", "w") as wheel:
        wheel.writestr(f"{version}.dist-info/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n")
        wheel.writestr(f"{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: cp312-cp312-manylinux_2_28_x86_64\n")
        wheel.writestr(f"{version}.dist-info/RECORD", "")
        for inside, _ in NETWORKS.values():
            wheel.writestr(inside, b"another network")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert "has a wrong sha256" in one_line_error(LandmarkModel())
    assert list(cache.iterdir()) == []
