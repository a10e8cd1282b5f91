#!/bin/sh
# Installs what is missing, builds, and runs the tests.
#
#     sh tests/run.sh          the quick tier
#     sh tests/run.sh --all    also slow tests, consumers of an installed tree, and sanitizers
#
# The last line counts everything: "N passed, N failed, N skipped". L2L_TEST_DATA may name a folder
# with more raw files; what needs them is skipped without it.
set -u
cd "$(dirname "$0")/.." || exit 1
. examples/packages.sh
case ${1:-} in
    '') all= ;;
    --all) all=1 ;;
    *) echo "usage: sh tests/run.sh [--all]"; exit 2 ;;
esac

jobs=$(nproc 2>/dev/null || echo 2)
passed=0 failed=0 skipped=0

# Adds what a run of ctest counted, from its JUnit file (whose own totals count a test that could not
# be started as skipped), and tells what tests left out and why.
count() {
    tests=$(grep -c '^[[:space:]]*<testcase ' "$1")
    good=$(grep -c '^[[:space:]]*<testcase .* status="run">$' "$1")
    left_out=$(grep -c '^[[:space:]]*<skipped message="SKIP_RETURN_CODE=77"/>$' "$1")
    passed=$((passed + good))
    skipped=$((skipped + left_out))
    failed=$((failed + tests - good - left_out))
    grep -o 'skipped: .*' "$1" | sort -u
}

# tier PRESET FOLDER CTEST_ARGUMENTS...: builds it and runs its tests; what does not build is one
# failure.
tier() {
    preset=$1 folder=$2
    shift 2
    say "$preset: building"
    mkdir -p "$folder"
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$folder/log" 2>&1; then
        tail -40 "$folder/log"
        failed=$((failed + 1))
        return
    fi
    say "$preset: testing"
    rm -f "$folder/tests.xml"
    # shellcheck disable=SC2086 # a list
    $launch ctest --test-dir "$folder" -j "$jobs" --output-on-failure --no-tests=error \
        --test-output-size-passed 100000 --output-junit tests.xml "$@"
    if [ -s "$folder/tests.xml" ]; then count "$folder/tests.xml"; else failed=$((failed + 1)); fi
}

launch=
# shellcheck disable=SC2086 # a list
if need_packages $l2l_packages; then
    [ -z "$all" ] || need_packages python3-venv python3-torch ||
        echo "The comparisons with other packages will be skipped."
    [ -z "$all" ] || need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user ||
        echo "NEON will not be checked."
    sample_raw "$PWD/build/sample" || true
    export L2L_SAMPLE_RAW="$sample"
    if [ -z "$all" ]; then
        tier release build -LE slow
    else
        tier release build -LE quick
        tier asan build-asan -LE slow
        # The thread sanitizer needs an address space that is not too random.
        setarch "$(uname -m)" -R true 2>/dev/null && launch="setarch $(uname -m) -R"
        tier tsan build-tsan -LE slow
    fi
else
    failed=1
fi

echo
line="$passed passed, $failed failed"
[ "$skipped" = 0 ] || line="$line, $skipped skipped"
echo "$line"
[ "$failed" = 0 ]
