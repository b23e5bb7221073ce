"""How a model does in whole recordings: events, settings, and what is told of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from handloom.config import StreamValues
from handloom.errors import DataError, printable
from handloom.evaluation.events import Events, shrec_measures
from handloom.models.checkpoint import load_model
from handloom.models.model import StreamSettings, usual_stream_settings
from handloom.prediction.annotated_streams import read_streams
from handloom.prediction.ready_model import ReadyModel
from handloom.prediction.stream_settings import (
    Asked,
    Stream,
    ask,
    can_show,
    choose_settings,
    events_of,
    highest_likely_rate,
    replay,
    stride_to_choose_with,
)

FEWEST_GESTURES = 10  # in the validation set
NOT_STORED = "no stream settings are stored"


@dataclass(frozen=True)
class MeasuredStreams:
    """What a model reports in recordings.

    Attributes:
        recordings: how many.
        settings: when a gesture counted.
        events: what was found, missed, doubled and false.
        metrics: the numbers by name: `stream_hours`, those of `Events.metrics`, and SHREC's where a gesture was made.
    """

    recordings: int
    settings: StreamSettings
    events: Events
    metrics: dict[str, float]

    @property
    def per_class(self) -> list[dict[str, str | int]]:
        """A row for each class that was made or reported: how many were made, found, doubled and false."""
        found = Counter(one.made.label for one in self.events.found)
        missed, doubled, false = (
            Counter(one.label for one in some) for some in (self.events.missed, self.events.doubled, self.events.false)
        )
        return [
            {
                "label": label,
                "made": found[label] + missed[label],
                "found": found[label],
                "missed": missed[label],
                "doubled": doubled[label],
                "false": false[label],
            }
            for label in sorted(found | missed | doubled | false)
        ]


def measured(asked: Sequence[Asked], settings: StreamSettings, background_label: str) -> MeasuredStreams:
    """What comes of a model's answers with these settings."""
    events = events_of(asked, settings, background_label)
    metrics = {"stream_hours": events.seconds / 3600} | events.metrics()
    if events.made:
        measures = shrec_measures(
            (one.made, [answer.interval for answer in replay(one, settings, background_label)]) for one in asked
        )
        metrics |= {f"shrec_{name}": value for name, value in asdict(measures).items()}
    return MeasuredStreams(len(asked), settings, events, metrics)


def measure_streams(model: Path, table: Path, values: StreamValues | None = None) -> MeasuredStreams | None:
    """What a trained model reports in the recordings of the test set; None where there is none.

    Args:
        model: the file of the trained model.
        table: whole recordings, see `handloom.prediction.stream_extraction`.
        values: what its exported files get in place of its own stream settings; None: nothing.

    Raises:
        DataError: a file is missing or damaged.
    """
    streams = read_streams(table, "test")
    if not streams:
        return None
    predictor = ReadyModel(load_model(model))
    settings = usual_stream_settings(predictor.model, values)
    return measured([ask(predictor, one, settings.stride) for one in streams], settings, predictor.background_label)


def choose(predictor: ReadyModel, streams: Sequence[Stream], false_per_hour: float, limit: str) -> MeasuredStreams:
    """The stream settings that are best in recordings, and what the model reports with them.

    Args:
        predictor: the model.
        streams: recordings, not those of the test set.
        false_per_hour: see `choose_settings`.
        limit: the parameter or option that sets it, to name in an error.

    Raises:
        DataError: they have fewer gestures than `FEWEST_GESTURES`, so settings would fit these few; or none is found.
    """
    made = sum(len(one.made) for one in streams)
    if made < FEWEST_GESTURES:
        raise DataError(f"{NOT_STORED}: the recordings have {made} gestures, {FEWEST_GESTURES} are needed to choose")
    stride, background = stride_to_choose_with(predictor.window), predictor.background_label
    asked = [ask(predictor, one, stride) for one in streams]
    settings = choose_settings(asked, background, false_per_hour, stride, predictor.model.thresholds)
    chosen = measured(asked, settings, background)
    if not chosen.events.found:
        labels = ", ".join(sorted({one.label for stream in streams for one in stream.made}))
        raise DataError(
            f"{NOT_STORED}: at {false_per_hour:g} false an hour none find any of the {made} gestures in the recordings;"
            f" allow more with {limit}, or check that the labels ({printable(labels)}) are classes of the model"
        )
    return chosen


def settings_for(model: Path, streams: Sequence[Stream], false_per_hour: float) -> tuple[StreamSettings | None, str]:
    """The settings that are best on the recordings of the validation set, and a line on them.

    With few gestures, or if none is found, there are none (`choose`). Without any recording the line is empty.

    Args:
        model: the file of the trained model.
        streams: recordings.
        false_per_hour: see `choose_settings`.
    """
    if not streams:
        return None, ""
    predictor = ReadyModel(load_model(model))
    try:
        chosen = choose(predictor, streams, false_per_hour, f"train_{predictor.kind}.false_events_per_hour")
    except DataError as error:
        return None, str(error)
    return chosen.settings, on_choice(chosen)


def on_choice(chosen: MeasuredStreams) -> str:
    """What was chosen on which streams, and whether they are long enough to show the rate that was asked for."""
    events, settings = chosen.events, chosen.settings
    false, hours = len(events.false) + len(events.doubled), events.seconds / 3600
    own = "".join(f", of {label} {threshold:g}" for label, threshold in settings.thresholds.items())
    text = (
        f"stream settings chosen on {hours:.2g} hours of recordings: threshold {settings.threshold:g}{own}, hold time"
        f" {settings.hold_time:g} s, cooldown {settings.cooldown:g} s, mean of {settings.mean}; {len(events.found)} of"
        f" {events.made} gestures found, {false} false or doubled"
    )
    limit, likely = settings.false_per_hour, highest_likely_rate(false, hours)
    if limit and likely > limit:
        text += f". The true rate may be up to {likely:.3g} false an hour, more than the {limit:g} that were asked for"
        if not can_show(limit, hours):
            text += (
                "; the recordings are too short to show these, so the rate that was seen in them counted: record"
                f" {highest_likely_rate(0, 1.0) / limit:.2g} hours"
            )
    return text
