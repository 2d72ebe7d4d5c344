# Shared by the scripts: where things are, and how to say what happens.
# shellcheck shell=bash disable=SC2034 # what is set here, others use
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/usms"
VENV="$PWD/.venv"
HASS_VENV="$VENV/envs/hass"
OLDEST_VENV="$VENV/envs/oldest"
SCHEMATHESIS_VENV="$VENV/envs/schemathesis"
PYTHON_WANTED=">=3.14.2"
# Home Assistant and pytest start much slower where nothing compiled is kept.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }
fail() { say "$(basename "$0"): $*"; exit 1; }
