# The same with `pkg-config --static`, in a tree without the shared library.
. "$(dirname "$0")/common.sh"
use_tree "$work/tree"
rm "$libdir"/liblens2logit.so*
build_and_run "${CC:-cc}" "$here/consumer.c" "" --static
is_static "$work/program"
