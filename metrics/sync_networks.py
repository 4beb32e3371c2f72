"""Numbers of other benchmarks by networks from outside: for comparison, never as a result of ours; "not run" without their weights."""

from __future__ import annotations

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

__all__ = ["desync", "imagebind", "javis_score"]

GRID = np.linspace(-2.0, 2.0, 21).round(1)  # s, Synchformer's classes
PARTS = 14  # segments of .64 s, one every .32 s, that it judges together: 4.8 s
LACKS = "no weights of {0} were given; name them in the suite under [features.{1}] with path and sha256"
SEEN = (  # ImageBind's
    "One picture at a time: an impact cannot be seen, and shifts under about a second do not show.",
    "What is shown and heard in general decides the value, not when.",
    "At most eight frames a second of the first 10 s are looked at, where the original takes every one.",
)


@metric(
    "sync/desync", version=1, unit="s", better="lower", best=0.0, worst=2.0, needs=("features:synchformer",), legacy=True,
    source="DeSync of av-benchmark (MMAudio) by Synchformer, Iashin et al. 2024 (arXiv:2401.16423)",
    formula="mean of |g[argmax p]| over the first and the last 14 segments, g: 21 offsets from -2 to 2 s; under 14 segments: they are "
    "repeated up to 14, as JavisBench does",
    blind=("Its classes are .2 s apart, so that no offset below .1 s shows.",
           "Right on 47 % (67 % within .2 s) of real clips in perfect sync with sparse sounds: the truth's own value is far from 0.",
           "Made for 4.8 s: of shorter clips the same segments are repeated, which no published value stands for.",
           "It looks at the first 10 s, where the original looks at all.",
           "It names an offset for every clip, with or without sound and motion."),
)  # fmt: skip
def desync(seen: Observation, case: Case) -> Scored | Unscored:
    """How far Synchformer thinks sound and picture are apart, in seconds.

    Returns:
        0 to 2; 2 where the clip is shorter than a segment. ``Unscored`` where no weights were given.

    Example:
        >>> chances = [0.0] * 42
        >>> chances[10] = chances[21 + 12] = 1.0
        >>> round(desync(Observation(features={"desync": tuple(chances), "desync_segments": (20.0,)}), Case.outside("")).value, 3)
        0.2
    """
    del case
    chances = seen.features.get("desync")
    if chances is None:
        return Unscored(reason=LACKS.format("Synchformer", "synchformer"))
    if len(chances) != 2 * len(GRID):
        return Scored(value=2.0, why="The clip is shorter than one segment of 0.64 s, so this is the worst bound.")
    first, last = (float(GRID[int(np.argmax(part))]) for part in np.reshape(chances, (2, -1)))
    count = int(seen.features.get("desync_segments", (PARTS,))[0])
    again = f"; there were {count} segments, repeated up to {PARTS}" if count < PARTS else ""
    why = f"Synchformer names {first:+.1f} s for the first segments and {last:+.1f} s for the last{again}."
    return Scored(value=(abs(first) + abs(last)) / 2, why=why, details={"first": first, "last": last, "segments": count})


@metric(
    "sync/javis_score", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("features:imagebind",), legacy=True,
    source="JavisBench (arXiv:2503.23377) by ImageBind, Girdhar et al. 2023 (arXiv:2305.05665)",
    formula="max(0, mean over windows of 2 s, one every .5 s, of the mean of the int(.4 n) lowest cosines of its n frames and its sound)",
    blind=(*SEEN, "Clips of 2 s or less are one window."),
)  # fmt: skip
def javis_score(seen: Observation, case: Case) -> Scored | Unscored:
    """How alike picture and sound are to ImageBind, window by window.

    Returns:
        0 to 1; 0 where there is no picture. ``Unscored`` where no weights were given.

    Example:
        >>> round(javis_score(Observation(features={"imagebind_windows": (0.2, 0.3)}), Case.outside("")).value, 3)
        0.25
    """
    del case
    windows = seen.features.get("imagebind_windows")
    if windows is None:
        return Unscored(reason=LACKS.format("ImageBind", "imagebind"))
    if not windows:
        return Scored(value=0.0, why="There is no picture.")
    mean = float(np.mean(windows))
    why = f"The least alike frames of {len(windows)} windows have a mean cosine of {mean:.2f} with their sound."
    return Scored(value=float(np.clip(mean, 0, 1)), why=why, details={"cosine": mean})


@metric(
    "sync/imagebind", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("features:imagebind",), legacy=True,
    source="AVHScore of JavisBench (arXiv:2503.23377) by ImageBind, Girdhar et al. 2023 (arXiv:2305.05665)",
    formula="max(0, mean over frames of the cosine of the frame and of the whole sound)",
    blind=(*SEEN, "It knows no time at all: frames in any order have the same value."),
)  # fmt: skip
def imagebind(seen: Observation, case: Case) -> Scored | Unscored:
    """How alike picture and sound are to ImageBind, on the whole.

    Returns:
        0 to 1; 0 where there is no picture. ``Unscored`` where no weights were given.

    Example:
        >>> vectors = {"imagebind_picture": (0.6, 0.0), "imagebind_sound": (0.8, 0.6)}
        >>> round(imagebind(Observation(features=vectors), Case.outside("")).value, 3)
        0.48
    """
    del case
    picture, sound = (seen.features.get(f"imagebind_{name}") for name in ("picture", "sound"))
    if picture is None or sound is None:
        return Unscored(reason=LACKS.format("ImageBind", "imagebind"))
    if not picture or len(picture) != len(sound):
        return Scored(value=0.0, why="There is no picture.")
    cosine = float(np.dot(picture, sound))  # the mean of the frames' vectors, so the mean of their cosines
    why = f"The frames have a mean cosine of {cosine:.2f} with the sound."
    return Scored(value=float(np.clip(cosine, 0, 1)), why=why, details={"cosine": cosine})
