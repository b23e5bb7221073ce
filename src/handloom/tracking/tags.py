"""Names of a run's tags: plain ones for people; `handloom.` begins those by which our code finds runs and models."""

from collections.abc import Mapping

KIND = "kind"
DIRTY, CHANGES = "uncommitted changes", "changed files"  # whether files differed from the commit; which, a line each
FOLD = "fold"  # of a training of a cross-validation
GIVEN_UP_AT = "given up at iteration"  # of a trial that its search ended early
WARNING = "warning"
COMMIT = "mlflow.source.git.commit"  # MLflow's own tag

_BEFORE = {  # what runs that are in stores have
    "handloom.kind": KIND,
    "handloom.git.dirty": DIRTY,
    "handloom.git.changes": CHANGES,
    "handloom.fold": FOLD,
    "handloom.given_up_at": GIVEN_UP_AT,
    "handloom.warning": WARNING,
}


def present_names(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a run, also of one that an older handloom recorded, under their present names."""
    return {_BEFORE.get(name, name): value for name, value in tags.items()}
