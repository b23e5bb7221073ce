"""What the files of a model are called, as training leaves and as exporting writes them, and addresses in MLflow."""

MODEL_FILE = "model.ckpt"  # the network's weights and what it was trained for; the same bytes each time
HISTORY_FILE = "history.csv"  # loss and accuracy, one row per report
# Its columns, those of validation empty without a validation set: dvc.yaml draws them all. `training_loss` is added
# where early_stopping.monitor is that.
HISTORY_COLUMNS = ("iteration", "loss", "accuracy", "validation_loss", "validation_accuracy")
REPORTS_FILE = "reports.jsonl"  # the same while it is in progress, one object per line; a report can come twice
RUN_FILE = "run.json"  # fingerprint of the training, hashes of the data: see provenance.py
REPORT_PAGE = "report.html"  # what the test set says of it
VERIFICATION_FILE = "verification.json"  # the proof of each exported file

CHECKPOINT = ".ckpt"
ML_PROGRAM, NEURAL_NETWORK, CORE_AI, ONNX, LITERT, TASK = (
    *(".mlpackage", ".mlmodel"),
    *(".aimodel", ".onnx", ".tflite", ".task"),
)
CORE_ML = (ML_PROGRAM, NEURAL_NETWORK)
# What the stage `export_coreml` writes, in the order of preference where a folder holds several.
EXPORTED = (ML_PROGRAM, NEURAL_NETWORK, CORE_AI, ONNX, LITERT, TASK)
EXPORTED_NAMES = f"{', '.join(EXPORTED[:-1])} or {EXPORTED[-1]}"
LANDMARKER_FOLDER = "landmarker"  # next to them: the networks that found the joints
COMPILED = ".mlmodelc"  # what Xcode makes of a Core ML file; it is refused with a line of its own

# How the address of a model that lies in MLflow begins; any other is a path.
RUN, REGISTERED = "runs:/", "models:/"
