"""Images of a registry as root folders: ``skopeo`` fetches, ``umoci`` unpacks."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..errors import EngineError
from .arch import known_arch
from .registry_trouble import PULL_ATTEMPTS, explain, is_transient, pause, pulled_origin

PULL_SECONDS = 1800.0
LOOPBACK = ("localhost", "127.", "[::1]")


def pull_root(reference: str, arch: str, root: Path) -> tuple[str, str]:
    """Fetch ``reference`` for ``arch`` into the empty folder ``root``; return its digest and its origin.

    Raises:
        EngineError: a tool is missing, the registry does not answer or does not have it.
    """
    for program in ("skopeo", "umoci"):
        if shutil.which(program) is None:
            raise EngineError(
                f"The image '{reference}' ({arch}) cannot be pulled without a container engine: "
                f"the program '{program}' is missing; install the system packages 'skopeo' and 'umoci'."
            )
    _, system, *variant = known_arch(arch).platform.split("/")
    platform = ["--override-os", "linux", "--override-arch", system]
    platform += ["--override-variant", variant[0]] if variant else []
    insecure = reference.startswith(LOOPBACK)
    source = f"docker://{reference}"
    with tempfile.TemporaryDirectory(prefix="pull-", dir=root.parent) as scratch:
        check = ["--src-tls-verify=false"] if insecure else []
        _fetch(["skopeo", *platform, "copy", "--quiet", *check, source, f"oci:{scratch}/oci:image"], reference, arch)
        check = ["--tls-verify=false"] if insecure else []
        manifest = _fetch(["skopeo", *platform, "inspect", "--raw", *check, source], reference, arch)
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        bundle = f"{scratch}/bundle"
        _run(["umoci", "unpack", *rootless, "--image", f"{scratch}/oci:image", bundle], reference, arch)
        root.rmdir()
        Path(bundle, "rootfs").rename(root)
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}", pulled_origin(reference, datetime.now(UTC).date())


def _fetch(argv: Sequence[str], reference: str, arch: str) -> bytes:
    for attempt in range(1, PULL_ATTEMPTS + 1):
        try:
            return _run(argv, reference, arch)
        except EngineError as error:
            if attempt == PULL_ATTEMPTS or not is_transient(str(error)):
                raise
            time.sleep(pause(attempt))
    raise EngineError(f"The image '{reference}' ({arch}) was never asked for.")


def _run(argv: Sequence[str], reference: str, arch: str) -> bytes:
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=PULL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(explain(reference, arch, f"'{argv[0]}' took longer than {PULL_SECONDS:g} s")) from error
    if done.returncode != 0:
        raise EngineError(explain(reference, arch, done.stderr.decode(errors="replace").strip()[-500:]))
    return done.stdout
