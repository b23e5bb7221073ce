"""The addresses of the studio and what answers them; serving on loopback."""

import socket
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from handloom import __version__
from handloom.config import Kind, StreamValues, as_plain
from handloom.errors import HandloomError, printable
from handloom.studio import results
from handloom.studio.live import LARGEST_FRAME, LiveStream, model_of
from handloom.studio.project import StudioProject
from handloom.studio.project_files import ProjectFiles
from handloom.studio.questions import answering, body_of, number_of, one_line, question_of, stream_values_of, text_of
from handloom.studio.recording import check_size, receive, remove_remains_of_uploads
from handloom.studio.security import BROWSER_HEADER, LOOPBACK, REPORT_POLICY, Guard, OneBrowser
from handloom.studio.settings import save_stream_values
from handloom.studio.training import TrainingRuns, plain

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Studio:
    """Answers the page's requests about one project.

    Args:
        project: what is shown.
        browsers: which browser is the one.
    """

    def __init__(self, project: StudioProject, browsers: OneBrowser) -> None:
        self.project, self.browsers = project, browsers
        self.live = LiveStream()
        self.training = TrainingRuns(project)

    @answering
    async def page(self, request: Request) -> Response:
        """The page and its parts."""
        name = request.path_params.get("name", "studio.html")
        there = {path.name: path for path in files("handloom.studio").joinpath("page").iterdir()}
        if name not in there:
            return one_line(404, "no such part of the page")
        return Response(there[name].read_bytes(), media_type=_TYPES[name.rpartition(".")[2]])

    @answering
    async def hello(self, request: Request) -> Response:
        """Says that a browser is there; the guard has seen to it that it is the one."""
        return JSONResponse({"version": __version__, "project": printable(self.project.root.name)})

    @answering
    async def goodbye(self, request: Request) -> Response:
        """The browser's window is closed."""
        await run_in_threadpool(self.live.stop)  # first: the next window may begin a stream at once
        self.browsers.leave(request.headers.get(BROWSER_HEADER, ""))
        return JSONResponse({})

    @answering
    async def kinds(self, request: Request) -> Response:
        """The kinds of the project."""
        return JSONResponse({"kinds": await run_in_threadpool(self.project.kinds), "path": str(self.project.root)})

    @answering
    async def listing(self, request: Request) -> Response:
        """Photos or clips by class."""
        found = await run_in_threadpool(lambda: self._files(request).listing())
        classes = {label: [vars(one) for one in some] for label, some in found.classes.items()}
        return JSONResponse({"classes": classes, "notes": found.notes})

    @answering
    async def add_class(self, request: Request) -> Response:
        """A new class."""
        question = await question_of(request)
        place = await run_in_threadpool(self._files, request)
        folder = await run_in_threadpool(place.class_folder, text_of(question, "label"))
        return JSONResponse({"label": folder.name})

    @answering
    async def upload(self, request: Request) -> Response:
        """A photo or a clip; its bytes are the body of the request."""
        kind, query = await self._kind(request), request.query_params
        check_size(kind, int(request.headers.get("content-length") or 0))
        place = await run_in_threadpool(ProjectFiles, self.project, kind)
        received = await receive(
            place, query.get("label", ""), query.get("person", ""), query.get("name", ""), request.stream()
        )
        return JSONResponse(vars(received))

    @answering
    async def change(self, request: Request) -> Response:
        """Delete files, move them to another class, exclude them or take them back."""
        question = await question_of(request)
        names = question.get("names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return one_line(400, "names: a list of texts expected")
        place = await run_in_threadpool(self._files, request)
        match request.path_params["action"]:
            case "delete":
                await run_in_threadpool(place.delete, names)
            case "move":
                await run_in_threadpool(place.move, names, text_of(question, "label"))
            case "exclude":
                await run_in_threadpool(place.exclude, names, bool(question.get("excluded")))
            case _:
                return one_line(404, "no such action")
        return JSONResponse({})

    @answering
    async def small_picture(self, request: Request) -> Response:
        """A photo, or a clip's first frame, small; its address changes with the file."""
        picture = await run_in_threadpool(
            lambda: self._files(request).small_picture(request.query_params.get("name", ""))
        )
        return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})

    @answering
    async def begin_live(self, request: Request) -> Response:
        """Begin to look at the camera."""
        question = await question_of(request)
        settings = stream_values_of(question)
        kind = text_of(question, "kind") if question.get("kind") else None
        return JSONResponse(await run_in_threadpool(self._begin, kind, settings))

    @answering
    async def stream_values(self, request: Request) -> Response:
        """The values for streams that the project has of its own."""
        kind = await self._kind(request)
        parameters = await run_in_threadpool(self.project.parameters)
        return JSONResponse(as_plain(parameters.export_coreml.streams.of(kind)))

    @answering
    async def save_stream_values(self, request: Request) -> Response:
        """Save values for streams in the project."""
        values = stream_values_of(await question_of(request))
        await run_in_threadpool(save_stream_values, self.project, await self._kind(request), values)
        return JSONResponse(as_plain(values))

    @answering
    async def frame(self, request: Request) -> Response:
        """Look at a frame of the camera; a JPEG is the body of the request."""
        frame = await body_of(request, LARGEST_FRAME)
        return JSONResponse(await run_in_threadpool(self.live.add, frame, number_of(request, "time")))

    @answering
    async def end_live(self, request: Request) -> Response:
        """The camera is off."""
        await run_in_threadpool(self.live.stop)
        return JSONResponse({})

    @answering
    async def training_state(self, request: Request) -> Response:
        """How the training of a kind is going."""
        return JSONResponse(plain(await run_in_threadpool(self.training.state, await self._kind(request))))

    @answering
    async def start_training(self, request: Request) -> Response:
        """Train a kind."""
        await run_in_threadpool(self.training.start, await self._kind(request))
        return JSONResponse({})

    @answering
    async def stop_training(self, request: Request) -> Response:
        """Let the training pause."""
        await run_in_threadpool(self.training.stop)
        return JSONResponse({})

    @answering
    async def results(self, request: Request) -> Response:
        """Metrics, findings and exported files of a kind."""
        kind = await self._kind(request)
        said = await run_in_threadpool(
            lambda: {
                "metrics": results.metrics(self.project, kind),
                "report": results.report_time(self.project, kind),
                "findings": results.findings(self.project, kind),
                "exported": results.exported(self.project, kind),
            }
        )
        return JSONResponse(said)

    @answering
    async def check(self, request: Request) -> Response:
        """Look for wrong labels."""
        kind = await self._kind(request)
        return JSONResponse({"findings": await run_in_threadpool(results.check, self.project, kind)})

    @answering
    async def report(self, request: Request) -> Response:
        """The report of a kind."""
        path = results.report_file(self.project, await self._kind(request))
        policy = {"Content-Security-Policy": REPORT_POLICY}
        return Response(await run_in_threadpool(path.read_bytes), media_type="text/html", headers=policy)

    @answering
    async def download(self, request: Request) -> Response:
        """A file for an app."""
        name, content = await run_in_threadpool(
            results.download, self.project, await self._kind(request), request.path_params["name"]
        )
        saved = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="application/octet-stream", headers=saved)

    def routes(self) -> list[Route]:
        """All addresses."""

        def route(path: str, answer: Callable[[Request], Awaitable[Response]], method: str = "GET") -> Route:
            return Route(path, answer, methods=[method])

        return [
            route("/", self.page),
            route("/page/{name}", self.page),
            route("/api/hello", self.hello, "POST"),
            route("/api/goodbye", self.goodbye, "POST"),
            route("/api/kinds", self.kinds),
            route("/api/files/{kind}", self.listing),
            route("/api/files/{kind}/class", self.add_class, "POST"),
            route("/api/files/{kind}/upload", self.upload, "POST"),
            route("/api/files/{kind}/picture", self.small_picture),
            route("/api/files/{kind}/{action}", self.change, "POST"),
            route("/api/live/begin", self.begin_live, "POST"),
            route("/api/live/frame", self.frame, "POST"),
            route("/api/live/end", self.end_live, "POST"),
            route("/api/streams/{kind}", self.stream_values),
            route("/api/streams/{kind}", self.save_stream_values, "POST"),
            route("/api/training/{kind}", self.training_state),
            route("/api/training/{kind}/start", self.start_training, "POST"),
            route("/api/training/{kind}/stop", self.stop_training, "POST"),
            route("/api/results/{kind}", self.results),
            route("/api/results/{kind}/check", self.check, "POST"),
            route("/report/{kind}", self.report),
            route("/download/{kind}/{name}", self.download),
        ]

    async def _kind(self, request: Request) -> Kind:
        return await run_in_threadpool(self.project.kind, request.path_params["kind"])

    def _files(self, request: Request) -> ProjectFiles:
        return ProjectFiles(self.project, self.project.kind(request.path_params["kind"]))

    def _begin(self, asked: str | None, settings: StreamValues) -> dict[str, Any]:
        """Begin a stream of a kind; None: joints only."""
        extraction = self.project.parameters().extract_keypoints
        kind = None if asked is None else self.project.kind(asked)
        model = model_of(self.project.layout(kind)) if kind else None
        if kind and model is None:
            raise HandloomError(f"no trained {kind} model yet; train one first")
        said = self.live.start(extraction, kind, model, settings)
        return said | ({} if model is None else {"model": model.relative_to(self.project.root).as_posix()})


def make_app(project: StudioProject, port: int, token: str) -> ASGIApp:
    """The server's application, behind its guard.

    Args:
        project: what is shown.
        port: on which it will be served.
        token: what a browser has to show.
    """
    browsers = OneBrowser()
    return Guard(Starlette(routes=Studio(project, browsers).routes()), port, token, browsers)


def listening(port: int) -> socket.socket:
    """A socket on loopback.

    Args:
        port: 0 takes a free one.

    Raises:
        HandloomError: another program listens there.
    """
    # asyncio sends at once (TCP_NODELAY) where the protocol is named only; else each answer waits 40 ms for the
    # browser's delayed acknowledgement of its head.
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((LOOPBACK, port))
        opened.listen()  # who opens the address before the server is ready waits
    except OSError as error:
        opened.close()
        raise HandloomError(f"--port {port}: cannot be used ({error.strerror}); name another one") from None
    return opened


def serve(project: StudioProject, opened: socket.socket, token: str) -> None:
    """Serve until Ctrl-C.

    Args:
        project: what is shown.
        opened: see `listening`.
        token: see `make_app`.
    """
    remove_remains_of_uploads(project)
    app = make_app(project, opened.getsockname()[1], token)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[opened])
