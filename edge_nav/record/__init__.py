"""The guidance log, session recording, replay and pictures of what was perceived."""
