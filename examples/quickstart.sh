#!/bin/sh
# From a clone to pictures: installs what is missing, builds, and develops a raw photograph.
#
#     sh examples/quickstart.sh [RAW [OUT]]
#
# RAW is a camera's raw file (left out: a real one is fetched through apt), OUT the folder for the
# pictures (left out: out).
set -eu
start=$PWD
cd "$(dirname "$0")/.."
. examples/packages.sh

# From the caller's folder, as an absolute path.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$start/$1" ;; esac; }

raw=${1:-}
out=$(absolute "${2:-$PWD/out}")
if [ -n "$raw" ]; then
    raw=$(absolute "$raw")
    [ -r "$raw" ] || { echo "$raw cannot be read"; exit 1; }
fi

# shellcheck disable=SC2086 # a list
need_packages $l2l_packages
say "building"
cmake --preset release
cmake --build --preset release --target lens2logit
lens2logit=$PWD/build/examples/lens2logit/lens2logit

if [ -z "$raw" ]; then
    sample_raw "$PWD/build/sample" || { echo "Give a raw file: sh examples/quickstart.sh RAW"; exit 1; }
    raw=$sample
fi
mkdir -p "$out"
say "info: what the camera says"
"$lens2logit" info "$raw"
say "develop: the photograph"
"$lens2logit" develop "$raw" -o "$out/developed.png"
say "grad: every stage, and the gradient of the image's contrast at every stage (the middle part)"
"$lens2logit" grad "$raw" --crop 1536x1024 -o "$out/grad"
say "fit: the camera's own preview is matched by gradient descent"
"$lens2logit" fit "$raw" -o "$out/fit"

say "done"
echo "the photograph        $out/developed.png"
echo "stages and gradients  $out/grad"
echo "the fit               $out/fit"
