# Gamma and the linear demosaic as CUDA kernels, run in the emulator: no errors, no races, and the
# bits of the library.
set -eu
. "$L2L_SOURCE/tests/cuda_host/common.sh"
library=$L2L_BUILD/lib/liblens2logit.a
uses=$(pkg-config --libs libraw_r libtiff-4 libpng libjpeg libcjson)
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -DL2L_BUILDING -I "$L2L_SOURCE/include" -I "$L2L_SOURCE/lib" \
    -c "$here/reference.c" -o "$work/reference.o"
for name in plain asan tsan; do
    flavour $name
    emulator
    compile stages.cu stages.o
    compile compare.cpp compare.o
    # shellcheck disable=SC2086 # lists
    "$cxx" $link "$work/stages.o" "$work/compare.o" "$work/reference.o" $objects "$library" $uses \
        -lm -lpthread -o "$work/compare"
    status=0
    ASAN_OPTIONS=detect_stack_use_after_return=0 TSAN_OPTIONS=halt_on_error=1 \
        fixed "$work/compare" || status=$?
    [ $status = 0 ] || { [ $status = 77 ] || echo "FAILED: $name"; exit $status; }
    echo "$name: ok"
done
