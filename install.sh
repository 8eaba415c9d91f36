#!/bin/sh
# Puts the `plait` command into a bin directory:
#
#     sh install.sh -b DIR
#     sh install.sh -b DIR -w pandas -w pyarrow      # with what your tasks import
#
# plait and what it needs go into a virtual environment of their own, so nothing else on the machine changes. Run again to
# upgrade. Needs Python 3.11 or newer with venv, and a package index that pip can reach.
set -eu

usage() {
    cat <<'TEXT'
usage: sh install.sh [-b DIR] [-e DIR] [-p PYTHON] [-w PACKAGE]...

  -b DIR     where the command goes; ~/.local/bin by default
  -e DIR     where its environment goes; ~/.local/share/plait by default
  -p PYTHON  the interpreter to use; the newest of python3.14 … python3.11 and python3 by default
  -w PACKAGE what tasks import besides plait, such as pandas; as often as needed
TEXT
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

bin=${HOME}/.local/bin
environment=${XDG_DATA_HOME:-${HOME}/.local/share}/plait
python=
libraries=
while getopts b:e:p:w:h option; do
    case $option in
        b) bin=$OPTARG ;;
        e) environment=$OPTARG ;;
        p) python=$OPTARG ;;
        w) libraries="$libraries $OPTARG" ;;
        h) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 0 ] || { usage >&2; exit 2; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -z "$python" ]; then
    for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || fail "there is no Python 3.11 or newer here; install one, or name it with -p"
fi
is_new_enough "$python" || fail "$python is not Python 3.11 or newer; name another with -p"

source=$(cd "$(dirname "$0")" && pwd)
[ -f "$source/sdk/pyproject.toml" ] || fail "run it from a clone of plait: there is no sdk folder beside it"

mkdir -p "$bin" "$environment"
bin=$(cd "$bin" && pwd)
environment=$(cd "$environment" && pwd)
"$python" -m venv "$environment" || fail "$python cannot make virtual environments; on Debian, install python3-venv"

set -- "$source/core" "$source/sdk[server]"
for plugin in "$source"/plugins/*/; do
    [ ! -f "$plugin/pyproject.toml" ] || set -- "$@" "$plugin"
done
# shellcheck disable=SC2086 # names of packages have no blanks
"$environment/bin/python" -m pip install --quiet --upgrade --disable-pip-version-check "$@" $libraries \
    || fail "pip could not install plait; what it said is above"

ln -sf "$environment/bin/plait" "$bin/plait"
"$bin/plait" --version
case :$PATH: in
    *:"$bin":*) ;;
    *) echo "Add $bin to PATH to call it as plait." ;;
esac
