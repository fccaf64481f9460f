"""What stands, hangs or falls away: found, followed and remembered."""
