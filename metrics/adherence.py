"""Does the clip show what the prompt names? Statement by statement; what is heard, and the picture as a whole: ``adherence_scene.py``."""

from __future__ import annotations

import numpy as np

import kinema.metrics.claims_body
import kinema.metrics.claims_picture
import kinema.metrics.claims_sound
import kinema.metrics.claims_time  # noqa: F401  (importing these four fills the table of checks)
from kinema.metrics.claims import Verdict, evidence_of, verdicts
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

__all__ = ["claims", "colour", "count", "direction", "event", "order", "shape", "share_held", "size_order", "stays", "timing"]

VISIBLE = ("t2v", "i2v", "v2v", "a2v")  # modes in which the picture is the generator's own
LATEST_MS = 1000.0  # ms, beyond which it does not matter how late
TAKES = "Takes of the truth start up to 0.25 s late, so less cannot be told from a correct clip."


def share_held(found: list[Verdict], nothing: str) -> Scored | Unscored:
    """Mean of what can be decided, or why nothing can.

    Args:
        found: results of the statements of one kind.
        nothing: what to say where the prompt makes no such statement.
    """
    if not found:
        return Unscored(reason=nothing)
    decided = [verdict for verdict in found if verdict.holds is not None]
    if not decided:
        return Unscored(reason=found[0].why)
    value = float(np.mean([verdict.holds for verdict in decided]))
    said = "; ".join(verdict.why for verdict in decided[:4]) + ("; and so on" if len(decided) > 4 else "")
    details = {"claims": [verdict.to_json() for verdict in found]}
    return Scored(value=value, why=f"{sum(one.met for one in decided)} of {len(decided)} hold: {said}.", details=details)


@metric(
    "adherence/claims", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="mean over decidable statements of how well each holds, 0 to 1",
    source="own: how far the clip meets the prompt's checkable statements; T2V-CompBench and VBench score one property a prompt",
    own=("colour_swap", "count_swap", "direction_swap", "shape_swap", "order_swap", "size_swap", "move_swap", "style_swap", "light_swap",
         "stiffen", "mirror", "vanish", "duplicate", "silence", "dropped_impact", "noise_sound", "room", "unasked_sound"),
    coupled={"shuffled_sound": "another scene's sounds are not those asked for, some of which it may have",
             "reversal": "what runs backwards sets out another way and is first where it should be last",
             "shuffled_frames": "what frames out of order show first, and in which order, is by lot",
             "gravity": "another gravity takes bodies out of the picture, and blows out of the clip"},
    blind=("A statement that no check can decide (a material by its looks, most shapes) counts neither way.",),
)  # fmt: skip
def claims(seen: Observation, case: Case) -> Scored | Unscored:
    """How many of the things that the prompt says are true of the clip.

    Returns:
        Mean of 0 to 1 over the statements that can be decided; one counts as met from 0.7 on. ``Unscored`` where the prompt makes none.

    Example:
        >>> claims(Observation(), Case.outside("a ball bounces")).reason
        'the prompt makes no statement that can be checked'
    """
    found = verdicts(evidence_of(seen, case))
    answer = share_held(found, "the prompt makes no statement that can be checked")
    if isinstance(answer, Unscored):
        return answer
    decided = [verdict for verdict in found if verdict.holds is not None]
    missed = [f"{one.claim.kind} ({one.why})" for one in decided if not one.met]
    met = len(decided) - len(missed)
    tail = f"; not met: {'; '.join(missed[:3])}" if missed else ""
    return Scored(value=answer.value, why=f"{met} of {len(decided)} statements are met{tail}.", details=answer.details)


@metric(
    "adherence/colour", version=3, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",),
    formula="mean over bodies and frames of (1 - r) / 0.85, at most 1; r: CIEDE2000 (equal luminance, under 24) to its name over next name",
    source="Sharma, Wu, Dalal 2005 for the difference; best assignment of tracks to bodies",
    own=("colour_swap",),
    coupled={"identity_swap": "a body that takes another's looks has the wrong colour from then on",
             "style_swap": "a film shows no colours, and night tints them", "light_swap": "evening light tints them",
             "blur": "a blurred body takes on what is behind it"},
    blind=("Which of six names is nearest, not how exactly.", "A black-and-white film or a sketch is not asked for colours."),
)  # fmt: skip
def colour(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the bodies have the colours that the prompt names.

    Returns:
        How far the frames of the named bodies' tracks have the claimed colour, averaged over bodies: 0 where another name is as near; a
        body that is not there counts as 0. ``Unscored`` where the prompt names no colour, or a style without colours.

    Example:
        >>> colour(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no colour'
    """
    return share_held(verdicts(evidence_of(seen, case), "colour"), "the prompt names no colour")


@metric(
    "adherence/count", version=3, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",),
    formula="mean over the frames asked for of 1 / (1 + |visible - claimed|)^2, 0 where nothing is visible",
    source="own; GenEval and T2V-CompBench count in single frames",
    own=("count_swap", "vanish", "duplicate"),
    coupled={"interpenetration": "bodies that are sunk into one another are one", "blur": "to a blurred eye bodies that touch are one",
             "flicker": "where the light jumps bodies that touch are one", "colour_swap": "half-way colours are near the floor's"},
    blind=("Bodies that never move are background.", "Who leaves the picture over its edge, or vanishes there, is counted as still there."),
)  # fmt: skip
def count(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether there are as many bodies as the prompt says.

    Returns:
        0 to 1: a frame with one body too many or too few counts a quarter, one with none nothing; what lies beyond the clip's end is none.
        ``Unscored`` where the prompt gives no number.

    Example:
        >>> count(Observation(), Case.outside("a ball bounces")).reason
        'the prompt gives no number'
    """
    return share_held(verdicts(evidence_of(seen, case), "count"), "the prompt gives no number")


@metric(
    "adherence/direction", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",),
    formula="statements that hold / statements: where a body first moves by 0.12 of its size, the camera's own motion taken out",
    source="own; unlike T2V-CompBench's motion binding the wrong way earns nothing",
    own=("direction_swap", "mirror"),
    coupled={"reversal": "the end of a motion often leads the other way", "shuffled_frames": "which place comes first is by lot",
             "count_swap": "a body that is not there moves nowhere"},
    blind=("Only where it first moves; the way of a spinning top's stem is not followed.",),
)  # fmt: skip
def direction(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the bodies first move where the prompt says.

    Returns:
        Share of the direction claims that hold. Left and right are about the horizontal part of the motion alone; down
        and up mean that the body moves so before it moves anywhere else. ``Unscored`` where the prompt names no direction.

    Example:
        >>> direction(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no direction'
    """
    return share_held(verdicts(evidence_of(seen, case), "direction"), "the prompt names no direction")


@metric(
    "adherence/shape", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="bodies whose outline is of the claimed kind (round, or with corners) / bodies of which a shape is claimed",
    source="own", own=("shape_swap",), coupled={"count_swap": "a body that is not there has no shape"},
    blind=("Only round against angular; hoops, cylinders and balloons are not judged.",),
)  # fmt: skip
def shape(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the bodies have outlines of the kind that the prompt names.

    Returns:
        Share of the shape claims that hold. ``Unscored`` where the prompt names no shape, or none that an outline decides.

    Example:
        >>> shape(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no shape'
    """
    return share_held(verdicts(evidence_of(seen, case), "shape"), "the prompt names no shape")


@metric(
    "adherence/size_order", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="1 where the body said to be larger (longer, higher) is so by 3 %, else 0",
    source="own", own=("size_swap",),
    coupled={"count_swap": "of more than two it is not known which is meant", "colour_swap": "the bodies are told apart by colour"},
    blind=("A yes or no: by how much it is larger is not asked.",),
)  # fmt: skip
def size_order(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the larger, longer or higher of two is the one that the prompt says.

    Returns:
        1 or 0. ``Unscored`` where the prompt compares nothing.

    Example:
        >>> size_order(Observation(), Case.outside("a ball bounces")).reason
        'the prompt compares no sizes'
    """
    return share_held(verdicts(evidence_of(seen, case), "larger"), "the prompt compares no sizes")


@metric(
    "adherence/event", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="mean over events: 1 within 0.45 s of the moment asked for, falling to 0.5 at 1.2 s, 0 where not seen",
    source="own; PhyGenEval asks a language model for the same", own=("vanish",),
    coupled={"constant_velocity": "in an even glide nothing happens", "direction_swap": "what goes another way may never get there",
             "shuffled_sound": "in another scene nobody speaks", "mirror": "of a row that falls the other way the other end is last"},
    blind=(TAKES, "A splash is taken for any contact.", "What is gone after it has happened has happened: only vanishing before counts."),
)  # fmt: skip
def event(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether what the prompt says happens is seen to happen, near its time.

    Returns:
        Mean over the events (bounce, collision, topple, stop, return, comes out, passes, swap, speaks). ``Unscored`` where it names none.

    Example:
        >>> event(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no event'
    """
    return share_held(verdicts(evidence_of(seen, case), "event"), "the prompt names no event")


@metric(
    "adherence/order", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="order statements that hold / order statements: who lands, arrives or speaks first, by at least 20 ms",
    source="own", own=("order_swap",),
    coupled={"reversal": "the last becomes the first", "shuffled_frames": "which frame comes first is by lot",
             "mirror": "of a row that falls the other way the other end is first", "constant_velocity": "even glides end together"},
    blind=("Bodies of one colour that start side by side may be exchanged unnoticed.",),
)  # fmt: skip
def order(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether what the prompt says comes first does come first.

    Returns:
        Share of the statements of order that hold. ``Unscored`` where the prompt makes none.

    Example:
        >>> order(Observation(), Case.outside("a ball bounces")).reason
        'the prompt gives no order'
    """
    return share_held(verdicts(evidence_of(seen, case), "order"), "the prompt gives no order")


@metric(
    "adherence/timing", version=1, unit="ms", better="lower", best=0.0, worst=LATEST_MS, needs=("tracks",), modes=VISIBLE,
    formula="mean over moments asked for of |seen - asked|, each at most 1000 ms; not seen: 1000 ms",
    source="own", own=("late_start", "pace_drift"),
    coupled={"time_stretch": "it happens at another moment, nearer to the one asked for where the take was late",
             "direction_swap": "what goes another way may leave the picture, and then it is not seen to happen",
             "shuffled_sound": "in another scene nobody speaks", "spin": "what turns has fallen over sooner"},
    blind=(TAKES, "Whether lips move in time with the voice: when somebody speaks is taken from the mouth, where one is seen."),
)  # fmt: skip
def timing(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the moments seen are from those that the prompt asks for.

    Returns:
        ms, over the moment of the start, where the prompt gives one, and those of events. ``Unscored`` where it gives no moment.

    Example:
        >>> timing(Observation(), Case.outside("a ball bounces")).reason
        'the prompt gives no moment'
    """
    found = [one for one in verdicts(evidence_of(seen, case), "timing", "event") if one.claim.time is not None]
    decided = [one for one in found if one.holds is not None]
    if not decided:
        return Unscored(reason=found[0].why if found else "the prompt gives no moment")
    off = [LATEST_MS if one.off_s is None else min(LATEST_MS, 1000 * abs(one.off_s)) for one in decided]
    said = "; ".join(one.why for one in decided[:4])
    details = {"claims": [one.to_json() for one in found]}
    return Scored(value=float(np.mean(off)), why=f"{np.mean(off):.0f} ms off: {said}.", details=details)


@metric(
    "adherence/stays", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), modes=VISIBLE,
    formula="mean over statements (stands, in the air, afloat, in the bowl, on the track) of 0, or the share of the clip that it is seen",
    source="own", own=("vanish",), coupled={"teleport": "what jumps does not stay", "kick": "what is pushed away does not stay"},
    blind=("Whether a cloth stays on its ball is not decided.",),
)  # fmt: skip
def stays(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether what must not fall, tip or leave does not.

    Returns:
        Share of such statements that hold. ``Unscored`` where the prompt makes none that can be decided.

    Example:
        >>> stays(Observation(), Case.outside("a ball bounces")).reason
        'the prompt says of nothing that it stays'
    """
    return share_held(verdicts(evidence_of(seen, case), "stays"), "the prompt says of nothing that it stays")
