#!/bin/sh
# Lets the program in $L2L_PROGRAM time itself and Lens2Logit's pipeline in PyTorch, one after the other
# on the same two threads, prints the ratios, and fails where forward and backward are less than 40
# times as fast, or 20 times with malloc tuned for PyTorch. --large adds one image of 24 megapixels,
# for which PyTorch needs 8 to 12 GB.
here=$(dirname "$0")
if [ -z "$L2L_PROGRAM" ]; then
    echo "skipped: L2L_PROGRAM does not name the program"
    exit 77
fi
if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    echo "skipped: no PyTorch (Debian package python3-torch)"
    exit 77
fi
exec /usr/bin/python3 "$here/compare.py" "$@"
