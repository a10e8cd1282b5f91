# Builds for the emulator: `flavour NAME` sets flags, `emulator` and `compile` build in $work.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$L2L_SOURCE/tests/cuda_host
cxx=${CXX:-c++}
command -v "$cxx" >/dev/null || { echo "skipped: there is no C++ compiler"; exit 77; }
warnings='-Wall -Wextra -Wno-unknown-pragmas'
case $(uname -m) in
    x86_64 | amd64) fma=-mfma ;;
    *) fma= ;;
esac

# plain; asan, for memory; tsan, for races. The emulator itself is not instrumented.
flavour() {
    case $1 in
        plain) define='' instrument='-O2' link='' ;;
        asan)
            define=-DCUEMU_ASAN link='-fsanitize=address,undefined'
            instrument='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined'
            ;;
        tsan) define=-DCUEMU_TSAN instrument='-O1 -g -fsanitize=thread' link='-fsanitize=thread' ;;
    esac
}

# shellcheck disable=SC2086 # lists of flags
emulator() {
    objects=
    for part in fibers collectives blocks runtime; do
        "$cxx" -std=c++17 $warnings -O2 -g $define -c "$here/$part.cpp" -o "$work/$part.o" || return 1
        objects="$objects $work/$part.o"
    done
}

# compile SOURCE OBJECT FLAGS...: a .cu or .cpp file, as the host's C++.
# shellcheck disable=SC2086
compile() {
    source=$1 object=$2
    shift 2
    "$cxx" -std=c++17 $warnings $instrument $fma -ffp-contract=off -DL2L_BUILDING \
        -I "$L2L_SOURCE/include" -I "$L2L_SOURCE/lib" "$@" -x c++ -c "$here/$source" \
        -o "$work/$object"
}

# The sanitizer's address space must not be too random.
fixed() {
    if setarch "$(uname -m)" -R true 2>/dev/null; then setarch "$(uname -m)" -R "$@"; else "$@"; fi
}
