# The emulator itself: sound kernels pass in all its builds, and each injected error is caught by the
# build that is there for it.
set -u
. "$L2L_SOURCE/tests/cuda_host/common.sh"
failed=0

# build FLAVOUR BUG
# shellcheck disable=SC2086 # lists
build() {
    compile samples.cu "samples.$2.o" -DBUG="$2" 2>"$work/log" &&
        compile samples.cpp "driver.$2.o" -DBUG="$2" 2>>"$work/log" &&
        "$cxx" $link "$work/samples.$2.o" "$work/driver.$2.o" $objects -o "$work/$1.$2" && return
    cat "$work/log"
    echo "FAILED: error $2 does not build ($1)"
    exit 1
}
execute() {
    ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1 fixed timeout 100 "$@" \
        >"$work/output" 2>&1
}

# Who must catch it, number, kernel, error.
errors='tsan 1 blur5 missing __syncthreads after the tile is loaded
asan 2 blur5 global read out of bounds
asan 3 blur5 shared write past the end
plain 4 blur5 return before a barrier
tsan 5 rowscan missing barrier before a tile is used again
plain 6 sum full-mask shuffle after a divergent exit
plain 7 vec misaligned asynchronous copy
asan 8 blur5 shared inner dimension overflows
plain 9 blur5 two barriers for one
tsan 10 sum race between blocks on global memory
plain 11 vec missing wait for the pipeline
plain 12 rowscan dynamic shared memory of 0 bytes
plain 13 rowscan warp-synchronous assumption without __syncwarp
asan 14 blur5 the host reads device memory
plain 15 rowscan large dynamic shared memory without opting in
plain 16 blur5 missing wait for the stream
asan 17 rowscan dynamic shared memory 4 bytes short
asan 18 scale4 misaligned float4'
echo "$errors" >"$work/errors"
for name in plain asan tsan; do
    flavour $name
    emulator || exit 1
    build $name 0
    execute "$work/$name.0" || {
        cat "$work/output"
        echo "FAILED: sound kernels ($name)"
        failed=1
    }
    compile warps.cu warps.o 2>"$work/log" || { cat "$work/log"; exit 1; }
    # shellcheck disable=SC2086
    "$cxx" $link "$work/warps.o" $objects -o "$work/warps" || exit 1
    execute "$work/warps" || { cat "$work/output"; echo "FAILED: warps ($name)"; failed=1; }
    while read -r catcher bug kernel what; do
        [ "$catcher" = $name ] || continue
        build $name "$bug"
        if execute "$work/$name.$bug" "$kernel"; then
            echo "FAILED: $name misses error $bug: $what"
            failed=1
        else
            echo "$name catches error $bug: $what"
        fi
    done <"$work/errors"
done
exit $failed
