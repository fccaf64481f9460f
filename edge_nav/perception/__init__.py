"""Frame to Scene: depth, ground, obstacles, tracks and free path."""
