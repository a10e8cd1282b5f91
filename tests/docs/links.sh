# Every file that README.md and docs/ link to is there.
set -u
cd "$L2L_SOURCE" || exit 1
broken=$(find README.md docs -name '*.md' | while read -r page; do
    grep -o '](\([^)#]*\)' "$page" | sed 's/^](//' | grep -v '^https\?:' | while read -r target; do
        [ -z "$target" ] || [ -e "$(dirname "$page")/$target" ] || echo "$page links to $target"
    done
done)
[ -z "$broken" ] || { echo "FAILED: missing:"; echo "$broken"; exit 1; }
