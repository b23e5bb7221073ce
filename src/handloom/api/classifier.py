"""Create ML's two hand classifiers: predictions for photos and videos."""

from collections.abc import Iterator, Sequence

from handloom.api.hand_classifier import HandClassifier, Place
from handloom.api.parameters import ImageAugmentationOptions, VideoAugmentationOptions
from handloom.models.files import MODEL_FILE
from handloom.prediction import results
from handloom.prediction.predictor import path_of, paths_of


class HandPoseClassifier(HandClassifier):
    """Classifies hand poses in photos, as Create ML's `MLHandPoseClassifier`."""

    __doc__ = f"{__doc__}\n\n{HandClassifier.__doc__}"
    kind = "pose"
    ImageAugmentationOptions = ImageAugmentationOptions

    def prediction(self, from_: Place) -> list[results.Classification]:
        """The labels of the chosen hand in a photo, the highest confidence first; empty without a hand.

        Args:
            from_: the photo.

        Raises:
            ConfigurationError: `from_` is no path.
            DataError: it cannot be read.
        """
        return self.predictions([path_of("from_", from_)])[0]

    def predictions(self, from_: Sequence[Place]) -> list[list[results.Classification]]:
        """The same for several photos, on all cores, in their order."""
        from handloom.prediction.photos import predict_photos

        paths = paths_of("from_", from_)
        found = predict_photos(self.predictor, paths, hands="best", settings=self._settings())
        return [list(hands[0].results) if hands else [] for hands in found]

    def hands(self, from_: Place) -> list[results.Prediction]:
        """Every hand in a photo, the most confident one first; Create ML has no such call."""
        from handloom.prediction.photos import predict_photos

        (found,) = predict_photos(self.predictor, [path_of("from_", from_)], hands="all", settings=self._settings())
        return found

    def adding(self, label: str, photos: Sequence[Place], to: Place) -> "HandPoseClassifier":
        """A classifier with one more pose, learned from a few photos in a second; for trying a gesture out.

        The last layer alone is fitted again, and its probabilities are not calibrated. To ship the gesture, collect
        photos of several people and train again. Create ML has no such call.

        Args:
            label: the new pose.
            photos: of the pose; five of different people are good.
            to: a new folder, which gets `model.ckpt` and the Core ML files.

        Raises:
            ConfigurationError: the classifier has this pose already.
            DataError: a photo cannot be read, none has a hand, or the training set is not there any more.
            HandloomError: the folder exists, or cannot be written.
        """
        from handloom.api.add_gesture import add_gesture

        add_gesture(self._path, label, paths_of("photos", photos), path_of("to", to))
        return type(self)(path_of("to", to) / MODEL_FILE)


class HandActionClassifier(HandClassifier):
    """Classifies hand actions in videos, as Create ML's `MLHandActionClassifier`."""

    __doc__ = f"{__doc__}\n\n{HandClassifier.__doc__}"
    kind = "action"
    VideoAugmentationOptions = VideoAugmentationOptions
    Prediction = results.Prediction

    def prediction(self, from_: Place, *, stride: int | None = None) -> list[results.Prediction]:
        """The labels of a video, window by window.

        Args:
            from_: the video, of any frame rate that is not below the model's.
            stride: frames, at the model's rate, from one window to the next. None: that of the model's stream settings,
                else a third of the window.

        Raises:
            ConfigurationError: `from_` is no path.
            DataError: it cannot be read.
        """
        return list(self.stream(from_, stride=stride))

    def predictions(self, from_: Sequence[Place], *, stride: int | None = None) -> list[list[results.Prediction]]:
        """The same for several videos, on all cores, in their order."""
        from handloom.prediction.videos import predict_videos

        paths = paths_of("from_", from_)
        return list(predict_videos(self.predictor, paths, stride=stride, settings=self._settings()))

    def stream(self, from_: Place, *, stride: int | None = None) -> Iterator[results.Prediction]:
        """As `prediction`, one window after another as the video is read: any length, constant memory."""
        from handloom.prediction.videos import predict_video

        return predict_video(self.predictor, path_of("from_", from_), stride=stride, settings=self._settings())
