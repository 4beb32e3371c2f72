"""Sound that is late, lacks something, or comes from somewhere else. The picture stays as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.faults.fault import SOUND_RATE, Shot, fault
from kinema.metrics.faults.simple import click_track as clicks
from kinema.metrics.faults.simple import late_sound
from kinema.metrics.faults.times import heard_later
from kinema.scenes.scene import SCENES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Contact, Truth

    Array = NDArray[Any]

__all__ = ["blows", "sounding"]

SHARES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
ORACLE_TAKE = 3  # of the neighbour whose sound is heard instead
CLEAR = 0.15  # s between a phantom and every other blow
GAP = 0.004  # s, of a dropout: a small buffer that came too late
BESIDE = 0.002  # s before and after a dropout in which something is heard
SOFT = 1e-4  # -, of the loudest 2 ms' power (-40 dB): what is softer is not interrupted
LIMIT = -1.0  # dB re full scale, the highest that a programme may peak (EBU R 128)
FULL_NOISE = -90.0  # dB re full scale (rms) of the noise of 0 dB
TOP = 20_000.0  # Hz, from which the low-pass comes down
COVERING = 0.05  # -, of the loudest blow's strength, below which a blow is not missed


def blows(truth: Truth) -> list[Contact]:
    """The contacts that are heard: of more within 30 ms the strongest, none much weaker than the strongest of all."""
    strength = {id(c): _strength(c) for c in truth.contacts}
    top = max(strength.values(), default=0.0)
    kept: list[Contact] = []
    for contact in sorted(truth.contacts, key=lambda c: -strength[id(c)]):
        if strength[id(contact)] > COVERING * top and contact.t < truth.seconds - 0.05 and all(abs(contact.t - k.t) > 0.03 for k in kept):
            kept.append(contact)
    return sorted(kept, key=lambda c: c.t)


def _strength(contact: Contact) -> float:
    """Of the click of a compact body: impulse over the square of its duration (Hertz), up to a factor."""
    return float(abs(contact.impulse) * max(contact.approach_speed, 0.0) ** 0.4)


def sounding(truth: Truth) -> str:
    """Unfit where nothing is to be heard."""
    return "" if blows(truth) or truth.rubs or truth.tones or truth.utterances else "nothing is to be heard"


def _struck(truth: Truth) -> str:
    return "" if blows(truth) else "nothing is struck"


def _struck_twice(truth: Truth) -> str:
    return "" if len(blows(truth)) >= 2 else "there are no two blows"


def _struck_often(truth: Truth) -> str:
    speeds = [c.approach_speed for c in blows(truth)]
    return "" if len(speeds) >= 3 and max(speeds) > 1.5 * min(speeds) else "there are no three blows of different speed"


@fault("sound_delay", "sound", "ms", (-500, -200, -80, -30, -10, 10, 30, 80, 200, 500), unfit=sounding)
def sound_delay(shot: Shot, dose: float) -> Clip:
    """The sound comes so much later (earlier) than it should; the clip stays as long as it is."""
    return late_sound(shot.clip, dose)


@fault("sound_drift", "sound", "%", (-8, -4, -2, -0.7, 0.7, 2, 4, 8), unfit=sounding)
def sound_drift(shot: Shot, dose: float) -> Clip:
    """What is heard falls behind (runs ahead) by such a share of the time since the clip's beginning; its pitch stays."""
    return shot.heard(heard_later(shot.truth, lambda t: t * (1 + dose / 100)))


@fault("sound_jitter", "sound", "ms", (5, 10, 20, 35, 50, 75, 110), unfit=_struck_twice)
def sound_jitter(shot: Shot, dose: float) -> Clip:
    """Every blow is heard too early or too late by a time of its own, drawn with this standard deviation; their mean is 0."""
    truth = shot.truth
    heard = blows(truth)
    off = shot.rng(9).standard_normal(len(heard))
    off = dose / 1000 * (off - off.mean()) / max(float(off.std()), 1e-9)

    def moved(contact: Contact) -> float:
        return max(0.0, contact.t + float(off[int(np.argmin([abs(contact.t - one.t) for one in heard]))]))

    return shot.heard(replace(truth, contacts=tuple(sorted((replace(c, t=moved(c)) for c in truth.contacts), key=lambda c: c.t))))


@fault("dropped_impact", "sound", "share", (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0), unfit=_struck)
def dropped_impact(shot: Shot, dose: float) -> Clip:
    """So many of the blows are not heard, in an order drawn by lot; what remains of a share of one makes that one weaker."""
    truth = shot.truth
    heard = blows(truth)
    order = shot.rng(5).permutation(len(heard))
    lost = {heard[k].t: float(np.clip(dose * len(heard) - rank, 0, 1)) for rank, k in enumerate(order)}

    def kept(contact: Contact) -> float:
        near = min(lost, key=lambda t: abs(t - contact.t))
        return 1 - lost[near] if abs(near - contact.t) <= 0.03 or dose == 1 else 1.0

    return shot.heard(replace(truth, contacts=tuple(replace(c, impulse=c.impulse * kept(c)) for c in truth.contacts if kept(c) > 0)))


@fault("phantom_impact", "sound", "blows", (1, 2, 3, 4, 5, 6, 8), unfit=_struck)
def phantom_impact(shot: Shot, dose: float) -> Clip:
    """So many blows are heard that do not happen, like the middle one of the real ones, and apart from them where there is room."""
    truth = shot.truth
    heard = sorted(blows(truth), key=_strength)
    like = heard[len(heard) // 2]
    taken = [c.t for c in heard]
    rng = shot.rng(6)
    more: list[Contact] = []
    for _ in range(round(dose)):
        tries = rng.uniform(0.1, shot.request.seconds - 0.15, 40)
        clear = [min(abs(t - other) for other in taken) for t in tries]
        t = next((t for t, gap in zip(tries, clear, strict=True) if gap > CLEAR), tries[int(np.argmax(clear))])
        taken.append(float(t))
        more.append(replace(like, t=float(t)))
    return shot.heard(replace(truth, contacts=tuple(sorted((*truth.contacts, *more), key=lambda c: c.t))))


@fault("level_flat", "sound", "share", (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0), unfit=_struck_often)
def level_flat(shot: Shot, dose: float) -> Clip:
    """The levels of the blows lie so far between their own (0) and one for all (1), in decibels."""
    truth = shot.truth
    middle = float(np.mean([np.log(_strength(c)) for c in blows(truth)]))
    least = COVERING * max(_strength(c) for c in truth.contacts)

    def gain(contact: Contact) -> float:
        return float(np.exp(dose * (middle - np.log(max(_strength(contact), least)))))

    return shot.heard(replace(truth, contacts=tuple(replace(c, impulse=c.impulse * gain(c)) for c in truth.contacts)))


def _other(shot: Shot) -> Array:
    """The sound of the same seed's scene of the next family of which something is heard."""
    from kinema.scenes.world import truth_of

    names = list(SCENES)
    start = names.index(shot.truth.scene.family) + 1 if shot.truth.scene.family in names else 0
    family = next(name for name in (*names[start:], *names[:start]) if SCENES[name].load().audible)
    return shot.samples(truth_of(SCENES[family].load().draw(shot.truth.scene.seed).take(ORACLE_TAKE), shot.request.seconds))


@fault("shuffled_sound", "sound", "share", SHARES, unfit=sounding)
def shuffled_sound(shot: Shot, dose: float) -> Clip:
    """The sound is a mixture: so much of another scene's in this one's."""
    other = shot.once("shuffled_sound", lambda: _other(shot))
    return shot.sounding((1 - dose) * shot.clip.sound + dose * other)


@fault("click_track", "sound", "share", SHARES, unfit=sounding)
def click_track(shot: Shot, dose: float) -> Clip:
    """The sound is a mixture: so much of four equal clicks a second in the right one."""
    return shot.sounding((1 - dose) * shot.clip.sound + dose * clicks(shot.clip, int(shot.truth.scene.seed)).sound)


@fault("silence", "sound", "share", SHARES, unfit=sounding)
def silence(shot: Shot, dose: float) -> Clip:
    """Nothing is heard for the last so much of the clip."""
    sound = shot.clip.sound.copy()
    sound[:, round((1 - dose) * sound.shape[1]) :] = 0
    return shot.sounding(sound)


@fault("noise_sound", "sound", "dB", (10, 20, 30, 40, 50, 60, 70), unfit=sounding)
def noise_sound(shot: Shot, dose: float) -> Clip:
    """White noise so far above -90 dB of full scale (rms), the same in both channels, is heard with it."""
    grain = shot.once("noise_sound", lambda: shot.rng(7).standard_normal(shot.clip.sound.shape[1]))
    return shot.sounding(np.clip(shot.clip.sound + 10 ** ((FULL_NOISE + dose) / 20) * grain, -1, 1))


@fault("clipping", "sound", "dB", (1, 3, 6, 10, 15, 20, 26), unfit=sounding)
def clipping(shot: Shot, dose: float) -> Clip:
    """The sound is cut off so far below its own peak, and made as loud as full scale can hold."""
    sound = shot.clip.sound
    top = float(np.abs(sound).max()) * 10 ** (-dose / 20)
    return shot.sounding(np.clip(sound, -top, top) / max(top, 1e-9))


@fault("dc", "sound", "% of full scale", (0.3, 0.6, 1.2, 2.5, 5, 9, 15), unfit=sounding)
def dc(shot: Shot, dose: float) -> Clip:
    """The whole sound lies so far off zero."""
    return shot.sounding(np.clip(shot.clip.sound + dose / 100, -1, 1))


@fault("dropouts", "sound", "gaps", (1, 2, 3, 5, 8, 12, 18), unfit=sounding)
def dropouts(shot: Shot, dose: float) -> Clip:
    """So many gaps of 4 ms, where something is heard before and after them; no more than there is room for."""
    sound = shot.clip.sound.copy()
    loud = np.convolve((sound**2).sum(axis=0), np.ones(96) / 96, "same")
    there = loud > SOFT * loud.max()
    gap, beside = round(GAP * SOUND_RATE), round(BESIDE * SOUND_RATE)
    places = np.flatnonzero(there[: -gap - 2 * beside] & there[gap + 2 * beside :]) + beside
    if not len(places):
        return shot.clip
    rng, taken = shot.rng(8), [-np.inf]
    for _ in range(round(dose)):
        tries = places[rng.integers(0, len(places), 200)]
        apart = np.abs(tries[:, None] - np.array(taken)).min(axis=1)
        free = tries[apart > gap + 2 * beside]
        if len(free):
            taken.append(int(free[0]))
            sound[:, taken[-1] : taken[-1] + gap] = 0
    return shot.sounding(sound)


@fault("gain", "sound", "dB", (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0), unfit=sounding)
def gain(shot: Shot, dose: float) -> Clip:
    """The sound is so loud that its highest sample lies so far above -1 dB of full scale, the most that broadcasters allow."""
    top = float(np.abs(shot.clip.sound).max())
    return shot.sounding(shot.clip.sound * (10 ** ((LIMIT + dose) / 20) / max(top, 1e-9)))


@fault("lowpass", "sound", "octaves", (0.5, 1, 1.5, 2, 3, 4, 5), unfit=sounding)
def lowpass(shot: Shot, dose: float) -> Clip:
    """Nothing is heard above 20 kHz less so many octaves (48 dB per octave, no delay)."""
    from scipy.signal import butter, sosfiltfilt

    sos = butter(4, TOP / 2**dose, fs=SOUND_RATE, output="sos")
    return shot.sounding(sosfiltfilt(sos, shot.clip.sound.astype(float), axis=1))


@fault("pan_flip", "sound", "share", (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0), unfit=sounding)
def pan_flip(shot: Shot, dose: float) -> Clip:
    """So much of each channel is heard on the other side; at 1 left and right are exchanged."""
    return shot.sounding((1 - dose) * shot.clip.sound + dose * shot.clip.sound[::-1])


@fault("mono", "sound", "share", SHARES, unfit=sounding)
def mono(shot: Shot, dose: float) -> Clip:
    """So much of both channels is their mean."""
    return shot.sounding((1 - dose) * shot.clip.sound + dose * shot.clip.sound.mean(axis=0, keepdims=True))


def _tone(truth: Truth) -> str:
    return "" if truth.tones else "nothing sounds by itself"


@fault("detune", "sound", "cents", (-400, -200, -100, -30, 30, 100, 200, 400), unfit=_tone)
def detune(shot: Shot, dose: float) -> Clip:
    """What sounds by itself does so at a pitch so much higher (lower)."""
    tones = tuple(replace(tone, frequency=tone.frequency * 2 ** (dose / 1200)) for tone in shot.truth.tones)
    return shot.heard(replace(shot.truth, tones=tones))


def _moving_tone(truth: Truth) -> str:
    if not truth.tones:
        return "nothing sounds by itself"
    return "" if float(np.ptp(_logs(truth))) > 0.01 else "nothing that sounds moves towards or away"


def _logs(truth: Truth) -> Array:
    """Natural logarithms of the heard over the sent pitch, 960 times a second."""
    from kinema.scenes.sound.tone import heard_frequency

    tone = truth.tones[0]
    return np.asarray(np.log(heard_frequency(tone, truth, truth.times) / tone.frequency))


@fault("no_doppler", "sound", "share", SHARES, unfit=_moving_tone)
def no_doppler(shot: Shot, dose: float) -> Clip:
    """So much of the change of pitch by motion is taken away; at 1 the tone has one pitch throughout."""
    truth = shot.truth
    ratio = np.exp(_logs(truth))
    heard = np.concatenate([[0], np.cumsum((ratio[1:] + ratio[:-1]) / 2 * np.diff(truth.times))])
    wanted = np.concatenate([[0], np.cumsum((ratio[1:] ** (1 - dose) + ratio[:-1] ** (1 - dose)) / 2 * np.diff(truth.times))])
    source = np.interp(wanted, heard, truth.times)  # s of the sound as it is, at each of the truth's times
    t = np.arange(shot.clip.sound.shape[1]) / SOUND_RATE
    at = np.interp(t, truth.times, source)
    return shot.sounding(np.stack([np.interp(at, t, channel) for channel in shot.clip.sound]))


def _speaks(truth: Truth) -> str:
    return "" if truth.utterances else "nobody speaks"


@fault("mouth_delay", "sound", "ms", (-400, -200, -100, -50, 50, 100, 200, 400), unfit=_speaks)
def mouth_delay(shot: Shot, dose: float) -> Clip:
    """Voices alone come so much later (earlier) than mouths move."""

    def later(t: float) -> float:
        return t + dose / 1000

    said = tuple(
        replace(one, syllables=tuple((later(t), length, vowel, level) for t, length, vowel, level in one.syllables if later(t) >= 0))
        for one in shot.truth.utterances
    )
    return shot.heard(replace(shot.truth, utterances=said))


def _two_speak(truth: Truth) -> str:
    return "" if len({one.body for one in truth.utterances}) == 2 else "there are not two who speak"


@fault("voice_swap", "sound", "share of scenes", unfit=_two_speak)
def voice_swap(shot: Shot, dose: float) -> Clip:
    """Each of two speakers is heard, from the other's place and with the other's voice, while the mouth of the other moves."""
    del dose
    said = shot.truth.utterances
    first = {one.body: one for one in reversed(said)}
    a, b = first
    other = {a: first[b], b: first[a]}
    swapped = tuple(replace(one, speaker=other[one.body].speaker, point=other[one.body].point) for one in said)
    return shot.heard(replace(shot.truth, utterances=swapped))
