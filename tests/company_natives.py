"""Compiles extension modules and libraries for small wheels: real ELF files, made without the headers of Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_bench import compile_object
from wheels import build_wheel

TAG = "py3-none-manylinux_2_17_x86_64"
BOUND_AT_LOAD = "-Wl,-z,now"

# What an extension module needs of CPython's stable ABI, declared by hand: a module with one function, ``answer``.
MODULE = """
struct method { const char *name; void *(*call)(void *, void *); int flags; const char *doc; };
struct module { long count; void *type, *init; long index; void *copy; const char *name, *doc; long size;
                struct method *methods; void *slots, *traverse, *clear, *release; };
extern void *PyModule_Create2(struct module *, int), *PyLong_FromLong(long);
long answer(void);
static void *call(void *self, void *none) { return PyLong_FromLong(answer()); }
static struct method methods[] = {{"answer", call, 4, 0}, {0}};
static struct module definition = {.count = 1, .name = "_native", .size = -1, .methods = methods};
__attribute__((visibility("default"))) void *PyInit__native(void) { return PyModule_Create2(&definition, 3); }
"""
CONSTRUCTOR = "__attribute__((constructor)) static void at_load(void) "


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """A shared library that a wheel brings: ``file`` is its name, and its SONAME where that is not another one."""

    file: str
    source: str
    flags: Sequence[str] = ()
    soname: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Native:
    """A package with the extension module ``_native``, which finds its libraries in ``NAME.libs`` beside it."""

    source: str = "long answer(void) { return 42; }"
    flags: Sequence[str] = ()
    libraries: Sequence[Library] = ()
    init: str = "from ._native import answer\n"
    requires: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


def build_native(folder: Path, name: str, native: Native, beside: Sequence[str] = ()) -> Path:
    """Compile a package and write its wheel; ``beside`` are packages in whose libraries it looks too."""
    work = folder / "objects" / name
    files = {f"{name}/__init__.py": native.init.encode(), **native.files}
    for library in native.libraries:
        files[f"{name}.libs/{library.file}"] = compile_library(work, library).read_bytes()
    paths = ":".join(f"$ORIGIN/../{package}.libs" for package in (name, *beside))
    linked = [f"-L{folder / 'objects' / package}" for package in (name, *beside)]
    extension = compile_object(
        work / "_native.abi3.so", native.source + MODULE, *linked, *native.flags, f"-Wl,-rpath,{paths}"
    )
    files[f"{name}/_native.abi3.so"] = extension.read_bytes()
    lines = [f"Requires-Dist: {requirement}" for requirement in native.requires]
    return build_wheel(folder, name, files=files, lines=lines, tag=TAG)


def build_loading(folder: Path, name: str, library: Library, mode: str = "0", init: str = "") -> Path:
    """Write a wheel without an extension module: its package loads a library by path, as ``lib``, with ``ctypes``.

    ``mode`` is an expression, ``init`` further code of the package.
    """
    content = compile_library(folder / "objects" / name, library).read_bytes()
    code = f"""
import ctypes, os
lib = ctypes.CDLL(os.path.join(os.path.dirname(os.path.dirname(__file__)), "{name}.libs", "{library.file}"), {mode})
{init}"""
    files = {f"{name}/__init__.py": code.encode(), f"{name}.libs/{library.file}": content}
    return build_wheel(folder, name, files=files, tag=TAG)


def compile_library(folder: Path, library: Library) -> Path:
    """Compile a library into a folder."""
    soname = f"-Wl,-soname,{library.soname or library.file}"
    return compile_object(folder / library.file, library.source, soname, *library.flags)


def linked_to(*files: str) -> list[str]:
    """Return the flags that link a file to libraries by their file names, used or not."""
    return ["-Wl,--no-as-needed", *(f"-l:{file}" for file in files)]
