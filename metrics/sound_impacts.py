"""Does an impact sound like what touches: its spectrum, its pitch, and how long it rings?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.sound_truth import expected_of, strongest, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Onset
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["decay", "material", "pitch"]

DEEP_DB = 30.0  # below its strongest octave a spectrum is not compared: there is noise, and what others cover
WORST_DB = 20.0
WORST_SEMITONES = 12.0
WORST_DECAY = float(np.log(8))
LEAST_RING_DB = 25.0  # below its onset that a partial may be to count
LONGEST_S = 5.0  # s, of a ring that the frames can tell from one that does not end
SAME_SEMITONES = 0.35  # apart that two partials may be to be the same
APART_SEMITONES = 1.0  # between two partials that are not one
OWN_LOSS = float(np.log(1.6))  # from a material's loss factor that a partial may be to be damped by it alone
FEW = 3  # bodies
DULL = 0.05  # -, loss factor from which on a material does not ring
LASTING_S = 0.05  # s, T60 of a partial that can be followed, and of one that should ring longer
DRY_S = 0.02  # s, decay time of a room from which on rings are covered by it
GRID = np.arange(-WORST_SEMITONES, WORST_SEMITONES + 0.01, 0.05)


@metric(
    "sync/material", version=1, unit="dB", better="lower", best=0.0, worst=WORST_DB, needs=("onsets",),
    source="octave spectra of the first 30 ms of an impact against those of the truth's own rendered sound",
    formula="mean over the clip's strong onsets of min over the truth's of rms_octaves(s - s'), s: dB re its own mean, floor 30 dB",
    own=("material_swap", "shuffled_sound", "pitch", "decay", "lowpass", "noise_sound", "click_track", "clipping"),
    coupled={
        "silence": "where nothing is heard no material is",
        "dropped_impact": "without any impact no material is heard",
        "gravity": "where nothing lands within the clip any more nothing is heard",
        "pan_flip": "both ears heard with each other: what comes at two times cancels out here and there",
    },
    blind=(
        "Materials whose impacts are alike (brass and iron, foam and cotton) are not told apart.",
        "Levels are compared within each onset alone: steel may be as soft as felt.",
    ),
)  # fmt: skip
def material(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether impacts sound like the materials that touch: the difference of their octave spectra, in dB.

    Returns:
        Mean over the clip's strong onsets of the smallest rms difference from any strong onset of the truth, each re its own level;
        20 where nothing is heard. ``Unscored`` where the truth has no impact, or what is heard is a voice or a tone.

    Example:
        >>> material(Observation.of(), Case.outside("a steel ball falls")).reason
        'nothing is known of what should be heard'
    """
    if reason := _no_blows(case):
        return Unscored(reason=reason)
    theirs = [onset for onset in strongest(seen.onsets) if onset.bands_db]
    ours = [onset for onset in strongest(expected_of(case).onsets) if onset.bands_db]
    if not ours:
        return Unscored(reason="the truth's own impacts are too soft to be told apart")
    if not theirs:
        return Scored(value=WORST_DB, why="The truth's impacts are heard; nothing is heard in the clip.")
    profiles, heard = _profiles(ours), _profiles(theirs)
    apart = np.sqrt(((heard[:, None] - profiles[None]) ** 2).mean(axis=-1)).min(axis=1)
    value = float(min(apart.mean(), WORST_DB))
    why = f"The octave spectra of {_many(len(theirs), 'impact')} differ by {value:.1f} dB from those of the truth's materials."
    return Scored(value=value, why=why, details={"apart_db": [round(float(one), 2) for one in apart]})


@metric(
    "sync/pitch", version=2, unit="semitones", better="lower", best=0.0, worst=WORST_SEMITONES, needs=("onsets",), scaled=False,
    source="partials that ring after an onset (peak-picked spectrum) against those of the truth's own rendered sound",
    formula="w |s| + 12 (1 - w), s = argmax sum_ij a_i a_j exp(-((12 log2(f_i / f'_j) - s) / 0.35)^2), a: by level, w: share that fits",
    own=("pitch", "material_swap", "shuffled_sound"),
    coupled={
        "silence": "where nothing is heard nothing rings",
        "dropped_impact": "without any impact nothing rings",
        "click_track": "clicks do not ring, and are louder than what does",
        "noise_sound": "noise covers what rings",
    },
    blind=("Where the prompt names no size, a body of another size rightly rings at another pitch.", "Floors ring as our own slabs do."),
)  # fmt: skip
def pitch(seen: Observation, case: Case) -> Scored | Unscored:
    """By how many semitones what is struck rings too high or too low.

    A body twice as large rings an octave lower: where the size is known, so is the pitch.

    Returns:
        Absolute shift that brings the clip's partials onto the truth's, at most 12; what fits at no shift counts 12, and so does a clip
        in which nothing rings. ``Unscored`` where not two partials ring in the truth, or the prompt leaves its size open.

    Example:
        >>> pitch(Observation.of(), Case.outside("a steel ball falls")).reason
        'nothing is known of what should be heard'
    """
    if reason := _no_blows(case) or _answers(case) or _rubs(case) or _no_size(case):
        return Unscored(reason=reason)
    ours, theirs = _partials(expected_of(case).onsets), _partials(seen.onsets)
    if not len(ours) or np.ptp(ours[:, 0]) < APART_SEMITONES:
        return Unscored(reason="not two partials ring in the truth, and one tells no pitch from another")
    if not len(theirs):
        return Scored(value=WORST_SEMITONES, why="In the truth something rings; nothing rings in the clip.")
    shift, share = _shift(theirs, ours)
    value = share * abs(shift) + (1 - share) * WORST_SEMITONES
    where = f"lies {abs(shift):.1f} semitones {'above' if shift > 0 else 'below'} the truth's"
    why = f"{100 * share:.0f} % of what rings {where}, the rest nowhere near it."
    return Scored(value=value, why=why, details={"shift": round(shift, 3), "share": round(share, 3)})


@metric(
    "sync/decay", version=2, unit="ln", better="lower", best=0.0, worst=WORST_DECAY, needs=("onsets",), scaled=False,
    source="T60 of partials that ring after an onset; loss factor = 2.2 / (f T60)",
    formula="|median ln(eta_i / eta'_j)| over partials i of the clip and their likes j of the truth, eta = 2.2 / (f T60)",
    own=("decay", "material_swap", "shuffled_sound"),
    coupled={
        "silence": "where nothing is heard nothing rings",
        "dropped_impact": "without any impact nothing rings",
        "click_track": "clicks do not ring",
        "noise_sound": "noise covers what rings",
    },
    blind=("What rings for less than 50 ms is not judged.", "Only rooms without reverberation are judged: others ring longer than bodies."),
)  # fmt: skip
def decay(seen: Observation, case: Case) -> Scored | Unscored:
    """How much too long or too short what is struck rings: the logarithm of the ratio of loss factors.

    Returns:
        0 where partials die away as they should, ln 2 where twice as fast or as slowly, at most ln 8; ln 8 where nothing rings in the clip.
        ``Unscored`` in rooms that answer, and where nothing rings in the truth.

    Example:
        >>> decay(Observation.of(), Case.outside("a steel ball falls")).reason
        'nothing is known of what should be heard'
    """
    if reason := _no_blows(case) or _answers(case) or _rubs(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if len(case.truth.bodies) > FEW:
        return Unscored(reason="so many bodies are struck that none is left to ring alone")
    ours, theirs = _of_materials(_partials(expected_of(case).onsets), case.truth), _partials(seen.onsets)
    if not len(ours):
        return Unscored(reason="nothing rings in the truth for as long as its material does")
    if not len(theirs):
        return Scored(value=WORST_DECAY, why="In the truth something rings; nothing rings in the clip.")
    shift, _ = _shift(theirs, ours)
    ratio = _loss_ratio(theirs, ours, shift)
    if ratio is None:
        return Scored(value=WORST_DECAY, why="Nothing that rings in the clip is what rings in the truth.")
    value = min(abs(ratio), WORST_DECAY)
    why = f"What rings dies away {np.exp(abs(ratio)):.2f} times as {'fast' if ratio > 0 else 'slowly'} as the truth's."
    return Scored(value=value, why=why, details={"ln_ratio": round(ratio, 4)})


def _no_blows(case: Case) -> str:
    """Why the sound of impacts cannot be judged, "" where it can."""
    if reason := unknown(case):
        return reason
    truth = case.truth
    assert truth is not None
    if truth.tones or truth.utterances:
        return "what is heard here is no impact"
    return "" if truth.contacts else "nothing touches in the truth"


def _answers(case: Case) -> str:
    """Why what rings is covered: the room rings longer."""
    assert case.truth is not None
    return "the room rings longer than what is struck" if case.truth.room.get("t60", 0.0) > DRY_S else ""


def _rubs(case: Case) -> str:
    assert case.truth is not None
    return "what slides or rolls covers what rings" if case.truth.rubs else ""


def _of_materials(partials: Array, truth: Truth) -> Array:
    """Those partials that die away as a material of the scene does: others are damped by the air or by what they rest on."""
    from kinema.scenes.materials import MATERIALS

    names = {body.material for body in truth.bodies} | {prop.material for prop in truth.props} | {truth.floor}
    losses = np.log([loss for name in names if (loss := MATERIALS[name].loss_factor) < DULL])
    if not len(partials) or not len(losses):
        return partials[:0]
    lasting = 2.2 / (partials[:, 2] * 2 ** (partials[:, 0] / 12)) > LASTING_S
    kept: Array = partials[lasting & (np.abs(np.log(partials[:, 2:]) - losses).min(axis=1) < OWN_LOSS)]
    return kept


def _no_size(case: Case) -> str:
    """Why the size, and so the pitch, is open: "" where the prompt or a picture gives it."""
    from kinema.scenes.prompts import length_of

    assert case.truth is not None
    if case.request.mode != "t2v":
        return ""
    said = any(length_of(2 * body.radius) in case.request.prompt for body in case.truth.bodies)
    return "" if said else "the prompt leaves the size, and so the pitch, open"


def _profiles(onsets: list[Onset]) -> Array:
    """(onsets, octaves) dB re each onset's own mean, nothing deeper than ``DEEP_DB`` below its top."""
    levels = np.array([onset.bands_db for onset in onsets])
    levels = np.maximum(levels, levels.max(axis=1, keepdims=True) - DEEP_DB)
    profiles: Array = levels - levels.mean(axis=1, keepdims=True)
    return profiles


def _partials(onsets: tuple[Onset, ...]) -> Array:
    """(m, 3) of the strong onsets: semitones re 1 Hz, weight, loss factor."""
    rows = [
        (12 * np.log2(ring.frequency), 10 ** ((ring.level_db - onset.level_db) / 40), 2.2 / (ring.frequency * ring.t60))
        for onset in strongest(onsets)
        for ring in onset.rings
        if ring.level_db > onset.level_db - LEAST_RING_DB and ring.t60 < LONGEST_S
    ]
    return np.array(rows).reshape(-1, 3)


def _shift(theirs: Array, ours: Array) -> tuple[float, float]:
    """Semitones by which partials lie above the truth's, and how much of their weight, or of the truth's, then fits, 0 to 1."""
    apart = theirs[:, None, 0] - ours[None, :, 0]
    weight = theirs[:, None, 1] * ours[None, :, 1]
    fit = (weight[..., None] * np.exp(-(((apart[..., None] - GRID) / SAME_SEMITONES) ** 2))).sum(axis=(0, 1))
    fit = fit * (1.0 - 0.01 * np.abs(GRID) / WORST_SEMITONES)  # of two that fit as well the nearer
    best = int(np.argmax(fit))
    near = np.abs(apart - GRID[best]) < 2 * SAME_SEMITONES
    exact = float((weight * apart)[near].sum() / weight[near].sum()) if near.any() else float(GRID[best])
    share = max(float(part[near.any(axis=axis), 1].sum() / part[:, 1].sum()) for axis, part in ((1, theirs), (0, ours)))
    return float(np.clip(exact, -WORST_SEMITONES, WORST_SEMITONES)), share


def _loss_ratio(theirs: Array, ours: Array, shift: float) -> float | None:
    """Median logarithm of the loss factors' ratio over partials that are the same; None without any."""
    apart = np.abs(theirs[None, :, 0] - ours[:, None, 0] - shift)
    nearest = apart.argmin(axis=1)
    same = apart.min(axis=1) < 2 * SAME_SEMITONES
    if not same.any():
        return None
    return float(np.median(np.log(theirs[nearest[same], 2] / ours[same, 2])))


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
