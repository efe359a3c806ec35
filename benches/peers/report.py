"""Goals, tables and words for what `bench.py` measured: plain data in, markdown out."""

# Mean cosine similarity to f32 from which on a contender's output counts as right.
COSINE = 0.98
COSINE_F32 = 0.9999
# LookHear's time over that of the fastest peer.
TOWER_GOAL = 0.45
UPDATE_GOAL = 0.30
# Memory is compared with peers that are at most this many times slower than LookHear.
COMPARABLE_SPEED = 2
TOWERS = ("vision", "audio")
# Live updates of LookHear: with all of the picture new, a tenth of it, or nothing.
UPDATES = ("update", "tenth", "still")
# Name of LookHear with networks that no peer runs here.
SMALL = "lookhear-small"


def agrees(precision, agreement):
    """Whether the output of both towers is close enough to f32."""
    least = COSINE_F32 if precision == "f32" else COSINE
    # A comparison with NaN is false, so an output that is no number at all disagrees.
    return all(agreement[tower]["cosine_mean"] >= least for tower in TOWERS)


def ms(row, what):
    """A contender's time; both towers for a peer's `update`. None if it was not measured."""
    if what == "update" and "update" not in row["times"]:
        parts = [ms(row, tower) for tower in TOWERS]
        return None if None in parts else sum(parts)
    return row["times"].get(what, {}).get("ms")


def towers_ms(row):
    """Both towers from scratch."""
    return ms(row, "vision") + ms(row, "audio")


def error(row):
    """The largest relative error over both towers and all samples."""
    return max(row["agreement"][tower]["error_max"] for tower in TOWERS)


def own_mib(row):
    """Peak memory without the interpreter that a peer's worker happens to be written in."""
    return row["memory"]["mib"] - row["memory"].get("base", 0.0)


def racing(session):
    """LookHear, and the peers that ran to the end and agree with f32."""
    rows = [row for row in session["contenders"] if not row["failure"]]
    peers = [r for r in rows if not r["runtime"].startswith("lookhear") and r["agrees"]]
    return rows[0], [row for row in peers if None not in (ms(row, "vision"), ms(row, "audio"))]


def goals(session):
    """Every goal with its number: `{"threads", "goal", "value", "limit", "against", "reached"}`."""
    ours, peers = racing(session)
    found = []

    def add(goal, value, limit, against, unit=""):
        # Speed at the price of wrong output is worth nothing.
        reached = value is not None and limit is not None and value <= limit and ours["agrees"]
        entry = {"threads": session["threads"], "goal": goal, "value": value, "limit": limit}
        found.append({**entry, "unit": unit, "against": against, "reached": reached})

    for what, limit in (("vision", TOWER_GOAL), ("audio", TOWER_GOAL), ("update", UPDATE_GOAL)):
        best = min(peers, key=lambda row: ms(row, what), default=None)
        name = {"update": "live update / two towers"}.get(what, f"{what} tower") + " of the fastest peer"
        if best is None or ms(ours, what) is None:
            add(name, None, limit, "no peer that agrees", " x")
        else:
            add(name, ms(ours, what) / ms(best, what), limit, best["label"], " x")
    best = min((row for row in peers if row["precision"] == "int8"), key=towers_ms, default=None)
    name = "error no larger than the fastest 8-bit peer's"
    if best is None:
        add(name, error(ours), None, "no 8-bit peer that agrees")
    else:
        add(name, error(ours), error(best), best["label"])
    if None not in (ms(ours, "vision"), ms(ours, "audio")):
        near = [row for row in peers if towers_ms(row) <= COMPARABLE_SPEED * towers_ms(ours)]
        name = f"peak memory no larger than that of the leanest peer within {COMPARABLE_SPEED} x our time"
        if best := min(near, key=own_mib, default=None):
            add(name, own_mib(ours), own_mib(best), best["label"], " MiB")
        else:
            best = min(peers, key=own_mib, default=None)
            note = f"no peer is that fast; the leanest of all: {best['label']}" if best else "no peer"
            add(name, own_mib(ours), own_mib(best) if best else None, note, " MiB")
    return found


def number(value, digits=1, mark=""):
    """A number for a table, `-` if there is none."""
    return "-" if value is None else f"{value:.{digits}f}{mark}"


def table(head, rows):
    """A markdown table with columns as wide as they must be."""
    cells = [head, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def best_variants(session):
    """LookHear, then one row per runtime and precision: the fastest variant that agrees, else any."""
    groups = {}
    for row in session["contenders"]:
        if row["runtime"] != SMALL:
            groups.setdefault((row["runtime"], row["precision"]), []).append(row)

    def order(row):
        time = ms(row, "update")
        return row["failure"] is not None, not row.get("agrees"), time is None, time or 0.0

    chosen = [min(rows, key=order) for rows in groups.values()]
    return [chosen[0], *sorted(chosen[1:], key=order)]


def contender_row(row, ours, threads):
    """A line of the main table."""
    if row["failure"]:
        name = f"{row['runtime']} {row['variant']}".strip()
        return [name, row["precision"], threads, *["-"] * 12, "FAILED"]
    ratios, times = [], []
    cores = [cell["cores"] for what, cell in row["times"].items() if what in TOWERS]
    for what in (*TOWERS, "update"):
        mine, theirs = ms(ours, what), ms(row, what)
        parts = TOWERS if what not in row["times"] else (what,)
        trusted = all(row["times"][part]["trusted"] for part in parts)
        times.append(number(theirs, 1, "" if trusted else "*"))
        ratios.append("-" if None in (mine, theirs) else f"{mine / theirs:.2f}")
    facts = row["agreement"].values()
    least, mean = (min(f[key] for f in facts) for key in ("cosine_min", "cosine_mean"))
    return [
        f"{row['runtime']} {row['variant']}".strip(),
        row["precision"],
        threads,
        *times,
        *ratios,
        number(None if None in cores else sum(cores) / len(cores)),
        f"{least:.6f}",
        f"{mean:.6f}",
        f"{error(row):.1e}",
        f"{row['memory']['mib']:.0f}",
        f"{own_mib(row):.0f}",
        "agrees" if row["agrees"] else "DISAGREES",
    ]


def contender_table(sessions):
    """One line per contender and number of threads."""
    head = ["contender", "precision", "threads", "vision ms", "audio ms", "update ms"]
    head += ["vision ratio", "audio ratio", "update ratio", "cores used"]
    head += ["cosine min", "mean", "max rel. error", "peak MiB", "without Python", "output"]
    lines = []
    for session in sessions:
        ours = session["contenders"][0]
        lines += [contender_row(row, ours, session["threads"]) for row in best_variants(session)]
    return table(head, lines)


def cautions(session):
    """What makes these numbers less than sure; empty if nothing does."""
    threads, words = session["threads"], []
    cells = [(row, c) for row in session["contenders"] for c in row["times"].values()]
    clean, disturbed = (sum(c[key] for _, c in cells) for key in ("clean", "disturbed"))
    words.append(f"{threads} thread(s): {clean} undisturbed measurements, {disturbed} disturbed by others.")
    doubtful = sum(not c["trusted"] for row, c in cells if not row["failure"])
    if doubtful:
        words.append(
            f"CAUTION: {doubtful} of {len(cells)} medians have too few undisturbed measurements, so that "
            "disturbed ones had to count (marked *). Repeat this on an idle machine."
        )
    failures = [row["failure"] for row in session["contenders"] if row["failure"]]
    words += [f"FAILED: {failure}." for failure in failures]
    if session["idle_share"] > 0.03:
        words.append(f"CAUTION: idle workers used {session['idle_share']:.0%} of a core.")
    return "\n".join(words)


def goal_lines(result):
    """One line per goal, reached or missed."""
    lines = []
    for goal in result["goals"]:
        digits = 4 if not goal["unit"] else 2 if goal["unit"] == " x" else 0
        value, limit = (number(goal[key], digits, goal["unit"]) for key in ("value", "limit"))
        word = "reached" if goal["reached"] else "MISSED"
        what = f"{goal['goal']} ({goal['against']})"
        lines.append(f"- {word}, {goal['threads']} thread(s): {value} of at most {limit}: {what}")
    return "\n".join(lines)


def small_lines(session):
    """Live updates per second of the small models."""
    lines = []
    for row in session["contenders"]:
        if row["runtime"] == SMALL:
            time = ms(row, "update")
            rate = f"{1e3 / time:.0f} live updates per second ({time:.2f} ms)" if time else "no figure"
            doubt = "" if row["times"]["update"]["trusted"] else " (CAUTION: disturbed)"
            lines.append(f"{row['variant']}, {session['threads']} thread(s): {rate}{doubt}")
    return "\n".join(lines)


def change_table(session):
    """What a live update costs LookHear by how much of the picture changed."""
    rows = []
    for row in session["contenders"]:
        if row["runtime"].startswith("lookhear") and not row["failure"]:
            full, *rest = (ms(row, what) for what in UPDATES)
            shares = ["-" if None in (full, part) else f"{part:.2f} ({part / full:.2f} x)" for part in rest]
            rows.append([row["variant"] or row["runtime"], number(full, 2), *shares])
    head = ["live update, ms", "100 % changed", "10 % changed", "static scene"]
    return f"{session['threads']} thread(s):\n\n{table(head, rows)}"


def layer_table(session):
    """What share of the machine's multiply-add peak each convolution reaches."""
    layers = session["layers"]
    rows = [
        [r["tower"], r["name"], f"{r['ms']:.2f}", f"{r['gmac_per_s']:.0f}", f"{r['share']:.0%}"]
        for r in layers["layers"]
    ]
    peak = f"{session['threads']} thread(s), measured peak {layers['peak_gmac']:.0f} GMAC/s:"
    return f"{peak}\n\n{table(['tower', 'layer', 'ms', 'GMAC/s', 'share of peak'], rows)}"


def text(result):
    """The whole report."""
    sessions = result["sessions"]
    versions = ", ".join(f"{name} {v}" for name, v in result["versions"].items())
    counts = ", ".join(f"{len(files)} {tower}" for tower, files in result["samples"].items())
    ours_wrong = [s["threads"] for s in sessions if not s["contenders"][0]["agrees"]]
    parts = [
        "## LookHear and its peers",
        f"{result['processor']}; {versions}; compared on {counts} inputs.\n"
        "Ratios are LookHear's time over the contender's; a peer's update is both towers.",
        contender_table(sessions),
        *[cautions(session) for session in sessions],
        "## Goals",
        goal_lines(result),
        f"CAUTION: LookHear disagrees with f32 on {ours_wrong} thread(s)." if ours_wrong else "",
        *[small_lines(session) for session in sessions],
        "## Only what changed",
        *[change_table(session) for session in sessions],
        "## Layers",
        *[layer_table(session) for session in sessions],
    ]
    return "\n\n".join(part for part in parts if part)
