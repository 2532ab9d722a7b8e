#!/bin/sh
# Runs a command beside a private PostgreSQL server that lives only as long as the command.
#
#     tools/postgres.sh COMMAND...
#
# The command finds the server's address in LOOKALIKE_POSTGRES. The server listens on a socket in a temporary
# folder, on no port, so that it meets neither another server nor the network. Where PostgreSQL is missing and
# we are root on Debian or Ubuntu, its package is installed; else we say what to install.
set -eu

fail() {
    echo "postgres: $*" >&2
    exit 1
}

find_programs() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) $(pg_config --bindir 2>/dev/null); do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    return 1
}

install_package() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "expected PostgreSQL's server programs, found none: install them (on Debian and Ubuntu, postgresql)"
    echo "postgres: installing Debian's package"
    # The package would make and start a server of its own, which nobody has asked for.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >/dev/null
}

# The server refuses to run as root: then it runs as the user that its package has made.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        "$@"
    fi
}

stop() {
    as_owner "$programs/pg_ctl" -D "$folder/data" -m immediate -s stop 2>/dev/null || true
    rm -rf "$folder"
}

[ $# -gt 0 ] || fail "expected a command to run"
programs=$(find_programs) || { install_package && programs=$(find_programs); } || fail "found no server programs"
# A socket's path has about a hundred characters at most: hence not in the project's own folder.
folder=$(mktemp -d "${TMPDIR:-/tmp}/postgres.XXXXXX")
trap stop EXIT
trap 'exit 130' INT TERM
[ "$(id -u)" != 0 ] || chown postgres: "$folder"
chmod 755 "$folder"
cd "$folder"
as_owner "$programs/initdb" -D "$folder/data" -A trust -U lookalike -E UTF8 --no-locale --no-sync >"$folder/initdb.log" ||
    fail "initdb failed: $(tail -n 3 "$folder/initdb.log")"
as_owner "$programs/pg_ctl" -D "$folder/data" -l "$folder/data/log" -s -w -t 60 \
    -o "-c listen_addresses='' -c unix_socket_directories='$folder' -c shared_buffers=64MB" start ||
    fail "the server did not start: $(tail -n 3 "$folder/data/log")"
cd "$OLDPWD"
LOOKALIKE_POSTGRES="postgresql://lookalike@/postgres?host=$folder" "$@"
