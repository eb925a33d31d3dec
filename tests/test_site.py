"""The site: built from executed notebooks without a warning, for students and lecturers, and read offline."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import v4

from tools import ROOT, asked, badges, build, controls, evidence, glossary, lectures, measured, tables

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
LECTURES = ["99_sample", *sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))]
FOUND = ["exercises", "polls"]
PAGES = ["index", "search", "glossary", "measured", "evidence", *FOUND]
PAGES += [f"notebooks/{name}" for name in LECTURES]
SHEETS = asked.run_sheets(ROOT)
LONGEST = max(SHEETS, key=lambda number: len(SHEETS[number]))  # of all run sheets: the one to print
SHEET = f"sheets/{LONGEST}"

SEEDS = [4.0, 6.0] * 5  # what ten seeds of the sample measured
CLAIMS = ("a claim of some length, as lectures have", "another | claim")
SCRIPT = "# %%\n" + "".join(
    f'claims.check({claim!r}, x, "5.00 times (slide: 5)", band=(4.1, 6.5), stand_in=(4.1, 6.2), data=D)\n\n'
    for claim in CLAIMS
).replace("\n\n", "  # theory says how wide\n\n", 1)
FACTS = """
["99_sample"]
title = "A sample"
title_zh = "一个样本"
question = "How?"
question_zh = "怎么做？"
part = "Samples"
needs = ["01"]
minutes = 5
seconds = 60
datasets = ["mnist"]
headline = ""
"""

each_page = pytest.mark.parametrize("page", PAGES)


def sample():
    """A notebook with what lectures hold: maths, what is folded, an aside, a figure with alt text."""
    figure = v4.new_output("display_data", data={"image/png": PIXEL, "text/plain": "<Figure>"})
    title = f"# 99 Sample\n\n{badges.badge('99_sample')}\n\nHow does $\\hat y = Xw$ look?"
    return v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        cells=[
            v4.new_markdown_cell(title),
            v4.new_markdown_cell("## 1 Look\n\n<details>\n<summary>中文</summary>\n\n正文 $x$\n\n</details>"),
            v4.new_markdown_cell("Leave two minutes for questions.", metadata={"tags": ["instructor"]}),
            v4.new_code_cell(
                "raise SystemExit('the site ran a cell')",
                execution_count=1,
                outputs=[figure],
                metadata={"mystnb": {"image": {"alt": "A single pixel"}}},
            ),
            v4.new_code_cell(f"long = '{'x' * 200}'", execution_count=2),
            v4.new_code_cell("def f_solution(): ...", execution_count=3, metadata={"tags": ["hide-cell"]}),
        ],
    )


def write_sample(root):
    """Write the sample to a course's folder, beside the lectures there, and what a site needs besides."""
    shutil.copytree(ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("node_modules", "notebooks"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("lectures", "notebooks"):
        (root / folder).mkdir(exist_ok=True)
    (root / "lectures" / "99_sample.py").write_text(SCRIPT, encoding="utf-8")
    nbformat.write(sample(), root / "notebooks" / "99_sample.ipynb")
    with (root / "lectures" / "index.toml").open("a", encoding="utf-8") as index:
        index.write(FACTS)


def edition(root, *options):
    """Build an edition of a course; return the folder of its pages."""
    pages = root / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", *options, root / "docs", pages],
        cwd=ROOT,  # where conf.py finds tools/
        env=os.environ | {"PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    return pages


@pytest.fixture(scope="module")
def students(tmp_path_factory):
    """The folder of the students' edition of the sample, with evidence, and of every stored notebook."""
    root = tmp_path_factory.mktemp("students")
    for folder in ("lectures", "notebooks", "measured", controls.CONTROLS):
        shutil.copytree(ROOT / folder, root / folder)
    write_sample(root)
    rows = [
        {"claim": claim, "measured": seed + 0.12345678, "versions": "python 3.13.5; keras 3.15.0"}
        for claim in CLAIMS
        for seed in SEEDS
    ]
    for source in ("real", "stand-in"):
        found = evidence.summarise(rows, source, "tensorflow", "c0de")
        evidence.write(measured.path(root, "evidence", "99"), found, set())
    return edition(root)


@pytest.fixture(scope="module")
def lecturers(tmp_path_factory):
    """The folder of the lecturers' edition of the sample and one lecture, before any evidence is gathered."""
    root = tmp_path_factory.mktemp("lecturers")
    [lecture] = lectures.read(ROOT, [LONGEST])
    index = (ROOT / lectures.INDEX).read_text(encoding="utf-8")
    for file in (
        f"lectures/{lecture.stem}.py",
        f"notebooks/{lecture.stem}.ipynb",
        f"measured/runs/{LONGEST}.csv",
    ):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    its_facts = re.search(rf"^\[{lecture.stem}\].*?(?=^\[|\Z)", index, re.MULTILINE | re.DOTALL)[0]
    (root / lectures.INDEX).write_text(its_facts, encoding="utf-8")
    write_sample(root)
    return edition(root, "-t", "instructor")


def html(folder, page):
    """Return a page's text."""
    return (folder / f"{page}.html").read_text(encoding="utf-8")


@cache
def parsed(folder, page):
    """Return a page as a tree of elements, but for the tokens of code, which are most of them."""
    without_tokens = re.sub(r'<span class="\w{1,3}">([^<]*)</span>', r"\1", html(folder, page))
    return BeautifulSoup(without_tokens, "html.parser")


def elements(folder, page, selector):
    """Return those of a page's elements that a CSS selector names."""
    return parsed(folder, page).select(selector)


def test_start_page_maps_every_lecture_with_its_question(students):
    cards = {card.a["href"]: card.text for card in elements(students, "index", "#lectures section li")}
    assert set(cards) == {f"notebooks/{name}.html" for name in LECTURES}
    index = tomllib.loads((ROOT / "lectures" / "index.toml").read_text(encoding="utf-8"))
    for name, entry in index.items():
        assert entry["question"] in cards[f"notebooks/{name}.html"]
        assert f"{entry['minutes']} min to teach" in cards[f"notebooks/{name}.html"]


def test_each_drawing_of_the_map_leads_to_every_lecture(students):
    drawings = elements(students, "index", "svg.course-map")
    assert [(one["class"][1], one["lang"]) for one in drawings] == [
        (kind, language) for language in ("zh-Hans", "en") for kind in ("wide", "narrow")
    ]
    for drawing in drawings:
        links = [link["href"] for link in drawing.select("a")]
        assert sorted(links) == [f"notebooks/{name}.html" for name in sorted(LECTURES)]


def test_lecture_names_what_it_builds_on_and_what_builds_on_it(students):
    index = tomllib.loads((ROOT / "lectures" / "index.toml").read_text(encoding="utf-8"))
    pages = {name[:2]: f"{name}.html" for name in LECTURES}
    for name, entry in index.items():
        links = {}
        for paragraph in elements(students, f"notebooks/{name}", "article p:has(> strong)"):
            links[paragraph.strong.text] = [link["href"] for link in paragraph.select("a")]
        assert links.get("Builds on", []) == links.get("先修", []) == [pages[one] for one in entry["needs"]]
        after = [f"{other}.html" for other in sorted(index) if name[:2] in index[other]["needs"]]
        after += ["99_sample.html"] * (name[:2] == "01")  # which needs it
        assert links.get("Leads to", []) == links.get("后续", []) == after


def test_one_page_shows_every_measured_claim(students):
    *by_lecture, together = elements(students, "measured", "article section > section")
    shown = [row.td.text for section in by_lecture for row in section.select("tbody tr")]
    rows = [row for row in measured.rows(ROOT, "claims") if row["exact"] == "False"]
    assert len([claim for claim in shown if not claim.startswith("exact arithmetic: ")]) == len(rows)
    judged = [row["lecture"] for row in rows if row["claim"].startswith(tables.JUDGED)]
    assert [row.td.text for row in together.select("tbody tr")] == judged
    assert set(judged) == {"17", "18", "19"}
    links = elements(students, "index", "article a[href='measured.html']")
    assert [link.text for link in links] == ["全部数字", "Every claim"]


def evidence_of(folder, title):
    """Return the section of the evidence page with a title: its text, and its tables' rows of cells."""
    (section,) = (
        heading.parent
        for heading in elements(folder, "evidence", "article h2")
        if heading.contents[0].strip() == title
    )
    straight = str.maketrans("‘’“”", "''\"\"")  # Sphinx curls quotation marks
    rows = [
        [cell.text.strip().translate(straight) for cell in row.select("td")]
        for row in section.select("tbody tr")
    ]
    return section.text, rows


def test_evidence_page_shows_how_far_each_claim_scatters(students):
    text, rows = evidence_of(students, "99 A sample")
    assert len(rows) == 4
    claim = ["5.00 times (slide: 5)", "5.123 ± 1.1", "4.123 to 6.123", "10", "4.1 to 6.5"]
    assert rows[0] == [CLAIMS[0], *claim, "0.9 sd", "near (explained)"]
    assert rows[1] == [CLAIMS[1], *claim, "0.9 sd", "near"]
    assert rows[3][5] == "4.1 to 6.2"
    for fact in (
        "Data: real.",
        "Data: stand-in.",
        "python 3.13.5; keras 3.15.0",
        measured.machine(),
        "tensorflow",
    ):
        assert fact in text
    assert re.search(r"Gathered on \d{4}-\d{2}-\d{2} ", text)


def test_evidence_page_lists_every_lecture(students):
    index = tomllib.loads((ROOT / "lectures" / "index.toml").read_text(encoding="utf-8"))
    for name, entry in index.items():
        evidence_of(students, f"{name[:2]} {entry['title']}")


def test_evidence_page_says_what_is_not_gathered(lecturers):
    text, rows = evidence_of(lecturers, "99 A sample")
    assert "Not gathered yet." in text
    assert rows == []


def test_evidence_page_lists_every_falsehood_with_the_claims_that_notice(students):
    _, rows = evidence_of(students, "Falsehoods that claims must notice")
    entries = controls.read(ROOT)
    assert rows == [[e["lecture"], e["falsehood"], "; ".join(e["red"])] for e in entries]


def test_start_page_leads_to_the_evidence(students):
    links = [link["href"] for link in elements(students, "index", ".bd-sidebar-primary a, article a")]
    assert links.count("evidence.html") >= 2


@cache
def entries(folder):
    """Return the glossary's entries by their English words: anchor, Chinese word, and where it leads."""
    found, names = {}, []
    for element in elements(folder, "glossary", "dl.glossary > *"):
        if element.name == "dt":
            names.append(element)
        else:
            anchor, words = names[0]["id"], [name.contents[0] for name in names]
            found[words[0]] = anchor, words[-1], element.a["href"]
            names = []
    return found


def test_glossary_has_every_term_in_both_languages(students):
    shown = {name: chinese for name, (_, chinese, _) in entries(students).items()}
    assert shown == {term.name: term.zh for term in glossary.read(ROOT)}
    assert list(shown) == sorted(shown, key=str.casefold)


def test_each_term_leads_to_the_section_that_introduces_it_and_back(students):
    astray = []
    for term in glossary.read(ROOT):
        anchor, _, target = entries(students)[term.name]
        page, _, place = target.partition(".html#")
        (section,) = elements(students, page, f"section#{place}")
        assert lectures.key(section.h2.contents[0].strip()) == term.section[3:]
        said = [link.text for link in section.select(f"a[href='../glossary.html#{anchor}']")]
        english = [text for text in said if term.pattern().fullmatch(text)]
        chinese = [text for text in said if term.pattern(chinese=True).fullmatch(text)]
        if not (english and chinese and len(said) == 2):
            astray.append(f"{term.section} {term.name}: {said}")
    assert astray == []


@each_page
def test_no_mark_of_markdown_is_left(students, page):
    """Between a full stop and a Chinese character, two stars end no bold words."""
    texts = elements(students, page, "article :is(p, li, dd, td, h1, h2, h3)")
    spoken = ["".join(text for text in one.find_all(string=True, recursive=False)) for one in texts]
    assert [text for text in spoken if "**" in text or "](" in text] == []


def test_links_to_terms_stand_in_prose_alone(students):
    for name in LECTURES[1:]:
        links = elements(students, f"notebooks/{name}", "a:has(> .std-term)")
        assert links
        assert not [
            link for link in links if link.find_parent(["a", "h1", "h2", "h3", "pre", "code", "summary"])
        ]


@each_page
def test_every_internal_link_leads_somewhere(students, page):
    here = students / f"{page}.html"
    targets = {tag.get("href") or tag.get("src") for tag in elements(students, page, "[href], [src]")}
    broken = []
    for target in targets - {None}:
        url = urlsplit(target)
        if url.scheme or url.netloc:
            continue
        path = (here.parent / unquote(url.path)).resolve() if url.path else here
        anchor = unquote(url.fragment)
        if not path.is_file() or (anchor and f'id="{anchor}"' not in path.read_text(encoding="utf-8")):
            broken.append(target)
    assert broken == []


@each_page
def test_every_image_says_what_it_shows(students, page):
    for image in elements(students, page, "img"):
        alt = image.get("alt", "")
        name = PurePosixPath(image["src"]).name
        assert alt.strip(), f"no alt text: {name}"
        assert name not in alt, f"a file name for alt text: {alt}"
        assert not re.search(r"\.(png|svg|jpe?g|gif)$", alt), f"a file name for alt text: {alt}"


@pytest.mark.parametrize("name", LECTURES)
def test_lecture_shows_its_figures_with_their_alt_texts(students, name):
    folder = students / "_sources" / "notebooks"
    cells = nbformat.read(folder / f"{name}.ipynb", as_version=4).cells
    pictured = [c for c in cells if any("image/png" in o.get("data", {}) for o in c.get("outputs", []))]
    images = elements(students, f"notebooks/{name}", ".cell_output img")
    assert pictured
    assert [image["alt"] for image in images] == [cell.metadata.mystnb.image.alt for cell in pictured]


@pytest.mark.parametrize("name", LECTURES)
def test_lecture_can_be_opened_in_colab_and_binder_and_downloaded(students, name):
    address = f"{badges.slug(ROOT)}/blob/{badges.ref(ROOT)}/notebooks/{name}.ipynb"
    colab = f"https://colab.research.google.com/github/{address}"
    buttons = elements(students, f"notebooks/{name}", ".article-header-buttons a")
    links = [button["href"] for button in buttons]
    assert colab in links
    assert badges.binder(f"notebooks/{name}.ipynb") in links
    assert f"../_sources/notebooks/{name}.ipynb" in links
    nbformat.read(students / "_sources" / "notebooks" / f"{name}.ipynb", as_version=4)


def test_students_do_not_see_the_lecturers_asides(students):
    assert "Leave two minutes" not in html(students, "notebooks/99_sample")
    download = students / "_sources" / "notebooks" / "99_sample.ipynb"
    assert "Leave two minutes" not in download.read_text(encoding="utf-8")


def test_lecturers_see_them(lecturers):
    aside = parsed(lecturers, "notebooks/99_sample").find("p", string="Leave two minutes for questions.")
    assert aside.find_parent(class_="admonition").p.get_text() == "For the lecturer"


def plain(text):
    """Return the words of a text alone: neither Markdown nor formulas nor curled quotation marks."""
    text = re.sub(r"\$+[^$]*\$+|\\\(.*?\\\)|\\\[.*?\\\]|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return " ".join(re.findall(r"\w+", text.replace("\\", "")))


@pytest.mark.parametrize(("page", "read"), list(zip(FOUND, (asked.exercises, asked.poll), strict=True)))
def test_a_page_lists_what_every_lecture_asks_and_leads_to_its_place(students, page, read):
    links = elements(students, page, "article p > strong > a")
    wanted = [(lecture, one) for lecture in lectures.read(ROOT) for one in read(lecture)]
    assert [plain(link.text) for link in links] == [plain(one.title) for _, one in wanted]
    chinese = elements(students, page, "article details a")
    assert [link["href"] for link in chinese] == [link["href"] for link in links]
    for link, (lecture, one) in zip(links, wanted, strict=True):
        path, _, place = link["href"].partition("#")
        assert path == f"notebooks/{lecture.stem}.html"
        [there] = elements(students, f"notebooks/{lecture.stem}", f"article [id='{place}']")
        assert plain(there.text).startswith(plain(link.text))
        assert plain(one.english.partition("\n\n")[0])[:40] in plain(link.find_parent("p").text)


def test_the_answers_to_polls_are_folded(students):
    answers = [box for box in elements(students, "polls", "article details") if box.summary.text == "Answer"]
    assert len(answers) == sum(len(asked.poll(lecture)) for lecture in lectures.read(ROOT))
    assert not any(box.has_attr("open") for box in answers)


def test_only_lecturers_have_run_sheets_asides_and_minutes(students, lecturers):
    [lecture] = lectures.read(ROOT, [LONGEST])
    aside = plain(next(one for one in lecture.sections if one.title == "Poll").asides[0])
    timed = [f"{one.minutes} min" for one in lecture.sections if one.minutes and not one.is_deeper]
    for folder, has in ((students, False), (lecturers, True)):
        assert (folder / f"{SHEET}.html").exists() == has
        assert bool(elements(folder, "index", "a[href='sheets/index.html']")) == has
        assert (aside in plain(parsed(folder, "polls").text)) == has
        page = f"notebooks/{lecture.stem}"
        assert bool(elements(folder, page, f"article a[href='../{SHEET}.html']")) == has
        minutes = [one.text.strip(" ·") for one in elements(folder, page, "article h2 .minutes")]
        assert minutes == (timed if has else [])


def test_a_run_sheet_leads_to_the_sections_of_its_lecture(lecturers):
    [lecture] = lectures.read(ROOT, [LONGEST])
    links = elements(lecturers, SHEET, "td strong > a")
    core = [one for one in lecture.sections if one.minutes and not one.is_deeper]
    for link, section in zip(links, core, strict=True):
        place = link["href"].partition("#")[2]
        [there] = elements(lecturers, f"notebooks/{lecture.stem}", f"section[id='{place}'] > h2")
        assert plain(there.text).startswith(plain(section.title))


# In the browser: each page is opened once, in one tab with no network, and stays there for its tests.


@pytest.fixture(scope="module")
def tab(new_context, npm):
    """A tab in Chromium, empty yet."""
    context = new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def opened(tab, students, lecturers, request):
    """The tab with a page whose formulas are typeset, and what that page asked the network for."""
    asked = []

    def note(asking):
        asked.append(asking.url)

    tab.on("request", note)
    folder = lecturers if request.param == SHEET else students
    tab.goto((folder / f"{request.param}.html").as_uri())
    if tab.locator(".math").count():
        tab.wait_for_function("window.MathJax?.startup?.promise?.then(() => true)")
    tab.asked = [url for url in asked if not url.startswith(("file:", "data:"))]
    yield tab
    tab.remove_listener("request", note)


def unfold(page):
    """Open everything that is folded on a page."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")


def in_browser(*pages):
    """Mark a test of `opened` that these pages must pass."""

    def mark(test):
        test = pytest.mark.parametrize("opened", pages, indirect=True, scope="module")(test)
        return pytest.mark.browser(test)

    return mark


@in_browser(*PAGES, SHEET)
def test_page_asks_nothing_of_the_network(opened):
    assert opened.asked == []


@in_browser(*(f"notebooks/{name}" for name in LECTURES))
def test_chinese_answers_and_solutions_are_folded(opened):
    folded = opened.locator("article details")
    assert folded.count() >= 2
    assert opened.locator("article details[open]").count() == 0
    assert not opened.get_by_text("_solution").first.is_visible()


@in_browser(*(f"notebooks/{name}" for name in LECTURES))
def test_every_formula_is_typeset_the_chinese_ones_too(opened, screenshot):
    unfold(opened)
    formulas = opened.locator("article .math").count()
    assert opened.locator("article details .math mjx-container").count() > 0
    assert opened.locator("article .math > mjx-container").count() == formulas
    assert opened.locator("mjx-merror, [data-mjx-error]").count() == 0
    opened.locator("article details .math").first.scroll_into_view_if_needed()
    screenshot(opened, f"{opened.url.rpartition('/')[2].removesuffix('.html')}-site-chinese")


@in_browser(*PAGES, SHEET)
def test_nothing_scrolls_sideways_on_a_projector(opened):
    unfold(opened)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1280
    wide = opened.evaluate(
        """[...document.querySelectorAll('article *')]
           .filter(box => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0
                       && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(box).overflowX))
           .map(box => `<${box.tagName} class="${box.className}"> ${box.textContent.slice(0, 60)}`)"""
    )
    assert wide == []


# Of all text in sight, one piece in each of its colours, the longest: axe does not judge single letters. What
# colours text shows in follows from its own style and from the backgrounds behind it.
ONE_TEXT_OF_EACH_LOOK = """() => {
    const behind = new Map([[null, '']])
    const backdrop = box => {
        if (!behind.has(box)) {
            const style = getComputedStyle(box)
            const own = [style.backgroundColor, style.backgroundImage, style.opacity].join()
            behind.set(box, backdrop(box.parentElement) + (own == 'rgba(0, 0, 0, 0),none,1' ? '' : own + ';'))
        }
        return behind.get(box)
    }
    const longest = new Map()
    for (const box of document.body.querySelectorAll('*')) {
        const own = [...box.childNodes].filter(node => node.nodeType == Node.TEXT_NODE)
        const length = own.map(node => node.data.trim()).join('').length
        if (!length || !box.checkVisibility({visibilityProperty: true})) continue
        const {color, fontSize, fontWeight, textShadow} = getComputedStyle(box)
        const look = [color, fontSize, fontWeight, textShadow, backdrop(box)].join('|')
        if (length > (longest.get(look)?.length ?? 0)) longest.set(look, {box, length})
    }
    return [...longest.values()].map(text => text.box)
}"""
# Tokens of code are most of a page's elements. But for their colours, there is nothing about them to judge.
CODE_WITHOUT_TOKENS = """document.querySelectorAll('.highlight pre').forEach(code => {
    const attributes = [...code.querySelectorAll('*')].flatMap(token => token.getAttributeNames())
    if (attributes.every(name => name == 'class')) code.textContent = code.textContent
})"""


def axe(page, npm, where="document", **options):
    """Return what axe-core finds of WCAG 2.1 AA on a page: places that violate it, and rules that are met."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=npm / "axe-core" / "axe.min.js")
    # Of what passes, one place is enough: that halves axe's time.
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"], "resultTypes": ["violations"], **options}
    result = page.evaluate(f"async options => axe.run({where}, options)", options)
    places = [(rule["id"], rule["nodes"][0]["html"]) for rule in result["violations"]]
    return places, {rule["id"] for rule in result["passes"]}


def assert_readable(page, npm, colours, screenshot):
    """Hold a page's text to the contrast that WCAG 2.1 AA asks for, in a theme's colours."""
    page.add_style_tag(content="* { transition: none !important }")  # else axe sees colours half-way
    page.emulate_media(color_scheme=colours)
    unfold(page)
    texts = f"{{include: ({ONE_TEXT_OF_EACH_LOOK})()}}"
    violations, passed = axe(page, npm, texts, runOnly=["color-contrast"])
    screenshot(page, f"{page.url.rpartition('/')[2].removesuffix('.html')}-site-{colours}")
    assert violations == []
    assert passed == {"color-contrast"}


@in_browser(*PAGES, SHEET)
def test_text_can_be_read(opened, npm, screenshot):
    assert_readable(opened, npm, "light", screenshot)


@in_browser("index", "search", *(f"notebooks/{name}" for name in LECTURES[:2]))
def test_dark_colours_which_are_the_same_in_every_lecture_can_be_read_too(opened, npm, screenshot):
    assert_readable(opened, npm, "dark", screenshot)


@in_browser(*PAGES, SHEET)
def test_page_meets_the_other_rules_of_wcag_2_1_aa(opened, npm):
    unfold(opened)
    opened.evaluate(CODE_WITHOUT_TOKENS)
    violations, passed = axe(opened, npm, rules={"color-contrast": {"enabled": False}})
    assert violations == []
    assert "link-name" in passed


@pytest.fixture
def read(new_context, students, npm):
    """Open a page, with what stands behind its address, in a tab that has its own memory."""
    context = new_context()
    tab = context.new_page()

    def opens(page, behind=""):
        tab.goto((students / f"{page}.html").as_uri() + behind)
        return tab

    yield opens
    context.close()


def unfolded(tab):
    """Return whether each of a page's Chinese blocks is open, and how many other folds are."""
    open_or_not = tab.evaluate(
        """[...document.querySelectorAll('article details')].map(
               fold => [fold.querySelector('summary')?.textContent.trim() == '中文', fold.open])"""
    )
    chinese = [is_open for is_chinese, is_open in open_or_not if is_chinese]
    assert chinese
    return set(chinese), sum(is_open for is_chinese, is_open in open_or_not if not is_chinese)


def switch(tab):
    return tab.get_by_role("button", name="中文 / English")


@pytest.mark.browser
def test_switch_unfolds_all_chinese_and_nothing_else_and_the_next_page_remembers(read):
    tab = read("index")
    assert unfolded(tab) == ({False}, 0)
    assert switch(tab).get_attribute("aria-pressed") == "false"
    switch(tab).click()
    assert unfolded(tab) == ({True}, 0)
    assert switch(tab).get_attribute("aria-pressed") == "true"
    tab = read("notebooks/06_cnn_mnist")
    assert unfolded(tab) == ({True}, 0)
    assert tab.url.endswith("?lang=zh")
    switch(tab).click()
    assert unfolded(read("evidence")) == ({False}, 0)
    assert "lang" not in tab.url


@pytest.mark.browser
def test_switch_is_reached_and_pressed_by_keyboard_and_shows_its_focus(read):
    tab = read("measured")
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.className.includes('language-switch')"):
            break
    style = switch(tab).evaluate(
        "box => [getComputedStyle(box).outlineStyle, getComputedStyle(box).outlineWidth]"
    )
    assert style == ["solid", "3px"]
    for key, is_open in (("Space", True), ("Enter", False)):
        tab.keyboard.press(key)
        assert unfolded(tab) == ({is_open}, 0)
        assert switch(tab).get_attribute("aria-pressed") == str(is_open).lower()


@pytest.mark.browser
def test_what_one_reads_stays_in_its_place_when_all_above_unfolds(read):
    tab = read("notebooks/06_cnn_mnist")
    tab.add_style_tag(content="html { overflow-anchor: none }")  # as in browsers that do not see to it
    heading = tab.locator("article h2", has_text="Equivariant")
    heading.evaluate("heading => heading.scrollIntoView()")
    places = []
    for _ in range(3):
        places.append(heading.bounding_box()["y"])
        switch(tab).evaluate("button => button.click()")  # a mouse of Playwright's scrolls by itself
    assert max(places) - min(places) < 2
    assert 0 <= places[0] < 200


@pytest.mark.browser
def test_address_carries_the_language_where_the_browser_remembers_nothing(read):
    tab = read("index")
    tab.add_init_script("Storage.prototype.getItem = Storage.prototype.setItem = () => { throw new Error() }")
    read("index", "?lang=zh")
    assert unfolded(tab) == ({True}, 0)
    tab.locator("svg.wide[lang=zh-Hans] a[href='notebooks/05_permutation_invariance.html']").click()
    tab.wait_for_url("**/05_permutation_invariance.html?lang=zh")
    assert unfolded(tab) == ({True}, 0)
    tab.locator("a.right-next").click()
    tab.wait_for_url("**/06_cnn_mnist.html?lang=zh")
    assert unfolded(tab) == ({True}, 0)
    assert unfolded(read("index")) == ({False}, 0)


@pytest.mark.browser
@pytest.mark.parametrize("behind", ["", "?lang=zh"])
@pytest.mark.parametrize("page", ["index", "notebooks/06_cnn_mnist"])
def test_page_meets_the_rules_of_wcag_2_1_aa_in_either_language(read, npm, page, behind):
    tab = read(page, behind)
    tab.add_style_tag(content="* { transition: none !important }")
    for colours in ("light", "dark"):
        tab.emulate_media(color_scheme=colours)
        assert axe(tab, npm, "'.language-switch'", runOnly=["color-contrast"]) == ([], {"color-contrast"})
    tab.evaluate(CODE_WITHOUT_TOKENS)
    violations, passed = axe(tab, npm, rules={"color-contrast": {"enabled": False}})
    assert violations == []
    assert {"link-name", "button-name"} <= passed


@pytest.mark.browser
@pytest.mark.parametrize("behind", ["", "?lang=zh"])
@pytest.mark.parametrize("page", ["index", "measured", "evidence", "notebooks/06_cnn_mnist"])
def test_nothing_scrolls_sideways_on_a_phone(read, page, behind):
    tab = read("search")
    tab.set_viewport_size({"width": 390, "height": 844})
    read(page, behind)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "pixels"), [("wide", (1280, 720)), ("narrow", (390, 844))])
def test_map_fits_hall_and_phone_with_its_text_inside_the_boxes(read, screenshot, kind, pixels):
    tab = read("index")
    tab.set_viewport_size(dict(zip(("width", "height"), pixels, strict=True)))
    for language in ("en", "zh"):
        read("index", f"?lang={language}")
        seen = tab.locator("svg.course-map:visible")
        kinds = [(one.get_attribute("class"), one.get_attribute("lang")) for one in seen.all()]
        in_sight = {"en": ["en"], "zh": ["zh-Hans", "en"]}[language]
        assert kinds == [(f"course-map {kind}", one) for one in in_sight]
        seen.first.scroll_into_view_if_needed()
        screenshot(tab, f"index-map-{kind}-{language}")
    sticking_out = seen.evaluate_all(
        """maps => maps.flatMap(map => [...map.querySelectorAll('a')]).flatMap(box => {
               const frame = box.querySelector('rect').getBBox()
               return [...box.querySelectorAll('text')].filter(text => {
                   const {x, y, width, height} = text.getBBox()
                   return !width || x + width > frame.x + frame.width || y + height > frame.y + frame.height
               }).map(text => text.textContent)
           })"""
    )
    assert sticking_out == []
    scales = seen.evaluate_all(
        "maps => maps.map(map => map.getBoundingClientRect().width / map.viewBox.baseVal.width)"
    )
    assert min(scales) > 0.85  # of 12 to 15 pixels


@in_browser("search")
def test_search_finds_a_term_of_each_lecture(opened):
    index = tomllib.loads((ROOT / "lectures" / "index.toml").read_text(encoding="utf-8"))
    for name in LECTURES:
        term = max(index.get(name, {"title": "sample"})["title"].split(), key=len)
        opened.goto(f"{opened.url.partition('?')[0]}?q={term}")
        opened.locator(f"#search-results a[href^='notebooks/{name}.html']").first.wait_for()
    opened.goto(f"{opened.url.partition('?')[0]}?q=xyzzy")
    opened.get_by_text("did not match any documents").wait_for()
    assert opened.locator("#search-results li").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("term", ["receptive field", "Receptive Fields", "感受野"])
def test_search_lands_on_the_section_that_introduces_a_term(read, term):
    tab = read("search")
    field = tab.locator("article form.bd-search input, .bd-search-container form.bd-search input").first
    field.fill(term)
    field.press("Enter")
    first = tab.locator("#search-results li").first
    first.wait_for()
    assert term.lower().removesuffix("s") in first.locator("mark").inner_text().lower()
    assert ("?lang=zh#" in first.locator("a").get_attribute("href")) == (term == "感受野")
    first.locator("a").click()
    tab.wait_for_url("**/06_cnn_mnist.html*")
    place = tab.url.partition("#")[2]
    section = tab.locator(f"section[id='{place}']")
    assert section.locator("h2").inner_text().startswith("5 What sharing saves")
    tab.wait_for_function(
        "place => document.getElementById(place).getBoundingClientRect().top < 200", arg=place
    )


@in_browser(SHEET)
def test_the_longest_run_sheet_prints_on_two_pages(opened, tmp_path):
    printed = opened.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2


@pytest.mark.browser
def test_a_lecture_its_exercises_and_a_term_are_three_clicks_from_the_chinese_front_page(read):
    tab = read("index", "?lang=zh")
    tab.locator("svg.wide[lang=zh-Hans] a[href='notebooks/06_cnn_mnist.html']").click()
    tab.wait_for_url("**/06_cnn_mnist.html?lang=zh")
    tab.locator(".bd-sidebar-secondary").get_by_role("link", name="Exercises").click()
    tab.wait_for_url("**/06_cnn_mnist.html?lang=zh#exercises")
    assert tab.locator("#exercises details[lang=zh-Hans]").first.get_attribute("open") is not None
    read("index", "?lang=zh")
    tab.get_by_role("article").get_by_role("link", name="术语表").click()
    tab.locator(".bd-sidebar-secondary").get_by_role("link", name="R", exact=True).click()
    assert tab.locator("dt:has-text('感受野')").is_visible()


@in_browser("glossary")
def test_a_term_leads_to_its_section_and_back(opened):
    entry = opened.locator("#term-receptive-field")
    opened.locator("dt:has-text('感受野') + dd a").click()
    opened.wait_for_url("**/notebooks/06_cnn_mnist.html#*")
    for word in ("receptive field", "感受野"):
        unfold(opened)
        opened.locator("article a:has(.std-term)").get_by_text(word, exact=True).click()
        opened.wait_for_url("**/glossary.html#term-receptive-field")
        assert 0 <= entry.bounding_box()["y"] < 720
        opened.go_back()


@in_browser("polls", "glossary")
def test_chinese_is_marked_as_such_outside_its_blocks_too(opened):
    """Else its punctuation is drawn as in Taiwan."""
    unfold(opened)
    spoken = opened.locator("article :is(p, dt)").get_by_text(re.compile("。$|^感受野$"))
    assert spoken.count() > 30
    assert spoken.evaluate_all("all => all.filter(one => !one.closest('[lang=zh-Hans]')).length") == 0


@in_browser("index")
def test_page_of_make_run_typesets_its_formulas_offline(opened, new_context, tmp_path):
    page = tmp_path / "99_sample.html"
    page.write_text(build.html(sample(), "99_sample"), encoding="utf-8")
    context = new_context(offline=True)
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.locator("mjx-container").nth(1).wait_for(state="attached")
    context.close()
