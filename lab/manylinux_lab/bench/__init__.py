"""What happens on a bench: the probe, the conversation with it, and what its events come to.

========================== ============================================================================================
on the bench               ``probe``, the only code that runs there
the conversation           ``connection`` opens a container with the probe, ``session`` speaks with it, ``losses`` says
                           whose doing a lost probe is, ``installing`` has the command lines of installers
one wheel                  ``workbench`` asks; ``findings`` reads an event, ``outcomes`` blames
wheels together            ``together`` asks; ``gathering`` puts them on the bench, ``roster`` and ``parties`` say who
                           is who and what is asked of each, ``controls`` asks of each alone, ``sharing`` spares the
                           other workers that
========================== ============================================================================================
"""
