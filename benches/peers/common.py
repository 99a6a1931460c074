"""What the scripts of this folder share: where things are, what is missing, and that nothing outlives a run."""

import ctypes
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = HERE / "results"
VENV = HERE / "python" / ".venv" / "bin" / "python"
NODE_MODULES = HERE / "node" / "node_modules"

HOW_NODE = "npm ci --prefix benches/peers/node --ignore-scripts"
HOW_PYTHON = "python3 -m venv benches/peers/python/.venv && benches/peers/python/.venv/bin/pip install -r benches/peers/python/requirements.txt"

CORES = len(os.sched_getaffinity(0))


def say(text=""):
    """Progress, for whoever watches; tables go to standard output."""
    print(text, file=sys.stderr, flush=True)


def skip(what, how):
    say(f"SKIPPED: {what} is missing. To have it: {how}")


def keyferry():
    binary = Path(os.environ.get("KEYFERRY", ROOT / "target" / "release" / "keyferry"))
    if not binary.is_file():
        sys.exit(f"{binary} is not there: cargo build --release, or name another one in KEYFERRY")
    return str(binary.resolve())


def bench_binary(name):
    """The program of a bench target, built if need be."""
    command = ["cargo", "bench", "--bench", name, "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit(f"{' '.join(command)} failed")
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message.get("target", {}).get("name") == name:
            return message["executable"]
    sys.exit(f"cargo named no program for the bench {name}")


def machine():
    """What a result was measured on."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return {
        "processor": model,
        "cores": CORES,
        "kernel": platform.release(),
        "keyferry": subprocess.run([keyferry(), "--version"], capture_output=True, text=True).stdout.strip(),
        "load_before": os.getloadavg()[0],
    }


def save(name, result):
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / name
    path.write_text(json.dumps(result, indent=1) + "\n")
    say(f"{path.relative_to(ROOT)} written")


def load_result(name):
    path = RESULTS / name
    return json.loads(path.read_text()) if path.is_file() else None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


class Process:
    """A child with all its children: a group of its own, told to end when this script does."""

    _libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, command, *, log, cwd=None, env=None):
        self.name = Path(command[0]).name
        self.log = Path(log)
        with self.log.open("wb") as out:
            self.child = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, preexec_fn=self._end_with_parent,
            )

    @classmethod
    def _end_with_parent(cls):
        cls._libc.prctl(1, signal.SIGTERM)

    def wait_for_port(self, port, seconds=20):
        """Until it listens; its own words where it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        words = self.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} does not listen on port {port}; it said:\n{words}")

    def cpu_seconds(self):
        """Of every process of its session."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == self.child.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self, how=signal.SIGTERM, seconds=2):
        """Asks, then insists: the whole group is gone afterwards."""
        for ask, wait in ((how, seconds), (signal.SIGKILL, 10)):
            try:
                os.killpg(self.child.pid, ask)
            except ProcessLookupError:
                pass
            try:
                self.child.wait(wait)
            except subprocess.TimeoutExpired:
                continue
        self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Nothing of it is needed any more, and an orderly end would take time.
        self.stop(signal.SIGKILL)


def end_on_signals():
    """SIGTERM and SIGHUP end the script as Ctrl-C does, through every `finally`."""
    def end(number, _frame):
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)


def have(program):
    return shutil.which(program) is not None
