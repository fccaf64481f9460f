"""Whether an exported file gives what its checkpoint gives."""
