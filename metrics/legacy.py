"""Peers' formulas under their own names, for comparison only: Physics-IQ and Physics-IQ Verified. Each card says what is wrong with it.

They compare pictures place by place, so they exist for ``i2v`` and ``v2v`` alone. Formulas are those of the peers' code at the commits
named on the cards, restated.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.metric import REGISTERED, Case, Scored, Unscored, metric
from kinema.metrics.observe.masks import motion_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation
    from kinema.scenes.request import Request
    from kinema.scenes.truth import Truth

__all__ = [
    "Terms",
    "overlap",
    "physics_iq",
    "physics_iq_score",
    "physics_iq_terms",
    "physics_iq_verified",
    "physics_iq_verified_score",
]

OWN = ("shift", "zoom", "vanish", "teleport", "gravity", "constant_velocity", "time_stretch", "mirror", "sticks")  # other pixels move
COUPLED = {"spin": "what turns moves other pixels, the more the longer it is"}


class Terms(NamedTuple):
    """Physics-IQ's four numbers: spatiotemporal, spatial and weighted spatial overlap, and mean squared error."""

    st: float
    s: float
    ws: float
    mse: float


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty (which is the peers' choice, and a fault of theirs).

    Example:
        >>> overlap(np.array([True, True]), np.array([True, False]))
        0.5
    """
    union = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / union) if union else 1.0


def physics_iq_terms(shown: NDArray[np.bool_], true: NDArray[np.bool_], picture: NDArray[np.uint8], real: NDArray[np.uint8]) -> Terms:
    """The four numbers from motion masks (T, H, W) and pictures (T, H, W, 3) of the same size and length."""
    st = float(np.mean([overlap(a, b) for a, b in zip(shown, true, strict=True)]))
    p, r = shown.mean(axis=0), true.mean(axis=0)
    both = float(np.maximum(p, r).sum())
    ws = float(np.minimum(p, r).sum() / both) if both > 0 else 1.0
    mse = float(np.mean((picture.astype(np.float32) / 255 - real.astype(np.float32) / 255) ** 2))
    return Terms(st, overlap(np.any(shown, axis=0), np.any(true, axis=0)), ws, mse)


def physics_iq_score(model: Terms, retake: Terms) -> float:
    """0 to 100: each overlap over that of two takes of the truth, less the excess of the squared error (appendix A.1).

    Example:
        >>> physics_iq_score(Terms(0.3, 0.3, 0.3, 0.01), Terms(0.6, 0.6, 0.6, 0.01))
        50.0
    """
    ratio = sum(getattr(model, name) / max(getattr(retake, name), 1e-8) for name in ("st", "s", "ws")) / 3
    return round(100 * float(np.clip(ratio - (model.mse - retake.mse), 0.0, 1.0)), 2)


def physics_iq_verified_score(model: Terms, retake: Terms) -> float:
    """0 to 100: the mean of four ratios, each clipped to 1 (appendix A.2).

    Example:
        >>> physics_iq_verified_score(Terms(0.3, 0.3, 0.3, 0.02), Terms(0.6, 0.6, 0.6, 0.01))
        50.0
    """
    shares = [float(np.clip(getattr(model, name) / (getattr(retake, name) + 1e-8), 0, 1)) for name in ("st", "s", "ws")]
    shares.append(float(np.clip(1 / (model.mse / (retake.mse + 1e-8) + 1e-12), 0, 1)))
    return round(100 * float(np.mean(shares)), 2)


# What the truth looks like, at the clip's own size and rate


class _Real(NamedTuple):
    moving: NDArray[np.bool_]
    picture: NDArray[np.uint8]


@lru_cache(maxsize=2)
def _real(key: Key) -> _Real:
    """The truth's motion masks and pictures, at the size of the observation's masks."""
    from kinema.scenes.render import render

    truth, request, size = key
    frames = render(truth.whole, request)
    return _Real(resized(motion_mask(frames), size), np.stack([cv2.resize(frame, size[::-1]) for frame in frames]))


class Whole:
    """A truth as a key: two are the same where their scenes are."""

    def __init__(self, truth: Truth) -> None:
        self.whole = truth

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Whole) and self.whole.scene == other.whole.scene

    def __hash__(self) -> int:
        return hash(self.whole.scene.id)


Key = tuple[Whole, "Request", tuple[int, int]]


def resized(masks: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Plain (bilinear) resize and half as threshold, as Physics-IQ loads its masks."""
    return np.stack([cv2.resize(mask.astype(np.uint8) * 255, size[::-1]) > 127 for mask in masks])


def _retake(truth: Truth) -> Truth:
    """Another take before the same camera that starts at the same moment: what two films of one set-up would differ by."""
    from kinema.scenes.world import truth_of

    scene = truth.scene
    again = replace(scene.take(1), yaw=scene.yaw, closeness=scene.closeness, delay=scene.delay)
    return truth_of(again, truth.seconds)


def _terms(seen: Observation, case: Case) -> tuple[Terms, Terms] | str:
    """Of the clip and of a retake, both against the truth; or why there are none."""
    if case.truth is None:
        return "there is no truth to compare with"
    if case.request.mode not in REGISTERED:
        return "only clips that were given the first picture can be compared place by place"
    if seen.masks is None or len(seen.times) < 2:
        return "the clip was observed without masks" if len(seen.times) >= 2 else "a single picture has no motion"
    truth = full(case)
    request, size = asked(seen, case), (seen.masks.moving.shape[1], seen.masks.moving.shape[2])
    real, again = _real((Whole(truth), request, size)), _real((Whole(_retake(truth)), request, size))
    n = min(len(real.moving), len(seen.masks.moving))
    model = physics_iq_terms(seen.masks.moving[:n], real.moving[:n], seen.masks.small[:n, :, :, ::-1], real.picture[:n])
    return model, physics_iq_terms(again.moving, real.moving, again.picture, real.picture)


def full(case: Case) -> Truth:
    """The truth with all its bodies, those that nobody follows by name included."""
    from kinema.scenes.world import truth_of

    assert case.truth is not None
    return truth_of(case.truth.scene, case.truth.seconds)


def asked(seen: Observation, case: Case) -> Request:
    """The request at the clip's own size and rate."""
    period = float(np.median(np.diff(seen.times)))
    return replace(case.request, width=seen.width, height=seen.height, fps=1 / period, conditioning=None)


@metric(
    "dynamics/physics_iq",
    version=1,
    unit="%",
    better="higher",
    best=100.0,
    worst=0.0,
    modes=REGISTERED,
    needs=("masks",),
    legacy=True,
    source="Physics-IQ, arXiv 2501.09038, code e457754, with this scene's own retake in place of the data set's mean variance",
    formula="100 clip01((ST/V_ST + S/V_S + WS/V_WS)/3 - (MSE - V_MSE))",
    own=OWN,
    coupled=COUPLED | {"late_start": "by some frames it matters, and by more no more than that: the place is the same"},
    blind=(
        "A perfect fall shown 25 px to the right scores below a frozen picture.",
        "The squared error is about a hundredth of the overlaps.",
        "Masks depend on the picture's size: kernel and threshold are in pixels and grey levels.",
    ),
)
def physics_iq(seen: Observation, case: Case) -> Scored | Unscored:
    """Physics-IQ's score: does motion happen in the same place, at the same time and in the same amount.

    Returns:
        0 to 100, 100 being what a second take of the truth scores. ``Unscored`` without truth and for clips made from text alone.

    Example:
        >>> physics_iq(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    found = _terms(seen, case)
    if isinstance(found, str):
        return Unscored(reason=found)
    model, retake = found
    return Scored(
        value=physics_iq_score(model, retake), why=_said(model, retake), details={"clip": model._asdict(), "retake": retake._asdict()}
    )


@metric(
    "dynamics/physics_iq_verified",
    version=1,
    unit="%",
    better="higher",
    best=100.0,
    worst=0.0,
    modes=REGISTERED,
    needs=("masks",),
    legacy=True,
    source="Physics-IQ Verified, arXiv 2606.18943, `final_score_view`, for one scene and view",
    formula="100 mean(clip01(ST/V_ST), clip01(S/V_S), clip01(WS/V_WS), clip01(V_MSE/MSE))",
    own=(*OWN, "late_start"),
    coupled=COUPLED,
    blind=("As Physics-IQ: place counts for more than motion.", "A wrong fall at constant speed in the right place scores 56 of 100."),
)
def physics_iq_verified(seen: Observation, case: Case) -> Scored | Unscored:
    """Physics-IQ Verified's score of one scene and view.

    Returns:
        0 to 100, 100 being what a second take of the truth scores. ``Unscored`` without truth and for clips made from text alone.

    Example:
        >>> physics_iq_verified(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    found = _terms(seen, case)
    if isinstance(found, str):
        return Unscored(reason=found)
    model, retake = found
    value = physics_iq_verified_score(model, retake)
    return Scored(value=value, why=_said(model, retake), details={"clip": model._asdict(), "retake": retake._asdict()})


def _said(model: Terms, retake: Terms) -> str:
    return (
        f"Overlap in space and time {model.st:.2f} (a second take: {retake.st:.2f}), in space {model.s:.2f} ({retake.s:.2f}), "
        f"weighted {model.ws:.2f} ({retake.ws:.2f})."
    )
