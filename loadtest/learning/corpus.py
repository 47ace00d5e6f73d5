"""Makes a corpus ready for loadtest/learning/one. Standard library only.

    corpus.py FOLDER --most N --out OUT

FOLDER is a folder of documents, which are copied as they are to OUT/documents, or a retrieval set in BEIR's layout (a folder with
corpus.jsonl), of which each document becomes a web page OUT/documents/ID.txt: `millrace eval` looks for this name, and content
decides how a document is read, so that it has its title. OUT/set is the set of what was taken, in BEIR's layout with the split
`asked`; the questions of paraphrases.py are in it with the ids ID~1 and ID~2. What was taken is told in OUT/about.json.

At most N documents are taken, always the same. Of a retrieval set at most half of them are such as a question is about, and a
question is asked when all that is relevant to it was taken.
"""

import argparse
import collections
import hashlib
import html
import json
import shutil
import sys
from pathlib import Path

import paraphrases

# The first that is there is asked.
SPLITS = ("test", "dev")
PAGE = """<!doctype html>
<html>
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
{text}
</body>
</html>
"""


def drawn(names):
    """An order that is always the same and follows nothing that the names say."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def lines(file):
    with open(file, encoding="utf-8") as rows:
        return [json.loads(row) for row in rows if row.strip()]


def write(place, text):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def page(row):
    """A document of a set as a web page; none where there is no text."""
    title, text = " ".join(row.get("title", "").split()), row["text"].strip()
    # Some sets begin the text with the title, which would then be found by it alone.
    text = text.removeprefix(title).strip()
    parts = [f"<p>{html.escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip()]
    return PAGE.format(title=html.escape(title), text="\n".join(parts)) if parts else None


def judgements(folder):
    """What is relevant to each question of the split, with its grade."""
    split = next((split for split in SPLITS if (folder / "qrels" / f"{split}.tsv").is_file()), None)
    if split is None:
        sys.exit(f"learning: {folder} has no qrels of {' or '.join(SPLITS)}")
    judged = collections.defaultdict(dict)
    for row in (folder / "qrels" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, grade = (field.strip() for field in row.split("\t"))
        if int(grade) > 0:
            judged[question][document] = int(grade)
    return split, judged


def taken(names, judged, most):
    """The documents that are taken of these."""
    if len(names) <= most:
        return set(names)
    kept = set()
    for question in drawn(judged):
        more = kept | judged[question].keys() & names
        if len(more) <= most // 2:
            kept = more
    others = drawn(name for name in names if name not in kept)
    return kept.union(others[: most - len(kept)])


def asked(folder, judged, kept):
    """The questions of which all that is relevant was taken, with what it is; and the paraphrases of those that have some."""
    texts = {row["_id"]: row["text"] for row in lines(folder / "queries.jsonl")}
    found = {name: text for name, text in texts.items() if judged.get(name) and judged[name].keys() <= kept}
    if folder.name != "medquad":
        return found, {}
    others = {name: paraphrases.paraphrases(text) for name, text in found.items()}
    return found, {f"{name}~{number}": other for name, all_of in others.items() for number, other in enumerate(all_of, 1)}


def templates(questions, other):
    """How many questions follow which template: said, because a score over them says less than their number lets believe."""
    if not other:
        return None
    found = [paraphrases.template_of(text) for text in questions.values()]
    counts = collections.Counter(one[0] for one in found if one)
    print(f"{len(questions)} questions, {counts.total()} of which follow {len(counts)} templates:")
    for template, count in counts.most_common():
        print(f"{count:6}  {template.replace('{}', '…')}")
    print(f"{len(other)} paraphrases of them are asked, too")
    return {"templates": len(counts), "following": counts.total(), "questions": len(questions), "paraphrases": len(other)}


def of_set(folder, most, out):
    rows = {row["_id"]: row for row in lines(folder / "corpus.jsonl")}
    pages = {name: text for name, text in ((name, page(row)) for name, row in rows.items()) if text}
    split, judged = judgements(folder)
    # What has no text can be found by nobody.
    judged = {question: {name: grade for name, grade in all_of.items() if name in pages} for question, all_of in judged.items()}
    kept = taken(pages.keys(), judged, most)
    for name in kept:
        if "/" in name:
            sys.exit(f"learning: {folder} has the document {name}, whose name cannot be that of a file")
        write(out / "documents" / f"{name}.txt", pages[name])
    questions, other = asked(folder, judged, kept)
    if not questions:
        sys.exit(f"learning: {folder}: of {len(kept)} documents no question is left: give more of them (--most)")
    every = questions | other
    qrels = [f"{name}\t{document}\t{grade}" for name in every for document, grade in judged[name.split("~")[0]].items()]
    write(out / "set" / "corpus.jsonl", "".join(json.dumps(rows[name]) + "\n" for name in sorted(kept)))
    write(out / "set" / "queries.jsonl", "".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in every.items()))
    write(out / "set" / "qrels" / "asked.tsv", "query-id\tcorpus-id\tscore\n" + "\n".join(qrels) + "\n")
    print(f"{folder.name}: {len(kept)} of {len(rows)} documents, {len(questions)} of {len(judged)} questions of {split}")
    return {"taken": len(kept), "of": len(rows), "split": split, "templates": templates(questions, other)}


def of_folder(folder, most, out):
    names = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]
    names = [name for name in names if not any(part.startswith(".") for part in Path(name).parts)]
    kept = drawn(names)[:most]
    for name in kept:
        place = out / "documents" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, place)
    print(f"{folder.name}: {len(kept)} of {len(names)} documents, and no questions of its own")
    return {"taken": len(kept), "of": len(names)}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("folder", type=Path)
    ask.add_argument("--most", type=int, required=True)
    ask.add_argument("--out", type=Path, required=True)
    ask = ask.parse_args()
    make = of_set if (ask.folder / "corpus.jsonl").is_file() else of_folder
    write(ask.out / "about.json", json.dumps(make(ask.folder, ask.most, ask.out)) + "\n")


if __name__ == "__main__":
    main()
