"""Wheel files: what they say of themselves, what is in them, and where their tags reach."""
