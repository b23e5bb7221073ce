"""Gestures in streams: what a recogniser finds, when, and what it sees where nothing was meant.

    python benchmarks/streams.py drawn
        Drawn hours of the sample's actions: gestures, idle hands, hands that come and go; other people than in training
    python benchmarks/streams.py sfinge3d KEYPOINTS.parquet [BLOCK ...]
        SFINGE 3D: each of its four blocks held out in turn; its clips, in random order, joined by idle hands

A joint stream: the hand of one clip moves to the pose in which the next clip begins, with a tremor, in 1 to 3 seconds.
Of the other three blocks one chooses threshold, hold time and cooldown for a model of the other two, for at most so
many false answers an hour; with these settings a model of all three is measured. A training has clips, and windows of
streams: those without a gesture as `background`, and those that show most of a gesture in the midst of other motion.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accuracy import extracted, parameters

from handloom import keypoint_table
from handloom.config import LabeledKeypointsDataFrame
from handloom.described.cameras import Cameras
from handloom.described.gestures import Gesture, Range
from handloom.described.joint_sets import joint_clip
from handloom.described.landmark_error import measured_error
from handloom.described.people import Generator, Person, generator_for, make_people
from handloom.described.reading import load_gestures
from handloom.evaluation.events import Interval
from handloom.hand import Poses
from handloom.keypoint_table import SCHEMA, poses_to_column
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.models.model import GestureTimes, StreamSettings, usual_gesture_times
from handloom.prediction.measured_streams import measured
from handloom.prediction.predictor import Predictor
from handloom.prediction.stream_settings import Asked, Stream, ask, choose_settings
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

JOINED_PER_BLOCK = 3  # streams, each of all clips of the block
CONTEXT = 0.2  # of a window of background may show a gesture
COVERED = 0.7  # of a gesture, or of the window, where a longer gesture is shown, a window of it shows at least
Clip = tuple[str, Poses]


@dataclass(frozen=True)
class Setting:
    """How is trained and chosen.

    Attributes:
        rate: of the joints, frames/s.
        window, stride: frames of a window and between two windows.
        iterations: of the training.
        shown, idle: windows of a gesture, and of background, that are trained on for each gesture of a stream.
        limits: of false answers an hour.
    """

    rate: float
    window: int
    stride: int
    iterations: int
    shown: int
    idle: int
    limits: tuple[float, ...]


ACTIONS, BACKGROUND = Path("data/sample/gestures/action"), "background"
CAMERAS = Cameras(Range(1.0, 1.2), Range(2.0, 40.0), Range(0.75, 0.75))
CLIPS_PER_CLASS, STREAMS, STREAM_SECONDS = 60, 20, 300.0  # to train on
DRAWN_PARTS = {"validation": (2, 4), "held out": (6, 2)}  # seed of people, hours; people 3 to 5 were read before
ACROSS = 0.15  # of the width: further to a side, an idle hand goes down and comes up again, or it makes a swipe
OUTSIDE = 0.8  # of the picture's height, for a hand that leaves
SFINGE3D = Setting(20.0, 30, 2, 16, 2, 1, (40.0,))  # 40 an hour is about 0.05 a gesture
DRAWN = Setting(30.0, 45, 3, 30, 1, 3, (1.0,))


def sfinge3d(table: str, *chosen: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        extracted(sfinge3d_source(table), "action", SFINGE3D.rate, folder)
        blocks = clips_of(folder / "keypoints.parquet")
        for held_out in [int(block) for block in chosen] or sorted(blocks):
            one_block(blocks, held_out, folder / str(held_out))


def sfinge3d_source(table: str) -> LabeledKeypointsDataFrame:
    return LabeledKeypointsDataFrame(
        data_frame=table,
        origin="lower_left",
        axis_order="channel_joint",
        channels="xy_confidence",
        frame_rate=SFINGE3D.rate,
        group_column="group",
    )


def one_block(blocks: dict[int, list[Clip]], held_out: int, folder: Path) -> None:
    """Choose settings by a model of two blocks on the third; then learn from all three."""
    folder.mkdir()
    others = [block for block in sorted(blocks) if block != held_out]
    validation = others[held_out % 3]
    asked = {}
    for part, block in (("validation", validation), ("held out", held_out)):
        learned = [other for other in others if other != block]
        examples = [one for other in learned for one in blocks[other]]
        for other in learned:
            for number in range(JOINED_PER_BLOCK):
                seed = 1000 * other + number
                examples += windows_of(joined(blocks[other], seed), SFINGE3D, seed)
        (folder / part).mkdir()
        predictor = Predictor(load_model(fitted(examples, SFINGE3D, folder / part)))
        streams = [joined(blocks[block], 100 * block + number) for number in range(JOINED_PER_BLOCK)]
        asked[part] = [ask(predictor, one, SFINGE3D.stride) for one in streams]
    report(f"block {held_out}", SFINGE3D, asked)


def report(name: str, setting: Setting, asked: Mapping[str, Sequence[Asked]]) -> None:
    """Choose the settings on validation streams for each limit; print what they give in each part.

    SHREC's measures are also printed for other estimates of where a gesture lies.
    """
    window = setting.window / setting.rate
    for limit in setting.limits:
        settings = choose_settings(asked["validation"], BACKGROUND, limit, setting.stride)
        print(f"{name}, at most {limit:g} false an hour: {settings}")
        for part, streams in asked.items():
            numbers = measured(streams, settings, BACKGROUND).metrics.items()
            print(f"  {part}: {', '.join(f'{name} {value:.3g}' for name, value in numbers)}", flush=True)
            for words, times in estimates(settings, window).items():
                numbers = measured(streams, replace(settings, times=times), BACKGROUND).metrics.items()
                shrec = ", ".join(f"{value:.3f}" for name, value in numbers if name.startswith("shrec_"))
                print(f"    shrec, {words}: {shrec}", flush=True)


def estimates(settings: StreamSettings, window: float) -> dict[str, GestureTimes]:
    """Other ways to say where a gesture lies than as it was measured."""
    usual = usual_gesture_times(window)
    found = {"the answers themselves": GestureTimes(), "usual": usual}
    if settings.times:
        found["measured delay, usual length"] = replace(usual, delay=settings.times.delay)
    return found | {
        f"delay of half a window, length {length:g} windows, growth {growth:g}": GestureTimes(
            window / 2, length * window, growth
        )
        for length, growth in ((1 / 3, 1.0), (0.5, 1.0), (1.0, 0.0))
    }


def clips_of(table: Path) -> dict[int, list[Clip]]:
    """The clips of each block."""
    rows = keypoint_table.read(table)
    session = rows.column("session_id").to_numpy()
    starts = np.flatnonzero(np.append(True, np.diff(session) != 0))
    labels, groups = (rows.column(name).take(pa.array(starts)).to_pylist() for name in ("label", "group"))
    blocks: dict[int, list[Clip]] = {}
    for label, group, poses in zip(labels, groups, np.split(keypoint_table.poses_of(rows), starts[1:]), strict=True):
        blocks.setdefault(int(group), []).append((label, poses))
    return blocks


def joined(clips: Sequence[Clip], seed: int) -> Stream:
    """All clips in random order, joined by idle hands."""
    random = np.random.default_rng(seed)
    parts: list[Poses] = []
    made: list[Interval] = []
    frames, last = 0, None
    for number in random.permutation(len(clips)):
        label, poses = clips[number]
        idle = idle_between(poses[0] if last is None else last, poses[0], SFINGE3D.rate, random)
        start = frames + len(idle)
        frames = start + len(poses)
        made.append(Interval(label, start / SFINGE3D.rate, (frames - 1) / SFINGE3D.rate))
        parts += [idle, poses]
        last = poses[-1]
    return Stream(np.concatenate(parts), tuple(made))


def idle_between(first: Poses, last: Poses, rate: float, random: np.random.Generator) -> Poses:
    """From one frame to another in 1 to 3 seconds, most of the way in the middle, with a tremor of the whole hand."""
    count = int(random.uniform(1, 3) * rate)
    middle = random.uniform(0.3, 0.7)
    share = 1 / (1 + np.exp(-12 * (np.arange(count) / count - middle)))
    poses = np.repeat(first[None], count, axis=0)
    poses[:, :2] += share[:, None, None] * (last[:2] - first[:2])
    palm = np.abs(first[:2] - first[:2].mean(axis=1, keepdims=True)).mean()
    time = np.arange(count)[:, None] / rate
    tremor = np.sin(time * random.uniform(1, 9, 2) + random.uniform(0, 6, 2)) - np.sin(random.uniform(0, 6, 2))
    poses[:, :2] += (0.05 * palm * tremor)[:, :, None] * np.sin(np.pi * np.arange(count) / count)[:, None, None]
    return poses.astype(np.float32)


def windows_of(stream: Stream, setting: Setting, seed: int) -> list[Clip]:
    """Windows of a stream: of each gesture, with `COVERED` of it; of `background`, with `CONTEXT` of any."""
    random = np.random.default_rng(seed)
    starts = np.arange(len(stream.poses) - setting.window + 1)
    gesture = np.zeros(len(starts))
    chosen: list[Clip] = []
    for one in stream.made:
        first, end = round(one.start * setting.rate), round(one.end * setting.rate) + 1
        shown = np.clip(np.minimum(starts + setting.window, end) - np.maximum(starts, first), 0, None)
        gesture += shown
        most = np.flatnonzero(shown >= COVERED * min(end - first, setting.window))
        for start in random.choice(most, min(setting.shown, len(most)), replace=False):
            chosen.append((one.label, stream.poses[start : start + setting.window]))
    idle = np.flatnonzero(gesture <= CONTEXT * setting.window)
    for start in sorted(random.choice(idle, min(len(idle), setting.idle * len(stream.made)), replace=False)):
        chosen.append((BACKGROUND, stream.poses[start : start + setting.window]))
    return chosen


def drawn(folder: Path) -> None:
    examples = Studio(1).examples(CLIPS_PER_CLASS)
    for number in range(STREAMS):
        examples += windows_of(Studio(1).stream(STREAM_SECONDS, number), DRAWN, seed=number)
    print(f"{len(examples)} clips to train on", flush=True)
    predictor = Predictor(load_model(fitted(examples, DRAWN, folder)))
    asked = {
        part: [ask(predictor, Studio(seed).stream(3600.0, number), DRAWN.stride) for number in range(hours)]
        for part, (seed, hours) in DRAWN_PARTS.items()
    }
    report("drawn", DRAWN, asked)


class Studio:
    """Draws people, by this seed, who make the sample's actions: clips, and long streams of joints.

    In a stream a person makes a gesture, does something idle, or takes the hand away for a while. In between the hand
    moves as in `idle_between`. It comes from below the picture and leaves there. The joints have the landmarker's
    error.
    """

    def __init__(self, seed: int) -> None:
        self._seed, self.people = seed, make_people(seed, 24)
        self.actions = list(load_gestures(ACTIONS).values())
        self._error = measured_error()

    def examples(self, count: int) -> list[Clip]:
        """So many clips of each action, the background among them."""
        random = generator_for(self._seed, "examples")
        people = self.people
        return [
            (action.label, self.perform(action, people[number % len(people)], random))
            for action in self.actions
            for number in range(count * (3 if action.label == BACKGROUND else 1))
        ]

    def stream(self, seconds: float, number: int) -> Stream:
        """A stream of one person, at least so long."""
        random = generator_for(self._seed, "stream", number)
        person = self.people[number % len(self.people)]
        gestures = [action for action in self.actions if action.label != BACKGROUND]
        idle = next(action for action in self.actions if action.label == BACKGROUND)
        parts: list[Poses] = []
        made: list[Interval] = []
        frames, last = 0, None
        while frames < seconds * DRAWN.rate:
            what = random.choice(["gesture", "idle", "away"], p=[0.4, 0.4, 0.2])
            if what == "away":
                gone = np.zeros((int(random.uniform(1, 8) * DRAWN.rate), 3, 21), np.float32)
                new = [gone] if last is None else [moved(last, OUTSIDE, random), gone]
                last = None
            else:
                action = gestures[int(random.integers(len(gestures)))] if what == "gesture" else idle
                poses = self.perform(action, person, random)
                comes = moved(poses[0], OUTSIDE, random)[::-1]
                if last is None:
                    new = [comes, poses]
                elif abs(last[0].mean() - poses[0, 0].mean()) > ACROSS:
                    new = [moved(last, OUTSIDE, random), comes, poses]
                else:
                    new = [idle_between(last, poses[0], DRAWN.rate, random), poses]
                if what == "gesture":
                    start = frames + sum(map(len, new[:-1]))
                    made.append(Interval(action.label, start / DRAWN.rate, (start + len(poses) - 1) / DRAWN.rate))
                last = poses[-1]
            parts += new
            frames += sum(map(len, new))
        return Stream(np.concatenate(parts), tuple(made))

    def perform(self, action: Gesture, person: Person, random: Generator) -> Poses:
        """A clip of an action, as the landmarker sees it."""
        others = [other for other in self.actions if other is not action]
        return joint_clip(action, others, person, CAMERAS, self._error, DRAWN.rate, random).poses


def moved(pose: Poses, by: float, random: np.random.Generator) -> Poses:
    """A hand that moves down by this share of the picture, in 0.3 to 1 seconds; no hand where most of it is outside."""
    share = np.linspace(0, 1, int(random.uniform(0.3, 1) * DRAWN.rate)) ** 2
    poses = np.repeat(pose[None], len(share), axis=0)
    poses[:, 1] -= by * share[:, None].astype(np.float32)
    poses[(poses[:, 1] < 0).mean(axis=1) > 0.5] = 0
    return poses


def fitted(examples: Sequence[Clip], setting: Setting, folder: Path) -> Path:
    """Train on all of these; the model's file."""
    lengths = [len(poses) for _, poses in examples]
    count, session = sum(lengths), np.repeat(np.arange(len(lengths)), lengths)
    empty = pa.array([""] * count)
    columns = {
        "session_id": pa.array(session),
        "label": pa.array(np.repeat([label for label, _ in examples], lengths)),
        **dict.fromkeys(("group", "part", "path", "chirality"), empty),
        "frame": pa.array(np.concatenate([np.arange(length) for length in lengths]), pa.int32()),
        "time": pa.array(np.concatenate([np.arange(length) for length in lengths]) / setting.rate),
        "keypoints": poses_to_column(np.concatenate([poses for _, poses in examples])),
        "score": pa.array(np.ones(count, np.float32)),
        **{name: pa.nulls(count, pa.int32()) for name in ("width", "height", "rotation")},
    }
    table, split = folder / "keypoints.parquet", folder / "split.parquet"
    keypoint_table.write(
        table, [pa.table({name: columns[name] for name in SCHEMA.names})], {"frame_rate": f"{setting.rate:g}"}
    )
    sessions = pa.table(
        {
            "session_id": pa.array(np.arange(len(lengths))),
            "label": [label for label, _ in examples],
            "group": [""] * len(lengths),
            "part": ["train"] * len(lengths),
        }
    )
    pq.write_table(sessions, split)
    settings = replace(
        parameters().train_action, prediction_window_size=setting.window, maximum_iterations=setting.iterations
    )
    train(TrainingTask("action", settings, table, split), folder / "model", Workspace(folder))
    return folder / "model" / MODEL_FILE


if __name__ == "__main__":
    if sys.argv[1:] == ["drawn"]:
        with TemporaryDirectory() as place:
            drawn(Path(place))
    elif len(sys.argv) > 2 and sys.argv[1] == "sfinge3d":
        sfinge3d(*sys.argv[2:])
    else:
        sys.exit(__doc__)
