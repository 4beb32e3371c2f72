"""Pictures of what was seen and heard in a clip: where bodies went, when they touched, when it sounded.

Drawn by matplotlib as SVG with two tricks for pages: text stays text, and colours become CSS variables that follow the reader's light or
dark scheme. One figure is set up per process and only its data change, because setting up axes takes longer than drawing them.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["LEFT", "RIGHT", "TRACKS", "Drawing", "draw", "envelope", "true_paths"]

WIDTH, HEIGHT = 6.4, 3.5  # inches, at 72 SVG points each
LEFT, RIGHT = 0.085, 0.97  # share of the picture's width where time begins and ends; the page puts its playhead between
BINS = 640  # of the waveform, about one and a half per point
QUIET_DB = -60.0  # a peak below this is shown as silence

# Stand-ins that the SVG's own style sheet turns into colours; chosen so that no palette colour equals one.
INK, MUTED, FAINT, SOUND, HEARD, SEEN = "#010102", "#010203", "#010204", "#010205", "#010206", "#010207"
THEME = {
    INK: ("ink", "#1d2126", "#e8e6e1"),
    MUTED: ("muted", "#6a7079", "#989ea8"),
    FAINT: ("faint", "#b9bec6", "#565c66"),
    SOUND: ("sound", "#8fa3b8", "#5f7890"),
    HEARD: ("heard", "#b4530f", "#f0a25e"),
    SEEN: ("seen", "#0b6bcb", "#74b4ff"),
}
TRACKS = {  # of the palette's body colours, legible on white and on black
    "red": "#d63b3b", "orange": "#e98512", "yellow": "#c9a400", "green": "#2f9e4f", "blue": "#3f78e8", "purple": "#9a55c4",
}  # fmt: skip
NO_COLOUR = "#808890"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All that one picture shows, as plain values, so that it can be sent to another process.

    Attributes:
        out: the SVG to write.
        seconds: how much time the picture covers.
        truth: the scene's truth as its JSON, or None.
        observation: what was seen as its JSON, or None (the truth itself).
        readable: False where the clip itself could not be read, so that nothing is said of its sound.
        sound: (2, n) lowest and highest sample per bin over ``sound_seconds``; None where there is no sound.
    """

    out: Path
    seconds: float
    width: int
    height: int
    truth: dict[str, Any] | None = None
    observation: dict[str, Any] | None = None
    sound: NDArray[np.float32] | None = None
    sound_seconds: float = 0.0
    readable: bool = True


def draw(drawing: Drawing) -> Path:
    """Draw one picture and write it."""
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "kinema", "path.simplify": True, "font.size": 8.5}):
        figure, (across, up, wave) = _sheet()
        _draw_paths(drawing, across, up)
        _draw_sound(drawing, wave)
        _draw_moments(drawing, across, up, wave)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    write_bytes(drawing.out, _themed(buffer.getvalue()).encode())
    return drawing.out


def envelope(sound: NDArray[np.float32], bins: int = BINS) -> NDArray[np.float32] | None:
    """The lowest and highest sample over all channels in each of ``bins`` equal pieces of time.

    Example:
        >>> envelope(np.array([[0.0, 1.0, -0.5, 0.0]], dtype=np.float32), bins=2).tolist()
        [[0.0, -0.5], [1.0, 0.0]]
    """
    if sound.size == 0:
        return None
    count = min(bins, sound.shape[1])
    edges = np.linspace(0, sound.shape[1], count, endpoint=False).astype(int)
    low, high = np.minimum.reduceat(sound.min(0), edges), np.maximum.reduceat(sound.max(0), edges)
    return np.stack([low, high]).astype(np.float32)


_figure: list[Figure] = []


def _sheet() -> tuple[Figure, list[Axes]]:
    """The process's one figure, its axes emptied."""
    if not _figure:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasSVG(figure)
        for bottom, tall in ((0.765, 0.19), (0.445, 0.255), (0.115, 0.24)):
            figure.add_axes((LEFT, bottom, RIGHT - LEFT, tall))
        figure.patch.set_alpha(0)
        _figure.append(figure)
    axes = list(_figure[0].axes)
    for one, name in zip(axes, ("across", "up", "sound"), strict=True):
        for artist in [*one.lines, *one.collections, *one.texts]:
            artist.remove()
        if not one.get_ylabel():
            _dress(one, name, last=name == "sound")
    return _figure[0], axes


def _dress(axes: Axes, name: str, *, last: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.patch.set_alpha(0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(colors=MUTED, length=2.5, width=0.6, labelbottom=last, left=False, labelsize=9)
    axes.set_ylabel(name, color=MUTED, fontsize=9, labelpad=8)
    if name == "sound":
        axes.set_yticks([])
    else:
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 2.5, 5]))
    axes.xaxis.set_major_formatter("{x:g}")
    if last:
        axes.set_xlabel("seconds", color=MUTED, fontsize=9, labelpad=1)


def _draw_paths(drawing: Drawing, across: Axes, up: Axes) -> None:
    """Where bodies are, as a share of the picture: the truth broad and pale, what was seen as a line in its colour."""
    for axes in (across, up):
        axes.set_xlim(0, drawing.seconds)
    alone = drawing.observation is None
    for colour, times, x, y in true_paths(drawing.truth, drawing.width, drawing.height):
        style: dict[str, Any] = {"color": TRACKS.get(colour, NO_COLOUR), "lw": 1.6} if alone else {"color": FAINT, "lw": 3.2, "alpha": 0.75}
        across.plot(times, x / drawing.width, solid_capstyle="round", **style)
        up.plot(times, 1 - y / drawing.height, solid_capstyle="round", **style)
    for track in (drawing.observation or {}).get("tracks", []):
        frames = track["frames"]
        times = np.array([frame["t"] for frame in frames])
        colour = TRACKS.get(str(track.get("colour")), NO_COLOUR)
        gaps = np.flatnonzero(np.diff([frame["i"] for frame in frames]) > 1) + 1
        for values, axes in (
            ([frame["x"] / drawing.width for frame in frames], across),
            ([1 - frame["y"] / drawing.height for frame in frames], up),
        ):
            whole = np.insert(np.array(values, dtype=float), gaps, np.nan)
            axes.plot(np.insert(times, gaps, np.nan), whole, color=colour, lw=1.5)


def true_paths(
    truth: dict[str, Any] | None, width: int, height: int
) -> list[tuple[str, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Colour, times (s), x and y (pixels) of every body of the truth, through the truth's own camera."""
    if truth is None:
        return []
    from kinema.scenes.camera import Camera

    camera = Camera(**{**truth["camera"], "target": tuple(truth["camera"]["target"])})
    times = np.array(truth["times"], dtype=float)
    seen = camera.project(np.array(truth["position"], dtype=float), width, height)
    return [(body["colour"], times, seen[:, k, 0], seen[:, k, 1]) for k, body in enumerate(truth["bodies"])]


def _draw_sound(drawing: Drawing, axes: Axes) -> None:
    """The waveform, scaled to its own peak, which is written beside it."""
    axes.set_xlim(0, drawing.seconds)
    axes.set_ylim(-1, 1.25)
    sound = drawing.sound
    peak = float(np.abs(sound).max()) if sound is not None else 0.0
    level = 20 * np.log10(peak) if peak > 0 else -np.inf
    axes.axhline(0, color=FAINT, lw=0.6)
    if sound is not None and level > QUIET_DB:
        times = (np.arange(sound.shape[1]) + 0.5) * drawing.sound_seconds / sound.shape[1]
        axes.fill_between(times, sound[0] / peak, sound[1] / peak, color=SOUND, lw=0.4)
    if not drawing.readable:
        return
    said = "no sound" if sound is None else f"silent ({level:.0f} dB)" if level <= QUIET_DB else f"peak {level:.0f} dB"
    axes.text(1, 1.02, said.replace("-", "−"), transform=axes.transAxes, ha="right", va="bottom", color=MUTED, fontsize=9)


def _draw_moments(drawing: Drawing, across: Axes, up: Axes, wave: Axes) -> None:
    """True contacts dashed through everything, contacts seen as triangles, sounds heard as bars over the waveform."""
    true = [c["t"] for c in (drawing.truth or {}).get("contacts", []) if c["t"] <= drawing.seconds]
    for axes in (across, up, wave):
        for moment in true:
            axes.axvline(moment, color=MUTED, lw=0.8, dashes=(2, 2.5), dash_capstyle="butt")
    seen = drawing.observation or {}
    contacts = [c for c in seen.get("contacts", []) if c["t"] <= drawing.seconds]
    for axes, level in ((up, 0.06), (wave, -0.86)):
        for contact in contacts:
            sure = float(contact.get("confidence", 1.0)) >= 0.5
            axes.plot(contact["t"], level, marker="^", ms=5, color=SEEN, mfc=SEEN if sure else "none", mew=0.9, clip_on=False)
    for onset in seen.get("onsets", []):
        if onset["t"] <= drawing.seconds:
            wave.plot([onset["t"]] * 2, [0.0, 1.12], color=HEARD, lw=1.1)
            wave.plot(onset["t"], 1.12, marker="o", ms=3.6, color=HEARD, mew=0, clip_on=False)


def _themed(svg: str) -> str:
    """Colours that follow the reader's scheme, and the page's own type."""
    light = "".join(f"--{name}:{day};" for name, day, _ in THEME.values())
    dark = "".join(f"--{name}:{night};" for name, _, night in THEME.values())
    for stand_in, (name, _, _) in THEME.items():
        svg = svg.replace(stand_in, f"var(--{name})")
    sheet = (
        f"<style>svg{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}"
        "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif!important}</style>"
    )
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)  # a hundredth of a point is enough
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    start = svg.index(">", svg.index("<svg")) + 1
    return svg[svg.index("<svg") : start] + sheet + svg[start:]
