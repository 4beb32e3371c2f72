"""The command line. Results go to stdout, messages and progress to stderr.

Exit codes: 0 good, 1 regressed, 2 usage or input error, 3 undecided, 4 broken or lost clips, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

import kinema
from kinema.bench.cli_data import COMMANDS as DATA_COMMANDS
from kinema.bench.cli_train import COMMANDS as TRAIN_COMMANDS
from kinema.bench.terminal import WORKERS, bars, print_json, say, workers_of
from kinema.errors import KinemaError

if TYPE_CHECKING:
    from kinema.bench.plan import Plan
    from kinema.bench.runner import Finished

__all__ = ["cli", "main"]

BROKEN, INTERRUPTED = 4, 130
EXAMPLES = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _interrupt)
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # so that -g my_module:MyModel finds the file beside you
    sys.exit(_exit_code(sys.argv[1:] if arguments is None else list(arguments)))


def _exit_code(arguments: list[str]) -> int:
    try:
        return int(cli.main(args=arguments, prog_name="kinema", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; the same command goes on where this one stopped")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KinemaError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        say(f"error: {error}")
        return error.exit_code
    except Exception:  # a fault of ours: the traceback is the message, and the code must not read as "regressed"
        traceback.print_exc()
        return BROKEN


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@click.group(context_settings=EXAMPLES)
@click.version_option(kinema.__version__, prog_name="kinema")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Measure how physical a generator's videos and sounds are, against simulated truth.

    \b
    Start here:
      kinema run smoke                    the bundled model and the controls, four families of scenes
      kinema run smoke -g my_file:MyModel your generator: a class with generate(request) -> Clip
      kinema score my_clips.jsonl         clips that you have made already
      kinema gate runs/a runs/b           is b worse than a?
      kinema render core -o core_data     scenes with their truth as an open data set
      kinema check my_file:MyModel        does what I wrote keep to the rules?
    \b
    Exit codes: 0 good, 1 regressed, 2 usage or input error, 3 undecided, 4 broken or lost clips, 130 interrupted.
    """  # noqa: D301  (\b keeps click from wrapping)
    del debug  # read from the arguments where errors are shown


_OUT = click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the run. Default: runs/NAME-HASH.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print summary.json instead of the table.")
_TRUTH = click.option(
    "--truth", type=click.Path(path_type=Path), help="Data set that `kinema render` wrote: take the truth from there; needs no PyBullet."
)
_NO_REPORT = click.option("--no-report", is_flag=True, help="Do not write the HTML report.")


@cli.command()
@click.argument("suite")
@click.option("-g", "generators", multiple=True, metavar="GENERATOR", help="Which generator; may be given again.")
@_OUT
@click.option("--seeds", type=int, metavar="N", help="Only the first N seeds of every family, or more than the suite has.")
@click.option("--samples", type=int, default=1, show_default=True, metavar="N", help="Clips per scene and generator.")
@click.option("--scene", "scenes", multiple=True, metavar="ID", help="Only this scene; may be given again.")
@WORKERS
@_TRUTH
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@_NO_REPORT
@_JSON
def run(
    suite: str,
    generators: tuple[str, ...],
    out: Path | None,
    seeds: int | None,
    samples: int,
    scenes: tuple[str, ...],
    workers: int | None,
    truth: Path | None,
    dry_run: bool,
    no_report: bool,
    as_json: bool,
) -> int:
    """Run a SUITE (a name or a TOML file): make clips, observe them, score them, print the leaderboard.

    \b
    A GENERATOR is a registered name with options (reference, oracle, late_sound:ms=120), a manifest of clips
    (clips:my_clips.jsonl), or a class of yours (my_module:MyModel). Without -g: the bundled model and the
    suite's controls.
    \b
    Examples:
      kinema run smoke
      kinema run smoke -g reference -g oracle --json > summary.json
      kinema run smoke -g my_module:MyModel -o runs/mine --samples 3
      kinema run smoke --scene drop@1/seed=0 -g oracle
      kinema run my_suite.toml --dry-run
      kinema run core -g my_module:MyModel --truth core_data
    \b
    The same command goes on with a run that was interrupted. Scores never change the exit code; lost clips and
    failed metrics make it 4.
    """  # noqa: D301
    from kinema.bench.plan import run_plan
    from kinema.bench.suite import load_suite
    from kinema.bench.truth_folder import with_truth

    loaded = load_suite(suite)
    if seeds is not None:
        loaded = loaded.with_seeds(seeds)
    texts = generators or ("reference", *loaded.controls)
    given = {"suite": suite, "generators": list(generators), "seeds": seeds, "samples": samples, "scenes": list(scenes)}
    plan = with_truth(run_plan(loaded, texts, samples=samples, only=scenes, given=given), truth)
    if dry_run:
        _tell_plan(plan, out, as_json)
        return 0
    return _carry_out(plan, out, workers, no_report, as_json)


@cli.command()
@click.argument("clips", type=click.Path(path_type=Path))
@click.option("--suite", help="Ask for every scene of this suite; what the manifest lacks is lost.")
@_OUT
@WORKERS
@_TRUTH
@_NO_REPORT
@_JSON
def score(
    clips: Path, suite: str | None, out: Path | None, workers: int | None, truth: Path | None, no_report: bool, as_json: bool
) -> int:
    """Score CLIPS made elsewhere: a manifest in JSON lines, one clip a line.

    \b
    A line names the scene that the clip was made for, or says what it shows:
      {"path": "a.mp4", "scene": "drop@1/seed=0"}
      {"path": "b.mp4", "shows": {"prompt": "a tennis ball is thrown",
                                  "bodies": [{"shape": "ball", "colour": "yellow", "diameter_m": 0.067}]}}
    Optional: generator, sample, sha256; in shows: bodies, sounds, gravity. Paths are relative to the manifest.
    \b
    Without --suite only the clips in the manifest are scored; scenes then have the size and the scale of the
    suite smoke. Clips that show something of their own have raw values and no scale.
    \b
    Examples:
      kinema score my_clips.jsonl
      kinema score my_clips.jsonl --suite smoke --json
    """  # noqa: D301
    from kinema.bench.plan import clips_plan
    from kinema.bench.suite import load_suite
    from kinema.bench.truth_folder import with_truth

    given = {"clips": clips.name, "suite": suite}
    plan = with_truth(clips_plan(clips, load_suite(suite) if suite is not None else None, given), truth)
    return _carry_out(plan, out, workers, no_report, as_json)


@cli.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN [RUN ...]", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder of the report.")
def report(runs: tuple[Path, ...], out: Path) -> int:
    """Write an HTML report on finished runs, side by side; it opens from disk.

    \b
    Examples:
      kinema report runs/smoke-1a2b3c4d -o report
      kinema report runs/mine runs/theirs -o compared
    """  # noqa: D301
    click.echo(_write_report(runs, out, workers=workers_of(None)))
    return 0


@cli.command()
@click.argument("baseline", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(path_type=Path), help="Gate file. Default: the four axes, 5 points each.")
@click.option("--pair", "pairs", multiple=True, metavar="A=B", help="Compare the baseline's A with the candidate's B.")
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
def gate(baseline: Path, candidate: Path, config: Path | None, pairs: tuple[str, ...], as_json: bool) -> int:
    """Is the CANDIDATE run worse than the BASELINE? Exit 0 no, 1 yes, 2 unusable, 3 too little data, 4 broken.

    \b
    Pairs are scenes; at least 8 are needed. A gate file says what may drop by how much:
      [gate.dynamics]          an axis, in points
      margin = 3.0
      [gate."sync/offset"]     a metric, in its own unit
      margin = 15.0
      level = "warn"           does not change the exit code
      min_pairs = 20
    \b
    Examples:
      kinema gate runs/main runs/branch
      kinema gate runs/main runs/branch --config gate.toml --json
      kinema gate runs/all runs/mine --pair reference=my_module:MyModel
    """  # noqa: D301
    from kinema.bench.gate import Exit
    from kinema.bench.gate import gate as compare
    from kinema.bench.tables import console, gate_table

    try:
        decision = compare(baseline, candidate, config, pairs)
    except KinemaError as error:
        if as_json:
            print_json({"schema": 1, "verdict": "usage", "exit": int(Exit.USAGE), "checks": [], "error": str(error)})
        raise
    for note in decision.notes:
        say(note)
    if as_json:
        print_json(decision.to_json())
    else:
        out = console()
        out.print(gate_table(decision))
        out.print(decision.exit.name.lower())
    return int(decision.exit)


@cli.command(name="list")
@click.argument("kind", type=click.Choice(["scenes", "metrics", "generators", "suites"]))
def list_(kind: str) -> int:
    """List what there is, one name@version a line.

    \b
    Examples:
      kinema list generators
      kinema list metrics
    """  # noqa: D301
    from kinema.bench.catalogue import names

    for name in names(kind):
        click.echo(name)
    return 0


@cli.command()
@click.argument("name")
def show(name: str) -> int:
    """Show what a scene, metric, generator or suite is.

    \b
    Examples:
      kinema show sync/offset
      kinema show drop
      kinema show drop@1/seed=3
      kinema show late_sound
      kinema show smoke
    """  # noqa: D301
    from kinema.bench.catalogue import describe

    click.echo(describe(name))
    return 0


def _carry_out(plan: Plan, out: Path | None, workers: int | None, no_report: bool, as_json: bool) -> int:
    """Run a plan and print what came of it."""
    from kinema.bench.runner import carry_out
    from kinema.bench.tables import console, leaderboard, raw_values

    folder, count = out or plan.folder, workers_of(workers)
    for note in plan.notes:
        say(note)
    say(f"{len(plan.units)} clips, into {folder}")
    with bars() as tell:
        finished = carry_out(plan, folder, workers=count, progress=tell)
    page = None if no_report else _report_of(finished, count)
    if as_json:
        print_json(finished.summary)
        say(f"report: {page}" if page else f"record: {folder}")
    else:
        console().print(leaderboard(finished.summary, plan.generators) if plan.scaled else raw_values(finished.lines))
        click.echo(page or f"record: {folder}")
    if finished.broken:
        say(f"{finished.lost} clips lost, {finished.failed} metrics failed; scores.jsonl says why (exit {BROKEN})")
        return BROKEN
    return 0


def _report_of(finished: Finished, workers: int) -> Path:
    """The run's own report; one that is newer than its summary stands."""
    out = finished.folder / "report"
    page, summary = out / "index.html", finished.folder / "summary.json"
    if page.exists() and page.stat().st_mtime >= summary.stat().st_mtime:
        return page
    return _write_report([finished.folder], out, workers)


def _write_report(runs: Sequence[Path], out: Path, workers: int) -> Path:
    from kinema.reports import build

    with bars() as tell:
        return build(list(runs), out, lambda done, total: tell("report", done, total), workers)


def _tell_plan(plan: Plan, out: Path | None, as_json: bool) -> None:
    counts: dict[str, int] = {}
    for unit in plan.units:
        counts[unit.generator] = counts.get(unit.generator, 0) + 1
    folder = out or plan.folder
    if as_json:
        scenes = [ref.id for ref in plan.scenes]
        print_json({"schema": 1, "suite": plan.suite.id, "out": str(folder), "scenes": scenes, "clips": counts})
        return
    click.echo(f"{plan.suite.id}: {len(plan.units)} clips of {len(plan.scenes)} scenes, into {folder}")
    for name, count in counts.items():
        click.echo(f"{count:6d}  {name}")


for _command in (*DATA_COMMANDS, *TRAIN_COMMANDS):
    cli.add_command(_command)
