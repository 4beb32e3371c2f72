"""The aligned fit: a clip's tracks against a truth whose camera, scale, start and pace it need not share.

The mathematics is in :mod:`kinema.metrics.search`; here is what is fitted to what, and what is kept for the laws that share it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.assign import FEW, candidates, reassigned
from kinema.metrics.reference import Reference, reference_of
from kinema.metrics.search import (
    FREE_PACE,
    FREE_WEIGHT,
    PACE,
    PACE_WEIGHT,
    Data,
    Fit,
    NoFit,
    Path,
    grid_of,
    penalty_of,
    searched,
    terms_of,
    thinned,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation, Track
    from kinema.scenes.truth import Truth

__all__ = [
    "FREE_PACE", "PACE", "Fit", "NoFit", "Path", "aligned", "backwards", "fit", "lawful", "main_tracks", "paths_of", "symmetry",
    "unhurried",
]  # fmt: skip

ROUGH = (0.08, 0.06)  # spacing of the grid that tells assignments apart
ROUGH_POINTS = 36
ROUNDS = 3  # of assigning anew, where there are too many bodies to try all
LEAST_FRAMES = 5  # a track with fewer says nothing about motion
SHAKE = 0.5  # px, of a tracker's own jitter at most that is taken off the residual
POOR, BETTER = 0.4, 0.6  # rms of a fit beyond which laws look for another, and the share of it that the other may have
HELD = 12  # fits of one case that are kept: of the tracks as seen and as put back, forwards, backwards, hurried and not


_last: dict[tuple[int, int, str], tuple[Observation, Case, Fit | NoFit]] = {}  # the laws of one clip come together and share its fits


def aligned(seen: Observation, case: Case) -> Fit | NoFit:
    """:func:`fit` of a case with truth; asked again about the same objects it answers without computing."""
    return _shared("aligned", seen, case, lambda: _fit_of(seen, case, prior=True))


def lawful(seen: Observation, case: Case, *, looks: bool = False) -> Fit | NoFit:
    """The fit that laws look at, which know no left and right and no usual pace.

    It is :func:`aligned` where that explains the motion. Where not, left and right may be exchanged whatever the prompt says, the pace is
    free, and without ``looks`` any track may be any body.
    """

    def sought() -> Fit | NoFit:
        known = aligned(seen, case)
        if isinstance(known, NoFit) or case.truth is None or (not known.failed and known.rms < POOR):
            return known
        paths, reference = paths_of(seen.tracks, seen), reference_of(case.truth)
        other = _best(paths, case.truth, reference, mirror=True, prior=False, pace=FREE_PACE, looks=looks)
        if isinstance(other, NoFit) or other.failed or other.rms > POOR:
            return known
        return other if known.failed or other.rms < BETTER * known.rms else known

    return _shared(f"lawful {looks}", seen, case, sought)


def unhurried(seen: Observation, case: Case) -> Fit | NoFit:
    """The same with a pace that is free and costs nothing: what pace it has is then a measurement."""

    def free() -> Fit | NoFit:
        known = lawful(seen, case)
        if isinstance(known, NoFit):
            return known
        return _fit_of(seen, case, prior=False, known=known)

    return _shared("unhurried", seen, case, free)


def backwards(seen: Observation, case: Case) -> Fit | NoFit:
    """The fit of the clip played backwards; the tracks stand for the same bodies."""

    def played() -> Fit | NoFit:
        known = lawful(seen, case)
        if isinstance(known, NoFit) or case.truth is None:
            return known
        paths = paths_of(seen.tracks, seen)
        last = max(float(path.t[-1]) for path in paths if len(path.t))
        turned = [replace(path, t=last - path.t) for path in paths]
        both = [_turned(turned, replace(known, mirrored=flip), case.truth) for flip in {known.mirrored, False}]
        return min(both, key=lambda one: (bool(one.failed), one.rms))

    return _shared("backwards", seen, case, played)


def symmetry(case: Case) -> float:
    """How far the truth, as long as the clip, is from itself backwards: the residual of the best fit, 1 for none."""
    truth = case.truth
    assert truth is not None
    for known, seconds, value in _symmetries:
        if known is truth and seconds == case.request.seconds:
            return value
    reference = reference_of(truth)
    t = np.arange(case.request.frame_count) / case.request.fps
    paths = [
        Path(t=t[-1] - t, z=reference.at(k, t), size=np.full(len(t), 2 * body.radius), weight=np.ones(len(t)), colour=None, noise=0.0)
        for k, body in enumerate(truth.bodies)
    ]
    itself = Fit(rms=0, residual=0, pace=1, shift=0, scale=1, roll=0, mirrored=False, bound="", tracks=tuple(range(len(paths))))
    found = _turned(paths, itself, truth)
    value = 1.0 if found.failed else min(found.rms, 1.0)
    _symmetries.insert(0, (truth, case.request.seconds, value))
    del _symmetries[4:]
    return value


_symmetries: list[tuple[Truth, float, float]] = []


def _turned(paths: list[Path], known: Fit, truth: Truth) -> Fit:
    data = _data_of(paths, known.tracks, reference_of(truth), truth)
    return searched(data, known.mirrored, known.tracks, prior=True, pace=PACE)


def _shared(kind: str, seen: Observation, case: Case, work: Callable[[], Fit | NoFit]) -> Fit | NoFit:
    key = (id(seen), id(case), kind)
    held = _last.get(key)
    if held is not None and held[0] is seen and held[1] is case:
        return held[2]
    if len(_last) >= HELD or any(one[1] is not case for one in _last.values()):
        _last.clear()
    answer = work()
    _last[key] = (seen, case, answer)
    return answer


def _fit_of(seen: Observation, case: Case, *, prior: bool, known: Fit | None = None) -> Fit | NoFit:
    assert case.truth is not None
    mirror = not any(claim.kind == "direction" for claim in case.claims)
    reference = reference_of(case.truth)
    paths = paths_of(seen.tracks, seen)
    if known is not None:
        return searched(_data_of(paths, known.tracks, reference, case.truth), known.mirrored, known.tracks, prior=prior, pace=FREE_PACE)
    return _best(paths, case.truth, reference, mirror=mirror, prior=prior, pace=PACE)


def main_tracks(tracks: Sequence[Track], count: int) -> list[int]:
    """The ``count`` tracks that are seen longest (by the sum of their confidence), as indices in order of their ids."""
    usable = [k for k, track in enumerate(tracks) if len(track.t) >= LEAST_FRAMES]
    usable.sort(key=lambda k: -float(tracks[k].confidence.sum()))
    return sorted(usable[:count])


def paths_of(tracks: Sequence[Track], seen: Observation | None = None) -> list[Path]:
    """Tracks in the steady picture."""
    found = []
    for track in tracks:
        x, y = (track.x, track.y) if seen is None else seen.steady(track)
        z = x - 1j * y
        size = track.size if seen is None or seen.view is None else track.size * seen.view.scale[track.frame]
        found.append(Path(t=track.t, z=z, size=size, weight=track.confidence + 1e-6, colour=track.colour, noise=_jitter(track.frame, z)))
    return found


def _jitter(frame: NDArray[np.int64], z: NDArray[np.complex128]) -> float:
    """What a tracker errs by from frame to frame, px: the usual third difference, which smooth motion hardly has."""
    if len(z) < 2 * LEAST_FRAMES:
        return 0.0
    third = np.abs(np.diff(z, 3))[np.diff(frame, 3) == 0]
    if len(third) < LEAST_FRAMES:
        return 0.0
    return float(min(SHAKE, np.median(third) / 0.83 / np.sqrt(20)))


def fit(
    tracks: Sequence[Track],
    truth: Truth,
    *,
    mirror: bool = False,
    prior: bool = True,
    pace: tuple[float, float] = PACE,
) -> Fit | NoFit:
    """Align tracks, seen by a camera that stands still, with a truth.

    Args:
        tracks: of a clip; pixels, y down.
        truth: trajectories, which are compared as its own camera sees them at first, in metres at the camera's target.
        mirror: whether left and right may be exchanged.
        prior: whether a pace other than 1 costs.
        pace: bounds of a.

    Returns:
        The fit of the assignment of tracks to bodies that costs least; on ties (within .01) the one whose colours agree.
    """
    return _best(paths_of(tracks), truth, reference_of(truth), mirror=mirror, prior=prior, pace=pace)


def _best(
    paths: list[Path],
    truth: Truth,
    reference: Reference,
    *,
    mirror: bool,
    prior: bool,
    pace: tuple[float, float],
    looks: bool = True,
) -> Fit | NoFit:
    count = len(truth.bodies)
    usable = [k for k, path in enumerate(paths) if len(path.t) >= LEAST_FRAMES]
    usable.sort(key=lambda k: -float(paths[k].weight.sum()))
    main = sorted(usable[:count])
    if not main:
        return NoFit(failed="no moving body was tracked")
    colours = [body.colour for body in truth.bodies]
    ranked = []
    for flip in (False, True) if mirror else (False,):
        for chosen in candidates(paths, main, reference, truth, flip=flip, looks=looks):
            ranked += _roughly(paths, chosen, reference, truth, flip=flip, prior=prior, pace=pace, count=count, colours=colours)
    ranked.sort(key=lambda one: one[0])
    best: tuple[float, Fit] | None = None
    for rank, agree, chosen, flip in ranked[:4]:
        if best is not None and rank > max(1.5 * ranked[0][0], ranked[0][0] + 0.1):
            break
        data = _data_of(paths, chosen, reference, truth)
        one = searched(data, flip, chosen, prior=prior, pace=pace)
        if one.bound and prior:
            one = _second_opinion(data, one, pace)
        cost = one.residual + 2.0 * bool(one.failed) - 0.01 * agree + 0.005 * flip
        if best is None or cost < best[0]:
            best = (cost, one)
    assert best is not None
    return best[1]


Ranked = tuple[float, int, tuple[int | None, ...], bool]


def _roughly(
    paths: list[Path],
    chosen: tuple[int | None, ...],
    reference: Reference,
    truth: Truth,
    *,
    flip: bool,
    prior: bool,
    pace: tuple[float, float],
    count: int,
    colours: list[str],
) -> list[Ranked]:
    """What an assignment costs at its best on a rough grid; with many bodies also those that its own fit suggests instead."""
    found: list[Ranked] = []
    for _ in range(1 if count <= FEW else ROUNDS):
        data = thinned(_data_of(paths, chosen, reference, truth), ROUGH_POINTS)
        la, b = grid_of(pace, ROUGH)
        terms = terms_of(data, np.exp(la), b, flip=flip)
        cost = terms.rms2 + penalty_of(np.exp(la)) * (1.0 if prior else FREE_WEIGHT / PACE_WEIGHT)
        i = int(np.argmin(cost))
        agree = sum(k is not None and paths[k].colour == colours[body] for body, k in enumerate(chosen))
        found.append((float(np.sqrt(cost.flat[i])) - 0.01 * agree + 0.005 * flip, agree, chosen, flip))
        if count <= FEW:
            break
        factor = terms.scale.flat[i] * data.ruler * np.exp(1j * terms.roll.flat[i])
        again = reassigned(
            paths, chosen, reference, truth, pace=float(np.exp(la.flat[i])), shift=float(b.flat[i]), factor=factor, flip=flip
        )
        if again == chosen or len(set(colours)) == count:
            break
        chosen = again
    return found


def _second_opinion(data: Data, bounded: Fit, pace: tuple[float, float]) -> Fit:
    """A second opinion on a fit that ends on a bound: the prior alone pushes a slow and late clip there.

    The fit without prior counts if it lies within the bounds and explains more; its penalty is then added all the same.
    """
    free = searched(data, bounded.mirrored, bounded.tracks, prior=False, pace=pace)
    if free.bound or free.rms > 0.5 * bounded.rms:
        return bounded
    penalty = float(penalty_of(np.array(free.pace)))
    return replace(free, residual=float(min(1.0, np.sqrt(free.rms**2 + penalty))))


def _data_of(paths: list[Path], chosen: tuple[int | None, ...], reference: Reference, truth: Truth) -> Data:
    owners = tuple(body for body, k in enumerate(chosen) if k is not None)
    mine = [paths[k] for k in chosen if k is not None]
    weight = np.concatenate([path.weight for path in mine])
    total = float(weight.sum())
    rulers = [path.diameter / reference.usual_size(owner, float(path.t[-1])) for path, owner in zip(mine, owners, strict=True)]
    centres = np.array([np.sum(path.z * path.weight) / path.weight.sum() for path in mine])
    share = np.array([path.weight.sum() for path in mine]) / total
    counts = [len(path.t) for path in mine]
    return Data(
        t=np.concatenate([path.t for path in mine]),
        clip=np.concatenate([path.z - centre for path, centre in zip(mine, centres, strict=True)]),
        weight=weight / total,
        row=np.repeat(np.array(owners), counts),
        start=np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        share=share,
        middle=np.asarray(centres - centres @ share, dtype=complex),
        truth=reference.plane,
        ruler=float(np.exp(np.median(np.log(np.maximum(rulers, 1e-6))))),  # of two bodies the mean; one of more may be seen badly
        noise=float(sum(path.noise**2 * part for path, part in zip(mine, share, strict=True))),
        owners=owners,
        centres=centres,
    )
