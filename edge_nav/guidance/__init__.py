"""Scene to callouts: the hazard table, the policy and the phrases."""
