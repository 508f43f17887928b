"""What earlier runs have seen, in one file, and what changed since.

========================== =============================================================================================
what a cell depends on     ``conditions`` collects it, ``key`` makes one name of it
the file                   ``store`` keeps runs and results, ``opening`` tells what is wrong with it, ``migrations`` has
                           its schema; ``keeping`` brings a run's files into it
what need not be asked     ``cache``
what changed, and why      ``pairing`` finds the two results of a question, ``changes`` what became of it, ``causes``
                           why; ``again`` asks what nothing explains once more
how it fares               ``trends``
since when it fails        ``bisecting`` chooses what to ask next, ``variants`` makes the run that asks it,
                           ``bisect_log`` remembers the answers
========================== =============================================================================================
"""
