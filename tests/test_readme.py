"""What documents and workflows promise: their links, commands and settings exist."""

import importlib.util
import re

import pytest

from tools import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "LICENSE-text.md", "data/README.md", "measured/README.md")
WORKFLOWS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.yml"))


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file(name):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text(name))
    missing = [link for link in links if not (ROOT / name).parent.joinpath(link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", [*DOCUMENTS, *WORKFLOWS, "Dockerfile", ".ci/run"])
def test_every_command_exists(name):
    targets = set(re.findall(r"^(\w+):", text("Makefile"), flags=re.MULTILINE))
    named = re.findall(r"(?:^|`|pass |run: )(?:\w+=\S+ )*make (\w+)", text(name), flags=re.MULTILINE)
    assert set(named) <= targets
    modules = re.findall(r"-m ((?:tools|utils)[\w.]*)", text(name))
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []
    locks = re.findall(r"-r (\S+\.txt)", text(name))
    assert [lock for lock in locks if not (ROOT / lock).exists()] == []


def test_every_setting_is_one_that_the_course_reads():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "utils").rglob("*.py"))
    settings = set(re.findall(r"COURSE_\w+", "".join(map(text, DOCUMENTS)) + text("Dockerfile")))
    assert settings
    assert {name for name in settings if f'"{name}"' not in code} == set()


def test_every_message_quoted_under_symptoms_is_one_that_is_given():
    (table,) = re.findall(r"## If something is wrong.*?\n## ", text("README.md"), flags=re.DOTALL)
    sources = [*(ROOT / "utils").rglob("*.py"), ROOT / "Makefile"]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    for quoted in re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE):
        for part in re.split(r"…|: ", quoted):
            assert part.strip(" ,;") in code, quoted


def test_picture_is_shown_described_and_small():
    ((alt, path),) = re.findall(r"^!\[(.*)\]\((.*)\)$", text("README.md"), flags=re.MULTILINE)
    assert len(alt.split()) >= 8
    assert (ROOT / path).stat().st_size < 150_000
