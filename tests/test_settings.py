"""A user's own settings neither lose a lecture's figures nor change its networks."""

import json
import logging
import os
import subprocess
import sys

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tools import ROOT
from utils import settings

START = "from utils import claims\nclaims.start('00')"
DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


def outputs(tmp_path, **settings):
    """Run a lecture that draws, in a kernel with those settings: what its set-up cell and its figure gave."""
    notebook = new_notebook(cells=[new_code_cell(START), new_code_cell(DRAW)])
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | settings
    NotebookClient(notebook, kernel_name="python3").execute(cwd=str(tmp_path), env=environment)
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.parametrize("backend", ["agg", "TkAgg"])
def test_figures_are_drawn_whatever_backend_the_user_set(tmp_path, backend):
    set_up, drawn = outputs(tmp_path, MPLBACKEND=backend)
    assert any("image/png" in output.get("data", {}) for output in drawn)
    assert f"MPLBACKEND is '{backend}'" in set_up[0].text


def test_a_script_keeps_its_backend_and_says_nothing():
    code = f"{START}\nimport matplotlib; print(matplotlib.get_backend())"
    environment = os.environ | {"MPLBACKEND": "pdf"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[1:] == ["pdf"], done.stderr


@pytest.mark.parametrize("early", [False, True])
def test_keras_has_the_course_s_settings_whatever_the_user_s_file_says(tmp_path, early):
    theirs = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.01}
    (tmp_path / "keras.json").write_text(json.dumps(theirs))
    asked = "import keras; c = keras.config; print(c.image_data_format(), c.floatx(), c.epsilon())"
    code = "\n".join(["import keras" if early else "", START, asked])
    environment = os.environ | {"KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "channels_last float32 1e-07", done.stderr
    assert (
        f"{tmp_path / 'keras.json'} sets floatx to float16, epsilon to 0.01, image_data_format to"
        in done.stdout
    )
    assert json.loads((tmp_path / "keras.json").read_text()) == theirs


def test_cells_show_numbers_with_six_digits_and_without_their_types(tmp_path):
    shown = (
        "{'third': np.float64(1) / 3, 'half': np.float32(0.5), 'many': (np.int64(60_000), np.True_)}, 2 / 3"
    )
    cells = [new_code_cell(START), new_code_cell(f"import numpy as np\n{shown}")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    NotebookClient(new_notebook(cells=cells), kernel_name="python3").execute(
        cwd=str(tmp_path), env=environment
    )
    [output] = cells[1].outputs
    assert output.data["text/plain"] == "({'third': 0.333333, 'half': 0.5, 'many': (60000, True)}, 0.666667)"


@pytest.mark.parametrize("own", [{}, {"NVIDIA_TF32_OVERRIDE": "1"}])
def test_a_gpu_multiplies_in_full_unless_the_user_says_otherwise(own):
    code = f"{START}\nimport os, json; print(json.dumps(dict(os.environ)))"
    others = {name: value for name, value in os.environ.items() if name not in settings.FULL_FLOAT32}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=others | own, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: found[name] for name in settings.FULL_FLOAT32} == settings.FULL_FLOAT32 | own


def test_of_tensorflows_warnings_that_of_retracing_alone_is_withheld():
    import tensorflow as tf

    logger, records = logging.getLogger("tensorflow"), []
    hear = logging.Handler()
    hear.emit = records.append

    def retrace():
        for _ in range(9):  # it counts the traces of a function by its place in the code
            tf.function(lambda: tf.constant(0))()

    logger.removeFilter(settings._is_news)
    logger.addHandler(hear)
    try:
        retrace()
        assert records  # so it does warn
        for _ in range(2):  # a set-up cell may run again
            list(settings.settle())
        records.clear()
        retrace()
        tf.get_logger().warning("a GPU is missing")
    finally:
        logger.removeHandler(hear)
    assert [record.getMessage() for record in records] == ["a GPU is missing"]
    assert logger.filters.count(settings._is_news) == 1
