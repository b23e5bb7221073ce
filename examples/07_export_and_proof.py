"""07 Export and proof: other formats, and a check of each file. On the command line: 07_export_and_proof.sh."""

import draw

from handloom import DataSource, Groups, HandPoseClassifier, ModelMetadata, ModelParameters, Predictor, predict_photos

source = DataSource.labeled_directories(at=draw.photos("outputs/photos"), groups=Groups(pattern=r"^(person_\d+)-"))
classifier = HandPoseClassifier.train(source, ModelParameters(maximum_iterations=40)).result()

# `write` runs each file against the classifier on hard cases, and replaces an older file only if it holds.
about = ModelMetadata(author="You", short_description="Tells five, one and zero apart.", version="1")
photo = next(draw.photos("outputs/photos").glob("five/*.jpg"))
for ending in (".mlpackage", ".mlmodel", ".tflite"):
    file = classifier.write(f"outputs/formats/HandPoseClassifier{ending}", about)
    ((answer,),) = predict_photos(Predictor.open(file), [photo])
    print(f"{file.name}: {answer.label} {answer.confidence:.3f}")
