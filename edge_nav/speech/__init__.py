"""Voice out: the queue, text-to-speech backends, earcons and audio outputs."""
