"""Asks an ASGI application as a browser would, without a network and without a server."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

PORT, TOKEN = 8321, "the-token"
ADDRESS = f"http://127.0.0.1:{PORT}"
COOKIE = f"handloom_studio_{PORT}={TOKEN}"


class Answer:
    """What came back."""

    def __init__(self, messages: list[Message], read: int) -> None:
        self.status = int(messages[0]["status"])
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])
        self.read = read  # chunks of the request that were taken

    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """One window that has the cookie; headers can be taken away or replaced.

    Args:
        app: the application.
        name: of the window.
        headers: that differ; None leaves one out.
    """

    def __init__(self, app: ASGIApp, name: str = "first", **headers: str | None) -> None:
        usual: dict[str, str | None] = {
            "host": f"127.0.0.1:{PORT}",
            "origin": ADDRESS,
            "cookie": COOKIE,
            "x-studio-browser": name,
        }
        usual |= {"sec-fetch-site": "same-origin"}
        self.app = app
        changed = usual | {key.replace("_", "-"): value for key, value in headers.items()}
        self.headers = {key: value for key, value in changed.items() if value is not None}

    def get(self, address: str) -> Answer:
        return self._ask("GET", address, [])

    def post(self, address: str, body: Any = None, chunks: Iterable[bytes] | None = None, **more: str) -> Answer:
        sent = [json.dumps(body or {}).encode()] if chunks is None else chunks
        return self._ask("POST", address, sent, more)

    def _ask(self, method: str, address: str, chunks: Iterable[bytes], more: dict[str, str] | None = None) -> Answer:
        where = urlsplit(address)
        headers = self.headers | {key.replace("_", "-"): value for key, value in (more or {}).items()}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": where.path,
            "raw_path": where.path.encode(),
            "query_string": where.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", PORT),
        }
        waiting: Iterator[bytes] = iter(chunks)
        messages: list[Message] = []
        read = 0

        async def receive() -> Message:
            nonlocal read
            chunk = next(waiting, None)
            read += chunk is not None
            return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

        async def send(message: Message) -> None:
            messages.append(message)

        async def ask() -> None:
            await self.app(scope, receive, send)

        asyncio.run(ask())
        return Answer(messages, read)
