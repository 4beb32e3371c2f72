"""Two workers draw 200 scenes of every family, with sound: does their memory grow?  python tests/benchmarks/bench_memory.py [SCENES]

Prints each worker's resident memory as it goes, and at the end the last quarter's over the second quarter's (1 is: it does not grow).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

SCENES = 200
PAGE = os.sysconf("SC_PAGE_SIZE")


def draw(number: int) -> tuple[int, float]:
    """Simulate, draw and sound one scene; the worker and its memory in MB."""
    from kinema.scenes.render import clip_of
    from kinema.scenes.request import Request
    from kinema.scenes.scene import SCENES as FAMILIES
    from kinema.scenes.world import simulate

    names = list(FAMILIES)
    scene = FAMILIES[names[number % len(names)]].load().draw(number)
    clip_of(simulate(scene, 1.0), Request(prompt=scene.prompt, seconds=1.0, width=128, height=128, fps=12.0))
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return os.getpid(), pages * PAGE / 1e6


def main() -> None:
    """Draw, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SCENES
    seen: dict[int, list[float]] = defaultdict(list)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        for number, (worker, megabytes) in enumerate(pool.map(draw, range(count)), 1):
            seen[worker].append(megabytes)
            if number % 20 == 0:
                print(f"{number:4d} scenes  " + "  ".join(f"worker {k}: {rows[-1]:.0f} MB" for k, rows in enumerate(seen.values(), 1)))
    for k, rows in enumerate(seen.values(), 1):
        quarter = len(rows) // 4
        ratio = np.mean(rows[-quarter:]) / np.mean(rows[quarter : 2 * quarter])
        print(f"worker {k}: {len(rows)} scenes, last quarter over second {ratio:.3f}, most {max(rows):.0f} MB")


if __name__ == "__main__":
    main()
