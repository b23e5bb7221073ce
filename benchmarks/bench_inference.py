"""How large the networks of `params.yaml` are, and how long a prediction takes on one core.

    python benchmarks/bench_inference.py [PREDICTIONS=300]

One window at a time, as an app asks: a pose, and an action of 60 frames, both in PyTorch without a compiler. A plain
ST-GCN (`st_gcn.py`) of the same width is printed for comparison. Limits: 300,000 parameters, 1 ms a pose,
3 ms an action.
"""

import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
import yaml
from st_gcn import STGCN

from handloom.config import parameters_from
from handloom.models.network import HandNetwork

CLASSES, FRAMES = 20, 60


def milliseconds(network: torch.nn.Module, window: int, predictions: int) -> list[float]:
    poses = torch.rand(1, window, 3, 21)
    times = []
    with torch.inference_mode():
        for _ in range(predictions + 20):
            started = time.perf_counter()
            network(poses)
            times.append(1000 * (time.perf_counter() - started))
    return times[20:]  # the first ones find the memory cold


def main(predictions: int = 300) -> None:
    torch.set_num_threads(1)
    parameters = parameters_from(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")))
    action = replace(parameters.train_action, prediction_window_size=FRAMES)
    networks = {
        "pose, limit 1 ms": (HandNetwork(CLASSES, 1, parameters.train_pose.model), 1),
        f"action of {FRAMES} frames, limit 3 ms": (HandNetwork(CLASSES, FRAMES, action.model), FRAMES),
        f"plain ST-GCN, {FRAMES} frames": (STGCN(CLASSES, action.model.width), FRAMES),
    }
    for name, (network, window) in networks.items():
        times = milliseconds(network.eval(), window, predictions)
        quantiles = statistics.quantiles(times, n=20)
        weights = sum(one.numel() for one in network.parameters())
        print(f"{name}: median {quantiles[9]:.2f} ms, 95 % below {quantiles[18]:.2f} ms, {weights:,} parameters")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
