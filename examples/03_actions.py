# %% [markdown]
# # 03 Actions: from videos to a Core ML file
#
# The same on the command line: `03_actions.sh`. Everything that is made goes into `outputs/`.

# %%
from pathlib import Path

import draw

from handloom import DataSource, Groups, HandActionClassifier, ModelParameters, Predictor, predict_video

# %% [markdown]
# ## 1. Clips
#
# One folder per class, one action per clip. A class `background` shows hands that do something else. Create ML's
# advice is about 100 videos per class. Here a few are drawn. Long videos with several actions go with
# `DataSource.directory_with_videos_and_annotation`, whose table has the start and the end of each.

# %%
clips = draw.clips("outputs/clips")  # your own: clips = "/home/anna/clips"
source = DataSource.labeled_directories(at=clips, groups=Groups(pattern=r"^(person_\d+)-"))
training_files, test_files = source.stratified_split([0.7, 0.3], seed=1)
training_data = DataSource.labeled_video_data_frame(training_files, at=clips, group_column="group")
test_data = DataSource.labeled_video_data_frame(test_files, at=clips, group_column="group")
print(f"{len(training_files)} clips to train, {len(test_files)} to test")

# %% [markdown]
# ## 2. Train
#
# A prediction sees 45 frames, 1.5 seconds at 30 frames a second: as long as one action takes. The option to flip is
# left out: a swipe to the left that is flipped is one to the right.

# %%
parameters = ModelParameters(
    maximum_iterations=20,
    prediction_window_size=45,
    augmentation_options=["rotate", "scale", "translate", "interpolate_frames", "drop_frames"],
)
classifier = HandActionClassifier.train(training_data, parameters).result()
print(f"validation: {classifier.validation_metrics}")

# %% [markdown]
# ## 3. Measure it
#
# Over clips: the probabilities of a clip's windows are averaged.

# %%
metrics = classifier.evaluation(on=test_data)
print(metrics)
print(metrics.confusion.pivot(index="label", columns="predicted", values="count").to_string())

# %% [markdown]
# ## 4. The Core ML file
#
# It answers for each window of a clip, on any computer.

# %%
file = classifier.write("outputs/actions/HandActionClassifier.mlmodel")
for one in predict_video(Predictor.open(file), Path(clips, "grab", "person_00-0000.mp4")):
    print(f"{one.start:.2f} to {one.end:.2f} s: {one.label} {one.confidence:.3f}")

# %% [markdown]
# ## 5. In the app
#
# The app keeps the last 45 arrays that Vision gave, at 30 frames a second, and asks with all of them:
#
# ```swift
# let window = MLMultiArray(concatenating: lastHands, axis: 0, dataType: .float32)  // 45 keypointsMultiArray()
# let answer = try HandActionClassifier(configuration: .init()).prediction(poses: window)
# ```
