"""Bodies of tools/benchmark.py: counts, memory and speed, ours next to others'."""
