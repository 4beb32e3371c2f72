"""How fast we draw, beside the simulator's bare picture loop: run ``python tests/benchmarks/bench_render.py``.

Both draw the same frames of the same scene at the same size and supersampling, in turn, on one core; the ratio counts. The bare loop
draws spheres on a plane with the renderer's own shading and no soft shadow, and returns without shrinking the picture.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from kinema.scenes.render import SUPERSAMPLE, render
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES
from kinema.scenes.truth import Truth
from kinema.scenes.world import simulate

ROUNDS = 5


def bare(truth: Truth, request: Request) -> None:
    """``getCameraImage`` of the whole picture, once per frame."""
    import pybullet as p

    client = p.connect(p.DIRECT)
    plane = p.createVisualShape(p.GEOM_BOX, halfExtents=[9, 9, 0.01], physicsClientId=client)
    p.createMultiBody(0, -1, plane, physicsClientId=client)
    shapes = [p.createVisualShape(p.GEOM_SPHERE, radius=body.radius, physicsClientId=client) for body in truth.bodies]
    balls = [p.createMultiBody(0, -1, shape, physicsClientId=client) for shape in shapes]
    camera, size = truth.camera, request.height * SUPERSAMPLE
    look = p.computeViewMatrix(camera.eye.tolist(), list(camera.target), [0, 0, 1])
    project = p.computeProjectionMatrixFOV(25, 1, 0.3 * camera.distance, 3 * camera.distance)
    for place in truth.at(np.arange(request.frame_count) / request.fps):
        for ball, at in zip(balls, place, strict=True):
            p.resetBasePositionAndOrientation(ball, at.tolist(), [0, 0, 0, 1], physicsClientId=client)
        p.getCameraImage(size, size, look, project, shadow=0, renderer=p.ER_TINY_RENDERER, physicsClientId=client)
    p.disconnect(client)


def seconds(work, *arguments: object) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def main() -> None:
    """Print a line per family."""
    request = Request(prompt="", seconds=1.0)
    for name in SCENES:
        truth = simulate(SCENES[name].load().draw(1), 1.0)
        pairs = [(seconds(render, truth, request), seconds(bare, truth, request)) for _ in range(ROUNDS)]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name:12} ours {1000 * ours / 24:5.1f} ms a frame, bare loop {1000 * theirs / 24:5.1f}, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
