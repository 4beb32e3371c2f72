"""Every metric as a ``torchmetrics.Metric``, so that it can sit in a training loop and be added up over processes."""

from __future__ import annotations

import json
import traceback
import warnings
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from kinema.errors import ConfigError
from kinema.metrics.look import case_of_clip, look
from kinema.metrics.metric import METRICS, Card, Case, Sample, Scored
from kinema.metrics.observe.record import from_json, to_json
from kinema.scenes.scene import Scene

if TYPE_CHECKING:
    from torch import Tensor

    from kinema.scenes.clip import Clip

__all__ = ["ClipMetric", "SetMetric", "as_torchmetric"]

Asked = str | Scene | Case
Empty = Literal["error", "worst"]
HEAD = 8  # bytes before a packed sample that say how long it is


def as_torchmetric(name: str, *, empty: Empty = "error") -> ClipMetric | SetMetric:
    """A metric of Kinema's as one of torchmetrics': ``update`` with clips and what was asked, then ``compute``.

    Args:
        name: of a registered metric, such as ``sync/offset``.
        empty: what ``compute`` does when nothing could be scored: raise, or give the card's worst bound.

    Raises:
        UnknownName: no metric has that name.

    Example:
        >>> from kinema.scenes.render import clip_of
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import truth_of
        >>> scene = scene_from_id("drop@1/seed=3")
        >>> clip = clip_of(truth_of(scene, 1.0), Request(prompt=scene.prompt, seconds=1.0, width=64, height=64))
        >>> count = as_torchmetric("adherence/count")
        >>> count.update(clip, "drop@1/seed=3")
        >>> float(count.compute())
        1.0
    """
    from kinema.metrics import load_all

    load_all()
    card = METRICS[name].load()
    return SetMetric(card, empty) if card.over == "set" else ClipMetric(card, empty)


def _each(clips: Clip | Sequence[Clip], asked: Asked | Sequence[Asked]) -> Iterator[tuple[Clip, Asked]]:
    from kinema.scenes.clip import Clip as OneClip

    if isinstance(clips, OneClip):
        if not isinstance(asked, str | Scene | Case):
            raise ConfigError("one clip needs one scene or prompt")
        yield clips, asked
        return
    many = [asked] * len(clips) if isinstance(asked, str | Scene | Case) else list(asked)
    if len(many) != len(clips):
        raise ConfigError(f"{len(clips)} clips and {len(many)} scenes or prompts: there must be one for each")
    yield from zip(clips, many, strict=True)


class _Carded(Metric):
    """What both kinds share: the card says which way is better and what the bounds are."""

    full_state_update = False
    is_differentiable = False

    def __init__(self, card: Card, empty: Empty) -> None:
        super().__init__()
        self.card, self.empty = card, empty

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]
        """Whether more is better."""
        return self.card.better == "higher"

    def __repr__(self) -> str:
        return f"as_torchmetric({self.card.name!r})"

    def _nothing(self, why: str) -> Tensor:
        if self.empty == "worst":
            return torch.tensor(self.card.worst, dtype=torch.float64)
        raise ConfigError(f"{self.card.name} has nothing to score: {why}")


class ClipMetric(_Carded):
    """The mean of a metric over clips; those that the truth says nothing about are left out and counted.

    Attributes:
        scored, unscored, failed: how many clips came out how; ``failed`` means that Kinema's own code raised.
    """

    total: Tensor
    scored: Tensor
    unscored: Tensor
    failed: Tensor

    def __init__(self, card: Card, empty: Empty = "error") -> None:
        super().__init__(card, empty)
        self.add_state("total", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        for name in ("scored", "unscored", "failed"):
            self.add_state(name, torch.tensor(0), dist_reduce_fx="sum")

    def update(self, clips: Clip | Sequence[Clip], asked: Asked | Sequence[Asked]) -> None:
        """Observe and score clips.

        Args:
            clips: one or several.
            asked: for each (or for all) a scene, its id, a prompt, or a case.
        """
        for clip, one in _each(clips, asked):
            case = case_of_clip(one, clip)
            try:
                answer = self.card.function(look(clip, case), case)
            except Exception:  # the per-clip boundary: one clip that breaks our code must not end a training
                warnings.warn(f"{self.card.name} failed on a clip: {traceback.format_exc(limit=-1)}", stacklevel=2)
                self.failed += 1
                continue
            if isinstance(answer, Scored):
                self.total += answer.value
                self.scored += 1
            else:
                self.unscored += 1

    def compute(self) -> Tensor:
        """The mean over all scored clips, in the card's unit."""
        if int(self.scored) == 0:
            return self._nothing(f"{int(self.unscored)} clips unscored, {int(self.failed)} failed")
        return self.total / self.scored


class SetMetric(_Carded):
    """A metric of a set of clips against a set of the truth's own, such as a Frechet distance."""

    shown: list[Tensor]
    real: list[Tensor]

    def __init__(self, card: Card, empty: Empty = "error") -> None:
        super().__init__(card, empty)
        self.add_state("shown", [], dist_reduce_fx="cat")
        self.add_state("real", [], dist_reduce_fx="cat")

    def update(self, clips: Clip | Sequence[Clip], asked: str | Scene | Sequence[str | Scene], *, real: bool = False) -> None:
        """Observe clips and keep what was seen.

        Args:
            clips: one or several.
            asked: for each (or for all) a scene or its id; a prompt where there is none.
            real: these are the truth's own clips.
        """
        for clip, one in _each(clips, asked):
            if isinstance(one, Case):
                raise ConfigError(f"{self.card.name} needs scenes or prompts, not cases: they travel between processes")
            (self.real if real else self.shown).append(_packed(clip, one, self.card))

    def compute(self) -> Tensor:
        """The metric over everything seen so far, in the card's unit."""
        function: Any = self.card.function
        answer = function(_samples(self.shown), _samples(self.real))
        if not isinstance(answer, Scored):
            return self._nothing(answer.reason)
        return torch.tensor(answer.value, dtype=torch.float64)


def _packed(clip: Clip, asked: str | Scene, card: Card) -> Tensor:
    """One sample as bytes: what was asked, the clip's length, size and rate, and what was seen."""
    case = case_of_clip(asked, clip)
    seen = look(clip, case, () if "features" in card.needs else None)
    name = asked.id if isinstance(asked, Scene) else asked
    data: dict[str, Any] = {"asked": name, "request": case.request.to_json(), "seen": to_json(seen)}
    body = zlib.compress(json.dumps(data, allow_nan=False).encode(), 1)
    return torch.frombuffer(bytearray(len(body).to_bytes(HEAD, "big") + body), dtype=torch.uint8)


def _samples(state: Any) -> list[Sample]:
    """What :func:`_packed` wrote, in the order in which it stands."""
    if isinstance(state, list) and not state:
        return []
    data = dim_zero_cat(state).cpu().numpy().tobytes()
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + HEAD], "big")
        found.append(_sample(json.loads(zlib.decompress(data[at + HEAD : at + HEAD + size]))))
        at += HEAD + size
    return found


def _sample(value: dict[str, Any]) -> Sample:
    from kinema.metrics.look import case_of
    from kinema.scenes.request import Request

    return Sample(value["asked"], from_json(value["seen"]), case_of(value["asked"], Request(**value["request"])))
