"""How well a clip fits its prompt to the small CLIP that is shipped; other checkpoints are in ``clip_outside.py``."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.clip_model import SceneClip

__all__ = ["DISTRACTORS", "clip_vector", "distractors", "own_clip", "prompt_vectors", "retrieval", "similarity"]

SHIPPED = Path(__file__).parent / "weights" / "clip.safetensors"
FIRST_DISTRACTOR = 4_000_000  # seed: what no suite scores and no network has learnt from
CLEARLY = 0.1  # cosine, by which one of two prompts fits clearly better: nine of ten pairs of prompts of one family are further apart
DISTRACTORS = 46  # one scene of every family


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
def distractors() -> tuple[str, ...]:
    """A prompt of every family, always the same."""
    from kinema.scenes.scene import SCENES

    names = list(SCENES)[:DISTRACTORS]
    return tuple(SCENES[name].load().draw(FIRST_DISTRACTOR + k).prompt for k, name in enumerate(names))


@metric(
    "adherence/clip", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("clip",), modes=("t2v", "i2v", "v2v"), scaled=False,
    formula="max(0, cosine of the vectors of prompt and clip)",
    source="CLIPScore, Hessel et al. 2021 (arXiv:2104.08718), by a network of our own (kinema train clip)",
    own=("style_swap", "colour_swap", "move_swap", "vanish"),
    coupled={"light_swap": "light is part of a prompt, and of a style", "blur": "a blurred picture says less",
             "noise": "noise hides what is shown", "reversal": "the order of what happens is part of a prompt"},
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
    "adherence/retrieval", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("clip",), scaled=False,
    modes=("t2v", "i2v", "v2v"),
    formula="mean over 46 fixed prompts of other scenes, one of every family, of 1 / (1 + exp(-(own cosine - its cosine) / 0.1))",
    source="own; retrieval rank as in CLIP evaluation, counted softly (Qin, Liu, Li 2010), by a network of our own (kinema train clip)",
    own=("style_swap", "move_swap", "vanish"),
    coupled={"light_swap": "light is part of a prompt, and of a style", "blur": "a blurred picture says less",
             "noise": "noise hides what is shown", "reversal": "the order of what happens is part of a prompt"},
    blind=("Which family it is weighs most; a wrong colour or side moves it by a rank or two.",),
)  # fmt: skip
def retrieval(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the clip fits its own prompt better than those of other scenes.

    Returns:
        Near 1 where it fits none of 46 other prompts nearly as well, near 0 where it fits all of them far better; ``details`` has the rank.
        ``Unscored`` where the prompt is empty, or the network has not looked.

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
    own, *others = (prompt_vectors([case.request.prompt, *distractors()]) @ np.array(vector)).tolist()
    below = sum(other < own for other in others)
    value = float(np.mean(1 / (1 + np.exp(-(own - np.array(others)) / CLEARLY))))
    why = f"{below} of {len(others)} other prompts fit the clip less than its own."
    return Scored(value=value, why=why, details={"rank": below / len(others)})
