"""Scene to callouts: the table of alerts, the policy and the phrases."""
