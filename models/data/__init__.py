"""Frames with truth: generated, verified, read."""
