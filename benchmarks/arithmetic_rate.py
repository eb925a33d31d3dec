"""Floating-point rate of training lecture 06's CNN (64 and 128 filters), against a large matrix product's.

- *CNN*: 2,048 digits in batches of 128. Counted are the multiplications and additions of its convolutions
  and its dense layer, from the shapes: forwards, and twice as many backwards (for the weights and for the
  inputs), but for the first convolution, whose inputs need no gradient. ReLU, pooling, dropout and Adam take
  time and count nothing.
- *Product*: two float32 matrices of 4,096 × 4,096, by Keras on the same cores: what the processor can do
  when nothing but multiplying and adding is asked of it.
"""

from tests.lecture_source import definitions
from tools.bench import matrix_product, median_seconds
from utils.datasets import load_mnist

N_IMAGES = 2_048


def measure():
    """Time both five times, in turns; yield both rates and their ratio."""
    cnn_layers, build, multiplications = definitions("06", "cnn_layers", "build", "multiplications")
    (x, y), _ = load_mnist()
    x, y = x[:N_IMAGES], y[:N_IMAGES]
    model = build(cnn_layers(64, 128), 1_000)
    multiply, operations = matrix_product()

    def train():
        model.fit(x, y, batch_size=128, verbose=0)

    train()  # traces the graph
    train_seconds, product_seconds = median_seconds(train, multiply, repeats=5)
    first, second, dense = multiplications(28, 3, 1, 64), multiplications(14, 3, 64, 128), 7 * 7 * 128 * 10
    cnn_rate = 2 * N_IMAGES * (2 * first + 3 * second + 3 * dense) / train_seconds / 1e9
    product_rate = operations / product_seconds / 1e9
    yield "CNN", cnn_rate, "GFLOP/s", None, None
    yield "matrix product", product_rate, "GFLOP/s", None, None
    yield "CNN / matrix product", cnn_rate / product_rate, "", None, None
