"""What extraction met, counted: of one class, or of all together."""

from dataclasses import dataclass


@dataclass
class ClassCount:
    """Counts of one class.

    Attributes:
        files: all that its source names: photos, clips or stretches of clips, rows, sessions of a table of joints.
        unreadable: those of them that could not be read.
        skipped: those of them that were not even tried.
        known: those of them whose joints came from a table.
        files_with_hand: those of them with a hand in any frame.
        files_with_warnings: those of them that were read with a warning.
        frames: rows in the keypoint table.
        frames_known: those of them that came from a table.
        frames_with_hand: those of them with a hand.
        frames_decoded: frames of the media; other than `frames` - `frames_known` where clips were resampled.
        second_looks: frames that were looked at again with a border.
        second_looks_helped: those of them in which only the further look found the hand.
    """

    files: int = 0
    unreadable: int = 0
    skipped: int = 0
    known: int = 0
    files_with_hand: int = 0
    files_with_warnings: int = 0
    frames: int = 0
    frames_known: int = 0
    frames_with_hand: int = 0
    frames_decoded: int = 0
    second_looks: int = 0
    second_looks_helped: int = 0

    @property
    def unusable(self) -> int:
        """Files that came to nothing."""
        return self.unreadable + self.skipped

    @property
    def used(self) -> int:
        """Files that are in the keypoint table."""
        return self.files - self.unusable

    @property
    def resampled(self) -> bool:
        """Whether other frames were decoded than are in the keypoint table."""
        return self.frames_decoded != self.frames - self.frames_known
