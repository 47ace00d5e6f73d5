"""What loadtest/learning/one measured of a corpus, from what the commands said on the way: as a line of JSON, and for people.

    result.py FOLDER CORPUS

FOLDER holds the answers of the commands (NAME.json), the set that was asked, and the seconds of each phase (seconds.tsv). What came
of it is written to report.json there, and printed for people. What it did not come to is null. Standard library only.

Intervals are those of `millrace eval --baseline`, which says them to people only: a paired bootstrap over the questions, 10,000
draws from a fixed seed, 95 %. The paraphrases of one question are one question, with their mean.
"""

import collections
import json
import random
import sys
from pathlib import Path

NDCG = "ndcg@10"
MODES = ("vector", "hybrid")
DRAWS, TAIL = 10_000, 0.025


def read(file):
    """What a command said: the JSON of a file, or that of its last line; an empty object where there is none."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError:
        return {}
    for part in (text, text.rpartition("\n")[2]):
        try:
            return json.loads(part)
        except ValueError:
            continue
    return {}


def mean(values):
    return sum(values) / len(values)


def gain(before, after):
    """What was gained, with its interval."""
    differences = [now - then for then, now in zip(before, after, strict=True)]
    draw, count = random.Random(0x5EED), len(differences)
    means = sorted(sum(draw.choices(differences, k=count)) / count for _ in range(DRAWS))
    low, high = (means[round((DRAWS - 1) * share)] for share in (TAIL, 1 - TAIL))
    return {"gain": mean(differences), "low": low, "high": high}


def scores(units, before, after):
    """nDCG@10 of some questions in each mode, before and after. A unit is a question, or all paraphrases of one."""
    found = {}
    for mode in MODES:
        sides = [(kept.get("modes") or {}).get(mode) for kept in (before, after)]
        was, now = ([mean([side[name][NDCG] for name in unit]) for unit in units] if side and units else None for side in sides)
        found[mode] = {"was": mean(was) if was else None, "is": mean(now) if now else None}
        found[mode] |= gain(was, now) if was and now else {"gain": None, "low": None, "high": None}
    return found


def judged(folder):
    """The relevant documents of each question that was asked."""
    found = collections.defaultdict(set)
    for row in (folder / "set" / "qrels" / "asked.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, _ = row.split("\t")
        found[question].add(document)
    return found


def questions(folder, corpus):
    """The corpus' own questions: all, those whose documents were not trained on, and both as they are asked otherwise."""
    if not (folder / "set").is_dir():
        return None
    relevant, before, after = judged(folder), read(folder / "before.json"), read(folder / "after.json")
    placed = read(folder / "sides" / "manifest.json").get("documents")
    trained = {one["document"].partition("/")[2] for one in placed or [] if one["split"] == "train"}
    unseen = {name for name, documents in relevant.items() if not any(f"{corpus}/{one}.txt" in trained for one in documents)}
    others = collections.defaultdict(list)
    for name in relevant:
        if "~" in name:
            others[name.split("~")[0]].append(name)
    own = [name for name in relevant if "~" not in name]
    sets = {"all": [[name] for name in own], "unseen": [[name] for name in own if name in unseen]}
    if others:
        sets["paraphrased"] = list(others.values())
        sets["unseen paraphrased"] = [all_of for name, all_of in others.items() if name in unseen]
    if placed is None:
        sets = {name: units for name, units in sets.items() if not name.startswith("unseen")}
    return {
        name: {"questions": len(units), "documents": len(set().union(*(relevant[one] for unit in units for one in unit)))}
        | scores(units, before, after)
        for name, units in sets.items()
    }


def proof(model):
    """What the registry keeps of the proof, by set of questions."""
    kept = model.get("scores", {})
    names = [name.removesuffix(f" {NDCG}") for name in kept if name.endswith(f" {NDCG}")]
    parts = {"is": "", "was": " before", "gain": " gain", "low": " gain low", "high": " gain high"}
    return {name: {part: kept.get(f"{name} {NDCG}{words}") for part, words in parts.items()} for name in names}


def steps(log):
    """How many steps were trained, by the last lines of the job's log."""
    found = None
    for line in (log or "").splitlines():
        try:
            found = json.loads(line).get("step", found)
        except (ValueError, AttributeError):
            continue
    return found


def minutes(folder):
    rows = [row.split("\t") for row in (folder / "seconds.tsv").read_text(encoding="utf-8").splitlines()]
    return {phase: round(int(seconds) / 60, 1) for phase, seconds in rows}


def report(folder, corpus):
    """All that came of it."""
    names = ("about", "status", "model", "data", "trained", "log")
    about, status, model, data, trained, log = (read(folder / f"{name}.json") for name in names)
    run = (read(folder / "run.json") or [{}])[0]
    proven, counts = proof(trained.get("model") or {}), data.get("counts") or {}
    error = folder / "error"
    return {
        "corpus": corpus,
        "model": model.get("name"),
        "documents": status.get("objects"),
        "of_documents": about.get("of"),
        "passages": status.get("chunks"),
        "sides": data.get("documents"),
        "pairs": counts.get("pairs"),
        "golden_questions": counts.get("golden"),
        "steps": steps(log.get("log")),
        "minutes": minutes(folder),
        "golden": {name.removeprefix("golden "): one for name, one in proven.items() if name.startswith("golden ")},
        "guards": {name: one for name, one in proven.items() if not name.startswith("golden ")},
        "verdict": run.get("state"),
        "reasons": run.get("outcome"),
        "templates": about.get("templates"),
        "questions": questions(folder, corpus),
        "error": error.read_text(encoding="utf-8").strip() if error.exists() else None,
    }


def short(value, signed=False):
    return "–" if value is None else f"{value:+.4f}" if signed else f"{value:.4f}"


def told(name, one):
    low, high = short(one["low"], True), short(one["high"], True)
    return f"{name}: {short(one['was'])} → {short(one['is'])}, gain {short(one['gain'], True)} [{low}, {high}]"


def table(found):
    """The same for people."""
    counts = f"{found['documents']} documents, {found['passages']} passages, pairs {found['pairs']}, {found['steps']} steps"
    yield "corpus", f"{found['corpus']}: {counts}"
    yield "verdict", f"{found['verdict']}: {found['reasons']}"
    for name, one in found["golden"].items():
        yield "golden", told(name, one)
    for name, one in found["guards"].items():
        yield "guard", told(name, one)
    for name, one in (found["questions"] or {}).items():
        for mode in MODES:
            yield "nDCG@10", told(f"{one['questions']} questions, {name}, {mode}", one[mode])
    if found["error"]:
        yield "error", found["error"]


def main(folder, corpus):
    folder = Path(folder)
    found = report(folder, corpus)
    (folder / "report.json").write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, words in table(found):
        print(f"{name:<9} {words}")


if __name__ == "__main__":
    main(*sys.argv[1:])
