"""The nano depth network: definition, training, evaluation."""
