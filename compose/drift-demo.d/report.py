"""What compose/drift-demo measured, from what the commands said on the way: as a line of JSON, and for people.

    report.py FOLDER WHAT

FOLDER holds the answers of the commands (NAME.json), the acts of keep-up (acts.jsonl) and the seconds of each step
(seconds.tsv). What came of it is written to report.json there, beside WHAT, a JSON object of what was asked for, and printed for
people. What it did not come to is null. Standard library only.
"""

import json
import sys
from pathlib import Path

NDCG = " ndcg@10"


def read(file):
    """The JSON of a file; none where there is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def windows(folder, name):
    """What was measured in each window of this name, in their order."""
    files = sorted(folder.glob(f"{name}-*.json"), key=lambda file: int(file.stem.rpartition("-")[2]))
    return [window(report) for report in map(read, files) if report]


def window(report):
    """A report of drift without what explains it."""
    measures = {
        one["name"]: {"was": one["reference"], "is": one["current"], "effect": one["effect"], "p": one["adjusted"], "over": one["over"]}
        for one in report["measurements"]
    }
    raised = [signal["name"] for signal in report.get("signals", [])]
    seen = report["current"]
    return {"passages": seen["passages"], "documents": seen["documents"], "signal": report["signal"], "raised": raised, "measures": measures}


def scores(model):
    """nDCG@10 of each set of questions: with the new model, with the one before, and the gain with its 95 % interval."""
    kept = (model or {}).get("scores", {})
    names = [name.removesuffix(NDCG) for name in kept if name.endswith(NDCG)]
    parts = {"is": "", "was": " before", "gain": " gain", "low": " gain low", "high": " gain high"}
    return {name: {part: kept.get(f"{name}{NDCG}{words}") for part, words in parts.items()} for name in names}


def circle(folder):
    """All that came of it."""
    answer = {name: read(folder / f"{name}.json") or {} for name in ("reference", "rollback", "promote", "audit-1", "audit-2")}
    control, new = windows(folder, "control"), windows(folder, "new")
    run = next(iter(reversed(read(folder / "runs.json") or [])), None)
    models = [one["model"] for one in read(folder / "models.json") or []]
    model = next((model for model in models if run and model["fingerprint"] == run.get("model")), None)
    lines = (folder / "acts.jsonl").read_text(encoding="utf-8").splitlines() if (folder / "acts.jsonl").exists() else []
    acts = [json.loads(line) for line in lines]
    rows = [line.split("\t") for line in (folder / "seconds.tsv").read_text(encoding="utf-8").splitlines()]
    return {
        "seconds": {step: int(seconds) for step, seconds in rows},
        "reference": answer["reference"].get("reference"),
        "control": control,
        "control_windows": len(control),
        "false_alarms": sum(one["signal"] or bool(one["raised"]) for one in control),
        "over_by_chance": sum(measure["over"] for one in control for measure in one["measures"].values()),
        "new": new,
        "signal_in_window": next((number for number, one in enumerate(new, 1) if one["signal"]), None),
        "run": run and {"state": run["state"], "outcome": run.get("outcome")},
        "scores": scores(model),
        "promoted": any(act["act"] == "promote" and act.get("found") for act in acts),
        "rolled_back": "serving" in answer["rollback"],
        "promoted_again": "serving" in answer["promote"],
        "audits_equal": [answer["audit-1"].get("equal"), answer["audit-2"].get("equal")],
    }


def short(value, signed=False):
    return "–" if value is None else f"{value:+.4f}" if signed else f"{value:.4f}"


def table(found):
    """The same for people."""
    yield "control", f"{found['control_windows']} windows, {found['false_alarms']} false alarms, {found['over_by_chance']} measures over their bound by chance"
    number = found["signal_in_window"]
    if number:
        last = found["new"][number - 1]
        measures = [f"{name} {last['measures'][name]['was']:.3f} → {last['measures'][name]['is']:.3f}" for name in last["raised"] if name in last["measures"]]
        yield "drift", f"signalled in window {number} of the other domain: {', '.join(measures)}"
    else:
        yield "drift", f"not signalled in {len(found['new'])} windows of the other domain"
    run = found["run"] or {"state": "none", "outcome": None}
    yield "run", run["outcome"] or run["state"]
    for name, one in sorted(found["scores"].items()):
        yield "nDCG@10", f"{name}: {short(one['was'])} → {short(one['is'])}, gain {short(one['gain'], True)} [{short(one['low'], True)}, {short(one['high'], True)}]"
    served = [words for name, words in (("promoted", "promoted"), ("rolled_back", "rolled back"), ("promoted_again", "promoted again")) if found[name]]
    yield "served", ", ".join(served) or "nothing was promoted"
    yield "audits", " and ".join({True: "equal", False: "DIFFERENT", None: "none"}[equal] for equal in found["audits_equal"])


def main(folder, what):
    folder = Path(folder)
    found = circle(folder)
    (folder / "report.json").write_text(json.dumps(json.loads(what) | found, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, words in table(found):
        print(f"{name:<9} {words}")


if __name__ == "__main__":
    main(*sys.argv[1:])
