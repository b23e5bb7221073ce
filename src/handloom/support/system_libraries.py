"""The system libraries that MediaPipe and OpenCV load, named before they are missed."""

import ctypes
import sys

from handloom.errors import HandloomError

# library -> Debian or Ubuntu package that brings it
LINUX_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
ONLY_MEDIAPIPE = ("libEGL.so.1", "libGLESv2.so.2")


def missing_system_libraries(mediapipe: bool = True) -> dict[str, str]:
    """Library to package, for every needed library that cannot be loaded. Empty on macOS, which brings its own.

    Args:
        mediapipe: false leaves out those that MediaPipe alone loads.
    """
    if sys.platform != "linux":
        return {}
    needed = {
        library: package for library, package in LINUX_LIBRARIES.items() if mediapipe or library not in ONLY_MEDIAPIPE
    }
    return {library: package for library, package in needed.items() if not _loads(library)}


def require_system_libraries(mediapipe: bool = True) -> None:
    """Raise a one-line `HandloomError` that names what is missing and what installs it."""
    missing = missing_system_libraries(mediapipe)
    if missing:
        raise HandloomError(
            f"missing system libraries: {', '.join(missing)}; install them, on Debian or Ubuntu with:"
            f" apt-get install {' '.join(missing.values())}"
        )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def main() -> int:
    """Report what is missing on stderr, with exit status 1; with `--packages` only list the packages, for scripts."""
    if "--packages" in sys.argv[1:]:
        print(" ".join(missing_system_libraries().values()))
        return 0
    try:
        require_system_libraries()
    except HandloomError as error:
        print(f"handloom: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
