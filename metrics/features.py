"""Vectors that say what a clip looks, moves and sounds like, for metrics of sets of clips; made only where such a metric asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError
from kinema.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinema.metrics.features_network import Ears, Eyes
    from kinema.scenes.clip import Clip

__all__ = [
    "BACKBONES", "OWN", "PAIRED", "SHIPPED", "SINGLE", "Weights", "features_of", "features_of_nothing", "read_networks", "vectors_of",
]  # fmt: skip

OWN = ("picture", "motion", "sound")
BACKBONES = ("i3d", "videomae", "vjepa2", "clip", "vggish", "panns", "clap")  # networks from outside that ``backbones.py`` can read
PAIRED = ("synchformer", "imagebind")  # those of ``backbones_pair.py``: of picture and sound together, for metrics of single clips
SINGLE = (*PAIRED, "open_clip")  # all that speak of single clips; the last one of picture and prompt (``clip_outside.py``)
DIGITS = 6  # decimals, as the record keeps them
SHIPPED = Path(__file__).parent / "weights" / "features.safetensors"
SHIPPED_SHA256 = "4ae64f14a443334f9930c105e9000cd81d46d2bcc4e69e0f2a339ab6eaceee93"  # of the file above; what is not that file is not used


@dataclass(frozen=True, slots=True)
class Weights:
    """A network from outside: its name in ``BACKBONES`` or ``SINGLE``, where its file (or model folder) lies, and its sha256."""

    name: str
    path: str
    sha256: str


def features_of(clip: Clip, outside: Sequence[Weights] = ()) -> dict[str, tuple[float, ...]]:
    """The vectors ``picture``, ``motion`` and ``sound`` of a clip, and those of networks from outside by their names.

    Rounded as an observation is written, so that what is read back is the same.
    """
    found = vectors_of(clip, *_shipped()) | _outside(clip, outside)
    return {name: tuple(round(value, DIGITS) for value in vector) for name, vector in found.items()}


def features_of_nothing(outside: Sequence[Weights] = ()) -> dict[str, tuple[float, ...]]:
    """The vectors of three black, silent seconds: what a lost clip counts as."""
    from kinema.scenes.clip import Clip

    frames = np.zeros((24, 64, 64, 3), np.uint8)
    return features_of(Clip(frames, np.arange(24) / 8, np.zeros((1, 48_000), np.float32), 16_000), outside)


def vectors_of(clip: Clip, eyes: Eyes, ears: Ears) -> dict[str, tuple[float, ...]]:
    """The vectors by given networks."""
    import torch

    from kinema.metrics.features_network import mel_of, patches_of, window_of

    found: dict[str, tuple[float, ...]] = {}
    torch.set_num_threads(1)
    with torch.no_grad():
        if len(clip.frames):
            frames = torch.from_numpy(window_of(clip).transpose(0, 3, 1, 2).astype(np.float32) / 255)
            close = patches_of(clip.frames)
            pairs = np.concatenate([close[:, 0], close[:, 1]], 3).transpose(0, 3, 1, 2).astype(np.float32) / 255
            picture, motion = eyes(frames[None], torch.from_numpy(pairs)[None])
            found |= {"picture": tuple(picture[0].double().tolist()), "motion": tuple(motion[0].double().tolist())}
        sound = ears(torch.from_numpy(mel_of(clip.sound, clip.sound_rate))[None])
        found["sound"] = tuple(sound[0].double().tolist())
    return found


@lru_cache(maxsize=2)
def read_networks(path: Path, sha256: str) -> tuple[Eyes, Ears]:
    """The networks of a file.

    Raises:
        ConfigError: it is missing, or another file than the one meant.
    """
    import torch
    from safetensors.torch import load_file

    from kinema.metrics.features_network import Ears, Eyes

    if not path.is_file():
        raise ConfigError(f"{path} is missing; make it with: kinema train features")
    if sha256_of(path) != sha256:
        raise ConfigError(f"{path} has sha256 {sha256_of(path)}, and {sha256} was meant")
    state = {name: value.float() for name, value in load_file(path).items()}
    with torch.random.fork_rng(devices=[]):
        eyes, ears = Eyes(), Ears()
    eyes.load_state_dict({name.removeprefix("eyes."): value for name, value in state.items() if name.startswith("eyes.")})
    ears.load_state_dict({name.removeprefix("ears."): value for name, value in state.items() if name.startswith("ears.")})
    return eyes.eval(), ears.eval()


def _shipped() -> tuple[Eyes, Ears]:
    return read_networks(SHIPPED, SHIPPED_SHA256)


def _outside(clip: Clip, outside: Sequence[Weights]) -> dict[str, tuple[float, ...]]:
    if not outside:
        return {}
    from kinema.metrics.backbones import features_by

    found = {one.name: features_by(one, clip) for one in outside if one.name not in SINGLE}
    for one in outside:
        if one.name in PAIRED:
            from kinema.metrics.backbones_pair import judged_by

            found |= judged_by(one, clip)
    return found
