"""From the microphone to a question in words: voice activity, push to talk, recognisers."""
