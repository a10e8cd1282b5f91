#!/bin/sh
# What needs no PyTorch is tested anyway.
python3 "$(dirname "$0")/test_peers_bench.py" || exit 1
/usr/bin/python3 -c 'import torch, numpy' 2>/dev/null || python3 -c 'import torch, numpy' 2>/dev/null || {
    echo "skipped: no PyTorch (Debian package python3-torch): that peer was NOT compared"
    exit 77
}
