"""Optional packages, and the extra of `pyproject.toml` that installs each."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from handloom.errors import ConfigurationError
from handloom.support.system_libraries import LINUX_LIBRARIES

# By the module that is imported. All others come with `train`, or with handloom itself.
_EXTRAS: Mapping[str, str] = {
    "coreai": "coreai",
    "coreai_torch": "coreai",
    "dask": "dask",
    "distributed": "dask",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "optuna": "search",
    "ray": "ray",
    "rawpy": "raw",
    "starlette": "studio",
    "uvicorn": "studio",
}
WHOLE = "train"  # the extra of all that predicting does not need


@contextmanager
def needs_extra(asked: str) -> Iterator[None]:
    """Around the imports of packages that may be missing.

    Args:
        asked: what was asked for, for the message.

    Raises:
        ConfigurationError: a package is not installed, or cannot be loaded; the text says what to do.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("handloom"):  # a bug
            raise
        raise ConfigurationError(missing_package(asked, error)) from None


def missing_package(asked: str, error: ImportError) -> str:
    """The line that says what to install, or what else keeps a module from being loaded.

    Args:
        asked: what was asked for.
        error: what Python says of the import.
    """
    missing = (error.name or "").partition(".")[0]
    of_python = missing in sys.stdlib_module_names
    if isinstance(error, ModuleNotFoundError) and missing and not of_python:
        return f"{asked} needs {missing}: pip install 'handloom[{_EXTRAS.get(missing, WHOLE)}]'"
    path = error.path or (getattr(sys.modules.get(missing), "__file__", None) if of_python else None)
    where = f" in {path}" if path and path not in str(error) else ""
    if of_python and path:
        advice = f"Python has a module {missing}, too: rename the file if it is yours"
    elif of_python:
        advice = "this Python was built without it: install another Python"
    elif str(error).partition(":")[0] in LINUX_LIBRARIES:
        advice = "handloom doctor says what is missing"
    else:
        package = packages_distributions().get(missing, ["PACKAGE"])[0]
        advice = f"install it again: pip install --force-reinstall {package}"
    return f"{asked} cannot be loaded: {error}{where}; {advice}"


def installed_to_train() -> bool:
    """Whether the extra `train` is installed."""
    return any(_is_installed(name) for name in ("dvc", "mlflow", "pytorch-lightning"))


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
