"""06 Experiments: two learning rates on the same photos. With DVC and MLflow: 06_experiments.sh."""

import draw

from handloom import DataSource, Groups, HandPoseClassifier, ModelParameters

photos = draw.photos("outputs/photos")
source = DataSource.labeled_directories(at=photos, groups=Groups(pattern=r"^(person_\d+)-"))

for rate in (0.001, 0.01):
    parameters = ModelParameters(maximum_iterations=40, training={"optimizer": {"lr": rate}})
    classifier = HandPoseClassifier.train(source, parameters).result()
    print(f"lr {rate}: {classifier.validation_metrics}")
