"""Which model answers: the one that was named, or the project's own."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from handloom.config import KINDS, Kind
from handloom.errors import HandloomError
from handloom.models.folder import MODEL_FILE
from handloom.repository import main_repository

if TYPE_CHECKING:
    from handloom.prediction.predictor import Predictor

MEDIA: dict[Kind, str] = {"pose": "photos", "action": "videos"}


class Models:
    """The models that there are.

    Args:
        address: of the model that answers for everything, see `Predictor.open`; None: the project's, one a kind.
    """

    def __init__(self, address: str | None) -> None:
        from handloom.prediction.predictor import Predictor

        self._named = Predictor.open(address) if address else None
        self.of = cache(self._of)

    def kind_for(self, kinds: tuple[Kind, ...]) -> Kind | None:
        """As what a file is asked for that can be of these kinds; None if the model is not for it."""
        if self._named:
            return self._named.kind if self._named.kind in kinds else None
        return next((kind for kind in kinds if _own_model(kind)), kinds[0])

    @property
    def note(self) -> str:
        """What a person should know of the named model, a line; mostly empty."""
        return self._named.note if self._named else ""

    def refusal(self) -> str:
        """Why a file is not for the model."""
        kind = self._named.kind if self._named else KINDS[0]
        return f"the model is for {MEDIA[kind]}; give another one with --model"

    def _of(self, kind: Kind) -> "Predictor":
        from handloom.prediction.predictor import Predictor

        if self._named:
            return self._named
        path = _own_model(kind)
        if path is None:
            raise HandloomError(
                f"no model for {MEDIA[kind]}: models/{kind}/{MODEL_FILE} is not here; name one with --model"
            )
        return Predictor.open(path, kind)


def _own_model(kind: Kind) -> Path | None:
    inside = Path("models") / kind / MODEL_FILE
    return next((path for path in (inside, main_repository() / inside) if path.is_file()), None)
