"""04 Described gestures: a model without a photo. The same on the command line: 04_described_gestures.sh."""

from pathlib import Path

from handloom import DataSource, HandPoseClassifier, ModelParameters

# One YAML file per gesture says which fingers are bent; docs/gestures.md has the language.
gestures = Path(__file__).resolve().parents[1] / "data/described/kinivi"
source = DataSource.described(at=gestures, examples_per_class=60)

classifier = HandPoseClassifier.train(source, ModelParameters(maximum_iterations=40)).result()
print(classifier.validation_metrics)
classifier.write("outputs/described/HandPoseClassifier.mlmodel")
