"""Checkpoints to bundles: ONNX, GGUF and a report of their parity."""
