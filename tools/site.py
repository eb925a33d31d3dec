"""What the site adds to the lectures' pages and makes of them: an extension of Sphinx.

Places that the pages of exercises and polls link to; in the lecturers' edition each section's minutes, and a
run sheet for each lecture; and what search reads. Sphinx's own search leads to a page, not to the section
that holds a word, and finds Chinese only with a dictionary that cuts it into words (jieba). search.js, below
docs/static, looks for what was typed in the texts of all sections, which are under two megabytes.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

from tools import asked, lectures, replace_files

NUMBERED = {"exercises": (nodes.emphasis, r"(\d+)\. "), "poll": (nodes.strong, r"([A-Z])\.$")}
SINGULAR = {"exercises": "exercise", "poll": "poll"}
SHEETS = "sheets"
ALONE = "---\norphan: true\n---\n\n"  # else contents have a fold for them, whose arrow has no name


class Places(SphinxTransform):
    """Give a lecture's exercises and questions names to link to, such as 06-exercise-1."""

    default_priority = 700  # before Sphinx notes the names

    def apply(self):
        """Name paragraphs that begin with an exercise's number or a question's letter."""
        if lecture := lecture_of(self.env):
            for section in lecture_sections(self.document):
                for kind in NUMBERED.keys() & set(section["ids"]):
                    its_type, pattern = NUMBERED[kind]
                    for paragraph in section.children:
                        first = next((child for child in paragraph.children if child.astext()), None)
                        if isinstance(first, its_type) and (found := re.match(pattern, first.astext())):
                            self._name(paragraph, f"{lecture[:2]}-{SINGULAR[kind]}-{found[1].lower()}")

    def _name(self, node, name):
        names, node["names"] = node["names"], [name]  # the others stay implicit: each lecture has a Recap
        self.document.note_explicit_target(node)
        node["names"] = [*names, name]


class Minutes(SphinxTransform):
    """Write its minutes behind each section's title, and a link to the run sheet below the lecture's."""

    default_priority = 701

    def apply(self):
        """Change the lecture's page, if this is one."""
        if name := lecture_of(self.env):
            [lecture] = lectures.read(root(self.app), [name])
            for node, section in zip(lecture_sections(self.document), lecture.sections, strict=False):
                if section.minutes is not None:
                    node[0] += nodes.inline("", f" · {section.minutes} min", classes=["minutes"])
            sheet = nodes.reference("", "Run sheet", refuri=f"../{SHEETS}/{name[:2]}.html", internal=True)
            next(self.document.findall(nodes.title)).parent.insert(1, nodes.paragraph("", "", sheet))


def root(app):
    """Return the repository that a site is built from."""
    return Path(app.srcdir).parent


def lecture_of(env):
    """Return the name of the lecture that is being read; None if it is another page."""
    folder, _, name = env.docname.rpartition("/")
    return name if folder == "notebooks" else None


def lecture_sections(document):
    """Return the `##` sections of a lecture's page in order."""
    return [node for node in document.findall(nodes.section) if node.parent.parent is document]


def stage_sheets(app):
    """Write the run sheets to docs/sheets, where Sphinx can read them."""
    sheets = {number: f"{ALONE}{text}" for number, text in asked.run_sheets(root(app)).items()}
    links = [f"- [{one.number} {one.facts['title']}]({one.number}.md)" for one in lectures.read(root(app))]
    index = "\n".join(["# Run sheets\n\nOne for each lecture, to print.\n", *links, ""])
    texts = {f"{name}.md": text for name, text in {"index": index, **sheets}.items()}
    folder = Path(app.srcdir, SHEETS)
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.md"):
        if stale.name not in texts:
            stale.unlink()
    old = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    replace_files({folder / name: text for name, text in texts.items() if old.get(name) != text})


def list_sheets(app, name, source):
    """Have the start page's contents end in the run sheets, which no other edition has."""
    if name == "index":
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{SHEETS}/index\n```\n"


def sections(doctree):
    """Return what search knows of each section of a page: anchor, title, text, bold text, code."""
    found = []
    for section in doctree.findall(nodes.section):
        kept = {"text": [], "bold": [], "code": []}
        for child in section.children[1:]:
            if not isinstance(child, nodes.section):
                _collect(child, kept)
        title = section[0].astext()
        found.append([section["ids"][0], title, *(" ".join(" ".join(kept[one]).split()) for one in kept)])
    return found


def _collect(node, kept):
    """Add a node's text to that of its section, without outputs, markup and displayed formulas."""
    if isinstance(node, nodes.literal_block):
        kept["code"].append(node.astext())
    elif isinstance(node, nodes.FixedTextElement):
        return
    elif isinstance(node, nodes.TextElement):
        kept["text"].append(node.astext())
        kept["bold"] += [strong.astext() for strong in node.findall(nodes.strong)]
    elif isinstance(node, nodes.Element) and "cell_output" not in node["classes"]:
        for child in node.children:
            _collect(child, kept)


def write_index(app, exception):
    """Write _static/sections.js, which search.js looks through, once all pages are there."""
    if exception or app.builder.format != "html":
        return
    pages = []
    for name in sorted(app.env.found_docs):
        its_sections = sections(app.env.get_doctree(name))
        pages.append([app.builder.get_target_uri(name), its_sections])
    text = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
    replace_files({Path(app.outdir, "_static", "sections.js"): f"const PAGES = {text};\n"})


def setup(app):
    """Tell Sphinx."""
    app.add_transform(Places)
    if app.tags.has("instructor"):
        app.add_transform(Minutes)
        app.connect("builder-inited", stage_sheets)
        app.connect("source-read", list_sheets)
    app.connect("build-finished", write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
