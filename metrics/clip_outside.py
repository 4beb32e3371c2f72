"""How well a clip fits its prompt to a checkpoint of open_clip that a suite names by path and sha256; "not run" without one."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import ConfigError, MissingExtra
from kinema.metrics.clip_score import distractors
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.features import Weights

__all__ = ["cosines", "read_open_clip", "retrieval_outside", "similarity_outside"]

CONFIG, FILE = "open_clip_config.json", "open_clip_model.safetensors"  # of a folder as open_clip publishes it
FRAMES = 4  # that a network of pictures is shown, evenly over the clip
LACKS = "no checkpoint was given; name a folder of open_clip in the suite under [features.open_clip] with path and sha256"
BLIND = ("It looks at four pictures and knows no motion, no order and no sound.", "Who trained it, and on what, decides what it can name.")


def cosines(weights: Weights, frames: NDArray[np.uint8], prompt: str) -> tuple[float, ...]:
    """The cosines of a clip's frames (T, H, W, 3), four of them averaged, with its prompt and with 46 prompts of other scenes.

    For ``Observation.features["open_clip"]``; () where there is no picture.
    """
    if not len(frames):
        return ()
    import torch
    from PIL import Image

    net, prepare, tokens = read_open_clip(weights)
    chosen = np.minimum(np.arange(FRAMES) * len(frames) // FRAMES, len(frames) - 1)
    with torch.no_grad():
        seen = _unit(net.encode_image(torch.stack([prepare(Image.fromarray(frames[i])) for i in chosen])))
        read = _unit(net.encode_text(tokens([prompt, *distractors()])))
    return tuple((seen @ read.T).mean(0).double().tolist())


def _unit(vectors: Any) -> Any:
    return vectors / vectors.norm(dim=-1, keepdim=True)


@lru_cache(maxsize=1)
def read_open_clip(weights: Weights) -> tuple[Any, Any, Any]:
    """The network, what prepares a picture for it, and its tokenizer, from a folder as open_clip publishes it; never downloaded.

    Raises:
        ConfigError: the folder lacks its configuration or its safetensors, these are other ones than meant, or they do not fit.
        MissingExtra: open_clip is not installed.
    """
    from kinema.metrics.backbones import weights_file

    folder = Path(weights.path)
    file = folder / FILE
    if not file.is_file() or not (folder / CONFIG).is_file():
        raise ConfigError(f"open_clip: {folder} is no folder with {CONFIG} and {FILE} in it")
    weights_file(replace(weights, path=str(file)))
    try:
        import open_clip  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra("open_clip is not installed; a checkpoint of it needs: pip install open_clip_torch") from error
    from safetensors.torch import load_file

    try:
        net, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{folder}", load_weights=False, pretrained_text=False)
        net.load_state_dict(load_file(file))
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")
    except (RuntimeError, OSError, ValueError, KeyError, TypeError) as problem:
        raise ConfigError(f"open_clip: {folder} cannot be read as this network: {str(problem).splitlines()[0]}") from None
    return net.eval(), prepare, tokens


@metric(
    "adherence/open_clip", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("features:open_clip",),
    modes=("t2v", "i2v", "v2v"), legacy=True, blind=BLIND,
    formula="max(0, mean over four frames of the cosine of the frame and the prompt)",
    source="CLIPScore, Hessel et al. 2021 (arXiv:2104.08718), by the open_clip checkpoint that the suite names",
)  # fmt: skip
def similarity_outside(seen: Observation, case: Case) -> Scored | Unscored:
    """How alike pictures and prompt are to a checkpoint of open_clip.

    Returns:
        0 to 1; 0 where there is no picture. ``Unscored`` where no checkpoint was given, or the prompt is empty.

    Example:
        >>> similarity_outside(Observation(features={"open_clip": (0.25, 0.125)}), Case.outside("a red ball")).value
        0.25
    """
    found = _found(seen, case)
    if not isinstance(found, tuple):
        return found
    return Scored(value=float(np.clip(found[0], 0, 1)), why=f"The mean cosine of four frames and the prompt is {found[0]:.2f}.")


@metric(
    "adherence/open_clip_retrieval", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("features:open_clip",),
    modes=("t2v", "i2v", "v2v"), legacy=True, blind=BLIND,
    formula="share of 46 fixed prompts of other scenes, one of every family, that fit the clip less than its own",
    source="own; retrieval rank as in CLIP evaluation, by the open_clip checkpoint that the suite names",
)  # fmt: skip
def retrieval_outside(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether a clip fits its own prompt better than those of other scenes, to a checkpoint of open_clip.

    Returns:
        0 to 1; 0 where there is no picture. ``Unscored`` where no checkpoint was given, or the prompt is empty.

    Example:
        >>> retrieval_outside(Observation(features={"open_clip": (0.2, 0.1, 0.3)}), Case.outside("a red ball")).value
        0.5
    """
    found = _found(seen, case)
    if not isinstance(found, tuple):
        return found
    own, *others = found
    below = sum(other < own for other in others)
    return Scored(value=below / len(others), why=f"{below} of {len(others)} other prompts fit the clip less than its own.")


def _found(seen: Observation, case: Case) -> tuple[float, ...] | Scored | Unscored:
    """The cosines, its own prompt's first; or what is to be answered without any."""
    if not case.request.prompt.strip():
        return Unscored(reason="there is no prompt")
    found = seen.features.get("open_clip")
    if found is None:
        return Unscored(reason=LACKS)
    return tuple(found) if len(found) else Scored(value=0.0, why="There is no picture.")
