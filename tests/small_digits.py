"""Runs a lecture's trainings on few, small digits, with test digits of one's choice."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

import lecture_source
from utils.datasets.mnist import digits


def run(stem, x_test, y_test, source_of, **given):
    """Run cells of a lecture with 400 small training digits and these test digits; no figure is shown.

    Parameters
    ----------
    stem : str
        The lecture, such as "17".
    x_test, y_test : ndarray
        The test digits, uint8 (n, 28, 28), and their labels, (n,).
    source_of : callable
        Returns what to run of a section's code cell; an empty text passes it over.
    **given
        Names that the cells find defined.

    Returns
    -------
    dict, dict
        The names that the cells have left; the stated figures by claim.
    """
    (x, y), _ = digits()
    stated = {}
    claims = SimpleNamespace(
        exact=lambda *_: None, check=lambda name, measured, *_, **__: stated.update({name: measured})
    )
    scope = {"SEED": 0, "claims": claims, **given}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.datasets.load_mnist", lambda: ((x[:400], y[:400]), (x_test, y_test)))
        patch.setattr(plt, "show", lambda: plt.close("all"))
        # A lecture may choose its threads before TensorFlow begins. Here it has begun for other tests.
        patch.setattr("tensorflow.config.threading.set_intra_op_parallelism_threads", lambda threads: None)
        for section in lecture_source.lecture(stem).sections:
            for cell in section.cells:
                if cell.cell_type == "code":
                    exec(source_of(section, cell.source), scope)
    return scope, stated
