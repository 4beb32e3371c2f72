"""Clips in groups that differ in one factor each: what the small CLIP learns from, and learns to tell apart.

Seeds start at 3,500,000: above those of suites, calibration, generators, and of the other networks' clips.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import ConfigError
from kinema.files import read_json, write_bytes, write_json
from kinema.scenes.camera import MOVES
from kinema.scenes.contrast import contrasts_of
from kinema.scenes.prompts import LIGHTINGS, STYLES
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, Scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["FIRST_SEED", "FRAMES", "SIZE", "Groups", "group_of", "pick_frames", "read_groups", "render_groups"]

FIRST_SEED = 3_500_000
SIZE, FRAMES, SECONDS = 64, 8, 3.0  # pixels, frames, s: the frames lie evenly over the clip, the first at its start
SHARD = 20  # groups a file
BODILY = 1  # members of a group that differ from the first in what happens: each is simulated, which takes most of the time
OUTER = {"style": tuple(STYLES), "lighting": tuple(LIGHTINGS), "move": tuple(MOVES)}  # members that differ in what it is drawn with alone
UNSEEN = ("style", "lighting", "camera", "room")  # factors of contrast sets that are not simulated anew here
DEALT = 0.5  # share of the groups whose first member has special circumstances


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Clips, group after group.

    Attributes:
        frames: (n, 8, 64, 64, 3) uint8.
        group: (n,) which group each belongs to; its first clip is the one that the others differ from.
        rows: ``scene``, ``factor`` ("" for the first) and ``prompts`` of each.
    """

    frames: NDArray[np.uint8]
    group: NDArray[np.int64]
    rows: tuple[dict[str, Any], ...]


def pick_frames(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(8, 64, 64, 3): as many frames as the network sees, evenly over a clip, squeezed into its size.

    Example:
        >>> pick_frames(np.zeros((48, 90, 160, 3), np.uint8)).shape
        (8, 64, 64, 3)
    """
    import cv2

    chosen = np.minimum(np.arange(FRAMES) * len(frames) // FRAMES, len(frames) - 1)
    return np.stack([cv2.resize(frames[i], (SIZE, SIZE), interpolation=cv2.INTER_AREA) for i in chosen])


def group_of(number: int, first_seed: int = FIRST_SEED) -> list[tuple[str, Scene]]:
    """The scenes of a group, each with the factor in which it differs from the first ("" for that one).

    Example:
        >>> [factor for factor, _ in group_of(0)][0]
        ''
    """
    names = list(SCENES)
    hand, place = divmod(number, len(names))
    family = names[int(np.random.default_rng([first_seed, hand]).permutation(len(names))[place])]
    rng = np.random.default_rng([first_seed, number, 1])
    first = SCENES[family].load().draw(first_seed + number)
    if rng.random() < DEALT:
        for name, values in OUTER.items():
            first = _with(first, name, str(rng.choice(values)))
    members: list[tuple[str, Scene]] = [("", first)]
    sets = {factor: found for factor, found in contrasts_of(first).items() if factor not in UNSEEN}
    for factor in rng.permutation(list(sets))[:BODILY]:
        others = [scene for scene in sets[factor].scenes if replace(scene, variant="", note=first.note) != first]
        members.append((str(factor), others[int(rng.integers(len(others)))]))
    for name, values in OUTER.items():
        other = str(rng.choice([value for value in values if value != getattr(first, name)]))
        members.append(("camera" if name == "move" else name, _with(first, name, other)))
    return members


def _with(scene: Scene, name: str, value: str) -> Scene:
    """The scene in another style, in another light, or with another camera move."""
    match name:
        case "style":
            return replace(scene, style=value)
        case "lighting":
            return replace(scene, lighting=value)
        case _:
            return replace(scene, move=value)


def render_groups(out: Path, count: int, *, first_seed: int = FIRST_SEED, progress: Callable[[int, int], None] | None = None) -> None:
    """Render the first ``count`` groups into ``out``; files that are there already are left, so it can be stopped at any time.

    Raises:
        ConfigError: ``first_seed`` lies among the seeds of suites, calibration or generators.
    """
    if first_seed < 3_000_000:
        raise ConfigError(f"first seed {first_seed} belongs to suites, calibration or generators; use {FIRST_SEED} or more")
    out.mkdir(parents=True, exist_ok=True)
    for start in range(0, count, SHARD):
        path = out / f"groups-{first_seed}-{start // SHARD:04d}.npz"
        if not path.with_suffix(".json").exists():
            _render_shard(path, range(start, start + SHARD), first_seed)
        if progress:
            progress(min(start + SHARD, count), count)


def read_groups(out: Path, most: int | None = None) -> Groups:
    """The finished files of a folder, up to ``most`` groups."""
    frames, group, rows = [], [], []
    for number, path in enumerate(sorted(out.glob("groups-*.json"))):
        if most is not None and number * SHARD >= most:
            break
        held = read_json(path)
        with np.load(path.with_suffix(".npz")) as arrays:
            frames.append(arrays["frames"])
        group += [number * SHARD + row["group"] for row in held]
        rows += held
    if not frames:
        raise ConfigError(f"{out} holds no groups of clips")
    return Groups(np.concatenate(frames), np.array(group), tuple(rows))


def _render_shard(path: Path, numbers: range, first_seed: int) -> None:
    frames, rows = [], []
    for place, number in enumerate(numbers):
        truth: Truth | None = None
        for factor, scene in group_of(number, first_seed):
            made, truth = _render_one(scene, factor, truth)
            frames.append(made)
            rows.append({"scene": scene.id, "group": place, "factor": factor, "prompts": list(scene.prompts())})
    buffer = io.BytesIO()
    np.savez_compressed(buffer, frames=np.stack(frames))
    write_bytes(path, buffer.getvalue())
    write_json(path.with_suffix(".json"), rows)  # written last: it marks the file as whole


def _render_one(scene: Scene, factor: str, first: Truth | None) -> tuple[NDArray[np.uint8], Truth]:
    """The frames of a scene, and the truth of the group's first member."""
    from kinema.scenes.render import render
    from kinema.scenes.world import simulate

    outer = first is not None and factor in (*OUTER, "camera")
    if first is not None and outer:
        truth = replace(first, scene=scene, camera=scene.camera())
    else:
        truth = simulate(scene, SECONDS)
    request = Request(prompt="", width=SIZE, height=SIZE, fps=FRAMES / SECONDS, seconds=SECONDS)
    return render(truth, request), first or truth
