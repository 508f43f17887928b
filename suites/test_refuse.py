"""Is the wheel refused where its tag does not reach? Its files are loaded by force as well, as a fact."""


def test_refuse(cell, bench, wheel, verdict):
    verdict(bench.refusal(cell, wheel))
