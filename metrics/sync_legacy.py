"""AV-Align, as its two published codes compute it: for comparison with other benchmarks, never as a result of ours.

Against the originals, sounds are our onsets (1 ms) in place of librosa's (17 to 28 ms late), and the flow is that of a small copy of the
picture, scaled up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["av_align_javis", "av_align_tempotokens"]

CLAIMED = ("sound_delay", "sound_drift", "dropped_impact", "phantom_impact", "silence", "shuffled_sound", "click_track")  # by its authors
LEAST_FLOW = 0.1  # px, of a peak that counts (TempoTokens since 2025-02-13)
FAULTS = (
    "Maxima of the mean flow are no contacts: a bounce peaks a frame early, and a blow between equals not at all.",
    "Not monotone in the delay and without a sign; a perfect bouncing ball scores .44 to .71, its tolerance is one frame at any rate.",
    "Twelve clicks a second score .67 where one right impact scores .03; noise of the codec alone makes a peak in every third frame.",
)


@metric(
    "sync/av_align_tempotokens", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("onsets",), legacy=True,
    source="TempoTokens av_align.py since 2025-02-13, with our onsets and flow",
    formula="k / (A + V - k), V: maxima of mean flow of at least .1 px, k: matched one to one within one frame", own=CLAIMED, blind=FAULTS,
)  # fmt: skip
def av_align_tempotokens(seen: Observation, case: Case) -> Scored | Unscored:
    """Overlap of sound onsets and peaks of motion, as TempoTokens counts it.

    Returns:
        Intersection over union, 0 to 1; 0 where there is neither. ``Unscored`` where the flow was not measured.

    Example:
        >>> import numpy as np
        >>> seen = Observation.of(onsets=[0.2], times=np.arange(5) / 10, stir=np.array([0, 1, 3, 1, 0.0]))
        >>> av_align_tempotokens(seen, Case.outside("")).value
        1.0
    """
    del case
    peaks = _peaks(seen, LEAST_FLOW)
    if isinstance(peaks, Unscored):
        return peaks
    left, matched, frame = list(peaks), 0, _frame(seen)
    for onset in seen.onsets:
        near = next((peak for peak in left if peak - frame < onset.t < peak + frame), None)
        if near is not None:
            matched += 1
            left.remove(near)
    return _overlap(matched, len(seen.onsets), len(peaks), 0.0)


@metric(
    "sync/av_align_javis", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("onsets",), legacy=True,
    source="JavisBench src/av_align.py, with our onsets and flow",
    formula="k / (A + V - k + 1e-6), V: maxima of mean flow, k: onsets within one frame of any of them; here at most 1",
    own=CLAIMED, blind=(*FAULTS, "One peak may serve many sounds, so that the original exceeds 1."),
)  # fmt: skip
def av_align_javis(seen: Observation, case: Case) -> Scored | Unscored:
    """Overlap of sound onsets and peaks of motion, as JavisBench counts it.

    Returns:
        The quotient, cut off at 1; 0 where there is neither. ``Unscored`` where the flow was not measured.

    Example:
        >>> import numpy as np
        >>> seen = Observation.of(onsets=[0.2, 0.25], times=np.arange(5) / 10, stir=np.array([0, 1, 3, 1, 0.0]))
        >>> round(av_align_javis(seen, Case.outside("")).value, 3)
        1.0
    """
    del case
    peaks = _peaks(seen, 0.0)
    if isinstance(peaks, Unscored):
        return peaks
    frame = _frame(seen)
    matched = sum(any(peak - frame < onset.t < peak + frame for peak in peaks) for onset in seen.onsets)
    return _overlap(matched, len(seen.onsets), len(peaks), 1e-6)


def _peaks(seen: Observation, least: float) -> list[float] | Unscored:
    """Seconds of the maxima of the flow."""
    flow: NDArray[np.float64] = seen.stir
    if len(flow) < 3 or len(flow) != len(seen.times):
        return Unscored(reason="the flow of the picture was not measured")
    tops = np.flatnonzero((flow[1:-1] > flow[:-2]) & (flow[1:-1] > flow[2:]) & (flow[1:-1] >= least)) + 1
    return [float(t) for t in seen.times[tops]]


def _frame(seen: Observation) -> float:
    return float(np.median(np.diff(seen.times)))


def _overlap(matched: int, onsets: int, peaks: int, more: float) -> Scored:
    union = onsets + peaks - matched
    value = min(1.0, matched / (union + more)) if union > 0 else 0.0
    return Scored(value=value, why=f"{matched} of {onsets} sounds within a frame of one of {peaks} peaks of motion.")
