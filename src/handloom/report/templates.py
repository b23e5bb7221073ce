"""The templates of pages: text that is put into them is text, whatever it holds."""

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(page: str) -> Template:
    """The template of a page by the name of its file, such as "report.html"."""
    environment = Environment(
        loader=PackageLoader("handloom.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    return environment.get_template(f"{page}.jinja")
