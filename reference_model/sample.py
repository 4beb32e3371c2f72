"""The reference generator: text and seed in, moving picture and sound out. It knows no simulator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError
from kinema.scenes.clip import Clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from kinema.reference_model.weights import Model
    from kinema.scenes.request import Request

__all__ = ["FPS", "ReferenceGenerator"]

FPS = 16.0  # frames per second
_STEPS = 16
_GUIDANCE = 2.0


class ReferenceGenerator:
    """A small learned generator of 64 x 64 pictures, 16 frames a second for two seconds, with mono sound at 16 kHz.

    Args:
        weights: folder of weights, those shipped with Kinema if None.
        text: whether the model reads the prompt; without, it dreams up any scene that it knows.
        steps: of the sampler; more are slower.
        cfg: guidance, how far to exaggerate what the prompt adds; 1 is none.
        threads: of torch while generating. The same number gives the same bytes.

    Example:
        >>> from kinema.scenes.request import Request
        >>> clip = ReferenceGenerator(steps=2).generate(Request(prompt="a red rubber ball falls", seed=1))
        >>> clip.frames.shape, clip.sound.shape, clip.sound_rate
        ((32, 64, 64, 3), (1, 32000), 16000)
    """

    modes = ("t2v",)

    def __init__(
        self, weights: Path | str | None = None, text: bool = True, steps: int = _STEPS, cfg: float = _GUIDANCE, threads: int = 1
    ) -> None:
        if steps < 1 or threads < 1 or not 0.0 <= cfg <= 20.0:
            raise ConfigError(f"steps={steps}, cfg={cfg}, threads={threads}: steps and threads start at 1, cfg lies from 0 to 20")
        self._folder, self._text, self._steps, self._cfg, self._threads = weights, text, steps, cfg, threads
        self._model: Model | None = None

    @property
    def model(self) -> Model:
        """The networks, read and checked on first use."""
        if self._model is None:
            from kinema.reference_model.weights import SHIPPED, load

            self._model = load(SHIPPED if self._folder is None else Path(self._folder))
        return self._model

    @property
    def version(self) -> str:
        """Twelve hex digits that name these very weights."""
        return self.model.version

    def unknown_words(self, prompt: str) -> tuple[str, ...]:
        """Words of a prompt that the model never met, and words beyond its longest prompt; it passes over them."""
        return self.model.vocabulary.encode(prompt).unknown

    def generate(self, request: Request) -> Clip:
        """Make the clip that a request asks for, at the model's own size, rate and length.

        Raises:
            ConfigError: the request is of another mode than ``t2v``.
        """
        if request.mode != "t2v":
            raise ConfigError(f"the reference generator makes clips from text (t2v), not {request.mode}")
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            with torch.inference_mode():
                frames, sound = self._draw(request.prompt if self._text else None, request.seed)
        finally:
            torch.set_num_threads(before)
        return Clip(frames=frames, times=np.arange(len(frames)) / FPS, sound=sound, sound_rate=16_000)

    def _draw(self, prompt: str | None, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Frames and sound of a prompt."""
        import torch

        from kinema.reference_model.flow import INPUTS, sample, split
        from kinema.reference_model.vocoder import samples_of

        model = self.model
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(1, model.flow.shape.frames, INPUTS, generator=generator)
        latents = model.scale.back(sample(self._velocity(prompt), noise, self._steps))
        picture, sound, _ = split(latents)
        pixels = model.video(picture[0]).clamp(-1, 1)
        frames = ((pixels + 1.0) * 127.5).round().byte().movedim(1, -1).contiguous().numpy()
        return frames, samples_of(model.sound(sound), seed=seed).numpy()

    def _velocity(self, prompt: str | None) -> Callable[[Tensor, Tensor], Tensor]:
        """What the network says about a noisy clip, with guidance."""
        import torch

        model = self.model
        asked, nothing = model.vocabulary.encode(prompt), model.vocabulary.encode(None)
        guided = prompt is not None and self._cfg != 1.0
        texts = [asked, nothing] if guided else [asked]
        ids = torch.from_numpy(np.stack([text.ids for text in texts]))
        values = torch.from_numpy(np.stack([text.values for text in texts]))

        def velocity(x: Tensor, t: Tensor) -> Tensor:
            found: Tensor = model.flow(x.expand(len(texts), -1, -1), t.expand(len(texts)), ids, values)
            return found if not guided else found[1:] + self._cfg * (found[:1] - found[1:])

        return velocity
