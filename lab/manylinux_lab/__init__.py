"""A compatibility test lab for Python wheels on Linux."""

__version__ = "0.1.0"
