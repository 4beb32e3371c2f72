"""Clips that the metrics' own networks are trained on: every family, from seeds that nothing else uses.

Suites use seeds below 1,000,000, calibration those from 1,000,000, the generators' corpora those from 2,000,000 and these clips those from
3,000,000: no network here has seen what it will judge, and none shares a clip with the generator that it judges.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import ConfigError
from kinema.files import read_json, write_bytes, write_json
from kinema.scenes.camera import MOVES
from kinema.scenes.prompts import LIGHTINGS, ROOMS, STYLES, claims_of
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["FIRST_SEED", "FRAMES", "SIZE", "SOUND_RATE", "Shard", "read_shards", "render_clips", "scene_and_take"]

FIRST_SEED = 3_000_000
SIZE, RATE, FRAMES = 64, 8.0, 24  # pixels, frames a second, frames: three seconds
SOUND_RATE = 16_000  # Hz
SECONDS = FRAMES / RATE
DEALT = {"style": tuple(STYLES), "lighting": tuple(LIGHTINGS), "room": tuple(ROOMS), "move": tuple(MOVES)}
USUAL = 0.25  # share of the clips whose circumstances are all the usual ones


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Clips of one file.

    Attributes:
        frames: (n, 24, 64, 64, 3) uint8, 8 frames a second.
        sound: (n, 2, 48000) float16 at 16 kHz, full scale 1, as loud as it is at the camera.
        rows: what is true of each: see :func:`_row`.
    """

    frames: NDArray[np.uint8]
    sound: NDArray[np.float16]
    rows: tuple[dict[str, Any], ...]


def scene_and_take(number: int, first_seed: int = FIRST_SEED) -> tuple[Scene, int]:
    """The scene of the ``number``-th clip and which draw of it: as many clips in a row as there are families have one of each.

    Example:
        >>> scene_and_take(0)[0].seed
        3000000
    """
    names = list(SCENES)
    hand, place = divmod(number, len(names))
    family = names[int(np.random.default_rng([first_seed, hand]).permutation(len(names))[place])]
    rng = np.random.default_rng([first_seed, number, 1])
    dealt = {name: str(rng.choice(values)) for name, values in DEALT.items()}
    if rng.random() < USUAL:
        dealt = {name: values[0] for name, values in DEALT.items()}
    return SCENES[family].load().draw(first_seed + number, **dealt), int(rng.integers(0, 3))


def render_clips(
    out: Path, count: int, *, first_seed: int = FIRST_SEED, progress: Callable[[int, int], None] | None = None
) -> None:
    """Render the first ``count`` clips into ``out``, one of each family in a file; what is there is left, so it can be stopped at any time.

    Writes ``shard-NNNN.npz`` (``frames``, ``sound``: see :class:`Shard`) and, last, the ``shard-NNNN.json`` with its rows.

    Raises:
        ConfigError: ``first_seed`` lies among the seeds of suites, calibration or generators, or ``out`` holds other clips.
    """
    if first_seed < FIRST_SEED:
        raise ConfigError(f"first seed {first_seed} belongs to suites, calibration or generators; these clips start at {FIRST_SEED}")
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, first_seed)
    size = len(SCENES)
    for start in range(0, count, size):
        if not (out / _name(start // size)).with_suffix(".json").exists():
            _render_shard(out, start, size, first_seed)
        if progress:
            progress(min(start + size, count), count)


def read_shards(out: Path, most: int | None = None) -> Iterator[Shard]:
    """The finished files of a folder in order, up to ``most`` clips."""
    had = 0
    for rows_path in sorted(out.glob("shard-*.json")):
        if most is not None and had >= most:
            return
        rows = read_json(rows_path)
        with np.load(rows_path.with_suffix(".npz")) as arrays:
            kept = len(rows) if most is None else min(len(rows), most - had)
            yield Shard(arrays["frames"][:kept], arrays["sound"][:kept], tuple(rows[:kept]))
        had += kept


def _claim(out: Path, first_seed: int) -> None:
    """One folder holds the clips of one first seed."""
    wanted = {"schema": 1, "first_seed": first_seed, "size": SIZE, "fps": RATE, "frames": FRAMES, "sound_rate": SOUND_RATE}
    path = out / "clips.json"
    if path.exists() and read_json(path) != wanted:
        raise ConfigError(f"{out} holds other clips ({json.dumps(read_json(path))}); choose another folder")
    write_json(path, wanted)


def _name(number: int) -> str:
    return f"shard-{number:04d}.npz"


def _render_shard(out: Path, start: int, count: int, first_seed: int) -> None:
    made = [_render_one(*scene_and_take(number, first_seed)) for number in range(start, start + count)]
    buffer = io.BytesIO()
    np.savez_compressed(buffer, frames=np.stack([frames for frames, _, _ in made]), sound=np.stack([sound for _, sound, _ in made]))
    path = out / _name(start // count)
    write_bytes(path, buffer.getvalue())
    write_json(path.with_suffix(".json"), [row for _, _, row in made])  # written last: it marks the file as whole


def _render_one(scene: Scene, take: int) -> tuple[NDArray[np.uint8], NDArray[np.float16], dict[str, Any]]:
    from scipy.signal import resample_poly

    from kinema.scenes.render import clip_of
    from kinema.scenes.world import simulate

    shown = scene.take(take)
    truth = simulate(shown, SECONDS)
    clip = clip_of(truth, Request(prompt=scene.prompt, width=SIZE, height=SIZE, fps=RATE, seconds=SECONDS))
    ratio = Fraction(SOUND_RATE, clip.sound_rate)
    pair = np.broadcast_to(clip.sound, (2, clip.sound.shape[1])).astype(np.float64)
    sound = resample_poly(pair, ratio.numerator, ratio.denominator, axis=1)
    return clip.frames, sound.astype(np.float16), _row(scene, take, truth)


def _row(scene: Scene, take: int, truth: Truth) -> dict[str, Any]:
    """What is true of a clip: circumstances, all wordings of the prompt and what they claim, bodies, impacts, speeds."""
    kept = ("family", "style", "lighting", "room", "move", "world", "floor", "prompt_id", "delay")
    subjects = truth.of_subjects()
    bodies = [
        {"colour": b.colour, "material": b.material, "shape": b.shape, "radius_m": b.radius, "mass_kg": b.mass} for b in subjects.bodies
    ]
    speed = np.linalg.norm(subjects.velocity, axis=2)
    return {name: getattr(scene, name) for name in kept} | {
        "scene": scene.id,
        "take": take,
        "prompts": list(scene.prompts()),
        "claims": [claim.to_json() for claim in claims_of(scene)],
        "bodies": bodies,
        "gravity": truth.gravity,
        "view_m": scene.view * scene.closeness,
        "contacts": [[round(c.t, 4), round(c.approach_speed, 4), round(float(c.impulse), 6)] for c in truth.contacts],
        "rubs": len(truth.rubs),
        "tones": len(truth.tones),
        "syllables": sum(len(one.syllables) for one in truth.utterances),
        "speed": round(float(speed.mean()) if speed.size else 0.0, 5),
        "fastest": round(float(speed.max()) if speed.size else 0.0, 5),
        "decay_s": round(float(truth.room.get("t60", 0.0)), 4),
    }
