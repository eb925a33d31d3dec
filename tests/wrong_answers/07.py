"""Typical wrong answers to lecture 07's exercises, each with words that the reason must contain."""

import numpy as np


def costs(y, scores, miss, alarm, count=np.sum):
    """Return the cost of alarming from each score on, counted or as shares of the classes."""
    return [miss * count(scores[y == 1] < t) + alarm * count(scores[y == 0] >= t) for t in scores]


WRONG = {
    "common_enough": [
        (lambda s, c, wanted: s / (s + 1 - c), "solve for the share"),
        (
            lambda s, c, wanted: (1 - wanted) * s / (wanted * (1 - c) + (1 - wanted) * s),
            "share of the healthy",
        ),
        (lambda s, c, wanted: wanted * c / (wanted * c + (1 - wanted) * s), "1/7, not"),  # 1 − c forgotten
        (lambda s, c, wanted: 100 * wanted * (1 - c) / (wanted * (1 - c) + (1 - wanted) * s), "1/7, not"),
        (lambda s, c, wanted: (1 - c) / (1 - c + s), "precision of one half"),
        (lambda s, c, wanted: [s, c], "return a single number"),
    ],
    "cheapest_threshold": [
        (
            lambda y, s, miss, alarm: s[np.argmin(costs(y, s, miss, alarm, np.mean))],
            "not shares of their class",
        ),
        (lambda y, s, miss, alarm: alarm / (alarm + miss), "choose among the scores"),
        (lambda y, s, miss, alarm: s[np.argmin(costs(y, s, alarm, miss))], "if a miss costs 10"),  # swapped
        (
            lambda y, s, miss, alarm: s[np.argmin(costs(y, s, 1, 1))],
            "if a miss costs 10",
        ),  # whatever they cost
        (lambda y, s, miss, alarm: int(np.argmin(costs(y, s, miss, alarm))), "none of the scores"),
        (lambda y, s, miss, alarm: min(costs(y, s, miss, alarm)), "none of the scores"),
        (
            lambda y, s, miss, alarm: s[np.argmax(costs(y, s, miss, alarm))],
            "false alarms cost",
        ),  # the dearest
        (lambda y, s, miss, alarm: np.array(costs(y, s, miss, alarm)), "return a single number"),
        (  # a healthy child at the threshold not counted as alarmed
            lambda y, s, miss, alarm: s[
                np.argmin([miss * np.sum(s[y == 1] < t) + alarm * np.sum(s[y == 0] > t) for t in s])
            ],
            "from 0.3 on, 0 missed and 3 false alarms cost 3",
        ),
    ],
    "for_validation": [
        (
            lambda c, share: np.arange(len(c)) < int(share * len(c)),
            "on both sides",
        ),  # a share of the pictures
        (lambda c, share: np.isin(c, np.unique(c)[: round(share * len(np.unique(c)))]), "rounded down"),
        (lambda c, share: np.isin(c, list(dict.fromkeys(c))[: int(share * len(set(c)))]), "in sorted order"),
        (lambda c, share: ~np.isin(c, np.unique(c)[: int(share * len(np.unique(c)))]), "turned round"),
        (lambda c, share: np.flatnonzero(np.isin(c, ["p1", "p3"])), "it returned positions"),
        (lambda c, share: np.isin(c, ["p1", "p3"]).astype(int), "True or False"),
        (lambda c, share: np.isin(c, np.unique(c)[:2]), "four, all but p9"),  # two, whatever the share
        (
            lambda c, share: np.unique(c)[:2],
            "return an array of shape (8,)",
        ),  # the children and not their pictures
        (lambda c, share: np.isin(c, np.unique(c)[-int(share * len(np.unique(c))) :]), "not p5, p9"),
    ],
}
