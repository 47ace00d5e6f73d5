"""How long a fresh upload and a question take while a generation is being built, beside what they take otherwise; see run. Standard library only."""

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

from drive import SERVES, WORDS, millrace, quantile

UPLOADS = 20
SECTIONS = 500


def fill(folder, chunks):
    """Documents of many short sections: each becomes one chunk."""
    made = random.Random(1)
    for number in range(chunks // SECTIONS):
        sections = [f"# Part {number}.{section}\n\n" + " ".join(made.choices(WORDS, k=30)) + ".\n" for section in range(SECTIONS)]
        (folder / f"base-{number}.md").write_text("\n".join(sections))


def ask(words):
    """One question; the answer, and how long it took."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(SERVES[0], timeout=60)
    connection.request("GET", "/v1/search?size=3&q=" + "+".join(words))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"status {answer.status}: {body[:300]!r}")
    return json.loads(body), time.monotonic() - begun


class Asking(threading.Thread):
    """One client that asks without pause."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.random, self.times, self.stop = random.Random(number), [], threading.Event()

    def run(self):
        while not self.stop.is_set():
            self.times.append(ask(self.random.sample(WORDS, 3))[1])


def upload(folder, name):
    """Puts a document with a word of its own; the seconds until a question finds it."""
    word = f"unique{name}"
    path = folder / f"{word}.md"
    path.write_text(f"# Fresh\n\nThis document alone has the word {word}.\n")
    begun = time.monotonic()
    millrace("put", str(path), "--json")
    while time.monotonic() - begun < 300:
        hits = ask([word])[0]["hits"]
        if any(word in hit["text"] for hit in hits):
            return time.monotonic() - begun
        time.sleep(0.05)
    raise SystemExit(f"{word} was not found within 300 s")


def measure(folder, name):
    """Some uploads one after another, while two clients ask."""
    clients = [Asking(number) for number in range(2)]
    for client in clients:
        client.start()
    seconds = [upload(folder, f"{name}{number}") for number in range(UPLOADS)]
    for client in clients:
        client.stop.set()
        client.join(60)
    times = [one for client in clients for one in client.times]
    return {
        "uploads": len(seconds), "upload_seconds_median": round(sorted(seconds)[len(seconds) // 2], 2), "upload_seconds_most": round(max(seconds), 2),
        "questions": len(times), "p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99),
    }


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("chunks", type=int)
    chunks = arguments.parse_args().chunks
    with tempfile.TemporaryDirectory(prefix="millrace-beside.") as folder:
        drive(chunks, Path(folder))


def drive(chunks, folder):
    """Everything, with the documents in this folder."""
    fill(folder, chunks)
    begun = time.monotonic()
    millrace("put", str(folder), "--json")
    millrace("status", "--until-searchable", "--patience", "3000", "--json")
    loaded = time.monotonic() - begun
    print(f"{chunks} chunks loaded in {loaded:.0f} s", flush=True)
    idle = measure(folder, "idle")
    print(f"idle: {idle}", flush=True)
    begun = time.monotonic()
    second = millrace("generation", "start", "--with-model", os.environ["MILLRACE_MODELS"] + "/second", "--json")["generation"]
    time.sleep(3)
    building = measure(folder, "building")
    still = millrace("generation", "status", second, "--json")["generation"]["state"] == "building"
    print(f"while {second} is built: {building}; still building at the end: {still}", flush=True)
    millrace("generation", "status", second, "--until-built", "--patience", "3000", "--json")
    built = time.monotonic() - begun
    commit = subprocess.run(["git", "describe", "--always", "--dirty=-changed"], capture_output=True, text=True, check=True).stdout.strip()
    line = {"commit": commit, "chunks": chunks, "load_seconds": round(loaded), "build_seconds": round(built), "still_building": still, "idle": idle, "building": building}
    print(json.dumps(line))
    with open(Path(__file__).parent.parent / "results/beside.jsonl", "a", encoding="utf-8") as results:
        results.write(json.dumps(line) + "\n")
    sys.exit(0 if still else 1)


main()
