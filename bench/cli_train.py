"""The command ``train``: the bundled generator, and the networks of the metrics, each from nothing."""

from __future__ import annotations

from pathlib import Path

import click

from kinema.bench.terminal import bars, say

__all__ = ["COMMANDS"]


@click.group(invoke_without_command=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("training"), show_default=True, help="Folder of checkpoints.")
@click.option("--clips", type=click.IntRange(1), default=5000, show_default=True, help="Clips of the corpus.")
@click.option("--minutes", type=float, help="Stop after so long, with a checkpoint.")
@click.option("--stage", default="all", show_default=True, help="Only one stage: corpus, video, sound, latents, flow or export.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw of the training.")
@click.option("--resume/--anew", default=True, show_default=True, help="Go on from the checkpoints in the folder, or begin again.")
@click.pass_context
def train(context: click.Context, out: Path, clips: int, minutes: float | None, stage: str, seed: int, resume: bool) -> int:
    """Train the bundled generator from nothing, on scenes that no suite uses; or a network of the metrics (see Commands).

    \b
    Examples:
      kinema train                            all of it: corpus, autoencoders, flow, weights
      kinema train --minutes 10 --out t       some of it; the same command goes on
      kinema run smoke -g reference:weights=training/weights
      kinema train features                   the networks behind realism/frechet and its like
      kinema train clip                       the network behind adherence/clip and adherence/retrieval
    """  # noqa: D301
    if context.invoked_subcommand is not None:
        return 0
    from kinema.reference_model.train import train as fit

    with bars() as tell:
        weights = fit(
            out,
            clips=clips,
            minutes=minutes,
            stage=stage,
            seed=seed,
            resume=resume,
            progress=lambda name, share, words: tell(f"{name}: {words}" if words else name, round(1000 * share), 1000),
        )
    return _ended(weights, out)


@train.command()
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("training/features"), show_default=True, help="Folder of checkpoints."
)
@click.option("--clips", type=click.IntRange(64), help="Clips to learn from; as many as the shipped weights saw if not given.")
@click.option("--steps", type=click.IntRange(1), help="Steps of the training; as many as the shipped weights took if not given.")
@click.option("--minutes", type=float, help="Stop after so long, with a checkpoint.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw of the training.")
@click.option("--resume/--anew", default=True, show_default=True, help="Go on from the checkpoint in the folder, or begin again.")
def features(out: Path, clips: int | None, steps: int | None, minutes: float | None, seed: int, resume: bool) -> int:
    """Train the networks whose vectors the metrics of sets of clips compare, from nothing.

    \b
    Clips of every family, from seeds that no suite, calibration or generator uses, are rendered first.
    \b
    Examples:
      kinema train features
      kinema train features --minutes 10      some of it; the same command goes on
    """  # noqa: D301
    from kinema.metrics.features_training import Recipe, train_features

    usual = Recipe()
    recipe = Recipe(clips=clips or usual.clips, steps=steps or usual.steps, seed=seed)
    with bars() as tell:
        weights = train_features(
            out,
            recipe,
            minutes=minutes,
            resume=resume,
            progress=lambda name, share, words: tell(f"{name}: {words}", round(1000 * share), 1000),
        )
    return _ended(weights, out)


@train.command()
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("training/clip"), show_default=True, help="Folder of checkpoints."
)
@click.option("--groups", type=click.IntRange(4), default=340, show_default=True, help="Groups of about five clips to learn from.")
@click.option("--steps", type=click.IntRange(1), default=340, show_default=True, help="Steps of the training.")
@click.option("--minutes", type=float, help="Stop after so long, with a checkpoint.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every draw of the training.")
@click.option("--resume/--anew", default=True, show_default=True, help="Go on from the checkpoint in the folder, or begin again.")
def clip(out: Path, groups: int, steps: int, minutes: float | None, seed: int, resume: bool) -> int:
    """Train the small network that says how well a clip fits its prompt, from nothing.

    \b
    Groups of clips that differ in one factor each, from seeds that nothing else uses, are rendered first.
    \b
    Examples:
      kinema train clip
      kinema train clip --minutes 10          some of it; the same command goes on
    """  # noqa: D301
    from kinema.metrics.clip_train import train_clip

    with bars() as tell:
        weights = train_clip(
            out,
            groups=groups,
            steps=steps,
            minutes=minutes,
            seed=seed,
            resume=resume,
            progress=lambda share, words: tell(words, round(1000 * share), 1000),
        )
    return _ended(weights, out)


def _ended(weights: Path | None, out: Path) -> int:
    if weights is not None:
        click.echo(weights)
    else:
        say(f"not finished; the same command goes on from {out}")
    return 0


COMMANDS = (train,)
