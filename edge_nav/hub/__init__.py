"""Checkpoints and bundles from a model hub: listed, fetched with resume, and kept only when every byte is verified."""
