"""The project that the studio shows: its folder, its parameters, which kinds it trains and from which folders."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from handloom.config import KINDS, Kind, LabeledDirectories, Parameters, parameters_from
from handloom.config.data import read_from
from handloom.errors import HandloomError
from handloom.stages.layout import Layout
from handloom.support.workspace import Workspace
from handloom.support.yaml_files import read_yaml

STAGES = "dvc.yaml"
# What the studio keeps apart from the pipeline's own files.
_OWN = ".handloom/studio"


@dataclass(frozen=True)
class StudioProject:
    """A project.

    Attributes:
        root: its folder, absolute.
        changes: is held while its settings or its files are changed; requests are answered in several threads.
    """

    root: Path
    changes: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def workspace(self) -> Workspace:
        """Where its caches and its trainings in progress lie."""
        return Workspace.here(self.root)

    @property
    def own_folder(self) -> Path:
        """Where the studio keeps logs and locks; git ignores it."""
        return self.root / _OWN

    def layout(self, kind: Kind) -> Layout:
        """Where the artefacts of a kind lie."""
        return Layout.project(kind, self.root)

    def parameters(self) -> Parameters:
        """All parameters, read again each time: a person may have changed them.

        Raises:
            ConfigurationError: they cannot be used.
        """
        return parameters_from(read_yaml(self.root / "params.yaml"))

    def kinds(self) -> list[Kind]:
        """The kinds that it has a training stage of.

        Raises:
            HandloomError: `dvc.yaml` is missing or cannot be read.
        """
        stages = read_yaml(self.root / STAGES)
        named = stages.get("stages") if isinstance(stages, dict) else None
        found = [kind for kind in KINDS if isinstance(named, dict) and f"train_{kind}" in named]
        if not found:
            raise HandloomError(f"{self.root / STAGES}: no stage train_pose or train_action; write the file again")
        return found

    def kind(self, text: str) -> Kind:
        """A kind by its name.

        Raises:
            HandloomError: this project does not train it.
        """
        kinds = self.kinds()
        for kind in kinds:
            if kind == text:
                return kind
        raise HandloomError(f"this project trains no {text[:20]} model; it trains {' and '.join(kinds)}")

    def source(self, kind: Kind) -> LabeledDirectories:
        """The folders that a kind is trained on, with paths that begin at the root of the file system.

        Raises:
            HandloomError: the kind is trained on something else than a folder for each class.
        """
        source = getattr(self.parameters().data, kind)
        if not isinstance(source, LabeledDirectories) or source.parts_in_folders:
            raise HandloomError(
                f"data.{kind} reads {source.kind}; the studio records into folders of classes: set data/{kind} to"
                " labeled_directories in conf/config.yaml"
            )
        found = read_from(self.root, source)
        assert isinstance(found, LabeledDirectories)  # it keeps the type
        Path(found.path).mkdir(parents=True, exist_ok=True)  # git keeps no empty folder
        return found
