# The C++ example through pkg-config.
. "$(dirname "$0")/common.sh"
use_tree "$work/tree"
build_and_run "${CXX:-c++}" "$L2L_SOURCE/examples/cpp/fit.cpp" "$libdir"
