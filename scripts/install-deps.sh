#!/usr/bin/env bash
# Installs what the tests and the demo need from Debian: PostgreSQL (a private
# server is started from its binaries, the packaged service is not used), the
# Python driver of the sample agents, a C compiler for the race detector, git.
# Everything that is there already is left alone; nothing else is fetched.
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }

have git || missing+=(git)
have cc || have gcc || missing+=(gcc libc6-dev)
if ! have postgres && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
	missing+=(postgresql)
fi
if [ ! -x /usr/bin/python3 ] || ! /usr/bin/python3 -c 'import psycopg2' >/dev/null 2>&1; then
	missing+=(python3 python3-psycopg2)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if ! have apt-get; then
	echo "agentsec's tests need: ${missing[*]} (Debian's names); install them and try again" >&2
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! have sudo; then
		echo "run as root: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo)
fi
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# The package would start a server of its own: tell it not to create one.
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
	"${as_root[@]}" mkdir -p /etc/postgresql-common
	[ -e /etc/postgresql-common/createcluster.conf ] ||
		echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
"${as_root[@]}" apt-get update -qq </dev/null
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
