"""What wheels do to each other: orders of loading, evidence of disturbance, and the causes of a failure.

========================== ============================================================================================
what is asked              ``orders``; ``shrink`` makes a failing one small; ``neighbours`` are projects to load
                           beside; ``static_tls`` finds an order that uses it up
what was seen              ``observation`` checks events once; ``ground`` knows whose file is whose; ``archives`` what
                           the files tell without being run
against alone              ``comparison`` of both, from ``deviation`` (outcomes), ``capture`` (libraries), ``bindings``
                           (symbols), ``drift`` (state of the process), ``files`` and ``runtimes``; ``effects`` is what
                           one does to all
what it weighs             ``confirming`` repeats it, ``evidence`` is the table of weights, ``explain`` finds the
                           cause, ``weighing`` makes the outcome; ``troubled`` where a wheel does not load even alone
========================== ============================================================================================
"""
