"""Populations: the core that kernels work on, and the object around it."""
