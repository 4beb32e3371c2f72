"""Voices: who speaks, and does the mouth move with the voice?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import HEARD_RATE, Observation
from kinema.metrics.observe.mouth import find_mouths
from kinema.metrics.sound_truth import unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Heard, Mouth, Track
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["mouth", "voice_who"]

WORST_MS = 500.0
OPEN = 0.15  # -, of a mouth's widest, from which on it speaks
LOUD_DB = 12.0  # below the loudest moment, from which on a mouth is clearly open
SOFT_DB = 25.0  # below the loudest moment a voice is not attributed
BELONGS = 0.35  # -, correlation of opening and loudness from which on they belong together
REVERBERANT_S = 0.6  # s, decay time of a room from which on a voice lasts longer than its mouth is open
SMOOTH_S = 0.03  # s, over which loudness is averaged, as over a frame


@metric(
    "sync/voice_who", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("mouths", "heard"),
    source="pitch of the voice, told by the voices that the truth gives each speaker, against the mouth that is open",
    formula="share of the voiced time with one open mouth in which that mouth is the one whose voice is heard",
    own=("voice_swap", "mirror"),
    coupled={
        "silence": "where no voice is heard none is the right one",
        "shuffled_sound": "another voice speaks",
        "noise_sound": "noise covers the voices",
        "click_track": "clicks cover the voices",
    },
    blind=(
        "Voices are told apart by pitch alone.",
        "A voice that is late by up to half a second is brought back first: `sync/mouth` tells that.",
    ),
)  # fmt: skip
def voice_who(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the mouth that moves is that of the one whose voice is heard.

    Returns:
        Share of the voiced time; chance is one half, 0 where no voice is heard or no mouth seen. ``Unscored`` where fewer than two speak.

    Example:
        >>> voice_who(Observation.of(), Case.outside("two puppets talk")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    truth = case.truth
    assert truth is not None
    if len({said.body for said in truth.utterances}) < 2:
        return Unscored(reason="fewer than two speak in the truth")
    if reason := _reverberant(truth):
        return Unscored(reason=reason)
    mouths = _by_place(_mouths(seen), seen.width, truth)
    if seen.heard is None or not mouths:
        return Scored(value=0.0, why="Two speak in the truth; no moving mouth is seen and heard in the clip.")
    right = _right(seen.heard, truth, mouths)
    if len(right) < 5:
        return Scored(value=0.0, why="No voice is heard while a mouth is open.")
    value = float(right.mean())
    return Scored(value=value, why=f"In {100 * value:.0f} % of {len(right) / HEARD_RATE:.1f} s of speech the right mouth is open.")


@metric(
    "sync/mouth", version=2, unit="ms", better="lower", best=0.0, worst=WORST_MS, needs=("mouths", "heard"),
    source="lag at the peak of the cross-correlation of mouth opening and loudness, within 500 ms",
    formula="|argmax_tau corr(a(t + tau), o(t))|, a: rms amplitude of the sound, o: the widest mouth's opening",
    own=("mouth_delay", "sound_delay", "sound_drift", "shuffled_sound"),
    coupled={
        "silence": "a mouth moves and nothing is heard",
        "click_track": "clicks move no mouth",
        "noise_sound": "noise covers the loudness",
    },
    blind=("What is said is not judged, only how loud.",),
)  # fmt: skip
def mouth(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the mouth is from the voice in time, in milliseconds.

    Returns:
        Absolute lag of the best match; 500 where they do not belong together at any lag, or no mouth or sound is there. ``details`` have
        the signed lag (positive: the voice is late) and the correlation. ``Unscored`` where nobody speaks, and in reverberant rooms.

    Example:
        >>> mouth(Observation.of(), Case.outside("a puppet talks")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    truth = case.truth
    assert truth is not None
    if not truth.utterances:
        return Unscored(reason="nobody speaks in the truth")
    if reason := _reverberant(truth):
        return Unscored(reason=reason)
    mouths = _mouths(seen)
    if seen.heard is None or not mouths:
        return Scored(value=WORST_MS, why="Somebody speaks in the truth; no moving mouth is seen and heard in the clip.")
    lag, best = _lag(seen.heard, mouths)
    if best < BELONGS:
        return Scored(value=WORST_MS, why=f"Mouth and loudness do not go together at any lag (at best {best:.2f}).")
    why = f"The voice comes {abs(1000 * lag):.0f} ms {'after' if lag > 0 else 'before'} the mouth (correlation {best:.2f})."
    return Scored(value=min(abs(1000 * lag), WORST_MS), why=why, details={"lag_ms": round(1000 * lag, 1), "correlation": round(best, 3)})


def _reverberant(truth: Truth) -> str:
    return "the room answers for longer than a mouth is open" if truth.room.get("t60", 0.0) > REVERBERANT_S else ""


def _speaker(heard: Heard, truth: Truth) -> NDArray[np.int64]:
    """Number of the utterance whose voice is heard at each step, by pitch; -1 where none is."""
    from kinema.scenes.sound.voice import VOICES

    usual = np.log([VOICES[said.speaker].pitch for said in truth.utterances])
    clear = (heard.pitch_hz > 60) & (heard.level_db > heard.level_db.max() - SOFT_DB)
    nearest = np.abs(np.log(np.maximum(heard.pitch_hz, 1.0))[:, None] - usual[None]).argmin(axis=1)
    return np.where(clear, nearest, -1)


def _mouths(seen: Observation) -> tuple[Mouth, ...]:
    """The mouths that are seen; where bodies exchanged their places or looks, those of what is seen at one place."""
    if seen.mouths or len(seen.tracks) < 2 or seen.view is not None:
        return seen.mouths
    homes = np.array([(np.median(track.x[:8]), np.median(track.y[:8])) for track in seen.tracks])
    nearest = [np.hypot(track.x[:, None] - homes[:, 0], track.y[:, None] - homes[:, 1]).argmin(axis=1) for track in seen.tracks]
    if all((near == k).all() for k, near in enumerate(nearest)):
        return ()
    return find_mouths([_joined(seen.tracks, [near == k for near in nearest], k) for k in range(len(homes))])


def _joined(tracks: tuple[Track, ...], parts: list[NDArray[np.bool_]], like: int) -> Track:
    """Entries of several tracks as one, by time."""
    whole = tracks[like].joined(list(zip(tracks, parts, strict=True)))
    return whole.joined([(whole, np.argsort(whole.t, kind="stable"))])


def _by_place(mouths: tuple[Mouth, ...], width: float, truth: Truth) -> list[tuple[int, Mouth]]:
    """The two mouths that open widest, with the numbers of the utterances that are theirs, told by who is further left.

    Of a single one the half of the picture tells whose it is.
    """
    chosen = sorted(mouths, key=lambda one: -float(np.ptp(one.opening) * len(one.t)))[:2]
    chosen.sort(key=lambda one: one.x)
    right = truth.camera.axes[0]
    order = np.argsort([float(np.array(said.point) @ right) for said in truth.utterances])
    if len(chosen) == 1:
        return [(int(order[-1 if chosen[0].x > width / 2 else 0]), chosen[0])]
    return list(zip((int(order[0]), int(order[-1])), chosen, strict=False))


def _right(heard: Heard, truth: Truth, mouths: list[tuple[int, Mouth]]) -> NDArray[np.bool_]:
    """For each step of clear speech whether the mouth that is open is the speaker's; of one mouth whether it is open when it should be."""
    speaker = _speaker(heard, truth)
    lag, fits = _lag(heard, tuple(one for _, one in mouths))
    shown = heard.t - (lag if fits > BELONGS and len(mouths) > 1 else 0.0)  # being late is not another's fault
    open_ = np.array([np.interp(shown, one.t, one.opening, left=0.0, right=0.0) for _, one in mouths])
    owner = np.array([number for number, _ in mouths])
    if len(mouths) == 1:
        loud = (speaker >= 0) & (heard.level_db > heard.level_db.max() - LOUD_DB)
        alone: NDArray[np.bool_] = ((open_[0] > OPEN) == (speaker == owner[0]))[loud]
        return alone
    judged = (speaker >= 0) & (open_.max(axis=0) > OPEN)
    both: NDArray[np.bool_] = owner[open_[:, judged].argmax(axis=0)] == speaker[judged]
    return both


def _lag(heard: Heard, mouths: tuple[Mouth, ...]) -> tuple[float, float]:
    """Seconds by which loudness follows opening, and the correlation at that lag."""
    width = max(1, round(SMOOTH_S * HEARD_RATE))
    loud = 10 ** (heard.level_db / 20)
    loud = np.convolve(loud, np.ones(width) / width, mode="same")
    open_ = np.max([np.interp(heard.t, one.t, one.opening, left=0.0, right=0.0) for one in mouths], axis=0)
    reach = min(round(WORST_MS / 1000 * HEARD_RATE), len(loud) - 10)
    if reach < 1 or np.std(loud) == 0 or np.std(open_) == 0:
        return 0.0, 0.0
    fits = np.array([_correlation(loud, open_, shift) for shift in range(-reach, reach + 1)])
    best = int(fits.argmax())
    offset = 0.0
    if 0 < best < len(fits) - 1:
        a, b, c = fits[best - 1 : best + 2]
        offset = float(0.5 * (a - c) / min(a - 2 * b + c, -1e-9))
    return (best - reach + float(np.clip(offset, -0.5, 0.5))) / HEARD_RATE, float(fits[best])


def _correlation(loud: Array, open_: Array, shift: int) -> float:
    """Of ``loud`` at a moment ``shift`` steps later with ``open_``; what was shifted in is silent."""
    moved = np.zeros_like(loud)
    if shift >= 0:
        moved[: len(loud) - shift] = loud[shift:]
    else:
        moved[-shift:] = loud[:shift]
    p, q = moved - moved.mean(), open_ - open_.mean()
    both = float(np.sqrt((p @ p) * (q @ q)))
    return float(p @ q) / both if both > 0 else 0.0
