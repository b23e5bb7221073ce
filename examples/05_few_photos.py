"""05 Few photos: what pretrained weights give. The same on the command line: 05_few_photos.sh."""

import draw

from handloom import DataSource, HandPoseClassifier, ModelParameters

photos = draw.photos("outputs/photos")
test_photos = draw.photos("outputs/test_photos", seed=2)

# Photos start from weights that were trained on random described hands. Compare with random weights.
for start in ("auto", "none"):
    parameters = ModelParameters(maximum_iterations=10, training={"pretrained_weights": start})
    classifier = HandPoseClassifier.train(DataSource.labeled_directories(at=photos), parameters).result()
    print(start, classifier.evaluation(on=DataSource.labeled_directories(at=test_photos)))
