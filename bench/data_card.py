"""The README of a data set: what is in it, how it was made, and how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kinema.bench.suite import Suite
from kinema.scenes._fields import FIELDS, TOP
from kinema.scenes.scene import SCENES

__all__ = ["EXAMPLE", "data_card"]

EXAMPLE = """\
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

root = Path(".")                                              # where this file lies
for scene in pd.read_parquet(root / "index.parquet").itertuples():
    folder = root / scene.folder
    picture = cv2.VideoCapture(str(folder / "video.mkv"))     # every pixel as it was drawn; OpenCV gives them as BGR
    frames = np.stack([picture.read()[1] for _ in range(scene.frames)])
    tracks = pd.read_parquet(folder / "tracks.parquet")
    contacts = pd.read_parquet(folder / "contacts.parquet")
    depth = np.load(folder / "depth.npz")["depth"]            # metres
    sheet = json.loads((folder / "scene.json").read_text())
    print(scene.id, frames.shape, depth.shape, len(tracks), len(contacts), sheet["prompt"])
"""


def data_card(suite: Suite, rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> str:
    """The text of ``README.md``."""
    seconds = sum(float(row["seconds"]) for row in rows)
    return "\n".join(
        [
            f"# {suite.id}: simulated scenes with their truth",
            "",
            f"{len(rows)} clips, {seconds:.0f} s in all, {suite.width} x {suite.height} px at {suite.fps:g} frames a second, with sound",
            "and with what is true of each: trajectories, contacts, depth, instances, flow, camera, materials, room, and the prompts that",
            f"ask for it. Written by Kinema {config['kinema']}; the truth's identity is `{suite.truth}`.",
            "",
            "## What is in it",
            "",
            *_families(rows),
            "",
            *_listed("Place", TOP),
            "",
            "In every scene's folder (left out: " + (", ".join(config["without"]) or "nothing") + "):",
            "",
            *_listed("File", {name: f"{entry['about']}. {entry['format']}" for name, entry in FIELDS.items()}),
            "",
            "`schema.json` says what every column, array and key means, with type and unit. Axes: x to the right, y away from the camera,",
            "z up from the floor; SI units; pixels from the upper left corner, their centres at .5.",
            "",
            "## How to read it",
            "",
            "```python",
            EXAMPLE.rstrip(),
            "```",
            "",
            "## How it was made",
            "",
            "Motion is simulated at 3840 steps a second or finer and stored at 960; every family is checked against closed forms or",
            "invariants. Sound is computed from the contacts, the materials and the room. Pictures are drawn from the same trajectories.",
            "Nothing was filmed or recorded, and nobody appears in it. The same command on the same machine gives the same bytes:",
            "",
            f"    kinema render {suite.name} -o DIR",
            "",
            "A run can take its truth from here where PyBullet is not installed: `kinema run " + suite.name + " --truth DIR`.",
            "",
            "## What it is not",
            "",
            "Rigid bodies of one material each, on a stage, seen by a pinhole camera without motion blur; sounds of contacts are computed",
            "from ideal forms. What is learnt here about looks does not carry over to filmed pictures; what is learnt about motion should.",
            "",
            "Licence: Apache-2.0, as Kinema itself.",
            "",
        ]
    )


def _families(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["family"]] = counts.get(row["family"], 0) + 1
    lines = ["| family | clips | what happens |", "|---|---|---|"]
    for name, count in counts.items():
        words = (SCENES[name].load().__doc__ or "").strip().split("\n")[0]
        lines.append(f"| {name} | {count} | {words} |")
    return lines


def _listed(title: str, entries: Mapping[str, str]) -> list[str]:
    return [f"| {title} | |", "|---|---|", *(f"| `{name}` | {about} |" for name, about in entries.items())]
