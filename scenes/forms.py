"""One scene asked for in every form: short, detailed, as a shot list, in other words, and as a structured brief."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kinema.scenes.camera import MOVES
from kinema.scenes.prompts import FLOORS, LIGHTINGS, ROOMS, STYLES, WORLDS, claims_of, of_material, shot_list, worded

if TYPE_CHECKING:
    from kinema.scenes.scene import Scene

__all__ = ["forms_of", "structured"]


def forms_of(scene: Scene) -> dict[str, Any]:
    """Every form of a scene's prompt.

    Returns:
        ``short``, ``detailed`` and ``shot_list`` (texts), ``paraphrases`` (a list) and ``structured`` (:func:`structured`).

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> forms = forms_of(scene_from_id("drop@1/seed=3"))
        >>> len(forms["paraphrases"]), "Beats: 0.0 s: the ball is let go" in forms["shot_list"]
        (2, True)
    """
    account = scene.account()
    short, detailed, *others = worded(scene, (account.short, account.detailed, *account.paraphrases))
    return {
        "short": short,
        "detailed": detailed,
        "shot_list": shot_list(scene),
        "paraphrases": others,
        "structured": structured(scene),
    }


def structured(scene: Scene) -> dict[str, Any]:
    """The scene as fields: what is there, what happens when, how it is seen and heard, and what will be checked."""
    account = scene.account()
    return {
        "bodies": [
            {
                "name": body.name,
                "shape": body.shape,
                "colour": body.colour,
                "material": of_material(body.material),
                "size_m": round(2 * body.radius, 4),
                "mass_kg": float(f"{body.mass:.3g}"),
            }
            for body in scene.bodies()
            if body.subject
        ],
        "props": [prop.name for prop in scene.props()],
        "floor": FLOORS.get(scene.floor, scene.floor),
        "gravity": {"words": WORLDS[scene.world], "m_per_s2": scene.gravity},
        "beats": [{"t": round(scene.delay + t, 3), "what": text} for t, text in account.beats],
        "note": scene.note,
        "camera": MOVES[scene.move],
        "style": STYLES[scene.style],
        "lighting": LIGHTINGS[scene.lighting],
        "sound": {"heard": list(account.heard), "not_heard": list(account.unheard), "room": ROOMS[scene.room]},
        "claims": [claim.to_json() for claim in claims_of(scene)],
    }
