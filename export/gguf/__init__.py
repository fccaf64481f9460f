"""A decoder as a GGUF file that llama.cpp runs."""
