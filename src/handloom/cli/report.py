"""`handloom report`: the page that shows what the test set says of a project's model."""

from typing import TYPE_CHECKING

from handloom.cli.project import project_folder
from handloom.cli.verb import kind_argument, verb
from handloom.errors import printable
from handloom.support.console import DONE

if TYPE_CHECKING:
    from handloom.config import Kind


@verb(
    examples="""
    handloom report pose
    open reports/pose/report.html
    """
)
@kind_argument("pose or action")
def report(kind: "Kind") -> int:
    """Write the report of a model on the test set.

    The stage evaluate writes it too, as report.html. The page has the numbers with their intervals, learning curves,
    the confusion table, and the mistakes as pictures. It is one file that needs no network. Its path is printed.
    """
    project = project_folder()

    from handloom.stages.compose import project_parameters
    from handloom.stages.layout import Layout, as_seen_from_here
    from handloom.stages.run import report
    from handloom.support.workspace import Workspace

    here = as_seen_from_here(project)
    page = report(project_parameters(here, []), kind, Layout.project(kind, here), Workspace.here(here))
    print(printable(str(page)))
    return DONE
