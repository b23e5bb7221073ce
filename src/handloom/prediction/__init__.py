"""Predictions of a trained model: for photos, videos, endless streams, and live.

    open_model.py   a checkpoint, an exported file or an MLflow address  ->  Model
    predictor.py    a Model, asked of hands of either side               ->  Predictor
    photos.py       photos                                               ->  Predictions, a list a photo
    videos.py       clips                                                ->  Predictions, one a window
    streams.py      frames of any number, as from a camera               ->  Predictions, one a window
    recognizer.py   frames or joints, one at a time                      ->  events: a gesture began, ended

What runs in other processes stands in modules that do not import PyTorch, so that these processes start at once.
"""
