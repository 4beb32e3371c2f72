"""Does it look like a film? Numbers about the picture alone; what moves how is not asked here."""

from __future__ import annotations

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

__all__ = ["flicker", "sharpness"]

MOST_FLICKER = 20.0  # grey levels of 255; white noise that hides the subject
MOST_SHARPNESS = 1.0


@metric(
    "realism/flicker", version=1, unit="levels", better="lower", best=0.0, worst=MOST_FLICKER, needs=("picture",),
    source="picture.flicker of the observation: how much the still background changes from frame to frame",
)  # fmt: skip
def flicker(seen: Observation, case: Case) -> Scored | Unscored:
    """How much the background, which should stand still, changes from frame to frame, in grey levels of 255.

    Returns:
        0 for a background that does not change, at most 20. ``Unscored`` where fewer than two frames were seen.

    Example:
        >>> flicker(Observation(picture={"flicker": 0.5}), Case.outside("a ball bounces")).value
        0.5
    """
    value = seen.picture.get("flicker")
    if value is None:
        return Unscored(reason="too few frames to see a flicker")
    return Scored(
        value=min(MOST_FLICKER, value), why=f"The background changes by {value:.2f} grey levels from frame to frame."
    )


@metric(
    "realism/sharpness", version=1, unit="-", better="higher", best=MOST_SHARPNESS, worst=0.0, needs=("picture",),
    source="picture.sharpness of the observation",
)  # fmt: skip
def sharpness(seen: Observation, case: Case) -> Scored | Unscored:
    """How sharp the picture is.

    Returns:
        0 for a picture without detail. ``Unscored`` where no frame was seen.

    Example:
        >>> sharpness(Observation(picture={"sharpness": 0.25}), Case.outside("a ball bounces")).value
        0.25
    """
    value = seen.picture.get("sharpness")
    if value is None:
        return Unscored(reason="there is no picture")
    return Scored(value=min(MOST_SHARPNESS, value), why=f"Sharpness is {value:.3f}.")
