"""Does the bench's installer install the wheel, with everything that it requires?"""


def test_install(cell, bench, wheel, verdict):
    verdict(bench.installation(cell, wheel))
