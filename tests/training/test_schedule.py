"""The rate of learning, iteration by iteration."""

import pytest
import torch

from handloom.config import Optimizer, Training
from handloom.training.module import rate_share


def shares(iterations: int, **options: object) -> list[float]:
    settings = Training(maximum_iterations=iterations, optimizer=Optimizer(**options))  # type: ignore[arg-type]
    return [rate_share(settings, iteration) for iteration in range(iterations)]


def test_the_default_is_pytorchs_cosine() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=80)
    expected = []
    for _ in range(80):
        expected.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert shares(80) == pytest.approx(expected, abs=1e-9)


def test_it_rises_through_the_warm_up_and_is_never_zero() -> None:
    constant = shares(10, schedule="constant", warmup=0.4)
    assert constant == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1])
    cosine = shares(10, warmup=0.4)
    assert cosine[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert cosine[5:] == sorted(cosine[5:], reverse=True) and cosine[-1] > 0
    assert shares(1, warmup=0.99) == [1.0]
