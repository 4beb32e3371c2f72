"""One training loop for all networks: seeded, resumable, logged."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from kinema.errors import ConfigError
from kinema.files import dumps, write_bytes
from kinema.reference_model.muon import set_rate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor, nn

__all__ = ["Loop", "fit", "generator_for"]

_WARM_UP = 60  # steps
_LOG_EVERY = 20  # steps
_GRADIENT_NORM = 1.0  # longer gradients are cut to this length


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What to train, for how long, and where to write it down.

    Attributes:
        name: of the checkpoint file and in the log.
        net: the network, trained in place.
        optimisers: with their learning rates at the top.
        loss_of: step to losses by name; ``"loss"`` is minimised. Must depend on the step and the network alone.
        steps: of the plan. The learning rate falls linearly to nought over the last part of it.
        fall: share of the plan over which the rate falls.
        folder: of checkpoints and ``loss.jsonl``.
        identity: of plan and data; a checkpoint of another one is refused.
        averaging: decay of the running mean of the weights, 0 for none.
        every_s: seconds between checkpoints.
    """

    name: str
    net: nn.Module
    optimisers: list[torch.optim.Optimizer]
    loss_of: Callable[[int], dict[str, Tensor]]
    steps: int
    folder: Path
    identity: str
    fall: float = 0.6
    averaging: float = 0.0
    every_s: float = 120.0
    check: Callable[[dict[str, Tensor]], dict[str, float]] | None = None
    mean: dict[str, Tensor] = field(default_factory=dict)


def generator_for(seed: int, *place: int) -> torch.Generator:
    """The random stream of one place in the plan, so that a resumed run draws what an unbroken one would."""
    mixed = 0
    for number in (seed, *place):
        mixed = (mixed * 1_000_003 + number + 0x9E3779B9) % (1 << 63)
    return torch.Generator().manual_seed(mixed)


def _share(step: int, steps: int, fall: float) -> float:
    """Share of the top learning rate: up in a line, level, down in a line."""
    left = (steps - step) / max(1.0, fall * steps)
    return min(1.0, (step + 1) / min(_WARM_UP, max(1, steps // 4)), left)


def _flat(loop: Loop) -> dict[str, Tensor]:
    """Every tensor that the loop needs to go on."""
    found = {f"net.{name}": value for name, value in loop.net.state_dict().items()}
    found |= {f"mean.{name}": value for name, value in loop.mean.items()}
    for index, optimiser in enumerate(loop.optimisers):
        for place, state in optimiser.state_dict()["state"].items():
            found |= {f"optimiser.{index}.{place}.{name}": value for name, value in state.items()}
    return {name: value.detach().clone().contiguous() for name, value in found.items()}


def _restore(loop: Loop, found: dict[str, Tensor]) -> None:
    """Put tensors from ``_flat`` back in their places."""
    def below(start: str) -> dict[str, Tensor]:
        return {name.removeprefix(start): value for name, value in found.items() if name.startswith(start)}

    loop.net.load_state_dict(below("net."))
    loop.mean.update(below("mean."))
    for index, optimiser in enumerate(loop.optimisers):
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in below(f"optimiser.{index}.").items():
            place, _, key = name.partition(".")
            states.setdefault(int(place), {})[key] = value
        whole = optimiser.state_dict()
        optimiser.load_state_dict({"state": states, "param_groups": whole["param_groups"]})


def _save(loop: Loop, step: int) -> None:
    from safetensors.torch import save

    note = {"step": str(step), "identity": loop.identity}
    write_bytes(loop.folder / f"{loop.name}.safetensors", save(_flat(loop), metadata=note))


def _resume(loop: Loop) -> int:
    """Load the checkpoint, if there is one, and return the step to go on with."""
    from safetensors import safe_open

    path = loop.folder / f"{loop.name}.safetensors"
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        note = file.metadata()
        if note["identity"] != loop.identity:
            raise ConfigError(f"{path} belongs to another plan or corpus; choose another folder, or remove it")
        _restore(loop, {name: file.get_tensor(name) for name in file.keys()})
    return int(note["step"])


def _cut_log(path: Path, name: str, step: int) -> None:
    """Forget lines beyond the checkpoint: they will be written again."""
    if path.exists():
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        kept = [line for line in lines if (row := json.loads(line))["stage"] != name or row["step"] <= step]
        write_bytes(path, "".join(line + "\n" for line in kept).encode())


def _average(loop: Loop, step: int) -> None:
    """Move the running mean of the weights towards the weights; young means move faster."""
    if loop.averaging:
        decay = min(loop.averaging, (1 + step) / (10 + step))
        for name, value in loop.net.state_dict().items():
            held = loop.mean.setdefault(name, value.detach().clone())
            held.lerp_(value.detach(), 1 - decay)


def _step(loop: Loop, step: int) -> dict[str, float]:
    """One optimiser step; returns the losses."""
    set_rate(loop.optimisers, _share(step, loop.steps, loop.fall))
    losses = loop.loss_of(step)
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(loop.net.parameters(), _GRADIENT_NORM)
    for optimiser in loop.optimisers:
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    _average(loop, step)
    return {name: float(value.detach()) for name, value in losses.items()}


def _write_row(loop: Loop, step: int, sums: list[dict[str, float]], more: dict[str, float]) -> None:
    row: dict[str, Any] = {"stage": loop.name, "step": step}
    row |= {name: round(math.fsum(one[name] for one in sums) / len(sums), 6) for name in sums[0]}
    row |= {name: round(value, 6) for name, value in more.items()}
    with (loop.folder / "loss.jsonl").open("a", encoding="utf-8") as file:
        file.write(dumps(row) + "\n")


def fit(loop: Loop, *, resume: bool = True, until: float | None = None, progress: Callable[[str, float, str], None]) -> bool:
    """Train until the plan is done or the clock runs out.

    Args:
        loop: the plan.
        resume: go on from the checkpoint in the folder; otherwise begin anew.
        until: ``time.monotonic()`` at which to stop with a checkpoint.
        progress: called with the loop's name, the share done and a few words.

    Returns:
        Whether the plan is done.
    """
    start = _resume(loop) if resume else 0
    _cut_log(loop.folder / "loss.jsonl", loop.name, start)
    saved, rows = time.monotonic(), []
    for step in range(start, loop.steps):
        rows.append(_step(loop, step))
        done = step + 1
        over = until is not None and time.monotonic() >= until
        save = over or done == loop.steps or time.monotonic() - saved > loop.every_s
        if done % _LOG_EVERY == 0 or done == loop.steps:
            more = loop.check(loop.mean) if loop.check and (done % (10 * _LOG_EVERY) == 0 or done == loop.steps) else {}
            _write_row(loop, done, rows, more)
            progress(loop.name, done / loop.steps, f"loss {rows[-1]['loss']:.4f}")
            rows = []
        if save:
            _save(loop, done)
            saved = time.monotonic()
        if over:
            return done == loop.steps
    return True
