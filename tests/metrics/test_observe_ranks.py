from __future__ import annotations

import numpy as np
import pytest

from kinema.metrics.observe.ranks import median, ranked


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 17, 33, 48])
def test_ranks_are_those_of_sorting(count: int) -> None:
    rng = np.random.default_rng(count)
    values = rng.integers(0, 256, (count, 6, 5, 3), dtype=np.uint8)
    for rank in {0, count // 2, count - 1}:
        assert np.array_equal(ranked(values, rank), np.sort(values, axis=0)[rank])


@pytest.mark.parametrize("count", [1, 4, 9, 48])
def test_medians_leave_out_what_is_not_to_be_used(count: int) -> None:
    rng = np.random.default_rng(count)
    values, use = rng.integers(0, 256, (count, 30, 3), dtype=np.uint8), rng.random((count, 30)) > 0.5
    found = median(values, use)
    for k in range(30):
        some = np.sort(values[use[:, k], k], axis=0)
        assert np.array_equal(found[k], some[len(some) // 2] if len(some) else np.full(3, 255))
