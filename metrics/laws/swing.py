"""What goes to and fro: how long it takes, and whether it keeps its swing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.align import NoFit, unhurried
from kinema.metrics.laws.matched import Match, matched, moves_little, no_truth, truth_path, worst
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.untangle import untangled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation

__all__ = ["energy", "oscillates", "period"]

WORST = float(np.log(3.0))  # -, |ln| of the ratio of periods: three times too long or too short is as wrong as it gets
SWINGS = ("period", "precession", "decay", "length")  # laws of what goes to and fro
KEEPS = ("energy", *SWINGS)
TURNS = 2  # turning points within the clip from which on something goes to and fro
SMALL = 0.01  # of the picture's height, of a swing that can be seen
DEAD = 0.12  # -, share of the whole way that a turn back takes at least


@metric(
    "dynamics/period", version=2, unit="-", better="lower", best=0.0, worst=WORST, needs=("tracks",),
    source="isochrony of pendulums and springs, precession of tops; pace of the best fit without prior",
    formula="|ln(T seen / T true)| = |ln a| of y(t) = s R y_truth(a t + b) + o, a in [.3, 3] at no cost",
    own=("time_stretch", "pace_drift", "constant_velocity"),
    coupled={"gravity": "pendulums swing by it, springs do not",
             "interpenetration": "what sinks into its neighbour at every blow swings otherwise",
             "shuffled_frames": "frames in any order swing to no beat",
             "kick": "a push carries the swing away"},
    blind=("whether the swing decays, which dynamics/energy measures", "where the swing takes place"),
)  # fmt: skip
def period(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the period is off, as a logarithm: 0.1 is ten per cent.

    Returns:
        |ln| of the period seen over the truth's, at most ln 3, which also stands for what does not swing. ``details.measured`` is
        the ratio. ``Unscored`` without truth and where nothing in it goes to and fro within the clip.

    Example:
        >>> period(Observation(), Case.outside("a pendulum")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case) or _no_swing(case, SWINGS):
        return Unscored(reason=reason)
    seen = untangled(seen)
    found = unhurried(seen, case)
    if isinstance(found, NoFit) or found.failed:
        return worst(WORST, found.failed)
    ratio = 1 / found.pace
    why = f"It takes {ratio:.3f} times as long as the truth."
    return Scored(value=float(min(WORST, abs(np.log(ratio)))), why=why, details={"measured": ratio, "unit": "-"})


@metric(
    "dynamics/energy", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="energy of a swing goes with the square of its width; the width seen over the truth's, regressed on time",
    formula="|beta / alpha| of z - mean = (alpha + beta tau) (truth - mean), tau from -1/2 to 1/2 through the clip, at most 1",
    own=("damping",),
    coupled={"constant_velocity": "there is no swing to keep",
             "interpenetration": "what sinks into its neighbour swings farther",
             "shuffled_frames": "frames in any order keep no swing",
             "pace_drift": "a pace that changes bends the regression a little"},
    blind=("energy that is lost in a moment, at a contact: see dynamics/restitution", "motion that does not come back"),
)  # fmt: skip
def energy(seen: Observation, case: Case) -> Scored | Unscored:
    """How much of its width a swing gains or loses through the clip, beyond what the truth does.

    Returns:
        0 where it keeps what the truth keeps, 1 where all is lost or doubled. ``details.measured`` is the change, signed. ``Unscored``
        without truth and where nothing in it goes to and fro within the clip.

    Example:
        >>> energy(Observation(), Case.outside("a pendulum")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case) or _no_swing(case, KEEPS):
        return Unscored(reason=reason)
    seen = untangled(seen)
    free = unhurried(seen, case)
    found = matched(seen, case, free)
    if isinstance(found, str):
        return worst(1.0, found)
    rows = [_change(match) for match in found.bodies]
    weight = sum(power for _, power in rows)
    change = float(sum(change * power for change, power in rows) / weight) if weight > 0 else 1.0
    value = float(min(1.0, abs(change)))
    why = f"The swing {'gains' if change > 0 else 'loses'} {abs(change):.1%} of its width through the clip, beyond what the truth does."
    return Scored(value=value, why=why, details={"measured": change, "unit": "-"})


def _no_swing(case: Case, laws: tuple[str, ...]) -> str:
    """Why nothing goes to and fro here, "" where something does."""
    if not set(laws) & set(case.laws):
        return "no law of this scene is about a swing"
    assert case.truth is not None
    if case.truth.vertices:
        return "what is soft does not swing as a whole"
    if reason := moves_little(case):
        return reason
    return "" if oscillates(case) else "nothing goes to and fro within the clip"


def oscillates(case: Case) -> bool:
    """Whether the body that moves most turns back at least twice within the clip."""
    assert case.truth is not None
    paths = [truth_path(case, body) for body in range(len(case.truth.bodies))]
    main = _along(max(paths, key=lambda path: float(np.std(path))))
    if np.ptp(main) < SMALL * case.truth.camera.view_height:
        return False
    return _turns(main) >= TURNS


def _along(path: NDArray[np.complex128]) -> NDArray[np.float64]:
    """A path along its longest direction."""
    points = np.stack([path.real, path.imag], axis=1)
    points = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points)
    along: NDArray[np.float64] = points @ axes[:, -1]
    return along


def _turns(x: NDArray[np.float64]) -> int:
    """How often it turns back by more than a small share of its whole way."""
    least, turns, way, extreme = DEAD * float(np.ptp(x)), 0, 0.0, float(x[0])
    for value in x:
        step = float(value) - extreme
        if way == 0.0:
            if abs(step) > least:
                way, extreme = float(np.sign(step)), float(value)
        elif step * way > 0:
            extreme = float(value)
        elif abs(step) > least:
            turns, way, extreme = turns + 1, -way, float(value)
    return turns


def _change(match: Match) -> tuple[float, float]:
    """By how much a swing grows from start to end of the clip, and how much it weighs."""
    t, weight = match.path.t, match.path.weight / match.path.weight.sum()
    tau = (t - t.mean()) / max(float(np.ptp(t)), 1e-9)
    truth, clip = match.expected, match.path.z
    truth, clip = truth - truth @ weight, clip - clip @ weight
    design = np.stack([truth, tau * truth, np.ones_like(truth)], axis=1)
    alpha, beta, _ = np.linalg.lstsq(design * np.sqrt(weight)[:, None], clip * np.sqrt(weight), rcond=None)[0]
    power = float((np.abs(truth) ** 2) @ weight)
    return (float((beta / alpha).real) if abs(alpha) > 0 else -1.0), power
