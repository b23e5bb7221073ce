"""02 Own photos: split by people, train, look at what is wrong. On the command line: 02_own_photos.sh."""

import draw

from handloom import DataSource, Groups, HandPoseClassifier, ModelParameters, ValidationData

# 1. Your photos. File names say who is in a photo.
photos = draw.photos("outputs/photos")
source = DataSource.labeled_directories(at=photos, groups=Groups(pattern=r"^(person_\d+)-"))

# 2. Test and training set. People stay whole.
training_files, test_files = source.stratified_split([0.7, 0.3], seed=1)
training_data = DataSource.labeled_image_data_frame(training_files, at=photos, group_column="group")
test_data = DataSource.labeled_image_data_frame(test_files, at=photos, group_column="group")

# 3. Train. Create ML's parameters have Create ML's names.
parameters = ModelParameters(validation=ValidationData.split("fixed", ratio=0.2), maximum_iterations=40)
classifier = HandPoseClassifier.train(training_data, parameters).result()

# 4. Which photos of the test set get a wrong answer?
metrics = classifier.evaluation(on=test_data)
wrong = metrics.predictions[metrics.predictions["label"] != metrics.predictions["predicted"]]
print(metrics)
print(wrong.to_string(index=False) if len(wrong) else "no wrong answer")
