"""Running a saved Core AI file (`.aimodel`), without PyTorch."""

import asyncio
import hashlib
import json
import weakref
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from handloom.errors import DataError, printable
from handloom.export.exported import ExportedModel
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of
from handloom.export.libraries import one_line
from handloom.export.package import require_model_file
from handloom.support.extras import needs_extra

PROGRAM, HASH, METADATA = "main.mlirb", "main.hash", "metadata.json"
FUNCTION = "main"
CUSTOM = "creatorDefinedMetadata"


class CoreAIFunction:
    """What a saved `.aimodel` computes, run by Apple's runtime.

    Args:
        path: the folder.

    Attributes:
        close: frees the thread and the event loop, which is also done when the last one who has the function drops it.
        inputs: the names of what it takes.
        outputs: the names of what it gives.
        metadata: the custom metadata.

    Raises:
        DataError: the folder is missing or damaged.
        ConfigurationError: the extra `coreai` is not installed.
    """

    def __init__(self, path: Path) -> None:
        require_model_file(path)
        with one_line(path, "a Core AI model"):
            digest = hashlib.sha256((path / PROGRAM).read_bytes()).digest()
            if digest != (path / HASH).read_bytes():  # before Apple's code, which trusts it, parses it
                raise DataError(f"{printable(str(path))}: its {PROGRAM} is damaged; export the model again")
            custom = json.loads((path / METADATA).read_text(encoding="utf-8")).get(CUSTOM, {})
            self.metadata = {str(name): str(value) for name, value in custom.items()}
        with needs_extra(str(path)):
            import coreai.authoring
            import coreai.runtime

        self._array, self._path = coreai.runtime.NDArray, path
        # The runtime is asynchronous; a thread of its own has a loop, whatever runs in the caller's.
        self._thread, self._loop = ThreadPoolExecutor(max_workers=1), asyncio.new_event_loop()
        self.close = weakref.finalize(self, _stop, self._thread, self._loop)
        with one_line(path, "a Core AI model"):
            asset = coreai.authoring.AIModelAsset.load(path)
            self._function = self._wait(_loaded(asset))
            self.inputs: list[str] = self._function.desc.input_names
            self.outputs: list[str] = self._function.desc.output_names

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an input, 0 where any size fits."""
        with one_line(self._path, "a Core AI model"):
            return tuple(size or 0 for size in self._function.desc.input_descriptor(name).shape)

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """The outputs by name."""
        with one_line(self._path, "a Core AI model"):
            given = {name: self._array(np.ascontiguousarray(value, np.float32)) for name, value in inputs.items()}
            found = self._wait(self._function(given))
            return {name: np.array(found[name].numpy(), np.float32) for name in self.outputs}

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(self._loop.run_until_complete, work).result()


class CoreAIModel(ExportedModel):
    """A saved `.aimodel` of a classifier, run by Apple's runtime.

    Args:
        path: what `core_ai_file.save_core_ai` wrote.

    Attributes:
        classes: labels, in the order of the probabilities.
        shape: of a window.
        metadata: the custom metadata.

    Raises:
        DataError: the folder is missing or damaged, or handloom did not write it.
        ConfigurationError: the extra `coreai` is not installed.
    """

    runtime = "Apple's runtime"

    def __init__(self, path: Path) -> None:
        self.path, self._function = path, CoreAIFunction(path)
        self.metadata = self._function.metadata
        given, made = self._function.inputs, self._function.outputs
        self.classes = labels_of(self.metadata) if (given, made) == ([POSES], [LABEL_PROBABILITIES]) else []
        if not self.classes:
            raise DataError(f"{printable(str(path))}: a Core AI model, but not one of handloom's hand classifiers")
        self.shape = self._function.shape(POSES)

    @override
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self._function.run({POSES: poses})[LABEL_PROBABILITIES]
        with one_line(self.path, "a Core AI model"):
            return found.reshape(len(self.classes))


def _stop(thread: ThreadPoolExecutor, loop: asyncio.AbstractEventLoop) -> None:
    thread.shutdown()  # what runs in the loop is done then
    loop.close()


async def _loaded(asset: Any) -> Any:
    async with asset.executable() as model:
        return model.load_function(FUNCTION)
