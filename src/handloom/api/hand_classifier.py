"""What Create ML's two hand classifiers have in common, in snake case, on the pipeline's own functions."""

import html
import json
import warnings
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Self

from handloom import data_source
from handloom.api import parameters as api_parameters
from handloom.api.job import Job
from handloom.api.metrics import ClassifierMetrics
from handloom.api.parameters import ModelMetadata, TrainingSessionParameters
from handloom.api.progress import Checkpoint
from handloom.api.session import TrainingSession, make_session, restore_session
from handloom.config import ExportCoreML, ExtractKeypoints, Kind
from handloom.dataset.split import PartName
from handloom.errors import ConfigurationError, DataError, HandloomError, expect, printable
from handloom.models.files import MODEL_FILE, RUN_FILE
from handloom.stages.layout import Layout

if TYPE_CHECKING:
    from handloom.dataset.examples import Examples
    from handloom.models.checkpoint import TrainedModel
    from handloom.prediction.predictor import Predictor

Place = str | Path


class HandClassifier:
    """What both classifiers have; use `HandPoseClassifier` or `HandActionClassifier`.

    Args:
        checkpoint: what to build the classifier from: a session's checkpoint, or the `model.ckpt` of a training.
        training_data: what to train one on instead, now; the call returns when that is done.
        parameters: how to train it.

    Attributes:
        trained_model: the network with what it needs to know.
        model_parameters: how it was trained; None where only a file is known.

    Raises:
        ConfigurationError: a parameter cannot be used, or neither or both of the first two are given.
        DataError: the checkpoint or the training data cannot be used.
    """

    DataSource = data_source.DataSource
    ModelParameters = api_parameters.ModelParameters
    kind: ClassVar[Kind]

    trained_model: "TrainedModel"
    model_parameters: api_parameters.ModelParameters | None

    def __init__(
        self,
        checkpoint: Checkpoint | Place | None = None,
        *,
        training_data: data_source.DataSource | None = None,
        parameters: api_parameters.ModelParameters | None = None,
    ) -> None:
        if (checkpoint is None) == (training_data is None):
            raise ConfigurationError(f"{type(self).__name__}: give either a checkpoint or training_data")
        if training_data is not None:
            vars(self).update(vars(self.train(training_data, parameters).result()))
            return
        expect("checkpoint", checkpoint, Checkpoint, str, Path)
        path = checkpoint.path if isinstance(checkpoint, Checkpoint) else checkpoint
        assert path is not None
        self._adopt(Path(path), parameters, None)

    @classmethod
    def train(
        cls,
        training_data: data_source.DataSource,
        parameters: api_parameters.ModelParameters | None = None,
        session_parameters: TrainingSessionParameters | None = None,
    ) -> Job[Self]:
        """Train in a process of its own; the call returns at once.

        Args:
            training_data: labelled photos, videos or joints.
            parameters: how; None: handloom's defaults.
            session_parameters: where and how long; in a directory that holds a session, that one goes on.

        Raises:
            ConfigurationError: a parameter cannot be used.
            IncompatibleParametersError: the session directory holds a session with other parameters.
            ModifiedTrainingDataError: the same, with other training data.
        """
        return cls.resume(cls.make_training_session(training_data, parameters, session_parameters))

    @classmethod
    def make_training_session(
        cls,
        training_data: data_source.DataSource,
        parameters: api_parameters.ModelParameters | None = None,
        session_parameters: TrainingSessionParameters | None = None,
    ) -> TrainingSession[Self]:
        """Make a session without starting it; arguments and errors as for `train`."""
        if parameters is None:
            parameters = api_parameters.ModelParameters()
        if session_parameters is None:
            session_parameters = TrainingSessionParameters()
        session = make_session(cls, cls.kind, training_data, parameters, session_parameters)
        session.model_parameters = parameters
        return session

    @classmethod
    def resume(cls, session: TrainingSession[Self]) -> Job[Self]:
        """Start or resume a session. A resumed one ends in the same bits as one that never stopped."""
        expect("session", session, TrainingSession)
        if session.kind != cls.kind:
            raise HandloomError(
                f"session: it trains a hand {session.kind} classifier, not a hand {cls.kind} classifier"
            )
        return Job(session, cls._of_session)

    @classmethod
    def restore_training_session(cls, session_parameters: TrainingSessionParameters) -> TrainingSession[Self]:
        """Open the session in a directory; another process may have made it.

        Args:
            session_parameters: those that made it; `iterations` and `checkpoint_interval` may differ.

        Raises:
            HandloomError: there is no session, or it is the other classifier's.
            IncompatibleParametersError: `report_interval` differs.
        """
        return restore_session(cls, cls.kind, session_parameters)

    @property
    def classes(self) -> list[str]:
        """Labels, in the order of the model's probabilities."""
        return self.trained_model.spec.classes

    @cached_property
    def training_metrics(self) -> ClassifierMetrics:
        """Metrics on the training set."""
        return self._metrics_of_part("train")

    @cached_property
    def validation_metrics(self) -> ClassifierMetrics:
        """Metrics on the validation set; not valid if there was none."""
        return self._metrics_of_part("validation")

    def evaluation(self, *, on: data_source.DataSource) -> ClassifierMetrics:
        """Metrics on labelled examples that are not in the training set.

        Args:
            on: photos, videos or joints; files that cannot be read are reported in a warning and not counted.

        Raises:
            DataError: the source as a whole cannot be used, or none of its examples.
        """
        import pyarrow as pa

        from handloom import keypoint_table
        from handloom.config import Split, Validation
        from handloom.dataset.examples import read_examples
        from handloom.dataset.split import split_table

        expect("on", on, data_source.DataSource)
        rate = None if self.kind == "pose" else self.trained_model.spec.frame_rate
        rows = on.extract_keypoints(target_frame_rate=rate)
        if rows.empty:
            raise DataError("on: none of its examples can be used; the warning says why")
        with TemporaryDirectory() as folder:
            layout = Layout.in_folder(Path(folder))
            table, split = layout.keypoints, layout.split
            frame = pa.Table.from_pandas(rows.assign(part=""), keypoint_table.SCHEMA, preserve_index=False)
            keypoint_table.write(table, [frame], {"frame_rate": f"{rate or 30:g}"})
            split_table(table, Split(test_ratio=0.0, validation=Validation(strategy="none")), split)
            examples = read_examples(
                table, split, "train", left_hands=self.trained_model.spec.left_hands, folder=Path(folder)
            )
            return self._metrics(examples)

    @property
    def predictor(self) -> "Predictor":
        """The predictor of this classifier; for live use see `handloom.Recognizer`."""
        from handloom.prediction.predictor import Predictor

        return Predictor(self.trained_model)

    @property
    def model(self) -> Any:
        """The classifier as a `coremltools.models.MLModel`, an ML program; it predicts on a Mac only."""
        from handloom.export.convert import ml_program
        from handloom.export.interface import user_metadata

        return ml_program(self.trained_model, ExportCoreML(), user_metadata(self.trained_model))

    def write(self, to: Place, metadata: ModelMetadata | None = None) -> Path:
        """Write the model for an app, after checking the saved file on hard cases.

        Args:
            to: its ending says the format, see `export_coreml.formats`; a folder gets a `.mlmodel`, which is what
                Create ML writes.
            metadata: what it says of itself.

        Returns:
            The file.

        Raises:
            HandloomError: it cannot be written, or the saved file is not what was trained.
        """
        from handloom.api.write import write_model

        expect("to", to, str, Path)
        if metadata is None:
            metadata = ModelMetadata()
        return write_model(self.trained_model, Path(to), metadata, self._provenance())

    @classmethod
    def _of_session(cls, session: TrainingSession[Self]) -> Self:
        made = cls.__new__(cls)
        made._adopt(session.layout.model_file, session.model_parameters, session)
        return made

    def _adopt(
        self, path: Path, parameters: api_parameters.ModelParameters | None, session: TrainingSession[Any] | None
    ) -> None:
        from handloom.models.checkpoint import load_model

        self.trained_model = load_model(path)
        if self.trained_model.spec.kind != self.kind:
            found = self.trained_model.spec.kind
            raise DataError(f"{printable(str(path))}: a hand {found} classifier, not a hand {self.kind} classifier")
        self.model_parameters = parameters
        self._session, self._path = session, path

    def _provenance(self) -> Any:
        from handloom.models.provenance import read_provenance

        run_file = self._path.with_name(RUN_FILE)
        return read_provenance(run_file) if self._path.name == MODEL_FILE and run_file.exists() else None

    def _settings(self) -> ExtractKeypoints:
        """Joints are found as they were for the training, where that is known."""
        if self._session is not None:
            return self._session.parameters.extract_keypoints
        return replace(self.predictor.extraction, target_frame_rate=self.trained_model.spec.frame_rate)

    def _metrics_of_part(self, part: PartName) -> ClassifierMetrics:
        from handloom.dataset.examples import read_examples

        if self._session is None:
            return ClassifierMetrics(error="the classifier was built from a file; use evaluation(on=...)")
        layout = self._session.layout
        if not layout.keypoints.exists():
            return ClassifierMetrics(error="the session's folder is gone; use evaluation(on=...)")
        left_hands = self.trained_model.spec.left_hands
        examples = read_examples(layout.keypoints, layout.split, part, left_hands=left_hands)
        if not len(examples):
            return ClassifierMetrics(error=f"there was no {part} set")
        return self._metrics(examples)

    def _metrics(self, examples: "Examples") -> ClassifierMetrics:
        from handloom.config import Evaluate
        from handloom.evaluation.answers import answers_of, notes_on

        for note in notes_on(examples, self.classes):
            warnings.warn(note, stacklevel=3)
        return ClassifierMetrics.of(answers_of(self.trained_model, examples, Evaluate().window_stride), self.classes)

    def __repr__(self) -> str:
        trained = self.trained_model.spec
        window = (
            "" if trained.window == 1 else f", windows of {trained.window} frames at {trained.frame_rate:g} frames/s"
        )
        return f"{type(self).__name__}({len(self.classes)} classes: {', '.join(self.classes)}{window})"

    def _repr_html_(self) -> str:
        parameters = html.escape(json.dumps(dict(self.trained_model.training), indent=1, ensure_ascii=False))
        validation = self.validation_metrics._repr_html_() if self._session else ""
        details = f"<details><summary>parameters</summary><pre>{parameters}</pre></details>"
        return f"<p>{html.escape(repr(self))}</p>{validation}{details}"
