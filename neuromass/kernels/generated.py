"""Stands for generated code: numba keeps the compiled kernels under this file's name.

The text of a kernel is made in `neuromass.kernels.text`; its name holds a hash of it.
"""
