"""Does the clip show and sound as the prompt says: camera, style, light, material, sound, silence, room?"""

from __future__ import annotations

from kinema.metrics.adherence import VISIBLE, share_held
from kinema.metrics.claims import evidence_of, verdicts
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

__all__ = ["camera", "lighting", "material", "room", "silence", "sound", "style"]

AUDIBLE = ("t2v", "i2v", "v2v", "v2a")  # modes in which the sound is the generator's own


@metric(
    "adherence/camera", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("view",), modes=VISIBLE,
    formula="share of the camera's motion that is the move asked for, half for zoom instead of dolly, 0 where it is not the main move",
    source="own; EvalCrafter and WorldScore need weights for the camera's pose",
    own=("move_swap",), coupled={"pan": "another move is added", "zoom": "another move is added", "mirror": "left becomes right"},
    blind=("A dolly towards a flat wall is a zoom.", "A still camera that nobody asked for is not looked at."),
)  # fmt: skip
def camera(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the camera moves as the prompt says.

    Returns:
        0 to 1. ``Unscored`` where the prompt names no move.

    Example:
        >>> camera(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no camera move'
    """
    return share_held(verdicts(evidence_of(seen, case), "camera"), "the prompt names no camera move")


@metric(
    "adherence/style", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("look",), modes=VISIBLE,
    formula="probability of the style asked for among six, by linear discriminants of three small frames; at least 0.7 if first",
    source="own, fitted to the scenes' own pictures of seeds from 3,900,000", own=("style_swap",),
    coupled={"compression": "fine lines and grain go first", "blur": "fine lines and grain go first", "noise": "noise is taken for grain"},
    blind=("Knows the six styles as these scenes draw them.",),
)  # fmt: skip
def style(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the picture has the style that the prompt names.

    Returns:
        0 to 1. ``Unscored`` where the prompt names no style.

    Example:
        >>> style(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no style'
    """
    return share_held(verdicts(evidence_of(seen, case), "style"), "the prompt names no style")


@metric(
    "adherence/lighting", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("look",), modes=VISIBLE,
    formula="probability of the light asked for among five, by linear discriminants of three small frames; at least 0.7 if first",
    source="own, fitted to the scenes' own pictures of seeds from 3,900,000", own=("light_swap",),
    coupled={"style_swap": "a sketch shows hardly any light", "mirror": "light comes from the other side"},
    blind=("Knows the five lights as these scenes have them.",),
)  # fmt: skip
def lighting(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the picture is lit as the prompt says.

    Returns:
        0 to 1. ``Unscored`` where the prompt names no light.

    Example:
        >>> lighting(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no light'
    """
    return share_held(verdicts(evidence_of(seen, case), "lighting"), "the prompt names no light")


@metric(
    "adherence/material", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="0 to 1 as the ratio of the outline's sides changes by 2 to 10 %, where jelly is asked for",
    source="own", own=("stiffen",), blind=("Only jelly shows what it is made of; other materials are heard (sync/material).",),
)  # fmt: skip
def material(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether what should wobble wobbles.

    Returns:
        0 to 1. ``Unscored`` where the prompt names no material that shows.

    Example:
        >>> material(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no material'
    """
    return share_held(verdicts(evidence_of(seen, case), "material"), "the prompt names no material")


@metric(
    "adherence/sound", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("onsets", "heard"), modes=AUDIBLE,
    formula="mean over sounds named of min(1, heard / enough): an onset for every blow (without truth: one), .3 s of even noise, a voice "
    "for .08 of the time, a tone for .8 of its own time (without truth: .25 of the clip)",
    source="own", own=("silence", "dropped_impact", "noise_sound"),
    coupled={"room": "in a room that answers for long soft blows are not heard", "shuffled_sound": "another scene may have other sounds",
             "material_swap": "on another material less is heard", "gravity": "under less of it less strikes within the clip"},
    blind=("Any onset is an impact; rolling and sliding are not told apart.",),
)  # fmt: skip
def sound(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the sounds that the prompt names are heard.

    Returns:
        0 to 1. ``Unscored`` where the prompt names no sound.

    Example:
        >>> sound(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no sound'
    """
    return share_held(verdicts(evidence_of(seen, case), "sound"), "the prompt names no sound")


@metric(
    "adherence/silence", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("onsets", "heard"), modes=AUDIBLE,
    formula="1 where the level stays below -80 dB re full scale, falling to 0 at -40 dB; 0 where an onset is heard",
    source="own", own=("unasked_sound",),
    blind=("Only prompts that forbid every sound are judged.",),
)  # fmt: skip
def silence(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether nothing is heard where the prompt forbids it.

    Returns:
        0 to 1. ``Unscored`` where the prompt does not ask for silence.

    Example:
        >>> silence(Observation(), Case.outside("a ball bounces")).reason
        'the prompt does not ask for silence'
    """
    return share_held(verdicts(evidence_of(seen, case), "silence"), "the prompt does not ask for silence")


@metric(
    "adherence/room", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("room",), modes=AUDIBLE,
    formula="1 while |ln(decay heard / decay of the room)| <= ln 1.6, falling to 0 at ln 2.6",
    source="own; decay by ISO 3382 on the rooms as built", own=("room",),
    coupled={"silence": "nothing decays in silence", "dropped_impact": "where nothing is struck nothing decays"},
    blind=("Rooms of like decay (classroom and bathroom) are the same to it.",),
)  # fmt: skip
def room(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether it sounds like the room that the prompt names.

    Returns:
        0 to 1. ``Unscored`` where the prompt names no room, or nothing sounds that ends.

    Example:
        >>> room(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no room'
    """
    return share_held(verdicts(evidence_of(seen, case), "room"), "the prompt names no room")
