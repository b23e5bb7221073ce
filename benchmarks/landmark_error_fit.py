"""Fitting `handloom.described.landmark_error` to hands whose joints are known and whose landmarks were found."""

import json
from typing import Any

import numpy as np

from handloom.described.landmark_error import NUMBERS, ErrorKind, Floats, LandmarkError, pose_features
from handloom.hand import JOINT_COUNT

# To begin with, a fifth of the hands counts as badly seen; then each is told by what it fits better.
_BADLY_AT_FIRST = 0.2
_ROUNDS = 30
# Ridges of the regressions, in hands: weak, for there are thousands.
_RIDGE, _SHARE_RIDGE = 3.0, 30.0
# Least variance of a number, palm lengths squared: half a pixel of a hand 100 pixels long.
_LEAST_VARIANCE = 2e-5


def fitted(space: Floats, error: Floats) -> LandmarkError:
    """Fit a mixture of two regressions by expectation and maximisation.

    Args:
        space: ``[N, 21, 3]``, right hands, turned as `upright` turns them, palm lengths.
        error: ``[N, 21, 2]``, of their landmarks, turned likewise.
    """
    features, errors = pose_features(space), error.reshape(len(error), NUMBERS)
    off = np.square(errors - features @ _solved(features, errors, _RIDGE)).mean(axis=1)
    badly = (off > np.quantile(off, 1 - _BADLY_AT_FIRST)).astype(float)
    for _ in range(_ROUNDS):
        share = _solved(features, badly, _SHARE_RIDGE)
        kinds = _kind(features, errors, 1 - badly), _kind(features, errors, badly)
        model = LandmarkError(kinds[0], kinds[1], share.astype(np.float32))
        chance = model.chance(features)
        well, bad = (_likelihood(features, errors, kind) for kind in kinds)
        badly = 1 / (1 + np.exp(np.clip(well - bad + np.log(1 - chance) - np.log(chance), -500, 500)))
    return _with_measured_size(model, features, errors)


def _kind(features: Floats, errors: Floats, weight: Floats) -> ErrorKind:
    root = np.sqrt(weight)[:, None]
    weights = _solved(features * root, errors * root, _RIDGE)
    left = (errors - features @ weights) * root
    covariance = left.T @ left / weight.sum() + _LEAST_VARIANCE * np.eye(NUMBERS)
    return ErrorKind(weights.astype(np.float32), np.linalg.cholesky(covariance).astype(np.float32))


def _likelihood(features: Floats, errors: Floats, kind: ErrorKind) -> Floats:
    """Logarithm of the density, but for a constant: ``[N]``."""
    factor = kind.factor.astype(np.float64)
    scaled = np.linalg.solve(factor, (errors - features @ kind.weights).T)
    return np.asarray(-0.5 * np.square(scaled).sum(axis=0) - np.log(np.diag(factor)).sum())


def _with_measured_size(model: LandmarkError, features: Floats, errors: Floats) -> LandmarkError:
    """With the badly seen so uncertain that the mean square of each joint's error is what was measured.

    A chance that is linear in the pose knows less of which hand is seen badly than the fit did; without this the errors
    would be too small by some per cent.
    """
    chance = model.chance(features)[:, None]
    well, badly = (np.square(features @ kind.weights) for kind in (model.well, model.badly))
    certain = ((1 - chance) * (well + np.square(model.well.factor).sum(axis=1)) + chance * badly).mean(axis=0)
    uncertain = chance.mean() * np.square(model.badly.factor).sum(axis=1)
    of_joint = [
        numbers.reshape(JOINT_COUNT, 2).sum(axis=1) for numbers in (np.square(errors).mean(axis=0), certain, uncertain)
    ]
    size = np.sqrt(((of_joint[0] - of_joint[1]) / of_joint[2]).clip(0.5, 4.0)).repeat(2)
    badly_seen = ErrorKind(model.badly.weights, (model.badly.factor * size[:, None]).astype(np.float32))
    return LandmarkError(model.well, badly_seen, model.share)


def _solved(features: Floats, values: Floats, ridge: float) -> Floats:
    """Ridge regression."""
    return np.asarray(np.linalg.solve(features.T @ features + ridge * np.eye(features.shape[1]), features.T @ values))


def as_json(model: LandmarkError) -> str:
    """Text of less than 50 kB, for `LandmarkError.from_json`; three digits are finer than the measurement."""
    content: dict[str, Any] = {"share": _rounded(model.share)}
    for name, kind in (("well", model.well), ("badly", model.badly)):
        triangle = [_rounded(row[: number + 1]) for number, row in enumerate(kind.factor)]
        content[name] = {"weights": _rounded(kind.weights), "factor": triangle}
    return json.dumps(content, separators=(",", ":")).replace("],[", "],\n[") + "\n"


def _rounded(numbers: Floats) -> Any:
    return np.round(numbers.astype(np.float64), 3).tolist()
