"""Kernels in C++ for what has to read every character of a corpus, compiled on first use."""
