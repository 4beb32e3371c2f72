"""Training the small CLIP from nothing: ``kinema train clip``."""

from __future__ import annotations

import io
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import ConfigError
from kinema.files import hash_of, write_bytes, write_json
from kinema.metrics.clip_corpus import FIRST_SEED, Groups, read_groups, render_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from kinema.metrics.clip_model import SceneClip

__all__ = ["train_clip"]

HELD = 20  # every so many-th group is kept for judging
GROUPS_A_STEP = 10  # groups a batch; each brings about five clips that differ in one factor
WARM_UP = 40  # steps
RATE = 1e-3  # of AdamW
CHECKPOINT_S = 60.0  # s between checkpoints
HARD = 0.5  # weight of telling the members of a group apart


def _quiet(share: float, words: str) -> None:
    """Report nothing."""


def train_clip(
    out: Path,
    *,
    groups: int = 340,
    steps: int = 340,
    minutes: float | None = None,
    seed: int = 0,
    resume: bool = True,
    weights: Path | None = None,
    progress: Callable[[float, str], None] = _quiet,
) -> Path | None:
    """Render groups of clips, train both towers on them, and write ``clip.safetensors`` with ``clip.json``.

    Args:
        out: folder of clips (``groups/``) and the checkpoint.
        groups: how many groups of clips to learn from.
        steps: of the plan; the learning rate falls to nought along a cosine.
        minutes: stop with a checkpoint after so long; the same call goes on.
        seed: of every draw; the clips have seeds of their own.
        resume: go on from the checkpoint; otherwise begin anew.
        weights: folder of the files to ship, ``out/weights`` if None.
        progress: called with the share done and a few words.

    Returns:
        The folder of weights once they are written, None if the time ran out before.

    Raises:
        ConfigError: the checkpoint belongs to other clips or another plan.
    """
    import torch

    until = None if minutes is None else time.monotonic() + 60.0 * minutes
    render_groups(out / "groups", groups, progress=lambda done, count: progress(0.5 * done / count, f"{done} of {count} groups of clips"))
    data = read_groups(out / "groups", groups)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order give other weights
    try:
        net, done = _fit(out, data, steps, seed, resume, until, progress)
    finally:
        torch.set_num_threads(before)
    if done < steps:
        return None
    return _export(net, weights or out / "weights", {"schema": 1, "groups": groups, "first_seed": FIRST_SEED, "steps": steps, "seed": seed})


def _fit(
    out: Path, data: Groups, steps: int, seed: int, resume: bool, until: float | None, progress: Callable[[float, str], None]
) -> tuple[SceneClip, int]:
    """Train until done or out of time; how many steps are done."""
    import torch

    from kinema.metrics.clip_model import SceneClip, tokens_of

    torch.manual_seed(seed)
    net = SceneClip().train()
    decayed, rest = ([p for p in net.parameters() if (p.ndim > 1) == many] for many in (True, False))
    shares = [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(shares, lr=RATE, betas=(0.9, 0.98))
    path, identity = out / "clip.pt", hash_of({"rows": [row["scene"] for row in data.rows], "steps": steps, "seed": seed, "scheme": 1}, 12)
    first = _restore(path, identity, net, optimiser) if resume and path.exists() else 0
    words = [[tokens_of(prompt) for prompt in row["prompts"]] for row in data.rows]
    members = _members(data)
    saved = time.monotonic()
    for step in range(first, steps):
        _set_rate(optimiser, step, steps)
        loss = _step(net, optimiser, data, words, members, np.random.default_rng([seed, step]))
        if step % 20 == 0 or step == steps - 1:
            progress(0.5 + 0.5 * (step + 1) / steps, f"step {step + 1} of {steps}, loss {loss:.3f}")
        late = until is not None and time.monotonic() > until
        if late or step == steps - 1 or time.monotonic() - saved > CHECKPOINT_S:
            _save(path, identity, net, optimiser, step + 1)
            saved = time.monotonic()
        if late:
            return net.eval(), step + 1
    return net.eval(), steps


def _members(data: Groups) -> list[NDArray[np.int64]]:
    """For each group that is learnt from, the places of its clips."""
    numbers = np.unique(data.group)
    return [np.flatnonzero(data.group == number) for number in numbers if number % HELD != HELD - 1]


def _step(net: Any, optimiser: Any, data: Groups, words: Any, members: list[NDArray[np.int64]], rng: np.random.Generator) -> float:
    import torch

    chosen = [members[k] for k in rng.choice(len(members), min(GROUPS_A_STEP, len(members)), replace=False)]
    places = np.concatenate(chosen)
    owner = torch.from_numpy(np.repeat(np.arange(len(chosen)), [len(one) for one in chosen]))
    ids = torch.from_numpy(np.stack([_worded(words[k], rng) for k in places]))
    frames = torch.from_numpy(data.frames[places]).permute(0, 1, 4, 2, 3).float() / 255
    loss = _loss(net.video(_shaken(frames, rng)), net.text(ids), net.scale.clamp(max=math.log(50.0)).exp(), owner)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _worded(wordings: list[NDArray[np.int64]], rng: np.random.Generator) -> NDArray[np.int64]:
    """One of the wordings, one word in twenty-five left out."""
    ids = wordings[int(rng.integers(len(wordings)))].copy()
    ids[rng.random(len(ids)) < 0.04] = 0
    kept = ids[ids > 0]
    return np.pad(kept, (0, len(ids) - len(kept)))


def _shaken(frames: Tensor, rng: np.random.Generator) -> Tensor:
    """Each clip moved by up to three pixels, and a little lighter or darker: neither is anything that a prompt says."""
    import torch

    moved = []
    for clip in frames:
        by = rng.integers(-3, 4, size=2)
        moved.append(torch.roll(clip, (int(by[0]), int(by[1])), dims=(-2, -1)))
    light = torch.from_numpy(rng.uniform(0.93, 1.07, size=(len(frames), 1, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy((0.015 * rng.standard_normal(frames.shape, dtype=np.float32)).astype(np.float32))
    return (torch.stack(moved) * light + noise).clamp(0, 1)


def _loss(seen: Tensor, read: Tensor, scale: Tensor, owner: Tensor) -> Tensor:
    """Symmetric cross-entropy over the batch, and once more among each group's own members alone, which differ in one factor each."""
    import torch

    likeness = scale * seen @ read.T
    right = torch.arange(len(seen))
    cross = torch.nn.functional.cross_entropy
    whole = 0.5 * (cross(likeness, right, label_smoothing=0.02) + cross(likeness.T, right, label_smoothing=0.02))
    apart = likeness.masked_fill(owner[:, None] != owner[None], -1e4)
    return whole + HARD * 0.5 * (cross(apart, right) + cross(apart.T, right))


def _set_rate(optimiser: Any, step: int, steps: int) -> None:
    share = min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
    for group in optimiser.param_groups:
        group["lr"] = RATE * share


def _save(path: Path, identity: str, net: Any, optimiser: Any, step: int) -> None:
    import torch

    buffer = io.BytesIO()
    held = {"identity": identity, "net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "rng": torch.get_rng_state()}
    torch.save(held, buffer)
    write_bytes(path, buffer.getvalue())


def _restore(path: Path, identity: str, net: Any, optimiser: Any) -> int:
    import torch

    held = torch.load(path, weights_only=True)
    if held["identity"] != identity:
        raise ConfigError(f"{path} belongs to another training; choose another folder, or begin --anew")
    net.load_state_dict(held["net"])
    optimiser.load_state_dict(held["optimiser"])
    torch.set_rng_state(held["rng"])  # of dropout
    return int(held["step"])


def _export(net: SceneClip, folder: Path, facts: dict[str, Any]) -> Path:
    """Half-precision weights and what they were made from."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    content = save({name: value.half().contiguous() for name, value in sorted(net.state_dict().items())})
    write_bytes(folder / "clip.safetensors", content)
    write_json(folder / "clip.json", facts)
    return folder
