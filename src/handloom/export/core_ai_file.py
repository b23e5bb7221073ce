"""PyTorch to Core AI (`.aimodel`), Apple's successor of Core ML from iOS 27 and macOS 27 on.

The libraries (`coreai-core`, `coreai-torch`) are Apple's own and beta. They bring Apple's runtime, which runs on Linux
too (`core_ai_model`). The format knows no classifier: probabilities come out, and the labels stand in the metadata.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn
from torch.fx import Graph, Node

from handloom.config import ExportCoreML
from handloom.export.convert import ExportedNetwork
from handloom.export.core_ai_model import CUSTOM, HASH, METADATA, PROGRAM
from handloom.export.interface import LABEL_PROBABILITIES, POSES, self_describing
from handloom.export.libraries import quiet
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel
from handloom.support.extras import needs_extra

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
    save_asset(
        ExportedNetwork(model.network).eval(),
        torch.zeros(model.spec.window, len(CHANNELS), JOINT_COUNT),
        path,
        inputs=[POSES],
        outputs=[LABEL_PROBABILITIES],
        about={"author": settings.author, "license": settings.license, "description": settings.short_description},
        custom=self_describing(model, {**metadata, "Version": settings.version}),
    )


def save_asset(
    network: nn.Module,
    example: torch.Tensor,
    path: Path,
    *,
    inputs: list[str],
    outputs: list[str],
    about: Mapping[str, str],
    custom: Mapping[str, str],
) -> None:
    """Write any network as a new `.aimodel` folder in float32, the same bytes each time.

    Args:
        network: in evaluation mode, with one input.
        example: of the input's shape.
        path: the folder.
        inputs: the name of the input.
        outputs: the names of the outputs.
        about: author, license and description.
        custom: custom metadata.

    Raises:
        ConfigurationError: the extra `coreai` is not installed.
    """
    with needs_extra("export_coreml.formats: aimodel"), quiet():
        import coreai_torch

        program = torch.export.export(network, (example,))
        program = program.run_decompositions(coreai_torch.get_decomp_table())
        _multiply_without_copies(program.graph)
        for node in program.graph.nodes:  # they hold paths of this machine
            node.meta.pop("stack_trace", None)
            node.meta.pop("nn_module_stack", None)
        converter = coreai_torch.TorchConverter()
        converter.add_exported_program(program, input_names=inputs, output_names=outputs)
        converter.to_coreai().save_asset(path)
    _make_reproducible(path)
    stated = json.loads((path / METADATA).read_text(encoding="utf-8"))
    stated.pop("creationDate", None)
    stated |= {**about, CUSTOM: dict(custom)}
    text = json.dumps(stated, indent=2, sort_keys=True, ensure_ascii=False)
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
