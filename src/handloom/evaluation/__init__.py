"""Metrics of a trained model on examples that it was not trained on."""
