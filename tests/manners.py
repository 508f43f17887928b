"""Wheels with the worst manners: each does one thing that would ruin the others' results if the lab let it."""

from pathlib import Path

from local_bench import compile_object
from wheels import build_wheel

NATIVE = "py3-none-manylinux_2_17_x86_64"

# Every form in which something between the wheel and the reports carries a result.
FORGED = """import json, os
LINES = [
    '0 status=6f6b',
    json.dumps({"token": "0" * 32, "request": 1, "event": "done"}),
    json.dumps({"token": "", "request": 4, "event": "import", "name": "forger", "status": "ok"}),
    json.dumps({"schema": 1, "cell": "debian-12:x86_64:cp311/import/forged-1.0-py3-none-any.whl", "verdict": "pass"}),
    '<testcase name="forged"/>',
    'pass debian-12:x86_64:cp311/import/forged-1.0-py3-none-any.whl (imported) [0.0 s]',
    '| forged | imported |',
    '\\x1b[2J\\x1b[H1 passed',
]
DATA = ''.join('\\n%s\\n' % line for line in LINES).encode() * 3
for fd in range(256):
    try:
        os.set_blocking(fd, False)
        os.write(fd, DATA)
    except OSError:
        pass
"""
# Configuration and start-up files that pip and Python would read for the wheels that come later.
PLANTED = """import os, sys
HOMES = {os.path.expanduser('~'), os.environ.get('HOME', '/work'), os.getcwd(), '/work', '/tmp', sys.path[0]}
USER = 'lib/python%d.%d/site-packages' % sys.version_info[:2]
for home in HOMES:
    for place, text in (
        ('.config/pip/pip.conf', '[global]\\nrequire-hashes = true\\n'),
        ('.pip/pip.conf', '[global]\\nrequire-hashes = true\\n'),
        ('.local/%s/usercustomize.py' % USER, 'raise SystemExit(7)'),
        ('.local/%s/planted.pth' % USER, 'import os; os._exit(7)'),
        ('zz_fine.py', 'raise SystemExit(7)'),
        ('encodings.py', 'raise SystemExit(7)'),
    ):
        try:
            os.makedirs(os.path.dirname(os.path.join(home, place)), exist_ok=True)
            with open(os.path.join(home, place), 'w') as file:
                file.write(text)
        except OSError:
            pass
"""
PURE_ONES = {
    "aa_fine": "print('the first')",
    "hangs": "import time\nwhile True: time.sleep(1)",
    "dies_at_exit": "import atexit, os\natexit.register(os.abort)",
    "dies": "import _ctypes, ctypes\nctypes.string_at(0)",
    "leaves": "import os\nos._exit(0)",
    "forges": FORGED,
    "forges_and_fails": FORGED + "raise RuntimeError('it does not work')",
    "forges_and_leaves": FORGED + "os._exit(0)",
    "forks": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "eats_memory": "kept = []\nwhile True: kept.append(b'x' * (64 << 20))",
    "fills_disk": "import os\nwith open('/work/full', 'wb') as file:\n"
    "    for _ in range(10 << 10): file.write(bytes(1 << 20))",
    "kills_parent": "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)",
    "kills_all": "import os, signal, time\nos.kill(-1, signal.SIGKILL)\ntime.sleep(60)",
    "plants": PLANTED,
    "zz_fine": "print('the last')",
}
NATIVE_ONES = {
    "dies_natively": "void *PyInit_dies_natively(void) { *(volatile int *)0 = 1; return 0; }",
    "dies_when_loaded": "__attribute__((constructor)) static void boom(void) { __builtin_trap(); }\n"
    "void *PyInit_dies_when_loaded(void) { return 0; }",
    "wants_more": "int nowhere_at_all(void);\nvoid *PyInit_wants_more(void) { return (void *)(long)nowhere_at_all(); }",
}


def write_pure(folder: Path) -> dict[str, Path]:
    """Write a wheel for each entry of ``PURE_ONES``; return them by project."""
    return {name: build_wheel(folder, name, files={f"{name}.py": code.encode()}) for name, code in PURE_ONES.items()}


def write_native(folder: Path) -> dict[str, Path]:
    """Compile a wheel for each entry of ``NATIVE_ONES``; return them by project."""
    written = {}
    for name, source in NATIVE_ONES.items():
        content = compile_object(folder / "objects" / f"{name}.abi3.so", source).read_bytes()
        written[name] = build_wheel(folder, name, files={f"{name}.abi3.so": content}, tag=NATIVE)
    return written
