"""Laws of motion and of common sense, one kind a file; importing registers."""

from kinema.metrics.laws import drag, exchange, looks, onward, order, parabola, place, swing, time, turning

__all__ = ["drag", "exchange", "looks", "onward", "order", "parabola", "place", "swing", "time", "turning"]
