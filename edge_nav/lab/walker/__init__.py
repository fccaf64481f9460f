"""A simulated person who walks towards a goal, and acts on what they hear and touch, never on what is there unseen."""
