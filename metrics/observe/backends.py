"""Learned observers in place of the classical measuring: SAM 2 for masks, a matcher of points for tracks. Off unless asked for by path.

The classical observer says which bodies there are and where each is seen best; a backend follows it from there through the clip, and tracks
are measured anew from what it finds. Weights are a folder as ``transformers`` writes it (``config.json`` and ``model.safetensors``), never
downloaded, and checked by the sha256 of the weights file. ``KINEMA_OBSERVER=sam2:FOLDER,sha256=...`` (or ``points:...``) chooses one for a
whole run.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

from kinema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from numpy.typing import NDArray

    from kinema.metrics.observation import Track
    from kinema.scenes.clip import Clip

__all__ = ["VARIABLE", "Backend", "Chosen", "Points", "Sam2", "backend", "backend_from", "chosen", "identity"]

VARIABLE = "KINEMA_OBSERVER"
WEIGHTS = "model.safetensors"
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which SAM 2 was trained with
LEAST_AREA = 4.0  # px; a smaller mask is nothing
LEAST_POINTS = 4  # matched points that say how a body has moved
MOST_BODIES = 16
SURE = 0.5  # confidence of a seed


class Backend(Protocol):
    """Follows bodies from where they are seen best."""

    def follow(self, clip: Clip, tracks: Sequence[Track]) -> tuple[Track, ...]:
        """The same bodies, measured anew in every frame in which the backend finds them."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which backend, from which folder, with which weights."""

    kind: str
    folder: Path
    sha256: str


def chosen(text: str) -> Chosen | None:
    """Read ``sam2:FOLDER,sha256=HEX``; empty and ``classical`` are None.

    Raises:
        ConfigError: the text says something else.

    Example:
        >>> chosen("classical") is None
        True
        >>> chosen("sam2:weights/sam2,sha256=" + "0" * 64).kind
        'sam2'
    """
    if text in ("", "classical"):
        return None
    kind, _, rest = text.partition(":")
    folder, _, digest = rest.rpartition(",sha256=")
    if kind not in KINDS or not folder or len(digest) != 64:
        raise ConfigError(f"{VARIABLE}={text!r}: say classical, or sam2:FOLDER,sha256=... or points:FOLDER,sha256=... (of {WEIGHTS})")
    return Chosen(kind, Path(folder), digest.lower())


def identity() -> str:
    """What tells this observer from others: "" for the classical one, else its kind and the sha256 of its weights."""
    found = chosen(os.environ.get(VARIABLE, ""))
    return "" if found is None else f"{found.kind}:{found.sha256}"


def backend() -> Backend | None:
    """The backend that ``KINEMA_OBSERVER`` names; None for the classical observer."""
    return backend_from(os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=1)
def backend_from(text: str) -> Backend | None:
    """The backend that ``text`` names, loaded once; None for the classical observer.

    Raises:
        ConfigError: the folder lacks a file, or the weights are not those that the sha256 is of.
    """
    found = chosen(text)
    if found is None:
        return None
    for name in ("config.json", WEIGHTS):
        if not (found.folder / name).is_file():
            raise ConfigError(f"{VARIABLE}: {found.folder} has no {name}")
    with (found.folder / WEIGHTS).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != found.sha256:
        raise ConfigError(f"{VARIABLE}: {found.folder / WEIGHTS} has sha256 {digest}, not {found.sha256}")
    return KINDS[found.kind](found.folder)


def _loaded(name: str, folder: Path) -> Any:
    import transformers

    model = getattr(transformers, name).from_pretrained(folder, local_files_only=True, use_safetensors=True, trust_remote_code=False)
    return model.eval()


class Sam2:
    """Masks by SAM 2 (arXiv 2408.00714), propagated both ways from the frame in which each body is seen best."""

    def __init__(self, folder: Path) -> None:
        self.model = _loaded("Sam2VideoModel", folder)
        self.side = int(self.model.config.image_size)

    def follow(self, clip: Clip, tracks: Sequence[Track]) -> tuple[Track, ...]:
        """The same bodies, measured from SAM 2's masks; what it does not find keeps nothing."""
        return tuple(_from_masks(track, clip, self.masks(clip, track)) for track in tracks[:MOST_BODIES])

    def masks(self, clip: Clip, track: Track) -> NDArray[np.bool_]:
        """(T, H, W): where the body of a track is seen."""
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        height, width = clip.frames.shape[1:3]
        seed = _best(track)
        with torch.inference_mode():
            pictures = self._pictures(clip.frames)
            session = Sam2VideoInferenceSession(video=pictures, video_height=height, video_width=width, dtype=torch.float32)
            session.add_mask_inputs(session.obj_id_to_idx(1), int(track.frame[seed]), self._seed(track, seed, height, width))
            session.obj_with_new_inputs = [1]
            found = np.zeros((len(clip.frames), height, width), dtype=bool)
            for output in self._outputs(session, int(track.frame[seed])):
                logits = torch.nn.functional.interpolate(output.pred_masks.float(), (height, width), mode="bilinear", align_corners=False)
                found[output.frame_idx] = (logits[0, 0] > 0).numpy()
        return found

    def _outputs(self, session: Any, start: int) -> Iterator[Any]:
        yield self.model(session, frame_idx=start)
        for reverse in (False, True):
            yield from self.model.propagate_in_video_iterator(session, start_frame_idx=start, reverse=reverse)

    def _pictures(self, frames: NDArray[np.uint8]) -> torch.Tensor:
        import torch

        small = np.stack([cv2.resize(frame, (self.side, self.side), interpolation=cv2.INTER_AREA) for frame in frames])
        tensor = torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255
        return (tensor - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]

    def _seed(self, track: Track, k: int, height: int, width: int) -> torch.Tensor:
        import torch

        mask = cv2.resize(_ellipse(track, k, height, width), (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        return torch.from_numpy((mask >= 0.5).astype(np.float32))[None, None]


class Points:
    """Matched points (EfficientLoFTR, arXiv 2403.04765): each frame against the one in which the body is seen best.

    The points that lie on the body there give a similarity to every other frame: where it has gone, how it has grown and turned.
    """

    def __init__(self, folder: Path) -> None:
        self.model = _loaded("EfficientLoFTRForKeypointMatching", folder)

    def follow(self, clip: Clip, tracks: Sequence[Track]) -> tuple[Track, ...]:
        """The same bodies, with places, sizes and turns from matched points wherever enough of them agree."""
        return tuple(self._one(clip, track) for track in tracks[:MOST_BODIES])

    def _one(self, clip: Clip, track: Track) -> Track:
        seed = _best(track)
        height, width = clip.frames.shape[1:3]
        body = _ellipse(track, seed, height, width) > 0
        place = np.array([track.x[seed], track.y[seed]])
        columns: dict[str, NDArray[np.float64]] = {name: getattr(track, name).copy() for name in ("x", "y", "size", "turn")}
        for k, frame in enumerate(track.frame):
            moved = None if k == seed else self._similarity(clip.frames[track.frame[seed]], clip.frames[frame], body)
            if moved is None:
                continue
            columns["x"][k], columns["y"][k] = moved[:, :2] @ place + moved[:, 2]
            columns["size"][k] = track.size[seed] * np.hypot(moved[0, 0], moved[1, 0])
            columns["turn"][k] = -np.arctan2(moved[1, 0], moved[0, 0])
        columns["turn"] = np.unwrap(columns["turn"])
        columns["turn"] -= columns["turn"][0]
        x, y, size, turn = (columns[name] for name in ("x", "y", "size", "turn"))
        return replace(track, x=x, y=y, size=size, turn=turn, marked=True)

    def _similarity(self, first: NDArray[np.uint8], second: NDArray[np.uint8], body: NDArray[np.bool_]) -> NDArray[np.float64] | None:
        """(2, 3) from pixels of the first picture to those of the second, by the points on the body; None where too few agree."""
        start, end = self.matches(first, second)
        inside = body[np.clip(start[:, 1].astype(int), 0, body.shape[0] - 1), np.clip(start[:, 0].astype(int), 0, body.shape[1] - 1)]
        if inside.sum() < LEAST_POINTS:
            return None
        cv2.setRNGSeed(0)
        found, kept = cv2.estimateAffinePartial2D(start[inside], end[inside], method=cv2.RANSAC, ransacReprojThreshold=2.0)
        return found if found is not None and kept.sum() >= LEAST_POINTS else None

    def matches(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(n, 2) pixels in either picture of points that show the same thing."""
        import torch

        height, width = (max(32, side // 32 * 32) for side in first.shape[:2])
        grey = [cv2.resize(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_AREA) for one in (first, second)]
        pair = torch.from_numpy(np.stack(grey)).float()[None, :, None] / 255
        with torch.inference_mode():
            output = self.model(pair.expand(-1, -1, 3, -1, -1))
        good = (output.matches[0, 0] > -1).numpy()
        scale = np.array([first.shape[1], first.shape[0]], dtype=np.float32)
        points = output.keypoints[0].numpy().astype(np.float32) * scale
        other = output.matches[0, 0].numpy()[good].astype(int)
        return points[0][good], points[1][other]


KINDS: dict[str, type[Sam2] | type[Points]] = {"sam2": Sam2, "points": Points}


def _best(track: Track) -> int:
    """The entry in which the body is seen best: surely, wholly, and as itself."""
    return int(np.argmax(track.confidence * track.visible * track.likeness))


def _ellipse(track: Track, k: int, height: int, width: int) -> NDArray[np.float32]:
    """(H, W) 0 to 1: the ellipse of the track's sides."""
    mask = np.zeros((height, width), np.float32)
    axes = (max(1, round(16 * track.long[k] / 2)), max(1, round(16 * track.short[k] / 2)))
    centre = (round(16 * (track.x[k] - 0.5)), round(16 * (track.y[k] - 0.5)))
    cv2.ellipse(mask, centre, axes, -float(np.degrees(track.angle[k])), 0, 360, 1.0, -1, cv2.LINE_8, 4)
    return mask


def _from_masks(track: Track, clip: Clip, masks: NDArray[np.bool_]) -> Track:
    """A track as (T, H, W) masks have it."""
    rows = []
    for i, mask in enumerate(masks):
        moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
        if moments["m00"] < LEAST_AREA:
            continue
        outline = np.argwhere(mask)[:, ::-1].astype(np.float32)
        _, (w, h), degrees = cv2.minAreaRect(outline)
        angle = -np.radians(degrees if w >= h else degrees + 90)
        x, y = moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5
        rows.append((i, x, y, 2 * np.sqrt(moments["m00"] / np.pi), max(w, h) + 1, min(w, h) + 1, angle))
    table = np.array(rows).reshape(-1, 7)
    frame = table[:, 0].astype(int)
    known = {int(f): k for k, f in enumerate(track.frame)}
    at = np.array([known.get(int(f), -1) for f in frame], dtype=int)
    names = tuple(track.colours[k] if 0 <= k < len(track.colours) else "" for k in at)
    rgb = np.where((at >= 0)[:, None], track.rgb[np.maximum(at, 0)], np.median(track.rgb, axis=0))
    return replace(
        track, frame=frame, t=np.asarray(clip.times, dtype=float)[frame], x=table[:, 1], y=table[:, 2], size=table[:, 3],
        long=table[:, 4], short=table[:, 5], angle=np.unwrap(table[:, 6], period=np.pi), confidence=np.ones(len(frame)), colours=names,
        rgb=rgb, turn=np.zeros(len(frame)), marked=False, visible=np.ones(len(frame)), likeness=np.ones(len(frame)),
    )  # fmt: skip
