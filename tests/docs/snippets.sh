# Every C block of README.md and docs/ compiles: a whole program (it has a main) is linked as well;
# a fragment is compiled as the body of a function whose arguments are what one usually has at hand,
# or at file scope. Those of add-a-stage.md are parts of the library and see its own headers.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
compile() {
    case $name in *add-a-stage*) set -- -I "$L2L_SOURCE/lib" "$@" ;; esac
    ${CC:-cc} -std=c11 -Wall -Wno-unused -Werror -I "$L2L_SOURCE/include" "$@"
}

cat >"$work/before" <<'END'
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lens2logit/lens2logit.h>
END
cat >"$work/function" <<'END'
l2l_status snippet(l2l_context *context, l2l_raw *raw, l2l_plan *plan, l2l_tape *tape,
                   l2l_tensor params, l2l_tensor mosaic, l2l_tensor image, l2l_tensor src,
                   l2l_tensor dst, l2l_tensor grad_dst, l2l_tensor grad_src,
                   l2l_tensor grad_image, l2l_tensor grad_mosaic, l2l_tensor grad_params,
                   const char *path, int64_t height, int64_t width);
l2l_status snippet(l2l_context *context, l2l_raw *raw, l2l_plan *plan, l2l_tape *tape,
                   l2l_tensor params, l2l_tensor mosaic, l2l_tensor image, l2l_tensor src,
                   l2l_tensor dst, l2l_tensor grad_dst, l2l_tensor grad_src,
                   l2l_tensor grad_image, l2l_tensor grad_mosaic, l2l_tensor grad_params,
                   const char *path, int64_t height, int64_t width)
{
    {
END

# Blocks go to files named after the page and the line that they begin at.
cd "$L2L_SOURCE" || exit 1
find README.md docs -name '*.md' 2>/dev/null | sort | while read -r page; do
    awk -v stem="$work/$(echo "${page%.md}" | tr / _)" '
        /^```/ && file { close(file); file = ""; next }
        /^```c$/ { file = stem ":" NR ".block"; printf "" >file; next }
        file { print >file }' "$page"
done

count=0
for block in "$work"/*.block; do
    [ -e "$block" ] || break
    count=$((count + 1))
    name=$(basename "$block" .block)
    if grep -q 'int main(' "$block"; then
        compile -x c "$block" -x none -o "$work/program" "$L2L_BUILD/lib/liblens2logit.so" -lm \
            2>"$work/errors"
    else
        cat "$work/before" "$block" >"$work/scope.c"
        { cat "$work/before" "$work/function" "$block"; printf '}\nreturn L2L_OK;\n}\n'; } \
            >"$work/body.c"
        compile -c "$work/body.c" -o "$work/o" 2>"$work/errors" ||
            compile -c "$work/scope.c" -o "$work/o" 2>"$work/errors2"
    fi || {
        echo "FAILED: $name does not compile:"
        cat "$work/errors"
        failed=1
    }
done
echo "$count blocks compiled"
[ "$count" -gt 0 ] || { echo "FAILED: no block found"; failed=1; }
exit $failed
