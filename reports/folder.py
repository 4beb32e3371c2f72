"""The report folder: every page, picture and clip that ``index.html`` needs to open from disk, anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kinema.files import hash_of
from kinema.reports.leaderboard import write_index
from kinema.reports.media import Names, place
from kinema.reports.pages import ASSETS, write_page
from kinema.reports.pictures import Picture, draw_all
from kinema.reports.plots import LEFT, RIGHT
from kinema.reports.results import Results, Take, read_results
from kinema.reports.scene_page import (
    Files,
    ScenePage,
    Tile,
    contacts_of,
    facts_of,
    overlay_of_truth,
    relative,
    swatches_of,
    tile_of_take,
)
from kinema.reports.summary import Board, Row, board_of

__all__ = ["build"]

Line = dict[str, Any]
CLIP_NAME = 20  # hexadecimal digits of a clip's hash that name its files: 80 bits
Progress = Callable[[int, int], None]


def build(runs: Sequence[Path], out: Path, progress: Progress | None = None, workers: int = 2) -> Path:
    """Write a report on finished runs and return its ``index.html``.

    The folder needs nothing outside itself: clips are hard-linked or copied into it. Pages of an older report in ``out`` are replaced.

    Args:
        runs: run folders; their generators stand side by side.
        out: the folder to write.
        progress: is told (pictures drawn, pictures in all).
        workers: processes that draw.
    """
    results = read_results([Path(run) for run in runs])
    report = _Report(Path(out), results, board_of(results))
    pages = report.scene_pages()
    _draw(report.pictures, workers, progress)
    for asset in ASSETS:
        (report.out / "assets").mkdir(parents=True, exist_ok=True)
        (report.out / "assets" / asset.name).write_bytes(asset.read_bytes())
    for before, page, after in zip([None, *pages], pages, [*pages[1:], None], strict=False):
        write_page(report.out / page.file, "scene.html", page=page, before=before, after=after, root="../")
    return write_index(report.out, results, report.board, pages)


def _draw(pictures: list[Picture], workers: int, progress: Progress | None) -> None:
    tell = progress or (lambda done, of: None)
    tell(0, len(pictures))
    draw_all(pictures, max(1, workers), lambda done: tell(done, len(pictures)))


@dataclass
class _Report:
    """A report in the making: hands out file names, links clips in, and notes which pictures to draw."""

    out: Path
    runs: list[Results]
    board: Board
    pictures: list[Picture] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    known: set[PurePosixPath] = field(default_factory=set)

    def scene_pages(self) -> list[ScenePage]:
        """One page per scene; runs whose truths of a scene differ (another suite's parameters) get a page each."""
        groups: dict[tuple[str, str], list[Results]] = {}
        for run in self.runs:
            for scene in run.scenes:
                sheet = (run.truth(scene) or {}).get("sheet")
                groups.setdefault((scene, hash_of(sheet)), []).append(run)
        return [self._scene_page(scene, key, runs) for (scene, key), runs in groups.items()]

    def _scene_page(self, scene: str, key: str, runs: list[Results]) -> ScenePage:
        first = runs[0]
        request, truth = first.request(scene), first.truth(scene)
        page = PurePosixPath("scenes") / f"{self.names.of(scene, (scene, key))}.html"
        takes = [(run, row, take) for run in runs for row in self._rows_of(run) for take in self._takes(run, row, scene)]
        order = {row.key: place for place, row in enumerate(self.board.rows)}
        takes.sort(key=lambda found: (order[found[1].key], found[2]))
        seconds = float(request.get("seconds") or self._longest(takes) or 2.0)
        tiles = [self._truth_tile(first, scene, page, seconds)] if truth else []
        for run, row, take in takes:
            several = sum(row is other for _, other, _ in takes) > 1
            files = self._take_files(run, take, page, request, seconds)
            tiles.append(tile_of_take(run, row, take, several=several, files=files))
        return ScenePage(
            scene=scene,
            file=str(page),
            prompt=str(request.get("prompt", "")),
            facts=facts_of(request, truth),
            contacts=contacts_of(truth, seconds),
            swatches=swatches_of(truth),
            tiles=tiles,
            seconds=seconds,
            fps=float(request.get("fps") or 24.0),
            left=LEFT,
            right=RIGHT,
        )

    def _rows_of(self, run: Results) -> list[Row]:
        return [row for row in self.board.rows if self.runs[row.run] is run]

    @staticmethod
    def _takes(run: Results, row: Row, scene: str) -> list[Take]:
        return [take for take in run.by_take if take.scene == scene and take.generator == row.generator]

    @staticmethod
    def _longest(takes: list[tuple[Results, Row, Take]]) -> float:
        """How long the longest clip's tracks last, where no request says how long it should be."""
        ends = [0.0]
        for run, _, take in takes:
            seen = run.observation(run.by_take[take][0].get("clip")) or {}
            ends += [frame["t"] for track in seen.get("tracks", []) for frame in track["frames"][-1:]]
        return max(ends)

    def _truth_tile(self, run: Results, scene: str, page: PurePosixPath, seconds: float) -> Tile:
        width, height = _size(run.request(scene), None)
        sheet = run.inside("truth", scene, ".json")
        video = run.truth_video(scene)
        files = self._picture(f"truth-{page.stem}", page, video, (sheet, None), (seconds, width, height))
        overlay = overlay_of_truth(run.truth(scene), width, height, seconds)
        return Tile(key="truth", name="truth", kind="truth", note="what the simulator says", overlay=overlay, files=files)

    def _take_files(self, run: Results, take: Take, page: PurePosixPath, request: Line, seconds: float) -> Files:
        clip = next((line["clip"] for line in run.by_take[take] if line.get("clip")), None)
        video, seen = run.clip(clip), run.inside("observations", str(clip), ".json")
        if video is None and not seen.is_file():
            return Files()
        sheet = run.inside("truth", take.scene, ".json")
        documents = (sheet if sheet.is_file() else None, seen if seen.is_file() else None)
        size = _size(request, run.observation(clip))
        return self._picture(str(clip)[:CLIP_NAME], page, video, documents, (seconds, *size))

    def _picture(
        self,
        name: str,
        page: PurePosixPath,
        video: Path | None,
        documents: tuple[Path | None, Path | None],
        extent: tuple[float, int, int],
    ) -> Files:
        """Link a clip in, order its pictures, and return the addresses of all three as seen from the page."""
        media, still = PurePosixPath("media") / name, PurePosixPath("media") / f"{name}.jpg"
        plot = PurePosixPath("plots") / f"{page.stem}-{name}.svg"
        files = Files(plot=relative(plot, page))
        if video is not None:
            clip = PurePosixPath(f"{media}{video.suffix.lower()}")
            place(video, self.out / clip)
            files = Files(relative(clip, page), relative(still, page), relative(plot, page))
        if plot not in self.known:
            self.known.add(plot)
            (truth, seen), (seconds, width, height) = documents, extent
            self.pictures.append(
                Picture(
                    clip=video, plot=self.out / plot, still=self.out / still,
                    truth=truth, observation=seen, seconds=seconds, width=width, height=height,
                )
            )  # fmt: skip
        return files


def _size(request: Line, observation: Line | None) -> tuple[int, int]:
    """Width and height of a clip: as observed, else as asked for."""
    for source in (observation, request):
        if source and source.get("width") and source.get("height"):
            return int(source["width"]), int(source["height"])
    return 128, 128
