# What ./quickstart and ./run-tests share: find Python, make the virtual environment, install system packages.
# Sourced by both, which set $here; POSIX sh.
# shellcheck shell=sh disable=SC2154

say() { printf '%s\n' "$*" >&2; }
stop() {
    say "$(basename -- "$0"): $*"
    exit 3
}
has() { command -v "$1" >/dev/null 2>&1; }

# Set $python to the first Python that is 3.11 or newer.
find_python() {
    for python in python3 python3.15 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return 0
        fi
    done
    stop "Python 3.11 or newer is missing; install it and run this again."
}

# make_venv FOLDER SOURCE [GROUP]: a virtual environment with the lab; made again only when pyproject.toml changed.
make_venv() {
    wanted="$("$python" -V) $(cksum <"$2/pyproject.toml") ${3:-}"
    if [ -f "$1/lab-stamp" ] && [ "$(cat "$1/lab-stamp")" = "$wanted" ]; then
        return 0
    fi
    say "Setting up $1 ..."
    if ! "$python" -m venv "$1" >/dev/null 2>&1; then
        rm -rf "$1"
        install_packages "Python's venv module" python3-venv
        "$python" -m venv "$1" || stop "Python cannot make a virtual environment; install its venv module."
    fi
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' ||
        stop "The package index cannot be reached by pip; see its message above."
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check ${3:+--group "$2/pyproject.toml:$3"} --editable "$2" ||
        stop "The lab's requirements cannot be installed; see pip's message above."
    printf '%s' "$wanted" >"$1/lab-stamp"
}

# Tell whether a Docker or Podman daemon answers.
engine_answers() {
    for socket in "${DOCKER_HOST:-}" unix:///var/run/docker.sock "unix://${XDG_RUNTIME_DIR:-/nowhere}/podman/podman.sock"; do
        if [ -n "$socket" ] && "$here/.venv/bin/python" -c '
import sys, docker
docker.DockerClient(base_url=sys.argv[1], timeout=5).ping()' "$socket" >/dev/null 2>&1; then
            say "A container daemon answers at $socket."
            return 0
        fi
    done
    return 1
}

# install_packages WHAT NAME...: through the system's package manager, as root; asks when a terminal is attached.
install_packages() {
    what=$1
    shift
    become=
    if [ "$(id -u)" != 0 ]; then
        has sudo || stop "Missing: $what. Ask an administrator to install: $*"
        become=sudo
    fi
    if has apt-get; then
        command="env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends"
        update="apt-get update -qq"
    elif has dnf; then
        command="dnf install -y" update=true
    elif has zypper; then
        command="zypper --non-interactive install" update=true
    elif has pacman; then
        command="pacman -S --noconfirm --needed" update=true
    else
        stop "Missing: $what. No package manager known to this script is here; install: $*"
    fi
    if [ -n "$become" ] && [ -t 0 ]; then
        printf 'Install %s with "sudo %s %s"? [y/N] ' "$what" "$command" "$*" >&2
        read -r answer
        case $answer in [yY]*) ;; *) stop "Missing: $what. Install: $*" ;; esac
    elif [ -n "$become" ]; then
        become="sudo -n"
    fi
    say "Installing $what: $*"
    # shellcheck disable=SC2086 # the commands above are words on purpose
    if ! { $become $update && $become $command "$@"; } >"${TMPDIR:-/tmp}/manylinux-lab-setup.$$" 2>&1; then
        tail -n 3 "${TMPDIR:-/tmp}/manylinux-lab-setup.$$" >&2
        rm -f "${TMPDIR:-/tmp}/manylinux-lab-setup.$$"
        stop "Installing $what failed; see the lines above, or install by hand: $*"
    fi
    rm -f "${TMPDIR:-/tmp}/manylinux-lab-setup.$$"
}
