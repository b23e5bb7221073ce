"""PyTorch to Core AI (`.aimodel`), Apple's successor of Core ML from iOS 27 and macOS 27 on, and running it.

The libraries (`coreai-core`, `coreai-torch`) are Apple's own and beta. They bring Apple's runtime, which runs on Linux
too. The format knows no classifier: probabilities come out, and the labels stand in the metadata.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.fx import Graph, Node
from typing_extensions import override

from handloom.config import ExportCoreML
from handloom.errors import DataError, printable
from handloom.export.convert import ExportedNetwork
from handloom.export.exported import ExportedModel
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of, self_describing
from handloom.export.libraries import needs_extra, one_line, quiet
from handloom.export.package import require_model_file
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

PROGRAM, HASH, METADATA = "main.mlirb", "main.hash", "metadata.json"
FUNCTION = "main"
_CUSTOM = "creatorDefinedMetadata"
# The converter ends the names of some operations in eight random letters.
_RANDOM_NAME = re.compile(rb"(?<=_norm_)[a-z]{8}(?=\x00)")


def save_core_ai(model: TrainedModel, path: Path, settings: ExportCoreML, metadata: Mapping[str, str]) -> None:
    """Write a new `.aimodel` folder in float32, the same bytes each time.

    Args:
        model: the trained classifier.
        path: the folder.
        settings: the section `export_coreml`; author, description and licence are taken from it.
        metadata: custom metadata; the version, the labels and the descriptions of input and output are added.

    Raises:
        ConfigurationError: the extra `coreai` is not installed.
    """
    example = torch.zeros(model.spec.window, len(CHANNELS), JOINT_COUNT)
    with needs_extra("coreai", "export_coreml.formats: aimodel"), quiet():
        import coreai_torch

        program = torch.export.export(ExportedNetwork(model.network).eval(), (example,))
        program = program.run_decompositions(coreai_torch.get_decomp_table())
        _multiply_without_copies(program.graph)
        for node in program.graph.nodes:  # they hold paths of this machine
            node.meta.pop("stack_trace", None)
            node.meta.pop("nn_module_stack", None)
        converter = coreai_torch.TorchConverter()
        converter.add_exported_program(program, input_names=[POSES], output_names=[LABEL_PROBABILITIES])
        converter.to_coreai().save_asset(path)
    _make_reproducible(path)
    about = json.loads((path / METADATA).read_text(encoding="utf-8"))
    about.pop("creationDate", None)
    about |= {"author": settings.author, "license": settings.license, "description": settings.short_description}
    about[_CUSTOM] = self_describing(model, {**metadata, "Version": settings.version})
    text = json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False)
    (path / METADATA).write_text(text + "\n", encoding="utf-8")


def _multiply_without_copies(graph: Graph) -> None:
    """Let a product take a stored matrix as it is, where PyTorch repeats it for each frame.

    Core AI's product does so by itself; the converter would store all the copies, a quarter of an action's file.
    """
    copies = (torch.ops.aten.view.default, torch.ops.aten.clone.default, torch.ops.aten.expand.default)
    for node in graph.nodes:
        if node.target is not torch.ops.aten.bmm.default:
            continue
        stored, given = node.args
        while stored.target in copies:
            stored = stored.args[0]
        if stored.op != "placeholder":
            continue
        while given.target in copies[:2] or (given.target is copies[2] and _shape(given) == _shape(given.args[0])):
            given = given.args[0]
        (view,) = node.users  # which gives the product the shape that it has now at once
        node.args, node.meta["val"] = (stored, given), view.meta["val"]
    graph.eliminate_dead_code()


def _shape(node: Node) -> torch.Size:
    shape: torch.Size = node.meta["val"].shape
    return shape


def _make_reproducible(path: Path) -> None:
    """Give the operations with random names others of the same length, by the order in which they stand there."""
    content = (path / PROGRAM).read_bytes()
    numbers = {name: number for number, name in enumerate(dict.fromkeys(_RANDOM_NAME.findall(content)))}
    content = _RANDOM_NAME.sub(lambda found: f"{numbers[found[0]]:08d}".encode(), content)
    (path / PROGRAM).write_bytes(content)
    (path / HASH).write_bytes(hashlib.sha256(content).digest())


class CoreAIModel(ExportedModel):
    """A saved `.aimodel`, run by Apple's runtime.

    Args:
        path: what `save_core_ai` wrote.

    Attributes:
        classes: labels, in the order of the probabilities.
        shape: of a window.
        metadata: the custom metadata.

    Raises:
        DataError: the folder is missing or damaged, or handloom did not write it.
        ConfigurationError: the extra `coreai` is not installed.
    """

    def __init__(self, path: Path) -> None:
        require_model_file(path)
        with one_line(path, "a Core AI model"):
            digest = hashlib.sha256((path / PROGRAM).read_bytes()).digest()
            if digest != (path / HASH).read_bytes():  # before Apple's code, which trusts it, parses it
                raise DataError(f"{printable(str(path))}: its {PROGRAM} is damaged; export the model again")
            custom = json.loads((path / METADATA).read_text(encoding="utf-8")).get(_CUSTOM, {})
            self.metadata = {str(name): str(value) for name, value in custom.items()}
        with needs_extra("coreai", str(path)):
            import coreai.authoring
            import coreai.runtime

        self._array, self.path = coreai.runtime.NDArray, path
        # The runtime is asynchronous; a thread of its own has a loop, whatever runs in the caller's.
        self._thread, self._loop = ThreadPoolExecutor(max_workers=1), asyncio.new_event_loop()
        with one_line(path, "a Core AI model"):
            asset = coreai.authoring.AIModelAsset.load(path)
            self._function = self._wait(_loaded(asset))
            given, made = self._function.desc.input_names, self._function.desc.output_names
            self.classes = labels_of(self.metadata) if (given, made) == ([POSES], [LABEL_PROBABILITIES]) else []
            if self.classes:
                self.shape = tuple(size or 0 for size in self._function.desc.input_descriptor(POSES).shape)
        if not self.classes:
            raise DataError(f"{printable(str(path))}: a Core AI model, but not one of handloom's hand classifiers")

    @override
    def run(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """One window ``[window, 3, 21]`` to the probability of each class ``[classes]``."""
        if poses.shape != self.shape:
            raise ValueError(f"poses: expected shape {list(self.shape)}, got {list(poses.shape)}")
        with one_line(self.path, "a Core AI model"):
            given = self._array(np.ascontiguousarray(poses, np.float32))
            found = self._wait(self._function({POSES: given}))[LABEL_PROBABILITIES].numpy()
            return np.array(found, np.float32).reshape(len(self.classes))

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(self._loop.run_until_complete, work).result()


async def _loaded(asset: Any) -> Any:
    async with asset.executable() as model:
        return model.load_function(FUNCTION)
