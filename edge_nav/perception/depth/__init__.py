"""Frame to metres: what runs a depth network, and what sets its scale."""
