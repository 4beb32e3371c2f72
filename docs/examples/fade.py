"""A generator of your own: any object with ``generate(request)`` that returns a clip."""

import numpy as np

import kinema


class Fade:
    """Fades from a shade that belongs to the request's seed to white, and hums."""

    def generate(self, request):
        shade = np.random.default_rng(request.seed).uniform(0, 128)
        level = np.linspace(shade, 255, request.frame_count)
        frames = np.broadcast_to(level[:, None, None, None], (request.frame_count, request.height, request.width, 3))
        times = np.arange(request.frame_count) / request.fps
        hum = 0.1 * np.sin(2 * np.pi * 110 * np.arange(int(16000 * request.seconds)) / 16000)
        return kinema.Clip(frames.astype(np.uint8), times, hum[None].astype(np.float32), 16000)
