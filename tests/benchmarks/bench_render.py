"""How fast we draw, beside the simulator's bare picture loop: run ``python tests/benchmarks/bench_render.py``.

Both draw the same number of frames of the same bodies at the same size and supersampling, in turn, on one core each; the ratio of their
processor times counts, and the bar is 1.1. The bare loop is ``getCameraImage`` of the software renderer without shadows, of the whole
picture, once per frame, with bodies and a floor of boxes and balls; it returns without shading floor, wall or shadows and without
shrinking the picture. The second table runs two of each at once, and compares the time until both are done.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from dataclasses import replace

import cv2
import numpy as np

from kinema.scenes.render import SUPERSAMPLE, render
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, TRUTH_RATE, scene_from_id
from kinema.scenes.shapes import Ball, Box, mesh_of
from kinema.scenes.truth import Body, Prop, Truth
from kinema.scenes.world import simulate

ROUNDS = 3
REQUEST = Request(prompt="", seconds=1.0, fps=24)


def crowd(count: int, solid: Ball | Box, *, props: bool, move: str, style: str = "plain") -> Truth:
    """Bodies in a row that rise and sink and turn, in front of a ramp if wanted."""
    names = ("red", "green", "blue", "orange", "purple", "yellow")
    bodies = tuple(
        Body(name=f"b{i}", colour=names[i % 6], material="wood", radius=0.04, mass=1.0, solid=solid) for i in range(count)
    )
    t = np.arange(2 * round(TRUTH_RATE) + 1) / TRUTH_RATE
    across = np.linspace(-0.4, 0.4, count) if count > 1 else np.zeros(1)
    height = 0.35 + 0.25 * np.sin(3 * t[:, None] + np.arange(count))
    position = np.stack([np.broadcast_to(across, height.shape), 0 * height, height], axis=-1)
    half = t[:, None] * (1 + np.arange(count) % 3) * 0.7
    orientation = np.stack([0 * half, np.sin(half), 0 * half, np.cos(half)], axis=-1)
    scene = replace(scene_from_id("drop@1/seed=1"), view=1.0, move=move, style=style)
    things = (Prop(name="table", solid=Box((0.9, 0.3, 0.12)), position=(0.0, 0.3, 0.06), paint="oak"),) if props else ()
    return Truth(
        scene=scene, bodies=bodies, times=t, position=position, velocity=0 * position, orientation=orientation, spin=0 * position,
        visible=np.ones(position.shape[:2], bool), contacts=(), camera=scene.camera(), gravity=9.81, floor="wood",
        room={"wall_y": 0.9}, props=things,
    )  # fmt: skip


def bare(truth: Truth, request: Request) -> None:
    """``getCameraImage`` of the whole picture, once per frame."""
    import pybullet as p

    client = p.connect(p.DIRECT)

    def add(solid: object, place: object, turned: object) -> int:
        match solid:
            case Ball(radius):
                shape = p.createVisualShape(p.GEOM_SPHERE, radius=radius, physicsClientId=client)
            case Box(size):
                shape = p.createVisualShape(p.GEOM_BOX, halfExtents=[edge / 2 for edge in size], physicsClientId=client)
            case _:
                mesh = mesh_of(solid)
                corners, faces = mesh.vertices.tolist(), mesh.faces.ravel().tolist()
                shape = p.createVisualShape(p.GEOM_MESH, vertices=corners, indices=faces, physicsClientId=client)
        return p.createMultiBody(0, -1, shape, basePosition=place, baseOrientation=turned, physicsClientId=client)

    add(Box((18.0, 18.0, 0.02)), (0, 0, -0.01), (0, 0, 0, 1))
    for prop in truth.props:
        add(prop.solid, prop.position, prop.orientation)
    handles = [add(body.form, (0, 0, 0), (0, 0, 0, 1)) for body in truth.bodies]
    size = request.height * SUPERSAMPLE
    times = np.arange(request.frame_count) / request.fps
    for camera, place, turned in zip(truth.cameras(times), truth.at(times), truth.poses_at(times), strict=True):
        look = p.computeViewMatrix(camera.eye.tolist(), list(camera.target), [0, 0, 1])
        project = p.computeProjectionMatrixFOV(25, 1, 0.3 * camera.distance, 3 * camera.distance)
        for handle, at, pose in zip(handles, place, turned, strict=True):
            p.resetBasePositionAndOrientation(handle, at.tolist(), pose.tolist(), physicsClientId=client)
        p.getCameraImage(size, size, look, project, shadow=0, renderer=p.ER_TINY_RENDERER, physicsClientId=client)
    p.disconnect(client)


def seconds(work, *arguments: object) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def compare(name: str, truth: Truth) -> None:
    """One line: the medians of some rounds, in turn."""
    render(truth, Request(prompt="", seconds=0.1))  # imports, and paints that are kept for the whole process
    pairs = [(seconds(render, truth, REQUEST), seconds(bare, truth, REQUEST)) for _ in range(ROUNDS)]
    ours, theirs = (1000 * statistics.median(column) / REQUEST.frame_count for column in zip(*pairs, strict=True))
    print(f"{name:34} ours {ours:6.1f} ms a frame, bare loop {theirs:6.1f}, ratio {ours / theirs:.2f}", flush=True)


def _loop(work, barrier, truth: Truth, done) -> None:
    cv2.setNumThreads(1)
    work(truth, Request(prompt="", seconds=0.1))
    barrier.wait()
    start = time.perf_counter()
    work(truth, REQUEST)
    done.put(time.perf_counter() - start)


def together(work, truth: Truth, count: int = 2) -> float:
    """Seconds until ``count`` processes, started at once, have drawn everything."""
    context = multiprocessing.get_context("spawn")
    barrier, done = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_loop, args=(work, barrier, truth, done)) for _ in range(count)]
    for worker in workers:
        worker.start()
    found = [done.get() for _ in workers]
    for worker in workers:
        worker.join()
    return max(found)


def main() -> None:
    """Print a line per kind of scene."""
    cv2.setNumThreads(1)
    for family in ("drop", "projectile", "pendulum", "collision"):
        compare(family, simulate(SCENES[family].load().draw(1), 2.0))
    kinds = {"balls": Ball(0.045), "boxes": Box((0.06, 0.06, 0.09))}
    for move in ("static", "orbit_left"):
        for props in (False, True):
            for kind, solid in kinds.items():
                for count in (1, 2, 16):
                    compare(f"{count} {kind}, {move}{', table' if props else ''}", crowd(count, solid, props=props, move=move))
    for style in ("night", "film", "clay", "toon", "sketch"):
        compare(f"2 balls, static, {style}", crowd(2, kinds["balls"], props=True, move="static", style=style))
    for move in ("static", "orbit_left"):
        truth = crowd(2, kinds["balls"], props=True, move=move)
        ours, theirs = together(render, truth), together(bare, truth)
        print(f"two at once, 2 balls, {move}, table: ours {ours:.2f} s, bare loops {theirs:.2f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
