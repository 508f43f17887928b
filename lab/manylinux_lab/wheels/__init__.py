"""Wheel files: what they say of themselves, what is in them, and where their tags reach.

========================== ============================================================================================
a wheel as a record        ``wheel`` and ``reading``; ``tags`` says where it reaches, ``policies`` what a policy
                           promises
the archive                ``archive`` opens it without trust, ``whole`` reads all facts in one pass; ``metadata``,
                           ``record``, ``listing``, ``contents`` and ``surface`` are what a pass tells of names, files
                           and sizes
its ELF files              ``elf`` has the facts, ``elf_reading`` reads them, with ``binary`` for headers, ``dynamic``
                           for the dynamic section, ``elf_needs`` and ``symbols`` for bulk tables; ``symbol_table``
                           lists names when asked
judged from one file       ``constructors``: does it change how the CPU computes; ``search_path``: does it lead
                           outside; ``stable_abi``: does it keep to the limited API
memory                     ``remembered`` keeps facts by sha256, ``digests`` the sha256 of files
========================== ============================================================================================
"""
