"""Is someone speaking? The Silero VAD network (v6, MIT licence beside it) in ONNX Runtime, on one CPU thread."""

from __future__ import annotations

import importlib.resources
from typing import Any

import numpy as np

from edge_nav.listening.sound import BLOCK, RATE_HZ, SoundSamples

CONTEXT = 64
"""Samples of the block before that the network wants to see again."""


class VoiceActivity:
    """Keeps the network's memory from block to block."""

    def __init__(self) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = importlib.resources.files("edge_nav.listening").joinpath("silero_vad.onnx").read_bytes()
        self._session: Any = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._rate = np.array(RATE_HZ, np.int64)
        self._input = np.zeros((1, CONTEXT + BLOCK), np.float32)
        self.forget()

    def forget(self) -> None:
        """Begin anew, as after a gap in the sound."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._input[:] = 0

    def probability(self, block: SoundSamples) -> float:
        """Probability of speech, 0..1, in one block of float32 [BLOCK]. Raises ValueError for another length."""
        if block.shape != (BLOCK,):
            raise ValueError(f"a block has shape {block.shape}, the network takes ({BLOCK},)")
        self._input[0, :CONTEXT] = self._input[0, -CONTEXT:]
        self._input[0, CONTEXT:] = block
        feed = {"input": self._input, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, feed)
        return float(probability[0, 0])
