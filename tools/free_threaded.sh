#!/bin/sh
# Builds a free-threaded CPython from the Debian mirror's source, for the tests that need one, and prints its folder.
# No package brings one. It is kept in the user's cache, so a second call is quick. Needs apt-get, cc, make and
# the headers of zlib.
set -eu
suite=${1:-trixie} source=${2:-python3.13}
kept=${XDG_CACHE_HOME:-$HOME/.cache}/manylinux-lab/free-threaded/$source
if [ -x "$kept/bin/python3" ]; then
    printf '%s\n' "$kept"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM

# The mirror is the one that this machine takes its own packages from.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
[ -n "$mirror" ] || { echo "free_threaded.sh: apt knows no Debian mirror." >&2; exit 1; }
mkdir -p "$work/lists/partial" "$work/build" "$work/root"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
apt() {
    apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$work/lists" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root "$@"
}
apt update
(cd "$work" && apt source --download-only "$source")
tar -xf "$work"/"$source"_*.orig.tar.?z -C "$work/build" --strip-components=1
cd "$work/build"
made() { "$@" >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; echo "free_threaded.sh: '$*' failed." >&2; exit 1; }; }
made ./configure -q --disable-gil --disable-test-modules --without-ensurepip --prefix="$kept"
made make -s -j"$(getconf _NPROCESSORS_ONLN)"
made make -s install DESTDIR="$work/root"
made "$work/root$kept/bin/python3" -m ensurepip
mkdir -p "$(dirname "$kept")"
mv -T "$work/root$kept" "$kept" 2>/dev/null || [ -x "$kept/bin/python3" ]  # another may have been quicker
printf '%s\n' "$kept"
