#!/usr/bin/env bash
# Runs every fuzz target for $FUZZTIME and writes the result to SOAK.md.
set -euo pipefail
cd "$(dirname "$0")/.."
time_each=${FUZZTIME:-5m}
result=SOAK.md
{
	echo "# Last soak"
	echo
	echo "\`make soak FUZZTIME=$time_each\` on $(date -u +%Y-%m-%d), $(go version | cut -d' ' -f3,4), $(nproc) cores."
	echo
	echo "| fuzz target | executions | new inputs | result |"
	echo "|---|---|---|---|"
} >"$result.new"
status=0
for pkg in $(go list ./...); do
	dir=${pkg#github.com/agentsec/agentsec/}
	for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
		log=$(mktemp)
		verdict=passed
		if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$time_each" "$pkg" >"$log" 2>&1; then
			verdict=FAILED
			status=1
			tail -40 "$log" >&2
		fi
		last=$(grep -E '^fuzz: elapsed' "$log" | tail -1)
		execs=$(sed -nE 's/.*execs: ([0-9]+).*/\1/p' <<<"$last")
		fresh=$(sed -nE 's/.*new interesting: ([0-9]+).*/\1/p' <<<"$last")
		echo "| $dir $target | ${execs:-?} | ${fresh:-?} | $verdict |" >>"$result.new"
		rm -f "$log"
	done
done
mv "$result.new" "$result"
exit $status
