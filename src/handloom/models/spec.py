"""What a trained model is, apart from its weights: all that its use needs, in a form that is kept readable."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic.dataclasses import dataclass

from handloom.config import Kind, Model, Training, section_from
from handloom.config.fields import STRICT, Text

FORMAT: Literal[1] = 1
LONGEST_WINDOW = 100_000  # frames, an hour at 30 frames/s; larger numbers are damage


@dataclass(frozen=True, config=STRICT)
class ModelSpec:
    """A model's own description, which travels in its checkpoint.

    Attributes:
        kind: "pose" or "action".
        classes: labels, in the order of the network's outputs.
        window: frames a prediction sees; 1 for "pose".
        frame_rate: frames/s it was trained at.
        model: the network's sizes.
        background_label: the class of no gesture; it need not be among `classes`.
        left_hands: whether they are mirrored before a prediction.
        landmarks: library, version and model file that found the joints; empty where that is not known.
        format: of this description. A field that is added gets a default that says what models before it were; anything
            else needs another number, and `spec_of` has to read the old ones.
    """

    kind: Kind
    classes: Annotated[list[Text], Field(min_length=1)]
    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    frame_rate: Annotated[float, Field(gt=0, le=240)]
    model: Model
    background_label: str = Training.background_label
    left_hands: Literal["as_they_are", "mirrored"] = "as_they_are"
    landmarks: str = ""
    format: Literal[1] = FORMAT

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two of its classes have the same name")
        if self.kind == "pose" and self.window != 1:
            raise ValueError(f"a pose is one frame, its window is {self.window}")


def spec_of(content: Mapping[str, Any]) -> ModelSpec:
    """The description in a checkpoint's content; of one without, from the parameters that it was trained with.

    Raises:
        ValueError: it describes no model.
        KeyError: something is missing.
        TypeError: it holds something else.
    """
    if "spec" in content:
        found = content["spec"]
        if isinstance(found, Mapping) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise ValueError("a newer version of handloom wrote it; install that one")
        return _checked(found)
    settings = content["hyper_parameters"]
    for name in ("kind", "classes", "frame_rate", "training"):
        if name not in settings:
            raise ValueError(f"its hyper_parameters have no {name}, so handloom did not train it")
    training = settings["training"]
    kept = {name: training[name] for name in ("background_label", "left_hands") if name in training}
    known = {
        "kind": settings["kind"],
        "classes": settings["classes"],
        "window": training["prediction_window_size"],
        "frame_rate": settings["frame_rate"],
        "model": training["model"],
    }
    return _checked(known | kept)


def _checked(content: Mapping[str, Any]) -> ModelSpec:
    try:
        return section_from(ModelSpec, content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(": ".join([*map(str, first["loc"][-1:]), first["msg"]])) from None
