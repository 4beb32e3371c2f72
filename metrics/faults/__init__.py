"""Known faults in known doses. Controls are made of them, and every metric must notice its own and no other.

A fault of the motion turns a truth into a faulty one whose contacts, and so whose sound, stay those of the unfaulted
take: one fault at a time. A fault of the clip turns a clip into a faulty clip of the same length. ``FAULTS`` holds all that
``kinema validate`` tries, each with doses from slight to gross; the plain functions beside it are what controls are made of.
"""

import kinema.metrics.faults.framing
import kinema.metrics.faults.heard
import kinema.metrics.faults.looks
import kinema.metrics.faults.moved
import kinema.metrics.faults.paths
import kinema.metrics.faults.seen
import kinema.metrics.faults.staged
import kinema.metrics.faults.times
import kinema.metrics.faults.unasked
import kinema.metrics.faults.wrong_room  # noqa: F401  (importing registers)
from kinema.metrics.faults.fault import FAULTS, Fault, Shot
from kinema.metrics.faults.simple import (
    click_track,
    constant_velocity,
    degraded,
    late_sound,
    reversed_,
    shuffled_sound,
    silent,
    static,
    sticks,
    vanish,
    worn,
)

__all__ = [
    "FAULTS",
    "Fault",
    "Shot",
    "click_track",
    "constant_velocity",
    "degraded",
    "late_sound",
    "reversed_",
    "shuffled_sound",
    "silent",
    "static",
    "sticks",
    "vanish",
    "worn",
]
