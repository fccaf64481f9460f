"""PyTorch models: definitions, checkpoints, training and evaluation."""
