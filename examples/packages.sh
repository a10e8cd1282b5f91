# What the library is built and tested with on Debian, and functions that install what is missing.
# To be sourced by quickstart.sh and tests/run.sh from the project's folder.
# shellcheck shell=sh disable=SC2034

l2l_packages='gcc g++ libc6-dev cmake ninja-build pkg-config libraw-dev libtiff-dev libpng-dev
    libjpeg-dev libcjson-dev check python3'

say() { printf '\n== %s\n' "$*"; }

# As root: itself; otherwise through sudo where that works without a question.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 1
    fi
}

apt_lists_present() { [ -n "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -1)" ]; }

# need_packages NAME...: installs those that are missing, or says which they are and fails.
need_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is no Debian: what is needed here is what its packages $* contain."
        return 0
    fi
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing$missing"
    apt_lists_present || as_root apt-get update -q || true
    # shellcheck disable=SC2086 # a list
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        $missing && return 0
    as_root apt-get update -q # the lists may be older than the archive
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        $missing && return 0
    echo "These packages are missing and could not be installed; as root, run"
    echo "    apt-get install$missing"
    return 1
}

# sample_raw FOLDER: sets $sample to a real photograph, the Canon CR2 of Debian's package
# rawtran-doc, unpacked into FOLDER where it is not installed (minimal systems leave out
# documentation, and unpacking needs no rights).
sample_raw() {
    for sample in /usr/share/doc/rawtran/IMG_5952.CR2 "$1/usr/share/doc/rawtran/IMG_5952.CR2"; do
        [ ! -r "$sample" ] || return 0
    done
    say "fetching a raw photograph (Debian package rawtran-doc)"
    mkdir -p "$1"
    apt_lists_present || as_root apt-get update -q || true
    if (cd "$1" && apt-get download -q rawtran-doc && dpkg-deb -x rawtran-doc_*.deb . &&
        rm rawtran-doc_*.deb) && [ -r "$sample" ]; then
        return 0
    fi
    sample=
    echo "The package rawtran-doc could not be fetched."
    return 1
}
