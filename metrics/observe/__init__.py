"""Seeing and hearing a clip, once."""
