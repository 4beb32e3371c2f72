"""The bundled learned generator, under the name ``reference``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from kinema.bench.generators.spec import generator
from kinema.files import hash_of, read_json
from kinema.reference_model.sample import ReferenceGenerator
from kinema.reference_model.weights import SHIPPED

__all__ = ["Reference"]


@generator("reference")
class Reference(ReferenceGenerator):
    """A small learned text-to-video-and-audio model: 64 x 64 pixels, 16 frames and 16,000 samples a second, 2 s.

    Options: ``text=no`` keeps the prompt from it, ``steps`` of the sampler, ``cfg`` strength of guidance, ``weights`` another folder.
    """

    def __init__(self, text: bool = True, steps: int = 16, cfg: float = 2.0, weights: str = "") -> None:
        super().__init__(weights=weights or None, text=text, steps=steps, cfg=cfg)
        self._home = Path(weights) if weights else SHIPPED
        self._options = [text, steps, cfg]

    @cached_property
    def version(self) -> str:  # read without loading any network: the plan asks for it
        """The weights' own version, or a hash of version and options where these are not the usual ones."""
        try:
            weights = str(read_json(self._home / "config.json")["version"])
        except (OSError, ValueError, KeyError):
            weights = super().version  # says what is missing
        return weights if self._options == [True, 16, 2.0] else hash_of([weights, self._options], 12)
