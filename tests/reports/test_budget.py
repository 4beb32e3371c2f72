"""A front page for many generators and scenes stays small enough to open at once."""

from __future__ import annotations

from pathlib import Path

from kinema.record import AXES, Run
from kinema.reports.leaderboard import write_index
from kinema.reports.results import Results
from kinema.reports.scene_page import ScenePage, Tile
from kinema.reports.summary import Board, Cell, Row


def row_of(number: int) -> Row:
    cells = {axis: Cell(value=50.0, low=40.0, high=60.0, n=500) for axis in AXES}
    families = dict.fromkeys(("drop", "projectile", "pendulum", "collision"), cells)
    return Row(
        key=f"g0-{number}", name=f"model {number}", generator=f"model {number}", run=0, control=number > 10, fault="", harms=None,
        version="0123456789ab", clips=500, lost=0, axes=cells, families=families, metrics={},
    )  # fmt: skip


def page_of(number: int, rows: list[Row]) -> ScenePage:
    axes = dict.fromkeys(AXES, 12.34)
    return ScenePage(
        scene=f"drop@1/seed={number}", file=f"scenes/drop-1-seed-{number}.html", prompt="A red rubber ball is dropped. " * 3,
        facts=[], swatches=[], contacts=[], seconds=2.0, fps=24.0, left=0.1, right=0.9,
        tiles=[Tile(key=row.key, row=row.key, name=row.name, kind="tested", axes=dict(axes)) for row in rows],
    )  # fmt: skip


def test_twenty_models_on_five_hundred_scenes_fit_into_two_megabytes(run_folder: Path, tmp_path: Path) -> None:
    rows = [row_of(number) for number in range(20)]
    board = Board(rows=rows, families=list(rows[0].families), metrics=[], same_scale=True)
    index = write_index(tmp_path, [Results(Run(run_folder), "run")], board, [page_of(number, rows) for number in range(500)])
    assert index.stat().st_size < 2_000_000
