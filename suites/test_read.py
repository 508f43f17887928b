"""Is the file a wheel that an installer could read? Known when the plan was made; no bench is needed."""


def test_read(cell, verdict):
    verdict(cell.finding)
