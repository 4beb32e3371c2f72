"""Pictures that are spoilt on the way to the eye. Sizes in pixels are of a picture of 128."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.staging import PIXELS
from kinema.scenes.clip import Clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []


def _level(frames: NDArray[np.float32]) -> NDArray[np.uint8]:
    """As 8 bit."""
    whole: NDArray[np.uint8] = np.clip(np.round(frames), 0, 255).astype(np.uint8)
    return whole


@fault("blur", "picture", "px of 128", (0.4, 0.6, 0.9, 1.3, 1.8, 2.5, 3.5))
def blur(shot: Shot, dose: float) -> Clip:
    """A Gaussian of this standard deviation."""
    frames = shot.clip.frames
    sigma = dose * min(frames.shape[1:3]) / PIXELS
    return shot.shown(np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames]))


@fault("noise", "picture", "levels of 255", (1.5, 3, 5, 8, 12, 18, 26))
def noise(shot: Shot, dose: float) -> Clip:
    """White noise of this standard deviation in every channel, new in every frame."""
    frames = shot.clip.frames
    grain = shot.once("noise", lambda: shot.rng(3).standard_normal(frames.shape, dtype=np.float32))
    return shot.shown(_level(frames + np.float32(dose) * grain))


@fault("flicker", "picture", "%", (0.7, 1.5, 3, 5, 8, 12, 18))
def flicker(shot: Shot, dose: float) -> Clip:
    """The whole picture is lighter or darker from frame to frame, at random, by this standard deviation."""
    frames = shot.clip.frames
    gain = 1 + dose / 100 * np.clip(shot.rng(4).standard_normal(len(frames)), -2, 2)
    return shot.shown(_level((frames * gain[:, None, None, None]).astype(np.float32)))


@fault("banding", "picture", "levels of 255", (4, 8, 12, 18, 25, 34, 45))
def banding(shot: Shot, dose: float) -> Clip:
    """Every channel is rounded to steps of so many levels."""
    return shot.shown(_level((np.round(shot.clip.frames / dose) * dose).astype(np.float32)))


@fault("compression", "picture", "CRF", (18, 21, 24, 28, 32, 36, 40))
def compression(shot: Shot, dose: float) -> Clip:
    """The picture has been through the H.264 encoder at this constant rate factor; 0 is not at all."""
    from kinema.scenes.clip import read_clip, write_clip

    clip = shot.clip
    with tempfile.TemporaryDirectory(prefix="kinema-") as folder:
        path = Path(folder) / "squeezed.mp4"
        write_clip(Clip(clip.frames, clip.times, np.zeros((0, 0), np.float32), clip.sound_rate), path, crf=round(dose))
        return shot.shown(read_clip(path).frames)


@fault("downscale", "picture", "octaves", (0.25, 0.5, 0.75, 1, 1.4, 1.8, 2.3))
def downscale(shot: Shot, dose: float) -> Clip:
    """The picture has been made smaller by 2 to the dose, and larger again."""
    frames = shot.clip.frames
    height, width = frames.shape[1:3]
    small = (max(1, round(width / 2**dose)), max(1, round(height / 2**dose)))
    rows = [cv2.resize(cv2.resize(f, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_CUBIC) for f in frames]
    return shot.shown(np.stack(rows))


@fault("shuffled_frames", "picture", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0))
def shuffled_frames(shot: Shot, dose: float) -> Clip:
    """So many of the frames have changed places with one another, by lot."""
    frames = shot.clip.frames
    chosen = np.sort(shot.rng(10).permutation(len(frames))[: max(2, round(dose * len(frames)))])
    order = np.arange(len(frames))
    order[chosen] = np.roll(chosen, 1)[shot.rng(11).permutation(len(chosen))]
    return shot.shown(frames[order])


@fault("frame_rate", "picture", "share", (0.08, 0.17, 0.25, 0.33, 0.4, 0.45, 0.5))
def frame_rate(shot: Shot, dose: float) -> Clip:
    """So many of the frames are those before them, shown again: converted from a lower rate, of 1 - dose times this one."""
    frames = shot.clip.frames
    number = np.arange(len(frames))
    share = 1 - dose
    held = np.ceil(np.floor(number * share + 1e-9) / share - 1e-9).astype(int)
    return shot.shown(frames[np.minimum(held, number)])
