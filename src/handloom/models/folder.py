"""The folder of a trained model, as training leaves it and later stages find it."""

MODEL_FILE = "model.ckpt"  # the network's weights and what it was trained for; the same bytes each time
HISTORY_FILE = "history.csv"  # loss and accuracy, a row a report
# Its columns, those of validation empty without a validation part: dvc.yaml draws them all.
HISTORY_COLUMNS = ("iteration", "loss", "accuracy", "validation_loss", "validation_accuracy")
RUN_FILE = "run.json"  # MLflow run, commit and data: see provenance.py; beside the model, because it differs each time
