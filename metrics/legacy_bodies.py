"""Peers' formulas under their own names, for comparison only: PISA, RigidBench and PhyWorld. Each card says what is wrong with it.

They compare bodies place by place, so they exist for ``i2v`` and ``v2v`` alone. Where a peer needs a segmentation network, the observer's
own tracks and masks are used, and the card says so.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.legacy import Key, Whole, asked, full, overlap, resized
from kinema.metrics.metric import REGISTERED, Case, Scored, Unscored, metric
from kinema.metrics.registered import MIRRORED, incomparable, pairs, wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation

__all__ = ["phyworld_velocity", "pisa_iou", "pisa_l2", "rigidbench_iou", "rigidbench_l2", "velocity_errors"]

ELSEWHERE = ("shift", "zoom", "late_start", "gravity", "constant_velocity", "time_stretch", "teleport", "mirror", "sticks")
TURNS = {"spin": "what turns otherwise has its outline, and the middle of it, elsewhere"}
WORLD = 10.0  # side of PhyWorld's world


def velocity_errors(shown: NDArray[np.float64], true: NDArray[np.float64], step: float) -> float:
    """PhyWorld: mean absolute difference of finite-difference velocities, over both axes; places (n, 2) in its world of 10 x 10."""
    return float(np.abs(np.diff(shown, axis=0) / step - np.diff(true, axis=0) / step).mean()) if len(true) > 1 else 0.0


def _centres(seen: Observation, case: Case) -> list[NDArray[np.float64]] | str:
    """Per body the (n, 2) differences of centres in px, of the frames in which both are there; or why there are none."""
    if reason := incomparable(case):
        return reason
    found = pairs(seen, wanted(seen, case), case)
    return [(pair.shown - pair.true)[~pair.missing] for pair in found] if found else "no body of the truth is in the picture"


@metric(
    "dynamics/pisa_l2",
    version=1,
    unit="-",
    better="lower",
    best=0.0,
    worst=1.0,
    modes=REGISTERED,
    needs=("tracks",),
    legacy=True,
    source="PISA, arXiv 2503.09595, code 320aade, `utils/metrics.py`; centres by our observer instead of SAM 2",
    formula="nanmean |c - c_true| per coordinate / (sqrt(2) R), R the side of the picture",
    own=ELSEWHERE,
    coupled=TURNS | {"vanish": "whose last places were the farthest off, or the nearest, leaves a better or worse mean"},
    blind=(
        "In spite of its name it is the mean absolute error per coordinate.",
        "Frames without the body are left out: one that vanishes is perfect.",
    ),
)
def pisa_l2(seen: Observation, case: Case) -> Scored | Unscored:
    """PISA's trajectory error, as it is coded.

    Returns:
        0 for the truth's own places; frames in which the body is not shown are left out, and the worst bound stands where none is left.

    Example:
        >>> pisa_l2(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    off = _centres(seen, case)
    if isinstance(off, str):
        return Unscored(reason=off)
    kept = np.concatenate([np.abs(one).ravel() for one in off])
    if not len(kept):
        return Scored(value=1.0, why="No body is shown in any frame.")
    value = min(1.0, float(kept.mean()) / (2**0.5 * min(seen.width, seen.height)))
    return Scored(value=value, why=f"Coordinates are {kept.mean():.1f} px off on average, over the frames in which the bodies are shown.")


@metric(
    "dynamics/rigidbench_l2",
    version=1,
    unit="heights",
    better="lower",
    best=0.0,
    worst=1.0,
    modes=REGISTERED,
    needs=("tracks",),
    legacy=True,
    source="RigidBench, arXiv 2608.15555, code f0b8f29, `eval/score`; centres by our observer instead of SAM 2",
    formula="nanmean over frames of |c - c_true| / H, then over bodies",
    own=ELSEWHERE,
    coupled=TURNS | {"vanish": "whose last places were the farthest off, or the nearest, leaves a better or worse mean"},
    blind=("Frames without the body are left out: one that vanishes is perfect.",),
)
def rigidbench_l2(seen: Observation, case: Case) -> Scored | Unscored:
    """RigidBench's distance of centres in picture heights, as it is coded.

    Returns:
        0 for the truth's own places; bodies that are never shown are left out, and the worst bound stands where none is left.

    Example:
        >>> rigidbench_l2(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    off = _centres(seen, case)
    if isinstance(off, str):
        return Unscored(reason=off)
    means = [float(np.linalg.norm(one, axis=-1).mean()) / seen.height for one in off if len(one)]
    if not means:
        return Scored(value=1.0, why="No body is shown in any frame.")
    value = min(1.0, float(np.mean(means)))
    return Scored(value=value, why=f"{len(means)} of {len(off)} bodies are shown, {value:.1%} of the picture's height off.")


@metric(
    "dynamics/phyworld_velocity",
    version=1,
    unit="1/s",
    better="lower",
    best=0.0,
    worst=10.0,
    modes=REGISTERED,
    needs=("tracks",),
    legacy=True,
    source="PhyWorld, arXiv 2411.02385, code ee0e473, `evaluate.py`; the world is 10 wide",
    formula="mean |diff(x)/dt - diff(x_true)/dt| over both axes; a lost ball stands at x = 10 (0 for the left one of two), y as before",
    own=("gravity", "late_start", "constant_velocity", "time_stretch", "sticks", "vanish"),
    coupled=TURNS
    | MIRRORED
    | {"zoom": "speeds scale with it", "teleport": "a jump is a speed for one frame, unless the body is lost for it"},
    blind=(
        "A perfect clip that is late or slow is worse than one that falls at constant speed.",
        "Where a lost ball is put decides its penalty.",
    ),
)
def phyworld_velocity(seen: Observation, case: Case) -> Scored | Unscored:
    """PhyWorld's velocity error, as it is coded.

    Returns:
        Mean absolute error in worlds of ten a second; capped at 10. ``Unscored`` without truth and for clips made from text alone.

    Example:
        >>> phyworld_velocity(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if reason := incomparable(case):
        return Unscored(reason=reason)
    want = wanted(seen, case)
    step = float(np.median(np.diff(want.times))) if len(want.times) > 1 else 1 / case.request.fps
    found = pairs(seen, want, case)
    if not found:
        return Unscored(reason="no body of the truth is in the picture")
    left = min(range(len(found)), key=lambda k: found[k].true[0, 0])
    values = []
    for k, pair in enumerate(found):
        edge = 0.0 if k == left and len(found) > 1 else WORLD
        shown, true = pair.shown * WORLD / seen.width, pair.true * WORLD / seen.width
        for i in np.flatnonzero(pair.missing):
            shown[i] = edge, shown[i - 1, 1] if i else 0.0
        values.append(velocity_errors(shown, true, step))
    value = min(10.0, float(np.mean(values)))
    return Scored(value=value, why=f"Velocities are {value:.2f} of the picture's tenth parts a second off on average.")


def _masks(seen: Observation, case: Case) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]] | str:
    """Per body its masks (T, h, w) in the clip and in the truth; or why there are none."""
    if reason := incomparable(case):
        return reason
    if seen.masks is None or len(seen.times) < 2:
        return "the clip was observed without masks" if len(seen.times) >= 2 else "a single picture has no motion"
    size = (seen.masks.bodies.shape[1], seen.masks.bodies.shape[2])
    true = _true_bodies((Whole(full(case)), asked(seen, case), size))
    numbers = {id(track): k for k, track in enumerate(seen.tracks)}
    found = []
    for pair in pairs(seen, wanted(seen, case), case):
        n = min(len(seen.masks.bodies), len(true[pair.name]))
        label = numbers[id(pair.got)] + 1 if pair.got is not None else -1
        found.append((seen.masks.bodies[:n] == label, true[pair.name][:n]))
    return found or "no body of the truth is in the picture"


@lru_cache(maxsize=2)
def _true_bodies(key: Key) -> dict[str, NDArray[np.bool_]]:
    """The truth's own masks (T, h, w) of every body, from the renderer's labels."""
    from kinema.scenes.render import buffers_of

    truth, request, size = key
    labels = buffers_of(truth.whole, request).instances
    return {body.name: resized(labels == k + 1, size) for k, body in enumerate(truth.whole.bodies)}


@metric(
    "dynamics/pisa_iou",
    version=1,
    unit="-",
    better="higher",
    best=1.0,
    worst=0.0,
    modes=REGISTERED,
    needs=("tracks", "masks"),
    legacy=True,
    source="PISA, arXiv 2503.09595, code 320aade, `utils/metrics.py`; masks by our observer instead of SAM 2",
    formula="mean over frames of |M and M_true| / |M or M_true| of all bodies pooled (an indexing slip of theirs), 1 where both are empty",
    own=(*ELSEWHERE, "vanish"),
    coupled=TURNS,
    blind=("Zero for any body shown elsewhere, however rightly it moves.", "Two empty masks are a perfect match."),
)
def pisa_iou(seen: Observation, case: Case) -> Scored | Unscored:
    """PISA's overlap of masks, as it is coded.

    Returns:
        1 for the truth's own masks. ``Unscored`` without truth and for clips made from text alone.

    Example:
        >>> pisa_iou(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    found = _masks(seen, case)
    if isinstance(found, str):
        return Unscored(reason=found)
    mine, true = (np.any([pair[side] for pair in found], axis=0) for side in (0, 1))
    value = float(np.mean([overlap(a, b) for a, b in zip(mine, true, strict=True)]))
    return Scored(value=value, why=f"The masks of all bodies together overlap by {value:.0%}.")


@metric(
    "dynamics/rigidbench_iou",
    version=1,
    unit="-",
    better="higher",
    best=1.0,
    worst=0.0,
    modes=REGISTERED,
    needs=("tracks", "masks"),
    legacy=True,
    source="RigidBench, arXiv 2608.15555, code f0b8f29, `eval/score`; masks by our observer instead of SAM 2",
    formula="per body the mean over frames of IoU, 1 where both are empty; then the mean over bodies",
    own=(*ELSEWHERE, "vanish"),
    coupled=TURNS,
    blind=("Zero for any body shown elsewhere, however rightly it moves.",),
)
def rigidbench_iou(seen: Observation, case: Case) -> Scored | Unscored:
    """RigidBench's overlap of masks per body.

    Returns:
        1 for the truth's own masks. ``Unscored`` without truth and for clips made from text alone.

    Example:
        >>> rigidbench_iou(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    found = _masks(seen, case)
    if isinstance(found, str):
        return Unscored(reason=found)
    value = float(np.mean([overlap(a, b) for pair in found for a, b in zip(*pair, strict=True)]))
    return Scored(value=value, why=f"Masks of {len(found)} bod{'y' if len(found) == 1 else 'ies'} overlap by {value:.0%}.")
