"""What every system with musl has, measured or not: the C library itself, under each name that its loader takes for it.

Sources: PEP 656, and ``load_library`` in musl's ldso/dynlink.c (1.2.5).
"""

import re

# musl is one file. Its loader never looks for these, whatever follows the first dot: libc.so.6 is musl too.
ITSELF = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\.|ld-musl-")


def is_musl_itself(library: str) -> bool:
    """Tell whether musl's loader takes a library for musl."""
    return ITSELF.match(library) is not None
