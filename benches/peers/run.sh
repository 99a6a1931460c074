#!/usr/bin/env bash
# keyferry beside what others use, in one run on one machine: kernels, the service under load, export.
#
#   cargo build --release && benches/peers/run.sh [--quick] >tables.md
#
# Tables in Markdown go to standard output, progress to standard error, figures to benches/peers/results/*.json, the plot
# to docs/overload.svg (of a quick run to the results). README.md beside this file says what it needs. Each part runs alone, too.
set -euo pipefail
cd "$(dirname "$0")/../.."

quick=()
rows=1000000
plot=docs/overload.svg
case "${1-}" in
    '') ;;
    --quick) quick=(--quick) rows=200000 plot=benches/peers/results/overload.svg ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
esac
export KEYFERRY=${KEYFERRY:-$PWD/target/release/keyferry}
[ -x "$KEYFERRY" ] || { echo "$KEYFERRY is not there: cargo build --release" >&2; exit 1; }

# The part under way stops what it started when it is told to end.
part=
end() {
    trap - INT TERM HUP
    [ -z "$part" ] || kill -TERM "$part" 2>/dev/null || true
    wait
    exit 130
}
trap end INT TERM HUP
failed=()
run() {
    echo "== $* (at ${SECONDS}s)" >&2
    "$@" &
    part=$!
    wait "$part" || failed+=("$1")
    part=
}

mkdir -p benches/peers/results
rm -f benches/peers/results/*
# Nothing is compiled while something is measured.
cargo bench --no-run --bench crates --bench load --bench overhead >&2
SECONDS=0
echo "## $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(date -u +%Y-%m-%d)"
echo
run benches/peers/kernels.py "${quick[@]}"
run benches/peers/service.py "${quick[@]}"
[ ! -f benches/peers/results/overload.json ] || run benches/peers/plot.py "$plot"
echo "### Export"
echo
echo '```text'
run benches/export.sh "$rows"
echo '```'
echo "== done in ${SECONDS}s" >&2
[ "${#failed[@]}" = 0 ] || { echo "FAILED: ${failed[*]}" >&2; exit 1; }
