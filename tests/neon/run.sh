# NEON, emulated: opcheck on it, and the same bits as AVX2 and AVX-512.
set -u
cross=aarch64-linux-gnu
for tool in $cross-gcc $cross-ar qemu-aarch64; do
    command -v "$tool" >/dev/null && continue
    echo "skipped: NEON is not checked without $tool (Debian packages gcc-$cross," \
        "libc6-dev-arm64-cross and qemu-user)"
    exit 77
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jobs=$(nproc 2>/dev/null || echo 2)
failed=0
fail() {
    echo "FAILED: $1"
    failed=1
}

# 1. The rooms that need no other package, for 64-bit ARM, with the options of the CMake files.
options="-std=c11 -O2 -ffp-contract=off -fno-math-errno -fno-trapping-math -DL2L_BUILDING
    -I$L2L_SOURCE/include -I$L2L_SOURCE/lib"
list() {
    cd "$L2L_SOURCE/lib" || exit 1
    find core mosaic stages plan -name '*.c' ! -name '*json*' | while read -r file; do
        name=$work/$(echo "${file%.c}" | tr / _)
        case $file in
            *.kernel.c)
                for isa in baseline neon; do
                    for real in f32 f64; do
                        echo "-O3 -DL2L_ISA=$isa -DL2L_ISA_IS_$isa -DL2L_REAL=$real" \
                            "-DL2L_REAL_IS_$real -c $PWD/$file -o $name.$real.$isa.o"
                    done
                done
                ;;
            *) echo "-DL2L_HAVE_baseline -DL2L_HAVE_neon -c $PWD/$file -o $name.o" ;;
        esac
    done
}
# shellcheck disable=SC2086 # lists
(list) | xargs -P "$jobs" -L 1 $cross-gcc $options || fail "the library does not compile"
$cross-ar rcs "$work/lens2logit.a" "$work"/*.o
for program in "$L2L_SOURCE/tests/opcheck" "$L2L_SOURCE/tests/neon/bits.c" \
    "$L2L_SOURCE"/tests/stages/test_*.c; do
    sources=$(find "$program" -name '*.c')
    # shellcheck disable=SC2086 # lists
    $cross-gcc $options -static $sources "$work/lens2logit.a" -lpthread -lm \
        -o "$work/$(basename "$program" .c)" || fail "$program does not compile"
done
# shellcheck disable=SC2086 # a list
${CC:-cc} $options "$L2L_SOURCE/tests/neon/bits.c" "$L2L_BUILD/lib/liblens2logit.a" -lpthread -lm \
    -o "$work/bits_here" || fail "bits.c does not compile"
[ $failed = 0 ] || exit 1

# 2. Every multiply-add that is fused is an instruction: none calls the C library's.
for object in "$work"/*.neon.o; do
    ! $cross-nm -u "$object" | grep -wE 'fmaf?l?' || fail "$object calls the C library's fma"
done

# 3. The same bits as on this machine.
qemu-aarch64 "$work/bits" neon >"$work/neon" || fail "bits does not run"
[ "$(wc -l <"$work/neon")" -ge 80 ] || fail "bits printed too little"
for isa in avx2 avx512; do
    "$work/bits_here" $isa >"$work/$isa"
    case $? in
        0) ;;
        77) echo "$isa is not compared: this processor has none" && continue ;;
        *) fail "bits $isa" && continue ;;
    esac
    diff "$work/$isa" "$work/neon" >"$work/diff" || {
        head -20 "$work/diff"
        fail "$(grep -c '^>' "$work/diff") results on NEON have other bits than on $isa"
    }
done

# 4. The tests of kernels one by one, on a part of what they try elsewhere.
for program in "$work"/test_*; do
    qemu-aarch64 "$program" 997 || fail "$(basename "$program")"
done

# 5. Against the oracle: all cases forward, and a part of those that emulation makes slow.
opcheck() {
    log=$work/log.$1.$3
    qemu-aarch64 "$work/opcheck" "$@" >"$log" && return
    cat "$log"
    echo "FAILED: opcheck $*"
    return 1
}
{ opcheck check --isa neon && opcheck repeat --isa neon --every 7 &&
    opcheck check --isa baseline --every 7; } &
first=$!
opcheck grad --isa neon --every 7 && opcheck guard --isa neon --every 3 || failed=1
wait $first || failed=1
exit $failed
