"""The plan of a training run, in numbers that decide its result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Recipe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Sizes, lengths and rates. Two runs of the same recipe on the same corpus and machine give the same weights.

    Attributes:
        seed: of every draw.
        words: longest prompt, in words and numbers.
        width, depth, text_width: of the backbone.
        video_widths: channels of the picture encoder; decoder_widths: of its decoder; finest grid first.
        sound_width: channels of the sound autoencoder.
        video_steps, video_clips: steps, and clips per step; four frames of each are used.
        sound_steps, sound_clips: steps, and clips per step.
        flow_steps, flow_clips: steps, and clips per step.
        held_out: last clips of the corpus, never trained on, only watched.
        threads: of torch.
    """

    seed: int = 0
    words: int = 48
    width: int = 256
    depth: int = 8
    text_width: int = 128
    video_widths: tuple[int, int, int] = (64, 128, 160)
    decoder_widths: tuple[int, int, int, int] = (32, 64, 96, 160)
    sound_width: int = 160
    video_steps: int = 1500
    video_clips: int = 12
    sound_steps: int = 500
    sound_clips: int = 32
    flow_steps: int = 3500
    flow_clips: int = 64
    held_out: int = 96
    threads: int = 2

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Recipe:
        """The plan that :meth:`to_json` wrote."""
        known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plan.items()}
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON."""
        return asdict(self)
