"""How far the corridor is free, and which way leads on."""
