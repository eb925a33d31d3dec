"""Lecture 01: the definitions that carry its point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import lecture_source

parse_lease, parse_storey, fit, nrmse = lecture_source.definitions(
    "01", "parse_lease", "parse_storey", "fit", "nrmse"
)
finite = st.floats(-100, 100, allow_subnormal=False)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("61 years 04 months", 61 + 4 / 12),
        ("61 years", 61),
        ("60 years 01 month", 60 + 1 / 12),
        ("66 years 0 months", 66),
        (70, 70),
    ],
)
def test_parse_lease_reads_every_published_spelling(text, years):
    assert parse_lease(text) == pytest.approx(years)


@given(st.integers(0, 99), st.integers(0, 11))
def test_parse_lease_inverts_the_publishers_format(years, months):
    assert parse_lease(f"{years} years {months:02d} months") == pytest.approx(years + months / 12)


@given(st.integers(1, 60), st.integers(0, 5))
def test_parse_storey_is_the_middle(low, height):
    assert parse_storey(f"{low:02d} TO {low + height:02d}") == low + height / 2


@given(arrays.arrays(float, (8, 3), elements=finite), arrays.arrays(float, 8, elements=finite))
def test_no_weights_beat_the_fitted_ones(X, y):
    def risk(w):
        return np.sum((X @ w - y) ** 2)

    w = fit(X, y)
    for step in (1e-2, -1e-2):
        for direction in np.eye(3):
            assert risk(w) <= risk(w + step * direction) + 1e-6 * (1 + risk(w))


def test_fit_by_hand():
    # y = 1 + 2x exactly
    assert fit(np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 3.0]]), np.array([1.0, 3.0, 7.0])) == pytest.approx(
        [1, 2]
    )


@given(arrays.arrays(float, 5, elements=st.floats(1, 100)), st.floats(0.1, 10))
def test_nrmse_has_no_unit(y, scale):
    y_hat = y[::-1]
    assert nrmse(scale * y, scale * y_hat) == pytest.approx(nrmse(y, y_hat))


def test_nrmse_is_zero_for_a_perfect_fit_and_a_tenth_by_hand():
    y = np.array([300.0, 500.0])
    assert nrmse(y, y) == 0
    assert nrmse(y, np.array([340.0, 460.0])) == pytest.approx(0.1)
