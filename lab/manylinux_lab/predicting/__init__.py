"""What a wheel's facts say about distros on which nothing is run.

========================== ============================================================================================
what a wheel needs         ``needs``: libraries, versions and what some system refuses; ``searching`` asks whether the
                           loader finds the libraries that the wheel brings, ``modules`` which extension modules a
                           Python would load, ``loaded`` knows functions that need no library named
what a distro has          ``profile`` is the measured ABI of a distro, ``surveying`` measures one on a bench;
                           ``dropped``, ``musl`` and ``ground`` are what is known besides, ``best_profile`` puts them
                           together
what would happen          ``predict`` holds needs against a profile, ``forecast`` adds the promise of the tags,
                           ``spans`` tells many releases of a distro in a line
whether a tag is true      ``truth`` by the policies alone, with what ``obstacles`` stand in the way; ``oddities`` are
                           notes; ``preference`` orders several wheels of a release; ``inspection`` is all of it
what to take               ``scenes`` are the environments that a user names, ``choosing`` takes wheels there,
                           ``writing`` makes files of the choice
========================== ============================================================================================
"""
