"""What lectures ask (exercises, polls, votes), and the site's pages of it, with the lecturer's run sheets.

Links lead to places in the lectures' pages: `06-exercise-1` and `06-poll-a`, which tools/site.py sets there,
and `section-06-5`, which tools/terms.py sets.
"""

import re
from dataclasses import dataclass

from tools import ToolError, build, forms, glossary, lectures, measured
from utils.datasets import catalogue

EXERCISE = re.compile(r"^\*(\d+)\. (.+?)\*(.*?)(?=^\*\d+\. |^<details>|\Z)", re.MULTILINE | re.DOTALL)
QUESTION = re.compile(
    r"^\*\*([A-Z])\.\*\* (.+?)\n+<details>\n<summary>Answer</summary>\n(.*?)\n</details>",
    re.MULTILINE | re.DOTALL,
)
# How a lecture asks its class, in the middle of a section: always before the cell that answers.
ASKS = re.compile(
    r"\b(Vote|Guess|Predict)\b|[Tt]ake a (second )?vote|[Tt]wo votes|a vote\.|[Mm]ake a guess|[Ss]ketch it"
    r"|[Bb]efore (you|it) (look|read on|run|go on|move|train)|[Ww]rite ((a number|it|them) )?down"
)


@dataclass(frozen=True)
class Asked:
    """An exercise or a question of a poll: its place, its title, what it asks in two languages, its answer.

    `title` is as written, such as "1. One-hot by hand." or "A."; the answer to an exercise is empty.
    """

    place: str
    title: str
    english: str
    chinese: str
    answer: str = ""


def exercises(lecture):
    """Return a lecture's exercises in order.

    Raises
    ------
    ToolError
        If the exercises' 中文 block has not the same numbers.
    """
    section = _section(lecture, "Exercises")
    prose = [cell.source for cell in section.cells if cell.cell_type == "markdown"] if section else []
    found = [match for text in prose for match in EXERCISE.finditer(text)]
    chinese = _chinese(lecture, section, [match[1] for match in found])
    return [
        Asked(
            f"{lecture.number}-exercise-{match[1]}",
            f"{match[1]}. {match[2]}",
            match[3].strip(),
            its_chinese,
        )
        for match, its_chinese in zip(found, chinese, strict=True)
    ]


def poll(lecture):
    """Return the questions of a lecture's poll in order, each with its answer, which is in both languages.

    Raises
    ------
    ToolError
        If the poll's 中文 block has not the same letters.
    """
    section = _section(lecture, "Poll")
    found = QUESTION.findall(section.markdown) if section else []
    chinese = _chinese(lecture, section, [letter for letter, _, _ in found])
    return [
        Asked(
            f"{lecture.number}-poll-{letter.lower()}",
            f"{letter}.",
            english.strip(),
            its_chinese,
            answer.strip(),
        )
        for (letter, english, answer), its_chinese in zip(found, chinese, strict=True)
    ]


def asked_in(section):
    """Return the paragraphs of a section that ask the class to vote, guess or predict before it goes on."""
    english = lectures.split_chinese(section.markdown)[0]
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n\s*\n", english)]
    return [one for one in paragraphs if "?" in one and ASKS.search(one)]


def _section(lecture, title):
    return next((one for one in lecture.sections if one.title == title), None)


def _chinese(lecture, section, marks):
    """Return the lines of a section's 中文 block that begin with a number or letter, which must be these."""
    blocks = lectures.split_chinese(section.opening)[1] if section else []
    found = re.findall(r"^(\d+|[A-Z])\. (.+)", "\n".join(blocks), re.MULTILINE)
    if [mark for mark, _ in found] != marks:
        raise ToolError(
            f"{lecture.stem}: its section {section.title} asks {', '.join(marks)} in English, and its 中文"
            f" block {', '.join(mark for mark, _ in found) or 'nothing'}: begin one line there with each"
        )
    return [text for _, text in found]


def exercises_page(root):
    """Return, as Markdown, every exercise by lecture: its task in both languages, linked to its place."""
    return _by_lecture(root, exercises, lambda _: [])


def polls_page(root, with_asides=False):
    """Return, as Markdown, every question of the polls by lecture, answers folded; if wanted, with asides."""
    return _by_lecture(root, poll, lambda lecture: _section(lecture, "Poll").asides if with_asides else [])


def boxed(aside):
    """Return an aside as a box, which nobody takes for the lecture's own prose."""
    return f":::{{admonition}} For the lecturer\n{aside}\n:::"


def _by_lecture(root, found_in, asides):
    blocks = []
    for lecture in lectures.read(root):
        if found := found_in(lecture):
            lines = "\n\n".join(f"[{one.title[0]}](#{one.place}) {one.chinese}" for one in found)
            blocks += [f"## {lecture.number} {lecture.facts['title']}", *map(boxed, asides(lecture))]
            blocks.append(lectures.folded(lines))
            for one in found:
                blocks.append(f"**[{one.title}](#{one.place})** {one.english}")
                blocks += [lectures.folded(one.answer, "Answer")] if one.answer else []
    return "\n\n".join(blocks)


def run_sheets(root):
    """Return the lecturer's run sheets as Markdown, by the lectures' numbers."""
    runs = {row["lecture"]: row for row in measured.rows(root, "runs")}
    return {one.number: run_sheet(one, runs.get(one.number, {})) for one in lectures.read(root)}


def run_sheet(lecture, run):
    """Return a lecture's run sheet as Markdown: what to run before class, then what to ask, minute by minute.

    Parameters
    ----------
    lecture : tools.lectures.Lecture
        The lecture.
    run : dict
        Its row of measured/runs; empty if it was not measured yet.
    """
    blocks = [
        f"# Run sheet {lecture.number} · {lecture.facts['title']}",
        f"[Lecture {int(lecture.number)}](../notebooks/{lecture.stem}.ipynb) asks:"
        f" {lecture.facts['question']}",
        "## Before class",
        "\n".join(f"- {line}" for line in _before_class(lecture, run)),
        "## In class",
    ]
    rows, total = [], 0
    for section in lecture.sections:
        if section.minutes is None or section.is_deeper:
            continue
        total += section.minutes
        first, *others = section.asides
        asides = [re.sub(r"\A\d+ minutes?\.\s*", "", first), *others]
        label = glossary.label(f"{lecture.number} {section.key}")
        title = f"**[{section.title}](#{label})**"
        lines = [title, *(f"*Ask:* {text}" for text in asked_in(section))]
        if section.title == "Poll":
            lines += [f"*Ask {one.title[0]}:* {one.english}" for one in poll(lecture)]
        lines += [f"*Aside:* {text}" for text in asides if text]
        rows.append((str(section.minutes), f"{total // 60}:{total % 60:02}", "\n\n".join(lines)))
    return "\n\n".join([*blocks, _table(("Minutes", "Ends at", "Section"), rows)] if rows else blocks)


def _before_class(lecture, run):
    known = catalogue.catalogue()
    data = [known[name] for name in lecture.facts["datasets"]]
    for one in data:
        size = catalogue.size(min(form.bytes for form in one.downloads))
        yield f"Data: {one.title}, {size}. `python -m utils.datasets fetch {one.name}` fetches and checks it."
    if not data:
        yield "Data: none to fetch."
    promised = f"under {lecture.facts['seconds']} s are promised for two cores at 300 GFLOP/s"
    if run:
        rate = f" at {run['gflops']} GFLOP/s" if run["gflops"] else ""
        took = f"{float(run['seconds']):.0f} s and {float(run['peak_mb']) / 1000:.1f} GB"
        yield f"Run all cells once: they took {took} on {run['machine']}{rate} ({promised})."
    else:
        yield f"Run all cells once: {promised}."
    slow = slow_cells(lecture, run)
    if slow is None:
        yield (
            f"Which cells take longer than {build.SLOW} s is not recorded yet: `make notebooks"
            f" LECTURE={lecture.number}` does."
        )
    elif not slow:
        yield f"No cell took longer than {build.SLOW} s."
    else:
        cells = [f"{seconds:.0f} s, `{line}` ({title})" for title, line, seconds in slow]
        yield f"Cells that took longer than {build.SLOW} s: " + "; ".join(cells) + "."


def slow_cells(lecture, run):
    """Return the cells that took long as (section's title, first line, seconds); None if nothing is recorded.

    A cell that has changed since is not among them: what it takes now, nobody knows.
    """
    if not run.get("slow"):
        return None
    seconds = dict(re.findall(r"(\w{12}) ([\d.]+)", run["slow"]))
    places = [("the set-up", cell) for cell in lecture.cells[:2]]
    places += [(section.title, cell) for section in lecture.sections for cell in section.cells]
    return [
        (title, _first_line(cell.source), float(seconds[digest]))
        for title, cell in places
        if cell.cell_type == "code" and (digest := forms.digest(cell.source)) in seconds
    ]


def _first_line(code):
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0].replace("`", "'")


def _table(header, rows):
    """Return a table whose cells hold paragraphs, in MyST's Markdown."""
    lines = [":::{list-table}", ":header-rows: 1", ""]
    for row in (header, *rows):
        for mark, cell in zip("*  ", row, strict=True):
            lines.append(f"{mark} - " + cell.replace("\n", "\n    "))
    return "\n".join([*lines, ":::"])
