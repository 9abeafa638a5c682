"""Compiled steps and loops. Numba is imported here and nowhere else."""
