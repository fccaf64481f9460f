"""Full-size checkpoints of random numbers: for benchmarks and proofs of scale that need no trained weights."""
