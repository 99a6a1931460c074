#!/usr/bin/env bash
# Survey and export of a million users from PostgreSQL, beside COPY of the same columns.
#
#   cargo build --release && benches/export.sh [ROWS]
#
# Starts a PostgreSQL of its own in a temporary folder, on a free port, and removes it at the end. Needs the
# server's binaries (in PATH or in /usr/lib/postgresql/*/bin), psql, GNU time, and python3 for a free port. KEYFERRY
# names another binary to measure. Every figure is the best of three runs, taken in turns.
set -euo pipefail

rows=${1:-1000000}
keyferry=$(realpath "${KEYFERRY:-$(dirname "$0")/../target/release/keyferry}")
binaries=$(dirname "$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -1 || true)")
[ -x "$binaries/initdb" ] || binaries=$(dirname "$(realpath "$(command -v initdb)")")
folder=$(mktemp -d)
chmod 755 "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# The server refuses to run as root.
server() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}
stop() {
    server "$binaries/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT

mkdir "$folder/data" "$folder/out"
[ "$(id -u)" != 0 ] || chown postgres "$folder/data"
cd "$folder"
server "$binaries/initdb" -D "$folder/data" -U bench -A trust -E UTF8 --locale=C -N >/dev/null
server "$binaries/pg_ctl" -D "$folder/data" -w -l "$folder/data/log" \
    -o "-p $port -h 127.0.0.1 -k '' -c fsync=off -c shared_buffers=512MB -c max_wal_size=4GB" start >/dev/null
url="postgres://bench@127.0.0.1:$port/postgres"

# Values of ten shapes; the salts differ from row to row. No one needs their passwords.
psql -q "$url" <<SQL
CREATE TABLE users (
    id bigint PRIMARY KEY, email text NOT NULL, password text, enabled boolean NOT NULL,
    first_name text, last_name text, phone text, last_login timestamptz);
INSERT INTO users
SELECT i, 'user' || i || '@example.com',
    CASE i % 10
        WHEN 4 THEN '{bcrypt}\$2a\$10\$' || substr(md5(i::text), 1, 21) || 'eE5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
        WHEN 5 THEN '{SSHA}' || encode(decode(md5(i::text) || substr(md5('x' || i), 1, 24), 'hex'), 'base64')
        WHEN 6 THEN 'pbkdf2_sha256\$600000\$' || substr(md5(i::text), 1, 22)
            || '\$' || encode(decode(md5(i::text) || md5('y' || i), 'hex'), 'base64')
        WHEN 7 THEN '\$P\$9' || substr(md5(i::text), 1, 8) || 'fRo7ud9Fh4E2PdI0S3r.L0'
        WHEN 8 THEN '{scrypt}\$e0801\$' || encode(decode(md5(i::text) || md5('z' || i) || md5('w' || i), 'hex'), 'base64')
            || '\$' || encode(decode(md5(i::text) || md5('v' || i), 'hex'), 'base64')
        WHEN 9 THEN '\$argon2id\$v=19\$m=19456,t=2,p=1\$' || rtrim(encode(decode(md5(i::text), 'hex'), 'base64'), '=')
            || '\$' || rtrim(encode(decode(md5(i::text) || md5('u' || i), 'hex'), 'base64'), '=')
        ELSE '\$2a\$10\$' || substr(md5(i::text), 1, 21) || 'eE5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    END,
    i % 50 <> 0, 'First' || i % 1000, 'Last' || i % 5000, '+1 555 ' || i,
    timestamptz '2026-01-01' - i % 1000 * interval '1 day'
FROM generate_series(1, $rows) AS i;
VACUUM (ANALYZE, FREEZE) users;
SQL

columns="id, email AS login, password AS stored, enabled AS active, first_name, last_name, phone, last_login"
cat >keyferry.toml <<TOML
[[source]]
name = "shop"
url = "$url"
lookup = "SELECT $columns FROM users WHERE email = :username"
users = "SELECT $columns FROM users WHERE id > :after ORDER BY id LIMIT :limit"
TOML

copy() { psql -q "$url" -c "COPY (SELECT $columns FROM users) TO STDOUT" >/dev/null; }
survey() { "$keyferry" survey --json >out/survey.json || [ $? = 3 ]; }
export_okta() { "$keyferry" export --format okta --out out/users.jsonl --rejects out/rejects.csv --json >out/okta.json || [ $? = 3 ]; }
export_csv() { "$keyferry" export --format csv --out out/users.csv --rejects out/rejects.csv --json >out/csv.json || [ $? = 3 ]; }
export -f copy survey export_okta export_csv
export keyferry url columns

for run in 1 2 3; do
    for what in copy survey export_okta export_csv; do
        /usr/bin/time -f "%e %U %S %M" -o out/time bash -c "set -e; $what" 2>>out/log
        seconds=$(cut -d' ' -f1 out/time)
        case $what in
            survey) seconds=$(python3 -c 'import json; print(json.load(open("out/survey.json"))["seconds"])') ;;
        esac
        echo "$what $seconds $(cut -d' ' -f2- out/time)" >>out/runs
    done
done

python3 - "$rows" out/runs <<'PYTHON'
import sys
rows = int(sys.argv[1])
best = {}
for line in open(sys.argv[2]):
    what, *figures = line.split()
    seconds, user, system, memory = map(float, figures)
    old = best.get(what)
    best[what] = (min(seconds, old[0]), user + system, max(memory, old[2])) if old else (seconds, user + system, memory)
copy = best["copy"][0]
print(f"{rows:,} rows, best of three; survey without its measuring of the hashes")
print(f"{'':<14}{'seconds':>9}{'rows/s':>12}{'of COPY':>9}{'CPU s':>8}{'peak MiB':>10}")
for what, (seconds, cpu, memory) in best.items():
    print(f"{what:<14}{seconds:>9.2f}{rows / seconds:>12,.0f}{copy / seconds:>9.2f}{cpu:>8.2f}{memory / 1024:>10.1f}")
PYTHON
ls -l out/users.jsonl | awk '{print "users.jsonl: " $5 " bytes"}'
