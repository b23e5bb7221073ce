"""The order of an epoch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.errors import ConfigurationError
from handloom.training.data import balanced, drawn, shared, shuffled

targets_of_any = st.lists(st.integers(0, 5), min_size=1, max_size=40).map(torch.tensor)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=30)
@given(targets_of_any, st.integers(0, 99))
def test_shuffled_shows_each_example_once(targets: torch.Tensor, seed: int) -> None:
    assert shuffled(targets, generator(seed)).sort().values.tolist() == list(range(len(targets)))


@settings(deadline=None, max_examples=30)
@given(targets_of_any, st.integers(0, 99))
def test_balanced_draws_as_many_of_the_examples_that_there_are(targets: torch.Tensor, seed: int) -> None:
    order = balanced(targets, generator(seed))
    assert order.shape == targets.shape
    assert set(order.tolist()) <= set(range(len(targets)))


def test_all_classes_are_equally_likely_and_so_are_the_examples_of_each() -> None:
    targets = torch.tensor([3] * 2 + [0] * 1000 + [1] * 8990 + [3] * 8)  # nothing has class 2
    order = balanced(targets[torch.randperm(10_000, generator=generator(1))].sort(stable=True).values, generator())
    classes = targets.sort().values[order].bincount().tolist()
    assert classes[2] == 0
    assert all(3133 < count < 3533 for count in (classes[0], classes[1], classes[3]))
    rare = order[order >= 9990].bincount()[9990:]
    assert len(rare) == 10 and rare.min() > 250 and rare.max() < 420


NAMES = ["own/a/1.jpg"] * 5 + ["described/a/1"] * 5000 + ["drawn/b/2"] * 4995


def test_a_source_gets_its_share_however_few_its_examples_are() -> None:
    counts = drawn(shared(NAMES, {"own": 0.3}), generator()).bincount(minlength=10_000)
    assert 2800 < counts[:5].sum() < 3200
    assert counts[:5].min() > 450
    assert 3200 < counts[5:5005].sum() < 3800


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"other": 0.3}, "source_weights.other: no training example comes from"),
        ({"own": 0.5, "described": 0.5}, "source_weights: the sum is 1; it must be 1, or below 1 where there are"),
        ({"own": 0.2, "described": 0.3, "drawn": 0.1}, "source_weights: the sum is 0.6"),
    ],
)
def test_shares_that_do_not_fit_the_sources_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        shared(NAMES, shares)
