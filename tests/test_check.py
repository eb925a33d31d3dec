"""`python -m utils.check` finds each thing amiss and says what to do; its exit status tells."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from utils import check, machine
from utils.check import FAILURE, OK, WARNING

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_data(monkeypatch, tmp_path):
    """No COURSE_DATA, and a cache of its own that does not exist yet."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.delenv("COURSE_DATA_POLICY", raising=False)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "new" / "cache"))


@pytest.fixture
def pretend_installed(tmp_path, monkeypatch):
    """Put the metadata of a made-up distribution before all others."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, version, *requires):
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {line}" for line in requires)]
        (folder / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")

    return install


def marks(items):
    return [item.mark for item in items]


def run_module(*options, **settings):
    return subprocess.run(
        [sys.executable, "-m", "utils.check", *options],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_environment_that_runs_these_tests_is_fit(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    assert check.main([]) == 0
    assert "! data: stand-ins only" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "mark"), [((3, 10, 14), FAILURE), ((3, 13, 9), OK), ((3, 14, 0), WARNING)]
)
def test_python_that_is_too_old_fails_and_one_that_is_not_tested_is_named(monkeypatch, version, mark):
    monkeypatch.setattr(sys, "version_info", version)
    (item,) = check.python()
    assert item.mark == mark
    assert ".".join(map(str, version)) in item.found
    assert ("3.11, 3.12 or 3.13" in item.advice) == (mark != OK)


def test_package_below_its_lower_bound_fails_with_the_command_that_mends_it(pretend_installed):
    pretend_installed("numpy", "1.26.4")
    (numpy,) = (item for item in check.packages() if "numpy" in item.found)
    assert numpy.mark == FAILURE
    assert numpy.found.startswith("numpy 1.26.4: the course needs >=")
    assert numpy.advice.startswith('python -m pip install "numpy>=')


def test_missing_package_fails_and_extras_do_not_count(pretend_installed):
    pretend_installed(check.DISTRIBUTION, "9", "no-such-package>=2", 'no-such-tool>=3; extra == "tools"')
    items = list(check.packages())
    assert [item.found for item in items if item.mark == FAILURE] == [
        "no-such-package missing: the course needs >=2"
    ]
    assert not any("no-such-tool" in item.found for item in items)


def test_no_package_is_praised_where_none_is_fit(pretend_installed):
    pretend_installed(check.DISTRIBUTION, "9", "no-such-package>=2")
    assert marks(check.packages()) == [FAILURE]


def test_course_that_is_not_installed_fails(monkeypatch):
    monkeypatch.setattr(check, "DISTRIBUTION", "no-such-course")
    (item,) = check.packages()
    assert item.mark == FAILURE
    assert "pip install -r requirements.txt" in item.advice


def test_versions_other_than_the_locked_ones_are_a_warning(monkeypatch, tmp_path):
    lines = ["# a comment", "-e .", "numpy==1.0", "no-such==1", "elsewhere==1 ; sys_platform == 'nowhere'"]
    monkeypatch.setattr(check, "LOCK", tmp_path / "requirements.txt")
    check.LOCK.write_text("\n".join(lines), encoding="utf-8")
    (item,) = check.lock()
    assert item.mark == WARNING
    assert "(tested: ==1.0)" in item.found
    assert "no-such missing" in item.found
    assert "elsewhere" not in item.found


def test_without_a_lock_nothing_is_compared(monkeypatch, tmp_path):
    monkeypatch.setattr(check, "LOCK", tmp_path / "requirements.txt")
    assert list(check.lock()) == []


@pytest.mark.parametrize("file", ["utils.py", "utils/__init__.py", "keras.py", "random.py"])
def test_file_beside_the_notebooks_that_hides_a_package_is_named(monkeypatch, tmp_path, file):
    path = tmp_path / "notebooks" / file
    path.parent.mkdir(parents=True)
    path.touch()
    (tmp_path / "notebooks" / "my_tests.py").touch()
    monkeypatch.setattr(check, "LOCK", tmp_path / "requirements.txt")
    monkeypatch.chdir(tmp_path)
    (item,) = check.names()
    assert item.mark == FAILURE
    assert str(path) in item.found
    assert "another name" in item.advice


def test_file_in_the_current_folder_is_named_too(monkeypatch, tmp_path):
    (tmp_path / "utils.py").touch()
    monkeypatch.chdir(tmp_path)
    assert [item.found.split()[0] for item in check.names()] == [str(tmp_path / "utils.py")]


def test_backend_that_loses_figures_is_named(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    (item,) = check.figures()
    assert item.mark == WARNING
    assert "'agg'" in item.found
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    assert list(check.figures()) == []


def test_settings_of_keras_that_differ_are_named_with_their_file(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert list(check.keras_settings()) == []
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first", "floatx": "float32"}')
    (item,) = check.keras_settings()
    assert item.mark == WARNING
    assert item.found == f"{tmp_path / 'keras.json'} sets image_data_format to channels_first"


def test_little_memory_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: machine.Memory(total=8e9, available=1.2e9))
    (item,) = check.memory()
    assert item.mark == WARNING
    assert "1.2 GB free of 8.0 GB" in item.found


def test_full_disk_is_a_warning(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2e8))
    (item,) = check.disk()
    assert item.mark == WARNING
    assert "0.2 GB" in item.found
    assert "COURSE_CACHE" in item.advice


def test_cache_that_cannot_be_written_fails(monkeypatch, tmp_path):
    monkeypatch.setattr("os.access", lambda folder, mode: folder != tmp_path)
    (item,) = check.disk()
    assert item.mark == FAILURE
    assert f"{tmp_path} cannot be written" in item.found


def test_data_not_here_is_a_warning_unless_only_real_data_will_do(monkeypatch):
    assert set(marks(check.data())) == {WARNING}
    monkeypatch.setenv("COURSE_DATA_POLICY", "real")
    monkeypatch.setattr("utils.datasets.store.AUTO_LIMIT", 1)  # as where no load fetches it by itself
    items = list(check.data())
    assert FAILURE in marks(items)
    assert all("utils.datasets fetch" in item.advice for item in items)


def test_corrupt_data_fails_by_name(monkeypatch, tmp_path):
    file = tmp_path / "data" / "mnist" / "mnist.npz"
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        stream.truncate(11_490_434)  # the right size, but only zeros
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    (failure,) = (item for item in check.data() if item.mark == FAILURE)
    assert "MNIST" in failure.found
    assert "sha256" in failure.found


@pytest.mark.parametrize("setting", [{"COURSE_DATA": "no-such-folder"}, {"COURSE_DATA_POLICY": "rael"}])
def test_wrong_setting_is_one_line_that_quotes_it(monkeypatch, capsys, setting):
    ((name, value),) = setting.items()
    monkeypatch.setenv(name, value)
    assert check.report([check.data]) is False
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{FAILURE} data: {name} is {value!r}")


def test_check_that_cannot_be_made_fails_and_the_others_go_on(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "psutil", None)
    monkeypatch.delitem(sys.modules, "utils.machine")
    monkeypatch.delattr("utils.machine")
    assert check.report([check.memory, check.disk]) is False
    memory, advice, disk = capsys.readouterr().out.splitlines()
    assert memory.startswith(f"{FAILURE} memory: ")
    assert "pip install" in advice
    assert "disk" in disk


def test_keras_is_imported_only_when_asked_for():
    code = (
        "import sys; from utils import check; check.main([]);"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_keras_names_its_backend_and_device():
    done = run_module("--keras", COURSE_DATA_POLICY="stand-in")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " computes with " in done.stdout.splitlines()[-1]


def test_keras_that_does_not_start_is_one_line_and_exit_status_1():
    done = run_module("--keras", COURSE_DATA_POLICY="stand-in", KERAS_BACKEND="no-such-backend")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith(f"{FAILURE} keras: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_console_without_the_marks_gets_plain_letters(encoding):
    done = run_module(COURSE_DATA_POLICY="stand-in", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("+ Python 3.")
    assert "  -> unset it" in done.stdout
