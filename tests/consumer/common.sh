# What the consumer scripts share: an installed tree in "$work/tree", gone when the script ends.
set -eu
here=$L2L_SOURCE/tests/consumer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$L2L_BUILD" --prefix "$work/tree" >"$work/install.log" ||
    { cat "$work/install.log"; exit 1; }

# use_tree PREFIX: pkg-config and CMake look there.
use_tree() {
    prefix=$1
    libdir=$(dirname "$(find "$prefix" -name 'liblens2logit.a')")
    export PKG_CONFIG_PATH="$libdir/pkgconfig"
    export CMAKE_PREFIX_PATH="$prefix"
}

# build_and_run COMPILER SOURCE LIBRARY_PATH FLAGS_OF_PKG_CONFIG...
build_and_run() {
    compiler=$1 source=$2 path=$3
    shift 3
    # shellcheck disable=SC2046 # pkg-config prints a list
    "$compiler" -Wall -Wextra -Werror "$source" -o "$work/program" \
        $(pkg-config "$@" --cflags --libs lens2logit) -lm
    LD_LIBRARY_PATH=$path "$work/program"
}

# Fails if "$work/program" wants the shared library although it was linked to the static one.
is_static() {
    if readelf -d "$1" | grep -q 'NEEDED.*liblens2logit'; then
        echo "FAILED: $1 was meant to be linked to the static library"
        exit 1
    fi
}
