"""The form that every lecture keeps, so that the course reads as one. Messages say what to change."""

import ast
import re

import nbformat
import pytest

import lecture_figures
import lecture_form
from tools import ROOT, badges, course_map, forms, lectures, measured
from tools.lectures import is_aside, split_chinese, tags
from utils.datasets.catalogue import catalogue

LECTURES = {lecture.stem: lecture for lecture in lectures.read(ROOT)}
TAGS = {"nbval-check-output", "raises-exception", "instructor", "solution", "hide-cell"}
FACTS = {
    *("title", "title_zh", "question", "question_zh", "part", "needs", "minutes", "datasets"),
    *("seconds", "peak_mb", "gpu", "backends", "headline"),
}

each_lecture = pytest.mark.parametrize("stem", LECTURES)


def figures_of_other_lectures(lecture):
    course = {lecture.number: lecture for lecture in LECTURES.values()}
    lecture_figures.figures_of_other_lectures_are_theirs(lecture, course)


MEASURES = (*lecture_form.MEASURES, figures_of_other_lectures)


@each_lecture
@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
def test_it_keeps_the_measure(stem, measure):
    measure(LECTURES[stem])


def notebook(stem):
    path = ROOT / "notebooks" / f"{stem}.ipynb"
    assert path.exists(), f"there is no notebooks/{stem}.ipynb: run `make notebooks LECTURE={stem[:2]}`"
    return nbformat.read(path, as_version=4)


def cells(stem):
    return LECTURES[stem].cells


def sections(stem):
    return LECTURES[stem].sections


@each_lecture
def test_the_index_knows_the_lecture(stem):
    entry = LECTURES[stem].facts
    assert entry.keys() == FACTS, f"index.toml, [{stem}]: its facts are {', '.join(sorted(FACTS))}"
    assert entry["question"].endswith("?"), "the question should be one"
    assert entry["question_zh"].endswith("？"), "the Chinese question should be one"
    assert all(one < stem for one in entry["needs"]), f"index.toml, [{stem}]: a lecture needs those before it"
    assert entry["part"] in course_map.course(ROOT)["parts"], (
        f"course.toml: what is {entry['part']!r} in Chinese?"
    )
    unknown = set(entry["datasets"]) - catalogue().keys()
    assert not unknown, f"index.toml names datasets that the catalogue lacks: {unknown}"
    loads = "from utils.datasets import" in LECTURES[stem].text
    assert loads == bool(entry["datasets"]), f"index.toml, [{stem}]: name the datasets that the lecture loads"
    assert set(entry["backends"]) <= {"tensorflow", "jax", "torch"}
    names = [claim.name for claim in LECTURES[stem].claims]
    assert entry["headline"] in names, f"index.toml, [{stem}]: no claim is called {entry['headline']!r}"


@each_lecture
def test_it_opens_with_title_badge_objectives_and_the_setup_cell(stem):
    title, setup, *_ = cells(stem)
    assert title.source.startswith(f"# {int(stem[:2])} · "), "the first line is `# N · Title`"
    assert badges.badge(stem) in title.source, "no or another Colab badge: run `python -m tools.badges`"
    assert setup.source == badges.setup_cell(stem), "another set-up cell: run `python -m tools.badges`"
    assert "**You will**" in title.source
    objectives = re.findall(r"^- ", title.source, re.MULTILINE)
    assert 3 <= len(objectives) <= 5, f"3 to 5 objectives, not {len(objectives)}"
    takes = "{minutes} minutes to teach and under {seconds} seconds to run on 2 CPU cores"
    takes = takes.format(**LECTURES[stem].facts)
    assert takes in title.source, f"say, as index.toml does: {takes}"


@each_lecture
def test_each_section_has_one_chinese_block_in_its_opening_cell(stem):
    for section in sections(stem):
        blocks = split_chinese(section.opening)[1]
        assert len(blocks) == 1, f"{section.title}: {len(blocks)} 中文 blocks in the opening cell, not one"
        assert "中文" not in split_chinese(section.markdown)[0], (
            f"{section.title}: a 中文 block of another form"
        )
        [block] = blocks
        assert block == f"\n{block.strip()}\n", (
            f"{section.title}: leave a blank line after <summary> and before </details>, or nothing renders"
        )
        assert not re.search(r"^#", block, re.MULTILINE), f"{section.title}: no headings inside a 中文 block"
        assert not re.search(r"[^\n]\n(?!\n|- |\d\. |$)", block.lstrip("\n")), (
            f"{section.title}: keep each Chinese paragraph on one line; a line break renders as a space"
        )
        assert len(re.findall(r"[\u4e00-\u9fff]", block)) >= 30, (
            f"{section.title}: the 中文 block is too short"
        )


@each_lecture
def test_no_line_of_prose_is_taken_for_a_comment(stem):
    prose = "\n".join(cell.source for cell in cells(stem) if cell.cell_type == "markdown")
    dropped = re.findall(r"^\s*%.*", prose, re.MULTILINE)
    assert not dropped, f"the site drops a line that begins with %: break the one before elsewhere: {dropped}"


@each_lecture
def test_claims_are_compared_and_say_why_they_are_not_asserted(stem):
    for cell in cells(stem):
        claims = lectures.claims_of(cell, stem)
        assert not claims or "nbval-check-output" in tags(cell), (
            f"tag the cell nbval-check-output:\n{cell.source}"
        )
        for claim in claims:
            assert claim.exact or claim.stand_in is not None or claim.explained, (
                f"{claim.name}: say in a comment right above why it is not asserted on a stand-in"
            )
    assert LECTURES[stem].claims, "a lecture without a claim states nothing"


@each_lecture
def test_stated_figures_lie_in_the_bands_that_were_measured(stem):
    number = stem[:2]
    rows = measured.read_csv(measured.path(ROOT, "claims", number))
    written = [(claim.name, claim.stated) for claim in LECTURES[stem].claims]
    assert [(row["claim"], row["stated"]) for row in rows] == written, (
        f"the claims are not those measured: run `make notebooks LECTURE={number}`"
    )
    bands = [tuple(float(row[edge]) if row[edge] else None for edge in ("low", "high")) for row in rows]
    assert bands == [claim.band or (None, None) for claim in LECTURES[stem].claims], (
        f"the stored table shows other bands than the script's: run `make notebooks LECTURE={number}`"
    )
    for row in rows:
        low, high = (float(row[edge] or default) for edge, default in (("low", "-inf"), ("high", "inf")))
        written = [figure.number for figure in lecture_figures.figures_of(row["stated"])]
        figures = [float(number.replace(",", "").replace("−", "-")) for number in written]
        assert any(low <= figure <= high for figure in figures), (
            f"{row['claim']}: states {row['stated']}, but allows {low:g} to {high:g}"
        )


def teaching_lines(cell):
    """Count a code cell's lines but for blanks, comments and claims, which ruff may wrap over many lines."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    claims = [call for call in calls if ast.unparse(call.func) in lectures.CALLS]
    wrapped = {line for call in claims for line in range(call.lineno, call.end_lineno + 1)}
    lines = enumerate(map(str.strip, cell.source.splitlines()), 1)
    return sum(bool(line) and line[0] != "#" and number not in wrapped for number, line in lines)


@each_lecture
def test_cells_are_small(stem):
    code = [cell for cell in cells(stem) if cell.cell_type == "code"]
    lengths = sorted(filter(None, map(teaching_lines, code)))
    assert lengths[len(lengths) // 2] <= 5, (
        f"the median code cell has {lengths[len(lengths) // 2]} lines, not 5"
    )
    longest = max(code, key=lambda cell: cell.source.count("\n"))
    assert longest.source.count("\n") < 30, f"no code cell over 30 lines:\n{longest.source}"


@each_lecture
def test_tags_are_known_and_solutions_are_folded(stem):
    for cell in cells(stem):
        assert set(tags(cell)) <= TAGS, f"unknown tags {set(tags(cell)) - TAGS}"
        if "_solution(" in cell.source and cell.cell_type == "code":
            assert {"solution", "hide-cell"} <= set(tags(cell)), f"tag the solution:\n{cell.source}"
            assert cell.metadata.get("jupyter") == {"source_hidden": True}, (
                f"fold the solution:\n{cell.source}"
            )
            assert "assert check_" in cell.source.splitlines()[-1], f"end on `assert check_…`:\n{cell.source}"


@each_lecture
def test_there_are_asides_for_the_lecturer_and_a_poll_with_folded_answers(stem):
    assert sum(map(is_aside, cells(stem))) >= 2, "write asides for the lecturer in cells tagged instructor"
    [poll] = [section for section in sections(stem) if section.title == "Poll"]
    assert 2 <= poll.markdown.count("<summary>Answer</summary>") <= 4, "2 to 4 questions, each answer folded"


@each_lecture
def test_teaching_code_hides_nothing(stem):
    for cell in cells(stem):
        if cell.cell_type != "code":
            continue
        assert not re.search(r"^\s*[%!]", cell.source, re.MULTILINE), (
            f"no magics in a lecture:\n{cell.source}"
        )
        assert "tqdm.auto" not in cell.source, "use plain tqdm: the widget keeps GitHub from rendering"
        caught = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Try)]
        assert not caught, f"no try/except in teaching code; tag a cell that fails on purpose:\n{cell.source}"


@each_lecture
def test_the_notebook_is_built_from_this_script(stem):
    built = notebook(stem)
    assert [cell.source for cell in built.cells] == [cell.source for cell in cells(stem)], (
        f"notebooks/{stem}.ipynb is not this script: run `make notebooks LECTURE={stem[:2]}`, or `make sync`"
    )
    assert [tags(cell) for cell in built.cells] == [tags(cell) for cell in cells(stem)]
    [run] = measured.read_csv(measured.path(ROOT, "runs", stem[:2]))
    assert run["cells"] == forms.digest(LECTURES[stem].text), "run `make sync`: both forms were edited alike"
    size = (ROOT / "notebooks" / f"{stem}.ipynb").stat().st_size
    assert size <= 1_000_000, f"the notebook has {size:,} bytes: at most 1 MB, so draw fewer points"


@each_lecture
def test_colab_is_asked_for_a_gpu_where_one_pays(stem):
    asked = "GPU" if LECTURES[stem].facts["gpu"] else None
    assert notebook(stem).metadata.get("accelerator") == asked, f"run `make notebooks LECTURE={stem[:2]}`"


@each_lecture
def test_one_figure_per_cell_with_an_alternative_text(stem):
    for cell in notebook(stem).cells:
        pictures = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        assert len(pictures) <= 1, f"one figure per cell:\n{cell.source}"
        if pictures:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 8, (
                f'say in mystnb={{"image": {{"alt": "…"}}}} what the figure shows:\n{cell.source}'
            )


@each_lecture
def test_the_notebook_shows_real_data(stem):
    shown = "\n".join(
        output.get("text", "") for cell in notebook(stem).cells for output in cell.get("outputs", [])
    )
    assert "data policy real | seed 0" in shown
    assert "STAND-IN" not in shown


@each_lecture
def test_measured_seconds_and_memory_keep_their_promise(stem):
    [run] = measured.read_csv(measured.path(ROOT, "runs", stem[:2]))
    promised = LECTURES[stem].facts
    # Seconds are promised for a float32 product at 300 GFLOP/s; a slower processor may take longer so much.
    seconds = float(run["seconds"]) * min(1, float(run["gflops"] or 300) / 300)
    assert seconds <= promised["seconds"], f"index.toml promises {promised['seconds']} s"
    assert float(run["peak_mb"]) <= promised["peak_mb"], f"index.toml promises {promised['peak_mb']} MB"
