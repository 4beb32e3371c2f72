"""The command ``validate``: is every metric moved by its own faults, in order of dose, and by no other?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinema.bench.terminal import WORKERS, bars, print_json, say, workers_of

if TYPE_CHECKING:
    from kinema.bench.validate_plan import Plan

__all__ = ["validate"]

BUDGET = 45 * 60  # s


@click.command()
@click.option("--suite", default="core", show_default=True, help="Scenes to try the metrics on: a name or a TOML file.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("validity"), show_default=True, help="Folder of the pages.")
@click.option("--metrics", help="Only these, by commas: names, or module:attribute of your own.")
@click.option("--faults", help="Only these, by commas.")
@click.option("--scene", "scenes", multiple=True, metavar="ID", help="Only this scene; may be given again.")
@click.option("--seconds-budget", "budget", type=float, default=BUDGET, show_default=True, metavar="N", help="About how long it may take.")
@WORKERS
@click.option("--keep", is_flag=True, help="Keep the figures with the package, for kinema show.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print validity.json instead of the tables.")
def validate(
    suite: str,
    out: Path,
    metrics: str | None,
    faults: str | None,
    scenes: tuple[str, ...],
    budget: float,
    workers: int | None,
    keep: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Try every metric on known faults in known doses: does it notice its own, in order of dose, and no other?

    \b
    Clips of the truth are damaged: another gravity, a ball that vanishes, sound that comes late, a blurred picture. Of every
    metric it is measured how far each fault moves it, whether its own move it in order of dose, and what the smallest dose is
    that 20 pairs of clips tell apart from none. Misses are stated; they do not change the exit code.
    \b
    Examples:
      kinema validate --suite core -o out
      kinema validate --metrics sync/offset,sync/events --faults sound_delay,silence --seconds-budget 120
      kinema validate --metrics my_file:my_metric --seconds-budget 600
    \b
    The same command goes on where an interrupted one stopped.
    """  # noqa: D301
    from kinema.bench.plan import scene_refs
    from kinema.bench.suite import load_suite
    from kinema.bench.tables import console
    from kinema.bench.validate import validate as carry_out
    from kinema.bench.validate_plan import plan_of
    from kinema.bench.validate_table import tables_of
    from kinema.files import write_json

    loaded = load_suite(suite)
    refs = scene_refs(loaded, scenes) if scenes else ()
    plan = plan_of(loaded, metrics=_names(metrics), faults=_names(faults), workers=workers_of(workers), budget=budget, scenes=refs)
    if dry_run:
        _tell(plan, out, as_json)
        return 0
    with bars() as tell:
        found = carry_out(plan, out, tell)
    value = found.to_json()
    write_json(out / "validity.json", value)
    if keep:
        from kinema.metrics.shipped import keep as ship

        say(f"kept in {ship(value)}")
    from kinema.reports.validity import pages

    page = pages(value, out)
    if as_json:
        print_json(value)
        return 0
    for table in tables_of(found):
        console().print(table)
    click.echo(f"{found.clips} clips, {len(found.misses)} misses")
    click.echo(page)
    return 0


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _tell(plan: Plan, out: Path, as_json: bool) -> None:
    """The sums of what would be done, from what clips usually cost."""
    from kinema.bench.validate_plan import USUAL
    from kinema.metrics.faults import FAULTS

    each = plan.share(USUAL)
    often = {name: sum(plan.share_of(each, mode) for mode in plan.modes if name in plan.faults_of(mode)) for name in plan.faults}
    clips = {name: number * len(FAULTS[name].tried) for name, number in often.items()}
    looked = plan.looked() + len(plan.scenes)  # and another take of each
    cost = sum(USUAL[FAULTS[name].kind] * count for name, count in clips.items()) + USUAL["plain"] * plan.looked()
    minutes = cost / plan.workers / 60
    if as_json:
        facts = {"suite": plan.suite.id, "out": str(out), "metrics": list(plan.metrics), "scenes": [ref.id for ref in plan.scenes]}
        print_json({"schema": 1, **facts, "clips": clips, "looked": looked, "scenes_per_fault": each, "minutes": round(minutes, 1)})
        return
    click.echo(f"{plan.suite.id}: {len(plan.metrics)} metrics, {len(plan.faults)} faults, {len(plan.scenes)} scenes, into {out}")
    click.echo(f"{looked} clips without a fault, then at most {sum(clips.values())} with one: {each} scenes of every fault, all doses")
    scale = "; the scale of the axis comes on top where it is not known yet" if plan.with_axis else ""
    click.echo(f"about {minutes:.0f} minutes on {plan.workers} cores{scale}")
