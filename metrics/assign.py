"""Which track is which of the truth's bodies, before anything is known of camera, scale, start and pace."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.align import Path
    from kinema.metrics.reference import Reference
    from kinema.scenes.truth import Truth

__all__ = ["candidates", "reassigned"]

FEW = 3  # bodies up to which every assignment is tried
COLOUR = 0.5  # squared spreads of the bodies' places that another colour weighs
SIZE = 4.0  # the same, times the squared difference of ln size
LOOKS = 24  # moments at which paths are compared

Chosen = tuple[int | None, ...]


def candidates(
    paths: Sequence[Path], main: list[int], reference: Reference, truth: Truth, *, flip: bool, looks: bool = True
) -> list[Chosen]:
    """Assignments worth a fit: all of them for few bodies, else the one of the likest places, motions, sizes and colours.

    With ``looks``, colours that say who is who decide alone.
    """
    count = len(truth.bodies)
    named = _by_colour(paths, main, truth) if looks else None
    if named is not None:
        return [named]
    if count <= FEW:
        return [
            tuple(main[owners.index(body)] if body in owners else None for body in range(count))
            for owners in permutations(range(count), len(main))
        ]
    seconds = max(float(paths[k].t[-1]) for k in main)
    ours = _described([paths[k].z for k in main])
    times = np.linspace(0, seconds, LOOKS)
    shown = [reference.at(body, times) for body in range(count)]
    theirs = _described([-path.conj() for path in shown] if flip else shown)
    cost = (np.abs(ours[:, None, :] - theirs[None, :, :]) ** 2).sum(axis=-1)
    sizes = np.log([paths[k].diameter for k in main]), np.log([body.radius for body in truth.bodies])
    cost += SIZE * ((sizes[0] - np.median(sizes[0]))[:, None] - (sizes[1] - np.median(sizes[1]))[None, :]) ** 2
    cost += COLOUR * np.array([[paths[k].colour != body.colour for body in truth.bodies] for k in main])
    return [_solved(cost, main, count)]


def _by_colour(paths: Sequence[Path], main: list[int], truth: Truth) -> Chosen | None:
    """The assignment that the colours alone give: where each track has that of one body and no two the same; else None.

    Who moves like another body is then no other body, but moves wrongly.
    """
    colours = [body.colour for body in truth.bodies]
    mine = [paths[k].colour for k in main]
    if len(main) < 2 or len(set(mine)) < len(mine) or any(colours.count(colour or "") != 1 for colour in mine):
        return None
    return tuple(main[mine.index(colour)] if colour in mine else None for colour in colours)


def reassigned(
    paths: Sequence[Path], chosen: Chosen, reference: Reference, truth: Truth, *, pace: float, shift: float, factor: complex, flip: bool
) -> Chosen:
    """The assignment that costs least once the motion is known: each track against each body as the fit shows it."""
    main = [k for k in chosen if k is not None]
    count = len(truth.bodies)
    cost = np.zeros((len(main), count))
    shown = []
    for body in range(count):
        path = reference.plane[body]
        shown.append(factor * (-path.conj() if flip else path))
    mine = [body for body, k in enumerate(chosen) if k is not None]
    index = [_moments(paths[k].t, pace, shift, reference.plane.shape[1]) for k in main]
    offset = np.mean([np.mean(paths[k].z) - np.mean(shown[body][index[i]]) for i, (k, body) in enumerate(zip(main, mine, strict=True))])
    for i, k in enumerate(main):
        for body in range(count):
            cost[i, body] = np.mean(np.abs(paths[k].z - shown[body][index[i]] - offset) ** 2)
    unit = max(float(np.median(cost.min(axis=1))), 1e-6)
    cost = cost / unit + COLOUR * np.array([[paths[k].colour != body.colour for body in truth.bodies] for k in main])
    return _solved(cost, main, count)


def _moments(t: NDArray[np.float64], pace: float, shift: float, samples: int) -> NDArray[np.int64]:
    return np.clip(np.round((pace * t + shift) * TRUTH_RATE), 0, samples - 1).astype(np.int64)


def _described(paths: Sequence[NDArray[np.complex128]]) -> NDArray[np.complex128]:
    """(paths, 3): middle, way and spread of each, all in spreads of the middles round their own middle."""
    middle = np.array([path.mean() for path in paths])
    way = np.array([path[-1] - path[0] for path in paths])
    spread = np.array([path.std() for path in paths])
    unit = max(float(np.sqrt(np.mean(np.abs(middle - middle.mean()) ** 2))), float(spread.mean()), 1e-9)
    return np.asarray(np.stack([middle - middle.mean(), way, spread.astype(complex)], axis=1) / unit, dtype=complex)


def _solved(cost: NDArray[np.float64], main: list[int], count: int) -> Chosen:
    rows, columns = linear_sum_assignment(cost)
    owner: dict[int, int] = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    return tuple(main[owner[body]] if body in owner else None for body in range(count))
