"""A small world with exact depth."""
