"""What networks from outside say of picture and sound together: Synchformer's offsets and ImageBind's likeness, for legacy columns.

A suite names them as those of ``backbones.py``, and the same holds: one safetensors file each, by path and sha256, never downloaded. Of a
clip the first ten seconds are shown.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from kinema.errors import ConfigError
from kinema.metrics import imagebind, synchformer
from kinema.metrics.backbones import LONGEST, OPENAI, mel_bands, mono, power_of, weights_file

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from kinema.metrics.features import Weights
    from kinema.scenes.clip import Clip

__all__ = ["judged_by", "mel_of_segments", "read_pair", "window_scores", "windows_of"]

RATE = 16_000  # Hz
SIDE = 224  # px
FPS = 25.0  # of what Synchformer is shown
SEGMENT, STEP = 16, 8  # frames of a segment, and from one to the next
SAMPLES = 640  # a frame of it
MEL_FRAMES = 66  # of a segment, the last of them padding
LEVEL, SPREAD = -4.2677393, 4.5689974  # mean and standard deviation of AST's levels
LOOKS = 8.0  # frames a second that ImageBind is shown at most: it sees no motion, and a second of 24 takes minutes of a core
WINDOW, HOP = 2.0, 0.5  # s, of JavisScore
SHARE = 0.4  # of the frames of a window, the least alike, are what JavisScore averages
BATCH = 8  # pictures at a time


def judged_by(weights: Weights, clip: Clip) -> dict[str, tuple[float, ...]]:
    """What one of the networks says of a clip.

    ``synchformer``: ``desync``, the probabilities of 21 offsets for the first and the last 14 segments (42 numbers; none where the clip is
    shorter than a segment), and ``desync_segments``, how many there were. ``imagebind``: ``imagebind_picture`` (mean of the frames'
    vectors), ``imagebind_sound``, and ``imagebind_windows`` (JavisScore of each window); none of the picture where there is no frame.
    """
    net = read_pair(weights)
    torch.set_num_threads(1)
    with torch.no_grad():
        return _desync(net, clip) if weights.name == "synchformer" else _likeness(net, clip)


@lru_cache(maxsize=2)
def read_pair(weights: Weights) -> Any:
    """A network with its weights, in the sizes that its tensors have.

    Raises:
        ConfigError: the file is missing or another one than was meant, or its tensors do not fit the network.
    """
    from safetensors import safe_open

    file = weights_file(weights)
    kind, net = (synchformer, synchformer.Synchformer) if weights.name == "synchformer" else (imagebind, imagebind.ImageBind)
    try:
        with safe_open(file, framework="pt") as held:
            wanted = [name for name in held.keys() if kind is synchformer or imagebind.needed(name)]
            state = {name.removeprefix("module."): held.get_tensor(name).float() for name in wanted}
        with torch.device("meta"):
            made: Any = net(kind.sizes_of(state))
        own = list(made.state_dict())
        lacking = next((name for name in own if name not in state), None)
        if lacking is not None:
            raise KeyError(f"it lacks {lacking}")
        made.load_state_dict({name: state[name] for name in own}, assign=True)
    except (RuntimeError, OSError, ValueError, KeyError) as problem:
        raise ConfigError(f"{weights.name}: {file} cannot be read as this network: {str(problem).splitlines()[0]}") from None
    return made.eval()


# Synchformer ----------------------------------------------------------------------------------------------------------------------------


def _desync(net: Any, clip: Clip) -> dict[str, tuple[float, ...]]:
    count = max(0, (round(min(clip.seconds, LONGEST) * FPS) - SEGMENT) // STEP + 1) if len(clip.frames) else 0
    if count == 0:
        return {"desync": (), "desync_segments": (0.0,)}
    wave = mono(clip, RATE)
    wave = torch.nn.functional.pad(wave, (0, max(0, (count + 1) * STEP * SAMPLES - len(wave))))
    heard = net.afeat_extractor(torch.stack([mel_of_segments(wave[k * STEP * SAMPLES :][: SEGMENT * SAMPLES]) for k in range(count)]))
    seen = torch.cat([net.vfeat_extractor(_segment(clip, k * STEP)) for k in range(count)])
    if count < synchformer.PARTS:  # as JavisBench does: what there is again and again
        again = torch.arange(synchformer.PARTS) % count
        seen, heard = seen[again], heard[again]
    ends = (slice(0, synchformer.PARTS), slice(len(seen) - synchformer.PARTS, len(seen)))
    chances = torch.cat([net.logits(seen[part], heard[part]).double().softmax(0) for part in ends])
    return {"desync": tuple(chances.tolist()), "desync_segments": (float(count),)}


def _segment(clip: Clip, first: int) -> Tensor:
    """(1, 3, 16, 224, 224), -1 to 1: frames at 25 a second, the short side 256, the middle of that."""
    times = (first + np.arange(SEGMENT)) / FPS
    shown = np.stack([_middle(clip.frames[i], 256, SIDE) for i in _nearest(clip.times, times)])
    return torch.from_numpy(shown.transpose(3, 0, 1, 2).astype(np.float32) / 127.5 - 1)[None]


def mel_of_segments(wave: Tensor) -> Tensor:
    """(66, 128): log energies of mel bands of 0.64 s at 16 kHz, as AST learnt them."""
    levels = torch.log(power_of(wave, 400, 160, 1024).T @ torch.from_numpy(mel_bands(RATE, 1024, 0.0, RATE / 2, 128).T) + 1e-6)
    return (torch.nn.functional.pad(levels, (0, 0, 0, MEL_FRAMES - len(levels))) - LEVEL) / (2 * SPREAD)


# ImageBind ------------------------------------------------------------------------------------------------------------------------------


def _likeness(net: Any, clip: Clip) -> dict[str, tuple[float, ...]]:
    if not len(clip.frames):
        return {"imagebind_picture": (), "imagebind_sound": (), "imagebind_windows": ()}
    seconds = min(max(clip.seconds, 1 / LOOKS), LONGEST)
    times, looks = _looks(net, clip, seconds)
    wave = mono(clip, RATE).numpy().astype(float)
    wave = np.pad(wave, (0, max(0, round(seconds * RATE) - len(wave))))[: round(seconds * RATE)]

    def listen(starts: list[float]) -> Tensor:
        clips = [wave[round(start * RATE) :][: round(WINDOW * RATE)] for start in starts]
        return torch.as_tensor(net.listen(torch.from_numpy(np.stack([imagebind.fbank(one) for one in clips]))))

    whole = listen([share * max(0.0, seconds - WINDOW) for share in (0.0, 0.5, 1.0)]).mean(0)
    starts = windows_of(seconds)
    scores = window_scores((looks @ listen(starts).T).numpy(), times, starts)
    vectors = {"imagebind_picture": looks.mean(0), "imagebind_sound": torch.nn.functional.normalize(whole, dim=0)}
    return {name: tuple(vector.double().tolist()) for name, vector in vectors.items()} | {"imagebind_windows": scores}


def windows_of(seconds: float) -> list[float]:
    """Starts of the windows of a clip: every half second, the last at the clip's end.

    Example:
        >>> windows_of(3.2)
        [0.0, 0.5, 1.0, 1.2]
    """
    last = max(0.0, round(seconds - WINDOW, 6))
    return [min(HOP * k, last) for k in range(int(np.ceil(last / HOP)) + 1)]


def window_scores(cosines: NDArray[np.floating[Any]], times: NDArray[np.float64], starts: list[float]) -> tuple[float, ...]:
    """JavisScore of every window: of cosines (frames, windows), in its frames, the mean of the lowest four tenths."""
    found = []
    for k, start in enumerate(starts):
        inside = np.sort(cosines[(times >= start) & (times < start + WINDOW), k])
        found.append(float(inside[: max(1, int(SHARE * len(inside)))].mean()) if len(inside) else 0.0)
    return tuple(found)


def _looks(net: Any, clip: Clip, seconds: float) -> tuple[NDArray[np.float64], Tensor]:
    """Moments, and the vectors (n, out) of the frames that are shown then."""
    times = np.asarray(clip.times, dtype=float)
    index = np.flatnonzero(times < seconds) if len(times) > 1 else np.zeros(1, dtype=int)
    if len(index) > LOOKS * seconds:
        index = np.unique(_nearest(times, np.arange(0, seconds, 1 / LOOKS)))
    mean, spread = (torch.tensor(values).view(3, 1, 1) for values in OPENAI)
    found = []
    for k in range(0, len(index), BATCH):
        shown = np.stack([_middle(clip.frames[i], SIDE, SIDE) for i in index[k : k + BATCH]]).transpose(0, 3, 1, 2)
        found.append(net.look((torch.from_numpy(shown.astype(np.float32) / 255) - mean) / spread))
    return times[index], torch.cat(found)


# What they are shown --------------------------------------------------------------------------------------------------------------------


def _nearest(times: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.abs(np.asarray(times)[:, None] - wanted).argmin(axis=0))


def _middle(frame: NDArray[np.uint8], short: int, side: int) -> NDArray[np.uint8]:
    """The middle square of a frame whose short side was made ``short`` pixels."""
    height, width = frame.shape[:2]
    edge = max(1, round(min(height, width) * side / short))
    top, left = (height - edge) // 2, (width - edge) // 2
    how = cv2.INTER_AREA if edge > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame[top : top + edge, left : left + edge], (side, side), interpolation=how), dtype=np.uint8)
