#!/usr/bin/env python3
"""The whole hook under load: keyferry beside the hooks in Node and Python that one writes from Okta's guide.

    benches/peers/service.py [--quick] [--only overload|limit]

`overload`: one real PostgreSQL with 10,000 users of bcrypt cost 10; each service's capacity by callers that wait for
their answers; then calls at a rate of their own, from a quarter of that capacity to ten times it, right and wrong
passwords mixed. A service is started afresh for every rate, so that no rate pays for the one before.
`limit`: keyferry over SQLite and salted SHA-256 against a service that answers a constant.

Results go to results/overload.json and results/limit.json, tables to standard output. Everything listens on the loopback
and is stopped at the end.
"""

import argparse
import hashlib
import json
import os
import pwd
import resource
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import (
    CORES, HERE, HOW_NODE, HOW_PYTHON, NODE_MODULES, VENV, Process,
    bench_binary, end_on_signals, free_port, have, keyferry, load_result, machine, save, say, skip, table,
)

SECRET = "Basic a2V5ZmVycnk6dGVzdA=="  # as in benches/wire.rs
PATH = "/okta/password-import"
USERS, PASSWORDS = 10_000, 32
# Callers at once when capacity is measured: more than any service works on, and still far from the deadline.
CALLERS = min(max(24, 12 * CORES), 1024)
OKTA_WAITS = 3.0
TIMES = [0.25, 0.5, 0.75, 0.9, 1, 1.25, 1.5, 2, 3, 5, 10]


def password(user):
    return f"correct-horse-{user % PASSWORDS}"


class Postgres:
    """A server of its own in a folder of its own, which goes with it."""

    def __init__(self, folder):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
        initdb = found[-1] if found else Path(shutil.which("initdb") or "")
        if not initdb.is_file():
            sys.exit("PostgreSQL is missing. To have it: apt-get install postgresql")
        binaries = initdb.resolve().parent
        data = folder / "data"
        data.mkdir()
        # The server refuses to run as root.
        account = []
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
            folder.chmod(0o755)
            account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT"]
        self.port = free_port()
        self.url = f"postgres://bench@127.0.0.1:{self.port}/postgres"
        made = subprocess.run(
            [*account, str(binaries / "initdb"), "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            cwd="/", capture_output=True, text=True,
        )
        if made.returncode != 0:
            sys.exit(f"initdb failed: {made.stderr}")
        self.process = Process(
            [*account, str(binaries / "postgres"), "-D", str(data), "-p", str(self.port), "-h", "127.0.0.1", "-k", "",
             "-c", "fsync=off", "-c", f"max_connections={100 + 20 * CORES}"],
            cwd="/", log=folder / "postgres.log",
        )

    def __enter__(self):
        try:
            self.process.wait_for_port(self.port)
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stop(signal.SIGINT, seconds=5)

    def fill(self):
        # pgcrypto makes the hashes, so that none of the measured ones has a hand in them.
        sql = f"""
            CREATE EXTENSION pgcrypto;
            CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE NOT NULL, password text NOT NULL, enabled boolean NOT NULL);
            WITH made AS MATERIALIZED (
                SELECT i, crypt('correct-horse-' || i, gen_salt('bf', 10)) AS stored FROM generate_series(0, {PASSWORDS - 1}) AS i)
            INSERT INTO users SELECT n, 'user' || n || '@example.com', stored, true
            FROM generate_series(1, {USERS}) AS n JOIN made ON made.i = n % {PASSWORDS};
            VACUUM (ANALYZE, FREEZE) users;
        """
        for _ in range(100):
            ready = subprocess.run(["psql", "-qAtX", self.url, "-c", "SELECT 1"], capture_output=True)
            if ready.returncode == 0:
                break
            time.sleep(0.05)
        for statement in sql.split(";"):
            if statement.strip():
                subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", self.url, "-c", statement], check=True)


class Service:
    """One of the measured: how it is started, and what it is called."""

    def __init__(self, name, label, start):
        self.name, self.label, self._start = name, label, start

    def start(self, folder):
        """The process, listening, and the URL of its hook."""
        port = free_port()
        process = self._start(port, folder)
        try:
            process.wait_for_port(port)
        except BaseException:
            process.stop()
            raise
        return process, f"http://127.0.0.1:{port}{PATH}"


def configuration(port, private, source):
    return f"""
[server]
listen = "127.0.0.1:{port}"
private_listen = "127.0.0.1:{private}"
[server.auth]
header = [{{ name = "Authorization", secret = "{SECRET}" }}]
# One call in four has a wrong password, all from one address: what is measured is not throttled.
[server.throttle]
failures_per_user = 0
failures_per_address = 0
[log]
format = "json"
[[source]]
name = "shop"
{source}
"""


def keyferry_over(source):
    def start(port, folder):
        for old in folder.glob("keyferry-ledger.db*"):
            old.unlink()
        (folder / "keyferry.toml").write_text(configuration(port, free_port(), source))
        return Process([keyferry(), "serve"], cwd=folder, log=folder / "keyferry.log")

    return start


def node(url, **environment):
    def start(port, folder):
        # The script's own environment may say how many threads: not here.
        plain = {name: value for name, value in os.environ.items() if name != "UV_THREADPOOL_SIZE"}
        env = plain | {"DATABASE_URL": url, "HOOK_SECRET": SECRET, "PORT": str(port), "NODE_ENV": "production"} | environment
        return Process(["node", str(HERE / "node" / "hook.mjs")], env=env, log=folder / "node.log")

    return start


def python(url):
    def start(port, folder):
        env = os.environ | {"DATABASE_URL": url, "HOOK_SECRET": SECRET}
        command = [str(VENV), "-m", "uvicorn", "hook:app", "--host", "127.0.0.1", "--port", str(port),
                   "--workers", str(CORES), "--no-access-log", "--log-level", "warning"]
        return Process(command, cwd=HERE / "python", env=env, log=folder / "python.log")

    return start


def services(url):
    source = f"""url = "{url}"
lookup = "SELECT id, email AS login, password AS stored, enabled AS active FROM users WHERE email = :username"
users = "SELECT id, email AS login, password AS stored, enabled AS active FROM users WHERE id > :after ORDER BY id LIMIT :limit\""""
    found = [Service("keyferry", "keyferry", keyferry_over(source))]
    if not have("node"):
        skip("Node", "apt-get install nodejs npm")
    elif not NODE_MODULES.is_dir():
        skip("what the hook in Node needs", HOW_NODE)
    else:
        found.append(Service("node", "Node, Express", node(url)))
        label = f"Node, UV_THREADPOOL_SIZE={CORES}"
        found.append(Service("node-threads", label, node(url, UV_THREADPOOL_SIZE=str(CORES))))
    if VENV.is_file():
        found.append(Service("python", f"Python, FastAPI, {CORES} workers", python(url)))
    else:
        skip("what the hook in Python needs", HOW_PYTHON)
    return found


def call(load, url, *, seconds, warm_up, **more):
    """One run of the generator: what it measured."""
    command = [load, "--url", url, "--seconds", str(seconds), "--warm-up", str(warm_up),
               "--users", str(USERS), "--passwords", str(PASSWORDS)]
    for name, value in more.items():
        command += [f"--{name}", str(value)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=seconds + warm_up + 30)
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed")
    return json.loads(ran.stdout)


def settle(load, url):
    """A service is ready when it has verified somebody: workers, connections and compilers are warm."""
    call(load, url, seconds=0.5, warm_up=0, connections=2 * CORES)


def measure_capacity(load, service, folder, seconds):
    process, url = service.start(folder)
    with process:
        settle(load, url)
        before = process.cpu_seconds()
        told = call(load, url, seconds=seconds, warm_up=1, connections=CALLERS)
        cpu = process.cpu_seconds() - before
    # The second of warming up is in the CPU time, and its calls are not counted.
    told["cpu_ms_a_call"] = 1e3 * cpu * seconds / (seconds + 1) / max(1, told["good"])
    return told


def measure_capacities(load, measured, folder, seconds):
    """Of all services, in turns; what was measured before counts as much."""
    for service, entry in measured:
        say(f"overload: capacity of {service.label}")
        entry["closed"].append(measure_capacity(load, service, folder, seconds))
        for figure, of in (("capacity", "goodput"), ("cpu_ms_a_call", "cpu_ms_a_call")):
            entry[figure] = statistics.mean(run[of] for run in entry["closed"])


def measure_point(load, service, folder, times, capacity, seconds, warm_up):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] / 4 / OKTA_WAITS
    rate = min(times * capacity, limit)
    if rate < times * capacity:
        say(f"{service.name}: {times} times its capacity needs more open files than {limit * 4 * OKTA_WAITS:.0f}: {rate:.0f}/s")
    process, url = service.start(folder)
    with process:
        settle(load, url)
        before = process.cpu_seconds()
        told = call(load, url, seconds=seconds, warm_up=warm_up, rate=round(rate, 3))
        told["cpu_seconds"] = process.cpu_seconds() - before
    return {"times": times, "rate": rate} | told


def overload(quick):
    """Capacities, every rate for every service in turns, and capacities once more."""
    load = bench_binary("load")
    times = [0.5, 1, 2, 10] if quick else TIMES
    long = 3 if quick else 5
    result = {"machine": machine(), "services": []}
    with tempfile.TemporaryDirectory(prefix="keyferry-peers-") as name:
        folder = Path(name)
        with Postgres(folder) as postgres:
            measured = [(service, {"name": service.name, "label": service.label, "closed": [], "points": []})
                        for service in services(postgres.url)]
            measure_capacities(load, measured, folder, long)
            for factor in times:
                for service, entry in measured:
                    own = service.name == "keyferry"
                    # Fewer for the same hook with another setting, and where two neighbours tell the same.
                    if service.name == "node-threads" and factor not in (0.5, 1, 2):
                        continue
                    if not own and factor in (0.25, 3):
                        continue
                    say(f"overload: {service.label} at {factor} times its capacity")
                    seconds = (4 if quick else 8) if own else (3 if quick else 5)
                    if own and factor == max(times) and not quick:
                        seconds = 16  # one call in a thousand must be told from none
                    point = measure_point(load, service, folder, factor, entry["capacity"], seconds, 1 if quick else 1.5)
                    entry["points"].append(point)
            if not quick:
                # Again at the end: the machine may not be what it was.
                measure_capacities(load, measured, folder, long)
            result["services"] = [entry for _, entry in measured]
    return result


def fill_sqlite(path):
    store = sqlite3.connect(path)
    store.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT UNIQUE, stored TEXT, salt TEXT)")
    rows = ((user, f"user{user}@example.com", hashlib.sha256(f"salt{user}{password(user)}".encode()).hexdigest(), f"salt{user}")
            for user in range(1, USERS + 1))
    store.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", rows)
    store.commit()
    store.close()


SQLITE_SOURCE = """url = "sqlite:shop.db"
scheme = "sha256($salt.$pass)"
lookup = "SELECT id, login, stored, salt FROM users WHERE login = :username"
users = "SELECT id, login, stored, salt FROM users WHERE id > :after ORDER BY id LIMIT :limit\""""


def start_constant(folder, program):
    process = Process([program, "serve-constant"], log=folder / "constant.log")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        words = (folder / "constant.log").read_text().strip()
        if words:
            return process, f"http://{words}{PATH}"
        time.sleep(0.02)
    process.stop()
    raise RuntimeError("the service that answers a constant did not start")


def limit(quick):
    """keyferry over SQLite, and a constant answer, in turns."""
    load, program = bench_binary("load"), bench_binary("overhead")
    rounds, seconds = (1, 2) if quick else (3, 3)
    result = {"machine": machine(), "constant": [], "sqlite": []}
    with tempfile.TemporaryDirectory(prefix="keyferry-peers-") as name:
        folder = Path(name)
        fill_sqlite(folder / "shop.db")
        service = Service("sqlite", "keyferry", keyferry_over(SQLITE_SOURCE))
        for turn in range(rounds):
            for what in ("constant", "sqlite"):
                say(f"limit: {what}, {turn + 1} of {rounds}")
                process, url = start_constant(folder, program) if what == "constant" else service.start(folder)
                with process:
                    wrong = 0 if what == "constant" else 4
                    call(load, url, seconds=1, warm_up=0, connections=4 * CORES, wrong=wrong)
                    before = process.cpu_seconds()
                    told = call(load, url, seconds=seconds, warm_up=0, connections=4 * CORES, wrong=wrong)
                    told["cpu_us_a_call"] = 1e6 * (process.cpu_seconds() - before) / max(1, told["offered"])
                result[what].append(told)
    return result


def ms(value):
    if value is None:
        return "–"
    return "over 3 s" if value >= 1e3 * OKTA_WAITS - 1 else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def tell_overload(result):
    peers = {entry["name"]: entry for entry in result["services"]}
    print("### The service: PostgreSQL, bcrypt cost 10\n")
    node_capacity = peers.get("node", {}).get("capacity")
    print(table(
        ["service", "capacity, sign-ins a second", "times Node", "CPU a sign-in, without the database"],
        [[entry["label"], f"{entry['capacity']:.1f}", f"{entry['capacity'] / node_capacity:.2f}" if node_capacity else "–",
          f"{entry['cpu_ms_a_call']:.1f} ms"] for entry in result["services"]],
    ) + "\n")
    rows = []
    for entry in result["services"]:
        for point in entry["points"]:
            admitted = point["admitted_ms"]
            rows.append([
                entry["label"], f"{point['times']:g}", f"{point['offered_per_second']:.0f}", f"{point['goodput']:.1f}",
                f"{100 * point['goodput'] / min(point['offered_per_second'], entry['capacity']):.0f} %",
                f"{100 * point['refused'] / point['offered']:.0f} %",
                point["late"] + point["refused_late"], point["broken"] + point["other"], point["wrong"],
                *(ms(admitted[key]) for key in ("p50", "p95", "p99", "p999")),
            ])
    print(table(
        ["service", "times its capacity", "offered/s", "answered in time/s", "of what it could", "refused at once (503)", "late",
         "broken", "wrong", "p50", "p95", "p99", "p99.9"], rows) + "\n")
    lag = max(point["lag_ms"]["p99"] for entry in result["services"] for point in entry["points"])
    print(f"The generator set out at most {lag:.1f} ms late (99 % of calls, worst run); latency counts from the intended time.\n")


def tell_limit(result):
    print("### The limit: SQLite, salted SHA-256, against a constant answer\n")
    rows = []
    for what, label in (("constant", "a constant answer (axum)"), ("sqlite", "keyferry over SQLite, SHA-256")):
        rows.append([label, f"{statistics.median(run['goodput'] for run in result[what]):,.0f}",
                     f"{statistics.median(run['cpu_us_a_call'] for run in result[what]):.1f} µs"])
    print(table(["service", "calls a second", "CPU a call"], rows) + "\n")


def kernel_rate():
    """Sign-ins a second that the cores could verify by the kernel's own figure, and that."""
    kernels = load_result("kernels.json")
    for entry in (kernels or {}).get("cases", []):
        if entry["name"] == "bcrypt, cost 10" and entry["keyferry"]["loaded"]:
            return CORES * 1e6 / entry["keyferry"]["loaded"]
    return None


def goal(rows, what, least, value, form="{:.2f}"):
    rows.append([what, form.format(least), "–" if value is None else form.format(value),
                 "–" if value is None else "reached" if value >= least else "NOT reached"])


def tell_goals():
    """Each figure that the service is to reach, from whatever results are there."""
    rows = []
    measured = load_result("overload.json")
    if measured:
        entry = measured["services"][0]
        kernel = kernel_rate()
        goal(rows, "bcrypt 10 through the service, of the kernel's throughput", 0.95, entry["capacity"] / kernel if kernel else None)
        worst = max(entry["points"], key=lambda point: point["times"])
        goal(rows, f"goodput at {worst['times']:g} times capacity, of capacity", 0.9, worst["goodput"] / entry["capacity"])
        goal(rows, "admitted calls answered in time there", 0.999, worst["in_time_of_admitted"], "{:.4f}")
        wrong = sum(point["wrong"] for point in [*entry["points"], *entry["closed"]])
        calls = sum(point["offered"] for point in [*entry["points"], *entry["closed"]])
        rows.append([f"wrong verdicts of {calls:,} calls", "0", wrong, "reached" if wrong == 0 else "NOT reached"])
    measured = load_result("limit.json")
    if measured:
        constant, own = (statistics.median(run["goodput"] for run in measured[what]) for what in ("constant", "sqlite"))
        goal(rows, "SQLite and SHA-256, of the constant answer's calls a second", 0.6, own / constant)
        constant, own = (statistics.median(run["cpu_us_a_call"] for run in measured[what]) for what in ("constant", "sqlite"))
        rows.append(["CPU a call above the constant answer's, look-up and hash included", "under 100 µs", f"{own - constant:.0f} µs",
                     "reached" if own - constant < 100 else "NOT reached"])
    print("### Goals\n")
    print(table(["", "goal", "measured", ""], rows) + "\n")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rates, shorter runs")
    options.add_argument("--only", choices=["overload", "limit"], help="one part alone")
    arguments = options.parse_args()
    end_on_signals()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if arguments.only != "overload":
        result = limit(arguments.quick)
        save("limit.json", result)
        tell_limit(result)
    if arguments.only != "limit":
        result = overload(arguments.quick)
        save("overload.json", result)
        tell_overload(result)
    tell_goals()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
