"""Small wheels for what wheels do to each other: for each kind of evidence some that show it, and some that must not.

A group is a function that writes its wheels into a folder and returns them by name. ``HEALTHY`` are those on which
nothing may be found, alone or in any company.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from company_natives import (
    BOUND_AT_LOAD,
    CONSTRUCTOR,
    Library,
    Native,
    build_loading,
    build_native,
    linked_to,
)
from wheels import build_wheel, wheel_entries, write_archive

HOST = "def name():\n    return 'host'\n"
HAS_HOST = "import sys\nif 'host' in sys.modules:\n    "
# What goes wrong only where ``host`` was loaded before, or is there at all; {...} is what happens then.
BESIDE_HOST = {
    "raises": HAS_HOST + "raise RuntimeError('another host is here')",
    "crashes": HAS_HOST + "import ctypes; ctypes.string_at(0)",
    "hangs": HAS_HOST + "import time; time.sleep(600)",
    "leaves": HAS_HOST + "import os; os._exit(3)",
    "dies_at_exit": "import atexit, os, sys\natexit.register(lambda: 'host' in sys.modules and os.abort())",
    "hangs_at_exit": "import atexit, sys, time\natexit.register(lambda: 'host' in sys.modules and time.sleep(600))",
    "hates_forks": "import os, sys, time\n"
    "os.register_at_fork(after_in_child=lambda: 'late_host' in sys.modules and time.sleep(600))",
    "late_host": HOST,
    "checks": "import sys\ndef check():\n    assert 'host' not in sys.modules, 'the host is in the way'",
    "is_killed": HAS_HOST + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "talks": HAS_HOST + "print('who are you?')",
    "sets": HAS_HOST + "import os; os.environ['HOST_IS_HERE'] = '1'",
}
# Fails at every second load beside the host; the count is kept where the processes of a bench find it.
FLAKY = """
import os, sys, tempfile
if 'host' in sys.modules:
    count = os.path.join(tempfile.gettempdir(), 'flaky-count')
    with open(count, 'a') as file:
        file.write('x')
    if os.path.getsize(count) % 2:
        raise RuntimeError('not this time')
"""
# What was set up in one process is not there in its fork: the state of many thread pools and locks.
UNFORKABLE = "import os\nowner = os.getpid()\ndef check():\n    assert os.getpid() == owner, 'not my process'"
POLITE = """
import contextlib, io, locale, multiprocessing, os, signal, sys, threading, warnings
handler = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, handler)
context = multiprocessing.get_context('spawn')
with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    warnings.warn('nobody sees this')
with contextlib.redirect_stdout(io.StringIO()):
    print('nobody reads this')
flags = sys.getdlopenflags()
sys.setdlopenflags(flags | os.RTLD_GLOBAL)
sys.setdlopenflags(flags)
os.environ['POLITE'] = '1'
del os.environ['POLITE']
report = threading.excepthook
threading.excepthook = print
threading.excepthook = report
thread = threading.Thread(target=len, args=('',))
thread.start()
thread.join()
"""
# One wheel for each change of the process by plain Python.
CHANGES = {
    "takes_sigint": "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)",
    "sets_environment": "import os\nos.environ['OMP_NUM_THREADS'] = '1'",
    "sets_locale": "import locale\nlocale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')",
    "sets_dlopen_flags": "import os, sys\nsys.setdlopenflags(sys.getdlopenflags() | os.RTLD_GLOBAL)",
    "extends_path": "import sys\nsys.path.insert(0, '/work/elsewhere')",
    "silences_warnings": "import warnings\nwarnings.simplefilter('ignore')",
    "sets_start_method": "import multiprocessing\nmultiprocessing.set_start_method('spawn')",
    "prints": "print('hello from prints')",
    "takes_excepthook": "import sys\nsys.excepthook = lambda *_: None",
    "takes_thread_hook": "import threading\nthreading.excepthook = lambda *_: None",
    "profiles": "import sys\nsys.setprofile(lambda *_: None)",
    "hooks_imports": "import sys\nclass Finder:\n    find_spec = staticmethod(lambda *_: None)\n"
    "sys.meta_path.append(Finder())",
    "watches_garbage": "import gc\ngc.callbacks.append(lambda *_: None)",
    "sets_recursion_limit": "import sys\nsys.setrecursionlimit(5000)",
    "sets_umask": "import os\nos.umask(0o077)",
    "moves": "import os\nos.chdir('/')",
    "lowers_limits": "import resource\n"
    "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))",
    "starts_threads": "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
    "polite": POLITE,
}
FLUSHING_THREADS = """
import _thread
start = _thread.start_new_thread
def start_flushing(function, *rest):
    def flushed(*words, **options):
        lib.flush()
        function(*words, **options)
    return start(flushed, *rest)
_thread.start_new_thread = start_flushing
"""
HELPER = "int helper(void) { return %d; } "
USES_HELPER = HELPER + "long answer(void) { return helper(); }"
CONTROL_WORD = 'unsigned word; __asm__ volatile("stmxcsr %%0" : "=m"(word)); word %s; '
SET_WORD = CONTROL_WORD + '__asm__ volatile("ldmxcsr %%0" :: "m"(word)); '
FLUSH, ROUND_UP = "|= 0x8040", "|= 0x4000"
ANSWERS = " long answer(void) { return 42; }"
UNIQUE = """
__asm__(".data\\n.globl registry\\n.type registry, @gnu_unique_object\\n.size registry, 8\\nregistry: .quad 7\\n.text");
extern long registry;
long answer(void) { return registry; }
"""
THREAD_LOCAL = """
__attribute__((tls_model("%s"))) __thread volatile char block[%d];
long answer(void) { block[0] = 42; return block[0]; }
"""

HEALTHY = (
    "host",
    "polite",
    "own_one",
    "own_two",
    "path_one",
    "path_two",
    "hides",
    "links",
    "linked",
    "unique_one",
    "unique_two",
    "flushes_when_called",
    "restores",
    "flat_one",
    "space_one",
    "space_two",
    "keeps_tests",
    "tls_dynamic",
    "starts_threads",
    "hooks_imports",
    "watches_garbage",
)


def pure(
    folder: Path,
    name: str,
    code: str,
    requires: Sequence[str] = (),
    version: str = "1.0",
    further: Mapping[str, str] = {},
) -> Path:
    """Write a wheel with one module and further files."""
    files = {f"{name}.py": code.encode(), **{path: text.encode() for path, text in further.items()}}
    lines = [f"Requires-Dist: {requirement}" for requirement in requires]
    return build_wheel(folder, name, version, files=files, lines=lines)


def outcomes(folder: Path) -> dict[str, Path]:
    """Write wheels that fail only in company: by exception, crash, hang, exit, in a fork, in their smoke code."""
    codes = {"host": HOST, **BESIDE_HOST, "flaky": FLAKY, "unforkable": UNFORKABLE}
    return {name: pure(folder, name, code) for name, code in codes.items()}


def captures(folder: Path) -> dict[str, Path]:
    """Write wheels whose libraries have plain SONAMEs, and others whose names are their own."""

    def package(name: str, file: str, value: int, source: str = "", content: str = "") -> Path:
        library = Library(file=file, source=content or HELPER % value)
        native = Native(
            source=source or "int helper(void); long answer(void) { return helper(); }",
            flags=[*linked_to(file), BOUND_AT_LOAD],
            libraries=[library],
        )
        return build_native(folder, name, native)

    newer = HELPER % 3 + "int newer(void) { return 3; }"
    wants_newer = "int newer(void); long answer(void) { return newer(); }"
    return {
        "plain_one": package("plain_one", "libplain.so.1", 1),
        "plain_two": package("plain_two", "libplain.so.1", 2),
        "plain_newer": package("plain_newer", "libplain.so.1", 3, wants_newer, newer),
        "twin_one": package("twin_one", "libtwin.so.1", 5),
        "twin_two": package("twin_two", "libtwin.so.1", 5),
        "own_one": package("own_one", "libplain-0a1b2c3d.so.1", 1),
        "own_two": package("own_two", "libplain-4e5f6a7b.so.1", 2),
        "path_one": build_loading(folder, "path_one", Library(file="libpath.so.1", source=HELPER % 1)),
        "path_two": build_loading(folder, "path_two", Library(file="libpath.so.1", source=HELPER % 2)),
        "asks_sqlite": package("asks_sqlite", "libsqlite3.so.0", 1, ANSWERS),
        "uses_sqlite": package("uses_sqlite", "libsqlite3.so.0", 1),
        "takes_sqlite": build_loading(folder, "takes_sqlite", Library(file="libsqlite3.so.0", source=HELPER % 1)),
        "omp_one": build_loading(folder, "omp_one", Library(file="libgomp-11aa.so.1.0.0", source=HELPER % 1)),
        "omp_two": build_loading(folder, "omp_two", Library(file="libgomp-22bb.so.1.0.0", source=HELPER % 2)),
        "owns_sqlite": build_loading(folder, "owns_sqlite", Library(file="libsqlite3-99ab.so.0", source=HELPER % 1)),
    }


def bindings(folder: Path) -> dict[str, Path]:
    """Write wheels that show symbols to all, that take such symbols, that hide theirs, and that link on purpose."""
    shown = Library(file="libshown.so", source=HELPER % 1)
    same = Library(file="libsame.so", source=HELPER % 2)
    base = Library(file="libbase.so", source="int base(void) { return 7; }")
    on_base = "int base(void); long answer(void) { return base(); }"
    linked = Native(source=on_base, flags=[*linked_to("libbase.so"), BOUND_AT_LOAD], libraries=[base])
    return {
        "shows": build_loading(folder, "shows", shown, "ctypes.RTLD_GLOBAL"),
        "shows_same": build_loading(folder, "shows_same", same, "ctypes.RTLD_GLOBAL"),
        "takes": build_native(folder, "takes", Native(source=USES_HELPER % 2, flags=[BOUND_AT_LOAD])),
        "hides": build_native(folder, "hides", Native(source=USES_HELPER % 2, flags=["-fvisibility=hidden"])),
        "linked": build_native(folder, "linked", linked),
        "links": build_native(
            folder,
            "links",
            Native(
                source=on_base,
                flags=[*linked_to("libbase.so"), BOUND_AT_LOAD],
                requires=["linked"],
                init="import linked\nfrom ._native import answer\n",
            ),
            beside=["linked"],
        ),
        "unique_one": build_native(folder, "unique_one", Native(source=UNIQUE)),
        "unique_two": build_native(folder, "unique_two", Native(source=UNIQUE)),
    }


def floating_point(folder: Path) -> dict[str, Path]:
    """Write wheels that change how numbers are computed: when loaded, when called, for later threads, for a moment."""
    flush = f"void flush(void) {{ {SET_WORD % FLUSH} }}".replace("%%", "%")
    restored = f"{SET_WORD % FLUSH} {{ {SET_WORD % '&= ~0x8040'} }}".replace("%%", "%")
    sources = {
        "flushes": flush + CONSTRUCTOR + "{ flush(); }",
        "flushes_when_called": flush,
        "rounds_up": CONSTRUCTOR + f"{{ {SET_WORD % ROUND_UP} }}".replace("%%", "%"),
        "restores": CONSTRUCTOR + f"{{ {restored} }}",
    }
    made = {
        name: build_native(folder, name, Native(source=source + ANSWERS, flags=["-fvisibility=hidden"]))
        for name, source in sources.items()
    }
    library = Library(file="libflush.so", source=flush)
    made["flushes_threads"] = build_loading(folder, "flushes_threads", library, init=FLUSHING_THREADS)
    made["fast_math"] = build_native(folder, "fast_math", Native(flags=["-ffast-math"]))
    counts = "def check():\n    least = 5e-324\n    assert least * 1.0 > 0.0 and least / 1.0 > 0.0, 'numbers vanish'\n"
    made["counts"] = pure(folder, "counts", counts)
    return made


def process_state(folder: Path) -> dict[str, Path]:
    """Write wheels that change the process, in Python and behind its back."""
    natives = {
        "takes_sigusr1": "#include <signal.h>\nstatic void nothing(int number) {}\n"
        + CONSTRUCTOR
        + "{ signal(SIGUSR1, nothing); }",
        "sets_c_environment": "#include <stdlib.h>\n" + CONSTRUCTOR + '{ setenv("COMPANY_LEVEL", "3", 1); }',
        "prints_natively": "#include <unistd.h>\n" + CONSTRUCTOR + '{ if (write(1, "native words\\n", 13)) {} }',
    }
    made = {name: build_native(folder, name, Native(source=source + ANSWERS)) for name, source in natives.items()}
    return made | {name: pure(folder, name, code) for name, code in CHANGES.items()}


def executable_stack(folder: Path) -> dict[str, Path]:
    """Write a wheel that asks for an executable stack."""
    return {"runs_stack": build_native(folder, "runs_stack", Native(flags=["-z", "execstack"]))}


def files(folder: Path) -> dict[str, Path]:
    """Write wheels that write the same paths, own names that nobody should own, or lie in RECORD."""
    shared = {"shared_words.py": "WORDS = 1\n"}
    made = {
        "flat_one": pure(folder, "flat_one", "import flat_shared", further={"flat_shared.py": "ONE = 1\n"}),
        "words_one": pure(folder, "words_one", "", further=shared),
        "words_two": pure(folder, "words_two", "", further={"shared_words.py": "WORDS = 2\n"}),
        "words_again": pure(folder, "words_again", "", further=shared),
        "needs_one": pure(folder, "needs_one", "", ["words-one"]),
        "needs_two": pure(folder, "needs_two", "", ["words-two"]),
        "needs_both": pure(folder, "needs_both", "", ["words-one", "words-two"]),
        "space_one": pure(folder, "space_one", "", further={"company_space/one.py": ""}),
        "space_two": pure(folder, "space_two", "", further={"company_space/two.py": ""}),
        "brings_tests": pure(folder, "brings_tests", "", further={"tests/__init__.py": "", "tests/test_it.py": ""}),
        "keeps_tests": build_wheel(
            folder, "keeps_tests", files={"keeps_tests/__init__.py": b"", "keeps_tests/tests/__init__.py": b""}
        ),
    }
    return made | {name: _lying(folder, name) for name in ("false_hash", "hides_file", "lists_file")}


def _lying(folder: Path, name: str) -> Path:
    """Write a wheel whose RECORD has a false hash, lacks a file, or names one that is not there."""
    entries = wheel_entries(name, "1.0", {f"{name}.py": b"WORDS = 1\n"})
    record = f"{name}-1.0.dist-info/RECORD"
    lines = entries[record].decode().splitlines()
    if name == "false_hash":
        entries[f"{name}.py"] = b"WORDS = 2\n"
    elif name == "hides_file":
        lines = [line for line in lines if not line.startswith(f"{name}.py")]
    else:
        lines.append(lines[0].replace(f"{name}.py", "nowhere.py"))
    entries[record] = ("\n".join(lines) + "\n").encode()
    return write_archive(folder / f"{name}-1.0-py3-none-any.whl", entries)


def static_tls(folder: Path) -> dict[str, Path]:
    """Write wheels whose thread-local blocks fit into the surplus of glibc (about 1,600 bytes) two at a time."""
    made = {
        name: build_native(folder, name, Native(source=THREAD_LOCAL % ("initial-exec", 700)))
        for name in ("tls_one", "tls_two", "tls_three")
    }
    made["tls_dynamic"] = build_native(folder, "tls_dynamic", Native(source=THREAD_LOCAL % ("global-dynamic", 4000)))
    return made


def crowd(folder: Path) -> dict[str, Path]:
    """Write eight wheels of which exactly three fail together, and no two of them."""
    third = (
        "import sys\nif 'part_one' in sys.modules and 'part_two' in sys.modules:\n    raise RuntimeError('all three')"
    )
    codes = {"part_one": HOST, "part_two": HOST, "part_three": third}
    codes |= {f"passer_{number}": HOST for number in ("a", "b", "c", "d", "e")}
    return {name: pure(folder, name, code) for name, code in codes.items()}


def conflicts(folder: Path) -> dict[str, Path]:
    """Write two wheels that want different releases of a third, and these; the two need not be installed together."""
    return {
        "wants_old": pure(folder, "wants_old", "import core\nassert core.AGE == 1", ["core==1.0"]),
        "wants_new": pure(folder, "wants_new", "import core\nassert core.AGE in (1, 2)", ["core==2.0"]),
        "core-1": pure(folder / "links", "core", "AGE = 1"),
        "core-2": pure(folder / "links", "core", "AGE = 2", version="2.0"),
    }
