"""The profile that tells most of a distro: measured, completed by what is known of its history, or of musl alone."""

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
    found = (load_profiles(arch, layer).get(release.id) for layer in layers)
    profile = next((one for one in found if one is not None), None)
    if profile is None:
        return _musl_alone(release, arch) if release.libc is Libc.MUSL and arch in release.arches else None
    return profile if profile.is_complete else with_dropped(profile, release)


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
