# Every public header compiles alone, twice in a row, as C11 and as C++17, without a warning.
set -u
failed=0
flags='-fsyntax-only -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -pedantic -Werror'
for header in "$L2L_SOURCE"/include/lens2logit/*.h; do
    name=lens2logit/${header##*/}
    for language in 'c -std=c11' 'c++ -std=c++17'; do
        case $language in
            c++*) compiler=${CXX:-c++} ;;
            *) compiler=${CC:-cc} ;;
        esac
        # shellcheck disable=SC2086 # flags and language are lists
        if ! printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
            $compiler -x $language $flags -I "$L2L_SOURCE/include" -; then
            echo "FAILED: $name as $language"
            failed=1
        fi
    done
done
exit $failed
