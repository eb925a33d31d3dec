# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · Permutation invariance on MNIST: shuffle every pixel, and train again
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/05_permutation_invariance.ipynb)
#
# Cut a picture of a handwritten digit into its 784 pixels. Shuffle them, glue them back, and treat every other picture in
# exactly the same way. You will not recognise a single digit. What does a fully connected network lose if its weights stay
# as they are? And what does it lose if it may train again? The two questions are easily mixed up. This lecture tells them
# apart.
#
# **You will**
#
# - build and train a Keras classifier that does its own preprocessing;
# - write a permutation as a chain of swaps;
# - predict what shuffled pixels do to a trained network, and then measure it;
# - prove that moving the rows of one matrix undoes the shuffle, and see it hold to the last digit;
# - tell data whose order is a convention from data whose order is the message.
#
# **You need** matrix products, softmax and cross-entropy (lecture 3), stochastic gradient descent and Adam (lecture 4).
# **It takes** 85 minutes to teach and under 60 seconds to run on 2 CPU cores.
#
# **Figures in bold** are checked whenever this notebook runs. Where chance enters, they are means over ten seeds or what
# theory predicts: your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("05")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 A network that does its own preprocessing
#
# <details>
# <summary>中文</summary>
#
# MNIST 有七万张 28×28 的手写数字，每个像素是 0 到 255 的灰度。任务：认出是几；指标：测试集上的准确率。
#
# 预处理应当放在模型里面。如果在外面先除以 255，以后每个用模型的人都得记得做同样的事，忘一次就错一次。`Lambda(x/255)` 把任意一段 Python 函数包成一层，`Flatten` 把 28 行首尾相接，拉成 784 维向量，这两层都没有参数。
#
# 要留心的是保存。`Lambda` 存进文件的是 Python 字节码，换个 Python 版本可能就读不出来；Keras 默认也拒绝加载，因为陌生人的文件里可以藏任何代码。今天更地道的写法是 `Rescaling(1/255)`，文件里只存一个数。
#
# 网络是两个宽 256 的 ReLU 隐藏层，加一个十类的 softmax，共 **269,322** 个参数，其中四分之三直接连在像素上：第一个矩阵每个像素占一行，请记住这些行。训练用 Adam，学习率从 0.004 起，沿半个余弦降到零。
#
# </details>
#
# MNIST holds 70,000 handwritten digits of 28 × 28 grey pixels, 0 for paper and 255 for ink. The task: name the digit. The
# measure: accuracy, the share of test digits named rightly.

# %%
from utils.datasets import load_mnist

MNIST = ("mnist",)  # the data that our claims rest on
(x_train, y_train), (x_test, y_test) = load_mnist()
x_train.shape, str(x_train.dtype), y_train[:5]

# %% [markdown]
# From here on we use Keras. One call seeds its random numbers; the line it prints says what will do the computing.

# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"Keras on {keras.backend.backend()}, {keras.distribution.list_devices()[0]}")

# %% [markdown]
# A network trains best on numbers near 1, and a pixel may be 255. We could divide by 255 beforehand. Then everybody who
# ever uses the model must remember to do so, and one day somebody will not. Put the division *inside* the model and nobody has
# to. Two layers without a single weight do it. `Lambda` wraps any Python function, `Flatten` lays the rows of
# an image end to end. Try them on an image of four pixels, where you can do the sum in your head.

# %% tags=["nbval-check-output"]
import numpy as np

scale = keras.layers.Lambda(lambda x: x / 255)
flatten = keras.layers.Flatten()
tiny_image = np.array([[[0, 51], [102, 255]]], dtype="float32")
keras.ops.convert_to_numpy(flatten(scale(tiny_image))).round(3)

# %% [markdown]
# The slides write `Lambda`, and so do we, because you can see what it does. Know its price: a saved `Lambda` is compiled
# Python. That is tied to the version of Python that wrote it. And since a stranger's file could do anything when it runs,
# Keras refuses to load it unless you insist (`safe_mode=False`). `Rescaling(1 / 255)`, today's idiom, saves one number.
# In your own work, write that.
#
# Now the network: two hidden layers of 256 ReLU units, then ten probabilities. Adam takes the steps, and its rate ε falls from
# 0.004 to zero along half a cosine. This is the decay of lecture 4 with two knobs left: where it starts, and when it ends.

# %%
n_epochs, batch_size = 8, 256
n_steps = n_epochs * int(np.ceil(len(x_train) / batch_size))


def build():
    """Return an untrained network: images of shape (n, 28, 28) in, probabilities of shape (n, 10) out."""
    layers = [
        keras.layers.Lambda(lambda x: x / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((28, 28)), *layers])
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, n_steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=20,  # hand over 20 batches at a time: the same steps, less overhead
    )
    return model


# %% [markdown]
# Count its parameters by hand first: 784 · 256 + 256, then 256 · 256 + 256, then 256 · 10 + 10.

# %% tags=["nbval-check-output"]
model = build()
[layer.count_params() for layer in model.layers]

# %% tags=["nbval-check-output"]
claims.exact("parameters of the network", model.count_params(), "269,322")

# %% [markdown]
# That is **269,322** in all. Three quarters of them sit in the first matrix, of shape 784 × 256. It has one *row* per pixel: the 256
# weights with which that pixel speaks to the hidden units. Remember the rows.

# %% [markdown] tags=["instructor"]
# 6 minutes. What a saved `Lambda` costs is for home. Let the class count the parameters before the cell runs. Likely question: "why softmax inside the model and not with the
# loss?" Inside, `predict` returns probabilities; with the loss it is numerically safer.

# %% [markdown]
# ## 2 Train it, then do its work by hand
#
# <details>
# <summary>中文</summary>
#
# `fit` 训练，`evaluate` 考试。训练集 **99.97 %**：六万张里错二十来张，和讲义说的“全对”差不多。测试集 **98.4 %**，讲义说 **98 %**。两者之差就是第 1 讲的泛化差距。每一轮结束时看一眼测试集，只是为了画图，没有拿它来挑选任何东西。
#
# 训练好的网络并不神秘：三次矩阵乘法、两次 ReLU、一次 softmax。用 NumPy 五行写出来，和 Keras 给出的概率相差不到 **1e-3**（CPU 上只有百万分之几，是 float32 的舍入误差）。这五行后面要反复用。
#
# </details>
#
# `fit` trains, `evaluate` measures. The bar is plain text from `tqdm`; Keras itself keeps quiet. After each epoch we look at the
# test digits as well, to draw a curve. We choose nothing by it.

# %%
from tqdm import tqdm
from tqdm.keras import TqdmCallback


def progress(name):
    """Return a callback that shows one training as a plain-text bar, a tick for every epoch."""
    return TqdmCallback(verbose=0, tqdm_class=tqdm, desc=name)


# %% [markdown]
# We keep a copy of the first matrix as it was before training. ★ Section 10 will ask which of its rows moved.

# %%
recipe = {"epochs": n_epochs, "batch_size": batch_size, "verbose": 0}
W_start = model.get_weights()[0]
history = model.fit(
    x_train, y_train, validation_data=(x_test, y_test), callbacks=[progress("plain digits")], **recipe
).history
list(history)

# %% mystnb={"image": {"alt": "Accuracy in per cent against the epoch, 1 to 8. The training curve climbs to practically 100; the test curve flattens below it, near 98.4 per cent on MNIST."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
curves = 100 * np.array([history["accuracy"], history["val_accuracy"]])
epochs = np.arange(1, n_epochs + 1)
plt.plot(epochs, curves[0], marker="o", label="training digits, while the epoch runs")
plt.plot(epochs, curves[1], marker="s", label="test digits, after the epoch")
plt.legend(loc="lower right")
plotting.show(f"Training nears 100 %, the test stops at {curves[1, -1]:.1f} %", "epoch", "accuracy (%)")

# %% [markdown]
# As the rate falls to zero, both curves come to rest, as lecture 4 said they would. The space between
# them is the generalisation gap of lecture 1. Now `evaluate`, with the final weights, on both parts.

# %%
train_accuracy, test_accuracy = (
    100 * model.evaluate(x, y, batch_size=1_000, verbose=0)[1]
    for x, y in ((x_train, y_train), (x_test, y_test))
)
round(train_accuracy, 2), round(test_accuracy, 2)

# %% tags=["nbval-check-output"]
claims.check(
    "training accuracy",
    train_accuracy,
    "99.97 % (slide: perfect)",
    band=(99.93, None),
    stand_in=(95, None),
    data=MNIST,
)
claims.check(
    "test accuracy",
    test_accuracy,
    "98.4 % (slide: 98 %)",
    band=(98.2, 98.6),
    stand_in=(94.5, 99.2),
    data=MNIST,
)

# %% [markdown]
# We find **99.97 %** in training: some twenty mistakes in 60,000 digits, as good as the "perfect" of the slide. In the test we find **98.4 %**, and the slide says **98 %**.
#
# What has been learned is six arrays and no magic. Three matrix products, two ReLUs, one softmax:

# %%
from scipy.special import softmax


def probabilities(X, weights):
    """Return what the network says of images X of shape (n, 784), by NumPy alone: shape (n, 10)."""
    W1, b1, W2, b2, W3, b3 = weights
    h = np.maximum(X / 255 @ W1 + b1, 0)
    h = np.maximum(h @ W2 + b2, 0)
    return softmax(h @ W3 + b3, axis=1)


weights = model.get_weights()
[w.shape for w in weights]

# %% [markdown]
# The same test digits through both roads, and the largest difference between any two probabilities:

# %% tags=["nbval-check-output"]
# Seen on a CPU: 2e-6, float32's rounding. A GPU may round its products more coarsely.
X_test = x_test.reshape(-1, 784).astype("float32")
by_hand = probabilities(X_test, weights)
by_keras = model.predict(x_test, batch_size=1_000, verbose=0)
claims.check(
    "NumPy against Keras", np.abs(by_hand - by_keras).max(), "below 1e-3", band=(None, 1e-3), data=MNIST
)

# %% [markdown]
# They agree to better than **1e-3**, on a CPU to a few millionths. From now on we may use whichever is handier.

# %% [markdown] tags=["instructor"]
# 11 minutes. Training takes some fifteen seconds. Common confusion: the history's training accuracy is an average *during* the epoch, while the
# weights still move, so early on the test curve may lie above it.

# %% [markdown]
# ## 3 A shuffle is a chain of swaps
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：要洗匀 784 个像素，随机对换多少次才够？
#
# **置换**是位置到位置的一一对应：一个像素不多，一个不少，所以一定能还原。我们用数组 `order` 表示：新图的第 $k$ 个位置放旧图的第 `order[k]` 个像素，写成代码就是 `x[order]`；逆置换是 `np.argsort(order)`。
#
# 任何置换都能拆成一串两两对换：从左到右，每次把该来的那个换到位，至多 $n-1$ 次。反过来，随机对换足够多次，就洗匀了。
#
# 对换 5,000 次以后，平均只剩 **1.0** 个像素留在原位，和完美的洗牌一样（完美洗牌平均也恰好有一个）；500 次远远不够，还有 **219** 个没动。图中那条线的公式在 ★ 第 11 节推导。只数这个还不能证明洗匀了：把所有像素一起平移随机的一段，平均也恰好有一个留在原位，次序却几乎没乱。洗匀要靠 Diaconis 和 Shahshahani 的定理。
#
# </details>
#
# A **permutation** sends every position to a position, each to one and none to two: a *bijection*. Nothing is lost, so it can be
# undone. We store it as an array `order`: place $k$ of the new image shows pixel `order[k]` of the old one. In code that
# is `x[order]`, and the way back is `np.argsort(order)`. Check it on four letters.

# %% tags=["nbval-check-output"]
letters = np.array(list("abcd"))
order = np.array([2, 0, 3, 1])
shuffled = letters[order]
"".join(shuffled), "".join(shuffled[np.argsort(order)])

# %% [markdown]
# Every permutation is a composition of swaps. To turn `abcd` into `cadb`, fill the places from the left: swap a and c
# (`cbad`), swap b and a (`cabd`), swap b and d (`cadb`). At most $n - 1$ swaps will do. Turned round: enough *random* swaps make
# a random permutation.


# %%
def random_swaps(n, n_swaps, rng):
    """Return the order of 0 … n−1 after n_swaps swaps of two random places (which may be the same place)."""
    order = list(range(n))
    for i, j in rng.integers(n, size=(n_swaps, 2)).tolist():
        order[i], order[j] = order[j], order[i]
    return np.array(order)


rng = np.random.default_rng(SEED)
random_swaps(10, 3, rng)

# %% [markdown]
# How many are enough for 784 pixels? Make a guess before you read on. We count the pixels that are still *at home*, in their old place: for a
# perfect shuffle of any size that is one, on average. Each count is the mean of 200 shuffles.

# %%
swaps = np.array([0, 500, 1_000, 1_500, 2_000, 2_612, 3_500, 5_000])
home = np.arange(784)
at_home = np.array([np.mean([np.sum(random_swaps(784, t, rng) == home) for _ in range(200)]) for t in swaps])
at_home.round(1)

# %% [markdown]
# The same numbers as dots. The dashed line is a formula, $1 + (n - 1)(1 - 2/n)^t$ after $t$ swaps of $n$ pixels, which ★ section 11 derives. The vertical
# line stands at $\tfrac12 n \ln n = 2{,}612$ swaps: Diaconis and Shahshahani proved that the whole order turns random near there, and quite suddenly.

# %% mystnb={"image": {"alt": "Mean number of pixels still at home against the number of random swaps, on a logarithmic axis. The measured points lie on the theoretical curve, which falls from 784 to about 2 at 2,612 swaps and to 1 at 5,000."}}
t = np.arange(5_001)
plt.semilogy(t, 1 + 783 * (1 - 2 / 784) ** t, color="C1", linestyle="--", label="theory")
plt.semilogy(swaps, at_home, "o", color="C0", label="mean of 200 shuffles")
plt.axvline(0.5 * 784 * np.log(784), color="0.4", linewidth=1.5)
plt.text(2_660, 300, "½ n ln n = 2,612", fontsize=13)
plt.xticks(range(0, 5_001, 1_000), [f"{t:,}" for t in range(0, 5_001, 1_000)])
plt.legend()
plotting.show(
    "After 5,000 swaps one pixel is at home, as in a perfect shuffle",
    "number of random swaps",
    "pixels still at home",
)

# %% tags=["nbval-check-output"]
# Means of 200 shuffles. In theory 1.00 with sd 0.07 (one shuffle: Poisson) and 219.4; there 2,000 shuffles give sd 0.6.
claims.check("pixels at home after 5,000 swaps", at_home[-1], "1.0", band=(0.5, 1.5))
claims.check("pixels at home after 500 swaps", at_home[1], "219", band=(216, 223))

# %% [markdown]
# After 5,000 swaps **1.0** pixel is at home, as for a perfect shuffle; after 500 there are **219**, so 500 are far too few.
# One at home is not enough by itself: slide all pixels together by a random distance, and on average one is at home, too.
# That 5,000 are enough is Diaconis and Shahshahani's theorem. From here on we use 5,000. Here are a five and a zero,
# before and after, both by the *same* order.

# %%
order = random_swaps(784, 5_000, rng)


def shuffle(x, order):
    """Return images of shape (n, 28, 28) with every image's pixels in the given order."""
    return x.reshape(-1, 784)[:, order].reshape(-1, 28, 28)


np.array_equal(np.sort(order), home)

# %% mystnb={"image": {"alt": "Four small grey pictures in a row: a handwritten five, a zero, and the same two after shuffling, two clouds of scattered dots that no one can tell apart."}}
five, zero = x_train[[np.argmax(y_train == 5), np.argmax(y_train == 0)]]
fig, axes = plt.subplots(1, 4, figsize=(10, 3.4))
pictures = {
    "a five": five,
    "a zero": zero,
    "the five, shuffled": shuffle(five, order)[0],
    "the zero, shuffled": shuffle(zero, order)[0],
}
for ax, (name, picture) in zip(axes, pictures.items()):
    ax.imshow(picture, cmap="gray_r")
    ax.set_title(name, fontsize=14)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
fig.suptitle("The same ink in other places, by the same order for both", fontweight="bold")
plt.show()

# %% [markdown]
# Every grey value is still there, and no eye can use it. Would you know which cloud is the zero?

# %% [markdown] tags=["instructor"]
# 10 minutes. Most of the class will guess "about 784" swaps. Likely question: "why may both places of a swap be the same?" If they never were, 5,000 swaps
# would always give an *even* permutation, and half of all shuffles could never come up.

# %% [markdown]
# ## 4 The same weights, shuffled digits
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：权重一个都不动，把打乱的测试图喂进去，准确率还剩多少？
#
# 换 20 个置换各测一次，有的百分之七，有的百分之十七；十个种子、共两百个置换，平均是 **9.7 %**，就是瞎猜的水平。讲义说 **9 %**，听上去好像比瞎猜的 10 % 还差，其实单单一个置换完全可能给出这个数。
#
# 真正让人吃惊的是另一个数：网络给自己答案的平均置信度高达 **71 %**。十次错九次，自信却超过七成。softmax 输出的“概率”只在像训练数据那样的输入上才有意义，这正是第一讲说过的局限。
#
# </details>
#
# Take a vote before you run this. The weights stay as they are; every test digit is shuffled by `order`. What accuracy is left?

# %%
round(100 * model.evaluate(shuffle(x_test, order), y_test, batch_size=1_000, verbose=0)[1], 2)

# %% [markdown]
# One permutation, one number: an anecdote. How does it look over twenty? We use our NumPy network.

# %%
orders = [random_swaps(784, 5_000, rng) for _ in range(20)]
answers = [probabilities(X_test[:, p], weights) for p in orders]
fixed = np.array([100 * np.mean(answer.argmax(axis=1) == y_test) for answer in answers])
fixed.round(1)

# %% [markdown]
# The largest is more than twice the smallest. Sorted, beside a guess:

# %% mystnb={"image": {"alt": "Twenty bars, one per permutation, sorted by accuracy, from about seven to about seventeen per cent. They scatter around a horizontal line at ten per cent, which is chance."}}
plt.bar(np.arange(1, 21), np.sort(fixed), width=0.7)
plt.axhline(10, color="C1", linestyle="--")
plt.text(0.5, 10.4, "guessing: 10 %", color="C1", fontsize=14)
plt.xticks([1, 5, 10, 15, 20])
plotting.show(
    f"Fixed weights fall to chance: {fixed.mean():.1f} % on average (this run)",
    "permutation, sorted",
    "test accuracy (%)",
)

# %% tags=["nbval-check-output"]
confidence = 100 * np.mean([answer.max(axis=1) for answer in answers])
claims.check(
    "accuracy on shuffled digits, mean of 20 permutations",
    fixed.mean(),
    "9.7 % (slide: 9 %)",
    band=(7, 12),
    stand_in=(4, 16),
    data=MNIST,
)
claims.check(
    "confidence on shuffled digits, mean of 20 permutations",
    confidence,
    "71 %",
    band=(50, 92),
    stand_in=(28, 68),
    data=MNIST,
)

# %% [markdown]
# In our run one permutation gives seven per cent, another seventeen. Over ten seeds, two hundred permutations, the mean is **9.7 %**: chance. So the slide's **9 %** does not say that the
# network is *worse* than a guess, which has 10 %. One permutation may well give it.
#
# What surprised us is the other figure. Wrong nine times in ten, the network gives its own answers a probability of
# **71 %** on average. Softmax turns *differences* between ten scores into probabilities, and training never asked that the scores stay close together when an image is like no digit. Lecture 1 said it of risk: the
# promise holds for inputs *like those in training*.

# %% [markdown] tags=["instructor"]
# 9 minutes. Write the votes on the board; you will need them in section 6. Likely question: "9.7 is below 10; is that real?" We cannot tell: over ten
# seeds the standard error is 0.16 points. And chance is not exactly 10 %: the classes hold 8.9 to 11.4 % of the test digits.

# %% [markdown]
# ## 5 Let each pixel take its weights along
#
# <details>
# <summary>中文</summary>
#
# 全连接的第一层算的是 $W^\top x$：每个像素带着自己那一行权重。像素搬家，就让它把那一行一起带走，求和的项一个没变，只是换了次序。
#
# 三行证明：令 $P$ 是置换矩阵，$(Px)_k=x_{\mathrm{order}[k]}$，所以 $PW$ 写成代码就是 `W[order]`。设 $f(x)=g(W^\top x)$，把 $W$ 换成 $PW$ 得到 $f_P$，则 $f_P(Px)=g\big((PW)^\top Px\big)=g(W^\top P^\top Px)=g(W^\top x)=f(x)$，因为 $P^\top P=I$。
#
# 这是恒等式，不是近似。用 float64 手算，一万个标签变了 **0** 个，概率的差小于 **1e-12**；Keras 用 float32，标签同样变了 **0** 个，概率的差小于 **1e-3**。
#
# 陷阱在方向。像素按 `order` 搬，行也要按 `order` 搬。若用了逆置换，准确率平均只有 **9.6 %**，和什么都没做一样糟。
#
# </details>
#
# The trained network is lost. Is its *knowledge* lost? Take a first layer small enough to do by hand: two inputs $x = (3, 5)$, two
# hidden units, and a row of weights for each input.

# %% tags=["nbval-check-output"]
x = np.array([3, 5])
W = np.array([[1, 2], [4, -1]])  # row 0 belongs to input 0, row 1 to input 1
x @ W, x[[1, 0]] @ W, x[[1, 0]] @ W[[1, 0]]

# %% [markdown]
# First $3 \cdot 1 + 5 \cdot 4 = 23$ and $3 \cdot 2 - 5 \cdot 1 = 1$. Swap the inputs alone, and both sums are wrong. Swap the inputs
# *and the rows*, and the same products are added in another order: 23 and 1 again. In the picture, each input drags its edges along.

# %% mystnb={"image": {"alt": "Two drawings of a layer with two inputs and two hidden units. On the left input one is on top, with solid edges of weights 1 and 2, and input two below with dashed edges 4 and minus 1. On the right the inputs have changed places and each has kept its own edges and weights; the hidden units still read 23 and 1."}}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.4))
for ax, heights, title in zip(axes, ([1, 0], [0, 1]), ("before", "inputs and edges swapped")):
    for i, j in np.ndindex(2, 2):  # the edge from input i to hidden unit j
        ax.plot([0, 1], [heights[i], 1 - j], color=f"C{i}", linestyle=["-", "--"][i], zorder=1)
        middle = 0.7 * heights[i] + 0.3 * (1 - j)
        ax.text(0.3, middle, f"${W[i, j]}$", fontsize=16, ha="center", va="center", backgroundcolor="white")
    for i, h in enumerate(x @ W):
        ax.text(-0.08, heights[i], f"$x_{i + 1} = {x[i]}$", fontsize=16, ha="right", va="center")
        ax.text(1.08, 1 - i, f"$h_{i + 1} = {h}$", fontsize=16, va="center")
    ax.scatter([0, 0, 1, 1], [0, 1, 0, 1], s=500, color="white", edgecolor="black", zorder=2)
    ax.set(xlim=(-0.5, 1.5), ylim=(-0.2, 1.2), title=title)
    ax.axis("off")
fig.suptitle("Drag the edges along and the hidden units notice nothing", fontweight="bold")
plt.show()

# %% [markdown]
# Now for all sizes. Let $P$ be the matrix that shuffles $x$: $(Px)_k = x_{\mathrm{order}[k]}$, so that $PW$ is `W[order]` in code. Let $g$ be whatever follows the first product. Define $f_P$ as the
# same network with $PW$, the rows shuffled alike, in place of $W$. Then
#
# $$\begin{aligned} f(x) &= g(W^\top x), \qquad f_P(z) = g\big((PW)^\top z\big), \\ f_P(Px) &= g(W^\top P^\top P x) \\ &= g(W^\top x) = f(x), \end{aligned}$$
#
# because $P^\top P = I$: a shuffle there and back. Nothing was approximated, so we may ask for equality to the last decimal. In float64, over all
# test digits:

# %%
W1, *rest = weights
X_exact = X_test.astype("float64")
before = probabilities(X_exact, weights)
after = probabilities(X_exact[:, order], [W1[order], *rest])
float(np.abs(before - after).max())

# %% tags=["nbval-check-output"]
# An identity: what is left is the rounding of sums taken in another order, seen at 3e-15.
changed = np.sum(before.argmax(axis=1) != after.argmax(axis=1))
claims.check("labels that change, float64", changed, "0 labels", band=(0, 0), data=MNIST)
claims.check(
    "largest change of a probability, float64",
    np.abs(before - after).max(),
    "below 1e-12",
    band=(None, 1e-12),
    data=MNIST,
)

# %% [markdown]
# And in Keras, whose weights and sums are float32:

# %% tags=["nbval-check-output"]
# Seen on a CPU: 2e-6 and no label. Another processor's rounding may break a tie between two labels.
moved = build()
moved.set_weights([W1[order], *rest])
by_moved = moved.predict(shuffle(x_test, order), batch_size=1_000, verbose=0)
changed = np.sum(by_keras.argmax(axis=1) != by_moved.argmax(axis=1))
claims.check("labels that change, Keras", changed, "0 labels", band=(0, 2), data=MNIST)
claims.check(
    "largest change of a probability, Keras",
    np.abs(by_keras - by_moved).max(),
    "below 1e-3",
    band=(None, 1e-3),
    data=MNIST,
)

# %% [markdown]
# By hand **0 labels** change, and no probability moves by as much as **1e-12**. In Keras, too, **0 labels** change, and no probability moves by as much as **1e-3**. The network that was at chance in
# section 4 is back, without a step of training.
#
# The trap is the *direction*. Pixels moved by `order`, so rows move by `order`. Move them by the inverse, which
# looks just as reasonable, and see what the same twenty permutations give:

# %%
inverse = [
    100 * np.mean(probabilities(X_test[:, p], [W1[np.argsort(p)], *rest]).argmax(axis=1) == y_test)
    for p in orders
]
np.round(inverse, 1)

# %% tags=["nbval-check-output"]
claims.check(
    "rows moved by the inverse, mean accuracy",
    np.mean(inverse),
    "9.6 %",
    band=(6, 13.5),
    stand_in=(4, 17),
    data=MNIST,
)

# %% [markdown]
# On average **9.6 %**: as bad as doing nothing. A single swap is its own inverse, so an example with two inputs can never catch this mistake.

# %% [markdown] tags=["instructor"]
# 13 minutes. Draw the two-input picture, then walk to the other side of the board and drag the node with its edges. Common confusion: Keras stores $W$ as
# (inputs, units), so the slide's $W^\top$ is a plain `x @ W` in code, and "rows" here are "columns" in books that write $Wx$.

# %% [markdown]
# ## 6 Train again
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：现在允许重新训练，新的置换，新的随机初始化，训练和测试图都按同一个置换打乱，配方一个字不改。准确率会掉多少？
#
# 量出来，准确率和原来相差 **0.0 个百分点**，落在换随机种子带来的波动之内。
#
# 所以要分清两句话。“训练好的网络，权重固定，输入打乱，输出变不变？”变，而且一塌糊涂。“假设空间里有没有一个同样好的网络？”有，上一节已经造出来了。
#
# 置换不变的是**假设空间**，不是某一个模型：$f\in\mathcal H$ 推出 $f_P\in\mathcal H$，所以两份数据上经验风险的下确界严格相等。文献里说的 “permutation-invariant MNIST” 就是这个意思，不要和 $f(Px)=f(x)$（输出真的不变，比如求和）混为一谈。
#
# </details>
#
# Now the network may train again: a new permutation, a new random start, training and test digits shuffled alike, and not a word of the recipe
# changed. Take a second vote: how much accuracy is lost? One training must do in class; section 7 says what to expect of many.

# %%
new_order = orders[0]
fresh = build()
fresh.fit(shuffle(x_train, new_order), y_train, callbacks=[progress("shuffled digits")], **recipe)
retrained = 100 * fresh.evaluate(shuffle(x_test, new_order), y_test, batch_size=1_000, verbose=0)[1]
round(retrained, 2), round(test_accuracy, 2)

# %% tags=["nbval-check-output"]
# Theory (section 7): mean 0. Ten seeds: sd 0.1.
claims.check(
    "retrained on shuffled digits, minus plain",
    retrained - test_accuracy,
    "0.0 points",
    band=(-0.45, 0.45),
    stand_in=(-3.5, 3.5),
    data=MNIST,
)

# %% mystnb={"image": {"alt": "Four horizontal bars of test accuracy. Plain digits, rows moved along, and trained again all reach the same high accuracy; fixed weights on shuffled digits stay near ten per cent."}}
rows_moved = 100 * np.mean(by_moved.argmax(axis=1) == y_test)
bars = {
    "shuffled, trained again": retrained,
    "shuffled, rows moved along": rows_moved,
    "shuffled, weights fixed": fixed.mean(),
    "plain digits": test_accuracy,
}
drawn = plt.barh(list(bars), list(bars.values()), color=["C0", "C0", "C1", "C0"], height=0.6)
plt.bar_label(drawn, fmt="%.1f %%", padding=6)
plt.xlim(0, 115)
plt.grid(axis="y", visible=False)
plotting.show("A shuffle costs nothing once the weights follow", "test accuracy (%)", "")

# %% [markdown]
# The difference is **0.0 points**, within what another random start does anyway. (The bars show this run alone: with weights
# fixed, ten seeds give 9.7 % on average.) For this network, the clouds of section 3 are exactly as
# readable as digits.
#
# Keep two statements apart. *Weights fixed, inputs shuffled: is the output the same?* No; section 4. *Is there a network in the same
# hypothesis space that does as well on shuffled inputs?* Yes; section 5 wrote it down. Whenever $\mathcal{H}$ holds $f$, it holds $f_P$, too. So the
# smallest empirical risk that can be reached or approached is *equal* on both data sets, whatever the data:
#
# $$\inf_{f \in \mathcal{H}} \frac1N \sum_i \ell\big(f(Px_i), y_i\big) = \inf_{f \in \mathcal{H}} \frac1N \sum_i \ell\big(f(x_i), y_i\big).$$
#
# Permutation invariance is a property of $\mathcal{H}$, not of one trained model. "Permutation-invariant MNIST" in papers means just this. Beware: elsewhere, an
# invariant *function* is one with $f(Px) = f(x)$, such as a sum. Our network is nothing of the kind.

# %% [markdown] tags=["instructor"]
# 7 minutes. Ask those who changed their mind since the first vote why they did. The two sentences of the last paragraphs are the point of the lecture: have a
# student say each in her own words.

# %% [markdown]
# ## 7 Why training finds it
#
# <details>
# <summary>中文</summary>
#
# 上一节的证明只说好的权重**存在**，没说训练**找得到**。第三讲已经看到，这两件事相差很远。
#
# 顺着训练看。设 $\delta$ 是网络其余部分传回给隐藏单元的信号，一个样本的梯度就是 $x\,\delta^\top$，每个像素一行，和 $W$ 一样。输入打乱，$W$ 的行也同样打乱，$\delta$ 不变，梯度变成 $(Px)\,\delta^\top=P\,(x\,\delta^\top)$，只是行换了次序。于是每一步都是如此，整条路也是如此。
#
# 这里用到两个条件。第一，优化器对所有输入一视同仁：梯度下降和 Adam 都逐个权重更新，谁也不知道哪个像素挨着哪个。第二，初始化可交换：各行独立同分布，打乱以后的起点和原来的起点一样可能出现。合起来就是：对随机初始化而言，两种数据上测试准确率的**分布**完全相同。
#
# 所以第 6 节训练一次就够了：十个种子里，两个准确率相差从未超过 0.14 个百分点。
#
# 什么会破坏它？凡是按**位置**区别对待像素的做法，例如让边上的像素用小一点的学习率。最要紧的一种是知道“谁是邻居”：不许相邻权重相差太大的平滑正则，还有下一讲的卷积。
#
# </details>
#
# The proof says that good weights *exist*. It does not say that training *finds* them, and lecture 3 showed how far apart these are. So follow
# the training itself. Let $\delta$ be the signal that the rest of the network sends back to the hidden units. One example's gradient is $x\,\delta^\top$, with a row
# per pixel, as $W$ has. Shuffle the input and the rows of $W$: $\delta$ stays as it was, and the gradient becomes
#
# $$(Px)\,\delta^\top = P\,(x\,\delta^\top),$$
#
# the old one with its rows shuffled. So the next $W$ is the old next $W$ with its rows shuffled, and so on along the whole path. ★ Section 10 trains twice
# and finds the same network, its rows in another order, to the last decimals.
#
# Two conditions made this work.
#
# - The optimiser *treats inputs alike*. Gradient descent does, and so does Adam, which scales each weight by that weight's own gradients.
# - The start is *exchangeable*. Its rows are drawn independently from one distribution, so `W[order]` is as likely a start as `W`.
#
# Together they say more than section 6 measured: over random starts, the accuracy on shuffled digits has *the same
# distribution* as on plain ones. And that distribution is narrow: over ten seeds, the two accuracies of section 6 were never
# more than 0.14 points apart. So one training was enough there to see that nothing larger is lost.
#
# What breaks it? Anything that treats pixels by their *place*: a smaller learning rate for the margin would. The important
# case is what knows which pixels are neighbours: a penalty on rough weights, and the convolution of the next lecture.

# %% [markdown] tags=["instructor"]
# 6 minutes. Do the one-line gradient at the board, with the rows of $W$ in colour. Likely question: "is dropout exchangeable?" Yes, in distribution: it strikes
# every input alike.

# %% [markdown]
# ## 8 When order is a convention, and when it is the message
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：混凝土强度表若不打乱行，取最后五分之一做测试，小网络的误差会怎样？最小二乘呢？
#
# 混凝土强度表有八列：水泥、矿渣、水……谁先谁后纯属约定，每一列自己就有意义。这种特征叫**稠密特征**（也译密集特征）：打乱列，对我们没有损失（表头跟着走就行），对网络也没有。最小二乘的误差变化不到 **1e-9 MPa**；小网络的测试误差平均 **5.8 MPa**，打乱列以后再训练，相差 **0.0 MPa**。
#
# 行的次序却是另一回事。打乱行再分，测试集里有 **74** % 的配方在训练集里也出现过，多半只是龄期不同。若让同一配方的各行都留在一边，只考没见过的配方，误差是 **6.5 MPa**。换一次划分，出入就有一个 MPa 上下，所以只分一次，看不出新配方是不是更难；分许多次来看，略难一些。
#
# 不打乱，取最后五分之一做测试，同一个网络的误差是 **15.0 MPa**，还不如每次都答平均强度（**12.9 MPa**）：那里是另一类配方。可是最小二乘只错 **8.7 MPa**，可见题目并非无解：我们的网络太灵活，把见过的那几类配方学得太细，换一类就被带偏了。别的灵活模型也可能这样。留出哪些行，决定了测的是哪个问题。
#
# 照片相反，次序就是信息：把像素打乱，颜色一点没少，画面没了。
#
# 那么全连接网络用的是什么？每个位置有自己的权重：它用的是“某几处有墨、某几处没有”这样的组合。打乱只是给位置改了名字，组合都在。但它从不知道哪些位置相邻，这份信息白白浪费了。
#
# </details>
#
# Who should be glad of this invariance? Here is a table of another kind: what went into 1,030 mixes of concrete, and the strength
# that each reached, in megapascals (MPa).

# %%
from utils.datasets import load_concrete

CONCRETE = ("concrete",)
table = load_concrete()
features, strength = table.iloc[:, :-1].to_numpy(float), table.iloc[:, -1].to_numpy()
table.columns[:-1].tolist()

# %% [markdown]
# Cement before water, or water before cement: a convention. Each column means something on its own. The course calls such columns **dense features**. Shuffle the columns,
# carry the headings along, and *we* lose nothing either. The *rows*, though, stand in an order, with similar mixes side by side. We
# shuffle them before we split, as lecture 1 taught.

# %%
n_train = int(0.8 * len(table))
rows = rng.permutation(len(table))
X_mixed, y_mixed = features[rows], strength[rows]


def test_error(model, X, y, n_train):
    """Fit a model on the first n_train rows; return its RMSE on the others, in the units of y."""
    model.fit(X[:n_train], y[:n_train])
    return np.sqrt(np.mean((y[n_train:] - model.predict(X[n_train:])) ** 2))


# %% [markdown]
# Least squares first, where the identity is exact: moving a column moves its weight.

# %%
from sklearn.linear_model import LinearRegression

linear = test_error(LinearRegression(), X_mixed, y_mixed, n_train)
linear_shuffled = test_error(LinearRegression(), X_mixed[:, rng.permutation(8)], y_mixed, n_train)
np.round([linear, linear_shuffled], 2)

# %% tags=["nbval-check-output"]
claims.check(
    "least squares, change of its error by shuffled columns",
    abs(linear_shuffled - linear),
    "below 1e-9 MPa",
    band=(None, 1e-9),
    data=CONCRETE,
)

# %% [markdown]
# Less than **1e-9 MPa**, the rounding of the solver. Now a small network, this time scikit-learn's: the property belongs to the hypothesis space and not
# to Keras. Ten starts with the columns in order, and ten with columns shuffled.

# %%
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def network():
    """Return a network of 64 hidden units on standardised features, with its own random start."""
    settings = {  # stop when five epochs in a row gain less than 0.1
        "batch_size": 103,
        "learning_rate_init": 0.03,
        "max_iter": 500,
        "tol": 0.1,
        "n_iter_no_change": 5,
    }
    net = MLPRegressor(hidden_layer_sizes=64, random_state=int(rng.integers(2**31)), **settings)
    return make_pipeline(StandardScaler(), net)


kept = [test_error(network(), X_mixed, y_mixed, n_train) for _ in range(10)]
shuffled = [test_error(network(), X_mixed[:, rng.permutation(8)], y_mixed, n_train) for _ in range(10)]
np.round([np.mean(kept), np.mean(shuffled)], 1)

# %% tags=["nbval-check-output"]
claims.check("network, error", np.mean(kept), "5.8 MPa", band=(4.2, 7.4), stand_in=(3.5, 7), data=CONCRETE)
# Theory (section 7): mean 0. One start has sd 0.34, hence 0.34 · √(2/10) = 0.15 for this difference; seen: 0.12.
claims.check(
    "network, change of its error by shuffled columns",
    np.mean(shuffled) - np.mean(kept),
    "0.0 MPa",
    band=(-0.9, 0.9),
    stand_in=(-0.65, 0.65),
    data=CONCRETE,
)

# %% [markdown]
# The network errs by **5.8 MPa**, and shuffled columns change that by **0.0 MPa**. Now the *rows*. The same recipe
# often stands in several of them, tested at several ages. Of the fifth held back, how many recipes are in training too?


# %%
def recipes_met(features, n_train):
    """Return the % of the rows held back whose recipe, all columns but the age, is in the first n_train rows."""
    recipes = [tuple(row) for row in features[:, :-1]]
    met = set(recipes[:n_train])
    return 100 * np.mean([recipe in met for recipe in recipes[n_train:]])


# %% tags=["nbval-check-output"]
claims.check(
    "recipes met in training",
    recipes_met(X_mixed, n_train),
    "74 %",
    band=(62, 86),
    stand_in=None,  # the stand-in has no recipe twice
    data=CONCRETE,
)

# %% [markdown]
# So **74 %** of that test asks for a known recipe, mostly at another age. To ask for *new* recipes, shuffle the recipes and
# keep the rows of each together:

# %%
number = np.unique(features[:, :-1], axis=0, return_inverse=True)[1].ravel()  # of its recipe, for each row
by_recipe = np.argsort(rng.permutation(number.max() + 1)[number], kind="stable")
X_new, y_new = features[by_recipe], strength[by_recipe]
unseen = [test_error(network(), X_new, y_new, n_train) for _ in range(10)]

# %% tags=["nbval-check-output"]
# Ten seeds: sd 0.9, mostly from the split.
claims.check(
    "network, error on new recipes",
    np.mean(unseen),
    "6.5 MPa",
    band=(2.8, 10.2),
    stand_in=(4, 6.4),
    data=CONCRETE,
)

# %% [markdown]
# It errs by **6.5 MPa** on these. Another split may give a figure one MPa higher or lower, so one split cannot tell whether
# new recipes are harder; over many splits they are, a little. Last, leave the rows in the
# published order, and hold the last fifth of the table back. Vote: what will the network's error be? And that of least
# squares?

# %%
published = [test_error(network(), features, strength, n_train) for _ in range(10)]
guess = np.sqrt(np.mean((strength[n_train:] - strength[:n_train].mean()) ** 2))
linear_published = test_error(LinearRegression(), features, strength, n_train)
np.round([np.mean(published), guess, linear_published], 1)

# %% tags=["nbval-check-output"]
claims.check(
    "network, error with rows as published",
    np.mean(published),
    "15.0 MPa",
    band=(12.9, 17.1),  # at 12.9 it would be no worse than guessing the mean
    stand_in=None,  # the stand-in's rows are sorted by cement alone, and a network bridges that
    data=CONCRETE,
)
claims.check(
    "guessing the mean, rows as published",
    guess,
    "12.9 MPa",
    band=(12.8, 13),
    stand_in=None,  # the stand-in's last fifth is another one
    data=CONCRETE,
)
claims.check(
    "least squares, rows as published",
    linear_published,
    "8.7 MPa",
    band=(8.6, 8.8),
    stand_in=None,  # so is its line
    data=CONCRETE,
)

# %% [markdown]
# The network errs by **15.0 MPa**. To answer the mean strength every time would be better: **12.9 MPa**. Least squares errs
# by only **8.7 MPa**. So the last fifth, other kinds of
# mixes, can be predicted. But our network is free to bend: it has learned the kinds that it saw too closely, and on
# other kinds that misleads it. Other flexible models may fail in the same way. Which *columns* come first is a convention. Which *rows* are held back decides what we
# measure: known recipes, new ones, or new kinds.
#
# In other data the order is the message. Here is a photograph, and the same photograph with its pixels shuffled.

# %% mystnb={"image": {"alt": "Two panels. Left, a colour photograph of a Chinese tower by a lake under a pale sky. Right, the same pixels in random places: an even, grainy carpet of browns and pale blues in which nothing can be seen."}}
from sklearn.datasets import load_sample_image

photo = load_sample_image("china.jpg")[60:360:2, 120:620:2]
mixed_photo = rng.permutation(photo.reshape(-1, 3)).reshape(photo.shape)
fig, axes = plt.subplots(1, 2, figsize=(10, 4.2))
for ax, picture, title in zip(axes, (photo, mixed_photo), ("a photograph", "its pixels, shuffled")):
    ax.imshow(picture)
    ax.set(xticks=[], yticks=[], title=title)
fig.suptitle("Every colour is still there, and the tower is gone", fontweight="bold")
plt.show()

# %% [markdown]
# Our network reads clouds of dots as well as digits. What does it use, then? *Places*. Every pixel has its own weights, and
# "ink here, and none there" is a pattern of places. A shuffle gives the places other names and leaves every such pattern
# intact, as long as all images are shuffled alike.
#
# What it does not use is which places are *neighbours*. To a dense layer the digits and the clouds are the same problem:
# it lost nothing by the shuffle because it had never used that. What would an architecture gain that knows about
# neighbours, and what would become of it on the clouds? Lecture 6 measures both. (How much an order can be worth is
# easiest to see on a line: ★ section 9.)

# %% [markdown] tags=["instructor"]
# 14 minutes. The new recipes (74 %, 6.5 MPa) are for home: go from the columns straight to the rows as published. Take the vote before that cell; most expect "the same". Then show the photograph and ask what the network could still use. "How
# green it is" comes at once; it could, but it uses more: each pixel has its own weights, so it sees places. Poll C takes the places away.

# %% [markdown]
# ## ★ 9 How much an order can be worth
#
# Order is easiest to study on a line. A simulated price takes one random step of size about 1 a day, for 250 days. Guess
# tomorrow's price by today's: off by a step. Now shuffle the days.
#
# **Prediction.** By how many steps is the guess off then? And if one answers the mean of the walk every day?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：价格每天随机走一步，拿今天猜明天，误差是一步。把 250 天打乱，误差变成多少步？每天都答这条路的平均值呢？
#
# 打乱以后，误差变成 **9.1 步**，每次都答平均值却只错 **6.5 步**。没有了次序，昨天的价格比没有消息还差。相邻的像素和相邻的日子一样，是连在一起的。
#
# </details>
#
# Two random ones of $n$ days lie $(n + 1)/3$ days apart on average, and a walk's squared distance grows by one squared
# step a day. So the guess should be off by $\sqrt{(n + 1)/3}$ steps, and the mean by $\sqrt{n/6}$, which is
# $\sqrt2$ times less.

# %% tags=["nbval-check-output"]
walks = np.cumsum(rng.normal(size=(4_000, 250)), axis=1)
mixed = rng.permuted(walks, axis=1)
in_order_error, mixed_error = (np.sqrt(np.mean(np.diff(w, axis=1) ** 2)) for w in (walks, mixed))
# Theory: √(251/3) = 9.15, with sd 9.15 · √0.8 / (2 · √4,000) = 0.065 for 4,000 walks.
claims.check("shuffled days, error in steps", mixed_error / in_order_error, "9.1 steps", band=(8.8, 9.5))
# Theory: √(250/6) = 6.45, and 6.45 · √0.8 / (2 · √4,000) = 0.046.
mean_error = np.sqrt(np.mean((walks - walks.mean(axis=1, keepdims=True)) ** 2))
claims.check("guessing the walk's mean", mean_error / in_order_error, "6.5 steps", band=(6.27, 6.67))

# %% mystnb={"image": {"alt": "Two panels. Left, a random walk of 250 days: a connected, wandering line. Right, the same 250 prices with the days shuffled: a dense scribble without any shape."}}
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, prices, title in zip(axes, (walks[0], mixed[0]), ("days in order", "days shuffled")):
    ax.plot(prices, linewidth=1.2, color="C0")
    ax.set(title=title, xlabel="day")
axes[0].set_ylabel("price (steps)")
fig.suptitle("Rising and falling markets vanish with the order of the days", fontweight="bold")
plt.show()

# %% [markdown]
# Off by **9.1 steps** instead of one, and the mean of the walk by **6.5 steps**: without the order, yesterday is worse
# than no news. Neighbouring pixels belong together as neighbouring days do.

# %% [markdown] tags=["instructor"]
# At home. Likely question: "why $\sqrt2$?" Two days drawn at random are two independent errors around the mean.

# %% [markdown]
# ## ★ 10 Trained twice, the same to the last decimals
#
# <details>
# <summary>中文</summary>
#
# 第 7 节说：起点的行按同一个置换搬好，训练出来的就是同一个网络，只是行的次序不同。这里用 NumPy 手写两层网络，float64，训练 100 步，两次训练的权重相差不到 **1e-12**。
#
# 如果起点不跟着搬，得到的是另一个网络，就像换了一个随机种子。
#
# 训练集里有 **67** 个像素永远是空白。它们的梯度恒为零，对应的权重训练前后相差 **0**，还是初始化时的随机数。这些行互相怎么换，训练集上都看不出来：能还原打乱的权重矩阵不止 $PW$ 一个。
#
# </details>
#
# Section 7 followed one gradient at the board. Here is the whole training, for one hidden layer, with the gradients of softmax and cross-entropy from lecture 3,
# in float64.


# %%
def descend(X, Y, W, V, n_steps=100, eps=0.2):
    """Train x → softmax(V'·ReLU(W'·x)) by full-batch gradient descent on the cross-entropy.

    X has shape (n, d), Y one-hot (n, c), W (d, m), V (m, c). Returns the trained W and V.
    """
    for _ in range(n_steps):
        h = np.maximum(X @ W, 0)
        error = (softmax(h @ V, axis=1) - Y) / len(X)
        back = (error @ V.T) * (h > 0)
        W, V = W - eps * X.T @ back, V - eps * h.T @ error
    return W, V


# %% [markdown]
# Five hundred digits, 32 hidden units, one random start. Train on plain digits; then on shuffled digits from the start
# whose rows were shuffled alike.

# %%
X, Y = x_train[:500].reshape(-1, 784) / 255, np.eye(10)[y_train[:500]]
W0 = rng.normal(0, np.sqrt(2 / 784), (784, 32))
V0 = rng.normal(0, np.sqrt(2 / 32), (32, 10))
W_plain, V_plain = descend(X, Y, W0, V0)
W_shuffled, V_shuffled = descend(X[:, order], Y, W0[order], V0)

# %% [markdown]
# Does training do anything here, and are the two trained networks one and the same?

# %%
y_hat = (np.maximum(X @ W_plain, 0) @ V_plain).argmax(axis=1)
apart = max(np.abs(W_shuffled - W_plain[order]).max(), np.abs(V_shuffled - V_plain).max())
print(f"{np.mean(y_hat == y_train[:500]):.0%} right on its own digits")
print(f"{np.abs(W_plain - W0).max():.2f} is the farthest that a weight has moved")
print(f"{apart:.0e} is the largest difference of the two")

# %% tags=["nbval-check-output"]
claims.check(
    "trained twice, largest difference of a weight", apart, "below 1e-12", band=(None, 1e-12), data=MNIST
)

# %% [markdown]
# Below **1e-12**: the same network, its rows in another order. And if the start is *not* moved along?

# %%
W_other, _ = descend(X[:, order], Y, W0, V0)
print(f"{np.abs(W_other - W_plain[order]).max():.2f} is the largest difference now")

# %% [markdown]
# Another network, as from another random start. The identity is of exact arithmetic, and rounding has its say as well: with ε = 0.5 on the
# stand-in digits the two trainings end some 1e-11 apart. That rate is too large for those digits (lecture 4: ε < 2/λ), and every step then multiplies the rounding.
#
# Is $W$ with its rows moved the *only* matrix that undoes a shuffle? No. Some pixels are blank in every training image.
# The gradient of their rows is zero, so section 2's training should never have changed them.

# %% tags=["nbval-check-output"]
blank = (x_train == 0).all(axis=0).reshape(784)
drift = np.abs(W1 - W_start)[blank].max()
claims.check(
    "pixels that are blank in every training image",
    blank.sum(),
    "67",
    band=(67, 67),
    stand_in=(384, 396),
    data=MNIST,
)
claims.check("how far their weights moved in training", drift, "0", band=(0, 0), data=MNIST)

# %% [markdown]
# **67** pixels, and their weights moved by exactly **0**: they still hold their random start. Exchange those rows among
# themselves as you like, and no training digit will tell.

# %% [markdown]
# ## ★ 11 How many swaps are enough
#
# <details>
# <summary>中文</summary>
#
# 盯住一个像素：在家时以 $2(n-1)/n^2$ 的概率被换走，在外时以 $2/n^2$ 的概率被换回。解这个递推，$t$ 次以后留在原位的像素平均有 $1+(n-1)(1-2/n)^t$ 个，这就是第 3 节图里的虚线。
#
# $t=\frac12 n\ln n$ 时，第二项大约是 1。Diaconis 和 Shahshahani 证明了更强的结论：不只是这个计数，整个次序都在这附近突然变得随机。
#
# </details>
#
# Follow one pixel. If it is at home, a swap takes it away with probability $2(n-1)/n^2$. If it is elsewhere, a
# swap brings it home with probability $2/n^2$. So the probability $p_t$ to be at home after $t$ swaps obeys
#
# $$p_{t+1} = \left(1 - \frac{2(n-1)}{n^2}\right) p_t + \frac{2}{n^2}\,(1 - p_t), \qquad\text{that is,}$$
#
# $$p_{t+1} - \frac1n = \left(1 - \frac2n\right)\left(p_t - \frac1n\right).$$
#
# Start from $p_0 = 1$ and add up the $n$ pixels. The mean number at home after $t$ swaps is
#
# $$n\,p_t = 1 + (n - 1)\left(1 - \frac{2}{n}\right)^{t},$$
#
# the dashed line of section 3. At $t = \tfrac12 n \ln n$ the second term is about $n \cdot e^{-\ln n} = 1$: from there on what is left of the old order is about as
# much as chance leaves anyway.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的值放在一起。凡带随机性的，课文写的是许多次运行的平均，你这一次会略有出入。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean
# over many runs, and yours is one more.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row where this run and the stated mean differ, and ask why.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 预处理放进模型；`Rescaling` 存一个数，`Lambda` 存一段代码。
# - 置换是一一对应，可以拆成对换；随机对换足够多次就洗匀了。
# - 权重固定、输入打乱：掉到瞎猜，还很自信。
# - 把第一层的行同样搬动，$f_P(Px)=f(x)$，严格成立；注意方向。
# - 重新训练毫无损失：不变的是假设空间；优化器一视同仁、初始化可交换，所以找得到。
# - 稠密（密集）特征的次序是约定；图像和序列的次序是信息，架构应当知道。
#
# </details>
#
# - Preprocess inside the model. `Rescaling` saves a number, `Lambda` saves code.
# - A permutation is a bijection and a chain of swaps; enough random swaps shuffle well.
# - Weights fixed, inputs shuffled: chance, with great confidence.
# - Move the first matrix's rows alike and $f_P(Px) = f(x)$, exactly. Mind the direction.
# - Trained again, nothing is lost. The hypothesis space is invariant; an optimiser that treats inputs alike and an exchangeable start let training find it.
# - The order of dense features is a convention. In images and series it is information, and the architecture should know.

# %% [markdown] tags=["instructor"]
# 1 minute. Let the class say the fourth line before you show it.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 训练好的全连接网络，权重固定，输入像素打乱，输出会变吗？
#
# B. 训练时把每张图随机平移一个像素做增强，能多认对一些。若先把像素打乱、再“平移”打乱后的图，还有帮助吗？
#
# C. 每张图各用一个不同的置换打乱，网络可以重新训练，结果会怎样？
#
# </details>
#
# **A.** A trained dense network. Weights fixed, the pixels of its input permuted. Does the output change?
#
# <details>
# <summary>Answer</summary>
#
# Yes, and accuracy falls to chance. "No" tempts because "dense networks are permutation invariant" is a true sentence, about the hypothesis space. The question
# asks about one function in it.
#
# 会变，准确率掉到瞎猜。答“不变”的人想的是假设空间，题目问的是其中一个固定的函数。
#
# </details>
#
# **B.** Training on copies shifted by one pixel helps on MNIST. You shuffle all images first, and shift the shuffled images. Does it still help?
#
# <details>
# <summary>Answer</summary>
#
# No, it does harm. A shifted cloud is no cloud that any digit makes, so the network learns from pictures that never come. "Yes, order does not matter" tempts, but the shift knows who is
# whose neighbour, and so breaks the symmetry. Shift first and shuffle afterwards, and the help is back in full.
#
# 没有，反而有害。打乱以后再移一格，得到的图谁也写不出来，网络白学了一堆不会出现的图。“反正次序无关”听着有理，可是平移这一步知道谁挨着谁。先平移、再打乱，帮助就一点不少。
#
# </details>
#
# **C.** Every image gets a permutation *of its own*. The network may train again. What happens?
#
# <details>
# <summary>Answer</summary>
#
# It falls far, though not quite to chance. Only the grey values of each image survive, without their places. A one has less ink than a zero,
# but a two and an eight have the same. "98 %" tempts because we just saw it; but then all images shared one permutation, and one matrix could undo it.
#
# 掉得很厉害，只比瞎猜好一些。每张图只剩下灰度的多少，位置全没了：“1” 的墨比 “0” 少，而 “2” 和 “8” 一样多。“98 %” 诱人是因为刚刚见过，可那时所有的图共用一个置换，一个矩阵就能还原。
#
# </details>

# %% [markdown] tags=["instructor"]
# 7 minutes. A is the sentence of section 6 once more, and half of the class will still get it wrong. For C, ask what survives before you unfold the answer.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 把一个置换拆成一串对换。写之前先预测：把 784 个像素倒过来排，最少要几次对换？换成一个随机的次序，最少又要几次？把两个数写下来。
# 2. 网络是在打乱的图上训练的，怎样改第一层的权重，让它直接用在没打乱的图上？小心方向。
# 3. 隐藏单元也可以打乱。要让输出不变，哪些数组的哪个轴要跟着动？
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. A permutation as swaps.* Given an order, return a list of pairs of places. Swapping them one after the other must turn 0 … n−1 into that order.
#
# **Predict first**, and write two numbers down: how few swaps turn 784 pixels back to front, and how few bring them into a random order? Is reversing the longer way?

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def to_swaps(order):
    return ...


def check_to_swaps(f):
    for wanted in ([0, 1, 2], [1, 0, 2], [2, 0, 3, 1], [3, 2, 4, 1, 0]):
        swaps = [pair for pair in f(list(wanted)) if misshapen(pair, (2,)) or pair[0] != pair[1]]
        if any(misshapen(pair, (2,)) for pair in swaps):
            return f"return a list of pairs of places such as [(0, 2), (1, 2)], not {swaps}"
        built = list(range(len(wanted)))
        for i, j in swaps:
            built[i], built[j] = built[j], built[i]
        if built != wanted and built == np.argsort(wanted).tolist():
            return (
                f"your swaps {swaps} lead from {wanted} back to {sorted(wanted)}: take them in reverse order"
            )
        if built != wanted:
            return f"your swaps {swaps} turn {sorted(wanted)} into {built}, and not into {wanted}"
        if len(swaps) >= len(wanted):
            return f"{len(wanted)} things never need more than {len(wanted) - 1} swaps; you used {len(swaps)}"


attempt(to_swaps, check_to_swaps)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def to_swaps_solution(order):
    current, swaps = list(range(len(order))), []
    for place in range(len(order)):
        found = current.index(order[place])
        if found != place:
            current[place], current[found] = current[found], current[place]
            swaps.append((place, found))
    return swaps


print("swaps back to front:", len(to_swaps_solution(list(range(784))[::-1])))
print("swaps into a random order:", len(to_swaps_solution(order.tolist())))
assert check_to_swaps(to_swaps_solution) is None

# %% [markdown]
# And your prediction? The two lines above answer it. Reversing takes one swap for each *pair* of pixels. A random order is the longer way: it takes 784 swaps less the number of its cycles, and
# those are few, seven or so.
#
# *2. The way back.* A network was trained on shuffled images `x[order]`; `W` is its first matrix. Return the matrix that makes it work on
# *plain* images. (Twenty permutations in section 5 tell what the wrong direction is worth.)


# %% tags=["nbval-check-output"]
def for_plain_images(W, order):
    return ...


def check_for_plain_images(f):
    for order in ([1, 0, 2, 3], [2, 0, 3, 1], [2, 0, 4, 1, 3]):
        n = len(order)
        x, W = 10.0 ** np.arange(n), np.arange(2.0 * n).reshape(n, 2)
        plain = f(W.copy(), np.array(order))
        if reason := misshapen(plain, W.shape):
            return reason
        if not np.allclose(x @ plain, x[order] @ W):
            hint = "right for a single swap, so ask which way the rows go: " if order[0] == 2 else ""
            wanted = f"for order {order} the plain image gives {x @ plain}, and should give {x[order] @ W}"
            return hint + wanted


attempt(for_plain_images, check_for_plain_images)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def for_plain_images_solution(W, order):
    return W[np.argsort(order)]


assert check_for_plain_images(for_plain_images_solution) is None

# %% [markdown]
# *3. Shuffle the hidden units.* Section 5 moved inputs. The units of a hidden layer may move as well: 256 factorial networks, one function. Given
# `W1, b1, W2` and an order of the hidden units, return the three arrays of a network with the units in that order and the same output.


# %% tags=["nbval-check-output"]
def shuffle_hidden(W1, b1, W2, order):
    return ...


def check_shuffle_hidden(f):
    rng = np.random.default_rng(0)
    x, W1, b1, W2 = (rng.normal(size=shape) for shape in ((5, 4), (4, 3), (3,), (3, 2)))
    order = np.array([2, 0, 1])
    moved = f(W1.copy(), b1.copy(), W2.copy(), order)
    if not isinstance(moved, tuple | list) or len(moved) != 3:
        return "return the three arrays W1, b1 and W2, in this order"
    for name, new, old in zip(("W1", "b1", "W2"), moved, (W1, b1, W2)):
        if reason := misshapen(new, old.shape):
            return f"{name}: {reason}; a unit is a *column* of W1 and a row of W2"
    V1, c1, V2 = moved
    if np.allclose(V1, W1[:, np.argsort(order)]):
        return "these are the units in the inverse order; unit `order[k]` goes to place k, so index with `order` itself"
    if not np.allclose(V1, W1[:, order]):
        return "W1 is not that of the units in the new order: a unit is a *column* of W1, and takes it along"
    if not np.allclose(c1, b1[order]):
        return "the units have left their biases behind: each owns one number of b1"
    if not np.allclose(np.maximum(x @ V1 + c1, 0) @ V2, np.maximum(x @ W1 + b1, 0) @ W2):
        return (
            "the hidden units are right and the output is not: who listens to a unit must move along with it"
        )


attempt(shuffle_hidden, check_shuffle_hidden)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def shuffle_hidden_solution(W1, b1, W2, order):
    return W1[:, order], b1[order], W2[order]


assert check_shuffle_hidden(shuffle_hidden_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Diaconis 与 Shahshahani 证明了洗牌的次数；Ng 以及 Li、Zhang、Arora 讲的是**旋转**输入（置换是其中一种）时保持不变的算法，以及它们为此要多用多少数据；Zhang 等人在打乱像素的图上训练大网络；Zaheer 等人讲的是另一种意义上的置换不变。
#
# </details>
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*, Proc. IEEE 86 (1998): where MNIST comes from.
# - P. Diaconis, M. Shahshahani, *Generating a random permutation with random transpositions*, Z. Wahrscheinlichkeitstheorie verw. Gebiete 57 (1981).
# - A. Ng, *Feature selection, L1 vs. L2 regularization, and rotational invariance*, ICML 2004: algorithms that do not notice a *rotation* of their inputs (a permutation is a special one), and what that costs.
# - Z. Li, Y. Zhang, S. Arora, [Why are convolutional nets more sample-efficient than fully-connected nets?](https://arxiv.org/abs/2010.08515), ICLR 2021: rotations again, and the data that a convolution saves.
# - C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, [Understanding deep learning requires rethinking generalization](https://arxiv.org/abs/1611.03530), ICLR 2017: shuffled pixels, and worse.
# - M. Zaheer et al., [Deep sets](https://arxiv.org/abs/1703.06114), NeurIPS 2017: invariance of the other kind, $f(Px) = f(x)$.
# - I-C. Yeh, *Modeling of strength of high-performance concrete using artificial neural networks*, Cement and Concrete Research 28 (1998): the table of section 8.
