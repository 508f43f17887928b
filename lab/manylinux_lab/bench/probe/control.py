"""The control: a small computation that bench and host must agree on."""

import hashlib
import math
import struct
import zlib


def control() -> "dict[str, str]":
    """Compute what any correct machine must agree on; floats have 12 digits, as x87 and C libraries differ beyond.

    An emulator that gets one of them wrong cannot be trusted with a wheel (QEMU 7.2's default arm64 CPU was one).
    """
    text = bytes(range(256)) * 64
    matrix = [[(row * 7 + column * 3) % 11 / 8.0 for column in range(9)] for row in range(9)]
    product = [sum(a * b for a, b in zip(row, column)) for row in matrix for column in zip(*matrix)]
    curve = [math.sin(x / 7.0) * math.exp(-x / 50.0) + math.sqrt(x) + math.log1p(x) for x in range(1, 200)]
    packed = struct.pack("<64d", *[value / 3.0 for value in range(64)]) + struct.pack(
        "<64f", *[float(v * v) for v in range(64)]
    )
    return {
        "sha256": hashlib.sha256(text).hexdigest(),
        "crc32": "%08x" % (zlib.crc32(zlib.decompress(zlib.compress(text, 6))) & 0xFFFFFFFF),
        "matrix": "%.12g %.12g" % (math.fsum(product), sum(value * place for place, value in enumerate(product))),
        "curve": "%.12g" % math.fsum(curve),
        "struct": "%08x" % (zlib.crc32(struct.pack("<64f", *struct.unpack("<64f", packed[512:]))) & 0xFFFFFFFF),
        "power": "%x" % pow(3, 1009, (1 << 127) - 1),
        "division": "%.12g" % math.fsum(value / 3.0 for value in range(1, 1000)),
    }
