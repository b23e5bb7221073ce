# %% [markdown]
# # 01 First model: from photos to a Core ML file
#
# The same on the command line: `01_first_model.sh`. Everything that is made goes into `outputs/`.

# %%
from pathlib import Path

import draw

from handloom import DataSource, Groups, HandPoseClassifier, ModelParameters, Predictor, predict_photos

# %% [markdown]
# ## 1. Photos
#
# One folder per class: `photos/five/person_03-0001.jpg`. A class `background` holds everything that is no gesture.
# Create ML's advice is about 500 photos per class. Here a few are drawn.

# %%
photos = draw.photos("outputs/photos")  # your own: photos = "/home/anna/photos"
test_photos = draw.photos("outputs/test_photos", seed=2)
source = DataSource.labeled_directories(at=photos, groups=Groups(pattern=r"^(person_\d+)-"))
print({label: len(files) for label, files in source.labeled_media().items()})

# %% [markdown]
# ## 2. Train
#
# `train` returns at once: a process of its own finds the hands, then trains. `result` waits for it. `Groups` says who
# is in a photo: people stay whole, so that no one is in both the training and the validation set.

# %%
job = HandPoseClassifier.train(source, ModelParameters(maximum_iterations=40))
job.on_progress(lambda progress: print(f"\r{progress.phase.value} {progress.item_count}", end="", flush=True))
classifier = job.result()  # in a notebook also: classifier = await job
print(f"\nvalidation: {classifier.validation_metrics}")

# %% [markdown]
# ## 3. Measure it
#
# On photos that were not used to train. A hand that is not found counts as an error.

# %%
metrics = classifier.evaluation(on=DataSource.labeled_directories(at=test_photos))
print(metrics)
print(metrics.precision_recall.to_string(index=False))

# %% [markdown]
# ## 4. The Core ML file
#
# `write` runs the saved file on hard cases before it replaces an older one. The file answers as the classifier does, on
# any computer.

# %%
file = classifier.write("outputs/first_model/HandPoseClassifier.mlmodel")
photo = Path(test_photos, "five", "person_00-0000.jpg")
print(classifier.prediction(photo)[0])
for hands in predict_photos(Predictor.open(file), [photo]):
    print(hands[0].label, f"{hands[0].confidence:.3f}")

# %% [markdown]
# ## 5. In the app
#
# Add the file to Xcode in place of the one that Create ML made. The code stays as it is:
#
# ```swift
# guard let hand = request.results?.first else { return }  // no hand: do not ask the model
# let answer = try HandPoseClassifier(configuration: .init()).prediction(poses: hand.keypointsMultiArray())
# ```
