"""From a clip and its case to an observation, and from what was asked to a case: what a run, a validation and a training loop share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kinema.metrics.metric import REGISTERED, Case
from kinema.scenes.palette import COLOURS
from kinema.scenes.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinema.metrics.features import Weights
    from kinema.metrics.observation import Observation
    from kinema.metrics.observe import Hints
    from kinema.scenes.clip import Clip
    from kinema.scenes.scene import Scene

__all__ = ["CASE_STRETCH", "case_of", "case_of_clip", "hints_of", "look"]

CASE_STRETCH = 1.8  # -, how much longer than the clip the truth is simulated: a slower clip is compared with later truth


def hints_of(case: Case) -> Hints:
    """What the prompt names."""
    from kinema.metrics.observe import Hints

    colours = tuple(body.colour for body in case.shown if body.colour in COLOURS)
    masks = case.request.mode in REGISTERED
    return Hints(count=len(case.shown) or None, colours=colours, shapes=tuple(body.shape for body in case.shown), masks=masks)


def look(clip: Clip, case: Case, features: Sequence[Weights] | None = None) -> Observation:
    """Observe a clip with the hints that its prompt gives.

    Args:
        clip: what was shown.
        case: what was asked.
        features: None leaves the vectors out, which needs no weights; else they are made, also by these networks from outside.
    """
    from kinema.metrics.observe import observe

    seen = observe(clip, hints_of(case))
    if features is None:
        return seen
    from kinema.metrics.clip_score import clip_vector
    from kinema.metrics.features import DIGITS, features_of

    fitting = tuple(round(value, DIGITS) for value in clip_vector(clip.frames))
    found = {**seen.features, **features_of(clip, features), "clip": fitting}
    for one in features:
        if one.name == "open_clip":
            from kinema.metrics.clip_outside import cosines

            found[one.name] = tuple(round(value, DIGITS) for value in cosines(one, clip.frames, case.request.prompt))
    return replace(seen, features=found)


def case_of_clip(asked: str | Scene | Case, clip: Clip) -> Case:
    """The case of a clip that was made for a scene, or from a prompt that nobody simulated.

    Args:
        asked: a scene or its id (``drop@1/seed=3``), a prompt, or the case itself.
        clip: its length, size and rate are taken for what was asked.

    Raises:
        ConfigError: the id names no scene.

    Example:
        >>> import numpy as np
        >>> from kinema.scenes.clip import Clip
        >>> clip = Clip(np.zeros((48, 8, 8, 3), np.uint8), np.arange(48) / 24, np.zeros((2, 96000), np.float32))
        >>> case_of_clip("a red ball falls", clip).truth is None
        True
    """
    if isinstance(asked, Case):
        return asked
    prompt = asked if isinstance(asked, str) else asked.prompt
    return case_of(asked, _request(prompt, clip))


def case_of(asked: str | Scene, request: Request) -> Case:
    """The case of a request for a scene, its id, or a prompt; a scene's own prompt replaces the request's.

    Raises:
        ConfigError: the id names no scene.
    """
    from kinema.scenes.scene import scene_from_id
    from kinema.scenes.world import truth_of

    if isinstance(asked, str) and "@" not in asked.split("/", maxsplit=1)[0]:
        return replace(Case.outside(asked), request=replace(request, prompt=asked))
    scene = scene_from_id(asked) if isinstance(asked, str) else asked
    return Case.of(truth_of(scene, round(CASE_STRETCH * request.seconds, 6)), replace(request, prompt=scene.prompt))


def _request(prompt: str, clip: Clip) -> Request:
    height, width = clip.frames.shape[1:3]
    seconds = max(clip.seconds, 1e-3)
    fps = len(clip.times) / seconds if len(clip.times) else 24.0
    return Request(prompt=prompt, seconds=round(seconds, 6), width=int(width), height=int(height), fps=round(fps, 6))
