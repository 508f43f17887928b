"""Does everything in the wheel import and load: its packages, extension modules, shared objects and programs?"""


def test_import(cell, bench, wheel, installed, verdict):
    verdict(bench.imports(cell, wheel))
