"""Training from nothing: corpus, two autoencoders, latents, flow, weights to ship."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from kinema.errors import ConfigError
from kinema.files import write_json
from kinema.reference_model.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["STAGES", "train"]

STAGES = ("corpus", "video", "sound", "latents", "flow", "export")


def _quiet(stage: str, share: float, words: str) -> None:
    """Report nothing."""


def train(
    out: Path,
    *,
    corpus: Path | None = None,
    clips: int = 5000,
    stage: str = "all",
    minutes: float | None = None,
    seed: int = 0,
    resume: bool = True,
    progress: Callable[[str, float, str], None] = _quiet,
    recipe: Recipe | None = None,
    weights: Path | None = None,
) -> Path | None:
    """Train the reference generator, or go on where an earlier call stopped.

    Args:
        out: folder of checkpoints, latents and ``loss.jsonl``.
        corpus: folder of shards, ``out/corpus`` if None; rendered where it is missing.
        clips: how many clips to render, and to use.
        stage: ``"all"`` or one of ``STAGES``.
        minutes: stop with a checkpoint after so long; the same call goes on.
        seed: of every draw; the corpus has seeds of its own.
        resume: go on from checkpoints; otherwise every stage asked for begins anew.
        progress: called with the stage, the share done and a few words.
        recipe: sizes and lengths, ``Recipe()`` if None.
        weights: folder of the files to ship, ``out/weights`` if None.

    Returns:
        The folder of weights once they are written, None if the time ran out before or another stage was asked for.

    Raises:
        ConfigError: no such stage, or a checkpoint in ``out`` belongs to another recipe or corpus.
    """
    if stage != "all" and stage not in STAGES:
        raise ConfigError(f"no training stage named {stage!r}; it is all or one of {', '.join(STAGES)}")
    until = None if minutes is None else time.monotonic() + 60.0 * minutes
    wanted = STAGES if stage == "all" else (stage,)
    plan = replace(recipe or Recipe(), seed=seed)
    where = corpus or out / "corpus"
    out.mkdir(parents=True, exist_ok=True)
    if "corpus" in wanted and not (where / "DONE").exists():
        _render(where, clips, progress)
    if wanted == ("corpus",):
        return None
    write_json(out / "recipe.json", plan.to_json())
    if not _fit_all(out, where, clips, [name for name in wanted if name not in ("corpus", "export")], plan, resume, until, progress):
        return None
    if "export" not in wanted:
        return None
    from kinema.reference_model.weights import export

    return export(out, weights or out / "weights", plan)


def _render(folder: Path, clips: int, progress: Callable[[str, float, str], None]) -> None:
    """Simulate, draw and sound the corpus."""
    from kinema.scenes.corpus import render_corpus

    render_corpus(folder, clips, progress=lambda done, count: progress("corpus", done / count, f"{done} of {count} clips"))


def _fit_all(
    out: Path,
    corpus: Path,
    clips: int,
    stages: list[str],
    plan: Recipe,
    resume: bool,
    until: float | None,
    progress: Callable[[str, float, str], None],
) -> bool:
    """Run the stages that learn; True when all are done."""
    # A short spin keeps both threads busy between small layers without fighting other processes for the cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "30000")
    import torch

    from kinema.reference_model.shards import read_corpus
    from kinema.reference_model.stages import Run, run_stage

    if not stages:
        return True
    data = read_corpus(corpus, clips)
    run = Run(out=out, recipe=plan, corpus=data, resume=resume, until=until, progress=progress)
    before = torch.get_num_threads()
    torch.set_num_threads(plan.threads)  # sums in another order give other weights
    try:
        return all(run_stage(run, name) for name in stages)
    finally:
        torch.set_num_threads(before)
