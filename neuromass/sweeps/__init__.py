"""Sweeps: a system measured at many points of its parameters."""
