"""What the truth lets one judge about sight and sound: which of its impacts a viewer can time, and how late their sound must come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.sound_truth import expected_of, unknown
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from kinema.metrics.metric import Case
    from kinema.scenes.request import Request
    from kinema.scenes.truth import Contact, Truth

__all__ = ["ALMOST_ALL", "SOME", "SOUND_SPEED", "Impact", "audible", "impacts_of", "no_impacts", "plain", "travel"]

SOUND_SPEED = 343.0  # m/s, dry air at 20 degrees Celsius
SUDDEN_S = 0.008  # s before and after an impact
SUDDEN = 0.3  # -, of its approach speed, that a velocity in the picture changes by within that
LARGE = 0.05  # body diameters per frame by which a velocity must change to be seen to
TOGETHER_S = 0.03  # s; what comes closer together is one event to the ear (see the onset detector) and to the eye
FRAMES_APART = 3.0  # frames between changes of one body's velocity that can be told apart
EDGE_FRAMES = 3.0  # frames at both ends of a clip in which no change of velocity can be seen
QUIETEST = 10 ** (-30 / 20)  # of the greatest impulse (-30 dB): what is softer asks for nothing
SOME, ALMOST_ALL = 0.25, 0.6  # share of all that sounds (by the root of the impulse) that must be visible: for a lag, and to tell phantoms
TURNING = 0.3  # -, of its approach speed, that the rim of a body moves by turning: its middle moves on a curve, and no moment stands out
TURNED = 0.25  # rad, by which the outline of a body may turn in the frames from which its velocity is taken
HEARD_S = 0.025  # s from where it must come that the truth's own impact is heard, where sliding and rolling may cover it
REMEMBERED = 4  # cases; a dozen metrics ask the same of each


@dataclass(frozen=True, slots=True)
class Impact:
    """One event of the truth: contacts closer than 30 ms. ``plain``: a viewer at the asked rate can see it and time it."""

    t: float  # s
    impulse: float  # N s, the largest
    speed: float  # m/s, of approach
    away: float  # m, from the microphones
    plain: bool
    bodies: tuple[str, str]


_remembered: list[tuple[Truth, Request, list[Impact]]] = []


def impacts_of(case: Case) -> list[Impact]:
    """The audible events of the truth within the clip, in order of time."""
    assert case.truth is not None
    for truth, request, found in _remembered:
        if truth is case.truth and request is case.request:
            return found
    made = _impacts(case, case.truth)
    _remembered.append((case.truth, case.request, made))
    del _remembered[:-REMEMBERED]
    return made


def _impacts(case: Case, truth: Truth) -> list[Impact]:
    heard = [c for c in truth.contacts if c.t < case.request.seconds and c.approach_speed > 0]
    loudest = max((c.impulse for c in heard), default=0.0)
    visible = {c.t: _visible(c, truth, case) for c in heard}
    groups: list[list[Contact]] = []
    for contact in heard:
        if contact.impulse >= QUIETEST * loudest:
            if groups and contact.t - groups[-1][0].t < TOGETHER_S:
                groups[-1].append(contact)
            else:
                groups.append([contact])
    found = [_impact(group, groups, visible, truth, case) for group in groups]
    if not truth.rubs or unknown(case):
        return found
    onsets = np.array([onset.t for onset in expected_of(case).onsets] or [-9.0])
    audible_ = [float(np.abs(onsets - impact.t - impact.away / SOUND_SPEED).min()) < HEARD_S for impact in found]
    return [replace(impact, plain=impact.plain and heard_) for impact, heard_ in zip(found, audible_, strict=True)]


def _impact(group: list[Contact], groups: list[list[Contact]], visible: dict[float, bool], truth: Truth, case: Case) -> Impact:
    main = max(group, key=lambda c: c.impulse)
    eye = truth.cameras(np.array([main.t]))[0].eye
    mine = {name for c in group for name in c.bodies if name in {body.name for body in truth.bodies}}
    near = FRAMES_APART / case.request.fps
    close = [other for other in groups if other is not group and abs(other[0].t - group[0].t) < near]
    alone = all(mine.isdisjoint(c.bodies) for other in close for c in other)
    edge = EDGE_FRAMES / case.request.fps
    inside = edge < group[0].t < case.request.seconds - edge
    plain_ = inside and alone and any(visible[c.t] for c in group)
    return Impact(main.t, main.impulse, main.approach_speed, float(np.linalg.norm(np.array(main.point) - eye)), plain_, main.bodies)


def _visible(contact: Contact, truth: Truth, case: Case) -> bool:
    """Whether it changes a followed body's velocity in the picture at once and by enough, inside the picture."""
    if not SUDDEN_S < contact.t < case.request.seconds - SUDDEN_S:
        return False
    before, after = (min(round((contact.t + side * SUDDEN_S) * TRUTH_RATE), len(truth.times) - 1) for side in (-1, 1))
    camera = truth.cameras(np.array([contact.t]))[0]
    right, _, up = camera.axes
    jump = (truth.velocity[after] - truth.velocity[before]) @ np.stack([right, up], axis=-1)
    size = np.array([2 * body.radius for body in truth.bodies])
    change = np.linalg.norm(jump, axis=-1)
    place = camera.project(truth.position[before], case.request.width, case.request.height)
    inside = ((place > 0) & (place < [case.request.width, case.request.height])).all(axis=-1) & truth.visible[before]
    enough = (change > SUDDEN * contact.approach_speed) & (change > LARGE * size * case.request.fps)
    touching = np.array([body.name in contact.bodies for body in truth.bodies], dtype=bool)
    spin = np.maximum(*(np.linalg.norm(truth.spin[k], axis=-1) for k in (before, after)))
    steady = (spin * size / 2 < TURNING * contact.approach_speed) & (spin * FRAMES_APART / case.request.fps < TURNED)
    straight = np.array([body.form.kind == "ball" for body in truth.bodies], dtype=bool) | steady
    return bool((enough & inside & touching & straight).any())


def audible(case: Case) -> bool:
    """Whether anything touches in the truth's clip."""
    assert case.truth is not None
    return any(contact.t < case.request.seconds and contact.approach_speed > 0 for contact in case.truth.contacts)


def plain(case: Case) -> list[Impact]:
    """The impacts that a viewer can time."""
    return [impact for impact in impacts_of(case) if impact.plain]


def no_impacts(case: Case, *, least: int = 1, share: float = SOME, alone: bool = False) -> str:
    """Why sight and sound of impacts cannot be judged in this case, "" where they can.

    Args:
        case: with or without truth.
        least: how many impacts must be plain to see.
        share: how much of all that sounds must be plain to see.
        alone: whether nothing may be heard beside impacts.
    """
    truth = case.truth
    if truth is None:
        return ""
    if truth.tones or truth.utterances:
        return "what is heard here is no impact"
    if case.unfollowed:
        return case.unfollowed
    if alone and truth.rubs:
        return "sliding and rolling are heard here too, and start without an impact"
    return _too_few(impacts_of(case), least, share) if audible(case) else ""


def _too_few(found: list[Impact], least: int, share: float) -> str:
    seen = [impact for impact in found if impact.plain]
    if not seen:
        return "no impact of the truth is sudden to the eye"
    if len(seen) < least:
        return f"fewer than {least} impacts of the truth can be seen one by one"
    weight = sum(impact.impulse**0.5 for impact in found)
    if sum(impact.impulse**0.5 for impact in seen) < share * weight:
        return "most impacts of the truth are heard but cannot be seen one by one"
    return ""


def travel(case: Case) -> float:
    """Seconds that sound takes from the truth's impacts to where they are seen from (median); 0 without truth, where nobody knows."""
    if case.truth is None:
        return 0.0
    away = [impact.away for impact in impacts_of(case)]
    return float(np.median(away)) / SOUND_SPEED if away else 0.0
