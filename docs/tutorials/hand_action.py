# %% [markdown]
# # Hand actions: from videos to an app
#
# Read it from top to bottom. It runs as a script, `python docs/tutorials/hand_action.py`, and cell by cell in VS Code
# or, with jupytext, in Jupyter. Everything it makes goes into `outputs/hand_action_tutorial`. What it has in common
# with `hand_pose.py` is explained there.

# %%
import shutil
from pathlib import Path

import handloom
from handloom import (
    DataSource,
    Groups,
    HandActionClassifier,
    ModelMetadata,
    ModelParameters,
    Predictor,
    Recognizer,
    TrainingSessionParameters,
    ValidationData,
    predict_video,
)
from handloom.media.clips import ClipReader
from handloom.sample import draw_clips

WORK = Path("outputs/hand_action_tutorial")
WORK.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## 1. Videos
#
# One folder a class: `clips/swipe_left/anna-0001.mp4`. Each clip shows one action, and a class `background` shows hands
# that do something else. Create ML's advice is about 100 videos a class; here a few are drawn.


# %%
def drawn_clips() -> Path:
    """Three classes, six drawn people, 8 clips of each class."""
    gestures = WORK / "gestures"
    gestures.mkdir(exist_ok=True)
    for name in ("background", "grab", "swipe_left"):
        declared = Path(handloom.__file__).parents[2] / f"data/sample/gestures/action/{name}.yaml"
        shutil.copy(declared, gestures)
    draw_clips(gestures, WORK / "clips", WORK / "true_joints.parquet", seed=1, people=6, per_class=8)
    return WORK / "clips"


clips = drawn_clips()  # your own: clips = Path("/home/anna/clips")

# %% [markdown]
# ## 2. A data source
#
# The file name up to the hyphen says who is in a clip; no person is in both
# the training and the test set. Long videos with several actions go with
# `DataSource.directory_with_videos_and_annotation`, whose table has the start and end of each.

# %%
source = DataSource.labeled_directories(at=clips, groups=Groups(pattern="^([^-]+)-"))
for label, files in source.labeled_media().items():
    print(f"{label}: {len(files)} clips")

training_files, test_files = source.stratified_split([0.7, 0.3], seed=1)
training_data = DataSource.labeled_video_data_frame(training_files, at=clips, group_column="group")
test_data = DataSource.labeled_video_data_frame(test_files, at=clips, group_column="group")
print(f"{len(training_files)} to learn from, {len(test_files)} to test on")

# %% [markdown]
# ## 3. Training
#
# A prediction sees a window of frames: 45 at 30 frames a second are 1.5 seconds, as long as one action takes. No flip
# is among the augmentations here: a swipe to the left that is flipped is one to the right.

# %%
parameters = ModelParameters(
    validation=ValidationData.split("fixed", ratio=0.2),
    maximum_iterations=40,
    prediction_window_size=45,
    target_frame_rate=30.0,
    augmentation_options=["rotate", "scale", "translate", "interpolate_frames", "drop_frames"],
)
session = TrainingSessionParameters(session_directory=WORK / "session", report_interval=10)

job = HandActionClassifier.train(training_data, parameters, session)
job.on_progress(lambda progress: print(f"\r{progress.phase.value} {progress.item_count}", end="", flush=True))
job.on_checkpoint(lambda checkpoint: print(f"\niteration {checkpoint.iteration}: {checkpoint.metrics['loss']:.3f}"))
classifier = job.result()  # waits; in a notebook also: classifier = await job
print(f"\n{classifier}")

# %% [markdown]
# ## 4. How well it does
#
# Over clips: the probabilities of a clip's windows are averaged.

# %%
print("training:", classifier.training_metrics)
print("validation:", classifier.validation_metrics)
metrics = classifier.evaluation(on=test_data)
print("test:", metrics)
print(metrics.precision_recall.to_string(index=False))
print(metrics.confusion.pivot(index="label", columns="predicted", values="count").to_string())

# %% [markdown]
# ## 5. Asking it
#
# An answer a window, with the frames and the seconds of the clip that it is about. `stream` gives the same one after
# another while a long clip is still being read.

# %%
clip = Path(test_files["videoPath"].iloc[-1])
for prediction in classifier.prediction(clip):
    print(f"{prediction.start:.2f} to {prediction.end:.2f} s: {prediction.label} {prediction.confidence:.3f}")

# %% [markdown]
# ## 6. Live
#
# A `Recognizer` gets frames with their times, at any rate, and says when an action begins and ends. Here the frames are
# those of a clip; a camera's go the same way (RGB, upright, not mirrored).

# %%
with Recognizer(classifier.predictor, threshold=0.6, stride=5) as recognizer:
    for frame in ClipReader(clip, largest_side=480, frame_rate=30.0, accept_slow=True):
        for event in recognizer.add_frame(frame.picture, frame.time):
            print(f"{event.time:.2f} s: {event.label} {event.kind}")
    for event in recognizer.close():
        print(f"{event.time:.2f} s: {event.label} {event.kind}, with the stream")

# %% [markdown]
# ## 7. The Core ML file
#
# `write` runs the saved file on hard cases, with handloom's own interpreter, before it takes its place.

# %%
file = classifier.write(
    WORK / "HandActionClassifier.mlmodel",
    ModelMetadata(author="You", short_description="Tells grabs from swipes to the left.", version="1"),
)
print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")

saved = Predictor.open(file)  # what is in the file, without a Mac
print(f"the file says: {[prediction.label for prediction in predict_video(saved, clip)]}")

# %% [markdown]
# ## 8. In the app
#
# Drag the file into Xcode, in place of the one that Create ML made. The app keeps a queue of the last 45 arrays that
# Vision gave, at 30 frames a second, and asks with all of them:
#
# ```swift
# let window = MLMultiArray(concatenating: lastHands, axis: 0, dataType: .float32)  // 45 keypointsMultiArray()
# let answer = try HandActionClassifier(configuration: .init()).prediction(poses: window)
# ```
#
# The stage `export_coreml` of the pipeline writes the same file, and a Swift package that does all of section
# 6: the rate, the window, smoothing, thresholds, when an action begins and ends.
