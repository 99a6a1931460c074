#!/usr/bin/env python3
"""What one password verification costs, by keyferry and by the libraries that others use, in one run.

    benches/peers/kernels.py [--quick]

Each peer is a process that verifies the same stored values; they take turns, round after round, and the median of the
CPU time of each counts. keyferry's own figures are those of `keyferry bench --json`, taken between the rounds. The
result goes to results/kernels.json, a table to standard output. What is not installed is named and left out.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import HERE, HOW_NODE, HOW_PYTHON, NODE_MODULES, VENV, bench_binary, end_on_signals, have, keyferry, machine, save, say, skip, table

PASSWORD = "correct-horse-battery"
SALT = "q9LbXcOdB1yVn7rK"
# Each value was made by another software than keyferry: crypt(3) ones by libxcrypt 4.4.33, PBKDF2 and scrypt by Python's
# hashlib, argon2 by argon2-cffi, phpass by passlib. All peers must verify them.
SHA256_KEY = "7366ad05da76cb97f024173c85d53ba51f11b3656a648bf7840c68c8a1661cee"
SHA512_KEY = (
    "072d3fddf9747fdbdd2e61d43ec8dcc1256235c02f2adb7cca1e4515302ad20b"
    "240fc904ffe76638694a919e514c0779a50f22135eebb1661e1f8580a16b8c64"
)
SHA1_KEY = "6fca8dc18d4cb12c8cc51cf3147781e348d0e989"
SCRYPT_KEY = "c70e3c89dc9504f29fa03e5e5e4f2e0f978943080e2fbf72cee620f6dbd21296"


def case(name, kernel, parameters, goal, peers):
    return {"name": name, "kernel": kernel, "parameters": parameters, "goal": goal, "peers": peers}


def crypts(stored, *more):
    return [("libxcrypt", "crypt", stored), ("PHP", "crypt", stored), *((peer, "bcrypt", stored) for peer in more)]


def everywhere(kind, stored, *peers):
    return [(peer, kind, stored) for peer in peers]


BCRYPTS = ("bcrypt-crate", "Python-bcrypt", "npm-bcrypt")
CRATES = ("ring", "RustCrypto")
# What keyferry calls it is matched by `kernel` and all numbers of `parameters`. The goal: (under load, alone) times the
# peer that it names, in throughput.
CASES = [
    case("bcrypt, cost 10", "bcrypt", [10], ("libxcrypt", 2.7, 1 / 1.02),
         crypts("$2b$10$q9LbXcOdB1yVn7rKw3Ts2eXMJbSut4KOZZobyIQHXADUXEncmmYYG", *BCRYPTS)),
    case("bcrypt, cost 12", "bcrypt", [12], ("libxcrypt", 2.7, 1 / 1.02),
         crypts("$2b$12$q9LbXcOdB1yVn7rKw3Ts2eMNB/UVlOXBOVUveswEtFo3xxdKwknX2", *BCRYPTS)),
    case("PBKDF2-HMAC-SHA-256, 600,000", "pbkdf2 sha256", [600000], ("OpenSSL", 3.0, None),
         everywhere("pbkdf2-sha256", f"600000:{SALT}:{SHA256_KEY}", "OpenSSL", "Python", "Node", "PHP", *CRATES)),
    case("PBKDF2-HMAC-SHA-512, 210,000", "pbkdf2 sha512", [210000], ("OpenSSL", 3.0, None),
         everywhere("pbkdf2-sha512", f"210000:{SALT}:{SHA512_KEY}", "OpenSSL", "Python", "Node", *CRATES)),
    case("PBKDF2-HMAC-SHA-1, 1,000,000", "pbkdf2 sha1", [1000000], None,
         everywhere("pbkdf2-sha1", f"1000000:{SALT}:{SHA1_KEY}", "OpenSSL", "Python", "Node", *CRATES)),
    case("sha512-crypt, 5,000", "sha512crypt", [5000], ("libxcrypt", 3.0, None), crypts(
        "$6$q9LbXcOdB1yVn7rK$eW9u6R6Bndr6fX6UEdXnu5RCkq8G/MpCcVORoEm0EmwMlhge9ujhI7MkauOt4i1Vh3J70dNfJ6ApVig2bo70d.")),
    case("sha256-crypt, 5,000", "sha256crypt", [5000], None,
         crypts("$5$q9LbXcOdB1yVn7rK$BQDlTfxyzjRck8rgvQJADQsRLY7JO45YeohUQopv6R5")),
    case("md5-crypt", "md5crypt", [], ("libxcrypt", 3.0, None), crypts("$1$q9LbXcOd$9VAl/z26EpRSJnqcUwkuh0")),
    case("phpass, 8,192", "phpass", [8192], ("PHP", 3.0, None),
         everywhere("phpass", "$P$Bq9LbXcOdQ4svgDO/.GmNFOPeyt3Sr/", "PHP", "passlib")),
    case("scrypt, 2^15, r 8, p 1", "scrypt", [32768, 8, 1], ("fastest", None, 1 / 1.05),
         [("libxcrypt", "crypt", "$7$D6..../....q9LbXcOdB1yVn7rKw3Ts20$yJgYfYF3NptlsYD98BZl7hFCJbPgFYvzwZFkvgXcOB7"),
          *everywhere("scrypt", f"15:8:1:{SALT}:{SCRYPT_KEY}", "OpenSSL", "libsodium", "Python", "Node", "RustCrypto")]),
    case("yescrypt, $y$j9T", "yescrypt", [], None,
         [("libxcrypt", "crypt", "$y$j9T$q9LbXcOdB1yVn7rKw3Ts20$RgRJbT6IwdpEzmzyG5Qf.97HYVYk9KwqHhbhGo3aax2")]),
    case("argon2id, 19 MiB, t 2, p 1", "argon2", [19456, 2, 1], ("libsodium", None, 1.1), everywhere("argon2",
         "$argon2id$v=19$m=19456,t=2,p=1$cTlMYlhjT2RCMXlWbjdySw$NpOT3/DlZ6mFHiPFvO2ale0GoqF7DVm6etMDPha7Jy8",
         "libsodium", "libargon2", "PHP", "argon2-cffi", "RustCrypto")),
    case("argon2id, 64 MiB, t 3, p 1", "argon2", [65536, 3, 1], ("libsodium", None, 1.1), everywhere("argon2",
         "$argon2id$v=19$m=65536,t=3,p=1$cTlMYlhjT2RCMXlWbjdySw$SG20iN5CH94BwBB2WnRSrTvCUR9tj8kq+VJ/o2ts+r0",
         "libsodium", "libargon2", "PHP", "argon2-cffi", "RustCrypto")),
]

# Header, what it is linked with, what it turns on, what Debian calls it.
LIBRARIES = [
    ("crypt.h", "crypt", "HAVE_CRYPT", "libcrypt-dev"),
    ("openssl/evp.h", "crypto", "HAVE_OPENSSL", "libssl-dev"),
    ("sodium.h", "sodium", "HAVE_SODIUM", "libsodium-dev"),
    ("argon2.h", "argon2", "HAVE_ARGON2", "libargon2-dev"),
]


def compile_c(folder):
    """The C peers, with the libraries that are there; nothing where there is no compiler."""
    if not have("gcc"):
        skip("gcc, and so libxcrypt, OpenSSL, libsodium and libargon2", "apt-get install gcc libc6-dev")
        return None
    flags = []
    for header, library, macro, package in LIBRARIES:
        probe = folder / "probe.c"
        probe.write_text(f"#include <stddef.h>\n#include <stdint.h>\n#include <{header}>\nint main(void) {{ return 0; }}\n")
        command = ["gcc", str(probe), "-o", str(folder / "probe"), f"-l{library}"]
        if subprocess.run(command, capture_output=True).returncode == 0:
            flags += [f"-D{macro}", f"-l{library}"]
        else:
            skip(f"{header} of {package}", f"apt-get install {package}")
    program = folder / "kernels"
    source = str(HERE / "c" / "kernels.c")
    subprocess.run(["gcc", "-O2", "-Wall", source, "-o", str(program), *flags], check=True)
    return [str(program)]


def commands(folder):
    """How each program of peers is started."""
    found = [compile_c(folder), [bench_binary("crates")]]
    if have("php"):
        # No more than a web server gives: the opcode cache has nothing to do with hashing.
        found.append(["php", str(HERE / "php" / "kernels.php")])
    else:
        skip("PHP", "apt-get install php-cli")
    if not VENV.is_file():
        skip("the Python packages (bcrypt, argon2-cffi, passlib)", HOW_PYTHON)
    found.append([str(VENV) if VENV.is_file() else sys.executable, str(HERE / "python" / "kernels.py")])
    if have("node"):
        if not NODE_MODULES.is_dir():
            skip("npm's bcrypt", HOW_NODE)
        found.append(["node", str(HERE / "node" / "kernels.mjs")])
    else:
        skip("Node", "apt-get install nodejs npm")
    return [command for command in found if command]


class Program:
    """A process that verifies on request; `c/kernels.c` describes the lines."""

    def __init__(self, command):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.offers = {}
        for line in self.child.stdout:
            if line.strip() == "ready":
                return
            _, peer, kind, version = line.split()
            self.offers[peer, kind] = version
        raise RuntimeError(f"{' '.join(command)} ended before it was ready")

    def verify(self, peer, kind, count, stored):
        """Microseconds of CPU time of one verification, the mean of `count`."""
        self.child.stdin.write(f"{peer} {kind} {count} {stored} {PASSWORD}\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline().split(maxsplit=1)
        if not answer or answer[0] != "ok":
            raise RuntimeError(f"{peer} {kind}: {answer[1].strip() if answer else 'it ended'}")
        return float(answer[1])

    def stop(self):
        self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def own_figures():
    """One run of `keyferry bench --json`; nothing where this binary has no such verb."""
    ran = subprocess.run([keyferry(), "bench", "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if ran.returncode != 0 or not ran.stdout.lstrip().startswith("{"):
        say(f"SKIPPED: keyferry's own figures: `keyferry bench --json` said: {(ran.stderr or ran.stdout).strip()[:300]}")
        return None
    return json.loads(ran.stdout)


def words_and_numbers(entry):
    """What an entry of `keyferry bench` is called, as one word, and every number of its parameters."""
    text = re.sub(r"(?<=\d)[,_ ](?=\d{3})", "", entry["parameters"].lower())
    numbers = {int(number) for number in re.findall(r"\d+", text)}
    numbers |= {2 ** int(power) for power in re.findall(r"2\^(\d+)", text)}
    numbers |= {1024 * int(mebibytes) for mebibytes in re.findall(r"(\d+) ?mib", text)}
    return re.sub(r"[^a-z0-9]", "", f"{entry['kernel']} {entry['scheme']} {text}".lower()), numbers


def is_of(case, entry):
    word, numbers = words_and_numbers(entry)
    if case["kernel"] == "scrypt" and word.startswith("yes"):
        return False
    return all(part in word for part in case["kernel"].split()) and numbers.issuperset(case["parameters"])


def own_of(case, runs):
    """keyferry's microseconds for this case, alone and by the best number of lanes: medians over the runs of its bench."""
    by_lanes = {}
    for run in runs:
        for entry in run["kernels"]:
            if is_of(case, entry):
                by_lanes.setdefault(entry["lanes"], []).append(entry["micros_each"])
    medians = {lanes: statistics.median(each) for lanes, each in by_lanes.items()}
    alone = medians.pop(1, None)
    lanes = min(medians, key=medians.get, default=None)
    return {"alone": alone, "loaded": medians.get(lanes), "lanes": lanes}


def measure(quick):
    rounds, least = (3, 30e3) if quick else (7, 100e3)
    own_at = {0} if quick else {0, rounds // 2, rounds - 1}
    result = {"machine": machine(), "rounds": rounds, "cases": []}
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        programs = []
        try:
            programs += (Program(command) for command in commands(Path(folder)))
            tasks = []
            for case in CASES:
                for peer, kind, stored in case["peers"]:
                    program = next((program for program in programs if (peer, kind) in program.offers), None)
                    if program is None:
                        continue
                    first = program.verify(peer, kind, 1, stored)
                    count = max(1, min(2000, round(least / max(first, 1))))
                    tasks.append((case["name"], peer, kind, stored, program, count, []))
            for turn in range(rounds):
                say(f"kernels: round {turn + 1} of {rounds}")
                if turn in own_at and (turn == 0 or runs):
                    figures = own_figures()
                    runs += [figures] if figures else []
                for _, peer, kind, stored, program, count, times in tasks:
                    times.append(program.verify(peer, kind, count, stored))
        finally:
            for program in programs:
                program.stop()
    for case in CASES:
        peers = [
            {"peer": peer, "version": program.offers[peer, kind], "micros": statistics.median(times),
             "least": min(times), "most": max(times)}
            for name, peer, kind, _, program, _, times in tasks if name == case["name"]
        ]
        result["cases"].append({"name": case["name"], "goal": case["goal"], "keyferry": own_of(case, runs), "peers": peers})
    result["simd"] = runs[0].get("simd") if runs else None
    return result


def duration(micros):
    if micros is None:
        return "–"
    return f"{micros / 1000:.1f} ms" if micros >= 10000 else f"{micros / 1000:.2f} ms" if micros >= 1000 else f"{micros:.0f} µs"


def ratio(above, below):
    return above / below if above and below else None


def shown(value, goal=None):
    if value is None:
        return "–"
    return f"{value:.2f}" if goal is None else f"{value:.2f} ({goal:.2f}: {'reached' if value >= goal else 'NOT reached'})"


def told(result):
    """The table: every peer's time, keyferry's, and how many times the throughput of the peer that the goal names."""
    rows = []
    for case in result["cases"]:
        peers = sorted(case["peers"], key=lambda peer: peer["micros"])
        listed = ", ".join(f"{peer['peer']} {duration(peer['micros'])}" for peer in peers) or "none here"
        goal_peer, goal_load, goal_alone = case["goal"] or (None, None, None)
        against = next((peer for peer in peers if peer["peer"] == goal_peer), peers[0] if peers else None)
        if against and goal_peer not in (against["peer"], "fastest"):
            goal_load = goal_alone = None  # the one to compare with is missing here
        own = case["keyferry"]
        # What memory binds has no lanes: under load it is what it is alone.
        loaded = own["loaded"] or own["alone"]
        rows.append([
            case["name"], listed, duration(own["alone"]),
            f"{duration(own['loaded'])}" + (f" ({own['lanes']} lanes)" if own["lanes"] else ""),
            against["peer"] if against else "–",
            shown(ratio(against and against["micros"], own["alone"]), goal_alone),
            shown(ratio(against and against["micros"], loaded), goal_load),
        ])
    head = ["one verification", "others, CPU time", "keyferry alone", "keyferry under load, each",
            "against", "times as fast alone (goal)", "under load (goal)"]
    return table(head, rows)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="three short rounds instead of seven")
    arguments = options.parse_args()
    end_on_signals()
    result = measure(arguments.quick)
    save("kernels.json", result)
    versions = sorted({f"{peer['peer']} {peer['version']}" for case in result["cases"] for peer in case["peers"]})
    print("### Kernels\n")
    print(f"Medians of {result['rounds']} rounds, CPU time; keyferry with {result['simd'] or 'figures missing'}. {', '.join(versions)}.\n")
    print(told(result) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
