"""Asks, writes, promotes and rolls back, all at once; see run. Standard library only."""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

BIN = os.environ["MILLRACE_BIN"]
SERVES = os.environ["MILLRACE_SERVES"].split(",")
COMPOSE = os.environ["MILLRACE_COMPOSE"]
WORDS = "river stone mill wheel water gate grain flour sack cart road hill town market bread oven baker smoke roof beam".split()


def millrace(*arguments, check=True):
    """Runs the command with --json; answers with its last line."""
    done = subprocess.run([f"{BIN}/millrace", *arguments], capture_output=True, text=True, timeout=900)
    if check and done.returncode != 0:
        raise SystemExit(f"millrace {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {}


class Asking(threading.Thread):
    """One client: asks without pause, and keeps what was wrong."""

    def __init__(self, number, served, stop):
        super().__init__(daemon=True)
        self.address, self.served, self.stop = SERVES[number % len(SERVES)], served, stop
        self.random = random.Random(number)
        self.times, self.wrong, self.seen, self.refused, self.starting = [], [], {}, 0, 0

    def run(self):
        while not self.stop.is_set():
            words = self.random.sample(WORDS, 3)
            begun, allowed = time.monotonic(), self.served.copy()
            try:
                connection = http.client.HTTPConnection(self.address, timeout=30)
                connection.request("GET", "/v1/search?size=5&q=" + "+".join(words))
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
            except OSError as error:
                # A server that was killed on purpose takes no connections; its client asks again.
                self.refused += 1
                if not self.served.kills:
                    self.wrong.append(f"no answer: {error}")
                time.sleep(0.1)
                continue
            took = time.monotonic() - begun
            # A server that was just started says so until it has heard what is served; a load balancer asks /readyz.
            if self.served.kills and answer.status == 503 and b"has not heard yet" in body:
                self.starting += 1
                time.sleep(0.1)
                continue
            if answer.status != 200:
                self.wrong.append(f"status {answer.status}: {body[:300]!r}")
                continue
            self.check(json.loads(body), allowed | self.served.copy(), took)

    def check(self, answer, allowed, took):
        generation, space = answer["generation"], answer["space"]
        self.times.append(took)
        self.seen[generation] = self.seen.get(generation, 0) + 1
        if generation not in allowed:
            self.wrong.append(f"an answer of {generation}, and {sorted(allowed)} were served")
        if self.served.spaces.get(generation) != space:
            self.wrong.append(f"generation {generation} with the space {space}")
        if not answer["hits"]:
            self.wrong.append("an answer without passages")


class Served:
    """Which generations may answer now: the one that is served, and while that changes the next one too."""

    def __init__(self, spaces, kills):
        self.lock, self.now, self.spaces, self.kills = threading.Lock(), set(), spaces, kills

    def copy(self):
        with self.lock:
            return set(self.now)

    def set(self, *ids):
        with self.lock:
            self.now = set(ids)


class Writing(threading.Thread):
    """Puts, changes and removes documents."""

    def __init__(self, folder, stop):
        super().__init__(daemon=True)
        self.folder, self.stop, self.written = folder, stop, 0

    def run(self):
        number = 0
        while not self.stop.is_set():
            number += 1
            # Only what changed is put: a put writes all that is in its folder.
            with tempfile.TemporaryDirectory(prefix="changed.", dir=self.folder) as changed:
                write(Path(changed), f"live/{number}.md", number)
                write(Path(changed), f"base/{number % 50}.md", 10_000 + number)
                millrace("put", changed, "--json", check=False)
            if number > 5:
                millrace("rm", f"live/{number - 5}.md", "--json", check=False)
            self.written += 2
            time.sleep(0.5)


def write(folder, key, seed):
    made = random.Random(seed)
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [" ".join(made.choices(WORDS, k=40)) + f" number{seed}." for _ in range(4)]
    path.write_text(f"# On {made.choice(WORDS)} {seed}\n\n" + "\n\n".join(parts) + "\n")


def strike(made):
    """Kills a worker or a server, which is started again at once."""
    name, number = made.choice([("index", 1), ("replicate", 1), ("embed", 1), ("chunk", 1), ("serve", 1), ("serve", 2)])
    subprocess.run([f"{COMPOSE}/worker", "kill", name, str(number)], capture_output=True, timeout=60, check=False)
    more = ["--", "--serve-listen", SERVES[1]] if (name, number) == ("serve", 2) else []
    subprocess.run([f"{COMPOSE}/worker", "start", name, str(number), *more], capture_output=True, timeout=60, check=False)
    return f"{name} {number}"


def promote(served, current, target, command, made):
    """Promotes; with kills, the command itself is killed at first, and is asked again."""
    served.set(current, target)
    if served.kills:
        process = subprocess.Popen([f"{BIN}/millrace", "generation", command, target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(made.uniform(0.05, 1.5))
        process.kill()
        process.wait()
        strike(made)
    begun = time.monotonic()
    answer = millrace("generation", command, target, "--patience", "180", "--json")
    took = time.monotonic() - begun
    # An answer that began before is of the one before: its client asked what is allowed before it asked.
    served.set(target)
    return took, answer


def rivals(served, first, targets):
    """Two operators promote at the same moment, each another one: one of both is served then, by one change, and who lost is told to look again."""
    served.set(first, *targets)
    before = millrace("generation", "list", "--json")["serving"]["sequence"]
    asked = [subprocess.Popen([f"{BIN}/millrace", "generation", "promote", target, "--patience", "120"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for target in targets]
    said = [(one.communicate(timeout=300)[0].strip(), one.returncode) for one in asked]
    serving = millrace("generation", "list", "--json")["serving"]
    now, changes = serving["id"], serving["sequence"] - before
    served.set(now)
    won = [target for target, (_, code) in zip(targets, said) if code == 0]
    print(f"two operators at once: {now} is served; " + " / ".join(f"{code}: {text.splitlines()[-1] if text else ''}" for text, code in said), flush=True)
    wrong = [] if won == [now] and changes == 1 else [f"two operators at once: {now} is served after {changes} changes, they were told {said}"]
    return now, wrong + [f"an operator lost and was not told to look again ({code}): {text}" for text, code in said if code != 0 and "look again" not in text]


def cut_off(served, current, target):
    """A server hears nothing (it is stopped) while another generation is promoted: what it answers first, once it runs on, is not of the old one."""
    subprocess.run([f"{COMPOSE}/worker", "pause", "serve", "2"], capture_output=True, timeout=60, check=True)
    served.set(current, target)
    begun = time.monotonic()
    try:
        millrace("generation", "promote", target, "--patience", "180", "--json")
    finally:
        took = time.monotonic() - begun
        subprocess.run([f"{COMPOSE}/worker", "resume", "serve", "2"], capture_output=True, timeout=60, check=True)
    served.set(target)
    answers = []
    while (not answers or answers[-1][0] != 200) and len(answers) < 600:
        connection = http.client.HTTPConnection(SERVES[1], timeout=30)
        connection.request("GET", "/v1/search?size=5&q=river")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        answers.append((answer.status, body.get("generation")))
        time.sleep(0.05)
    print(f"a server that was cut off: promoted without it in {took:.1f} s; its answers then: {answers[0]} … {answers[-1]}, {len(answers)} in all", flush=True)
    wrong = [f"a server that was cut off answered {answer}" for answer in answers if answer[0] not in (200, 503) or answer[0] == 200 and answer[1] != target]
    return took, wrong if answers[-1][0] == 200 else [*wrong, "a server that was cut off does not answer any more"]


def quantile(times, share):
    times = sorted(times)
    return round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 1) if times else None


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--times", type=int, default=10)
    ask.add_argument("--documents", type=int, default=300)
    ask.add_argument("--clients", type=int, default=8)
    ask.add_argument("--kills", action="store_true")
    ask = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-generations.") as folder:
        drive(ask, Path(folder))


def drive(ask, folder):
    """Everything, with the documents in this folder."""
    made = random.Random(1)
    for number in range(ask.documents):
        write(folder, f"base/{number}.md", number)
    millrace("put", str(folder), "--json")
    millrace("status", "--until-searchable", "--patience", "300", "--json")
    begun = time.monotonic()
    second = millrace("generation", "start", "--with-model", os.environ["MILLRACE_MODELS"] + "/second", "--json")["generation"]
    millrace("generation", "status", second, "--until-built", "--patience", "600", "--json")
    third = millrace("generation", "start", "--shards", "2", "--json")["generation"]
    millrace("generation", "status", third, "--until-built", "--patience", "600", "--json")
    built = time.monotonic() - begun
    listed = millrace("generation", "list", "--json")
    spaces = {one["id"]: one["space"] for one in listed["generations"]}
    first = listed["serving"]["id"]
    print(f"built {second} (another model) and {third} (2 shards) in {built:.0f} s; {first} is served", flush=True)
    served, stop = Served(spaces, ask.kills), threading.Event()
    served.set(first)
    clients = [Asking(number, served, stop) for number in range(ask.clients)]
    writer = Writing(folder, stop)
    for thread in [*clients, writer]:
        thread.start()
    # The engines have just started: what they take to compile themselves is no part of a promotion.
    time.sleep(30)
    idle = [time_ for client in clients for time_ in client.times]
    forth, back = [], []
    for number in range(ask.times):
        target = [second, third][number % 2]
        took, _ = promote(served, first, target, "promote", made)
        forth.append(took)
        time.sleep(2)
        took, _ = promote(served, target, first, "rollback", made)
        back.append(took)
        time.sleep(2)
        print(f"{number + 1}: promoted in {forth[-1]:.1f} s, back in {back[-1]:.1f} s", flush=True)
    now, wrong = rivals(served, first, [second, third])
    time.sleep(2)
    promote(served, now, first, "promote", made)
    stop.set()
    for thread in [*clients, writer]:
        thread.join(60)
    without, more = cut_off(served, first, third)
    wrong += more
    promote(served, third, first, "rollback", made)
    millrace("status", "--until-searchable", "--patience", "300", "--json")
    audits = {id: millrace("audit", "--generation", id, "--json", check=False).get("equal") for id in spaces}
    wrong += [what for client in clients for what in client.wrong]
    times = [time_ for client in clients for time_ in client.times]
    seen = {}
    for client in clients:
        for id, count in client.seen.items():
            seen[id] = seen.get(id, 0) + count
    commit = subprocess.run(["git", "describe", "--always", "--dirty=-changed"], capture_output=True, text=True, check=True).stdout.strip()
    line = {
        "commit": commit, "kills": ask.kills, "times": ask.times, "clients": ask.clients, "documents_written": writer.written, "answers": len(times),
        "answers_by_generation": sorted(seen.values()), "wrong": len(wrong), "connections_refused": sum(client.refused for client in clients), "still_starting": sum(client.starting for client in clients),
        "promote_seconds_most": round(max(forth), 2), "rollback_seconds_most": round(max(back), 2), "rollback_seconds_median": round(sorted(back)[len(back) // 2], 2), "promote_seconds_without_a_server": round(without, 2),
        "p99_ms_before": quantile(idle, 0.99), "p99_ms": quantile(times, 0.99), "p50_ms": quantile(times, 0.5), "audits_equal": sorted(audits.values(), key=str),
    }
    print(json.dumps(line))
    for what in wrong[:10]:
        print(what, file=sys.stderr)
    with open(Path(__file__).parent.parent / "results/generations.jsonl", "a", encoding="utf-8") as results:
        results.write(json.dumps(line) + "\n")
    good = not wrong and all(audits.values()) and len(seen) == len(spaces)
    millrace("generation", "retire", second, "--json", "--patience", "300")
    gone = {one["id"]: one["state"] for one in millrace("generation", "list", "--all", "--json")["generations"]}[second]
    print(f"{second} is {gone}")
    sys.exit(0 if good and gone == "retired" else 1)


if __name__ == "__main__":
    main()
