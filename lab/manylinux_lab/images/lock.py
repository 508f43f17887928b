"""``distros.lock``: image references pinned to digests, asked from registries and kept as TOML."""

import json
import re
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any, cast

from ..catalogue.reading import ImageReference
from ..errors import EngineError, UsageError
from .registry import Reference, address, parse, through_mirror

SCHEMA = 1
NAME = "distros.lock"
SECONDS = 30
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
HEADER = '# Made by "manylinux-lab images lock". Do not edit: run it again.\n'

Lock = Mapping[str, Mapping[str, str]]


def read_lock(file: Path) -> Lock:
    """Return the pinned digests: reference to arch to digest. A file that is not there pins nothing.

    Raises:
        UsageError: the file is no lock file of this lab.
    """
    if not file.exists():
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The lock file '{file}' cannot be read: {error}.") from error
    images: Any = content.get("images", {})
    if content.get("schema") != SCHEMA or not _is_lock(images):
        raise UsageError(f"The lock file '{file}' is not of format {SCHEMA}; run 'manylinux-lab images lock' again.")
    return cast("Lock", images)


def _is_lock(images: Any) -> bool:
    return isinstance(images, dict) and all(
        isinstance(pins, dict) and all(re.fullmatch(r"sha256:[0-9a-f]{64}", str(digest)) for digest in pins.values())
        for pins in images.values()
    )


def lock_text(lock: Lock) -> str:
    """Return the content of a lock file, sorted by reference and arch."""
    lines = [HEADER + f"schema = {SCHEMA}\n"]
    for reference in sorted(lock):
        lines.append(f"\n[images.{json.dumps(reference)}]\n")
        lines += [f'{arch} = "{digest}"\n' for arch, digest in sorted(lock[reference].items())]
    return "".join(lines)


def merged(old: Lock, new: Lock) -> Lock:
    """Return the pins of both; the new one's win."""
    return {name: {**old.get(name, {}), **new.get(name, {})} for name in {*old, *new}}


def pin(image: ImageReference, mirror: str | None) -> Lock:
    """Ask the registry, or the mirror of it, for the digest of an image.

    Raises:
        EngineError: the registry does not answer, or has no such image.
    """
    reference = through_mirror(parse(image.reference), mirror)
    return {image.reference: {image.arch: resolve(reference, image.platform)}}


def resolve(reference: Reference, platform: str) -> str:
    """Return the digest of the manifest that a registry has for an OCI platform (``linux/arm64/v8``).

    Raises:
        EngineError: the registry cannot be reached, refuses, or has no such image.
    """
    body, headers = _get(reference, f"manifests/{reference.digest or reference.tag}")
    if headers.get_content_type() not in INDEXES:
        digest = headers.get("Docker-Content-Digest", "")
        if not digest:
            raise EngineError(f"The registry '{reference.registry}' does not tell the digest of '{reference.id}'.")
        return digest
    for manifest in json.loads(body).get("manifests", []):
        if _is_for(manifest.get("platform", {}), platform):
            return str(manifest["digest"])
    raise EngineError(f"The image '{reference.id}' exists, but not for {platform}.")


def digest_of_tag(reference: Reference) -> str:
    """Return the digest that a tag has in its registry now, that of the index where there is one; asked without a body.

    Raises:
        EngineError: the registry cannot be reached, refuses, has no such image or tells no digest.
    """
    _, headers = _get(reference, f"manifests/{reference.tag}", method="HEAD")
    digest = headers.get("Docker-Content-Digest", "")
    if not digest:
        raise EngineError(f"The registry '{reference.registry}' does not tell the digest of '{reference.id}'.")
    return digest


def _is_for(offered: Mapping[str, str], platform: str) -> bool:
    """Tell whether an index entry is for a platform; arm64's variant may be left out, 32-bit ARM's may not."""
    system, architecture, *variant = platform.split("/")
    if (offered.get("os"), offered.get("architecture")) != (system, architecture):
        return False
    return architecture == "arm64" or not variant or offered.get("variant") == variant[0]


def _get(reference: Reference, path: str, method: str = "GET") -> tuple[bytes, Message]:
    url = f"{address(reference.registry)}{reference.repository}/{path}"
    headers = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}
    try:
        try:
            return _open(url, headers, method)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
            challenge = error.headers.get("WWW-Authenticate", "")
            return _open(url, {**headers, "Authorization": f"Bearer {_token(challenge)}"}, method)
    except urllib.error.HTTPError as error:
        raise EngineError(f"The registry '{reference.registry}' {_meaning(error.code)} '{reference.id}'.") from error
    except (OSError, ValueError) as error:
        raise EngineError(f"The registry '{reference.registry}' does not answer: {error}.") from error


def _meaning(code: int) -> str:
    words = {
        401: "wants a login for",
        403: "refuses",
        404: "has no image",
        429: "limits the rate of requests; try again later or use --registry-mirror for",
    }
    return words.get(code, f"answered with HTTP status {code} for")


def _token(challenge: str) -> str:
    """Return an anonymous token, as the registry's ``WWW-Authenticate`` says where to get one."""
    terms = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm = terms.pop("realm", "")
    if not realm.startswith("https://"):
        raise ValueError("it wants a login of a kind that the lab does not know")
    body, _ = _open(f"{realm}?{urllib.parse.urlencode(terms)}", {})
    answer = json.loads(body)
    return str(answer.get("token") or answer.get("access_token"))


def _open(url: str, headers: Mapping[str, str], method: str = "GET") -> tuple[bytes, Message]:
    request = urllib.request.Request(url, headers=dict(headers), method=method)  # noqa: S310 - http(s), see address()
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
        return response.read(1 << 22), response.headers
