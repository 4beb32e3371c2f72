"""Does it sound like a recording? Numbers about the sound alone; whether it is the right sound, and in time, is asked elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.sound_truth import expected_of, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Heard, Onset

__all__ = ["bandwidth", "clipping", "dc", "dropouts", "spectral", "true_peak"]

MOST_CLIPPED = 10.0  # % of the samples, between blows most of which are soft
MOST_DC = 20.0  # % of full scale
MOST_GAPS = 8.0  # a second, as of the control that is worn
FULL_HZ = 16_000.0  # what carries on above is inaudible to many, and cut off by every codec
LOWEST_HZ = 250.0
MOST_OCTAVES = 6.0
LOUDEST = -1.0  # dB re full scale, the highest true peak of a programme (EBU R 128)
MOST_OVER = 3.0  # dB
FARTHEST = 60.0  # dB
STEPS = (1, 4, 16)  # of 10 ms, the lengths over which levels are compared
LATEST = 0.5  # s before the end of the clip
RANGE = 50.0  # dB under the loudest that levels are compared in
SILENT = {
    "silence": "nothing is heard, and something should be",
    "dropped_impact": "where every impact is left out nothing is heard",
    "gravity": "where nothing lands within the clip any more nothing is heard",
}


def _number(seen: Observation, case: Case, name: str, worst: float) -> float | Unscored:
    """One of the numbers about the sound; the worst where the truth sounds and the clip does not; Unscored where neither does."""
    value = seen.sound.get(name)
    if value is not None:
        return value
    return worst if _must_sound(case) else Unscored(reason="nothing is heard, and it may be that nothing should be")


def _must_sound(case: Case) -> bool:
    """Whether the truth sounds so early that every take of it does: takes begin up to a quarter of a second later and run slower."""
    truth = case.truth
    if truth is None or unknown(case):
        return False
    starts = [contact.t for contact in truth.contacts] + [float(rub.times[0]) for rub in truth.rubs]
    starts += [tone.start for tone in truth.tones] + [syllable[0] for said in truth.utterances for syllable in said.syllables]
    return bool(starts) and min(starts) < case.request.seconds - LATEST


@metric(
    "realism/clipping", version=2, unit="%", better="lower", best=0.0, worst=MOST_CLIPPED, needs=("sound",),
    source="samples in runs of three or more at the clip's own highest or lowest value", formula="share of such samples, in %",
    own=("clipping",), coupled=SILENT, blind=("Soft limiting.", "Clipping that was turned down below 5 % of full scale."),
)  # fmt: skip
def clipping(seen: Observation, case: Case) -> Scored | Unscored:
    """How much of the sound is cut off, in % of its samples.

    Returns:
        0 where nothing is cut off, at most 10; 10 too where nothing is heard and something should be. ``Unscored`` where nothing should.

    Example:
        >>> clipping(Observation(sound={"clipped": 0.02}), Case.outside("a ball bounces")).value
        2.0
    """
    value = _number(seen, case, "clipped", MOST_CLIPPED / 100)
    if isinstance(value, Unscored):
        return value
    return Scored(value=min(MOST_CLIPPED, 100 * value), why=f"{100 * value:.2f} % of the samples are cut off.")


@metric(
    "realism/dc", version=1, unit="%", better="lower", best=0.0, worst=MOST_DC, needs=("sound",), scaled=False,
    source="mean of the samples", formula="largest over channels of |mean|, in % of full scale", own=("dc",),
    coupled=SILENT, blind=("A steady part that comes and goes.",),
)  # fmt: skip
def dc(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the sound lies off zero, in % of full scale.

    Returns:
        0 where it has no steady part, at most 20; 20 too where nothing is heard and something should be. ``Unscored`` where nothing should.

    Example:
        >>> dc(Observation(sound={"dc": 0.01}), Case.outside("a ball bounces")).value
        1.0
    """
    value = _number(seen, case, "dc", MOST_DC / 100)
    if isinstance(value, Unscored):
        return value
    return Scored(value=min(MOST_DC, 100 * value), why=f"The sound lies {100 * value:.2f} % of full scale off zero.")


@metric(
    "realism/dropouts", version=2, unit="per s", better="lower", best=0.0, worst=MOST_GAPS, needs=("sound",),
    source="stretches of 3 to 250 ms without any change amid sound", formula="gaps over seconds", own=("dropouts",),
    coupled=SILENT, blind=("Gaps that fade in and out.", "Gaps in silence."),
)  # fmt: skip
def dropouts(seen: Observation, case: Case) -> Scored | Unscored:
    """How often the sound is interrupted, per second.

    Returns:
        0 for an unbroken sound, at most 8; 8 too where nothing is heard and something should be. ``Unscored`` where nothing should.

    Example:
        >>> dropouts(Observation(sound={"dropouts": 1.5}), Case.outside("a ball bounces")).value
        1.5
    """
    value = _number(seen, case, "dropouts", MOST_GAPS)
    if isinstance(value, Unscored):
        return value
    return Scored(value=min(MOST_GAPS, value), why=f"The sound is interrupted {value:.2f} times a second.")


@metric(
    "realism/bandwidth", version=1, unit="octaves", better="lower", best=0.0, worst=MOST_OCTAVES, needs=("sound",), scaled=False,
    source="where the spectrum of the loudest stretches ends, against where the truth's does",
    formula="max(0, log2(min(truth's, 16 kHz) / clip's))", own=("lowpass",),
    coupled=SILENT | {"shuffled_sound": "another scene's sound ends elsewhere"},
    blind=("What is added above the truth's own end.", "A dip in the middle."),
)  # fmt: skip
def bandwidth(seen: Observation, case: Case) -> Scored | Unscored:
    """How many octaves the sound lacks at its upper end.

    Returns:
        0 where it reaches as high as the truth's (or 16 kHz), at most 6; 6 too where nothing is heard. ``Unscored`` where the truth's own
        sound is not known or silent.

    Example:
        >>> bandwidth(Observation(sound={"bandwidth_hz": 4000.0}), Case.outside("a ball bounces")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    wanted = min(FULL_HZ, expected_of(case).sound.get("bandwidth_hz", 0.0))
    if wanted < LOWEST_HZ:
        return Unscored(reason="the truth's own sound is too soft to tell where it ends")
    if "bandwidth_hz" not in seen.sound and not _must_sound(case):
        return Unscored(reason="nothing is heard, and another take of the truth may begin as late")
    reached = max(seen.sound.get("bandwidth_hz", 0.0), 1.0)
    value = float(np.clip(np.log2(wanted / reached), 0, MOST_OCTAVES))
    return Scored(value=value, why=f"The sound reaches up to {reached:.0f} Hz and the truth's to {wanted:.0f} Hz.")


@metric(
    "realism/true_peak", version=2, unit="dB", better="lower", best=0.0, worst=MOST_OVER, needs=("sound",), scaled=False,
    source="ITU-R BS.1770-4, annex 2: four times oversampled; the most that EBU R 128 allows is -1 dB re full scale",
    formula="max(0, 20 log10(max |x oversampled|) + 1)", own=("gain",),
    coupled=SILENT | {"clipping": "what is cut off is then made as loud as full scale can hold"},
    blind=("How loud a clip is says nothing of how good it is, as long as it stays below the limit.",),
)  # fmt: skip
def true_peak(seen: Observation, case: Case) -> Scored | Unscored:
    """By how many dB the wave rises, between the samples too, above the level from which on players and codecs cut it off.

    Returns:
        0 to 3 dB; 3 too where nothing is heard and something should be. ``Unscored`` where nothing should.

    Example:
        >>> true_peak(Observation(sound={"true_peak_db": -0.5}), Case.outside("a ball bounces")).value
        0.5
    """
    value = _number(seen, case, "true_peak_db", LOUDEST + MOST_OVER)
    if isinstance(value, Unscored):
        return value
    if "true_peak_db" not in seen.sound:
        return Scored(value=MOST_OVER, why="Nothing is heard, and something should be.")
    return Scored(value=float(np.clip(value - LOUDEST, 0.0, MOST_OVER)), why=f"The wave peaks at {value:.1f} dB re full scale.")


@metric(
    "realism/spectral", version=1, unit="dB", better="lower", best=0.0, worst=FARTHEST, needs=("onsets", "heard"), legacy=True,
    source="after the multi-resolution spectral distance of Engel et al. 2020 (arXiv:2001.04643), free of alignment",
    formula="mean |octave levels of onsets - the truth's|, mean level removed, + mean over 10, 40, 160 ms of |sorted levels - the truth's|",
    own=("material_swap", "shuffled_sound", "click_track", "noise_sound", "lowpass", "pitch", "decay", "room", "level_flat", "clipping",
         "dropped_impact", "phantom_impact", "silence"),
    coupled={
        "gravity": "what falls otherwise is heard more or less often, and louder or softer",
        "restitution": "so is what rebounds otherwise",
        "sound_delay": "what is late or early by much is cut off by the ends of the clip",
        "mouth_delay": "so are words",
    },
    blind=("When what is heard: the levels are sorted.", "Responds to every fault of the sound, so it tells of none in particular."),
)  # fmt: skip
def spectral(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the sound's octave levels and loudness lie from the truth's, whenever they occur, in dB.

    Returns:
        0 for the same levels, at most 60; 60 too where nothing is heard. ``Unscored`` where the truth's own sound is not known or silent.

    Example:
        >>> spectral(Observation(), Case.outside("a ball bounces")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    true = expected_of(case)
    if true.heard is None or not len(true.heard.level_db) or not any(onset.bands_db for onset in true.onsets):
        return Unscored(reason="the truth's own sound has no clear onset")
    if seen.heard is None or not len(seen.heard.level_db) or not any(onset.bands_db for onset in seen.onsets):
        return Scored(value=FARTHEST, why="Nothing is heard that begins suddenly, and the truth has such a sound.")
    colour = float(np.abs(_colour(seen.onsets) - _colour(true.onsets)).mean())
    course = _course(seen.heard, true.heard)
    value = min(FARTHEST, colour + course)
    return Scored(value=value, why=f"Octave levels differ by {colour:.1f} dB, loudness over time by {course:.1f} dB.")


def _colour(onsets: Sequence[Onset]) -> NDArray[np.float64]:
    """Mean power of all onsets in each octave, dB, at most 50 dB under the strongest, less its own mean."""
    power = np.mean([10 ** (np.array(onset.bands_db) / 10) for onset in onsets if onset.bands_db], axis=0)
    level = 10 * np.log10(power + 1e-14)
    level = np.maximum(level, level.max() - RANGE)
    return np.asarray(level - level.mean())


def _course(seen: Heard, true: Heard) -> float:
    """Mean difference of the sorted levels over several lengths, each under its own loudest; the longer clip is thinned."""
    found = []
    for step in STEPS:
        levels = []
        for heard in (seen, true):
            power = 10 ** (heard.level_db / 10)
            count = max(1, len(power) // step)
            level = 10 * np.log10(power[: count * step].reshape(count, -1).mean(axis=1) + 1e-14)
            level = np.sort(np.maximum(level, level.max() - RANGE)) - level.max()
            levels.append(np.interp(np.linspace(0, 1, 50), np.linspace(0, 1, len(level)), level))
        found.append(float(np.abs(levels[0] - levels[1]).mean()))
    return float(np.mean(found))
