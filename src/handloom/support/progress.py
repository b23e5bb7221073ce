"""Progress bars on stderr, with callbacks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tqdm import tqdm

Listener = Callable[[str, int, int], None]  # what is done, how many items of it, of how many

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` for every step of every bar inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class ProgressBar(tqdm):  # type: ignore[type-arg]  # only the class in the stubs takes a type
    """A bar on stderr.

    Args:
        text: what is done.
        total: how many items.
        unit: what an item is called.
    """

    def __init__(self, text: str, total: int, unit: str, **options: Any) -> None:
        interval = 0.1 if sys.stderr.isatty() else 10.0  # seconds; a log need not hold every step
        super().__init__(total=total, desc=text, unit=unit, file=sys.stderr, mininterval=interval, **options)
        self.text = text

    def update(self, n: float | None = 1) -> bool | None:
        """Count items, and call the listeners."""
        shown = super().update(n)
        if listener := _listener.get():
            listener(self.text, int(self.n), int(self.total or 0))
        return shown
