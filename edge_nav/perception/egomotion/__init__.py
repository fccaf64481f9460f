"""How the walker moved between two frames."""
