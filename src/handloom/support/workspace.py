"""The folder for caches, trainings in progress, and the default tracking store."""

from dataclasses import dataclass
from pathlib import Path

from handloom.support.repository import anchor, main_repository, within_dvc

_HIDDEN = ".handloom"


@dataclass(frozen=True)
class Workspace:
    """A folder for work. It is made where a command, a stage script or the API begins, and passed on as an argument.

    Attributes:
        root: the folder, absolute.
        addresses_from: see `anchor`; None: `root`.
        project: the folder with the parameters and the code of this work: relative paths among the parameters count
            from it, and its commit is noted. `root` is another folder in the copies in which DVC runs experiments.
    """

    root: Path
    addresses_from: Path | None = None
    project: Path = Path()

    @classmethod
    def here(cls, project: Path | None = None) -> "Workspace":
        """The workspace of the DVC project around a folder (None: the working folder), see `main_repository`."""
        return cls(main_repository(project), anchor(project), project or Path())

    @classmethod
    def inside(cls, folder: Path, project: Path | None = None) -> "Workspace":
        """A folder of its own, such as a session's. Relative addresses of the tracking store count as in `here`."""
        return cls(folder.resolve(), anchor(project), project or Path())

    @classmethod
    def next_to(cls, out: Path) -> "Workspace":
        """The workspace for results in `out`: the DVC project's if there is one, else `inside` the folder."""
        return cls.here() if within_dvc() else cls.inside(out)

    @property
    def anchor(self) -> Path:
        """The folder from which a relative address of the tracking store counts."""
        return self.addresses_from or self.root

    @property
    def keypoint_cache(self) -> Path:
        """The sqlite file with the joints of all media that were read."""
        return self.root / _HIDDEN / "keypoints.sqlite"

    @property
    def training(self) -> Path:
        """The folder of trainings in progress, with their checkpoints."""
        return self.root / _HIDDEN / "training"

    @property
    def trained(self) -> Path:
        """The folder of trainings that have ended, kept until they are used."""
        return self.root / _HIDDEN / "trained"

    @property
    def runs(self) -> Path:
        """The folder that says which run of the tracking store a training had that has ended."""
        return self.root / _HIDDEN / "runs"

    @property
    def search(self) -> Path:
        """The folder of searches, with their study."""
        return self.root / _HIDDEN / "search"

    @property
    def cross_validation(self) -> Path:
        """The folder of cross-validations, with their finished folds."""
        return self.root / _HIDDEN / "cross_validation"

    @property
    def outbox(self) -> Path:
        """The folder of pending data for the tracking store."""
        return self.root / _HIDDEN / "outbox"

    @property
    def store(self) -> Path:
        """The file that is the tracking store where no address of one is given."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """The folder for the files of runs, where the tracking store is a database and no server keeps them."""
        return self.root / "mlruns"

    @property
    def dvc_cache(self) -> Path:
        """The folder in which DVC keeps the content of tracked files."""
        return self.root / ".dvc" / "cache"
