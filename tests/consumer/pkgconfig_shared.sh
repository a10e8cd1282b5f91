# A C program built against the installed tree through pkg-config.
. "$(dirname "$0")/common.sh"
use_tree "$work/tree"
[ "$(pkg-config --modversion lens2logit)" = "$(sed -n 's/^project(.* VERSION \([0-9.]*\).*/\1/p' \
    "$L2L_SOURCE/CMakeLists.txt")" ]
# Who links the shared library is asked for nothing else.
[ "$(pkg-config --libs lens2logit | tr ' ' '\n' | grep -c '^-l')" = 1 ]
build_and_run "${CC:-cc}" "$here/consumer.c" "$libdir"
readelf -d "$work/program" | grep -q 'NEEDED.*liblens2logit\.so\.0'
