"""Who is who after a crossing, and rings with thin sides."""

from __future__ import annotations

import numpy as np
import pytest

from kinema.metrics.observe.chains import Chain
from kinema.metrics.observe.crossing import crossed
from kinema.metrics.observe.segment import Blob, blobs_of_mask

WIDE = 10  # px of each square body


def _blob(frame: int, left: int, right: int) -> Blob:
    part = np.ones((WIDE, right - left), np.uint8)
    area = float(part.sum())
    return Blob(frame, 0.5 * (left + right), WIDE / 2, area, WIDE / 2, (0.4, 0.3), False, 2, (left, 0), part)


def _met(places: list[tuple[int, int]]) -> tuple[list[Chain], list[list[Blob]]]:
    """Two bodies at rest at 0 and 40, in one blob meanwhile that spans ``places``, and at rest there again."""
    last = len(places) + 2
    ends = [[_blob(i, at, at + WIDE) for i in (0, 1, last, last + 1)] for at in (0, 40)]
    found = [[chain[k] for chain in ends] for k in (0, 1)] + [[_blob(i + 2, *place)] for i, place in enumerate(places)]
    found += [[chain[k] for chain in ends] for k in (2, 3)]
    return [Chain(list(chain)) for chain in ends], found


def test_bodies_that_are_one_wide_halfway_have_changed_places() -> None:
    chains, found = _met([(4, 46), (16, 34), (20, 30), (16, 34), (4, 46)])
    one, two = crossed(chains, found)
    assert [blob.x for blob in one.blobs] == [5, 5, 45, 45]
    assert [blob.x for blob in two.blobs] == [45, 45, 5, 5]


@pytest.mark.parametrize("places", [[(0, 50)] * 5, []], ids=["side by side", "never lost"])
def test_bodies_that_stay_apart_keep_their_ends(places: list[tuple[int, int]]) -> None:
    chains, found = _met(places)
    assert [[blob.x for blob in chain.blobs] for chain in crossed(chains, found)] == [[5, 5, 5, 5], [45, 45, 45, 45]]


def test_a_ring_with_thin_sides_is_one_body_beside_another_paint() -> None:
    rows, columns = np.mgrid[0:40, 0:30]
    out, within = np.hypot(columns - 15, rows - 15) <= 12, np.hypot((columns - 15) / 10.9, (rows - 15) / 7) < 1
    ring, other = out & ~within, (rows >= 27) & (rows < 38) & (columns > 4) & (columns < 26)
    paints = np.where(ring & ~other, 5, np.where(other, 1, 0)).astype(np.uint8)
    frame = np.full((40, 30, 3), 90, np.uint8)
    blobs = blobs_of_mask((ring | other).astype(np.uint8), frame, 0, paints)
    assert sorted(blob.paint for blob in blobs) == [1, 5]
