"""Images of the ``docker`` engine: loaded from a root file system, looked up, listed and removed.

What the lab keeps has a tag ``manylinux-lab/<key>``; labels say key, origin and the digest of a pulled one.
"""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import EngineError
from .arch import known_arch, machine_of_platform
from .contract import Image
from .docker_daemon import speaking
from .labels import DIGEST, KEY, ORIGIN, key_of_tag, tag_of
from .unpack import CHUNK, Hashing, open_root

if TYPE_CHECKING:
    from docker import DockerClient

EPOCH = "1970-01-01T00:00:00Z"


def load_root(client: "DockerClient", root: Path, arch: str, key: str, origin: str) -> Image:
    """Load a root file system as an image of one layer.

    The archive is written by hand because ``docker import --platform`` of engine 20.10 labels every image with the
    host's arch.
    """
    with tempfile.TemporaryFile() as archive:
        _write_archive(archive, root, arch, key, origin)
        archive.seek(0)
        with speaking(f"The root '{root}' ({arch}) cannot be loaded"):
            before = image_id(client, tag_of(key))
            client.images.load(archive)
            drop_replaced(client, before, key)
            return _image(inspect(client, tag_of(key)))


def _write_archive(archive: IO[bytes], root: Path, arch: str, key: str, origin: str) -> None:
    with tempfile.TemporaryFile() as layer:
        with open_root(root) as stream:
            hashing = Hashing(stream)
            while data := hashing.read(CHUNK):
                layer.write(data)
            digest = hashing.digest()
        if not layer.tell():
            raise EngineError(f"The root file system '{root}' ({arch}) is empty.")
        config = json.dumps(image_config(arch, key, origin, digest), sort_keys=True).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        tag = f"{tag_of(key)}:latest"
        manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]).encode()
        with tarfile.open(fileobj=archive, mode="w") as writer:
            for entry, content in ((name, config), ("manifest.json", manifest)):
                info = tarfile.TarInfo(entry)
                info.size = len(content)
                writer.addfile(info, io.BytesIO(content))
            info = tarfile.TarInfo("layer.tar")
            info.size = layer.tell()
            layer.seek(0)
            writer.addfile(info, layer)


def image_config(arch: str, key: str, origin: str, layer: str) -> dict[str, Any]:
    """Return the OCI image configuration of a one-layer image; the same input gives the same image id."""
    system, architecture, *variant = known_arch(arch).platform.split("/")
    return {
        "architecture": architecture,
        **({"variant": variant[0]} if variant else {}),
        "os": system,
        "created": EPOCH,
        "config": {"Labels": {KEY: key, ORIGIN: origin}},
        "rootfs": {"type": "layers", "diff_ids": [layer]},
        "history": [{"created": EPOCH, "created_by": "manylinux-lab"}],
    }


def inspect(client: "DockerClient", name: str) -> Mapping[str, Any]:
    """Return what the daemon knows of an image; the SDK's ``ImageNotFound`` where there is none."""
    attributes: Mapping[str, Any] = client.images.get(name).attrs
    return attributes


def image_id(client: "DockerClient", name: str) -> str | None:
    """Return the id of an image, None where there is none."""
    from docker.errors import ImageNotFound

    with speaking(f"The image '{name}' cannot be looked up"):
        try:
            return str(inspect(client, name)["Id"])
        except ImageNotFound:
            return None


def name_image(client: "DockerClient", image: str, key: str) -> None:
    """Keep an image under ``key``; what had the name before goes, unless something else needs it."""
    before = image_id(client, tag_of(key))
    client.api.tag(image, tag_of(key))
    drop_replaced(client, before, key)


def drop_replaced(client: "DockerClient", before: str | None, key: str) -> None:
    """Delete the image that had the key's name, if it has lost it and neither a name nor a container holds it."""
    if before is not None and before != image_id(client, tag_of(key)):
        with suppress(EngineError), speaking("The image cannot be removed"):
            client.api.remove_image(before)


def image_of_key(client: "DockerClient", key: str) -> Image | None:
    """Return the image with the key's tag."""
    found = image_id(client, tag_of(key))
    if found is None:
        return None
    with speaking(f"The image '{key}' cannot be looked up"):
        return _image(inspect(client, found))


def kept_images(client: "DockerClient") -> Sequence[tuple[str, Image, int]]:
    """Return key, image and size of everything with a tag of the lab."""
    found = []
    with speaking("The images cannot be listed"):
        for summary in client.api.images():
            keys = [key for key in map(key_of_tag, summary.get("RepoTags") or ()) if key]
            found += [(key, _image(inspect(client, summary["Id"])), int(summary["Size"])) for key in keys]
    return tuple(sorted(found, key=lambda row: row[0]))


def remove_image(client: "DockerClient", key: str) -> None:
    """Take the key's tag away; the daemon deletes what has no tag left."""
    with speaking(f"The image '{key}' cannot be removed"):
        client.api.remove_image(tag_of(key))


def _image(attributes: Mapping[str, Any]) -> Image:
    labels = (attributes.get("Config") or {}).get("Labels") or {}
    return Image(
        reference=attributes["Id"],
        digest=labels.get(DIGEST) or attributes["Id"],
        arch=machine_of_platform(attributes["Architecture"], attributes.get("Variant") or ""),
        origin=labels.get(ORIGIN) or "an image that the lab did not make",
    )
