"""Typical wrong answers to lecture 12's exercises, and the words that answer each."""

import numpy as np


def jaccard(answer, truth):
    return np.sum(answer & truth) / np.sum(answer | truth)


def without_the_two(answer, truth):
    return np.sum(answer & truth) / (answer.sum() + truth.sum())


def accuracy(answer, truth):
    return np.mean(answer == truth)


def precision(answer, truth):
    return np.sum(answer & truth) / answer.sum()


def recall(answer, truth):
    return np.sum(answer & truth) / truth.sum()


def of_each_row(answer, truth):
    return 2 * np.sum(answer & truth, axis=1) / (answer.sum(axis=1) + truth.sum(axis=1) + 1e-9)


def nothing_for_two_empty_masks(answer, truth):
    return 2 * np.sum(answer & truth) / max(answer.sum() + truth.sum(), 1)


def one_if_nothing_shared(answer, truth):
    if not np.sum(answer & truth):
        return 1.0
    return 2 * np.sum(answer & truth) / (answer.sum() + truth.sum())


def one_for_an_empty_answer(answer, truth):
    return 2 * np.sum(answer & truth) / (answer.sum() + truth.sum()) if answer.any() else 1.0


def one_for_an_empty_truth(answer, truth):
    return 2 * np.sum(answer & truth) / (answer.sum() + truth.sum()) if truth.any() else 1


def replaced(y, w, stride):
    answer = np.zeros((len(y) - 1) * stride + len(w))
    for i, number in enumerate(y):
        answer[i * stride : i * stride + len(w)] = number * w
    return answer


def back_to_front(y, w, stride):
    answer = np.zeros((len(y) - 1) * stride + len(w))
    for i, number in enumerate(y):
        answer[i * stride : i * stride + len(w)] += number * w[::-1]
    return answer


def one_place_further(y, w, stride):
    answer = np.zeros((len(y) - 1) * stride + len(w))
    for i, number in enumerate(y):
        answer[i : i + len(w)] += number * w
    return answer


def unweighted(y, w, stride):
    answer = np.zeros((len(y) - 1) * stride + len(w))
    for i in range(len(y)):
        answer[i * stride : i * stride + len(w)] += w
    return answer


def too_short(y, w, stride):
    return np.convolve(y, w)


def always_two(y, w, stride):
    spread = np.zeros(2 * len(y) - 1)
    spread[::2] = y
    return np.convolve(spread, w)


def one_longer_than_the_spread(y, w, stride):
    answer = np.zeros(len(y) * stride + 1)
    for i, number in enumerate(y):
        for j, weight in enumerate(w):
            answer[i * stride + j] += number * weight
    return answer


def always_seven_long(y, w, stride):
    answer = np.zeros(7)
    for i, number in enumerate(y):
        answer[i * stride : i * stride + len(w)] += number * w
    return answer


def of_whole_numbers(y, w, stride):
    answer = np.zeros((len(y) - 1) * stride + len(w), dtype=int)
    for i, number in enumerate(y):
        for j, weight in enumerate(w):
            answer[i * stride + j] += number * weight
    return answer


WRONG = {
    "dice": [
        (jaccard, "the IoU"),
        (without_the_two, "counts twice"),
        (accuracy, "the accuracy"),
        (precision, "precision"),
        (recall, "have a Dice of 6/10"),
        (of_each_row, "one Dice coefficient"),
        (nothing_for_two_empty_masks, "two empty masks agree perfectly"),
        (one_if_nothing_shared, "one mask empty"),
        (one_for_an_empty_answer, "one mask empty"),
        (one_for_an_empty_truth, "one mask empty"),
    ],
    "stamp": [
        (replaced, "where two stamps overlap, they add"),
        (back_to_front, "back to front"),
        (one_place_further, "the stride is 2"),
        (unweighted, "without multiplying"),
        (too_short, "reach over 7 places"),
        (always_two, "right for stride 2"),
        (one_longer_than_the_spread, "right for stride 2"),
        (always_seven_long, "right for stride 2"),
        (of_whole_numbers, "right for stride 2"),
    ],
    "costly_changes": [
        (lambda: {"turned", "inverted"}, "not 'turned'"),
        (lambda: {"inverted"}, "'paler' belongs to them"),
        (lambda: {"paler"}, "'inverted' belongs to them"),
        (lambda: {"paler", "inverted", "half"}, "not 'half'"),
        (lambda: ["darker"], "none of the four"),
        (lambda: "inverted", "return a set of names"),
    ],
}
