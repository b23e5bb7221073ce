"""Who may ask the server: a browser on this computer that was given the token, one at a time.

A page of another origin must not reach the server through the person's browser. The host is checked against DNS
rebinding, the origin against forged requests, the token against other users and programs of this computer. See
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
PAGE_ADDRESS = "/"
BROWSER_HEADER = "X-Studio-Browser"
READS = ("GET", "HEAD")
OPENING_PAGE = "open_studio.html"
# Seconds without a request after which another browser may take over.
LEASE = 10.0
# Nothing from elsewhere: no script, style, font or picture, no frame around the page, no form.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:;"
    " connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A report is made of people's files, so it runs no script and asks for nothing.
REPORT_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"


class OneBrowser:
    """Lets one browser at a time work with the project.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._holder = ""
        self._until = 0.0

    def admits(self, browser: str) -> bool:
        """Whether this browser is, or becomes, the one; its time starts from here."""
        with self._lock:
            now = self._clock()
            if not browser or (self._holder not in ("", browser) and now < self._until):
                return False
            self._holder, self._until = browser, now + LEASE
            return True

    def leave(self, browser: str) -> None:
        """Make place for another browser, if this one is the one."""
        with self._lock:
            if browser == self._holder:
                self._holder = ""


class Guard:
    """Refuses requests before anything reads them, and sets the headers of every answer.

    Args:
        app: what answers.
        port: of the server.
        token: in the address that the terminal shows; a cookie from then on.
        browsers: which browser is the one.
    """

    def __init__(self, app: ASGIApp, port: int, token: str, browsers: OneBrowser) -> None:
        self.app, self._token, self._browsers = app, token, browsers
        self._hosts = {f"{LOOPBACK}:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        # Cookies are those of a host, whatever the port; another studio has another one.
        self.cookie = f"handloom_studio_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":  # no web sockets here
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._refusal(request)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(request, MutableHeaders(scope=message))
            await send(message)

        await (refused or self.app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> JSONResponse | None:
        headers = request.headers
        if headers.get("host", "") not in self._hosts:
            return refusal(
                403, f"this address is not the studio's; open the one that handloom studio printed ({LOOPBACK})"
            )
        origin, reads = headers.get("origin"), request.method in READS
        if (origin is not None or not reads) and origin not in self._origins:
            return refusal(403, "this request comes from another page; open the address that handloom studio printed")
        to_page = request.url.path == PAGE_ADDRESS and reads
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not to_page:
            return refusal(403, "this request comes from another page; open the address that handloom studio printed")
        given = request.cookies.get(self.cookie, "")
        if not self._is_token(given) and not (to_page and self._is_token(request.query_params.get("token", ""))):
            return refusal(403, "no token; open the address that handloom studio printed, with its token")
        if not reads and not self._browsers.admits(headers.get(BROWSER_HEADER, "")):
            return refusal(409, "another window works with this studio; close it, then try again here")
        return None

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._token.encode())

    def _add_headers(self, request: Request, headers: MutableHeaders) -> None:
        if request.url.path == PAGE_ADDRESS and self._is_token(request.query_params.get("token", "")):
            headers["Set-Cookie"] = f"{self.cookie}={self._token}; HttpOnly; SameSite=Strict; Path=/"
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"


@contextmanager
def opening_page(folder: Path, address: str) -> Iterator[Path]:
    """A file that leads a browser to an address with a token, and that this user alone can read; removed at the end.

    The command line of a program, such as the browser that is told what to open, can be read by all users. The file has
    no hidden name: browsers in a sandbox (snap) read none in hidden folders.

    Args:
        folder: where the file is written.
        address: with letters, digits and ``:/?=-_.`` alone.
    """
    path = folder / OPENING_PAGE
    path.unlink(missing_ok=True)  # of a server that was killed
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>handloom studio</title>'
            f'<meta http-equiv="refresh" content="0; url={address}"><a href="{address}">Open the studio</a></html>\n'
        )
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def refusal(status: int, text: str) -> JSONResponse:
    """An answer that says in one line why not."""
    return JSONResponse({"error": text}, status)
