"""Do the wheels work in one process, loaded in this order, as each does alone?"""


def test_coload(cell, bench, company, verdict):
    verdict(company.coload(cell))
