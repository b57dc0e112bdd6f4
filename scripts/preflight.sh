#!/usr/bin/env bash
# What a fresh machine must have, each missing thing in one line with the way to get it; then what will be downloaded.
set -u
missing=0
need() { # name, test command, remedy
  if ! eval "$2" >/dev/null 2>&1; then
    echo "missing: $1 — $3" >&2
    missing=1
  fi
}
PYTHON="${PYTHON:-python3}"
need "Linux on x86-64" '[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ]' "the locked packages are built for it"
need "Python 3.11 or 3.12" '"$PYTHON" -c "import sys; raise SystemExit(sys.version_info[:2] not in {(3, 11), (3, 12)})"' \
  "apt-get install python3 python3-venv, or name one: make PYTHON=/path/to/python3.12"
need "Python's venv module" '"$PYTHON" -c "import ensurepip, venv"' "apt-get install python3-venv"
need "a C++ compiler" 'command -v g++' "apt-get install g++"
need "libnuma (for vLLM on the CPU)" 'ldconfig -p | grep -q libnuma.so.1 || [ -e /usr/lib/x86_64-linux-gnu/libnuma.so.1 ]' \
  "apt-get install libnuma1"
free_gb=$(df --output=avail -BG . | tail -1 | tr -dc 0-9)
need "20 GB of free disk (there are ${free_gb:-0})" '[ "${free_gb:-0}" -ge 20 ]' "free some, or clone to another disk"
[ "$missing" = 0 ] || exit 1
echo "Will download about 4 GB from your package index (two Python environments) and, on first use, 0.9 GB from Maven"
echo "Central (Elasticsearch and a Java runtime, 0.3 GB once unpacked). About 9 GB of disk in all."
