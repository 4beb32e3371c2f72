"""Checks of what the prompt says is heard, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.claims import Evidence, Verdict, check
from kinema.metrics.sync_truth import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.request import Claim

SILENT_DB, NOISY_DB = -80.0, -40.0  # dB re full scale, rms: below the first a clip is silent to a listener, above the second to nobody
QUIET_DB = -95.0  # dB re full scale, rms: below it a sound that is asked for is not there; the truth's own sliding is at -75 to -90
FLOOR_DB = 35.0  # dB below the loudest stretch that still counts as heard
VOICED = 0.08  # share of the clip that a voice sounds, at least
TONED = 0.25  # share of the clip that a tone sounds, at least
MOST = 0.8  # -, of the time that a tone sounds in the truth
LASTS_S = 0.30  # s that rolling or sliding is heard, at least
EVEN_DB = 45.0  # dB per second: what falls faster is ringing or an echo, no rubbing
SMOOTH = 15  # stretches of 10 ms over which levels are averaged
T60_S = {  # s, of the rooms as built round a scene (scenes/sound/room.py, measured on drop@1/seed=3)
    "studio": 0.0, "closet": 0.21, "bathroom": 0.92, "living_room": 0.50, "classroom": 0.93, "warehouse": 3.8, "concert_hall": 2.3,
    "cathedral": 7.8, "outdoors": 0.0,
}  # fmt: skip
DEAD_S = 0.3  # s, decay that is as good as none
WITHIN, WITHOUT = np.log(1.6), np.log(2.6)  # ln of the ratio of decay times up to which it is the room, and from which on it is not


@check("sound")
def _sound(claim: Claim, evidence: Evidence) -> Verdict:
    sounds = heard_kinds(evidence)
    if claim.value not in sounds:
        return Verdict(claim=claim, holds=None, why=f"nothing listens for {claim.value!r}")
    amount, enough, unit = sounds[claim.value]
    holds = min(1.0, amount / enough)
    return Verdict(claim=claim, holds=holds, why=f"{claim.value}: {amount:.2f} {unit} heard, {enough:.2f} needed")


def heard_kinds(evidence: Evidence) -> dict[str, tuple[float, float, str]]:
    """How much of each kind of sound is heard, how much is enough, and the unit."""
    heard, seconds = evidence.seen.heard, evidence.case.request.seconds
    blows = 1 if evidence.case.truth is None else max(1, len(plain(evidence.case)))
    struck = float(sum(onset.confidence >= 0.5 for onset in evidence.seen.onsets))
    voice = tone = rub = 0.0
    if heard is not None and len(heard.level_db):
        loud = _loud(heard.level_db)
        spoken = loud & (heard.voice > 0.5)
        held = loud & (heard.pitch_hz > 0) & ~spoken
        voice, tone = (float(one.sum()) / 100 / seconds for one in (spoken, held))
        rub = float(_even(heard.level_db, loud & ~spoken & ~held).sum()) / 100
    return {
        "impact": (struck, float(blows), "onsets"), "voice": (voice, VOICED, "of the time"),
        "tone": (tone, _toned(evidence), "of the time"),
        "rolling": (rub, LASTS_S, "s of noise"), "sliding": (rub, LASTS_S, "s of noise"),
    }  # fmt: skip


def _toned(evidence: Evidence) -> float:
    """Share of the clip that a tone must be heard: most of that for which it sounds in the truth."""
    truth, seconds = evidence.case.truth, evidence.case.request.seconds
    if truth is None or not truth.tones:
        return TONED
    return max(TONED, MOST * sum(max(0.0, min(tone.end, seconds) - tone.start) for tone in truth.tones) / seconds)


def _loud(level: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(level > max(QUIET_DB, float(level.max()) - FLOOR_DB))


def _even(level: NDArray[np.float64], wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Stretches whose level neither jumps nor falls like what rings out."""
    soft = np.convolve(np.pad(level, SMOOTH // 2, mode="edge"), np.ones(SMOOTH) / SMOOTH, mode="valid")[: len(level)]
    slope = np.gradient(soft) * 100 if len(soft) > 1 else np.zeros(len(soft))
    return np.asarray(wanted & (np.abs(slope) < EVEN_DB))


@check("silence")
def _silence(claim: Claim, evidence: Evidence) -> Verdict:
    seen = evidence.seen
    if claim.value != "all":
        kinds = heard_kinds(evidence)
        if claim.value not in kinds:
            return Verdict(claim=claim, holds=None, why=f"nothing listens for {claim.value!r}")
        amount, enough, unit = kinds[claim.value]
        return Verdict(claim=claim, holds=1.0 - min(1.0, amount / enough), why=f"{claim.value}: {amount:.2f} {unit} heard")
    level = float(seen.heard.level_db.max()) if seen.heard is not None and len(seen.heard.level_db) else -120.0
    struck = sum(onset.confidence >= 0.5 for onset in seen.onsets)
    holds = 0.0 if struck else float(np.clip((NOISY_DB - level) / (NOISY_DB - SILENT_DB), 0, 1))
    return Verdict(claim=claim, holds=holds, why=f"silence asked for, at most {level:.0f} dB and {struck} onsets heard")


@check("room")
def _room(claim: Claim, evidence: Evidence) -> Verdict:
    truth = evidence.case.truth
    if claim.value not in T60_S:
        return Verdict(claim=claim, holds=None, why=f"no room is called {claim.value!r}")
    if evidence.says("silence") == "all" or (truth is not None and not truth.contacts and not truth.utterances):
        return Verdict(claim=claim, holds=None, why="nothing sounds that ends, so no decay can be heard")
    wanted = T60_S[claim.value] if truth is None else float(truth.room.get("t60", T60_S[claim.value]))
    found = evidence.seen.room.get("decay_s")
    if wanted < DEAD_S:
        holds = 1.0 if found is None or found < DEAD_S else float(np.clip(1 - np.log(found / DEAD_S) / WITHOUT, 0, 1))
        holds *= float(bool(evidence.seen.onsets))
    elif not found:
        holds = 0.0
    else:
        off = abs(float(np.log(found / wanted)))
        holds = float(np.clip((WITHOUT - off) / (WITHOUT - WITHIN), 0, 1))
    return Verdict(claim=claim, holds=holds, why=f"{claim.value}: {wanted:.2f} s of decay asked for, {found or 0:.2f} s heard")
