"""Files through the studio lie where a person would put them, and the project's own sources see the same."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asgi_client import Answer, Browser
from clip_files import write_clip
from PIL import Image
from quadrants import upright

from handloom.config import parameters_from
from handloom.sources.gather import gather_members
from handloom.stages.compose import composed_text
from handloom.studio.project import StudioProject
from handloom.studio.recording import file_name, person_name, remove_remains_of_uploads
from handloom.support.yaml_files import parse_yaml


def add(browser: Browser, label: str, content: bytes, name: str = ".jpg", person: str = "") -> str:
    answer = browser.post(f"/api/files/pose/upload?label={label}&name={name}&person={person}", chunks=[content])
    assert answer.status == 200, answer.json()
    return str(answer.json()["name"])


def gathered(project: StudioProject, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    """What the pipeline would train on: files with their class and group."""
    monkeypatch.chdir(project.root)
    source = parameters_from(parse_yaml(Path("params.yaml").read_text(), "")).data.pose
    return {clip.file: (clip.label, clip.group) for clip in gather_members(source, "pose").clips}


def listed(browser: Browser) -> dict[str, list[tuple[str, bool]]]:
    classes = browser.get("/api/files/pose").json()["classes"]
    return {label: [(one["name"], one["excluded"]) for one in files] for label, files in classes.items()}


def test_photos_with_a_name_are_grouped_by_the_pipeline(
    project: StudioProject, browser: Browser, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = project.root / "conf/config.yaml"
    comment = "# Add your settings below"
    config.write_text(config.read_text() + "split:\n  seed: 7  # mine\n")
    anna = add(browser, "five", photo, person="Anna B.")
    ben = add(browser, "one", photo, "IMG_1.JPG", "ben_b")
    assert ben == "one/ben-b__IMG_1.jpg" and anna.startswith("five/Anna-B__2")
    assert gathered(project, monkeypatch) == {anna: ("five", "Anna-B"), ben: ("one", "ben-b")}
    text = config.read_text()
    assert comment in text and "seed: 7  # mine" in text
    assert (project.root / "params.yaml").read_text() == composed_text(project.root / "conf")
    assert (project.root / anna.replace("five/", "data/photos/five/")).read_bytes() == photo


def test_a_rule_of_the_project_stays(project: StudioProject, browser: Browser, photo: bytes) -> None:
    config = project.root / "conf/config.yaml"
    config.write_text(config.read_text() + "data:\n  pose:\n    groups: {pattern: '^([a-z]+)_'}\n")
    (project.root / "params.yaml").write_text(composed_text(project.root / "conf"))
    before = config.read_text()
    name = add(browser, "five", photo, person="anna")
    assert config.read_text() == before
    (file,) = browser.get("/api/files/pose").json()["classes"]["five"]
    assert (file["name"], file["group"]) == (name, "anna")


def test_what_cannot_be_decoded_is_refused_and_leaves_nothing(
    project: StudioProject, browser: Browser, photo: bytes, drawn: Path
) -> None:
    for content in (b"", b"text", photo[:-2000], b"<html><script>alert(1)</script>"):
        answer = browser.post("/api/files/pose/upload?label=five&name=a.jpg", chunks=[content])
        assert answer.status == 400 and answer.json()["error"].startswith("a.jpg: "), answer.body
    answer = browser.post("/api/files/action/upload?label=wave&name=a.mp4", chunks=[photo])
    assert answer.status == 400 and answer.json()["error"].startswith("a.mp4: ")
    assert list((project.root / "data/photos/five").iterdir()) == []
    assert list((project.root / "data/videos/wave").iterdir()) == []


def test_no_file_takes_the_place_of_another(project: StudioProject, browser: Browser, photo: bytes) -> None:
    names = [add(browser, "five", photo, "a.jpg") for _ in range(3)]
    assert names == ["five/a.jpg", "five/a-2.jpg", "five/a-3.jpg"]
    add(browser, "one", photo, "a.jpg")
    assert browser.post("/api/files/pose/move", {"names": ["one/a.jpg"], "label": "five"}).status == 200
    assert listed(browser) == {"five": [(f"five/a{n}.jpg", False) for n in ("-2", "-3", "-4", "")], "one": []}
    wrong = {"names": ["five/a.jpg", "five/none.jpg"]}
    assert browser.post("/api/files/pose/delete", wrong).status == 400
    assert len(listed(browser)["five"]) == 4  # none of them was deleted
    assert browser.post("/api/files/pose/delete", {"names": ["five/a.jpg"]}).status == 200
    assert len(listed(browser)["five"]) == 3


def test_excluded_files_are_left_out_by_the_pipeline(
    project: StudioProject, browser: Browser, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [add(browser, label, photo, name) for label in ("five", "one") for name in ("a.jpg", "b.jpg")]
    for name in names[:2]:
        assert browser.post("/api/files/pose/exclude", {"names": [name], "excluded": True}).status == 200
    assert gathered(project, monkeypatch).keys() == set(names[2:])
    assert (project.root / "data/photos_excluded.csv").read_text() == "path\nfive/a.jpg\nfive/b.jpg\n"
    assert listed(browser) == {
        "five": [(name, True) for name in names[:2]],
        "one": [(name, False) for name in names[2:]],
    }
    assert browser.post("/api/files/pose/exclude", {"names": names, "excluded": False}).status == 200
    assert gathered(project, monkeypatch).keys() == set(names)


def test_small_pictures_and_clips(project: StudioProject, browser: Browser, photo: bytes) -> None:
    name = add(browser, "five", photo)
    answer = browser.get(f"/api/files/pose/picture?name={name}&v=1")
    assert answer.headers["content-type"] == "image/jpeg" and max(Image.open(BytesIO(answer.body)).size) == 160
    clip = write_clip(project.root / "clip.webm", [upright()] * 5, codec="libvpx", options={"deadline": "realtime"})
    added = browser.post("/api/files/action/upload?label=wave&name=.webm&person=eva", chunks=[clip.read_bytes()])
    assert added.status == 200, added.json()
    (file,) = browser.get("/api/files/action").json()["classes"]["wave"]
    assert (file["name"], file["group"]) == (added.json()["name"], "eva") and file["name"].endswith(".webm")
    assert browser.get(f"/api/files/action/picture?name={file['name']}").body.startswith(b"\xff\xd8")


def test_names_of_people_and_files_are_made_harmless() -> None:
    assert [person_name(text) for text in ("Anna", " Ä ö ", "../a_b", "<b>", "", "李雷", "x" * 99)] == [
        *("Anna", "Ä-ö", "a-b", "b", "", "李雷", "x" * 60)
    ]
    assert file_name("anna", "../../etc/IMG__1.HEIC") == "anna__IMG-1.heic"
    assert file_name("", "C:\\photos\\<img src=x>.png") == "img-src-x.png"
    assert file_name("", "no suffix") == "no-suffix"
    assert file_name("", "a.b.jpg") == "a.b.jpg" and file_name("", ".hidden.jpg") == "hidden.jpg"
    assert file_name("eva", ".jpg").startswith("eva__20")
    longest = file_name(person_name("李" * 99), f"{'写' * 99}.jpg")
    assert longest == f"{'李' * 20}__{'写' * 20}.jpg"


def test_another_kind_of_source_is_refused_in_one_line(project: StudioProject, browser: Browser) -> None:
    config = project.root / "conf/config.yaml"
    config.write_text(config.read_text().replace("data/pose: labeled_directories", "data/pose: described"))
    (project.root / "params.yaml").write_text(composed_text(project.root / "conf"))
    answer = browser.get("/api/files/pose")
    assert answer.status == 400 and "data.pose reads described" in answer.json()["error"]
    assert browser.get("/api/files/nothing").status == 400


def at_once(work: Callable[[Any], Answer], items: Sequence[Any]) -> list[Answer]:
    with ThreadPoolExecutor(len(items)) as threads:
        return list(threads.map(work, items))


def test_photos_that_arrive_at_once_are_all_kept_and_name_people_once(
    project: StudioProject, browser: Browser, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/api/files/pose/upload?label=five&name=a.jpg&person=anna"
    answers = at_once(lambda _: browser.post(address, chunks=[photo]), range(6))
    assert [(one.status, one.json().get("group")) for one in answers] == [(200, "anna")] * 6, [
        one.body for one in answers
    ]
    names = {one.json()["name"] for one in answers}
    assert gathered(project, monkeypatch) == dict.fromkeys(names, ("five", "anna")) and len(names) == 6
    asked = [{"names": [name], "excluded": True} for name in sorted(names)[:4]]
    assert {one.status for one in at_once(lambda one: browser.post("/api/files/pose/exclude", one), asked)} == {200}
    assert gathered(project, monkeypatch).keys() == set(sorted(names)[4:])


def test_a_list_that_is_asked_for_while_files_move_has_all_of_them(browser: Browser, photo: bytes) -> None:
    for number in range(8):
        add(browser, "five", photo, f"{number}.jpg")

    def there_and_back(name: str) -> Answer:
        for old, new in [("five", "one"), ("one", "five")] * 5:
            answer = browser.post("/api/files/pose/move", {"names": [f"{old}/{name}"], "label": new})
            assert answer.status == 200, answer.body
            files = browser.get("/api/files/pose").json()
            assert "error" not in files and sum(map(len, files["classes"].values())) == 8, files
        return answer

    at_once(there_and_back, [f"{number}.jpg" for number in range(4)])


def test_exclusions_follow_files_that_are_moved_or_deleted(
    project: StudioProject, browser: Browser, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label, name in (("five", "a.jpg"), ("five", "b.jpg"), ("-one", "a.jpg"), ("-one", "c.jpg")):
        add(browser, label, photo, name)
    deeper = project.root / "data/photos/five/monday/d.jpg"
    deeper.parent.mkdir()
    deeper.write_bytes(photo)
    table = project.root / "data/photos_excluded.csv"
    table.write_text("path\nfive/b.jpg\n")  # no setting names it yet
    names = ["five/a.jpg", "five/monday/d.jpg", "-one/c.jpg"]
    assert browser.post("/api/files/pose/exclude", {"names": names, "excluded": True}).status == 200
    assert gathered(project, monkeypatch).keys() == {"-one/a.jpg"}
    assert browser.post("/api/files/pose/move", {"names": names[:2], "label": "-one"}).status == 200
    assert table.read_text() == "path\n./-one/a-2.jpg\n./-one/c.jpg\n./-one/monday/d.jpg\nfive/b.jpg\n"
    assert gathered(project, monkeypatch).keys() == {"-one/a.jpg"}
    assert browser.post("/api/files/pose/delete", {"names": ["five/b.jpg", "-one/c.jpg"]}).status == 200
    again = add(browser, "-one", photo, "c.jpg")
    assert gathered(project, monkeypatch).keys() == {"-one/a.jpg", again}


def test_exclusions_of_a_folder_outside_the_project(
    project: StudioProject, browser: Browser, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, outside = project.root / "conf/config.yaml", project.root.parent / "shared"
    config.write_text(config.read_text() + f"data:\n  pose:\n    path: {outside}\n")
    (project.root / "params.yaml").write_text(composed_text(project.root / "conf"))
    names = [add(browser, "five", photo) for _ in range(2)]
    assert browser.post("/api/files/pose/exclude", {"names": names[:1], "excluded": True}).status == 200
    assert gathered(project, monkeypatch).keys() == {names[1]}


def test_a_person_whom_the_rule_of_the_project_does_not_see_is_told(
    project: StudioProject, browser: Browser, photo: bytes
) -> None:
    config = project.root / "conf/config.yaml"
    config.write_text(config.read_text() + "data:\n  pose:\n    groups: {folder_level: 1}\n")
    (project.root / "params.yaml").write_text(composed_text(project.root / "conf"))
    said = browser.post("/api/files/pose/upload?label=five&name=a.jpg&person=anna", chunks=[photo]).json()
    assert said["group"] == "five" and "anna does not count" in said["note"]
    assert browser.post("/api/files/pose/upload?label=five&name=a.jpg", chunks=[photo]).json()["note"] == ""


def test_what_a_killed_server_left_of_an_upload_is_removed(project: StudioProject, photo: bytes) -> None:
    folder = project.root / "data/photos/five"
    folder.mkdir()
    (folder / ".anna__1.999999999-0.part.jpg").write_bytes(b"half")
    (folder / "a.jpg").write_bytes(photo)
    remove_remains_of_uploads(project)
    assert [path.name for path in folder.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_of_exclusions_that_a_spreadsheet_has_saved_is_changed(
    encoding: str, project: StudioProject, browser: Browser, photo: bytes
) -> None:
    names = [add(browser, "five", photo) for _ in range(2)]
    table = project.root / "data/photos_excluded.csv"
    table.write_text(f"path\n{names[0]}\n", encoding=encoding)
    assert browser.post("/api/files/pose/exclude", {"names": names[1:], "excluded": True}).status == 200
    assert table.read_text() == "\n".join(["path", *sorted(names)]) + "\n"
    table.write_text(f"path,why\n{names[0]},blurred\n")
    answer = browser.post("/api/files/pose/exclude", {"names": names[:1], "excluded": False})
    assert answer.status == 400 and "has further columns" in answer.json()["error"]
