"""Scenes as plain data, drawn with exact depth, and the simulated person who walks through them."""
