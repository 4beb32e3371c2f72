"""How well a clip fits its prompt to the small CLIP, or to any open_clip checkpoint by path and sha256."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError, MissingExtra
from kinema.files import sha256_of
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.clip_model import SceneClip

__all__ = ["DISTRACTORS", "OpenClip", "clip_vector", "own_clip", "prompt_vectors", "retrieval", "similarity"]

SHIPPED = Path(__file__).parent / "weights" / "clip.safetensors"
FIRST_DISTRACTOR = 4_000_000  # seed: what no suite scores and no network has learnt from
DISTRACTORS = 46  # one scene of every family
OPEN_FRAMES = 4  # frames that a checkpoint of pictures looks at


@cache
def own_clip() -> SceneClip:
    """The shipped network.

    Raises:
        ConfigError: its weights are not installed.
    """
    from safetensors.torch import load_file

    from kinema.metrics.clip_model import SceneClip

    if not SHIPPED.exists():
        raise ConfigError(f"{SHIPPED} is missing; make it with: kinema train clip")
    net = SceneClip()
    net.load_state_dict({name: value.float() for name, value in load_file(SHIPPED).items()})
    return net.eval()


def clip_vector(frames: NDArray[np.uint8]) -> tuple[float, ...]:
    """The vector of a clip's frames (T, H, W, 3), for ``Observation.features["clip"]``; () where there are none."""
    return tuple(own_clip().look(frames).astype(float).tolist()) if len(frames) else ()


@lru_cache(maxsize=4096)
def _read(prompt: str) -> tuple[float, ...]:
    return tuple(own_clip().read([prompt])[0].astype(float).tolist())


def prompt_vectors(prompts: Sequence[str]) -> NDArray[np.float64]:
    """(n, 128) vectors of prompts, each read once."""
    return np.array([_read(prompt) for prompt in prompts])


@cache
def _distractors() -> tuple[str, ...]:
    """A prompt of every family, always the same."""
    from kinema.scenes.scene import SCENES

    names = list(SCENES)[:DISTRACTORS]
    return tuple(SCENES[name].load().draw(FIRST_DISTRACTOR + k).prompt for k, name in enumerate(names))


@metric(
    "adherence/clip", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("clip",), modes=("t2v", "i2v", "v2v"), scaled=False,
    formula="max(0, cosine of the vectors of prompt and clip)",
    source="CLIPScore, Hessel et al. 2021 (arXiv:2104.08718), by a network of our own (kinema train clip)",
    own=("style_swap", "colour_swap", "move_swap"),
    coupled={"vanish": "what is gone shows nothing", "blur": "a blurred picture says less", "noise": "noise hides what is shown",
             "reversal": "the order of what happens is part of a prompt"},
    blind=("Learnt on this catalogue at 64 x 64 pixels and eight frames: fine things and quick ones are not seen.",
           "Quantities in a prompt (sizes, heights, speeds) move it little."),
)  # fmt: skip
def similarity(seen: Observation, case: Case) -> Scored | Unscored:
    """How alike clip and prompt are to a small network that has learnt both on these scenes.

    Returns:
        0 to 1. ``Unscored`` where the prompt is empty, or the network has not looked.

    Example:
        >>> similarity(Observation(), Case.outside("")).reason
        'there is no prompt'
    """
    if not case.request.prompt.strip():
        return Unscored(reason="there is no prompt")
    vector = seen.features.get("clip")
    if vector is None:
        return Unscored(reason="the network was not asked to look at the clips")
    cosine = float(np.dot(prompt_vectors([case.request.prompt])[0], vector)) if len(vector) else 0.0
    why = f"The cosine between prompt and clip is {cosine:.2f}."
    return Scored(value=float(np.clip(cosine, 0, 1)), why=why, details={"cosine": cosine})


@metric(
    "adherence/retrieval", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("clip",), scaled=False,
    modes=("t2v", "i2v", "v2v"),
    formula="share of 46 fixed prompts of other scenes, one of every family, that fit the clip less than its own",
    source="own; retrieval rank as in CLIP evaluation, by a network of our own (kinema train clip)",
    own=("style_swap", "move_swap"),
    coupled={"vanish": "what is gone shows nothing", "blur": "a blurred picture says less", "noise": "noise hides what is shown",
             "reversal": "the order of what happens is part of a prompt"},
    blind=("Which family it is weighs most; a wrong colour or side moves it by a rank or two.",),
)  # fmt: skip
def retrieval(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the clip fits its own prompt better than those of other scenes.

    Returns:
        1 where it fits none of 46 other prompts better, 0 where it fits all of them better. ``Unscored`` where the prompt is empty, or
        the network has not looked.

    Example:
        >>> retrieval(Observation(), Case.outside("")).reason
        'there is no prompt'
    """
    if not case.request.prompt.strip():
        return Unscored(reason="there is no prompt")
    vector = seen.features.get("clip")
    if vector is None:
        return Unscored(reason="the network was not asked to look at the clips")
    if not len(vector):
        return Scored(value=0.0, why="There is no picture.")
    own, *others = (prompt_vectors([case.request.prompt, *_distractors()]) @ np.array(vector)).tolist()
    below = sum(other < own for other in others)
    return Scored(value=below / len(others), why=f"{below} of {len(others)} other prompts fit the clip less than its own.")


@dataclass(frozen=True, slots=True)
class OpenClip:
    """A checkpoint of open_clip, off unless it is asked for: never downloaded, read from safetensors alone.

    Attributes:
        model: name of the architecture, as open_clip has it ("ViT-B-32").
        path: of the ``.safetensors`` file.
        sha256: that the file must have.
    """

    model: str
    path: Path
    sha256: str

    def score(self, frames: NDArray[np.uint8], prompt: str) -> float:
        """Mean cosine between the prompt and four frames, evenly over the clip.

        Raises:
            ConfigError: the file is missing, of another kind, or another file than its sha256 says.
            MissingExtra: open_clip is not installed.
        """
        import torch
        from PIL import Image

        net, prepare, tokens = _open_clip(self)
        chosen = np.minimum(np.arange(OPEN_FRAMES) * len(frames) // OPEN_FRAMES, len(frames) - 1)
        with torch.no_grad():
            seen = net.encode_image(torch.stack([prepare(Image.fromarray(frames[i])) for i in chosen]))
            read = net.encode_text(tokens([prompt]))
        seen, read = (one / one.norm(dim=-1, keepdim=True) for one in (seen, read))
        return float((seen @ read.T).mean())


@lru_cache(maxsize=1)
def _open_clip(checkpoint: OpenClip):  # type: ignore[no-untyped-def]  # open_clip has no types
    if checkpoint.path.suffix != ".safetensors":
        raise ConfigError(f"{checkpoint.path} is no .safetensors file; other formats can run code and are not read")
    if not checkpoint.path.exists():
        raise ConfigError(f"{checkpoint.path} does not exist")
    if sha256_of(checkpoint.path) != checkpoint.sha256:
        raise ConfigError(f"{checkpoint.path} is not the file that sha256 {checkpoint.sha256[:12]}... names")
    try:
        import open_clip  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("open_clip is not installed; a checkpoint of it needs: pip install open_clip_torch") from error
    from safetensors.torch import load_file

    net, _, prepare = open_clip.create_model_and_transforms(checkpoint.model, pretrained=None)
    net.load_state_dict(load_file(checkpoint.path))
    return net.eval(), prepare, open_clip.get_tokenizer(checkpoint.model)
