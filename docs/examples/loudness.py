"""A metric of your own: how loud the loudest sound is."""

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation


@metric(
    "sync/loudest", version=1, unit="dB", better="higher", best=0.0, worst=-120.0, needs=("onsets",), source="peak level of onsets"
)
def loudest(seen: Observation, case: Case) -> Scored | Unscored:
    """How loud the loudest sound is, in dB below full scale.

    Returns:
        Its level, -120 where nothing is heard. ``Unscored`` where the truth is silent.

    Example:
        >>> loudest(Observation.of(onsets=[0.5]), Case.outside("a ball bounces")).value
        -20.0
    """
    if case.truth is not None and not case.truth.contacts:
        return Unscored(reason="nothing is to be heard")
    level = max((onset.level_db for onset in seen.onsets), default=-120.0)
    return Scored(value=max(level, -120.0), why=f"The loudest sound is {level:.0f} dB below full scale.")
