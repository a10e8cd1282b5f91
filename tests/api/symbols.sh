# What the compiled library shows to the linker and what it asks of it.
set -eu
shared=$L2L_BUILD/lib/liblens2logit.so
static=$L2L_BUILD/lib/liblens2logit.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
    echo "FAILED: $1"
    failed=1
}

# 1. The exported functions are those that the headers declare with L2L_API, no more and no less.
echo '#include <lens2logit/lens2logit.h>' |
    ${CC:-cc} -E -P -DL2L_BUILDING -I "$L2L_SOURCE/include" - | tr '\n' ' ' | tr ';}' '\n\n' |
    sed -n 's/.*visibility("default")[^(]*)[^(]*) *[^(]*[ *]\(l2l_[a-z0-9_]*\)(.*/\1/p' |
    sort -u >"$work/declared"
nm -D --defined-only "$shared" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }' |
    sort -u >"$work/exported"
[ "$(wc -l <"$work/declared")" -gt 60 ] || fail "the headers were not understood"
diff "$work/declared" "$work/exported" >"$work/diff" ||
    fail "declared (<) is not what is exported (>): $(grep '^[<>]' "$work/diff" | tr '\n' ' ')"
nm -g --defined-only "$static" | awk 'NF == 3 && $3 !~ /^l2l_/ { print $3 }' >"$work/foreign"
[ ! -s "$work/foreign" ] || fail "names that are not the library's: $(tr '\n' ' ' <"$work/foreign")"

# 2. It never prints, aborts, exits, or keeps a hidden channel to its process.
nm -u "$static" | awk '$1 == "U" { print $2 }' | sort -u >"$work/wanted"
forbidden='v?(f|d)?printf|__v?(f|d)?printf_chk|puts|fputs|putchar|fputc|fwrite|perror|stdin|stdout'
forbidden="$forbidden|stderr|abort|exit|_exit|quick_exit|atexit|raise|kill|signal|sigaction"
forbidden="$forbidden|__assert_fail|getenv|setenv|putenv|system|setlocale|srand|rand|strtok"
if grep -xE "$forbidden" "$work/wanted"; then
    fail "the library refers to the symbols above"
fi

# 3. Nothing in it can be changed at run time: no mutable globals.
size -A "$static" | awk '($1 ~ /^\.(data|bss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0)' \
    >"$work/mutable"
nm "$static" | awk '$2 ~ /^[BbCDG]$/ { print $3 }' >"$work/names"
[ ! -s "$work/mutable" ] ||
    fail "mutable globals: $(tr '\n' ' ' <"$work/mutable") $(tr '\n' ' ' <"$work/names")"

# 4. Kernels for processors without a fused multiply-add never fall back on the C library's.
case $(uname -m) in
    x86_64)
        for object in $(find "$L2L_BUILD/lib" -path '*_baseline.dir*' -name '*.o'); do
            if nm -u "$object" | grep -wE 'fmaf?l?'; then
                fail "$object calls the C library's fma"
            fi
        done
        ;;
esac
exit $failed
