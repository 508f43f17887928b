"""Does installing or loading the wheel change anything that others in the process would notice?"""


def test_effects(cell, bench, wheel, installed, company, verdict):
    verdict(company.effects(cell, wheel))
