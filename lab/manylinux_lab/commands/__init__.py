"""The commands of ``manylinux-lab``, one module each."""
