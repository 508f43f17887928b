"""The command lines of the installers, as a bench runs them: no index, only the given files, a site folder each."""

from collections.abc import Sequence

from ..images.installers import NEWEST_PIP, UV


def install_command(installer: str, python: str, site: str, files: Sequence[str]) -> list[str]:
    """Return the installer's argv: no index, only the given files, into a site folder of their own."""
    if installer == "uv":
        command = [UV, "pip", "install", "--python", python, "--no-index", "--offline", "--no-cache"]
        return [*command, "--target", site, *files]
    program = ["pip"] if installer == "pip" else [python, f"{NEWEST_PIP}/pip"]
    return [*program, "install", "--no-index", "--no-compile", "--no-cache-dir", "--target", site, *files]


def installer_help(installer: str, python: str) -> tuple[str, ...]:
    """Return the argv that asks the installer for its help: it works wherever the installer does."""
    if installer == "uv":
        return (UV, "pip", "install", "--help")
    return (python, *(("-m", "pip") if installer == "pip" else (f"{NEWEST_PIP}/pip",)), "install", "--help")
