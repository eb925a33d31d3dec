"""The course's style, and that no test leaves it to the next."""

import matplotlib
import pytest

from utils import plotting


@pytest.mark.parametrize("turn", ["one test", "the next"])
def test_a_test_that_uses_the_style_leaves_matplotlib_as_it_was(turn):
    assert matplotlib.rcParams["axes.titlelocation"] == "center", f"{turn} inherits a style"
    plotting.use_style()
    assert matplotlib.rcParams["axes.titlelocation"] == "left"
