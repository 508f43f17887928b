"""Starts the probe on a bench: ``PYTHON -I -B /lab/probe``."""

import importlib
import os
import sys

if __name__ == "__main__":
    # Python takes a folder that it is told to run for loose modules and puts it on the path. With its parent there
    # instead, it is the package ``probe``, and relative imports work on a bench as they do on the host, where the same
    # folder is ``manylinux_lab.bench.probe``. Then the path is again what -I makes it: nothing of the lab is on it.
    sys.path[0] = os.path.dirname(os.path.abspath(sys.path[0]))
    server = importlib.import_module("probe.server")
    del sys.path[0]
    server.serve()
