# The CUDA option: quiet where there is nothing to build, loud when it is asked for in vain.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
configure() { cmake -S "$L2L_SOURCE" -B "$work/$1" -DL2L_TESTS=OFF -DL2L_EXAMPLES=OFF \
    -DL2L_CUDA="$1" >"$work/$1.log" 2>&1; }

configure AUTO || { cat "$work/AUTO.log"; echo "FAILED: AUTO does not configure"; failed=1; }
if [ ! -e "$L2L_SOURCE/cuda/CMakeLists.txt" ] && configure ON; then
    echo "FAILED: ON configures without CUDA sources"
    failed=1
elif [ ! -e "$L2L_SOURCE/cuda/CMakeLists.txt" ] && ! grep -q 'no CUDA sources' "$work/ON.log"; then
    cat "$work/ON.log"
    echo "FAILED: ON does not say what is missing"
    failed=1
fi
if configure MAYBE || ! grep -q "L2L_CUDA is 'MAYBE'" "$work/MAYBE.log"; then
    echo "FAILED: an unknown value is not refused"
    failed=1
fi
exit $failed
