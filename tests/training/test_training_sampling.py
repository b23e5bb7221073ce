"""The order of an epoch."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.training.sampling import balanced, shuffled

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
    drawn = balanced(targets, generator(seed))
    assert drawn.shape == targets.shape
    assert set(drawn.tolist()) <= set(range(len(targets)))


def test_all_classes_are_equally_likely_and_so_are_the_examples_of_each() -> None:
    targets = torch.tensor([3] * 2 + [0] * 1000 + [1] * 8990 + [3] * 8)  # nothing has class 2
    drawn = balanced(targets[torch.randperm(10_000, generator=generator(1))].sort(stable=True).values, generator())
    classes = targets.sort().values[drawn].bincount().tolist()
    assert classes[2] == 0
    assert all(3133 < count < 3533 for count in (classes[0], classes[1], classes[3]))
    rare = drawn[drawn >= 9990].bincount()[9990:]
    assert len(rare) == 10 and rare.min() > 250 and rare.max() < 420
