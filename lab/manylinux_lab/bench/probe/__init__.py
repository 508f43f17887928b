"""The program that runs on a bench: it does what the lab asks and reports events; it has no opinions.

Python 3.6 to 3.15 and the standard library only, nothing else of ours: the lab copies this one folder to the bench.
Importing it does nothing; the host computes ``control`` too, to compare it. docs/probe.md describes the protocol.
"""
