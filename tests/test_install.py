"""The course as an installed package: the wheel away from the checkout, and on Colab."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

from tools import badges

ROOT = Path(__file__).resolve().parent.parent
NOT_SOURCES = (".venv", ".git", "build", "dist", "cache", "*.egg-info", "__pycache__", ".*_cache")


def run(command, **options):
    """Run a command and return what it printed on both streams; fail with all of that if it fails."""
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        **options,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: setuptools would leave a `build/` in the checkout and reuse it."""
    source = tmp_path_factory.mktemp("wheel") / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", source])
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """Run Python in a new environment that holds the wheel and borrows every other package from this one.

    What a .pth file names is searched last, and its own .pth files are not read: the checkout, which is
    installed here in editable form, stays out of sight.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env", symlinks=os.name != "nt")
    python = folder / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip()
    (Path(packages) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    run([sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", python, wheel])
    settings = {
        "COURSE_CACHE": str(folder / "cache"),
        "COURSE_DATA_POLICY": "stand-in",
        "MPLBACKEND": "Agg",
        "PYTHONUTF8": "1",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "PYTHON"))}

    def python_elsewhere(*arguments):
        return run([python, *arguments], cwd=folder, env=kept | settings)

    return python_elsewhere


def test_wheel_holds_utils_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"utils"}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "utils").rglob("*.py")}
    assert modules | {"utils/course.mplstyle", "utils/datasets/catalogue.toml"} <= names


def test_installed_course_has_its_style_and_loads_a_stand_in(elsewhere):
    printed = elsewhere(
        "-c",
        "import sys; from pathlib import Path; import utils; from utils import datasets, plotting\n"
        "assert Path(utils.__file__).is_relative_to(sys.prefix), utils.__file__\n"
        "plotting.use_style(); datasets.load_hdb(); print(datasets.provenance()['hdb_resale'].is_stand_in)",
    )
    assert printed.endswith("True\n")


def test_installed_course_runs_the_first_lecture(elsewhere, tmp_path):
    (script,) = (ROOT / "lectures").glob("01_*.py")
    printed = elsewhere(shutil.copy(script, tmp_path))
    assert "data policy stand-in" in printed
    assert "claim: " in printed


def test_colab_keeps_every_package_that_it_has():
    listed = (ROOT / "tests" / "colab.txt").read_text(encoding="utf-8")
    python = re.search(r"Python (\d+\.\d+)", listed)[1]
    command = [sys.executable, "-m", "uv", "pip", "compile", ROOT / "pyproject.toml"]
    command += ["--constraint", ROOT / "tests" / "colab.txt", "--only-binary", ":all:"]
    command += ["--python-version", python, "--python-platform", "linux", "--no-python-downloads"]
    command += ["--no-annotate", "--no-header", "--quiet"]
    impatient = os.environ | {"UV_HTTP_TIMEOUT": "10", "UV_HTTP_RETRIES": "1"}
    done = subprocess.run(command, env=impatient, capture_output=True, text=True, encoding="utf-8")
    if re.search("dns error|Connect|timed out|Failed to fetch", done.stderr):
        pytest.skip(f"no package registry in reach: {done.stderr.strip().splitlines()[-1].strip()}")
    assert done.returncode == 0, f"the course would move a package that Colab has:\n{done.stderr}"
    needed = set(re.findall(r"^([\w.-]+)==", done.stdout, re.MULTILINE))
    there = set(re.findall(r"^([\w.-]+)==", listed, re.MULTILINE))
    assert needed - there == {"jedi"}  # IPython asks for it, and Colab leaves it out on purpose


@pytest.fixture
def colab(tmp_path):
    """Run a lecture's set-up cell as Colab would; the address that it installs from leads to a given folder.

    As Colab has, the environment has every package that the course needs, but not the course. Here these are
    links to this environment's, so that nothing is downloaded and pip sees no editable install of the course.
    """
    if os.name == "nt":
        pytest.skip("Colab runs Linux, and links need a right that Windows seldom gives")
    venv.create(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    packages = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())
    ours = Path(sysconfig.get_path("purelib"))
    (packages / "google").mkdir()  # protobuf's, a namespace that Colab shares
    (packages / "google" / "colab.py").write_text("", encoding="utf-8")
    for path in [*ours.iterdir(), *(ours / "google").iterdir()]:
        if not re.match("google$|__pycache__|__editable__|deep_learning_lectures", path.name):
            (packages / path.relative_to(ours)).symlink_to(path)
    (notebook,) = (ROOT / "notebooks").glob("01_*.ipynb")
    cells = nbformat.read(notebook, as_version=4).cells
    set_up = next(cell.source for cell in cells if cell.cell_type == "code")
    cell = tmp_path / "cell.py"
    cell.write_text(f"import google.colab\n{set_up}\nimport utils\nprint(utils.__file__)\n", encoding="utf-8")

    def set_up_from(repository):
        return subprocess.run(
            [python, cell],
            cwd=tmp_path,
            env=os.environ
            | {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
                "GIT_CONFIG_VALUE_0": f"https://github.com/{badges.slug(ROOT)}",
                "PIP_NO_BUILD_ISOLATION": "false",  # which turns the isolation off: setuptools is there
                "PIP_NO_INDEX": "1",
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    set_up_from.packages = packages
    return set_up_from


def test_set_up_cell_installs_the_course_on_colab(colab, tmp_path):
    repository = tmp_path / "repository"
    shutil.copytree(ROOT, repository, ignore=shutil.ignore_patterns(*NOT_SOURCES, "node_modules"))
    git = ["git", "-C", repository, "-c", "user.name=A", "-c", "user.email=a@example.org"]
    run(["git", "init", "--quiet", "--initial-branch=later", repository])
    run([*git, "add", "--all"])
    run([*git, "commit", "--quiet", "--message", "The course"])
    run([*git, "tag", badges.ref(ROOT)])
    (repository / "pyproject.toml").write_text("what came later is not what the badge opened")
    run([*git, "commit", "--quiet", "--all", "--message", "Later"])
    done = colab(repository)
    assert done.returncode == 0, done.stderr
    assert re.match(r"lecture 01 \| data policy \S+ \| seed \d+\n", done.stdout), done.stdout
    assert Path(done.stdout.splitlines()[-1]) == colab.packages / "utils" / "__init__.py"


def test_set_up_cell_stops_if_the_course_cannot_be_installed_on_colab(colab, tmp_path):
    done = colab(tmp_path / "nothing-there")
    assert done.returncode == 1
    assert "CalledProcessError" in done.stderr.splitlines()[-1]
    assert "lecture 01" not in done.stdout
