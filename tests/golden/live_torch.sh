#!/bin/sh
# Runs live_torch.py: the program in $L2L_PROGRAM against PyTorch (Debian's python3-torch).
here=$(dirname "$0")
if [ -z "$L2L_PROGRAM" ]; then
    echo "skipped: L2L_PROGRAM does not name the program"
    exit 77
fi
for python in /usr/bin/python3 python3; do
    if "$python" -c 'import torch, numpy' 2>/dev/null; then
        exec "$python" "$here/live_torch.py"
    fi
done
echo "skipped: no PyTorch (Debian package python3-torch)"
exit 77
