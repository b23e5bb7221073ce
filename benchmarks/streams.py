"""Gestures in streams: what a recogniser finds, when, and what it sees where nothing was meant.

    python benchmarks/streams.py sfinge3d KEYPOINTS.parquet [BLOCK ...]
        SFINGE 3D: each of its four blocks held out in turn; its clips, in random order, joined by idle hands

A joint stream: the hand of one clip moves to the pose in which the next clip begins, with a tremor, in 1 to 3 seconds.
Of the other three blocks two are trained on, with windows of the joints in between as `background`, and one chooses
threshold, hold time and cooldown for at most so many false answers an hour, for three such numbers.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accuracy import extracted, parameters

from handloom import keypoint_table
from handloom.config import LabeledKeypointsDataFrame
from handloom.evaluation.events import Interval, shrec_measures
from handloom.hand import Poses
from handloom.keypoint_table import SCHEMA, poses_to_column
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.prediction.predictor import Predictor
from handloom.prediction.stream_settings import Stream, ask, choose_settings, events_of, replay
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

RATE, WINDOW, STRIDE = 20.0, 30, 2  # frames/s and frames
FALSE_PER_HOUR = (1.0, 10.0, 40.0)  # 40 is about 0.05 a gesture here
JOINED_PER_BLOCK = 3  # streams, each of all clips of the block
CONTEXT = 6  # frames of a gesture that a window of background may show
Clip = tuple[str, Poses]


def sfinge3d(table: str, *chosen: str) -> None:
    source = LabeledKeypointsDataFrame(
        data_frame=table,
        origin="lower_left",
        axis_order="channel_joint",
        channels="xy_confidence",
        frame_rate=RATE,
        group_column="group",
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        extracted(source, "action", RATE, folder)
        blocks = clips_of(folder / "keypoints.parquet")
        for held_out in [int(block) for block in chosen] or sorted(blocks):
            one_block(blocks, held_out, folder / str(held_out))


def one_block(blocks: dict[int, list[Clip]], held_out: int, folder: Path) -> None:
    folder.mkdir()
    others = [block for block in sorted(blocks) if block != held_out]
    validation, trained = others[held_out % 3], [block for block in others if block != others[held_out % 3]]
    examples = [one for block in trained for one in blocks[block]]
    for block in trained:
        examples += idle_of(joined(blocks[block], seed=block), seed=block)
    model = fitted(examples, folder)
    predictor = Predictor(load_model(model))
    asked = {
        block: [ask(predictor, joined(blocks[block], 100 * block + number), STRIDE) for number in range(count)]
        for block, count in ((validation, JOINED_PER_BLOCK), (held_out, JOINED_PER_BLOCK))
    }
    for limit in FALSE_PER_HOUR:
        settings = choose_settings(asked[validation], "background", limit)
        print(
            f"block {held_out}, at most {limit:g} false an hour: threshold {settings.default_threshold:g}, hold time"
            f" {settings.hold_time:g} s, cooldown {settings.cooldown:g} s"
        )
        for block in (validation, held_out):
            events = events_of(asked[block], settings)
            numbers = ", ".join(f"{name} {value:.3g}" for name, value in events.metrics().items())
            measures = shrec_measures([(one.made, replay(one, settings)) for one in asked[block]])
            print(f"  {'held out' if block == held_out else 'validation'}: {numbers}\n    {measures}", flush=True)


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
        idle = idle_between(poses[0] if last is None else last, poses[0], random)
        start = frames + len(idle)
        frames = start + len(poses)
        made.append(Interval(label, start / RATE, (frames - 1) / RATE))
        parts += [idle, poses]
        last = poses[-1]
    return Stream(np.concatenate(parts), tuple(made))


def idle_between(first: Poses, last: Poses, random: np.random.Generator) -> Poses:
    """From one frame to another in 1 to 3 seconds, most of the way in the middle, with a tremor of the whole hand."""
    count = int(random.uniform(1, 3) * RATE)
    middle = random.uniform(0.3, 0.7)
    share = 1 / (1 + np.exp(-12 * (np.arange(count) / count - middle)))
    poses = np.repeat(first[None], count, axis=0)
    poses[:, :2] += share[:, None, None] * (last[:2] - first[:2])
    palm = np.abs(first[:2] - first[:2].mean(axis=1, keepdims=True)).mean()
    time = np.arange(count)[:, None] / RATE
    tremor = np.sin(time * random.uniform(1, 9, 2) + random.uniform(0, 6, 2)) - np.sin(random.uniform(0, 6, 2))
    poses[:, :2] += (0.05 * palm * tremor)[:, :, None] * np.sin(np.pi * np.arange(count) / count)[:, None, None]
    return poses.astype(np.float32)


def idle_of(stream: Stream, seed: int) -> list[Clip]:
    """Windows of a stream that show at most `CONTEXT` frames of any gesture, as examples of `background`."""
    random = np.random.default_rng(seed)
    inside = np.zeros(len(stream.poses), bool)
    for one in stream.made:
        inside[round(one.start * RATE) : round(one.end * RATE) + 1] = True
    gesture = np.convolve(inside, np.ones(WINDOW), "valid")
    starts = np.flatnonzero(gesture <= CONTEXT)
    chosen = random.choice(starts, min(len(starts), 3 * len(stream.made)), replace=False)
    return [("background", stream.poses[start : start + WINDOW]) for start in sorted(chosen)]


def fitted(examples: Sequence[Clip], folder: Path) -> Path:
    """Train on all of these; the model's file."""
    lengths = [len(poses) for _, poses in examples]
    count, session = sum(lengths), np.repeat(np.arange(len(lengths)), lengths)
    empty = pa.array([""] * count)
    columns = {
        "session_id": pa.array(session),
        "label": pa.array(np.repeat([label for label, _ in examples], lengths)),
        **dict.fromkeys(("group", "part", "path", "chirality"), empty),
        "frame": pa.array(np.concatenate([np.arange(length) for length in lengths]), pa.int32()),
        "time": pa.array(np.concatenate([np.arange(length) for length in lengths]) / RATE),
        "keypoints": poses_to_column(np.concatenate([poses for _, poses in examples])),
        "score": pa.array(np.ones(count, np.float32)),
        **{name: pa.nulls(count, pa.int32()) for name in ("width", "height", "rotation")},
    }
    table, split = folder / "keypoints.parquet", folder / "split.parquet"
    keypoint_table.write(table, [pa.table({name: columns[name] for name in SCHEMA.names})], {"frame_rate": f"{RATE:g}"})
    sessions = pa.table(
        {
            "session_id": pa.array(np.arange(len(lengths))),
            "label": [label for label, _ in examples],
            "group": [""] * len(lengths),
            "part": ["train"] * len(lengths),
        }
    )
    pq.write_table(sessions, split)
    settings = replace(parameters().train_action, prediction_window_size=WINDOW)
    train(TrainingTask("action", settings, table, split), folder / "model", Workspace(folder))
    return folder / "model" / MODEL_FILE


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "sfinge3d":
        sys.exit(__doc__)
    sfinge3d(*sys.argv[2:])
