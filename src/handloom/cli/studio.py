"""`handloom studio`: a page to record, train and try a project's gestures."""

import secrets
import webbrowser
from pathlib import Path

import click

from handloom.cli.verb import PATH, POSE_OR_ACTION, verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE
from handloom.support.extras import needs_extra

PORT = 8321  # always the same: a browser remembers for each address that the camera may be used


@verb(
    examples="""
    handloom studio my_gestures
    handloom studio my_gestures --kind pose --port 8322
    """
)
@click.argument("project", type=PATH, metavar="[PROJECT]", default=Path(), help="a project; a new folder becomes one")
@click.option(
    "--kind", type=click.Choice(POSE_OR_ACTION), show_default="both", help="Of a new project: only photos, or videos."
)
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", default=PORT, help="The port; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def studio(project: Path, kind: str | None, port: int, no_browser: bool) -> int:
    """Record, train and try gestures in a browser.

    Serves a page to this computer alone until Ctrl-C: record photos and clips with the webcam, look through them, train
    the project's stages, try the model live, see the report. The files are the same as on the command line. Keep the
    printed address to yourself: who has it can use the page.
    """
    with needs_extra("the page"):
        from handloom.studio.project import StudioProject
        from handloom.studio.security import LOOPBACK, opening_page
        from handloom.studio.server import listening, serve

    if project.exists() and not project.is_dir():
        raise HandloomError(f"{printable(str(project))}: not a folder; name a project, or a new folder")
    if kind and (project / "dvc.yaml").exists():
        raise HandloomError("--kind: for a new project; this folder has one already")
    if not project.exists() or not any(project.iterdir()):
        from handloom.config import KINDS
        from handloom.project.new_project import make_project

        make_project(project, [one for one in KINDS if kind in (None, one)])
    opened = StudioProject(project.resolve())
    opened.kinds(), opened.parameters()
    socket, token = listening(port), secrets.token_urlsafe(24)
    address = f"http://{LOOPBACK}:{socket.getsockname()[1]}/?token={token}"
    print(f"{printable(str(project))}: open {address}\nCtrl-C ends it; a training goes on.", flush=True)
    if no_browser:
        serve(opened, socket, token)
        return DONE
    with opening_page(opened.root, address) as page:
        webbrowser.open(page.as_uri())
        serve(opened, socket, token)
    return DONE
