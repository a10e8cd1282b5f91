# Programs built with find_package(lens2logit): shared, static, and C++.
. "$(dirname "$0")/common.sh"
use_tree "$work/tree"
cmake -S "$here" -B "$work/build" -DEXAMPLES="$L2L_SOURCE/examples" >"$work/log"
cmake --build "$work/build" >"$work/log" || { cat "$work/log"; exit 1; }
for program in with_lens2logit with_lens2logit_shared with_lens2logit_static cpp; do
    echo "== $program"
    "$work/build/$program"
done
is_static "$work/build/with_lens2logit_static"
