"""The same scene and seed give the same bytes in two processes; different seeds differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# The simulator prints a line of its own beside the digests.
DIGESTS = """
import hashlib, json
from kinema.scenes.render import clip_of
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES
from kinema.scenes.world import simulate

found = {}
for name in SCENES:
    for seed in (1, 2):
        scene = SCENES[name].load().draw(seed)
        truth = simulate(scene, 0.8)
        clip = clip_of(truth, Request(prompt="", seconds=0.8, width=64, height=64, fps=5.0))
        digest = hashlib.sha256()
        for array in (truth.position, truth.orientation, truth.visible, clip.frames, clip.sound):
            digest.update(array.tobytes())
        digest.update(repr((scene.prompts(), scene.claims(), truth.contacts)).encode())
        found[scene.id] = digest.hexdigest()
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.render
def test_two_processes_make_the_same_bytes_of_every_family() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", DIGESTS],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(k), "OMP_NUM_THREADS": str(1 + k), "OPENBLAS_NUM_THREADS": str(1 + k)},
        )
        for k in range(2)
    ]
    said = [run.communicate(timeout=900)[0] for run in runs]
    first, second = (json.loads(next(line for line in text.splitlines() if line.startswith("{"))) for text in said)
    assert first == second
    assert len(first) >= 56  # 28 families, two seeds each
    assert len(set(first.values())) == len(first)
