"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al. 2024), AdamW for all the rest."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Muon", "optimisers_for", "set_rate"]

_QUINTIC = (3.4445, -4.7750, 2.0315)  # coefficients of Jordan's iteration
_MATCH = 0.2  # root mean square of an AdamW update, so that one learning rate serves both (Liu et al. 2025)


def orthogonal(matrices: Tensor, rounds: int = 4) -> Tensor:
    """Push the singular values of (n, rows, columns) towards 1 by Newton and Schulz' iteration, in bfloat16."""
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _QUINTIC
    for _ in range(rounds):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    turned: Tensor = (x.mT if tall else x).float()
    return turned


class Muon(torch.optim.Optimizer):
    """For matrices inside the blocks; equal shapes are worked on together."""

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step along the orthogonal momentum (Nesterov's)."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape].append(parameter)
            for shape, parameters in alike.items():
                self._step_alike(parameters, shape, group["lr"], group["momentum"])

    def _step_alike(self, parameters: list[nn.Parameter], shape: torch.Size, rate: float, momentum: float) -> None:
        ahead = []
        for parameter in parameters:
            slope, state = parameter.grad, self.state[parameter]
            assert slope is not None
            if not state:
                state["momentum"] = torch.zeros_like(parameter)
            held = state["momentum"].lerp_(slope, 1 - momentum)
            ahead.append(slope.lerp(held, momentum))
        turned = orthogonal(torch.stack(ahead))
        scale = rate * _MATCH * max(shape) ** 0.5
        for parameter, update in zip(parameters, turned, strict=True):
            parameter.sub_(update, alpha=scale)


def optimisers_for(net: nn.Module, rate: float, adam_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices in lists of blocks, AdamW for embeddings, ends, vectors and scalars."""
    inner = [p for name, p in net.named_parameters() if "blocks." in name and p.ndim == 2 and "table" not in name]
    held = {id(p) for p in inner}
    rest = [p for p in net.parameters() if id(p) not in held]
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0)]
    return [*found, Muon(inner, rate)] if inner else found


def set_rate(optimisers: list[torch.optim.Optimizer], share: float) -> None:
    """Set every learning rate to a share of the one that it started with."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group.setdefault("start_lr", group["lr"])
            group["lr"] = group["start_lr"] * share
