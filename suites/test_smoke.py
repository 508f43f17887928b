"""Does the project do what the user's smoke code asks of it?"""


def test_smoke(cell, bench, wheel, installed, smoke_code, verdict):
    verdict(bench.smoke(cell, wheel, smoke_code))
