"""Runs the tests: every one and every stored notebook, or a part of them.

python -m tools.test               everything; this is `make test`
python -m tools.test 08            what concerns lecture 08: its notebook, its own tests, its contract
python -m tools.test --since main  the notebooks that changed since that commit; all, if what they run on did
python -m tools.test --real        on real data: the notebooks, and the tests that read the publishers' files

Several files run at a time. More options for pytest come in PYTEST_ADDOPTS.
"""

import argparse
import os
import re
import subprocess
import sys

from tools import ROOT, ToolError, lecture_scripts, lectures, run_tool
from utils.datasets import store
from utils.datasets.catalogue import catalogue

PARALLEL = ("--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder")
ON_REAL_DATA = ("-m", "notebook or real_data")
# What every notebook runs on, and what of it no notebook imports.
SHARED = re.compile(r"utils/(?!check\.py).*|conftest\.py|pyproject\.toml|requirements\.txt")
ONE_LECTURE = re.compile(r"(?:lectures|notebooks)/(\d\d_\w+)\.(?:py|ipynb)")


def concerning(root, lecture):
    """Return pytest's arguments for what concerns one lecture, named by the beginning of its script's name.

    Raises
    ------
    ToolError
        If no lecture's name begins so, or several do.
    """
    scripts = lecture_scripts(root, [lecture])
    if len(scripts) > 1:
        raise ToolError(
            f"{lecture!r} names {len(scripts)} lectures: {', '.join(one.stem for one in scripts)}"
        )
    (stem,) = (script.stem for script in scripts)
    number = stem[:2]
    its = [f"notebooks/{stem}.ipynb", f"tests/test_lecture_{number}.py"]
    of_all = ["tests/test_lecture_contract.py", "tests/test_exercises.py"]
    return [path for path in its + of_all if (root / path).exists()] + ["-k", number]


def changed(root, since):
    """Return the paths of the notebooks that may fare otherwise than at the commit where `since` was left.

    What is not committed yet counts as well.

    Raises
    ------
    ToolError
        If git does not know `since`.
    """
    names = _git(root, "diff", "--name-only", "-z", "--merge-base", since)
    names += _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    stored = {path.stem: path.relative_to(root).as_posix() for path in (root / "notebooks").glob("*.ipynb")}
    if any(SHARED.fullmatch(name) for name in names):
        return sorted(stored.values())
    stems = {match[1] for name in names if (match := ONE_LECTURE.fullmatch(name))}
    return sorted(stored[stem] for stem in stems & stored.keys())


def with_data(root):
    """Return the notebooks whose datasets are here, and for each dataset that is not, its lectures."""
    index = lectures.index(root)
    needed = sorted({name for facts in index.values() for name in facts["datasets"]})
    missing = {name for name in needed if not store.find(catalogue()[name])}
    here = [stem for stem, facts in sorted(index.items()) if not missing & set(facts["datasets"])]
    without = {
        name: [stem for stem in sorted(index) if name in index[stem]["datasets"]] for name in sorted(missing)
    }
    return [f"notebooks/{stem}.ipynb" for stem in here], without


def awaited(dataset):
    """Return the addresses of release assets that would bring a dataset, but are not published yet."""
    import requests

    from utils.datasets.catalogue import address

    mirrors = [(form, mirror) for form in dataset.downloads for mirror in form.mirrors]
    ours = [(form, mirror) for form, mirror in mirrors if mirror.startswith("release:")]
    assets = [address(mirror) + file.name for form, mirror in ours for file in form.files]
    try:
        answers = {asset: requests.head(asset, allow_redirects=True, timeout=30) for asset in assets}
    except requests.RequestException:  # then that is the reason, and no excuse
        return []
    return [asset for asset, answer in answers.items() if answer.status_code == 404]


def pytest(*arguments, **settings):
    """Run pytest with several files at a time; return its exit status."""
    command = [sys.executable, "-m", "pytest", *PARALLEL, *arguments]
    return subprocess.call(command, cwd=ROOT, env=os.environ | settings)


def on_real_data(root):
    """Run the notebooks whose data are here, and the tests that read them; return the exit status.

    A lecture without its data is left out in words. That fails the run, unless the data are to come from a
    release that nobody has published yet.
    """
    notebooks, without = with_data(root)
    failed = False
    for name, stems in without.items():
        assets = awaited(catalogue()[name])
        failed |= not assets
        reason = (
            f"nobody has published {assets[0]} yet" if assets else f"`{store.COMMAND} fetch {name}` says why"
        )
        _say(f"{', '.join(stems)}: left out, for there is no {name} here; {reason}", is_error=not assets)
    return pytest(*notebooks, "tests", *ON_REAL_DATA, COURSE_DATA_POLICY="real") or int(failed)


def _say(line, is_error):
    """Print a line, on GitHub as the annotation of a run."""
    mark = ("::error::" if is_error else "::warning::") if os.environ.get("GITHUB_ACTIONS") else ""
    print(mark + line, file=sys.stderr, flush=True)


def _git(root, *command):
    """Return what git lists, which it ends with NUL."""
    done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise ToolError(f"git {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.split("\0")[:-1]


def main():
    """Parse the command line; choose and run the tests."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.test", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("lecture", nargs="?", metavar="LECTURE")
    what.add_argument("--since", metavar="COMMIT")
    what.add_argument("--real", action="store_true")
    chosen = parser.parse_args()
    if chosen.real:
        return on_real_data(ROOT)
    if chosen.lecture:
        return pytest(*concerning(ROOT, chosen.lecture))
    if chosen.since:
        notebooks = changed(ROOT, chosen.since)
        if not notebooks:
            print(f"no notebook, and nothing that they run on, has changed since {chosen.since}")
            return 0
        return pytest(*notebooks)
    return pytest()


if __name__ == "__main__":
    run_tool(main)
