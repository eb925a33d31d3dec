"""Sphinx's part of the glossary: a lecture's page leads from a term to its entry, and the entry back.

Links are set into what Sphinx has read, so that neither notebooks nor formulas, code or HTML are touched.
"""

from docutils import nodes
from sphinx.addnodes import pending_xref

from tools import glossary, lectures, site

# What a link may stand in: no heading, other link, code, formula or HTML.
PROSE = (nodes.paragraph, nodes.strong, nodes.emphasis, nodes.bullet_list, nodes.enumerated_list)
PROSE += (nodes.list_item, nodes.table, nodes.tgroup, nodes.tbody, nodes.row, nodes.entry)


def setup(app):
    """Ask Sphinx for each page that it has read."""
    app.connect("doctree-read", know_terms)
    return {"parallel_read_safe": True}


def know_terms(app, doctree):
    """Name a lecture's sections, to which the glossary and run sheets refer, and link their terms to it."""
    name = site.lecture_of(app.env)
    if not name:
        return
    terms = glossary.read(site.root(app))
    for section in site.lecture_sections(doctree):
        title = titled(section)
        place = f"{name[:2]} {lectures.key(title)}"
        app.env.domains.standard_domain.note_hyperlink_target(
            *(glossary.label(place), app.env.docname, section["ids"][0]),
            f"Lecture {int(name[:2])} · {title}",
        )
        link_terms(section, [term for term in terms if term.section == place])


def titled(section):
    """Return a section's title as the lecture has it, without minutes, which the lecturers' edition adds."""
    title = section.next_node(nodes.title)
    return "".join(
        one.astext() for one in title if "minutes" not in getattr(one, "attributes", {}).get("classes", ())
    )


def link_terms(section, terms):
    """Link each term where a section says it first, in English and in the 中文 block, to the glossary."""
    for chinese, texts in enumerate(prose(section)):
        for term in sorted(terms, key=lambda term: -len(term.pattern(chinese).pattern)):
            for place, text in enumerate(texts):
                if match := term.pattern(chinese).search(text):
                    before, after = nodes.Text(text[: match.start()]), nodes.Text(text[match.end() :])
                    link = pending_xref("", refdomain="std", reftype="term", reftarget=term.name)
                    link += nodes.inline("", match[0], classes=["std-term"])
                    text.parent.replace(text, [before, link, after])
                    texts[place : place + 1] = [before, after]
                    break


def prose(section):
    """Return the texts of a section that may hold a link: outside its 中文 block, and inside."""
    for element in list(section.findall(nodes.TextElement)):
        join_lines(element)
    texts, chinese = ([], []), False
    for node in section.findall():
        if isinstance(node, nodes.raw):  # HTML, by which a fold begins or ends
            chinese = "<summary>中文" in node.astext()
        elif isinstance(node, nodes.Text) and is_prose(node, section):
            texts[chinese].append(node)
    return texts


def join_lines(element):
    """Make one text of those that follow one another: a term may begin on one line and end on the next."""
    children = []
    for child in element.children:
        if children and isinstance(child, nodes.Text) and isinstance(children[-1], nodes.Text):
            children[-1] = nodes.Text(children[-1] + child)
        else:
            children.append(child)
    element.clear()
    element.extend(children)


def is_prose(node, section):
    """Say whether a link may stand in all that a text stands in, up to its section."""
    while (node := node.parent) is not section:
        if not isinstance(node, PROSE):
            return False
    return True
