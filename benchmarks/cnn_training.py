"""Seconds of training until a CNN names 99.0 % of MNIST's test digits: the lecture's, and Keras's example.

- *Example*: the convnet that keras.io publishes for MNIST, written anew from its settings: 32 and 64 filters,
  dropout 0.5, Adam at its constant default rate, batches of 128, the first 54,000 digits, at most 15 epochs.
- *Lecture*: lecture 06's CNN with 64 and 128 filters, six times the arithmetic per digit, on all digits: two
  epochs in batches of 64, dropout 0.25, the rate falling from 0.003 to zero along half a cosine (in class the
  lecture trains on a quarter of the digits, once). Once with
  bfloat16 activations (`mixed_bfloat16`, one line in Keras), once in the lecture's float32.

Each is tested after every epoch. Tests are not charged, nor is the example's validation; tracing the graph
is. A run that does not get there counts as endless.

What brought the speed (processor seconds per epoch, test accuracy; single runs on two Intel cores with AMX):

- the *schedule*: two epochs reach 99.1 to 99.2 %, where the example's constant rate needs about eight. Two
  epochs at dropout 0.5 and from 0.002 ended at 98.99 %. One epoch is not enough: 98.3 % in batches of 128,
  98.7 % in batches of 64, 98.8 % in batches of 32, 98.9 % in these with averaged weights;
- *bfloat16*, where AMX units multiply it: 20 s per epoch against 47 s. On an AMD EPYC, which has AVX512-BF16
  alone, it brought nothing: there all comes from the schedule.

What did not: *steps per execution* (48 s with one, 47 s with eight) and the *batch size* (bfloat16, 20 s in
batches of 128, 21 s in batches of 64). *XLA* (`jit_compile=True`) takes 232 s, five times as long.
"""

import statistics
import time

import keras
import numpy as np

from tests.lecture_source import definitions
from utils.datasets import load_mnist

TARGET = 0.99


def measure():
    """Train each side three times, in turns; yield the medians of the seconds, and their ratios."""
    train, test = load_mnist()
    runs = {
        "example": lambda: example(train, test),
        "lecture, bfloat16": lambda: lecture(train, test, "mixed_bfloat16"),
        "lecture, float32": lambda: lecture(train, test, "float32"),
    }
    medians = in_turns(runs)
    for name, median in medians.items():
        yield name, median, "s", None, None
    yield "lecture, bfloat16 / example", medians["lecture, bfloat16"] / medians["example"], "", None, 1
    yield "lecture, float32 / example", medians["lecture, float32"] / medians["example"], "", None, None


def in_turns(runs, n_turns=3):
    """Return the median seconds of some turns by name; runs are functions that train and return seconds."""
    seconds = {name: [] for name in runs}
    for seed in range(n_turns):
        for name, run in runs.items():
            keras.utils.set_random_seed(seed)
            seconds[name].append(run())
    return {name: statistics.median(times) for name, times in seconds.items()}


def lecture(train, test, policy):
    """Return the seconds that the lecture's CNN takes, its inner layers computing under this dtype policy."""
    cnn_layers, build = definitions("06", "cnn_layers", "build")
    n_epochs, batch_size = 2, 64
    keras.config.set_dtype_policy(policy)
    layers = cnn_layers(64, 128)
    layers[-1] = keras.layers.Dense(10, activation="softmax", dtype="float32")
    model = build(layers, n_epochs * int(np.ceil(len(train[0]) / batch_size)))
    keras.config.set_dtype_policy("float32")
    return seconds_to_target(model, train, test, batch_size, n_epochs)


def example(train, test):
    """Return the seconds that Keras's example takes."""
    train, test = (
        (x[..., None].astype("float32") / 255, keras.utils.to_categorical(y)) for x, y in (train, test)
    )
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return seconds_to_target(model, [part[:54_000] for part in train], test, batch_size=128, n_epochs=15)


def seconds_to_target(model, train, test, batch_size, n_epochs):
    """Return the seconds in `fit` until the first test at TARGET or above, or infinity."""
    seconds = 0
    for _ in range(n_epochs):
        started = time.perf_counter()
        model.fit(*train, batch_size=batch_size, verbose=0)
        seconds += time.perf_counter() - started
        if model.evaluate(*test, batch_size=500, verbose=0)[1] >= TARGET:
            return seconds
    return float("inf")
