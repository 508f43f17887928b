"""Lets ``pytest suites --wheel X --distro Y`` in a checkout be the same run as ``manylinux-lab run X --distro Y``."""

pytest_plugins = ["manylinux_lab.plugin.hooks", "pytester"]
