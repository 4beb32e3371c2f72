"""What is struck, and where: other materials, other tones, another room. The picture stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.heard import SHARES, blows
from kinema.scenes.materials import MATERIALS, Material
from kinema.scenes.sound.surfaces import ROOMS, Room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

__all__: list[str] = []

SOFTEST = 1e9  # Pa: what is stiffer rings
SOUNDS_UNLIKE = {  # what is heard of a swapped material: the least like it in stiffness and loss
    "rubber": "glass", "plastic": "steel", "glass": "wood", "steel": "rubber", "stone": "plastic", "wood": "steel",
}  # fmt: skip


def _struck(truth: Truth) -> str:
    return "" if blows(truth) else "nothing is struck"


def _rings(truth: Truth) -> str:
    if not blows(truth):
        return "nothing is struck"
    names = {name for contact in blows(truth) for name in contact.bodies}
    struck = {body.material for body in truth.bodies if body.name in names} | {prop.material for prop in truth.props if prop.name in names}
    return "" if any(MATERIALS[name].youngs_modulus > SOFTEST for name in (*struck, truth.floor)) else "nothing that is struck rings"


def _of(truth: Truth, other: Callable[[str], str]) -> Truth:
    """The truth with everything made of something else, to the ear."""
    bodies = tuple(replace(body, material=other(body.material)) for body in truth.bodies)
    props = tuple(replace(prop, material=other(prop.material)) for prop in truth.props)
    return replace(truth, bodies=bodies, props=props, floor=other(truth.floor))


@fault("material_swap", "sound", "share", SHARES, unfit=_struck)
def material_swap(shot: Shot, dose: float) -> Clip:
    """The sound is a mixture: so much of what would be heard if every body and the floor were of quite another material."""
    other = shot.once("material_swap", lambda: shot.samples(_of(shot.truth, lambda name: SOUNDS_UNLIKE.get(name, "steel"))))
    return shot.sounding((1 - dose) * shot.clip.sound + dose * other)


@contextmanager
def _materials(change: Callable[[Material], Material]) -> Iterator[Callable[[str], str]]:
    """Names of changed materials, known while the context lasts."""
    names = {name: f"{name} changed" for name in MATERIALS}
    MATERIALS.update({names[name]: replace(change(MATERIALS[name]), name=names[name]) for name in names})
    try:
        yield lambda name: names[name]
    finally:
        for name in names.values():
            MATERIALS.pop(name, None)


def _remade(shot: Shot, change: Callable[[Material], Material]) -> NDArray[np.float32]:
    with _materials(change) as other:
        return shot.samples(_of(shot.truth, other))


@fault("pitch", "sound", "cents", (-1200, -600, -300, -100, 100, 300, 600, 1200), unfit=_rings)
def pitch(shot: Shot, dose: float) -> Clip:
    """Every tone of what is struck is so much higher (lower): all is stiffer by the square of that ratio; blows are shorter with it."""
    ratio = 2.0 ** (dose / 1200)
    return shot.sounding(_remade(shot, lambda m: replace(m, youngs_modulus=m.youngs_modulus * ratio**2)))


@fault("decay", "sound", "octaves", (-2, -1.4, -0.8, -0.4, 0.4, 0.8, 1.4, 2), unfit=_rings)
def decay(shot: Shot, dose: float) -> Clip:
    """What is struck rings for 2 to the dose times as long as it should."""
    return shot.sounding(_remade(shot, lambda m: replace(m, loss_factor=m.loss_factor / 2.0**dose)))


@dataclass(frozen=True)
class _Lasting(Room):
    """A room that answers for ``longer`` times as long; with ``size_of`` as long as if it had that size."""

    longer: float = 1.0
    size_of: tuple[float, float, float] | None = None

    def decay(self, size: tuple[float, float, float]) -> Any:
        """Decay rates (bands,), 1/s of the energy."""
        return super().decay(self.size_of or size) / self.longer


def _has_walls(truth: Truth) -> str:
    if not blows(truth):
        return "nothing is struck"
    return "" if ROOMS[truth.scene.room] is not None else "there is no room"


@contextmanager
def _room(truth: Truth, key: str, **changes: Any) -> Iterator[str]:
    """The name of a changed room, known while the context lasts; it names the change, because rooms are kept by name."""
    kind = ROOMS[truth.scene.room]
    assert kind is not None, "unfit says where there is no room"
    facts = {name: getattr(kind, name) for name in Room.__dataclass_fields__}
    name = f"{truth.scene.room} {key}"
    ROOMS[name] = _Lasting(**facts, **changes)
    try:
        yield name
    finally:
        ROOMS.pop(name, None)


@fault("room", "sound", "octaves", (-2, -1.2, -0.6, -0.3, 0.3, 0.6, 1.2, 2), unfit=_has_walls)
def room(shot: Shot, dose: float) -> Clip:
    """The room's tail dies away in 2 to the dose times its time; the first reflections stay."""
    with _room(shot.truth, f"lasting {dose:g}", longer=2.0**dose) as name:
        return shot.heard(replace(shot.truth, scene=replace(shot.truth.scene, room=name)))


def _has_echo(truth: Truth) -> str:
    if not blows(truth):
        return "nothing is struck"
    return "" if truth.scene.room == "studio" or ROOMS[truth.scene.room] is not None else "there is no wall"


@fault("echo_delay", "sound", "%", (5, 10, 20, 35, 50, 75, 100), unfit=_has_echo)
def echo_delay(shot: Shot, dose: float) -> Clip:
    """The walls stand so much farther away to the ear, so that their first reflections come later; the tail dies away as before."""
    truth, factor = shot.truth, 1 + dose / 100
    walls = truth.room
    if truth.scene.room == "studio":
        return shot.heard(replace(truth, room=walls | {"wall_y": walls["wall_y"] * factor}))
    wider = {name: walls[name] * factor for name in ("width", "depth", "height")}
    wider |= {name: walls[name] - (factor - 1) / 2 * walls[size] for name, size in (("left", "width"), ("near", "depth"))}
    size = (walls["width"], walls["depth"], walls["height"])
    with _room(truth, f"wider {dose:g} {size}", size_of=size) as name:
        return shot.heard(replace(truth, room=walls | wider, scene=replace(truth.scene, room=name)))
