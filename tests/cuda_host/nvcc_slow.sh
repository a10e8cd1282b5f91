# nvcc compiles the pixel math of every stage, in both precisions, and the kernels made of it.
set -u
command -v nvcc >/dev/null || {
    echo "skipped: nvcc is not in PATH; the pixel math was NOT compiled as CUDA"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 headers=0
# 1675: an unrolling pragma of gcc's; 177: a function that this test does not call
compile() {
    nvcc -std=c++17 -arch=sm_80 -fmad=false -Werror all-warnings -diag-suppress 1675,177 \
        -DL2L_BUILDING -I "$L2L_SOURCE/include" -I "$L2L_SOURCE/lib" "$@" >"$work/log" 2>&1 &&
        return
    cat "$work/log"
    echo "FAILED: nvcc $*"
    failed=1
}
for header in "$L2L_SOURCE"/lib/stages/*/*.math.h; do
    printf '#include "%s"\n' "${header#"$L2L_SOURCE"/lib/}" >>"$work/all.cu"
    headers=$((headers + 1))
done
# A call of each function from a kernel makes nvcc compile it for the device.
echo '__global__ void use(real *x, l2l_gamma_channel k, l2l_sites s) {
    real term;
    x[0] = l2l_black_level_value(x[0], x[1], x[2]) * l2l_black_level_slope(x[3]);
    x[1] = l2l_clip_value(x[0], x[1], x[2]) + l2l_clip_grad(x[0], x[1], x[2], x[3]);
    x[2] = l2l_color_matrix_value(x, x[0], x[1], x[2], x[3]) + l2l_color_matrix_grad(x, 1, 2, 3);
    x[3] = l2l_normalize_value(x[0], x[1], x[2]) + l2l_normalize_grad(x[0], 1, 2, 3, 4, 5);
    x[4] = l2l_white_balance_value(x[0], x[1]);
    x[5] = l2l_gamma_forward_at(&k, x[0]);
    x[6] = l2l_gamma_backward_at(&k, x[0], x[1], &term) + term;
    const void *rows[9] = { x, x, x, x, x, x, x, x, x };
    x[7] = l2l_demosaic_value(&s, x, rows, 5) + l2l_demosaic_grad(&s, x, rows, 2, 3, 4);
    l2l_median_choose(rows, 1, 5, x, x + 1);
    l2l_median_choose_nan(rows, 1, 5, x, x + 1);
    x[8] = l2l_median_grad(rows, rows, 1, 5, x[0]);
    x[9] = l2l_loss_value(L2L_LOSS_SQUARED, x[0], x[1]) + l2l_loss_slope(L2L_LOSS_ABSOLUTE, x[0], x[1]);
}' >>"$work/all.cu"
[ "$headers" -ge 8 ] || { echo "FAILED: only $headers headers were found"; failed=1; }
compile -c "$work/all.cu" -o "$work/f32.o"
compile -DL2L_REAL_IS_f64 -c "$work/all.cu" -o "$work/f64.o"
compile -c "$L2L_SOURCE/tests/cuda_host/stages.cu" -o "$work/stages.o"
[ $failed = 1 ] || echo "$headers headers compile"
exit $failed
