"""Asking a trained model: of photos, of videos, of streams without end, and live.

    predictor.py    a checkpoint, an exported file or an MLflow address  ->  Predictor
    photos.py       photos                                               ->  Predictions, a list a photo
    videos.py       clips                                                ->  Predictions, one a window
    streams.py      frames of any number, as from a camera               ->  Predictions, one a window
    recognizer.py   frames or joints, one at a time                      ->  events: a gesture began, ended

Importing these is quick: what is heavy (PyTorch, MediaPipe, MLflow, coremltools) is imported when it is first needed.
"""
