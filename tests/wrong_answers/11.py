"""Typical wrong answers to lecture 11's exercises, each with words that the reason must contain."""

import numpy as np


def inside(maps, boxes, last=1, swap=False, strict=False):
    """Return the share of maps whose largest value is in its box, with one of the usual slips."""
    rows, columns = np.divmod(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[2])
    if swap:
        rows, columns = columns, rows
    top, left, height, width = boxes.T
    low = (top < rows) & (left < columns) if strict else (top <= rows) & (left <= columns)
    return np.mean(low & (rows <= top + height - last) & (columns <= left + width - last))


def compared(maps, boxes, **slip):
    """Return the share of maps whose largest value is in its box, with some ends compared in another way."""
    ends = {
        "low_row": np.less_equal,
        "high_row": np.less,
        "low_column": np.less_equal,
        "high_column": np.less,
    }
    ends |= slip
    rows, columns = np.divmod(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[2])
    top, left, height, width = boxes.T
    in_rows = ends["low_row"](top, rows) & ends["high_row"](rows, top + height)
    return np.mean(in_rows & ends["low_column"](left, columns) & ends["high_column"](columns, left + width))


def anything(place, _):
    return np.ones(len(place), dtype=bool)


def holds_something(maps, boxes):
    return np.mean([maps[k, i : i + h, j : j + w].sum() >= 0 for k, (i, j, h, w) in enumerate(boxes)])


def of_positive_maps(maps, boxes):
    peaks = [np.argwhere(one == one.max())[0] if one.max() > 0 else (-1, -1) for one in maps]
    hits = [i <= r < i + h and j <= c < j + w for (r, c), (i, j, h, w) in zip(peaks, boxes, strict=True)]
    return np.mean(hits)


WRONG = {
    "contributions": [
        (lambda maps, w: maps @ w, "divide by the number of places"),
        (lambda maps, w: np.maximum(maps @ w, 0) / 12, "cut off what is negative"),
        (lambda maps, w: (maps * w).mean(axis=3), "divided by the number of maps"),
        (lambda maps, w: maps.sum(axis=3) / 12, "weights are forgotten"),
        (lambda maps, w: maps.mean(axis=(1, 2)) @ w, "return an array of shape (2, 3, 4)"),
        (lambda maps, w: maps * w, "return an array of shape (2, 3, 4)"),
        (
            lambda maps, w: np.broadcast_to((maps.mean(axis=(1, 2)) @ w)[:, None, None] / 12, (2, 3, 4)),
            "not each place",
        ),
        (lambda maps, w: (maps @ w / 12).transpose(0, 2, 1), "(2, 4, 3)"),
        (lambda maps, w: maps @ w[::-1] / 12, "the sums over places should be"),
    ],
    "pointing": [
        (lambda maps, boxes: 5 * inside(maps, boxes), "0.6, not 3"),
        (lambda maps, boxes: 100 * inside(maps, boxes), "in per cent"),
        (lambda maps, boxes: inside(maps, boxes, last=0), "do not count"),  # the row behind the last
        (lambda maps, boxes: inside(maps, boxes, strict=True), "the first row and the first column"),
        (lambda maps, boxes: inside(maps, boxes, swap=True), "rows come first"),
        (lambda maps, boxes: inside(maps, boxes, last=2), "the last row and column"),
        (lambda maps, boxes: inside(maps, boxes[:, [0, 1, 3, 2]]), "height comes before its width"),
        (lambda maps, boxes: compared(maps, boxes, high_column=np.less_equal), "compare both ends"),
        (lambda maps, boxes: compared(maps, boxes, low_row=anything), "compare both ends"),
        (lambda maps, boxes: compared(maps, boxes, high_column=anything), "compare both ends"),
        (lambda maps, boxes: compared(maps, boxes, low_column=np.less), "compare both ends"),
        (holds_something, "all five"),
        (of_positive_maps, "right for positive maps"),
        (lambda maps, boxes: np.ones(5, dtype=bool), "one share for all maps"),
    ],
    "weakest_mark": [
        (lambda: "mirrored R", "Mirrored, the R keeps most of its strokes"),
        (lambda: "upside-down R", "keeps its strokes"),
        (lambda: "black R", "another mark alarms fewer. A black R has the same edges"),
        (lambda: "scattered dots", "even more edges"),
        (lambda: 4, "one of the five marks"),
        (lambda: ["solid square"], "one of the five marks"),
    ],
}
