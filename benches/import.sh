#!/usr/bin/env bash
# The import: how fast a million users are planned, how much of the org's rate it uses, how soon a killed run goes on.
#
#   cargo build --release && benches/import.sh [ROWS] [MINUTES]
#
# Runs against the imitation org (`keyferry mock-okta`) on this machine, over a SQLite store in a temporary folder that
# it removes at the end. Needs GNU time and python3. KEYFERRY names another binary to measure.
set -euo pipefail

rows=${1:-1000000}
minutes=${2:-3}
keyferry=$(realpath "${KEYFERRY:-$(dirname "$0")/../target/release/keyferry}")
folder=$(mktemp -d)
org=
stop() {
    [ -z "$org" ] || kill "$org" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
cd "$folder"

python3 - "$rows" <<'PYTHON'
import base64, hashlib, sqlite3, sys
rows = int(sys.argv[1])
store = sqlite3.connect("shop.db")
store.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT, first_name TEXT, last_name TEXT)")
def value(i):
    digest = hashlib.md5(str(i).encode()).digest()
    kind = i % 4
    if kind == 0:
        return "$2a$10$" + digest.hex()[:21] + "eE5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    if kind == 1:
        return "$P$9" + digest.hex()[:8] + "fRo7ud9Fh4E2PdI0S3r.L0"
    if kind == 2:
        return "{SSHA}" + base64.b64encode(digest + digest[:12]).decode()
    text = base64.b64encode(digest).decode().rstrip("=")
    return "$argon2id$v=19$m=19456,t=2,p=1$" + text + "$" + base64.b64encode(digest * 2).decode().rstrip("=")
store.executemany(
    "INSERT INTO users VALUES (?, ?, ?, ?, ?)",
    ((i, f"user{i}@example.com", value(i), f"First{i % 1000}", f"Last{i % 5000}") for i in range(1, rows + 1)),
)
store.commit()
PYTHON

# An org with this limit a minute.
start_org() {
    "$keyferry" mock-okta --listen 127.0.0.1:0 --rate-limit "$1" >org.log 2>&1 &
    org=$!
    until grep -qs listens org.log; do sleep 0.1; done
    url=$(grep -o 'http://127.0.0.1:[0-9]*' org.log | head -1)
}
stop_org() {
    kill "$org"
    wait "$org" 2>/dev/null || true
    org=
}
configure() {
    cat >keyferry.toml <<TOML
[ledger]
url = "sqlite:$1"
[[source]]
name = "shop"
url = "sqlite:shop.db"
lookup = "SELECT id, email AS login, password AS stored FROM users WHERE email = :username"
users = "SELECT id, email AS login, password AS stored, first_name, last_name FROM users WHERE id > :after ORDER BY id LIMIT :limit"
[okta]
org_url = "$url"
api_token = "mock-okta-token"
share = $2
in_flight = ${3:-10}
TOML
}
figure() { python3 -c "import json; report = json.load(open('$1')); print(report['$2'])"; }

echo "== the plan: --dry-run over $rows users, without a ledger"
url=http://127.0.0.1:9
configure ledger.db 0.8
/usr/bin/time -f "%e %M" -o time "$keyferry" import --dry-run --json >plan.json
read -r seconds memory <time
python3 -c "print(f'{$rows / $seconds:,.0f} users/s, {$seconds:.1f} s, peak {$memory / 1024:.1f} MiB')"

for limit in 600 6000; do
    echo "== the rate: a limit of $limit calls a minute, share 0.8, $minutes minutes"
    start_org "$limit"
    configure "ledger-$limit.db" 0.8
    users=$((limit * 8 / 10 * minutes))
    "$keyferry" import --limit "$users" --json >"rate-$limit.json" 2>/dev/null
    python3 - "rate-$limit.json" "$limit" <<'PYTHON'
import json, sys
report, limit = json.load(open(sys.argv[1])), int(sys.argv[2])
calls, seconds, limited = report["calls"], report["seconds"], report["limited"]
allowed = 0.8 * limit * seconds / 60
print(f"{calls} calls in {seconds:.1f} s: {100 * calls / allowed:.1f} % of the allowed {allowed:.0f}; "
      f"{limited} answered 429 ({100 * limited / calls:.2f} %)")
PYTHON
    stop_org
done

echo "== as fast as it goes: 20000 users, a limit that nobody reaches, 100 calls in flight"
start_org 4000000000
configure ledger-fast.db 1.0 100
/usr/bin/time -f "%M" -o time "$keyferry" import --limit 20000 --json >fast.json 2>/dev/null
python3 - fast.json time <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
print(f"{report['users']:,} users created in {report['seconds']:.1f} s, {report['users'] / report['seconds']:,.0f} users/s, "
      f"peak {int(open(sys.argv[2]).read()) / 1024:.1f} MiB")
PYTHON
stop_org

echo "== the resume: a ledger of $rows users, all but the last thousand in the org, killed while it sends"
start_org 600
configure ledger.db 1.0
"$keyferry" export --format okta --out /dev/null --rejects rejects-of-export.csv --record 2>export.log
python3 - ledger.db "$rows" <<'PYTHON'
import hashlib, hmac, sqlite3, sys
ledger, rows = sqlite3.connect(sys.argv[1]), int(sys.argv[2])
key = ledger.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()[0].encode()
hashed = lambda id: hmac.new(key, b"shop\0" + str(id).encode(), hashlib.sha256).hexdigest()[:32]
ledger.executemany("UPDATE users SET state = 'seeded', okta_id = '00u' || substr(user_key, 1, 17) WHERE source = 'shop' AND user_key = ?",
                   ((hashed(id),) for id in range(1, rows - 999)))
assert ledger.total_changes == rows - 1000, ledger.total_changes
ledger.commit()
PYTHON
python3 - "$keyferry" ledger.db "$rows" <<'PYTHON'
import sqlite3, subprocess, sys, time
keyferry, ledger, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
def events():
    reader = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)
    return reader.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
def cursor():
    reader = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)
    return reader.execute("SELECT count(*) FROM meta WHERE key LIKE 'cursor:%'").fetchone()[0]
def start():
    began = time.monotonic()
    return began, subprocess.Popen([keyferry, "import"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
def until(condition, process):
    while not condition():
        assert process.poll() is None, "the import ended"
        time.sleep(0.002)
before = events()
began, process = start()
until(lambda: cursor() and events() > before + 20, process)
process.kill()
process.wait()
print(f"first run: under way for {time.monotonic() - began:.1f} s when it was killed")
before = events()
began, process = start()
until(lambda: events() > before, process)
print(f"resumed: the first user was settled {1000 * (time.monotonic() - began):.0f} ms after the start")
process.kill()
process.wait()
PYTHON
