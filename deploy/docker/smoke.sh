#!/usr/bin/env bash
# Builds the image and tries it: it starts, is healthy, verifies a password, keeps its ledger over a restart, writes nowhere
# else, holds no shell, and stops when told. Where there is no container engine it says what it left out and ends with 0, or
# with 1 where REQUIRE_ENGINE=1.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  printf 'SKIPPED: %s\n' "$1" "the image was not built" "the image's health check, verdicts, restart and stop were not tried"
  [ "${REQUIRE_ENGINE:-0}" = 1 ] && exit 1
  exit 0
}

engine=""
for candidate in docker podman; do
  if command -v "$candidate" >/dev/null && "$candidate" info >/dev/null 2>&1; then
    engine=$candidate
    break
  fi
done
[ -n "$engine" ] || skip "no container engine answers here (docker, podman)"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing, which makes the sample store"
command -v curl >/dev/null || skip "curl is missing, which calls the hook"

image=keyferry-smoke name=keyferry-smoke-$$ volume=keyferry-smoke-$$ port=${PORT:-18088}
folder=$(mktemp -d)
cleanup() {
  "$engine" rm --force "$name" >/dev/null 2>&1 || true
  "$engine" volume rm "$volume" >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap cleanup EXIT
fail() {
  echo "FAILED: $1" >&2
  "$engine" logs "$name" >&2 || true
  exit 1
}

echo "== build with $engine"
"$engine" build --tag "$image" .

echo "== a store, and a service over it"
chmod 755 "$folder"
# The value is an example of Spring Security's manual; its password is `password`.
sqlite3 "$folder/legacy.db" "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, password TEXT, enabled INTEGER, first_name TEXT,
  last_name TEXT); INSERT INTO users VALUES (1, 'ada@example.com',
  '{bcrypt}\$2a\$10\$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG', 1, 'Ada', 'Lovelace');"
cp deploy/compose/minimal.toml "$folder/keyferry.toml"
chmod 644 "$folder"/*
secret=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
start() {
  "$engine" run --detach --name "$name" --read-only --cap-drop ALL --security-opt no-new-privileges \
    --env KEYFERRY_HOOK_SECRET="$secret" --publish "127.0.0.1:$port:8080" \
    --volume "$folder/keyferry.toml:/etc/keyferry/keyferry.toml:ro" --volume "$folder:/legacy:ro" \
    --volume "$volume:/var/lib/keyferry" "$image" >/dev/null
  for _ in $(seq 60); do
    "$engine" exec "$name" /keyferry serve --probe --config /etc/keyferry/keyferry.toml 2>/dev/null && return
    sleep 0.5
  done
  fail "it does not become healthy"
}
call() {
  curl --silent --max-time 5 --header "Authorization: $1" --header 'Content-Type: application/json' --data @- \
    "http://127.0.0.1:$port/okta/password-import" <<JSON
{"eventType":"com.okta.user.credential.password.import","eventTypeVersion":"1.0","cloudEventVersion":"0.1",
"contentType":"application/json","eventId":"e","eventTime":"2020-01-17T21:23:56.000Z","source":"https://example.okta.com/smoke",
"data":{"context":{"request":{"id":"r"},"credential":{"username":"ada@example.com","password":"$2"}},
"action":{"credential":"UNVERIFIED"}}}
JSON
}
start
call "$secret" password | grep -q '"VERIFIED"' || fail "the right password is not verified"
call "$secret" wrong | grep -q '"UNVERIFIED"' || fail "a wrong password is not rejected"
call other password | grep -q 'not authenticated' || fail "a wrong secret is let in"

echo "== no shell, no rights, nothing on port 9090 from outside"
! "$engine" exec "$name" /bin/sh -c true >/dev/null 2>&1 || fail "the image has a shell"
[ "$("$engine" inspect --format '{{.Config.User}}' "$image")" = 65532:65532 ] || fail "it does not run as nobody"
! "$engine" port "$name" | grep -q 9090 || fail "the private port is published"

echo "== stop, and start again over the same ledger"
began=$SECONDS
"$engine" stop --time 20 "$name" >/dev/null
[ $((SECONDS - began)) -lt 15 ] || fail "it does not stop when told"
[ "$("$engine" inspect --format '{{.State.ExitCode}}' "$name")" = 0 ] || fail "it does not end with 0"
"$engine" rm "$name" >/dev/null
start
"$engine" exec "$name" /keyferry status --json --config /etc/keyferry/keyferry.toml | grep -q '"verified": 1' \
  || fail "the ledger has forgotten the sign-in"
echo "all good"
