#!/bin/sh
# Makes the virtual environment of the slow tests, once: sh tests/venv.sh [FOLDER] prints the path of
# its Python. Exit status 77: it cannot be made here (no venv module, or no network).
folder=${1:-${L2L_VENV:-${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/lens2logit-venv-$(id -u)}}
python=$folder/bin/python
base=python3
[ -x /usr/bin/python3 ] && base=/usr/bin/python3
packages="numpy scipy scikit-image colour-demosaicing"

complete() {
    "$python" -c 'import numpy, scipy, skimage, colour_demosaicing' 2>/dev/null
}

if ! complete; then
    rm -rf "$folder"
    if ! { "$base" -m venv "$folder" && "$python" -m pip install -q $packages; } >&2 || ! complete; then
        echo "skipped: no virtual environment with $packages in $folder" >&2
        rm -rf "$folder"
        exit 77
    fi
fi
echo "$python"
