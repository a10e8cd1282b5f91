# The installed tree still works after it was moved: pkg-config, CMake, and the program.
. "$(dirname "$0")/common.sh"
mkdir "$work/a new place"
mv "$work/tree" "$work/a new place/moved"
ln -s "$work/a new place" "$work/place" # a shell splits what pkg-config prints at spaces
use_tree "$work/place/moved"
build_and_run "${CC:-cc}" "$here/consumer.c" "$libdir"

use_tree "$work/a new place/moved"
cmake -S "$L2L_SOURCE/examples/c" -B "$work/build" >"$work/log"
cmake --build "$work/build" >"$work/log"
[ ! -e "$prefix/bin/lens2logit" ] || "$prefix/bin/lens2logit" --version
if grep -rlF "$work/tree" "$prefix/include" "$libdir/pkgconfig" "$libdir/cmake"; then
    echo "FAILED: the files above name the folder that they were installed to"
    exit 1
fi
