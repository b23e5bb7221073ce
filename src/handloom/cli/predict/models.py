"""Which model answers: the one that was named, or the project's own."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from handloom.cli.predict.media_files import Form, MediaFile
from handloom.config import Kind
from handloom.errors import HandloomError
from handloom.models.files import MODEL_FILE
from handloom.support.repository import main_repository

if TYPE_CHECKING:
    from handloom.prediction.predictor import Predictor

# What a classifier is for, the first that fits first: a video is for actions, else for the pose in each of its frames.
_USES: tuple[tuple[Kind, Form], ...] = (("action", "video"), ("pose", "photo"), ("pose", "video"))


class Asked(NamedTuple):
    """A file, the kind of model that it is put to, and as what it is read."""

    file: MediaFile
    kind: Kind
    form: Form


class Models:
    """The models that there are.

    Args:
        address: of the model that answers for everything, see `Predictor.open`; None: the project's, one a kind.
    """

    def __init__(self, address: str | None) -> None:
        from handloom.prediction.predictor import Predictor

        self._named = Predictor.open(address) if address else None
        self.of = cache(self._of)

    def use_of(self, file: MediaFile) -> Asked | None:
        """How a file is asked for; None if the model is not for it."""
        uses = [Asked(file, kind, form) for kind, form in _USES if form in file.forms]
        if self._named:
            return next((use for use in uses if use.kind == self._named.kind), None)
        return next((use for use in uses if _own_model(use.kind)), uses[0])

    @property
    def note(self) -> str:
        """What a person should know of the named model, a line; mostly empty."""
        return self._named.note if self._named else ""

    def _of(self, kind: Kind) -> "Predictor":
        from handloom.prediction.predictor import Predictor

        if self._named:
            return self._named
        path = _own_model(kind)
        if path is None:
            media = {"pose": "photos", "action": "videos"}[kind]
            raise HandloomError(f"no model for {media}: models/{kind}/{MODEL_FILE} is not here; name one with --model")
        return Predictor.open(path, kind)


def _own_model(kind: Kind) -> Path | None:
    inside = Path("models") / kind / MODEL_FILE
    return next((path for path in (inside, main_repository() / inside) if path.is_file()), None)
