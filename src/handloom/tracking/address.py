"""The address of the MLflow store: how MLflow takes it, and what of it may be seen.

`MLFLOW_TRACKING_URI` says where the store is, else it is a file of the workspace. A relative path counts from
`Workspace.anchor`, because DVC runs experiments in temporary copies. A password is never shown and never stands in an
address that MLflow could print.
"""

import os
import re
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from handloom.support.sqlite_address import DRIVER, sqlite_address
from handloom.support.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy import URL

VARIABLE = "MLFLOW_TRACKING_URI"
SERVER = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
HIDDEN = "***"
_PLAIN = "sqlite:///"
_NO_PATHS = ("databricks", "databricks-uc", "uc")  # MLflow has words for these services
_SECRET = re.compile(r"pass|pwd|secret|token|key|auth|credential", re.IGNORECASE)  # in names of options
_LOGIN = re.compile(r"(?<=://)[^/\s'\"]*@")


@dataclass(frozen=True)
class Address:
    """Where the store is.

    Attributes:
        uri: as MLflow takes it; paths are absolute. A server's has no login.
        shown: for messages and for files that stay; without user, password and options.
        is_own: whether it is that of the workspace, because no other is given.
        file: the sqlite file; None for everything else.
        options: of a sqlite file that is opened as ``file:...?options``; else empty.
        login: user and password of a server.
        secrets: texts that must not be shown.
        problem: why it cannot be an address; empty if it can.
    """

    uri: str
    shown: str
    is_own: bool = False
    file: Path | None = None
    options: str = ""
    login: tuple[str, str] | None = None
    secrets: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_server(self) -> bool:
        """Whether it is that of an MLflow server."""
        return self.uri.startswith(tuple(f"{scheme}://" for scheme in SERVER))

    @property
    def is_database(self) -> bool:
        """Whether it is that of a database, which MLflow uses without a server."""
        return self.uri.partition(":")[0].partition("+")[0] in DATABASES

    @property
    def is_on_this_computer(self) -> bool:
        """Whether what is sent there stays on this computer: a file, or a server on the loopback interface."""
        if self.file or self.uri.startswith("file:"):
            return True
        machine = urlsplit(self.uri).hostname if not self.problem else None
        if machine is None:
            return False
        try:
            return ip_address(machine).is_loopback
        except ValueError:
            return machine == "localhost" or machine.endswith(".localhost")

    def hide(self, text: str) -> str:
        """A text, of a library say, without the secrets of this address and without the login of any other."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return without_logins(text)


def store_address(workspace: Workspace) -> Address:
    """The address that holds now for work in a workspace."""
    given = os.environ.get(VARIABLE)
    return _parsed(given, workspace.anchor) if given else _own(workspace.store)


def same_store(one: str, other: str) -> bool:
    """Whether two shown addresses are of one store: a workspace's own is shown as a path."""
    return one.removeprefix(_PLAIN) == other.removeprefix(_PLAIN)


def without_logins(text: str) -> str:
    """A text in which addresses have neither user nor password."""
    return _LOGIN.sub("", text)


@cache
def _own(file: Path) -> Address:
    return Address(sqlite_address(file), str(file), is_own=True, file=file)


@cache
def _parsed(given: str, folder: Path) -> Address:
    shown, secrets = _shown(given), _secrets(given)
    try:
        parts = urlsplit(given)
        if parts.scheme in SERVER:
            if not (parts.hostname and parts.port != 0):
                raise ValueError
            login = (unquote(parts.username or ""), unquote(parts.password or ""))
            if not all(login):  # MLflow passes on none without a password; requests does
                return Address(parts.geturl(), shown, secrets=secrets)
            uri = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
            return Address(uri, shown, login=login, secrets=secrets)
    except ValueError:
        return Address(given, shown, secrets=secrets, problem="it names no host")
    if given in _NO_PATHS:
        return Address(given, given)
    if parts.scheme in ("", "file"):
        if parts.netloc not in ("", "."):
            return Address(given, shown)
        path = unquote(parts.path) if parts.scheme else given
        return Address((folder / path.lstrip("/" if parts.netloc else "")).resolve().as_uri(), shown)
    kind, *drivers = parts.scheme.split("+")
    if kind in DATABASES and (len(drivers) > 1 or _url(given) is None):
        return Address(given, shown, secrets=secrets, problem="it is no address of a database")
    return _sqlite(given, folder) if kind == "sqlite" else Address(given, shown, secrets=secrets)


def _url(given: str) -> "URL | None":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(given)
    except (ArgumentError, ValueError):
        return None


def _sqlite(given: str, folder: Path) -> Address:
    url = _url(given)
    assert url is not None
    stray = next((one for one in given.partition("?")[2].split("&") if one and "=" not in one), None)
    if stray is not None:
        return Address(given, given, problem="write a ? that belongs to the path as %3F")
    if url.host or url.username:
        return Address(given, given, problem=f"a path begins after the third slash: {_PLAIN}{url.host or ''}...")
    database = url.database or ""
    if database.startswith("file:"):
        return _sqlite_uri(given, url, folder)
    if database in ("", ":memory:"):
        return Address(given, given, problem="a store in memory is lost when a stage ends")
    file = folder / database
    return Address(sqlite_address(file), f"{_PLAIN}{file}", file=file)


def _sqlite_uri(given: str, url: "URL", folder: Path) -> Address:
    """The address of a file that sqlite itself is to open by an address, with options (https://sqlite.org/uri.html)."""
    from sqlalchemy import URL

    path, _, own_options = (url.database or "").removeprefix("file:").partition("?")
    options = dict(parse_qsl(own_options)) | {name: str(value) for name, value in url.query.items() if name != "uri"}
    if path == ":memory:" or options.get("mode") == "memory":
        return Address(given, given, problem="a store in memory is lost when a stage ends")
    if path.startswith("//"):  # a machine, which has to be this one
        path = path.removeprefix("//").removeprefix("localhost")
    file = folder / unquote(path)
    opened = URL.create(DRIVER, database=f"file:{quote(str(file))}", query={**options, "uri": "true"})
    shown = f"{_PLAIN}{file}"
    return Address(opened.render_as_string(), shown, file=file, options=urlencode(options) or "mode=rwc")


def _shown(given: str) -> str:
    scheme, separator, rest = given.partition("://")
    if not separator:
        return given.rpartition("@")[2]
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        rest = f"{authority.rpartition('@')[2]}{slash}{path}"
    elif ":" in authority and "@" in path:  # a password with a slash that is not escaped
        rest = rest.rpartition("@")[2]
    return f"{scheme}{separator}{rest.partition('?')[0]}"


def _secrets(given: str) -> tuple[str, ...]:
    rest = given.partition("://")[2] or given
    login = rest.rpartition("@")[0]
    user, _, password = login.partition(":")
    options = rest.partition("?")[2]
    found = [login, password, unquote(password), *([] if password else [user, unquote(user)])]
    found += [value for name, value in parse_qsl(options) if _SECRET.search(name)]
    return tuple(dict.fromkeys(one for one in found if len(one) > 2))  # a shorter one would be found in any text
