# %% [markdown]
# # Hand poses: from photos to an app
#
# Read it from top to bottom. It runs as a script, `python docs/tutorials/hand_pose.py`, and cell by cell in VS Code or,
# with jupytext, in Jupyter. Everything it makes goes into `outputs/hand_pose_tutorial`.

# %%
import shutil
from pathlib import Path

import handloom
from handloom import (
    DataSource,
    Groups,
    HandPoseClassifier,
    ModelMetadata,
    ModelParameters,
    Predictor,
    Recognizer,
    TrainingSessionParameters,
    ValidationData,
    predict_photos,
)
from handloom.media.photos import read_photo
from handloom.sample import draw_photos

WORK = Path("outputs/hand_pose_tutorial")
WORK.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## 1. Photos
#
# One folder a class: `photos/five/anna-0001.jpg`. A class for everything else, `background`, keeps the model from
# taking any hand for a gesture. Create ML's advice is about 500 photos a class; here a few are drawn.


# %%
def drawn_photos() -> Path:
    """Four classes, six drawn people, 20 photos of each class."""
    gestures = WORK / "gestures"
    gestures.mkdir(exist_ok=True)
    for name in ("background", "five", "one", "zero"):
        declared = Path(handloom.__file__).parents[2] / f"data/sample/gestures/pose/{name}.yaml"
        shutil.copy(declared, gestures)
    draw_photos(gestures, WORK / "photos", WORK / "true_joints.parquet", seed=1, people=6, per_class=20)
    return WORK / "photos"


photos = drawn_photos()  # your own: photos = Path("/home/anna/photos")

# %% [markdown]
# ## 2. A data source
#
# `labeled_directories` is Create ML's case of the same name. `Groups` says who is in a photo: here the file name up to
# the hyphen. People stay together, so that no person is in both the training and the test set.

# %%
source = DataSource.labeled_directories(at=photos, groups=Groups(pattern="^([^-]+)-"))
for label, files in source.labeled_media().items():
    print(f"{label}: {len(files)} photos")

training_files, test_files = source.stratified_split([0.7, 0.3], seed=1)
training_data = DataSource.labeled_image_data_frame(training_files, at=photos, group_column="group")
test_data = DataSource.labeled_image_data_frame(test_files, at=photos, group_column="group")
print(f"{len(training_files)} to learn from, {len(test_files)} to test on")

# %% [markdown]
# ## 3. Training
#
# `train` returns at once; a process of its own looks for the hands, then trains. What is None in the parameters is as
# in `conf/`. A session directory keeps everything: run this again and it resumes from there, with nothing done twice.
# Other photos or parameters need another directory, or none; the session refuses them.

# %%
parameters = ModelParameters(
    validation=ValidationData.split("fixed", ratio=0.2),
    maximum_iterations=40,
    augmentation_options=["horizontally_flip", "rotate", "scale", "translate"],
)
session = TrainingSessionParameters(session_directory=WORK / "session", report_interval=10)

job = HandPoseClassifier.train(training_data, parameters, session)
job.on_progress(lambda progress: print(f"\r{progress.phase.value} {progress.item_count}", end="", flush=True))
job.on_checkpoint(lambda checkpoint: print(f"\niteration {checkpoint.iteration}: {checkpoint.metrics['loss']:.3f}"))
classifier = job.result()  # waits; in a notebook also: classifier = await job
print(f"\n{classifier}")

# %% [markdown]
# ## 4. How well it does
#
# A hand that is not found counts as an error: `hands_found` says how often that was the reason.

# %%
print("training:", classifier.training_metrics)
print("validation:", classifier.validation_metrics)
metrics = classifier.evaluation(on=test_data)
print("test:", metrics)
print(metrics.precision_recall.to_string(index=False))

wrong = metrics.predictions[metrics.predictions["label"] != metrics.predictions["predicted"]]
print(f"{len(wrong)} photos of the test have a wrong answer")
print(wrong.to_string(index=False) if len(wrong) else "")

# %% [markdown]
# ## 5. Asking it
#
# An empty answer means that no hand was found. `hands` gives every hand, with its joints.

# %%
photo = Path(test_files["imagePath"].iloc[-1])
for label, confidence in classifier.prediction(photo):
    print(f"{photo.name} {label}: {confidence:.3f}")
for hand in classifier.hands(photo):
    print(f"a {hand.chirality} hand, joints {hand.poses.shape}: {hand.label}")

# %% [markdown]
# ## 6. Live
#
# A `Recognizer` gets frames with their times and says when a gesture begins and ends. Here the frames are photos, each
# shown for half a second; a camera's frames go the same way (RGB, upright, not mirrored).

# %%
with Recognizer(classifier.predictor, hold_time=0.2) as recognizer:
    shown = test_files.groupby("label").head(1)["imagePath"]
    for number, path in enumerate(shown):
        frame = read_photo(Path(path), 1280).picture
        for repeated in range(15):
            for event in recognizer.add_frame(frame, time=(number * 15 + repeated) / 30):
                print(f"{event.time:.2f} s: {event.label} {event.kind}")

# %% [markdown]
# ## 7. The Core ML file
#
# `write` runs the saved file on hard cases, with handloom's own interpreter, before it takes its place. Create ML
# writes a `.mlmodel`; a `.mlpackage` is for iOS 15 and later, an `.onnx` for Android and the web.

# %%
file = classifier.write(
    WORK / "HandPoseClassifier.mlmodel",
    ModelMetadata(author="You", short_description="Tells five, one and zero apart.", version="1"),
)
print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")

saved = Predictor.open(file)  # what is in the file, without a Mac
for hands in predict_photos(saved, [photo]):
    print(f"the file says: {[hand.label for hand in hands]}")

# %% [markdown]
# ## 8. In the app
#
# Drag the file into Xcode, in place of the one that Create ML made. The code is the same:
#
# ```swift
# let request = VNDetectHumanHandPoseRequest()
# request.maximumHandCount = 1
# try VNImageRequestHandler(cvPixelBuffer: pixels).perform([request])
# guard let hand = request.results?.first else { return }  // no hand: do not ask the model
# let answer = try HandPoseClassifier(configuration: .init()).prediction(poses: hand.keypointsMultiArray())
# ```
#
# The stage `export_coreml` of the pipeline writes the same file, and a Swift package that does all of section
# 6.
