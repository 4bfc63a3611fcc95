# What the scripts beside it share; each sources it with the program as its first argument.
# Everything happens in a temporary folder. Every command is bounded in time.
set -u
sgdb=$(cd "$(dirname "${1:?usage: $0 SGDB}")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
checks=0

sg() { timeout -s KILL 60 "$sgdb" "$@"; }

failed() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    sed 's/^/    out: /' out | head -5
    sed 's/^/    err: /' err | head -5
}

# expect STATUS WORDS command...: the exit status, and WORDS somewhere in what it says
expect() {
    want=$1 words=$2
    shift 2
    checks=$((checks + 1))
    "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$want" ] || { failed "$* -> $got, not $want"; return; }
    [ -z "$words" ] || cat out err | grep -aqF -- "$words" || failed "$*: nothing says '$words'"
}

# text FILE printf-format: an input
text() { printf "$2" >"$1"; }

same() { # same FILE FILE
    checks=$((checks + 1))
    cmp -s "$1" "$2" || { : >out; : >err; failed "$1 and $2 differ"; }
}

new() { # new DIR: an empty database
    rm -rf "$1"
    expect 0 "Initialized database in $1" sg init "$here/people.graphql" --data "$1"
}
