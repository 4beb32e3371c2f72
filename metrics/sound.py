"""Axis ``sync``, the part that is about what is heard: importing this registers its metrics."""

from __future__ import annotations

from kinema.metrics.sound_impacts import decay, material, pitch
from kinema.metrics.sound_place import doppler, stereo, tone
from kinema.metrics.sound_room import echo, room_decay
from kinema.metrics.sound_voice import mouth, voice_who

__all__ = ["decay", "doppler", "echo", "material", "mouth", "pitch", "room_decay", "stereo", "tone", "voice_who"]
