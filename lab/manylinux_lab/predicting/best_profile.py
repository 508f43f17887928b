"""The profile that tells most of a distro: measured, completed by what is known of its history, or of musl alone."""

from functools import cache

from ..catalogue.distro import Libc, Release
from .dropped import with_dropped
from .profile import Layer, Profile, load_profiles


def profile_of(release: Release, arch: str, *, is_minimal: bool) -> Profile | None:
    """Return the profile of a distro: of its plain image where that is asked for and was measured.

    Of a distro with musl that was not measured, it tells of musl alone.

    Raises:
        UsageError: a file with profiles is damaged.
    """
    layers = (Layer.BASE, Layer.DESKTOP) if is_minimal else (Layer.DESKTOP,)
    found = (_completed(release.id, release.version, arch, layer) for layer in layers)
    profile = next((one for one in found if one is not None), None)
    if profile is None and release.libc is Libc.MUSL and arch in release.arches:
        return _musl_alone(release, arch)
    return profile


@cache
def _completed(distro: str, version: str, arch: str, layer: Layer) -> Profile | None:
    profile = load_profiles(arch, layer).get(distro)
    return profile if profile is None or profile.is_complete else with_dropped(profile, version)


def _musl_alone(release: Release, arch: str) -> Profile:
    return Profile(
        distro=release.id,
        arch=arch,
        layer=Layer.BASE,
        libc=release.libc,
        libc_version=release.libc_version,
        sonames={},
        absent=frozenset(),
        measured=None,
        image="",
        origin="what musl itself brings (PEP 656)",
    )
