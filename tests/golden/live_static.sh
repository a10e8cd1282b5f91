#!/bin/sh
# Runs live_static.py: the program in $L2L_PROGRAM against SciPy, scikit-image, colour-demosaicing.
here=$(dirname "$0")
if [ -z "$L2L_PROGRAM" ]; then
    echo "skipped: L2L_PROGRAM does not name the program"
    exit 77
fi
python=$(sh "$here/../venv.sh") || exit
exec "$python" -W ignore "$here/live_static.py"
