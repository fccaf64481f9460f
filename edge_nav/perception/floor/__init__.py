"""The floor: its plane, its labels, where it was seen, which way is up."""
