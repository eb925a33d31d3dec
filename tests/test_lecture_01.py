"""Lecture 01: the definitions that carry its point, and that nothing is fitted to what judges it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import lecture_source
from utils import claims

parse_lease, parse_storey, fit, nrmse, split, errors, misses, draw_sales, learning_curve, twin_misses = (
    lecture_source.definitions(
        "01",
        *("parse_lease", "parse_storey", "fit", "nrmse", "split", "errors", "misses", "draw_sales"),
        *("learning_curve", "twin_misses"),
    )
)
same_price, spread_of_twins = lecture_source.definitions("01", "same_price", "spread_of_twins")
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


def test_split_gives_nine_tenths_for_training_first_and_each_row_once():
    train, test = split(1_000, np.random.default_rng(0))
    assert (len(train), len(test)) == (900, 100)
    assert sorted([*train, *test]) == list(range(1_000))
    assert not np.array_equal(train, np.arange(900)), "not shuffled"


# What is fitted lies on y = 2x, what judges lies 10 above it: weights that have seen both would miss on both.
x = np.arange(1.0, 9.0)
fitted, judge = np.arange(4), np.arange(4, 8)
poisoned = np.where(x > 4, 2 * x + 10, 2 * x)


def test_errors_are_those_of_weights_that_have_not_seen_the_test_rows():
    on_training, on_test = errors(x[:, None], poisoned, fitted, judge)
    assert on_training == pytest.approx(0, abs=1e-10)
    assert on_test == pytest.approx(100 * 10 / poisoned[judge].mean())


def test_misses_are_those_of_weights_that_have_not_seen_the_judge():
    on_fitted, typical = misses(x[:, None], poisoned, fitted, judge)
    assert on_fitted == pytest.approx(0, abs=1e-10)
    assert typical == pytest.approx(10 / poisoned[judge].mean())


def test_the_learning_curve_judges_by_rows_that_it_did_not_fit():
    # Every row has a column of its own, so only a row that was fitted can be predicted.
    n = 3
    X, y = np.eye(n + 5_000), np.ones(n + 5_000)
    assert learning_curve(X, y, n, np.random.default_rng(0), repeats=1) == pytest.approx([0, 100])


def test_no_two_drawn_sales_are_of_one_pool():
    pools = [np.arange(10 * k, 10 * k + 10) for k in range(20)]
    rows = draw_sales(np.random.default_rng(0), pools)
    assert len(set(rows // 10)) == len(rows) == 15


@pytest.mark.parametrize("k", [2, 3])
def test_twins_recover_the_noise_whatever_flats_they_are(k):
    # Noise of 20 on prices that differ by millions from flat to flat. Theory: off by 1.1 % for pairs.
    rng = np.random.default_rng(0)
    flat = pd.Series(np.repeat(np.arange(4_000), k))
    prices = pd.Series(1e6 * rng.random(4_000)[flat] + 20 * rng.standard_normal(len(flat)))
    assert np.sqrt((twin_misses(prices, flat) ** 2).mean()) == pytest.approx(20, rel=0.05)


def test_a_flat_without_a_twin_says_nothing_of_the_noise():
    misses = twin_misses(pd.Series([100.0, 110.0, 500.0]), pd.Series([1, 1, 2]))
    assert misses.tolist()[:2] == pytest.approx([-5 * 2**0.5, 5 * 2**0.5])
    assert np.isnan(misses[2])
    sales = pd.DataFrame({"block": ["1", "1", "2"], "resale_price": [100.0, 110.0, 500.0]})
    assert spread_of_twins(sales, ["block"]) == pytest.approx(5 * 2**0.5)


def test_same_price_counts_each_pair_of_like_flats_and_no_sale_with_itself():
    sales = pd.DataFrame(
        {
            "flat": [1, 1, 1, 2, 2],
            "when": [0, 0, 1, 0, 1],
            "resale_price": [5, 5, 6, 7, 7],
        }
    )
    assert same_price(sales, 0) == 100  # the first two
    assert same_price(sales, 1) == pytest.approx(
        100 / 3
    )  # two pairs of flat 1 differ, that of flat 2 does not


def disjoint(function):
    """Return a lecture's function of (X, y, rows to fit, rows that judge) that refuses a row in both."""

    def checked(X, y, fitted, judge):
        seen = np.zeros(len(y), dtype=bool)
        seen[fitted] = True
        both = seen[judge].sum()
        assert not both, f"{function.__name__}: {both} rows are fitted and judge as well"
        return function(X, y, fitted, judge)

    return checked


def figures(monkeypatch, poison):
    """Return what the core's claims measure on the stand-in; `poison` changes prices just after the split."""
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    measured = {}
    monkeypatch.setattr(claims, "check", lambda name, value, *_, **__: measured.update({name: value}))
    namespace = {"SEED": claims.start("01"), "claims": claims}
    core = [section for section in lecture_source.lecture("01").sections if section.title[0].isdigit()]
    for cell in (cell for section in core for cell in section.cells if cell.cell_type == "code"):
        exec(compile(cell.source, "lecture 01", "exec"), namespace)
        namespace["plt"].close("all")
        if "train, test = split(" in cell.source:
            namespace["y"] = poison(namespace["y"].copy(), namespace["test"])
        for name in ("errors", "misses"):
            if f"def {name}(" in cell.source:
                namespace[name] = disjoint(namespace[name])
    return measured


# Tenfold prices leave no month in which the model asks too much, and so no share of such flats.
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value encountered")
def test_nothing_is_fitted_to_the_test_rows(monkeypatch):
    def ten_times_dearer(y, test):
        y[test] *= 10
        return y

    honest = figures(monkeypatch, lambda y, test: y)
    poisoned = figures(monkeypatch, ten_times_dearer)
    fitted = [name for name in honest if "training" in name or name.startswith("one ")]
    assert len(fitted) == 5
    for name in fitted:
        assert poisoned[name] == pytest.approx(honest[name], rel=1e-9), f"{name}: test rows were fitted"
    assert poisoned["model 1 (area), test error"] > 2 * honest["model 1 (area), test error"]
