"""Means with intervals. Scenes are the unit: clips of one scene are averaged before they come here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Interval", "family_mean", "mean_interval"]

CONFIDENCE = 0.95
BOOTSTRAP_FROM = 10  # scenes; a percentile bootstrap on fewer is too narrow, so a t interval stands in
RESAMPLES = 4000
BOOTSTRAP_SEED = 20_260_101  # fixed, so that the same scores always print the same interval


class Interval(NamedTuple):
    """A mean, its 95 % interval (None where a single scene cannot give one) and the number of scenes behind it."""

    value: float
    low: float | None
    high: float | None
    n: int


def family_mean(families: Mapping[str, Sequence[float]]) -> float:
    """The mean of the family means, so that a family with more seeds weighs no more.

    Example:
        >>> family_mean({"drop": [1.0, 3.0], "pendulum": [6.0]})
        4.0
    """
    return float(np.mean([np.mean(values) for values in families.values() if len(values)]))


def mean_interval(
    families: Mapping[str, Sequence[float]], bounds: tuple[float, float] | None = None
) -> Interval | None:
    """The mean of the family means with its 95 % interval; None where there is no scene at all.

    Below 10 scenes the interval is Student's t over the scenes, from 10 on a bootstrap that resamples scenes
    within their families. ``bounds`` are values that the quantity cannot leave.

    Example:
        >>> mean_interval({"drop": [1.0, 2.0, 3.0]})
        Interval(value=2.0, low=-0.484138, high=4.484138, n=3)
    """
    kept = {name: list(values) for name, values in families.items() if len(values)}
    if not kept:
        return None
    value, scenes = family_mean(kept), sum(len(values) for values in kept.values())
    if scenes == 1:
        return Interval(round(value, 6), None, None, 1)
    low, high = _student(kept, value) if scenes < BOOTSTRAP_FROM else _bootstrap(kept)
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Interval(round(value, 6), _round(low), _round(high), scenes)


def _student(families: Mapping[str, Sequence[float]], value: float) -> tuple[float, float]:
    from scipy import stats

    scenes = np.concatenate([np.asarray(values) for values in families.values()])
    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(scenes) - 1) * scenes.std(ddof=1) / np.sqrt(len(scenes))
    return value - float(half), value + float(half)


def _bootstrap(families: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    from scipy import stats

    samples = [np.asarray(values, dtype=float) for values in families.values()]
    if any(len(sample) < 2 for sample in samples):  # a family of one scene has nothing to resample within itself
        samples = [np.concatenate(samples)]

    def mean_of_means(*drawn: Any, axis: int) -> Any:  # as scipy calls it
        return np.mean([sample.mean(axis=axis) for sample in drawn], axis=0)

    found = stats.bootstrap(
        samples,
        mean_of_means,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=True,
        random_state=np.random.default_rng(BOOTSTRAP_SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def _round(value: float) -> float:
    return round(value, 6)
