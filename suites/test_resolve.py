"""Does the bench's installer find a wheel for the requirement? A silent fallback to an sdist is a failure."""


def test_resolve(cell, verdict):
    verdict(cell.finding)
