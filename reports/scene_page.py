"""A page per scene: what was asked, the truth and every clip side by side, what was seen and heard, every score."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from kinema.record import AXES
from kinema.reports.pages import number
from kinema.reports.plots import TRACKS, true_paths
from kinema.reports.results import Results, Take
from kinema.reports.summary import Row
from kinema.summary import axis_of_lines, is_lost

__all__ = [
    "Files",
    "ScenePage",
    "Tile",
    "contacts_of",
    "facts_of",
    "overlay_of_observation",
    "overlay_of_truth",
    "relative",
    "swatches_of",
    "tile_of_take",
]

Line = dict[str, Any]
NO_COLOUR = "#9aa0a8"
AXIS_ORDER = {axis: place for place, axis in enumerate(AXES)}


class Files(NamedTuple):
    """Addresses of a clip, of its movement in one still, and of its plot; empty where there is none."""

    video: str = ""
    still: str = ""
    plot: str = ""


NO_FILES = Files()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One clip on a scene's page; addresses are relative to the page.

    ``kind`` is ``truth``, ``tested`` or ``control``; ``row`` is the key of its row on the front page.
    """

    key: str
    name: str
    kind: str
    row: str = ""
    note: str = ""
    files: Files = NO_FILES
    lost: str = ""
    axes: dict[str, float | None] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    overlay: Line = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenePage:
    """One page. ``data`` is what the page's script needs: sizes, times and overlays by tile."""

    scene: str
    file: str
    prompt: str
    facts: list[tuple[str, str]]
    swatches: list[tuple[str, str]]
    contacts: list[Line]
    tiles: list[Tile]
    seconds: float
    fps: float
    left: float
    right: float

    @property
    def data(self) -> Line:
        """The values that the page's script reads."""
        return {
            "seconds": self.seconds,
            "fps": self.fps,
            "overlays": {tile.key: tile.overlay for tile in self.tiles if tile.overlay},
        }


def tile_of_take(run: Results, row: Row, take: Take, *, several: bool, files: Files) -> Tile:
    """A generator's clip. ``several``: the scene has more than one clip of it, so its sample and mode are named."""
    lines = sorted(run.by_take[take], key=lambda line: AXIS_ORDER.get(line["metric"].split("/")[0], len(AXES)))
    lost = next((str(line["details"]["lost"]) for line in lines if is_lost(line)), "")
    by_axis = {axis: [line for line in lines if line["metric"].split("/")[0] == axis] for axis in AXES}
    clip = next((line["clip"] for line in lines if line.get("clip")), None)
    return Tile(
        key=f"{row.key}-{take.mode}-{take.sample}",
        row=row.key,
        name=f"{row.name} ({take.mode}, sample {take.sample})" if several else row.name,
        kind="control" if row.control else "tested",
        note=row.fault,
        lost=lost,
        axes={axis: axis_of_lines(mine, run.run.gates) for axis, mine in by_axis.items()},
        lines=lines,
        overlay=overlay_of_observation(run.observation(clip)),
        files=files,
    )


def overlay_of_observation(observation: Line | None) -> Line:
    """Tracks and contacts over a video, in pixels of its own size where that is known."""
    if not observation:
        return {}
    tracks = [
        {
            "colour": TRACKS.get(str(track.get("colour")), NO_COLOUR),
            "points": [[round(f["t"], 4), round(f["x"], 1), round(f["y"], 1)] for f in track["frames"]],
        }
        for track in observation.get("tracks", [])
    ]
    return {
        "width": observation.get("width"),
        "height": observation.get("height"),
        "tracks": tracks,
        "contacts": [round(c["t"], 4) for c in observation.get("contacts", [])],
        "onsets": [round(o["t"], 4) for o in observation.get("onsets", [])],
    }


def overlay_of_truth(truth: Line | None, width: int, height: int, seconds: float) -> Line:
    """The simulated paths over the truth's own video."""
    tracks = []
    for colour, times, x, y in true_paths(truth, width, height):
        stride = max(1, round(1 / 60 / (times[1] - times[0]))) if len(times) > 1 else 1
        spots = [[round(float(t), 4), round(float(a), 1), round(float(b), 1)] for t, a, b in zip(times, x, y, strict=True)]
        tracks.append({"colour": TRACKS.get(colour, NO_COLOUR), "points": [p for p in spots[::stride] if p[0] <= seconds]})
    contacts = [round(c["t"], 4) for c in (truth or {}).get("contacts", []) if c["t"] <= seconds]
    return {"width": width, "height": height, "tracks": tracks, "contacts": contacts, "onsets": []} if tracks else {}


def facts_of(request: Line, truth: Line | None) -> list[tuple[str, str]]:
    """The data sheet in words: place, bodies, floor, what was asked."""
    facts: list[tuple[str, str]] = []
    if truth:
        sheet = truth.get("sheet", {})
        world = str(sheet.get("world", "")).capitalize()
        facts.append(("World", f"{world + ', ' if world else ''}g = {number(truth['gravity'])} m/s²"))
        facts += [(body["name"].capitalize(), _body(body)) for body in truth["bodies"]]
        facts.append(("Floor", str(truth["floor"])))
    if "seconds" in request:
        size = f"{request.get('width')}×{request.get('height')}, {number(request.get('fps'))} frames/s"
        facts.append(("Asked for", f"{number(request['seconds'])} s, {size}, {request.get('mode', 't2v')}"))
    return facts


def _body(body: Line) -> str:
    size = f"⌀ {number(200 * body['radius'])} cm"
    return f"{body['colour']} {body['material']} {body['shape']}, {size}, {number(body['mass'])} kg"


def contacts_of(truth: Line | None, seconds: float) -> list[Line]:
    """The true contacts within the clip."""
    return [contact for contact in (truth or {}).get("contacts", []) if contact["t"] <= seconds]


def swatches_of(truth: Line | None) -> list[tuple[str, str]]:
    """Name and colour of every body of the truth."""
    return [(body["name"], TRACKS.get(body["colour"], NO_COLOUR)) for body in (truth or {}).get("bodies", [])]


def relative(target: PurePosixPath, page: PurePosixPath) -> str:
    """The address of a file as seen from a page, both within the report."""
    up = "../" * (len(page.parts) - 1)
    return up + quote(target.as_posix())
