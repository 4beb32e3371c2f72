"""Train the metrics' own networks from nothing: ``kinema train features``.

The eyes learn to tell families, styles, lights and camera moves, speeds, impacts, and in which dose a clip was damaged; the ears learn
families, materials, rooms, echoes, impacts and damage. What is kept are the short vectors just before those answers.
"""

from __future__ import annotations

import io
import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from kinema.errors import ConfigError
from kinema.files import dumps, read_json, write_bytes, write_json
from kinema.metrics.corpus import FIRST_SEED, read_shards, render_clips
from kinema.metrics.features_damage import HEARD, SEEN, damaged_picture, damaged_sound
from kinema.metrics.features_network import EAR_RATE, SIZES, Ears, Eyes, mel_of, patches_of
from kinema.scenes.camera import MOVES
from kinema.scenes.materials import MATERIALS
from kinema.scenes.prompts import LIGHTINGS, ROOMS, STYLES
from kinema.scenes.scene import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Recipe", "train_features"]

ORDER = ("shuffled", "reversed", "slower", "frozen")  # damage to motion; the rest of SEEN is damage to the picture
CLASSES: dict[str, tuple[str, ...]] = {
    "family": tuple(SCENES), "style": tuple(STYLES), "lighting": tuple(LIGHTINGS), "room": tuple(ROOMS), "move": tuple(MOVES),
    "material": tuple(MATERIALS),
}  # fmt: skip
WHITENED = 512  # clips, half of them damaged, that decide the vectors' scale
EXAMINED = 400  # clips that the answers are fitted on
FLOOR = 1e-4  # variance under which a direction counts as empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, beside the code."""

    clips: int = 460
    first_seed: int = FIRST_SEED
    seed: int = 0
    steps: int = 900
    batch: int = 12
    looks: int = 5  # close looks per clip and step
    rate: float = 2e-3
    decay: float = 1e-2
    held_out: int = 20  # every so-manieth clip is never trained on


class Student(nn.Module):
    """Both networks and, for training alone, a linear answer to every question."""

    def __init__(self) -> None:
        super().__init__()
        self.eyes, self.ears = Eyes(), Ears()
        both = SIZES["picture"] + SIZES["motion"]
        self.answers = nn.ModuleDict(
            {
                "family": nn.Linear(both, len(CLASSES["family"])),
                "style": nn.Linear(SIZES["picture"], len(CLASSES["style"])),
                "lighting": nn.Linear(SIZES["picture"], len(CLASSES["lighting"])),
                "quality": nn.Linear(SIZES["picture"], len(SEEN) - len(ORDER)),
                "move": nn.Linear(SIZES["motion"], len(CLASSES["move"])),
                "order": nn.Linear(SIZES["motion"], len(ORDER)),
                "pace": nn.Linear(SIZES["motion"], 2),
                "heard_family": nn.Linear(SIZES["sound"], len(CLASSES["family"])),
                "material": nn.Linear(SIZES["sound"], len(CLASSES["material"])),
                "room": nn.Linear(SIZES["sound"], len(CLASSES["room"])),
                "hearing": nn.Linear(SIZES["sound"], len(HEARD)),
                "events": nn.Linear(SIZES["sound"], 2),
            }
        )

    def vectors(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """``picture``, ``motion`` and ``sound`` of a batch."""
        picture, motion = self.eyes(batch["frames"], batch["patches"])
        return {"picture": picture, "motion": motion, "sound": self.ears(batch["mel"])}

    def answer(self, vectors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Every answer from the vectors."""
        source = dict.fromkeys(("style", "lighting", "quality"), vectors["picture"])
        source |= dict.fromkeys(("move", "order", "pace"), vectors["motion"])
        source |= dict.fromkeys(("heard_family", "material", "room", "hearing", "events"), vectors["sound"])
        source["family"] = torch.cat([vectors["picture"], vectors["motion"]], 1)
        return {name: head(source[name]) for name, head in self.answers.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """The training clips in memory, with their rows."""

    frames: NDArray[np.uint8]
    sound: NDArray[np.float16]
    rows: tuple[dict[str, Any], ...]


def train_features(
    out: Path, recipe: Recipe, *, minutes: float | None = None, resume: bool = True, progress: Callable[[str, float, str], None]
) -> Path | None:
    """Render what clips are missing, train, and write ``features.safetensors``; None where the time was up before (the same call goes on).

    Args:
        out: folder of the clips (``clips/``), the checkpoint and the weights.
        recipe: what to train; one folder belongs to one recipe.
        minutes: stop after so long, with a checkpoint.
        resume: go on from the checkpoint in the folder.
        progress: told the stage, its share and a few words.
    """
    torch.set_num_threads(1)
    started = time.monotonic()
    _claim(out / "features.json", recipe, resume)
    render_clips(out / "clips", recipe.clips, first_seed=recipe.first_seed, progress=lambda d, n: progress("clips", d / n, f"{d} of {n}"))
    clips = _load(out / "clips", recipe.clips)
    student, step = _fit(out, recipe, clips, resume, None if minutes is None else started + 60 * minutes, progress)
    if step < recipe.steps:
        return None
    _whiten(student, clips, recipe)
    marks = _examined(student, clips, recipe)
    write_json(out / "features_marks.json", marks)
    return _export(student, out / "features.safetensors", recipe)


def _claim(path: Path, recipe: Recipe, resume: bool) -> None:
    if resume and path.exists() and read_json(path) != asdict(recipe):
        raise ConfigError(f"{path.parent} holds a training by another recipe ({dumps(read_json(path))}); choose another folder, or --anew")
    write_json(path, asdict(recipe))


def _load(folder: Path, count: int) -> Clips:
    shards = list(read_shards(folder, count))
    rows = tuple(row for shard in shards for row in shard.rows)
    return Clips(np.concatenate([shard.frames for shard in shards]), np.concatenate([shard.sound for shard in shards]), rows)


# What a step is given -------------------------------------------------------------------------------------------------------------------


def _batch(clips: Clips, index: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator, *, damage: bool = True) -> dict[str, Tensor]:
    """Clips ``index`` as the networks see them, each perhaps damaged, with every label."""
    length = int(rng.choice([12, 16, 24])) if damage else 24
    made = [_example(clips, int(i), length, recipe, rng, damage) for i in index]
    return {name: torch.from_numpy(np.stack([example[name] for example in made])) for name in made[0]}


def _example(clips: Clips, i: int, length: int, recipe: Recipe, rng: np.random.Generator, damage: bool) -> dict[str, NDArray[Any]]:
    frames, wave = clips.frames[i][:length], clips.sound[i].astype(np.float32)
    seen, heard = dict.fromkeys(SEEN, 0.0), dict.fromkeys(HEARD, 0.0)
    if damage:
        frames, seen = damaged_picture(frames, rng)
        wave, heard = damaged_sound(wave, rng)
    patches = patches_of(frames)
    patches = patches[rng.choice(len(patches), recipe.looks, replace=len(patches) < recipe.looks)]
    row = clips.rows[i]
    labels: dict[str, Any] = {name: np.int64(_class(name, row)) for name in CLASSES}
    return labels | {
        "frames": frames.transpose(0, 3, 1, 2).astype(np.float32) / 255,
        "patches": np.concatenate([patches[:, 0], patches[:, 1]], 3).transpose(0, 3, 1, 2).astype(np.float32) / 255,
        "mel": mel_of(wave, EAR_RATE),
        "quality": np.array([seen[name] for name in SEEN if name not in ORDER], np.float32),
        "order": np.array([seen[name] for name in ORDER], np.float32),
        "pace": np.array([np.log1p(10 * row["speed"] / row["view_m"]) / 2, np.log1p(len(row["contacts"])) / 3], np.float32),
        "hearing": np.array([heard[name] for name in HEARD], np.float32),
        "events": np.array([np.log1p(len(row["contacts"])) / 3, np.log1p(5 * row["decay_s"]) / 2], np.float32),
    }


def _class(name: str, row: dict[str, Any]) -> int:
    if name == "material":
        return CLASSES[name].index(row["bodies"][0]["material"]) if row["bodies"] else 0
    return CLASSES[name].index(row[name])


def _loss(answers: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
    """Cross entropies and, in like size, mean squared errors of doses."""
    chosen = ("family", "style", "lighting", "move", "material", "room")
    total = torch.stack([cross_entropy(answers[name], batch[name]) for name in chosen]).sum() * 0.3
    total = total + 0.3 * cross_entropy(answers["heard_family"], batch["family"])
    doses = torch.stack([mse_loss(answers[name], batch[name]) for name in ("quality", "order", "hearing", "pace", "events")])
    return total + 40 * doses.sum()


# Training -------------------------------------------------------------------------------------------------------------------------------


def _fit(
    out: Path, recipe: Recipe, clips: Clips, resume: bool, until: float | None, progress: Callable[[str, float, str], None]
) -> tuple[Student, int]:
    torch.manual_seed(recipe.seed)
    student = Student()
    optimizer = torch.optim.AdamW(student.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    step = _restored(out / "features.pt", student, optimizer) if resume else 0
    known = np.array([i for i in range(len(clips.rows)) if i % recipe.held_out])
    student.train()
    running = 0.0
    while step < recipe.steps and (until is None or time.monotonic() < until):
        rng = np.random.default_rng([recipe.seed, step])
        for group in optimizer.param_groups:
            falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
            group["lr"] = recipe.rate * min(1.0, (step + 1) / 50) * falling
        batch = _batch(clips, rng.choice(known, recipe.batch, replace=False), recipe, rng)
        loss = _loss(student.answer(student.vectors(batch)), batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        step += 1
        running = float(loss.detach()) if step == 1 else 0.97 * running + 0.03 * float(loss.detach())
        if step % 50 == 0 or step == recipe.steps:
            _save(out / "features.pt", student, optimizer, step)
        if step % 10 == 0:
            progress("features", step / recipe.steps, f"step {step} of {recipe.steps}, loss {running:.2f}")
    _save(out / "features.pt", student, optimizer, step)
    return student.eval(), step


def _save(path: Path, student: Student, optimizer: torch.optim.Optimizer, step: int) -> None:
    buffer = io.BytesIO()
    torch.save({"student": student.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, buffer)
    write_bytes(path, buffer.getvalue())


def _restored(path: Path, student: Student, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    held = torch.load(path, weights_only=True)
    student.load_state_dict(held["student"])
    optimizer.load_state_dict(held["optimizer"])
    return int(held["step"])


@torch.no_grad()
def _whiten(student: Student, clips: Clips, recipe: Recipe) -> None:
    """Turn and stretch each vector so that over clips, half of them damaged, its components have mean 0, variance 1 and no correlation."""
    rng = np.random.default_rng([recipe.seed, recipe.steps, 1])
    picked = rng.permutation(len(clips.rows))[:WHITENED]
    found: dict[str, list[Tensor]] = {name: [] for name in SIZES}
    for start in range(0, len(picked), recipe.batch):
        batch = _batch(clips, picked[start : start + recipe.batch], recipe, rng)
        for name, value in student.vectors(batch).items():
            found[name].append(value)
    for name, layer in {"picture": student.eyes.picture, "motion": student.eyes.motion, "sound": student.ears.sound}.items():
        rows = torch.cat(found[name]).double()
        mean = rows.mean(0)
        values, turns = torch.linalg.eigh((rows - mean).T @ (rows - mean) / (len(rows) - 1))
        white = (turns / values.clamp_min(FLOOR).sqrt()).T
        layer.weight.copy_((white @ layer.weight.double()).float())
        layer.bias.copy_((white @ (layer.bias.double() - mean)).float())
    student.answers.requires_grad_(False)


@torch.no_grad()
def _examined(student: Student, clips: Clips, recipe: Recipe) -> dict[str, float]:
    """The share of the variance of each dose (r squared) that a linear answer from the vectors explains on clips never trained on."""
    rng = np.random.default_rng([recipe.seed, recipe.steps, 2])
    index = np.arange(len(clips.rows))
    index = np.tile(index[index % recipe.held_out == 0], 6)
    fit_index = rng.permutation(np.flatnonzero(np.arange(len(clips.rows)) % recipe.held_out))[:EXAMINED]
    learnt, tried = (_gathered(student, clips, some, recipe, rng) for some in (fit_index, index))
    marks: dict[str, float] = {}
    for label, vector in (("quality", "picture"), ("order", "motion"), ("pace", "motion"), ("hearing", "sound"), ("events", "sound")):
        names = {"quality": [n for n in SEEN if n not in ORDER], "order": list(ORDER), "pace": ["speed", "impacts"],
                 "hearing": list(HEARD), "events": ["heard_impacts", "decay"]}[label]  # fmt: skip
        said = _linear(learnt[vector], learnt[label], tried[vector])
        left = ((said - tried[label]) ** 2).mean(0) / tried[label].var(0).clip(1e-9)
        marks |= {name: round(float(1 - share), 3) for name, share in zip(names, left, strict=True)}
    return marks


def _linear(x: NDArray[Any], y: NDArray[Any], at: NDArray[Any]) -> NDArray[Any]:
    wide = np.column_stack([x, np.ones(len(x))])
    answer = np.linalg.solve(wide.T @ wide + 1e-2 * np.eye(wide.shape[1]), wide.T @ y)
    return np.asarray(np.column_stack([at, np.ones(len(at))]) @ answer)


def _gathered(
    student: Student, clips: Clips, index: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    found: dict[str, list[NDArray[Any]]] = {}
    for start in range(0, len(index), recipe.batch):
        batch = _batch(clips, index[start : start + recipe.batch], recipe, rng)
        kept = student.vectors(batch) | {name: batch[name] for name in ("quality", "order", "pace", "hearing", "events")}
        for name, value in kept.items():
            found.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _export(student: Student, path: Path, recipe: Recipe) -> Path:
    from safetensors.torch import save

    parts = {"eyes": student.eyes, "ears": student.ears}
    state = {f"{part}.{name}": value.half().contiguous() for part, net in parts.items() for name, value in net.state_dict().items()}
    write_bytes(path, save(state, metadata={"recipe": dumps(asdict(recipe))}))
    return path
