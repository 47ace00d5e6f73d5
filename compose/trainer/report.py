"""What the run did, for people: report.json and report.html, a page without anything from outside."""

from html import escape

from files import put, put_json

COLOURS = ("#2a6fbb", "#c2571a", "#3b8a4a", "#8b4bab", "#a83250", "#5a6b78")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 260, 56, 34, 14
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; margin: 2rem auto; max-width: 46rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.lead { color: #51606f; margin-top: 0 } .good { color: #23713a } .bad { color: #a32a2a }
svg { width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: #51606f }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #e3e8ee;
vertical-align: top } td:last-child { font-variant-numeric: tabular-nums; overflow-wrap: anywhere } th { font-weight: 600 }
"""


def ticks(least, most):
    return [least + (most - least) * part / 4 for part in range(5)]


def frame(least, most, shown):
    """The lines across, with what each stands for; returns them and the place of a value."""

    def place(value):
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - least) / ((most - least) or 1))

    drawn = []
    for value in ticks(least, most):
        y = place(value)
        drawn.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH}" y2="{y:.1f}" stroke="#e3e8ee"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{shown(value)}</text>')
    return drawn, place


def picture(title, drawn, height=HEIGHT):
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(drawn)}</svg>'


def losses_picture(seeds):
    """The loss of each step: thin as it was, thick as a running mean."""
    values = [loss for seed in seeds for _, loss in seed["losses"]]
    last = max(step for seed in seeds for step, _ in seed["losses"])
    drawn, place = frame(0, max(values) * 1.05 or 1, lambda value: f"{value:.2f}")

    def line(points, colour, width, opacity):
        path = " ".join(f"{LEFT + (WIDTH - LEFT) * step / last:.1f},{place(loss):.1f}" for step, loss in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" opacity="{opacity}"/>'

    for number, seed in enumerate(seeds):
        colour, points, mean, smooth = COLOURS[number % len(COLOURS)], seed["losses"], None, []
        for step, loss in points:
            mean = loss if mean is None else 0.9 * mean + 0.1 * loss
            smooth.append((step, mean))
        drawn += [line(points, colour, 1, 0.3), line(smooth, colour, 2, 1)]
        x = LEFT + 12 + number * 80
        drawn.append(f'<rect x="{x}" y="{TOP}" width="10" height="10" fill="{colour}"/>')
        drawn.append(f'<text x="{x + 15}" y="{TOP + 9}">seed {seed["seed"]}</text>')
    drawn.append(f'<text x="{LEFT}" y="{HEIGHT - 12}">step 1</text>')
    drawn.append(f'<text x="{WIDTH}" y="{HEIGHT - 12}" text-anchor="end">step {last}</text>')
    return picture("loss by step", drawn)


def dev_picture(report):
    """A bar for the base, each seed and each mixture; the one that was exported stands out."""
    dev, rows = report["dev"], [("base", report["dev"]["base"]["ndcg@10"], "#9aa7b4")]
    rows += [(f"seed {seed['seed']}", seed["ndcg@10"], "#a9c6e5") for seed in dev["seeds"]]
    for share, score in report["shares"].items():
        chosen = float(share) == dev["weight"]
        rows.append((f"average × {share}", score, COLOURS[0] if chosen else "#a9c6e5"))
    most, height = max(score for _, score, _ in rows) or 1, TOP + 28 * len(rows)
    drawn, start, room = [], 110, WIDTH - 110 - 60
    for number, (name, score, colour) in enumerate(rows):
        y = TOP + 28 * number
        drawn.append(f'<text x="{start - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        drawn.append(f'<rect x="{start}" y="{y}" width="{room * score / most:.1f}" height="20" rx="2" fill="{colour}"/>')
        drawn.append(f'<text x="{start + room * score / most + 6:.1f}" y="{y + 14}">{score:.4f}</text>')
    x = start + room * dev["base"]["ndcg@10"] / most
    drawn.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height}" stroke="#51606f" stroke-dasharray="3 3"/>')
    return picture("nDCG@10 on dev", drawn, height)


def curve_picture(report):
    """nDCG@10 on dev against the share of the average; 0 is the base."""
    points = [(0.0, report["dev"]["base"]["ndcg@10"]), *((float(s), score) for s, score in report["shares"].items())]
    scores = [score for _, score in points]
    room = (max(scores) - min(scores)) * 0.15 or 0.01
    drawn, place = frame(min(scores) - room, max(scores) + room, lambda value: f"{value:.3f}")
    across = lambda share: LEFT + 10 + (WIDTH - LEFT - 30) * share
    path = " ".join(f"{across(share):.1f},{place(score):.1f}" for share, score in points)
    drawn.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[0]}" stroke-width="2"/>')
    for share, score in points:
        chosen = share == report["dev"]["weight"]
        drawn.append(f'<circle cx="{across(share):.1f}" cy="{place(score):.1f}" r="{6 if chosen else 3}" fill="{COLOURS[0]}"/>')
        drawn.append(f'<text x="{across(share):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{share:g}</text>')
    return picture("nDCG@10 on dev by the share of the average", drawn)


def table(rows):
    cells = "".join(f"<tr><th>{escape(str(name))}</th><td>{escape(shown(value))}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def shown(value):
    if isinstance(value, dict):
        return ", ".join(f"{name}: {shown(inner)}" for name, inner in value.items()) or "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def page(report):
    dev, beats = report["dev"], report["beats_base"]
    gain = dev["ndcg@10"] - dev["base"]["ndcg@10"]
    verdict = (
        f'<p class="good">On dev, nDCG@10 goes from {dev["base"]["ndcg@10"]:.4f} to {dev["ndcg@10"]:.4f} ({gain:+.4f}), with '
        f"{dev['weight']:g} of what training changed. Whether that is enough is for the gate to say, on questions that nobody chose by.</p>"
        if beats
        else f'<p class="bad">No mixture beats the base on dev ({dev["base"]["ndcg@10"]:.4f}). What was exported is the one '
        f"nearest to the base, with {dev['ndcg@10']:.4f}: the gate will refuse it.</p>"
    )
    manifest = report["data"]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(report["name"])} {escape(report["version"])}</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>
<h1>{escape(report["name"])} {escape(report["version"])}</h1>
<p class="lead">fine-tuned from {escape(report["base"])} on the data {escape(manifest["digest"])}, in {report["seconds"] / 60:.0f} minutes</p>
{verdict}
<h2>nDCG@10 on dev</h2>{dev_picture(report)}
<h2>By the share of the average in the mixture with the base</h2>{curve_picture(report)}
<h2>Loss</h2>{losses_picture(report["seeds"])}
<h2>Data</h2>{table(manifest.items())}
<h2>What was trained</h2>{table([*report["trained"].items(), *report["speed"].items()])}
<h2>Largest difference from PyTorch of a number of a vector</h2>{table(report["differences"].items())}
<h2>Settings</h2>{table(report["settings"].items())}
<h2>Versions</h2>{table(report["versions"].items())}
</body></html>
"""


def write(report, out):
    put_json(out / "report.json", report)
    put(out / "report.html", page(report))
