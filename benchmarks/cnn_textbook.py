"""Seconds of training until a CNN names 99.0 % of MNIST's test digits: the lecture's, and a textbook's.

- *Textbook*: the CNN that *Hands-On Machine Learning*, third edition, gives in its public notebooks as the
  answer to exercise 9 of chapter 14, written anew from its settings: 32 and 64 filters, one pooling, a dense
  layer of 128, dropout 0.25 and 0.5, He's starts, Nadam at its default rate, batches of 32, the first 55,000
  digits, at most 10 epochs. It is said to reach 99.2 %.
- *Lecture*: lecture 06's CNN, two epochs, as in `cnn_training`, in float32.

Each is tested after every epoch, and tests are not charged. A run that does not get there counts as endless.
"""

import keras

from benchmarks.cnn_training import in_turns, lecture, seconds_to_target
from utils.datasets import load_mnist


def measure():
    """Train each side once, for it takes minutes; yield the seconds, and their ratio."""
    train, test = load_mnist()
    runs = {
        "textbook": lambda: textbook(train, test),
        "lecture": lambda: lecture(train, test, "float32"),
    }
    seconds = in_turns(runs, n_turns=1)
    for name, its_seconds in seconds.items():
        yield name, its_seconds, "s", None, None
    yield "lecture / textbook", seconds["lecture"] / seconds["textbook"], "", None, 1


def textbook(train, test):
    """Return the seconds that the textbook's CNN takes."""
    train, test = ((x[..., None].astype("float32") / 255, y) for x, y in (train, test))
    he = {"activation": "relu", "kernel_initializer": "he_normal"}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, padding="same", **he),
            keras.layers.Conv2D(64, 3, padding="same", **he),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.25),
            keras.layers.Dense(128, **he),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="nadam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return seconds_to_target(model, [part[:55_000] for part in train], test, batch_size=32, n_epochs=10)
