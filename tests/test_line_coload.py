"""The line with wheels that share a process: each kind of evidence is found where it is, and nowhere else."""

import shutil
from pathlib import Path

import company_wheels
import pytest
from company_rows import Row, clean, company, compared, effects, fails, notes, smokes, warns, written
from line import both_engines, on, run

from manylinux_lab.coload.evidence import Kind

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("cc") is None, reason="the wheels are compiled here, and there is no 'cc'"),
]


COMPANIES = (
    fails("host,raises", "'raises' cannot be imported after 'host': RuntimeError: another host is here"),
    clean("raises,host"),
    fails("host,crashes", "crashed with SIGSEGV (segmentation fault) while being imported"),
    fails("host,leaves", "ended the process with exit code 3 while being imported"),
    fails("host,dies_at_exit", "the interpreter then crashed with SIGABRT (abort) while ending"),
    fails("dies_at_exit,host", "the interpreter then crashed with SIGABRT (abort) while ending"),
    fails("host,checks", "smoke code of 'checks' fails in one process with 'host': AssertionError: the host is in"),
    fails("checks,host", "smoke code of 'checks' fails in one process with 'host': AssertionError: the host is in"),
    Row(order="host,is_killed", verdict="unknown", words="memory"),
    warns("host,talks", "prints only when the others are loaded too: 'who are you?'", Kind.NOISE),
    warns("host,sets", "changes the environment variable 'HOST_IS_HERE' only when the others are loaded too"),
    warns("host,flaky", "RuntimeError: not this time", Kind.FLAKY),
    notes("unforkable,host", "not my process", Kind.METHOD),
    clean("host,unforkable"),
    fails("plain_one,plain_two", "was given 'libplain.so.1' of 'plain-one' instead of its own"),
    fails("plain_two,plain_one", "was given 'libplain.so.1' of 'plain-two' instead of its own", Kind.CAPTURED),
    fails("plain_one,plain_newer", "was given 'libplain.so.1' of 'plain-one' instead of its own"),
    fails("plain_newer,plain_one", "was given 'libplain.so.1' of 'plain-newer' instead of its own", Kind.CAPTURED),
    warns("twin_one,twin_two", "instead of its own; both files have the same content", Kind.CAPTURED_TWIN),
    warns("twin_two,twin_one", "instead of its own; both files have the same content", Kind.CAPTURED_TWIN),
    fails("takes_sqlite,stdlib", "'libsqlite3.so.0' of 'takes-sqlite'"),
    clean("stdlib,takes_sqlite"),
    clean("owns_sqlite,stdlib"),
    warns(
        "stdlib,asks_sqlite", "was given 'libsqlite3.so.0' of the system instead of its own", Kind.CAPTURED_BY_SYSTEM
    ),
    fails("stdlib,uses_sqlite", "it was given 'libsqlite3.so.0' of the system instead of its own"),
    clean("stdlib,owns_sqlite"),
    notes("omp_one,omp_two", "OpenMP", Kind.RUNTIMES),
    fails("shows,takes", "uses a symbol of 'shows', such as 'helper'"),
    clean("takes,shows"),
    warns(
        "shows_same,takes", "'takes' uses 1 symbol of 'shows-same' instead of its own, such as 'helper'", Kind.BINDINGS
    ),
    clean("shows,hides"),
    clean("linked,links"),
    clean("links,linked"),
    notes("unique_one,unique_two", "'registry'", Kind.UNIQUE),
    fails("flushes,counts", "AssertionError: numbers vanish; 'flushes' flushes denormals to zero"),
    fails("counts,flushes", "AssertionError: numbers vanish; 'flushes' flushes denormals to zero"),
    clean("flushes_when_called,counts"),
    fails("words_one,words_two", "shared_words.py", Kind.OVERLAP),
    fails("words_two,words_one", "shared_words.py", Kind.OVERLAP),
    warns("words_one,words_again", "shared_words.py", Kind.OVERLAP_EQUAL),
    fails("needs_one,needs_two", "'needs-one' requires 'words-one'; 'needs-two' requires 'words-two'", Kind.OVERLAP),
    clean("space_one,space_two"),
)
NOTED = ("starts_threads", "hooks_imports", "watches_garbage")
ALONE = (
    fails("flushes", "treat numbers close to zero (denormals) as zero for the whole process", Kind.FLOATING_POINT),
    fails("flushes_threads", "as zero in threads that are started later", Kind.FLOATING_POINT),
    fails("rounds_up", "changes how the processor rounds", Kind.FLOATING_POINT),
    warns("takes_sigusr1", "SIGUSR1"),
    warns("takes_sigint", "SIGINT"),
    warns("sets_environment", "'OMP_NUM_THREADS'"),
    warns("sets_c_environment", "'COMPANY_LEVEL'"),
    warns("sets_locale", "changes the locale"),
    warns("sets_dlopen_flags", "changes the flags with which extension modules are loaded"),
    warns("extends_path", "sys.path"),
    warns("silences_warnings", "warnings.filters"),
    warns("sets_start_method", "multiprocessing"),
    warns("takes_excepthook", "sets the hook 'sys.excepthook'"),
    warns("takes_thread_hook", "sets the hook 'threading.excepthook'"),
    warns("profiles", "sets the hook 'sys.setprofile'"),
    warns("sets_recursion_limit", "recursion limit"),
    warns("sets_umask", "umask"),
    warns("moves", "changes the current folder"),
    warns("lowers_limits", "changes the limits on resources"),
    warns("runs_stack", "makes the stack of the process executable"),
    warns("prints", "hello from prints", Kind.NOISE),
    warns("prints_natively", "native words", Kind.NOISE),
    warns("unforkable", "A child that is forked after 'unforkable' was loaded fails"),
    fails("needs_both", "'needs-both' requires 'words-one'; 'needs-both' requires 'words-two'", Kind.OVERLAP),
    warns("brings_tests", "'tests'", Kind.TOP_LEVEL),
    warns("false_hash", "false_hash.py", Kind.RECORD),
    warns("hides_file", "hides_file.py", Kind.RECORD),
    warns("lists_file", "nowhere.py", Kind.RECORD),
    notes("starts_threads", "starts threads", Kind.THREADS),
    notes("hooks_imports", "'sys.meta_path: hooks_imports.Finder'", Kind.CALLBACKS),
    notes("watches_garbage", "'gc.callbacks: watches_garbage.<lambda>'", Kind.CALLBACKS),
    *map(clean, (name for name in company_wheels.HEALTHY if name not in NOTED)),
)
GROUPS = (
    company_wheels.outcomes,
    company_wheels.captures,
    company_wheels.bindings,
    company_wheels.floating_point,
    company_wheels.process_state,
    company_wheels.executable_stack,
    company_wheels.files,
    company_wheels.static_tls,
)


@both_engines
def test_each_kind_of_evidence_is_found_where_it_is(tmp_path: Path, engine: str) -> None:
    wheels = written(tmp_path / "wheels", *GROUPS)
    wanted = [company(row.order) for row in COMPANIES] + [effects(row.order) for row in ALONE]
    words = [*on("debian-12"), "--coload", "pairs", *smokes(wheels), "--timeout", "20"]
    ended = run(tmp_path, engine, [*wheels.values()], *words, *(word for one in wanted for word in ("--cell", one)))
    assert ended.code == 1, ended.words
    assert not compared(ended, COMPANIES, ALONE), compared(ended, COMPANIES, ALONE)
