"""Checks and warnings before a training starts."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from handloom.config import Kind, Training
from handloom.dataset.examples import Examples
from handloom.errors import ConfigurationError, DataError, printable

# Fewer than these rarely give a model that does what it should for other people than those in the training set.
FEW_EXAMPLES = 50
FEW_OF_A_CLASS = 10
# A rise of the training loss that is told: this share of what had been gained over guessing, and at least so much.
# Augmentation and dropout alone move it by about 0.1 between two reports of 39 clips.
LOST_SHARE, LEAST_RISE = 0.25, 0.2
# What people call the class of no gesture, in small letters and in one word.
_NO_GESTURE = {
    *("background", "none", "nothing", "no", "null", "nogesture", "nohand", "nosign", "noaction", "nopose", "empty"),
    *("other", "others", "negative", "negatives", "unknown", "idle", "rest", "neutral", "nonegesture", "blank"),
}


def check_examples(
    kind: Kind, settings: Training, training: Examples, validation: Examples, classes: list[str]
) -> None:
    """Refuse examples that cannot be trained on.

    Args:
        kind: "pose" or "action".
        settings: its training section.
        training: the examples of the training set, also those without a hand.
        validation: those of the validation set.
        classes: the labels of the training set in order.

    Raises:
        DataError: a class has no hand to learn from, or is alone, or only validation has it; or a window is longer
            than every clip.
        ConfigurationError: early stopping has no validation set to go by.
    """
    found = count_found(training)
    for label in classes:
        if not found[label]:
            raise DataError(
                f"class {label!r}: no hand was found in any of its training examples; add pictures or remove it"
            )
    if len(classes) < 2:
        raise DataError(f"only the class {classes[0]!r} is in the training set; a classifier needs two")
    for label, name in zip(validation.labels.to_pylist(), validation.names.to_pylist(), strict=True):
        if label not in found:
            raise DataError(f"class {label!r}: only the validation set has it ({printable(name)}); add it to training")
    window, longest = settings.prediction_window_size, int(training.with_hand().lengths.max())
    if window > longest:
        raise DataError(
            f"train_{kind}.prediction_window_size is {window} frames, but the longest training clip has {longest};"
            f" set it to at most {longest}"
        )
    if settings.source_weights and settings.class_balance == "sampling":
        raise ConfigurationError(
            f"train_{kind}.source_weights: cannot be combined with class_balance=sampling; set"
            " class_balance to none or weights"
        )
    if settings.align_to and kind == "action":
        raise ConfigurationError("train_action.align_to: only photos can be aligned; set it to {}")
    if settings.early_stopping.needs_validation and not validation.hand_found.any():
        raise ConfigurationError(
            f"train_{kind}.early_stopping.patience: the validation set is empty, so there is no loss to watch; set it"
            f" to 0, or train_{kind}.early_stopping.monitor to training_loss, or split.validation so that there is one"
        )


def warning_of_few(found: Counter[str]) -> str | None:
    """One line where there are few examples with a hand, in all or of a class; None where there are enough."""
    few = []
    if found.total() < FEW_EXAMPLES:
        few.append(f"{found.total()} examples with a hand in all (at least {FEW_EXAMPLES} are advised)")
    rare = sorted(label for label, count in found.items() if count < FEW_OF_A_CLASS)
    if rare:
        named = ", ".join(f"{found[label]} of {label!r}" for label in rare[:3])
        others = f" and few of {len(rare) - 3} more classes" if len(rare) > 3 else ""
        few.append(f"{named}{others} (at least {FEW_OF_A_CLASS} of a class)")
    return f"little training data: {', '.join(few)}; expect a poor model" if few else None


def note_of_background(kind: Kind, settings: Training, classes: Sequence[str]) -> str | None:
    """One line where a class seems to be the background class, but is not named as such; None otherwise."""
    if settings.background_label in classes:
        return None
    likely = [label for label in classes if re.sub(r"[\s_-]", "", label.casefold()) in _NO_GESTURE]
    if not likely:
        return None
    return (
        f"the class {likely[0]!r} seems to be the background class, but train_{kind}.background_label is"
        f" {settings.background_label!r}; set it to {likely[0]!r}: then apps do not report it as a"
        " gesture, and its false activation rate is reported"
    )


def warning_of_rise(
    settings: Training, kind: Kind, classes: Sequence[str], history: Sequence[Mapping[str, float]]
) -> str | None:
    """One line where the training loss ends well above its lowest report, with the likely cause; None otherwise.

    Args:
        settings: the training section.
        kind: "pose" or "action".
        classes: the labels of the training set.
        history: the reports in order, with `iteration` and `loss`, the mean cross entropy in nats.
    """
    lowest, last = min(history, key=lambda row: row["loss"]), history[-1]
    gained = math.log(len(classes)) - lowest["loss"]
    if last["loss"] - lowest["loss"] <= max(LEAST_RISE, LOST_SHARE * gained):
        return None
    return (
        f"the training loss rose from {lowest['loss']:.2f} in iteration {lowest['iteration']:.0f} to"
        f" {last['loss']:.2f} in iteration {last['iteration']:.0f}; {_cause_of_steps(settings, kind)}"
    )


def count_found(training: Examples) -> Counter[str]:
    """The number of examples with a hand, by class."""
    return Counter(training.with_hand().labels.to_pylist())


def class_weights(found: Counter[str], classes: list[str]) -> list[float]:
    """Class weights: 1 over the number of examples, with mean 1."""
    inverse = [1 / found[label] for label in classes]
    return [weight * len(classes) / sum(inverse) for weight in inverse]


def likely_cause(settings: Training, kind: Kind, table: Path) -> str:
    """The likely cause of a loss or weights that are not finite, and what to do."""
    for row in pq.ParquetFile(table).iter_batches(columns=["path", "frame", "keypoints"]):
        numbers = row.column("keypoints").flatten().to_numpy(zero_copy_only=False).reshape(len(row), -1)
        for index in np.flatnonzero(~np.isfinite(numbers).all(axis=1))[:1]:
            name, frame = printable(row.column("path")[index].as_py()), row.column("frame")[index].as_py()
            return f"{table} has joints that are not finite ({name}, frame {frame}); correct them or leave them out"
    if settings.precision == "16-mixed":
        return f"train_{kind}.precision 16-mixed overflows easily; try bf16-mixed or 32-true"
    return _cause_of_steps(settings, kind)


def _cause_of_steps(settings: Training, kind: Kind) -> str:
    """Which parameter probably makes the steps too large, and what to do."""
    options = settings.optimizer
    if not options.gradient_clip:
        return f"lower train_{kind}.optimizer.lr ({options.lr:g}) or set train_{kind}.optimizer.gradient_clip above 0"
    return f"train_{kind}.optimizer.lr is too high ({options.lr:g}); lower it"
