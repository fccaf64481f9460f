"""A picture and words in, words out: llama.cpp, GGUF files, prompts, the vision encoder."""
