"""The commands ``render`` and ``check``: a suite as a data set, and whether what somebody wrote keeps to the rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinema.bench.cli_validate import validate
from kinema.bench.terminal import WORKERS, bars, print_json, say, workers_of
from kinema.errors import ConfigError

if TYPE_CHECKING:
    from kinema.bench.render import Rendering

__all__ = ["COMMANDS"]

USAGE = 2
LEFT_OUT = ("video", "lossless", "depth", "instances", "flow", "run")


@click.command()
@click.argument("suite")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the data set.")
@click.option("--sheets", type=click.Path(path_type=Path), help="Draw contact sheets of the suite's scenes into this folder.")
@click.option("--seeds", type=int, metavar="N", help="Only the first N seeds of every family, or more than the suite has.")
@click.option("--scene", "scenes", multiple=True, metavar="ID", help="Only this scene; may be given again.")
@click.option("--takes", type=int, default=1, show_default=True, metavar="N", help="Draws of every scene: the scene itself and N - 1 more.")
@click.option("--samples", type=int, default=1, show_default=True, metavar="N", help="For --truth: how many samples of the controls.")
@click.option("--without", multiple=True, type=click.Choice(LEFT_OUT), help="Leave this out; may be given again.")
@WORKERS
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what the manifest says of the whole instead of the folder.")
def render(
    suite: str,
    out: Path | None,
    sheets: Path | None,
    seeds: int | None,
    scenes: tuple[str, ...],
    takes: int,
    samples: int,
    without: tuple[str, ...],
    workers: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Write a SUITE (a name or a TOML file) as an open data set: pictures, sounds, and all that is true of them.

    \b
    Every scene has a folder that can be read without Kinema:
      video.mp4          H.264 and AAC             tracks.parquet    positions, orientations, pixels
      video.mkv          FFV1 and FLAC, lossless   contacts.parquet  impacts
      sound.flac         24 bit                    rubs.parquet      sliding and rolling
      depth.npz          metres                    camera.parquet    with a projection matrix
      instances.npz      which body at each pixel  materials.json    SI units
      flow.npz           pixels per frame          scene.json        prompts, claims, sheet
    README.md is the data card, schema.json explains every column, manifest.json lists every file's sha256.
    \b
    The truths that a run compares with lie beside them (leave them out with --without run):
      kinema run SUITE --truth DIR                 needs no PyBullet
    \b
    Examples:
      kinema render smoke -o smoke_data
      kinema render core -o core_data --seeds 1 --without lossless --without flow
      kinema render smoke -o one --scene drop@1/seed=0 --takes 3
      kinema render core --sheets sheets           contact sheets to look at
    \b
    The same command goes on where an interrupted one stopped, and changes nothing when all is there.
    """  # noqa: D301
    from kinema.bench.render import rendering
    from kinema.bench.suite import load_suite

    if out is None and sheets is None:
        raise ConfigError("say where to: -o DIR for the data set, or --sheets DIR for contact sheets")
    loaded = load_suite(suite)
    if seeds is not None:
        loaded = loaded.with_seeds(seeds)
    plan = rendering(loaded, scenes, takes=takes, without=without, samples=samples)
    if dry_run:
        _tell(plan, out, as_json)
        return 0
    if sheets is not None:
        from kinema.scenes.sheets import write_sheets

        write_sheets(sheets, dict.fromkeys(ref.scene().family for ref in plan.scenes))
        click.echo(sheets)
    if out is not None:
        _write(plan, out, workers, as_json)
    return 0


def _write(plan: Rendering, out: Path, workers: int | None, as_json: bool) -> None:
    from kinema.bench.render import render as write

    say(f"{len(plan.scenes) * plan.takes} scene folders, {len(plan.truths)} truths for runs, into {out}")
    with bars() as tell:
        manifest = write(plan, out, workers=workers_of(workers), progress=tell)
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    if as_json:
        print_json({"schema": 1, "out": str(out), "suite": manifest["suite"], "files": len(manifest["files"]), "bytes": size})
    else:
        say(f"{len(manifest['files'])} files, {size / 1e6:.1f} MB")
        click.echo(out)


def _tell(plan: Rendering, out: Path | None, as_json: bool) -> None:
    if as_json:
        scenes = [ref.id for ref in plan.scenes]
        print_json({"schema": 1, "suite": plan.suite.id, "out": str(out or ""), "scenes": scenes, "truths": len(plan.truths)})
        return
    click.echo(f"{plan.suite.id}: {len(plan.scenes) * plan.takes} scene folders, {len(plan.truths)} truths for runs")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME|MODULE:ATTR] ...")
@click.option("--all", "whole", is_flag=True, help="Everything that is registered.")
@WORKERS
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(names: tuple[str, ...], whole: bool, workers: int | None, as_json: bool) -> int:
    """Check that scenes, metrics and generators keep to the rules: yours, or all that come with Kinema.

    \b
    A scene: its truth is repeatable and well-formed, its prompts say what is claimed and nothing false, its
    closed forms hold. A metric: its card is complete, its answers are bounded, pure and never missing. A
    generator: the same request gives the same bytes, another seed others, and its clips can be written.
    \b
    Examples:
      kinema check drop
      kinema check sync/offset late_sound:ms=120
      kinema check my_module:MyScene my_module:MyGenerator
      kinema check --all --workers 2
    \b
    Exit 0 when all hold, 2 when one does not.
    """  # noqa: D301
    from kinema.bench.check import check as run_checks
    from kinema.bench.check import everything, target_of
    from kinema.bench.tables import check_table, console

    if bool(names) == whole:
        raise ConfigError("say what to check: names of scenes, metrics or generators, module:attribute, or --all")
    targets = everything() if whole else [(target_of(name), name) for name in names]
    with bars() as tell:
        findings = run_checks(targets, workers=workers_of(workers), progress=tell)
    broken = [finding for finding in findings if finding.why]
    if as_json:
        print_json({"schema": 1, "ok": not broken, "checks": [finding.to_json() for finding in findings]})
    else:
        console().print(check_table(findings))
        click.echo(f"{len(findings) - len(broken)} of {len(findings)} checks hold")
    return USAGE if broken else 0


COMMANDS = (render, check, validate)
