"""Metrics of a set of clips: whether, all together, they look, move and sound like the truth's.

They compare vectors by networks that share nothing with any generator; one number per generator, in no axis. A lost clip counts as a black
and silent one, so failing does not help.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinema.metrics.distribution import SEED, Measured, Rows, frechet, measured, mmd, projected, two_sample_measured
from kinema.metrics.metric import Sample, Scored, Unscored, set_metric

__all__ = ["LEAST", "compared", "frechet_distance", "frechet_of", "frechet_sound", "kernel_distance", "kernel_sound", "two_sample_test"]

LEAST = 40  # clips and scenes; below it an interval over scenes says little
PER_DIMENSION = 2  # clips for every dimension of a Frechet distance, for it estimates covariances
FARTHEST = 1000.0  # squared units; a component's variance over good and damaged clips is 1, so nothing that is a clip comes near
SEEN, HEARD = ("picture", "motion"), ("sound",)
OWN_SEEN = ("blur", "noise", "compression", "downscale", "flicker", "banding")  # tried on 92 clips
OWN_HEARD = ("noise_sound", "lowpass")  # tried on 92 clips; gaps and clipping move these too, but not in order
KID = "Binkowski et al. 2018 (arXiv:1801.01401), the unbiased estimator over pairs of different scenes"
FID = "Heusel et al. 2017 (arXiv:1706.08500), as torchmetrics.image.FrechetInceptionDistance computes it"
BLIND = (
    "Says nothing of a single clip, and nothing of a law: a set of faults that leaves the vectors' distribution as it is stays unseen.",
    "The vectors come from a small network trained on this catalogue alone, at 64 x 64 pixels, 8 frames a second and 16 kHz.",
    "Clips of the same scenes are compared, so a value below the floor is usual for good clips.",
)


@set_metric(
    "realism/frechet", version=1, unit="-", better="lower", best=0.0, worst=FARTHEST, needs=("features",), source=FID,
    formula="|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^0.5) of the vectors picture and motion", own=OWN_SEEN, blind=BLIND,
)  # fmt: skip
def frechet_distance(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How far the clips' pictures and motions lie from the truth's, as two normal distributions.

    Returns:
        0 for the same mean and covariance, at most 1000. ``Unscored`` below 40 clips, or two for every component of the vectors.

    Example:
        >>> frechet_distance([], []).reason
        'a set metric needs 40 clips of 40 scenes, and 0 are there'
    """
    return _enough(shown, true, SEEN) or compared(shown, true, SEEN, frechet_of, FARTHEST)


@set_metric(
    "realism/mmd", version=1, unit="-", better="lower", best=0.0, worst=FARTHEST, needs=("features",), source=KID, own=OWN_SEEN,
    formula="E k(x, x') + E k(y, y') - 2 E k(x, y), k(x, y) = (x.y / d + 1)^3, of the vectors picture and motion", blind=BLIND,
)  # fmt: skip
def kernel_distance(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How far the clips' pictures and motions lie from the truth's, without assuming any distribution.

    Returns:
        0 where the sets cannot be told apart (``details.signed`` keeps the unbiased value, which may be below), at most 1000. ``Unscored``
        below 40 clips.

    Example:
        >>> kernel_distance([], []).reason
        'a set metric needs 40 clips of 40 scenes, and 0 are there'
    """
    return compared(shown, true, SEEN, _mmd, FARTHEST)


@set_metric(
    "realism/two_sample", version=1, unit="-", better="lower", best=0.5, worst=1.0, needs=("features",),
    source="classifier two-sample test, Lopez-Paz and Oquab 2017 (arXiv:1610.06545), the area under the ROC curve in place of accuracy",
    formula="area under the ROC curve of a ridge logistic regression on picture, motion and their squares, on scenes it was not trained on",
    own=OWN_SEEN, blind=BLIND,
)  # fmt: skip
def two_sample_test(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How well a classifier can tell the clips from the truth's: .5 is not at all, 1 is always.

    Returns:
        .5 to 1 (what lies below .5 is chance and counts as .5; ``details.signed`` keeps it). ``Unscored`` below 40 clips. The area is 1 as
        soon as the sets are apart; ``details.graded`` is the log-likelihood, in nats a clip, of the classifier on clips that it has not
        seen, which goes on rising, and which the curves of its validity show.

    Example:
        >>> two_sample_test([], []).reason
        'a set metric needs 40 clips of 40 scenes, and 0 are there'
    """
    return compared(shown, true, SEEN, _two_sample, 1.0, best=0.5)


@set_metric(
    "realism/frechet_sound", version=1, unit="-", better="lower", best=0.0, worst=FARTHEST, needs=("features",), source=FID,
    formula="|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^0.5) of the vector sound", own=OWN_HEARD, blind=BLIND,
)  # fmt: skip
def frechet_sound(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How far the clips' sounds lie from the truth's, as two normal distributions.

    Returns:
        0 for the same mean and covariance, at most 1000. ``Unscored`` below 40 clips, or two for every component of the vectors.

    Example:
        >>> frechet_sound([], []).reason
        'a set metric needs 40 clips of 40 scenes, and 0 are there'
    """
    return _enough(shown, true, HEARD) or compared(shown, true, HEARD, frechet_of, FARTHEST)


@set_metric(
    "realism/mmd_sound", version=1, unit="-", better="lower", best=0.0, worst=FARTHEST, needs=("features",), source=KID,
    formula="E k(x, x') + E k(y, y') - 2 E k(x, y), k(x, y) = (x.y / d + 1)^3, of the vector sound", own=OWN_HEARD, blind=BLIND,
)  # fmt: skip
def kernel_sound(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How far the clips' sounds lie from the truth's, without assuming any distribution.

    Returns:
        0 where the sets cannot be told apart (``details.signed`` keeps the unbiased value), at most 1000. ``Unscored`` below 40 clips.

    Example:
        >>> kernel_sound([], []).reason
        'a set metric needs 40 clips of 40 scenes, and 0 are there'
    """
    return compared(shown, true, HEARD, _mmd, FARTHEST)


Distance = Callable[[Rows, Rows], tuple[Measured, int]]


def compared(
    shown: Sequence[Sample], true: Sequence[Sample], names: Sequence[str], distance: Distance, worst: float, best: float = 0.0
) -> Scored | Unscored:
    """One of the distances between two sets, with interval, floor, sizes and seed in its details.

    Args:
        shown: what is compared; samples without one of the vectors are left out of the set and counted.
        true: the truth's own clips.
        names: the vectors, joined.
        distance: what to measure.
        worst: the card's bound; the signed value stays in the details.
        best: the other bound.
    """
    codes = {scene: number for number, scene in enumerate(sorted({sample.scene for sample in (*shown, *true)}))}
    least = min(len({sample.scene for sample in samples}) for samples in (shown, true))
    if least < LEAST:
        return Unscored(reason=f"a set metric needs {LEAST} clips of {LEAST} scenes, and {least} are there")
    a, b = _rows(shown, names, codes), _rows(true, names, codes)
    with_all = min(len(np.unique(rows.scene)) for rows in (a, b))
    if with_all < LEAST:
        return Unscored(reason=f"not run: {with_all} of {least} scenes have the vector {' and '.join(names)}, and {LEAST} are needed")
    found, dimensions = distance(a, b)
    value = float(np.clip(found.value, best, worst))
    low, high = (float(np.clip(end, best, worst)) for end in (found.low, found.high))
    details: dict[str, Any] = {
        "low": _short(low), "high": _short(high), "floor": _short(found.floor), "signed": _short(found.value), "clips": len(a.x),
        "truths": len(b.x), "left_out": len(shown) - len(a.x), "dimensions": dimensions, "vectors": list(names), "seed": SEED,
    }  # fmt: skip
    if found.graded is not None:
        details["graded"] = dict(zip(("value", "low", "high"), map(_short, found.graded), strict=True))
    against = f"{len(a.x)} clips against {len(b.x)} of the truth"
    why = f"{against}: {value:.3g} ({low:.3g} to {high:.3g}); the truth's own halves: {found.floor:.3g}."
    return Scored(value=value, why=why, details=details)


def _short(value: float) -> float:
    return round(value, 6)


def _rows(samples: Sequence[Sample], names: Sequence[str], codes: dict[str, int]) -> Rows:
    """The vectors of the samples that have them, in order of scene and value, so that the order of the samples means nothing."""
    kept = [sample for sample in samples if all(sample.seen.features.get(name) for name in names)]
    rows = sorted((codes[s.scene], *(v for name in names for v in s.seen.features[name])) for s in kept)
    table = np.array(rows, dtype=float).reshape(len(rows), -1) if rows else np.zeros((0, 2))
    return Rows(table[:, 1:], table[:, 0].astype(np.int64))


def frechet_of(shown: Rows, true: Rows) -> tuple[Measured, int]:
    """The Frechet distance with its interval and floor, and in how many dimensions it was taken."""
    most = len(true.x) // PER_DIMENSION
    if true.x.shape[1] > most:
        x, y = projected(shown.x, true.x, most)
        shown, true = Rows(x, shown.scene), Rows(y, true.scene)
    return measured(frechet, shown, true), true.x.shape[1]


def _enough(shown: Sequence[Sample], true: Sequence[Sample], names: Sequence[str]) -> Unscored | None:
    """Our own vectors are never projected: noise leaves the directions in which the truth varies (measured: its distance falls again)."""
    found = [sample.seen.features for sample in true if all(sample.seen.features.get(name) for name in names)]
    needed = PER_DIMENSION * sum(len(found[0][name]) for name in names) if found else 0
    there = min(len(shown), len(found))
    if not LEAST <= there < needed:
        return None
    return Unscored(reason=f"a Frechet distance of these vectors needs {needed} clips, and {there} are there")


def _mmd(shown: Rows, true: Rows) -> tuple[Measured, int]:
    return measured(mmd, shown, true), true.x.shape[1]


def _two_sample(shown: Rows, true: Rows) -> tuple[Measured, int]:
    return two_sample_measured(shown, true), true.x.shape[1]
