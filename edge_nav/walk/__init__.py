"""Wires one walk: the only room with threads."""
