"""Who may ask the studio: the real application, asked with requests that a hostile page or program would send."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from asgi_client import ADDRESS, COOKIE, PORT, TOKEN, Browser

from handloom.studio.project import StudioProject
from handloom.studio.security import LEASE, OneBrowser

HOSTILE: dict[str, dict[str, str | None]] = {
    "another host": {"host": f"rebound.example:{PORT}"},
    "another port": {"host": "127.0.0.1:80"},
    "no host": {"host": None},
    "another origin": {"origin": "http://evil.example"},
    "another page of this computer": {"origin": "http://127.0.0.1:3000"},
    "an origin that begins alike": {"origin": f"{ADDRESS}.evil.example"},
    "the origin of a file": {"origin": "null"},
    "no origin": {"origin": None},
    "a request across sites": {"sec_fetch_site": "cross-site"},
    "a page of another port": {"sec_fetch_site": "same-site"},
    "no token": {"cookie": None},
    "another token": {"cookie": f"{COOKIE}x"},
    "an empty token": {"cookie": COOKIE.removesuffix(TOKEN)},
}
READS = ("/", "/page/studio.js", "/api/kinds", "/api/files/pose", "/report/pose", "/download/pose/README.md")


@pytest.mark.parametrize("headers", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_request_changes_nothing_and_reads_nothing(
    headers: dict[str, str | None], project: StudioProject, browser: Browser
) -> None:
    hostile = Browser(browser.app, "first", **headers)
    refused = [hostile.post("/api/files/pose/class", {"label": "five"}), hostile.post("/api/training/pose/start")]
    if headers != {"origin": None}:  # browsers name none when they read
        refused += [hostile.get(path) for path in READS if path != "/" or "sec_fetch_site" not in headers]
    assert {answer.status for answer in refused} == {403}
    assert all(answer.json().keys() == {"error"} for answer in refused)
    assert list((project.root / "data/photos").iterdir()) == []
    assert not (project.root / ".handloom").exists()


def test_the_printed_address_gives_the_cookie_and_the_page_asks_for_nothing_from_elsewhere(browser: Browser) -> None:
    new = Browser(browser.app, cookie=None, origin=None, sec_fetch_site="none")
    assert new.get("/").status == new.get("/?token=wrong").status == new.get(f"/api/kinds?token={TOKEN}").status == 403
    answer = new.get(f"/?token={TOKEN}")
    assert answer.status == 200 and b"://" not in answer.body
    assert answer.headers["set-cookie"] == f"{COOKIE}; HttpOnly; SameSite=Strict; Path=/"
    # from the file that opens the browser
    assert (
        Browser(browser.app, cookie=None, origin=None, sec_fetch_site="cross-site").get(f"/?token={TOKEN}").status
        == 200
    )
    for path in ("/", "/page/studio.js", "/page/studio.css", "/api/kinds"):
        answer = browser.get(path)
        assert answer.status == 200 and "set-cookie" not in answer.headers
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';") and "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_there_is_no_way_out_of_the_page_or_the_project(project: StudioProject, browser: Browser) -> None:
    secret = project.root.parent / "secret.jpg"
    secret.write_bytes(b"secret")
    (project.root / "data/photos/five").mkdir()
    (project.root / "data/photos/five/link.jpg").symlink_to(secret)
    for path in ("/page/../server.py", "/page/%2e%2e%2fserver.py", "/download/pose/..", "/report/..", "/etc/passwd"):
        assert browser.get(path).status in (400, 404), path
    for name in ("../secret.jpg", "five/../../../../secret.jpg", str(secret), "five/link.jpg", "five", "a\0b", ""):
        assert browser.get(f"/api/files/pose/picture?name={quote(name)}").status == 400, name
        for action in ("delete", "exclude", "move"):
            asked = {"names": [name], "label": "one", "excluded": True}
            assert browser.post(f"/api/files/pose/{action}", asked).status == 400, name
    for label in ("../out", "..", ".hidden", "a/b", "a\\b", "<b>bold", "", "x" * 300, "a\nb"):
        assert browser.post("/api/files/pose/class", {"label": label}).status == 400, label
        assert browser.post(f"/api/files/pose/upload?label={quote(label)}&name=a.jpg", chunks=[b"x"]).status == 400, (
            label
        )
    assert secret.read_bytes() == b"secret"
    assert [path.name for path in (project.root / "data/photos").iterdir()] == ["five"]


def test_a_large_upload_is_refused_before_and_while_it_arrives(
    project: StudioProject, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1_000_000)

    address = "/api/files/pose/upload?label=five&name=a.jpg"
    announced = browser.post(address, chunks=endless(), content_length="10000000000")
    assert (announced.status, announced.read) == (413, 0)
    monkeypatch.setattr("handloom.studio.recording.LARGEST", {"pose": 5_000_000})
    silent = browser.post(address, chunks=endless())
    assert (silent.status, silent.read) == (413, 6)
    assert "5 MB" in silent.json()["error"] and silent.headers["connection"] == "close"
    assert browser.post("/api/live/frame?time=0", chunks=endless()).status == 413
    assert browser.post("/api/files/pose/class", chunks=endless()).status == 413
    assert list((project.root / "data/photos/five").iterdir()) == []


def test_one_window_at_a_time_works_with_the_studio(browser: Browser) -> None:
    second = Browser(browser.app, "second")
    assert browser.post("/api/hello").status == 200
    told = second.post("/api/hello")
    assert told.status == 409 and "another window" in told.json()["error"]
    assert second.post("/api/files/pose/class", {"label": "five"}).status == 409
    assert Browser(browser.app, x_studio_browser=None).post("/api/hello").status == 409
    assert browser.post("/api/goodbye").status == 200
    assert second.post("/api/hello").status == 200
    assert browser.post("/api/hello").status == 409


def test_a_window_that_was_lost_makes_place() -> None:
    now = 0.0
    one = OneBrowser(lambda: now)
    assert one.admits("first") and not one.admits("second")
    now = LEASE - 1
    assert one.admits("first")
    now = 2 * LEASE - 2
    assert not one.admits("second")
    now = 2 * LEASE - 1
    assert one.admits("second") and not one.admits("first")
