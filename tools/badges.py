"""Puts this repository's Colab badge and set-up cell at the head of every lecture.

python -m tools.badges          rewrite the lectures whose head differs
python -m tools.badges --check  exit with 1 if there are any

pyproject.toml says once where the repository is ([project.urls]), and which `ref` Colab opens and installs
([tool.course]): "main", or in a release its tag. A fork or a release changes that and runs this, and then
`make notebooks`.
"""

import argparse
import re
import tomllib
from urllib.parse import quote

from tools import ROOT, ToolError, lecture_scripts, replace_files, run_tool

SETUP = """\
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/SLUG@REF"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("NUMBER")  # prints lecture, data policy and seed; COURSE_SEED overrides"""  # noqa: E501 (split, pip's command would fill half the lecture's first screen)

A_TITLE = re.compile(r"^# # .+$", flags=re.MULTILINE)
A_BADGE = re.compile(r"^# \[!\[.*\]\(https://colab\.research\.google\.com/.*$", flags=re.MULTILINE)
A_SETUP = re.compile(
    r"^import sys$(?:(?!^# %%).)*google\.colab(?:(?!^# %%).)*^SEED = .*?$", flags=re.MULTILINE | re.DOTALL
)
A_CELL = re.compile(r"^# %%", flags=re.MULTILINE)


def slug(root):
    """Return the repository on GitHub as owner/name, from pyproject.toml."""
    url = _pyproject(root)["project"].get("urls", {}).get("Repository", "")
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", url)
    if not match:
        raise ToolError(
            f"pyproject.toml, [project.urls]: Repository is {url!r}; write https://github.com/owner/name"
        )
    return match[1]


def ref(root):
    """Return the branch or tag that badge and set-up cell name, from pyproject.toml."""
    name = _pyproject(root).get("tool", {}).get("course", {}).get("ref", "main")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name):
        raise ToolError(f'pyproject.toml, [tool.course]: ref is {name!r}; write "main", or a release\'s tag')
    return name


def badge(name, root=ROOT):
    """Return the Markdown of the badge that opens a lecture's notebook in Colab."""
    return (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/github/{slug(root)}/blob/{ref(root)}/notebooks/{name}.ipynb)"
    )


def binder(path, root=ROOT):
    """Return the address at which Binder opens a file or folder; it installs what binder/ says."""
    opened = f"{slug(root)}/{quote(ref(root), safe='')}?urlpath=lab/tree/{path}"
    return f"https://mybinder.org/v2/gh/{opened}"


def setup_cell(name, root=ROOT):
    """Return the source of a lecture's set-up cell, as ruff formats it."""
    return SETUP.replace("SLUG", slug(root)).replace("REF", ref(root)).replace("NUMBER", name[:2])


def with_head(text, name, root):
    """Return a lecture's script with the badge under its title, and the set-up cell as its first code.

    Raises
    ------
    ToolError
        If the script has no title.
    """
    title = A_TITLE.search(text)
    if not title:
        raise ToolError(f"lectures/{name}.py has no title: begin its first markdown cell with `# # Title`")
    line = f"# {badge(name, root)}"
    if A_BADGE.search(text):
        text = A_BADGE.sub(lambda _: line, text, count=1)
    else:
        text = f"{text[: title.end()]}\n#\n{line}{text[title.end() :]}"
    setup = setup_cell(name, root)
    if A_SETUP.search(text):
        return A_SETUP.sub(lambda _: setup, text, count=1)
    next_cell = A_CELL.search(text, title.end())
    place = next_cell.start() if next_cell else len(text)
    return f"{text[:place]}# %%\n{setup}\n\n{text[place:]}"


def outdated(root):
    """Return the lectures whose head differs: path -> the text that it should have."""
    texts = {}
    for script in lecture_scripts(root):
        before = script.read_text(encoding="utf-8")
        after = with_head(before, script.stem, root)
        if after != before:
            texts[script] = after
    return texts


def write(root):
    """Rewrite the lectures whose head differs."""
    replace_files(outdated(root))


def check(root):
    """Raise ToolError if a lecture's head differs."""
    if names := ", ".join(script.stem for script in outdated(root)):
        raise ToolError(f"badge or set-up cell out of date in {names}: run `python -m tools.badges`")


def _pyproject(root):
    """Return what the repository's pyproject.toml says."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def main():
    """Parse the command line; write or check."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.badges",
        description="Puts the Colab badge and set-up cell at every lecture's head.",
    )
    parser.add_argument(
        "--check", action="store_true", help="only say whether every lecture's head is up to date"
    )
    (check if parser.parse_args().check else write)(ROOT)


if __name__ == "__main__":
    run_tool(main)
