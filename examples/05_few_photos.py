"""05 Few photos: start from pretrained weights. The same on the command line: 05_few_photos.sh."""

import draw

from handloom import DataSource, HandPoseClassifier, ModelParameters

photos = draw.photos("outputs/photos")
test_photos = draw.photos("outputs/test_photos", seed=2)

# Weights that were trained on random described hands, and small steps.
few = {"pretrained_weights": "described", "optimizer": {"lr": 0.001}}
parameters = ModelParameters(maximum_iterations=10, training=few)
classifier = HandPoseClassifier.train(DataSource.labeled_directories(at=photos), parameters).result()
print(classifier.evaluation(on=DataSource.labeled_directories(at=test_photos)))
