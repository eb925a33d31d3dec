# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9 · Regularisation and generalisation: a network can learn noise by heart, so what keeps it honest?
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/09_regularisation.ipynb)
#
# Give a network 500 digits, and it learns to read thousands that it never saw. Give it the same digits with labels drawn by lot: what will it do? Every list of remedies against overfitting
# is the same: fewer parameters, dropout, batch normalisation, early stopping, augmentation, more data. We take them apart,
# and then try them all on the same 1,000 digits.
#
# **You will**
#
# - see a network learn random labels by heart, and measure bias and variance on a hundred training sets;
# - compare early stopping with ridge regression, direction by direction;
# - push a model through the point where it has as many parameters as data;
# - write dropout and batch normalisation by hand, each with the bug that goes with it;
# - compare the remedies fairly: on the same training sets, by two measures.
#
# **You need** lectures 1, 2, 3 and 4: the generalisation gap, least squares with fixed terms, softmax and backpropagation, Adam.
# **It takes** 85 minutes to teach and under 60 seconds to run on 2 CPU cores. The section marked ★ goes deeper: read it at home.
#
# **Figures in bold** were measured. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("09")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 A network that learns noise by heart
#
# <details>
# <summary>中文</summary>
#
# 本讲所有的网络都用 NumPy 手写：784 个像素，128 个 ReLU 隐藏单元，十类的 softmax，共 **101,770** 个参数。损失是交叉熵，训练用第四讲的 Adam，批大小 50。先取 500 张手写数字，参数是样本的两百多倍。
#
# 再把同样的 500 张图配上抽签得来的标签：图和标签之间没有任何关系可学。先投票，再往下读：随机标签要几倍的轮数才能全背下来，1 倍、3 倍、10 倍还是 100 倍？测试准确率呢？
#
# 随机标签也能全部背对，只是要 **3.5** 倍的轮数。可见网络有足够的容量把噪声背下来。测试集上两者天差地别：真标签 **87.1** %，随机标签 **10** %，等于瞎猜。
#
# 常听人说：“参数比数据多，所以一定过拟合。”这里两次训练的网络、优化器、参数个数完全一样，只有标签不同，一次能泛化，一次不能。所以单凭参数个数，解释不了泛化。也不能说它“背下来了，所以没学会”：真标签同样是一张不漏地背下来的。
#
# </details>
#
# All networks of this lecture are written in NumPy, so that you can see every remedy. The matrices are small, and one processor core handles them best.

# %%
from threadpoolctl import threadpool_limits
from utils.datasets import load_mnist

limits = threadpool_limits(1)
MNIST = ("mnist",)  # the data that claims rest on
(images, labels), (test_images, y_test) = load_mnist()

# %%
import numpy as np


def as_rows(images):
    """Return images as rows of 784 numbers between 0 and 1, float32."""
    return images.reshape(-1, 784).astype("float32") / 255


X_test = as_rows(test_images)
rng = np.random.default_rng(SEED)

# %% [markdown]
# One hidden layer of 128 ReLU units, then ten scores. The softmax of the scores is the prediction, as in lecture 3.


# %%
def start(rng, hidden=128):
    """Return random parameters W (784, hidden), b, V (hidden, 10), c; float32."""
    W = rng.normal(0, (2 / 784) ** 0.5, (784, hidden))
    V = rng.normal(0, (1 / hidden) ** 0.5, (hidden, 10))
    return [part.astype("float32") for part in (W, np.zeros(hidden), V, np.zeros(10))]


# %%
def scores(params, X):
    """Return the ten scores of each row of X, before the softmax: shape (n, 10)."""
    W, b, V, c = params
    return np.maximum(X @ W + b, 0) @ V + c


# %% tags=["nbval-check-output"]
claims.exact("parameters of the network", sum(part.size for part in start(rng)), "101,770")

# %% [markdown]
# That makes **101,770** parameters. Now the gradient of the mean cross-entropy: the "prediction minus target" of lecture 3, sent back through two layers. The argument
# `mask` waits for section 5.


# %%
def softmax(s):
    """Return the softmax of each row."""
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# %%
def gradients(params, X, targets, rng, mask=1):
    """Return the gradient of the mean cross-entropy by each part; the hidden units are multiplied by `mask`."""
    W, b, V, c = params
    h = np.maximum(X @ W + b, 0) * mask
    g = (softmax(h @ V + c) - targets) / len(X)
    gh = g @ V.T * mask * (h > 0)
    return [X.T @ gh, gh.sum(axis=0), h.T @ g, g.sum(axis=0)]


# %% [markdown]
# Adam, as in lecture 4, changes the parameters in place.


# %%
def adam(params, grads, memory, eps=1e-3):
    """Take one step of Adam; `memory` holds the number of steps and the two running means of each part."""
    memory["t"] += 1
    rate = eps * (1 - 0.999 ** memory["t"]) ** 0.5 / (1 - 0.9 ** memory["t"])
    for w, g, m, v in zip(params, grads, memory["m"], memory["v"]):
        m += 0.1 * (g - m)
        v += 0.001 * (g * g - v)
        w -= rate * m / (np.sqrt(v) + 1e-8)


# %% [markdown]
# The training loop hands out the parameters after every epoch. Another gradient, or an augmentation, is how most remedies will come in.


# %%
def training(X, y, rng, params, n_epochs=30, gradients=gradients, augment=None, size=50):
    """Train by Adam on batches of `size` rows, and yield a copy of the parameters after every epoch."""
    targets = np.eye(10, dtype="float32")[y]
    memory = {"t": 0} | {name: [np.zeros_like(part) for part in params] for name in "mv"}
    for _ in range(n_epochs):
        order = rng.permutation(len(X))
        for batch in order[: len(X) // size * size].reshape(-1, size):
            x = X[batch] if augment is None else augment(X[batch], rng)
            adam(params, gradients(params, x, targets[batch], rng), memory)
        yield [part.copy() for part in params]


# %%
def accuracy(s, y):
    """Return the share of rows whose largest score is at the right label, in per cent."""
    return 100 * np.mean(s.argmax(axis=1) == y)


# %% [markdown]
# Five hundred digits, fewer than one for every 200 parameters. And the same digits with labels drawn by lot.

# %%
chosen = rng.permutation(len(images))[:500]
X, y = as_rows(images[chosen]), labels[chosen]
drawn = rng.integers(10, size=500)
X.shape, y[:12], drawn[:12]

# %% [markdown]
# **Vote before you go on.** How many times as many epochs will labels by lot need until *all* training digits are right: 1, 3, 10 or 100? And what will the test accuracy be?

# %%
from tqdm import tqdm

learned, curves = {}, {}
for name, answers in (("true labels", y), ("random labels", drawn)):
    epochs = training(X, answers, np.random.default_rng(SEED), start(rng), n_epochs=120)
    history = list(tqdm(epochs, total=120, desc=name))
    curves[name] = np.array([accuracy(scores(params, X), answers) for params in history])
    learned[name] = history[-1]

# %% mystnb={"image": {"alt": "Training accuracy in per cent against the epoch, 1 to 120. With true labels the curve is near 90 after a few epochs and reaches 100 near epoch 20. With random labels it climbs slowly from 10 and reaches 100 near epoch 65."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
for name, curve in curves.items():
    plt.plot(np.arange(1, 121), curve, label=name)
plt.legend(loc="lower right")
plotting.show("Random labels take longer, and are learned completely", "epoch", "training accuracy (%)")

# %% tags=["nbval-check-output"]
epochs = {name: np.argmax(curve == 100) + 1 for name, curve in curves.items()}
tested = {name: accuracy(scores(params, X_test), y_test) for name, params in learned.items()}
claims.check(
    "epochs until all are right, random over true",
    epochs["random labels"] / epochs["true labels"],
    "3.5 times",
    band=(1.5, 10.2),  # in logarithms 2.9 and 4 sd away: lower, true labels would pass for random ones
    stand_in=None,  # its digits are more alike, and 120 epochs do not suffice
    data=MNIST,
)

# %% tags=["nbval-check-output"]
claims.check(
    "true labels, test accuracy",
    tested["true labels"],
    "87.1 %",
    band=(84.5, 89.5),
    stand_in=(93.5, None),
    data=MNIST,
)
claims.check(
    "random labels, test accuracy",
    tested["random labels"],
    "10 %",
    band=(4.5, 15.5),
    stand_in=(2, 20),
    data=MNIST,
)

# %% [markdown]
# Labels drawn by lot take **3.5 times** as many epochs as true ones, but in the end all 500 are right. This
# network can learn noise by heart. With true labels it reaches **87.1 %** on the test digits, with random ones **10 %**, a guess.
#
# You will hear: "it has more parameters than data, so it *must* overfit." Here are two trainings of one network, same optimiser, same number of
# parameters. One generalises and one does not. So that number alone cannot tell you which. And "it has
# learned by heart, so it has understood nothing" is no better: with true labels it *also* knows all 500 by heart.

# %% [markdown] tags=["instructor"]
# 10 minutes. Write the votes on the board: many say 100 times, or never. Likely question: "would 100,000 digits with random labels be learned as well?" We did
# not try. Labels are information, and from some number on 101,770 parameters can hold no more. Common confusion: learning by heart and overfitting are not the same; the gap is what counts.

# %% [markdown]
# ## 2 Bias and variance, measured
#
# <details>
# <summary>中文</summary>
#
# 偏差和方差通常只是画在黑板上，今天我们来量一量。设想有许多个训练集，每个都训练出一个模型，对同一套房子各报一个价。所有报价的平均离真价多远，叫**偏差**；各个报价围着平均值散得多开，叫**方差**。误差平方的期望恰好等于两者之和：$\mathbb{E}(\hat y-y)^2=(\bar y-y)^2+\mathrm{Var}\,\hat y$。
#
# 模型用最简单的 $k$ 最近邻：按面积和剩余年限找训练集里最近的 $k$ 套房，取平均价；算距离时，1 平方米和 1 年一样重。从组屋成交里抽 100 个训练集，每个 200 套，预测同样的 1,000 套。先投票，再往下读：$k=1$、10、100，哪个误差最小？$k$ 变大，偏差和方差各往哪边走？
#
# 单位是（十万新元）²。方差从 $k=1$ 到 $k=10$ 缩小到约 **8.4** 分之一：十个邻居取平均，差不多也就是除以十。偏差则越来越大，因为第十个邻居不如第一个相像。两者之和，$k=1$ 是 $k=10$ 的 **1.60** 倍，$k=100$ 又是 $k=10$ 的 **1.27** 倍，果然是一个 U 形。
#
# 有一点要老实交代：量到的“偏差²”里掺着噪声，因为面积和年限都一样的房子，价钱也不一样。只靠这些数据，偏差和噪声分不开；方差却是干净的。
#
# </details>
#
# Bias and variance are usually drawn on the board. We measure them. Imagine many training sets. Each gives a model, and each model predicts the price of the same flat. How far the *mean* prediction
# $\bar y$ lies from the price $y$ is the **bias**. How far the predictions scatter around their mean is the **variance**. For every flat, exactly,
#
# $$\mathbb{E}(\hat y - y)^2 = (\bar y - y)^2 + \operatorname{Var} \hat y,$$
#
# because $\hat y - y = (\hat y - \bar y) + (\bar y - y)$, and the first bracket is zero on average. The flats are the resales of lecture 1, described by area and
# remaining lease. Prices are in units of S\$100,000.

# %%
from utils.datasets import load_hdb

HDB = ("hdb_resale",)
sales = load_hdb()
lease = sales["remaining_lease"].str.extract(r"(\d+)(?:\D+(\d+))?").astype(float).fillna(0)
flats = np.column_stack([sales["floor_area_sqm"], lease[0] + lease[1] / 12])  # m², years
prices = sales["resale_price"].to_numpy() / 1e5
flats[:2], prices[:2]

# %% [markdown]
# The model is the simplest there is: **$k$ nearest neighbours**. Find the $k$ flats of the training set that are most alike, and answer with their mean price. In our distance one square metre counts as much as one year. Sorted once, the neighbours give the answers for all $k$.


# %%
def nearest_means(X, y, X_new):
    """Return the predictions of k-NN for every k: shape (len(X_new), len(X)), column k - 1 for k neighbours."""
    distances = ((X_new[:, None] - X) ** 2).sum(axis=2)
    near = np.argsort(distances, axis=1)
    return np.cumsum(y[near], axis=1) / np.arange(1, len(X) + 1)


# %% tags=["nbval-check-output"]
nearest_means(np.array([[0], [1], [5]]), np.array([3.0, 5.0, 10.0]), np.array([[0.2], [4.0]]))

# %% [markdown]
# Check the second row by hand: at 4 the nearest point is 5, with price 10. The two nearest give (10 + 5)/2 = 7.5, all three give 6.
#
# One hundred training sets of 200 flats, and 1,000 other flats to predict.

# %%
order = rng.permutation(len(flats))
unseen, pool = order[:1_000], order[1_000:]
len(unseen), len(pool)

# %%
k = np.array([1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100])
predictions = []
for _ in range(100):
    sample = rng.choice(pool, 200, replace=False)
    predictions.append(nearest_means(flats[sample], prices[sample], flats[unseen])[:, k - 1])
predictions = np.array(predictions)
predictions.shape  # training sets, flats, values of k

# %% [markdown]
# One flat first. Each dot is the answer of one training set.

# %% mystnb={"image": {"alt": "Three columns of a hundred dots each, for k = 1, 10 and 100 neighbours: the predicted prices of one flat by a hundred training sets. The column for k = 1 is spread widely, that for 10 much less, that for 100 is a tight cluster. A horizontal line marks the flat's price."}}
for place, j in enumerate((0, 5, 10)):
    sideways = place + 0.25 * np.random.default_rng(0).uniform(-1, 1, 100)
    plt.plot(sideways, predictions[:, 0, j], "o", alpha=0.5)
plt.axhline(prices[unseen[0]], color="0.3", linestyle="--")
plt.xticks(range(3), ["k = 1", "k = 10", "k = 100"])
plotting.show(
    "One flat, a hundred training sets: more neighbours, less scatter", "", "predicted price (S$100,000)"
)

# %% [markdown]
# The dashed line is what the flat was sold for. **Vote before you go on:** over all flats, which $k$ has the smallest error, 1, 10 or 100? When $k$ grows, what happens to the bias, and what to the variance?

# %%
import pandas as pd

errors = np.mean((predictions - prices[unseen][:, None]) ** 2, axis=(0, 1))
bias = np.mean((predictions.mean(axis=0) - prices[unseen][:, None]) ** 2, axis=0)
variance = np.mean(predictions.var(axis=0), axis=0)
print("bias² and noise + variance = error:", np.allclose(errors, bias + variance))
pd.DataFrame(
    {"bias² and noise": bias, "variance": variance, "error": errors}, index=pd.Index(k, name="k")
).round(2)

# %% mystnb={"image": {"alt": "Three curves against the number of neighbours k on a logarithmic axis. The variance falls steeply towards zero, squared bias with noise rises slowly, and their sum has the shape of a U with its bottom near ten neighbours."}}
plt.semilogx(k, errors, "o-", label="error")
plt.semilogx(k, bias, "s--", label="bias² + noise")
plt.semilogx(k, variance, "^-.", label="variance")
plt.xticks([1, 10, 100], ["1", "10", "100"])
plt.ylim(0, None)
plt.legend()
plotting.show("Variance falls, bias rises, their sum is a U", "neighbours k", "squared error, (S$100,000)²")

# %% tags=["nbval-check-output"]
claims.check(
    "variance with 1 neighbour over that with 10",
    variance[0] / variance[5],
    "8.4",
    band=(6.5, 10.5),
    stand_in=(8.3, 11.2),
    data=HDB,
)
claims.check(
    "error with 1 neighbour over that with 10",
    errors[0] / errors[5],
    "1.60 times",
    band=(1.43, 1.78),
    stand_in=(1.5, 2),
    data=HDB,
)
claims.check(
    "error with 100 neighbours over that with 10",
    errors[-1] / errors[5],
    "1.27 times",
    band=(1.08, 1.46),
    stand_in=(1.02, 1.3),
    data=HDB,
)

# %% [markdown]
# The sum is exact. From 1 to 10 neighbours the variance falls by a factor of **8.4**. Ten independent prices averaged would give 10. The bias grows, since
# the tenth neighbour is less alike than the first. The error with one neighbour is **1.60 times** that with ten, and with a hundred **1.27 times**: the U of the textbooks, measured.
#
# One limit: what we call bias² contains noise, for flats of the same area and lease are sold at different prices. These data cannot tell the two apart. The variance is clean: it compares predictions only.

# %% [markdown] tags=["instructor"]
# 10 minutes. Let the class explain the single flat before the curves. Common confusion: "variance" here is over *training sets*, for one flat, and not over flats. Likely question:
# "in practice I have one training set?" Then you cannot see the two parts, only the sum, on held-out data.

# %% [markdown]
# ## 3 Ridge and early stopping
#
# <details>
# <summary>中文</summary>
#
# 方差太大，就要管住模型。最古老的办法是**岭回归**：在风险后面加上 $\frac{\lambda}{2}\lVert w\rVert^2$。另一个办法什么也不加，只是从零出发走几步梯度下降就停，叫**早停**。两者看上去毫不相干。
#
# 用奇异值分解 $X=UDV^\top$，令 $s_j=d_j^2/n$。沿第 $j$ 个方向，最小二乘的解在岭回归里乘上 $\frac{s_j}{s_j+\lambda}$，走 $t$ 步以后乘上 $1-(1-\varepsilon s_j)^t$。两个因子都在 0 与 1 之间，都是大方向保留、小方向压掉。令 $\lambda=1/(\varepsilon t)$，步长很小时两条曲线相差至多 **0.204**，发生在 $\varepsilon t s=$ **2.51** 处。（下面用的 $\varepsilon=1/s_1$ 并不小：走一步，最大的方向已全部通过，岭回归只放过一半。）
#
# 500 张数字，用像素做线性最小二乘。先投票，再往下读：走一百万步，测试误差比全答 0（0.9）大还是小？两种办法各自调到最好，预测相差多少？
#
# 走一百万步，测试误差是 **6.5**，比什么都不学还糟得多；最好的岭回归是 **0.453**。
#
# 早停也到这个谷底，但谷底一样高还不说明是一回事：只保留前若干个方向的“截断”，谷底也高不了多少。要比的是预测本身：截断与岭回归的距离，是早停与岭回归的 **7.5** 倍。两个最优点上 $\lambda\varepsilon t$ 约为 **0.55**，和 1 是同一个量级。强度都是在另外 1,000 张图上选的，测试图没有参与。离开谷底，两条曲线就分开了，见图：早停“差不多就是”岭回归，只在用得好的时候成立。
#
# </details>
#
# To lower a variance, hold the model back. **Ridge regression** does so openly: add $\tfrac{\lambda}{2}\lVert w\rVert^2$ to the risk. **Early stopping** adds nothing: start at zero, take some steps of
# gradient descent, and stop. What have the two to do with each other?
#
# In linear least squares everything can be computed. We take 500 digits, pixels in, one number for each class out (1 or 0, less the mean 0.1), $R(w) = \tfrac{1}{2n}\lVert Xw - Y\rVert^2$.

# %%
order = rng.permutation(len(images))
fit_on, choose_on = order[:500], order[500:1_500]
mean_image = as_rows(images[fit_on]).mean(axis=0)
X = (as_rows(images[fit_on]) - mean_image).astype("float64")
X.shape

# %%
Y = np.eye(10)[labels[fit_on]] - 0.1
U, d, Vt = np.linalg.svd(X, full_matrices=False)
large = d > 1e-4  # along the others these digits do not differ
U, d, Vt = U[:, large], d[large], Vt[large]
s = d**2 / 500

# %% [markdown]
# Write $X = U D V^\top$ with singular values $d_j$, and $s_j = d_j^2/n$. Along each direction $v_j$ both methods multiply the least-squares answer by a factor between 0 and 1:
#
# $$\text{ridge:}\quad \frac{s_j}{s_j + \lambda}, \qquad\quad t \text{ steps:}\quad 1 - (1 - \varepsilon s_j)^t.$$
#
# The second holds since each step leaves a share $1 - \varepsilon s_j$ of what is missing. So directions in which the digits vary much pass, the others are damped.


# %%
def ridge_factors(s, lam):
    """Return what ridge leaves of the least-squares answer along directions of mean square s."""
    return s / (s + lam)


# %%
def steps_factors(s, t, eps):
    """Return the same for t steps of gradient descent from zero at the rate eps."""
    return 1 - (1 - eps * s) ** t


# %%
def damped(factors, U, d, Vt, Y):
    """Return the least-squares weights, each direction multiplied by its factor: shape (features, classes)."""
    return Vt.T @ ((factors / d)[:, None] * (U.T @ Y))


# %% [markdown]
# We check ridge against its equation, and descent against a loop of 50 steps.

# %% tags=["nbval-check-output"]
solved = np.linalg.solve(X.T @ X / 500 + 0.1 * np.eye(784), X.T @ Y / 500)
bool(np.allclose(solved, damped(ridge_factors(s, 0.1), U, d, Vt, Y)))

# %% tags=["nbval-check-output"]
eps = 1 / s[0]
w = np.zeros((784, 10))
for _ in range(50):
    w -= eps * X.T @ (X @ w - Y) / 500
bool(np.allclose(w, damped(steps_factors(s, 50, eps), U, d, Vt, Y)))

# %% [markdown]
# Both agree. For a small ε the second factor is nearly $1 - e^{-\varepsilon t s}$. Now set $\lambda = 1/(\varepsilon t)$, and draw the two against $\varepsilon t s$.

# %% mystnb={"image": {"alt": "Two S-shaped curves rising from 0 to 1 on a logarithmic axis: the factor of gradient descent, 1 minus e to the minus x, and that of ridge, x over 1 plus x. They agree for small and for large x; between, the first lies a little higher, by at most a fifth."}}
x = np.geomspace(0.01, 100, 20_001)
by_steps, by_ridge = 1 - np.exp(-x), x / (1 + x)
plt.semilogx(x, by_steps, label="t steps: 1 − exp(−εts)")
plt.semilogx(x, by_ridge, label="ridge with λ = 1/(εt)")
plt.legend()
plotting.show("Two ways to damp a direction, nearly the same", "ε t s", "factor left")

# %% tags=["nbval-check-output"]
claims.exact("largest distance of the factors", (by_steps - by_ridge).max(), "0.204")
claims.exact("where it lies", x[(by_steps - by_ridge).argmax()], "2.51")

# %% [markdown]
# For a small ε they differ by at most **0.204**, at $\varepsilon ts =$ **2.51**. (Our ε is as large as $1/s_1$: after one step the largest direction has passed whole, with ridge by half.) **Vote before you go on:** after a million steps, will the test error
# lie above or below that of the answer "all zero", 0.9? And how far apart are the predictions of the two methods at their best?
#
# The strengths are chosen on 1,000 digits that neither the fit nor the test uses. A third method stands by for comparison: keep the first few directions whole and drop the rest, a hard **cut-off**.

# %%
t = np.unique(np.geomspace(1, 1e6, 41).round())
ways = {
    "early stopping": np.array([steps_factors(s, steps, eps) for steps in t]),
    "ridge": np.array([ridge_factors(s, 1 / (eps * steps)) for steps in t]),
    "cut-off": np.array([np.arange(len(s)) < kept for kept in range(10, 201, 5)]),
}


# %%
def squared_errors(rows, X_new, y_new):
    """Return for each row of factors the mean squared error at new digits, summed over the ten outputs."""
    Y_new = np.eye(10)[y_new] - 0.1
    fits = [X_new @ damped(row, U, d, Vt, Y) for row in rows]
    return np.array([np.mean(np.sum((fit - Y_new) ** 2, axis=1)) for fit in fits])


# %%
X_choose, X_report = as_rows(images[choose_on]) - mean_image, X_test - mean_image
best = {way: int(np.argmin(squared_errors(rows, X_choose, labels[choose_on]))) for way, rows in ways.items()}
to_report = {way: squared_errors(ways[way], X_report, y_test) for way in ("early stopping", "ridge")}
{way: (t[best[way]], error[best[way]].round(3)) for way, error in to_report.items()}

# %% mystnb={"image": {"alt": "Test error against the number of steps t, or 1 over epsilon lambda for ridge, both axes logarithmic. Both curves form a U: they fall from near 0.65 to a common bottom near 0.46 at some twenty to forty, and rise to about 6 at a million, ridge a little ahead."}}
for (way, error), style in zip(to_report.items(), ("o-", "s--")):
    plt.loglog(t, error, style, markersize=5, label=way)
plt.minorticks_off()
plt.yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
plt.legend(loc="upper left")
plotting.show(
    "The same bottom, reached by stopping or by shrinking", "steps t, or 1/(ελ)", "squared test error"
)

# %%
at_best = {way: X_report @ damped(ways[way][j], U, d, Vt, Y) for way, j in best.items()}
distance = {
    way: np.mean(np.sum((at_best[way] - at_best["ridge"]) ** 2, axis=1))
    for way in ("early stopping", "cut-off")
}
distance

# %% tags=["nbval-check-output"]
claims.check(
    "a million steps, squared error",
    to_report["early stopping"][-1],
    "6.5",
    band=(2.5, None),
    stand_in=(0.33, None),
    data=MNIST,
)
claims.check(
    "best ridge, squared error",
    to_report["ridge"][best["ridge"]],
    "0.453",
    band=(0.435, 0.475),
    stand_in=(0.29, 0.372),
    data=MNIST,
)

# %% tags=["nbval-check-output"]
claims.check(
    "distance to ridge, cut-off over early stopping",
    distance["cut-off"] / distance["early stopping"],
    "7.5 times",
    band=(3, 15),
    stand_in=None,  # the best strengths lie far apart on the flat bottom of its small digits
    data=MNIST,
)
claims.check(
    "λεt at the two optima",
    t[best["early stopping"]] / t[best["ridge"]],
    "0.55",
    band=(0.15, 1.3),
    stand_in=None,  # as above
    data=MNIST,
)

# %% [markdown]
# After a million steps the error is **6.5**, far worse than to learn nothing. The best ridge has **0.453**. Early stopping reaches that bottom too. But equal bottoms do not make one remedy: the cut-off's is not much higher. So we compare predictions. The cut-off's lie **7.5 times** as far from the ridge's as those of early stopping do. And at the two
# optima $\lambda\varepsilon t$ is about **0.55**, of the order of 1, as the formula wants it.
#
# So used well, the two are nearly the same remedy, and early stopping tries all strengths in one run. Away from the bottom the curves part: "early stopping *is* ridge" is too short.

# %% [markdown] tags=["instructor"]
# 12 minutes. Ask what each factor is for s = 0 and for s → ∞ before drawing. Likely question: "and in a network?" There is no such formula; the picture, large directions first, is still a good guide. Common confusion:
# more λ is *fewer* steps.

# %% [markdown]
# ## 4 More parameters than data
#
# <details>
# <summary>中文</summary>
#
# 第二节的 U 形似乎在说：参数越多越糟。第一节的网络却有两百倍于数据的参数。我们把参数个数 $p$ 一路推过数据个数 $n$，看看会发生什么。
#
# 先玩一维的：12 个带噪声的点，$p$ 个余弦 $\cos(k\pi x)/k$。$p<12$ 是普通的最小二乘；$p>12$ 有无穷多条曲线穿过所有的点，取权重范数最小的那条。系数里的 $1/k$ 让快波显得“贵”，所以范数小就意味着慢波多。先投票，再往下读：$p=5$、12、1,000，哪条曲线最好，哪条最坏？
#
# 抽 100 次，取误差的中位数：12 项大得离谱；1,000 项又降下来，是 5 项的 **1.1** 倍。正好 $p=n$ 时，只有一条曲线能穿过所有的点，不管它多难看都得要它；项数再多，就有得挑了，可以挑温和的。
#
# 数字图像上更有意思：400 张图，$p$ 个随机 ReLU 特征。$p=400$ 时错 **86** %，和瞎猜差不多；$p=4{,}000$ 时的错误率只有 $p=100$ 时的 **0.46** 倍。这叫**双下降**。原因在权重：$p=400$ 时的范数是 $p=4{,}000$ 时的 **200** 倍。
#
# 加上 $\lambda=3$ 的岭，峰就没有了，$p=400$ 只错 **17** %。那么 $p=4{,}000$ 时还要不要岭？$\lambda=3$ 在那里相对弱了十倍，所以再试十倍强的 $\lambda=30$：也没有好处，省的是 **−0.2** 个百分点。标签干净时，最小范数本身就够了。
#
# </details>
#
# The U of section 2 seems to say: beyond some size, more freedom only hurts. Section 1's network has 200 times more parameters than data. We push the number of parameters $p$ through the number of data $n$.
#
# First in one dimension: 12 noisy points on a wave, and lecture 2's cosines, the faster the smaller: $1, \cos(\pi x), \cos(2\pi x)/2, \cos(3\pi x)/3, \dots$ For $p < 12$ this is least squares. For $p > 12$ infinitely many
# curves pass through all the points, and `lstsq` takes the one with the *smallest weights*. A fast wave needs a large weight, so small weights mean a calm curve.


# %%
def shrinking_cosines(x, p):
    """Return the p columns 1, cos(πx), cos(2πx)/2, …, cos((p − 1)πx)/(p − 1)."""
    k = np.arange(p)
    return np.cos(np.pi * k * np.asarray(x)[:, None]) / np.maximum(k, 1)


# %%
def minimum_norm(A, y):
    """Return the weights of least squares, the shortest if there are many."""
    return np.linalg.lstsq(A, y, rcond=None)[0]


# %%
def wave_points(rng, n=12):
    """Return n random places in [0, 1] and noisy values of one wave there."""
    x = rng.random(n)
    return x, np.sin(2 * np.pi * x) + 0.2 * rng.normal(size=n)


# %% [markdown]
# Here is the fit with five terms.


# %% mystnb={"image": {"alt": "Twelve noisy points, the grey wave they came from, and the fitted curve with five terms, which follows the wave."}}
def draw_fit(p):
    """Draw the minimum-norm fit of p cosines to twelve points, and title it with its error."""
    x, y = wave_points(np.random.default_rng(0))
    line = np.linspace(0, 1, 1_001)
    curve = shrinking_cosines(line, p) @ minimum_norm(shrinking_cosines(x, p), y)
    plt.plot(line, np.sin(2 * np.pi * line), color="0.75", linewidth=7, linestyle="-", label="truth")
    plt.plot(line, curve, color="C0", linestyle="-", label=f"fit, p = {p}")
    plt.plot(x, y, "ko", label="12 points")
    plt.ylim(-3, 3)
    plt.legend(loc="upper right")
    error = np.sqrt(np.mean((curve - np.sin(2 * np.pi * line)) ** 2))
    plotting.show(f"p = {p}: RMS error {error:.2f}", "x", "y")


draw_fit(5)

# %% [markdown]
# **Vote before you go on.** We shall take p = 5, 12 and 1,000. Which curve will be best, which worst? Then move the slider through the peak. (On GitHub and on paper there is no slider; call `draw_fit` with other numbers.)

# %% mystnb={"image": {"alt": "The same twelve points with twelve terms, the slider's start: the fitted curve passes through every point and swings far off the picture between them."}}
from ipywidgets import SelectionSlider, interact

slider = SelectionSlider(
    options=[2, 3, 5, 8, 10, 11, 12, 13, 14, 16, 20, 30, 100, 1_000], value=12, description="p"
)
explored = interact(draw_fit, p=slider)

# %% [markdown]
# One draw is an anecdote. The median error over 100 draws:


# %%
def wave_errors(sizes, rng, n=12):
    """Return the RMS error of the minimum-norm fit with p cosines to n new points, for each p in sizes."""
    x, y = wave_points(rng, n)
    line = (np.arange(400) + 0.5) / 400
    fits = [shrinking_cosines(line, p) @ minimum_norm(shrinking_cosines(x, p), y) for p in sizes]
    return [np.sqrt(np.mean((fit - np.sin(2 * np.pi * line)) ** 2)) for fit in fits]


# %%
terms = [5, 12, 1_000]
toy = np.median([wave_errors(terms, rng) for _ in range(100)], axis=0)
dict(zip(terms, toy.round(2)))

# %% tags=["nbval-check-output"]
claims.check("wave, 1,000 terms over 5 terms", toy[2] / toy[0], "1.1 times", band=(0.75, 1.5))

# %% [markdown]
# Twelve terms leave an absurd error, and a thousand **1.1 times** that of five. With exactly as many terms as points there is *one* curve through all of them, and we must take it, however wild. With more terms there is a choice, and the smallest weights are the calm one.
#
# Here the thousand terms only come back to where five were. Now digits: 400 of them, and $p$ random ReLU features, a network whose first layer is drawn once and never trained. Beside the minimum norm we fit two ridges,
# λ = 3 and λ = 30, not tuned. (With ten times as many features, the sums that λ is added to are ten times as large.)


# %%
def ridge(A, Y, lam):
    """Return the ridge weights A'(AA' + λI)⁻¹Y, which equal (A'A + λI)⁻¹A'Y and suit wide matrices."""
    return A.T @ np.linalg.solve(A @ A.T + lam * np.eye(len(A)), Y)


# %%
def feature_errors(X, y, X_new, y_new, sizes, rng, lams=(0, 3, 30)):
    """Fit one-hot labels on the first p random ReLU features of X, for each p in sizes and each λ (0: minimum norm).

    Returns, of shape (len(lams), len(sizes), 2): wrong (%) at the new digits, and the norm of the weights.
    """
    W = rng.normal(size=(X.shape[1], max(sizes)))
    W /= np.linalg.norm(W, axis=0)
    A, A_new = (np.maximum((rows - X.mean(axis=0)) @ W, 0) for rows in (X, X_new))
    Y = np.eye(10)[y] - 0.1
    found = np.zeros((len(lams), len(sizes), 2))
    for i, j in np.ndindex(len(lams), len(sizes)):
        part = A[:, : sizes[j]]
        w = ridge(part, Y, lams[i]) if lams[i] else minimum_norm(part, Y)
        found[i, j] = 100 - accuracy(A_new[:, : sizes[j]] @ w, y_new), np.linalg.norm(w)
    return found


# %%
sizes = [20, 50, 100, 200, 300, 380, 400, 420, 500, 800, 1_500, 4_000]
peaks = []
for _ in tqdm(range(3), desc="draws of 400 digits"):
    seen, asked = rng.permutation(len(images))[:400], rng.permutation(len(X_test))[:2_000]
    peaks.append(
        feature_errors(as_rows(images[seen]), labels[seen], X_test[asked], y_test[asked], sizes, rng)
    )
wrong, norms = np.moveaxis(np.median(peaks, axis=0), 2, 0)
wrong.round(1)

# %% mystnb={"image": {"alt": "Two panels against the number of features p, 20 to 4,000, with a vertical line at 400. Left, wrong test digits: the minimum norm falls to about 27 per cent near 100 to 200, shoots up to about 90 at 400 and falls to 13 at 4,000; both ridges have no peak. Right, the norm of the weights: that of the minimum norm peaks at 400 by a factor of more than a hundred, those of the ridges stay small."}}
fig, axes = plt.subplots(1, 2)
for way, (name, style) in enumerate(
    (("minimum norm", "o-"), ("ridge, λ = 3", "s--"), ("ridge, λ = 30", "^-."))
):
    axes[0].semilogx(sizes, wrong[way], style, label=name)
    axes[1].loglog(sizes, norms[way], style, label=name)
for ax, ylabel in zip(axes, ("wrong test digits (%)", "norm of the weights")):
    ax.axvline(400, color="0.5", linewidth=1.5, linestyle="-")
    ax.set(
        xlabel="random features p",
        ylabel=ylabel,
        xticks=[20, 100, 400, 4000],
        xticklabels=["20", "100", "400", "4,000"],
    )
axes[0].legend()
fig.suptitle("The error peaks where p = n, because the weights do", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
claims.check(
    "minimum norm, 400 features, wrong", wrong[0, 6], "86 %", band=(75, 95), stand_in=(70, 95), data=MNIST
)
claims.check(
    "wrong, 4,000 features over 100",
    wrong[0, -1] / wrong[0, 2],
    "0.46 times",
    band=(0.38, 0.55),
    stand_in=(None, 0.65),
    data=MNIST,
)
# In logarithms the mean is 5.0 and the sd 0.85: the edge is four of them away.
claims.check(
    "norm, 400 features over 4,000", norms[0, 6] / norms[0, -1], "200 times", band=(5, None), data=MNIST
)
claims.check(
    "ridge, λ = 3, 400 features, wrong", wrong[1, 6], "17 %", band=(14, 20), stand_in=(0.9, 5.8), data=MNIST
)
claims.check(
    "what λ = 30 gains at 4,000 features",
    wrong[0, -1] - wrong[2, -1],
    "−0.2 points",
    band=(-1.7, 1.2),
    stand_in=(-3.8, 1.7),
    data=MNIST,
)

# %% [markdown]
# At 400 features **86 %** are wrong, nearly a guess. At 4,000 it is **0.46 times** as many as at 100, before the peak. This is **double descent**. The reason is in the right panel: the weights at 400 are **200 times** as long as at 4,000. At $p = n$ they must be huge to hit every label. Past it, more
# features allow smaller weights.
#
# The peak can be avoided, too. With the ridge λ = 3, 400 features get **17 %** wrong. Do we still need one at 4,000? Even λ = 30 gains nothing, **−0.2 points**: with clean labels the minimum norm has done the work. (Section 8 changes the labels.) So in these models the count of parameters alone is a poor measure of freedom. It also matters
# how large the weights must be, and which solution your algorithm prefers among the many.

# %% [markdown] tags=["instructor"]
# 13 minutes. Let a student move the slider: 10, 11, 12, 13. Likely question: "so always take more parameters?" On the wave it brought nothing over five terms, and with noisy labels an explicit ridge still wins (section 8). Common confusion: the peak is at p = n for
# least squares; in a trained network its place depends on the training, too.

# %% [markdown]
# ## 5 Dropout by hand
#
# <details>
# <summary>中文</summary>
#
# **Dropout** 在训练的每一步随机关掉一部分隐藏单元，概率为 $p$；留下的除以 $1-p$，平均值就不变。测试时什么都不关。所以训练的其实是许多共用权重的小网络，测试用的是一个大网络。凭什么说大网络能代表它们的平均？
#
# 只有一层 softmax 时可以精确回答。三个输入，$2^3=8$ 个掩码，八个预测。先猜再看：权重减半的网络，等于八个预测的算术平均，还是几何平均？第一类的概率，权重减半是 **0.622**，归一化以后的几何平均也是 **0.622**，算术平均却是 **0.560**。因为 softmax 的对数等于分数减去一个各类共同的数；这个数随掩码而变，但归一化以后就约掉了，剩下的是分数的平均，也就是输入减半时的分数。
#
# 训练出来的网络中间隔着 ReLU 和训练，公式不再保证什么，只能量（只平均隐藏层的掩码）：不关的大网络和 100 个掩码的平均，标签有 **99.4** % 相同，便宜的做法替得了昂贵的做法。可是别急着夸 dropout：从没见过掩码的普通网络，也有 **98.7** % 相同。
#
# 最后是一个常见的错：训练时忘了除以 $1-p$。先投票，再往下读：准确率会掉多少？对数损失呢？我们照着这个错真的训练了一遍：准确率变化 **−0.6** 个百分点，单看它几乎察觉不了；对数损失却升高 **0.27**，因为测试时各层都比训练时大，概率变得过分自信。
#
# </details>
#
# **Dropout** switches units off at random in every training step, each with probability $p$, and divides what is left by $1 - p$, so that the mean stays what it was. At test time nothing is switched off.


# %%
def keep_mask(shape, p, rng):
    """Return an array of 0 (with probability p) and 1/(1 − p), float32."""
    return (rng.random(shape, dtype="float32") >= p).astype("float32") / (1 - p)


# %%
def with_dropout(params, X, targets, rng, mask_of=keep_mask):
    """Return the gradient with a fifth of the pixels and half of the hidden units switched off, anew in each row."""
    X = X * mask_of(X.shape, 0.2, rng)
    return gradients(params, X, targets, rng, mask=mask_of((len(X), len(params[1])), 0.5, rng))


# %%
mask = keep_mask((10_000,), 0.5, rng)
mask[:8], mask.mean().round(2)

# %% [markdown]
# So we train a crowd of thinned networks that share their weights, and test *one* full network. Why may it speak for the crowd? For a single softmax layer the answer is exact. Three inputs have $2^3 = 8$ masks, so eight predictions.

# %% tags=["nbval-check-output"]
h = np.array([2.0, 2.0, -2.0])
W = np.array([[2.0, 0.0], [-1.0, 0.0], [0.5, 0.0]])
masks = np.array(list(np.ndindex(2, 2, 2)))
eight = softmax(masks * h @ W)[:, 0]  # the probability of the first class
eight.round(3)

# %% [markdown]
# **Guess first.** We replace the crowd by one network with halved weights. Is that the arithmetic mean of the eight predictions, or the geometric one (scaled so that the two classes add up to 1)?

# %% tags=["nbval-check-output"]
halved = softmax(h[None] / 2 @ W)[0, 0]
roots = np.prod(softmax(masks * h @ W), axis=0) ** (1 / 8)
claims.exact("halved weights, first class", halved, "0.622")
claims.exact("geometric mean of eight masks", roots[0] / roots.sum(), "0.622")
claims.exact("arithmetic mean of eight masks", eight.mean(), "0.560")

# %% mystnb={"image": {"alt": "Eight dots, the probability of the first class under each mask, between a tenth and nearly one. A solid line marks halved weights; crosses for the geometric mean lie on it, a dashed line for the arithmetic mean lies below."}}
plt.plot(range(1, 9), eight, "o", color="C2", label="one mask each")
plt.axhline(halved, color="C0", linestyle="-", label="halved weights")
plt.plot(range(1, 9), [roots[0] / roots.sum()] * 8, "kx", label="geometric mean")
plt.axhline(eight.mean(), color="C1", linestyle="--", label="arithmetic mean")
plt.ylim(0, 1.05)
plt.legend(loc="lower right")
plotting.show("Halved weights give the geometric mean, not the arithmetic", "mask", "probability of class 1")

# %% [markdown]
# Halved weights say **0.622**, the geometric mean **0.622**, the arithmetic mean **0.560**. The reason: the logarithm of a softmax is the score less a number that is the same for every class. That number differs from mask to mask, but it falls out when we scale the probabilities to add up to 1. What is left is the mean score, and that belongs to the mean input, half of it.
#
# With a ReLU between, nothing is promised. We measure, on three training sets of 1,000 digits that section 7 will use again.

# %%
n = min(1_000, len(images) // 5)  # 1,000 of MNIST; the stand-in is smaller
sets = [rng.permutation(len(images))[: 4 * n] for _ in range(3)]


# %%
def fitted(number, n=n, hidden=128, extra=(), n_epochs=60, **recipe):
    """Train on the first n digits of a set, from a start of its own; return the parameters after every epoch."""
    rng = np.random.default_rng([SEED, number])
    X, y = as_rows(images[sets[number][:n]]), labels[sets[number][:n]]
    params = start(rng, hidden) + [part.copy() for part in extra]
    return list(training(X, y, rng, params, n_epochs, **recipe))


# %%
plain = [fitted(number) for number in tqdm(range(3), desc="no dropout")]
with_masks = [fitted(number, gradients=with_dropout) for number in tqdm(range(3), desc="dropout")]


# %%
def log_loss(p, y):
    """Return the mean cross-entropy of probabilities p at the labels y."""
    return -np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)))


# %% [markdown]
# On how many of 2,000 test digits does the full network agree with *one* random mask of its hidden units, and with the mean of 100? The control is a network that was trained without any mask.


# %%
def agreement(params, X, rng):
    """Return on what share of X (%) the full network gives the label of one mask, and of the mean of 100 masks."""
    W, b, V, c = params
    h = np.maximum(X @ W + b, 0)
    crowd = [softmax(h * keep_mask(h.shape, 0.5, rng) @ V + c) for _ in range(100)]
    full = (h @ V + c).argmax(axis=1)
    return accuracy(crowd[0], full), accuracy(np.mean(crowd, axis=0), full)


asked = X_test[rng.permutation(len(X_test))[:2_000]]
trained = {"with dropout": with_masks, "without": plain}
agreed = {
    name: np.mean([agreement(history[-1], asked, rng) for history in histories], axis=0)
    for name, histories in trained.items()
}
agreed

# %% tags=["nbval-check-output"]
claims.check(
    "full network agrees with 100 masks",
    agreed["with dropout"][1],
    "99.4 %",
    band=(98.7, None),
    stand_in=(98.7, None),
    data=MNIST,
)
claims.check(
    "trained without, agrees with 100 masks",
    agreed["without"][1],
    "98.7 %",
    band=(97.9, 99.5),
    stand_in=(96, 100),
    data=MNIST,
)

# %% [markdown]
# The full network and the mean of 100 masks give the same label for **99.4 %** of the digits; one mask alone agrees less. So the cheap rule stands for the expensive one. But a network that never saw a mask also agrees with its hundred thinned copies, on **98.7 %**.
#
# Now a bug. Somebody forgets the division by $1 - p$ in training, so at test time all layers are larger than the network was trained for. **Vote before you go on:** how much accuracy will that cost? And what will the log loss say?


# %%
def undivided(shape, p, rng):
    """Return an array of 0 (with probability p) and 1: the mask without its division."""
    return (keep_mask(shape, p, rng) > 0).astype("float32")


def with_bug(params, X, targets, rng):
    """Return the gradient of `with_dropout`, its division forgotten."""
    return with_dropout(params, X, targets, rng, mask_of=undivided)


# %%
with_bugs = [fitted(number, gradients=with_bug) for number in tqdm(range(3), desc="division forgotten")]
on_test = {
    name: [scores(history[-1], X_test) for history in histories]
    for name, histories in (("right", with_masks), ("bug", with_bugs))
}
verdicts = {
    name: np.mean([[accuracy(s, y_test), log_loss(softmax(s), y_test)] for s in on_test[name]], axis=0)
    for name in on_test
}
verdicts

# %% tags=["nbval-check-output"]
cost, dearer = verdicts["bug"] - verdicts["right"]
claims.check(
    "division forgotten, change of accuracy",
    cost,
    "−0.6 points",
    band=(-1.6, 0.2),
    stand_in=(-3, 3),
    data=MNIST,
)
claims.check(
    "division forgotten, rise of the log loss",
    dearer,
    "0.27",
    band=(0.15, 0.35),
    stand_in=None,  # after 360 steps on 300 digits the network is not sure enough of itself to be hurt
    data=MNIST,
)

# %% [markdown]
# The accuracy changes by **−0.6 points**. Would you have noticed? The log loss rises by **0.27**: the network has become far too sure of itself. Look at two measures, always.

# %% [markdown] tags=["instructor"]
# 11 minutes. Do two of the eight masks by hand. Likely question: "Keras?" `keras.layers.Dropout(0.5)` divides in training, as we do, and does nothing at test time. Only hidden masks are averaged here, not the pixel masks of training. Common confusion: the rate is the share that is *dropped*.

# %% [markdown]
# ## 6 Batch normalisation: who else is in the batch?
#
# <details>
# <summary>中文</summary>
#
# **批归一化**对每个隐藏单元的输入，减去这一批的均值，除以这一批的标准差，再乘 $\gamma$ 加 $\beta$（讲义写作 $\alpha$、$\beta$，Keras 写作 gamma、beta）。要点是“这一批”：一张图的答案取决于同一批里还有谁。训练时可以接受，测试时就不行，所以推断时改用训练集的统计量。
#
# 假如忘了切换，测试时还用批里的统计量，会怎样？先投票，再往下读：批大小为 64，测试图随机排列；批大小为 64，测试图按类别排好；每批只有 1 张。
#
# 忘了切换：64 张随机一批，准确率只比正常的推断模式低 **0.6** 个百分点；按类别排好，只剩 **23** %；一张一批等于瞎猜：减去自己的均值，什么都不剩了。按类别排好时，每批的均值正好是这一类的特征，减掉的恰恰是答案。同样的网络，同样的图，只是排队的次序不同。
#
# Keras 推断时用滑动平均，动量默认 0.99。训练 20 步以后，平均值里还有 **82** % 是最初的 0 和 1；动量 0.9 时只剩 **12** %。所以刚开始训练时，验证准确率可能低得吓人，那多半不是过拟合（这里没有跑 Keras）。
#
# 2015 年的论文说它有效是因为减小了“内部协变量偏移”，后来的研究对这个解释提出了疑问。
#
# </details>
#
# **Batch normalisation** takes the input of each hidden unit, subtracts the batch's mean, divides by the batch's standard deviation, then multiplies by γ and adds β, two learned numbers for each unit. (Our notes write α and β, Keras gamma and beta.) The point
# is in the word *batch*: what the network says of a digit depends on who shares its batch. At test time we take the statistics of the training digits instead, once and for all. One function can do both.


# %%
def normalised(z, like):
    """Return the columns of z less the means of `like`, over its standard deviations."""
    return (z - like.mean(axis=0)) / np.sqrt(like.var(axis=0) + 1e-3)


# %%
def bn_scores(params, X, like):
    """Return the scores of X, hidden units normalised by the statistics of the digits `like`."""
    W, beta, V, c, gamma = params
    return np.maximum(normalised(X @ W, like @ W) * gamma + beta, 0) @ V + c


# %% [markdown]
# In training mode `like` is the batch itself, in test mode the training digits. The gradient goes back through mean and spread, too.


# %%
def bn_gradients(params, X, targets, rng):
    """Return the gradient of the mean cross-entropy in training mode by W, beta, V, c, gamma."""
    W, beta, V, c, gamma = params
    z = X @ W
    normal, spread = normalised(z, z), np.sqrt(z.var(axis=0) + 1e-3)
    h = np.maximum(normal * gamma + beta, 0)
    g = (softmax(h @ V + c) - targets) / len(X)
    gh = g @ V.T * (h > 0)
    gn = gh * gamma
    gz = (gn - gn.mean(axis=0) - normal * (gn * normal).mean(axis=0)) / spread
    return [X.T @ gz, gh.sum(axis=0), h.T @ g, g.sum(axis=0), (gh * normal).sum(axis=0)]


# %%
gamma = np.ones(128, "float32")
batch_normed = [
    fitted(number, extra=[gamma], gradients=bn_gradients)[-1] for number in tqdm(range(3), desc="batch norm")
]

# %% [markdown]
# Suppose that somebody forgets to switch to test mode. **Vote before you go on:** what will the accuracy be if the test digits come in batches of 64 in random order? In batches of 64, sorted by class? One by one?


# %%
def batch_accuracy(params, X, y, size):
    """Return the accuracy if each batch of `size` rows is normalised by its own statistics, as in training mode."""
    batches = [X[j : j + size] for j in range(0, len(X) - size + 1, size)]
    s = np.concatenate([bn_scores(params, batch, like=batch) for batch in batches])
    return accuracy(s, y[: len(s)])


# %%
mixed = rng.permutation(len(X_test))[:2_048]
by_class = mixed[np.argsort(y_test[mixed], kind="stable")]
batch_sizes = [1, 2, 4, 8, 16, 64, 256]


# %%
def forgotten(rows):
    """Return the accuracy in training mode on test digits in this order: the mean of three networks, for each size."""
    X, y = X_test[rows], y_test[rows]
    return np.mean(
        [[batch_accuracy(params, X, y, size) for size in batch_sizes] for params in batch_normed], axis=0
    )


companies = {"random order": forgotten(mixed), "sorted by class": forgotten(by_class)}

# %%
training_rows = [as_rows(images[chosen[:n]]) for chosen in sets]
in_test_mode = [bn_scores(params, X_test, like=rows) for params, rows in zip(batch_normed, training_rows)]
right = np.mean([accuracy(s[mixed], y_test[mixed]) for s in in_test_mode])
right

# %% mystnb={"image": {"alt": "Accuracy against batch size, 1 to 256. In random order it rises from 10 per cent at batch size 1 through about 85 at 8 to the level of test mode, a line near 89. Sorted by class it stays far below, near 20 per cent at 64, and rises somewhat at 256."}}
for (name, found), style in zip(companies.items(), ("o-", "s--")):
    plt.semilogx(batch_sizes, found, style, label=f"training mode, {name}")
plt.axhline(right, color="0.3", linestyle=":", label="test mode")
plt.xticks(batch_sizes, batch_sizes)
plt.legend(loc="upper left", fontsize=12)
plt.ylim(0, 125)
plt.yticks(range(0, 101, 20))
plotting.show("Left in training mode, the company decides", "batch size", "test accuracy (%)")

# %% tags=["nbval-check-output"]
at_64 = batch_sizes.index(64)
lost = right - companies["random order"][at_64]
claims.check(
    "training mode, 64 in random order, loss",
    lost,
    "0.6 points",
    band=(-0.8, 2.1),
    stand_in=(-1.5, 3.3),
    data=MNIST,
)
claims.check(
    "training mode, 64 sorted by class",
    companies["sorted by class"][at_64],
    "23 %",
    band=(14, 34),
    stand_in=(52, 70),
    data=MNIST,
)

# %% [markdown]
# Forget the switch, and random batches of 64 lose **0.6 points**: nobody will notice. Sort the same digits by class, and the accuracy is **23 %**. One by one it is a guess: a number less its own mean is zero. In a batch of one class, the mean *is* what makes the class, and it is subtracted.
#
# Keras keeps running averages for test mode, with momentum 0.99. How much of the average after 20 steps is still the starting value?

# %% tags=["nbval-check-output"]
claims.exact("momentum 0.99, share of the start after 20 steps", 100 * 0.99**20, "82 %")
claims.exact("momentum 0.9, share of the start after 20 steps", 100 * 0.9**20, "12 %")

# %% [markdown]
# It is **82 %**; with momentum 0.9 it would be **12 %**. So with few steps an early validation accuracy can be terrible without any overfitting. (We did not run Keras here.) A caution: that batch normalisation works because it "reduces internal covariate shift" is what the paper of 2015 said. Later work disputes it.

# %% [markdown] tags=["instructor"]
# 9 minutes. Take the vote for "sorted by class" with care, and let somebody explain 23 %. Likely question: "who sorts test data?" A folder of images by class does; so does `shuffle=False`. Common confusion: in test mode nothing is computed from the test digits.

# %% [markdown]
# ## 7 The remedies on 1,000 digits
#
# <details>
# <summary>中文</summary>
#
# 现在把清单上的办法都请上来，在同样的 1,000 张数字上比一比。三个训练集，每个办法都用同样的数字、同样的 1,200 步，只比与“什么都不做”的差；每个办法只用一种强度。本节不挑强度，但也要老实交代：备课时 L2、dropout、平移、单元数和步数都试过几种，测试准确率也看过，所以成绩多少有点好看。自己做项目，请在验证集上挑。看两个指标：准确率，和衡量概率的对数损失。
#
# 数据增强要先问：这个变换真的不改变答案吗？平移一两个像素，7 还是 7。左右翻转呢？先看图。
#
# 再投票：下面哪些办法能让准确率提高一个百分点以上？隐藏单元减到 16 个；增到 512 个；L2；早停；批归一化；dropout；平移；左右翻转；四倍的数据。投完再往下读结果。
#
# “什么都不做”的准确率是 **89.7** %。各办法的变化：平移，**+4.0** 个百分点，与四倍的数据相差 **+0.3** 个百分点；dropout，**+1.1** 个百分点；L2，**0.0** 个百分点；早停，**−1.3** 个百分点；批归一化，**−1.4** 个百分点；左右翻转，**−2.7** 个百分点。最管用的是更多的数据，或者用一个真的对称性造出来的数据。“减少参数”在这里不成立：512 个单元比 16 个高 **2.4** 个百分点。
#
# 早停为什么反而有害？它要留出 200 张来决定何时停，只用 800 张已经有损失，停下来本身又变了 **−0.6** 个百分点。按对数损失挑、或挑好轮数后用全部 1,000 张重训，这里没有试。再看时间：dropout 练满时的收益比练一半时多 **+0.4** 个百分点；让学习变难的办法要给足时间。
#
# 对数损失讲的是另一个故事。什么都不做，练满比练一半时高 **0.044**：练得久伤了概率。Dropout 练满，与练一半的“什么都不做”相比，对数损失变化 **−0.05**，所以并不只是躲开了这个害处。“有没有用”，要看问的是标签还是概率。这些结果只属于 1,000 张数字、这个网络和这些强度；换一个问题，要重新量。
#
# </details>
#
# Now the whole list. To compare fairly, every remedy gets the same three training sets of 1,000 digits and the same 1,200 steps, and we report the *difference* to "none". Each remedy runs at one strength. But when this lecture was prepared, a few others (of L2, dropout, shifts, hidden units, the number of steps) were tried and their test accuracies seen. So take the gains as a little flattering. In your own work, choose on validation digits. We look at accuracy and at the log loss, which judges the probabilities.
#
# Two remedies make new data from old: **data augmentation**. Each batch is moved or mirrored by chance; labels stay.


# %%
def shifted(X, rng, most=2):
    """Return each row's image moved by up to `most` pixels up or down and left or right, by chance."""
    padded = np.pad(X.reshape(-1, 28, 28), ((0, 0), (most, most), (most, most)))
    down, right = rng.integers(0, 2 * most + 1, size=(2, len(X), 1)) + np.arange(28)
    return padded[np.arange(len(X))[:, None, None], down[:, :, None], right[:, None, :]].reshape(len(X), 784)


# %%
def mirrored(X, rng):
    """Return each row's image, mirrored left to right with probability one half."""
    mirror = X.reshape(-1, 28, 28)[:, :, ::-1].reshape(len(X), 784)
    return np.where(rng.random((len(X), 1)) < 0.5, mirror, X)


# %% [markdown]
# Is the symmetry true? Look before you use it.

# %% mystnb={"image": {"alt": "Three rows of digits 2, 4, 5, 7 and 9. Top as they are; middle moved by two pixels, still plainly the same digits; bottom mirrored left to right, where the 2 and the 5 look like no digit and the rest look wrong."}}
five = np.array([np.argmax(y_test == digit) for digit in (2, 4, 5, 7, 9)])
mirror = X_test[five].reshape(-1, 28, 28)[:, :, ::-1]
moved = np.pad(X_test[five].reshape(-1, 28, 28), ((0, 0), (2, 0), (2, 0)))[:, :28, :28]
fig, axes = plt.subplots(3, 5, figsize=(8, 5))
for ax, picture in zip(axes.flat, [*X_test[five].reshape(-1, 28, 28), *moved, *mirror]):
    ax.imshow(picture, cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
for ax, name in zip(axes[:, 0], ("as it is", "moved", "mirrored")):
    ax.set_ylabel(name)
fig.suptitle("Which of these would you still read?", fontweight="bold")
plt.show()

# %% [markdown]
# Two more remedies are one line each: L2, a term $\tfrac{\lambda}{2}\lVert w\rVert^2$ in the loss with λ = 0.001; early stopping, which holds out 200 of the 1,000 digits to choose the epoch.


# %%
def with_l2(params, X, targets, rng, lam=1e-3):
    """Return the gradient of the mean cross-entropy plus half of λ times the squares of the two matrices."""
    return [g + lam * part * (part.ndim == 2) for g, part in zip(gradients(params, X, targets, rng), params)]


# %%
def stopped_early(history, X, y):
    """Return the parameters of the epoch with the best accuracy on the held-out digits X, y."""
    return max(history, key=lambda params: accuracy(scores(params, X), y))


# %% [markdown]
# **Vote before you go on.** Which of these will gain more than one point of accuracy? 16 hidden units instead of 128 · 512 units · L2 · early stopping · batch norm · dropout · shifts · mirrored digits · four times the data.

# %%
recipes = {
    "16 units": {"hidden": 16},
    "512 units": {"hidden": 512},
    "L2": {"gradients": with_l2},
    "shifts": {"augment": shifted},
    "mirrored": {"augment": mirrored},
    "4 × data": {"n": 4 * n, "n_epochs": 15},
}

# %%
outcome = {}


def judge(name, s):
    """Keep accuracy (%) and log loss of test scores under a remedy's name."""
    outcome.setdefault(name, []).append([accuracy(s, y_test), log_loss(softmax(s), y_test)])


# %%
for i in tqdm(range(3), desc="training sets"):
    judge("none", scores(plain[i][-1], X_test))
    judge("none, half the steps", scores(plain[i][29], X_test))
    judge("dropout", scores(with_masks[i][-1], X_test))
    judge("dropout, half the steps", scores(with_masks[i][29], X_test))
    judge("batch norm", in_test_mode[i])
    history, held_out = fitted(i, n=n - n // 5, n_epochs=75), sets[i][n - n // 5 : n]
    judge("4/5 of the data", scores(history[-1], X_test))
    judge(
        "early stopping", scores(stopped_early(history, as_rows(images[held_out]), labels[held_out]), X_test)
    )
    for name, recipe in recipes.items():
        judge(name, scores(fitted(i, **recipe)[-1], X_test))

# %% [markdown]
# Differences to "none" on the same training set: mean, and standard deviation over the three.

# %%
paired = {
    name: np.array(rows) - np.array(outcome["none"]) for name, rows in outcome.items() if name != "none"
}
gain = pd.DataFrame(
    {name: rows.mean(axis=0) for name, rows in paired.items()}, index=["accuracy", "log loss"]
).T
gain["sd of accuracy"] = [rows[:, 0].std(ddof=1) for rows in paired.values()]
gain = gain.sort_values("accuracy")
base, base_loss = np.mean(outcome["none"], axis=0)
round(base, 2), round(base_loss, 3), gain.round(3)

# %% mystnb={"image": {"alt": "Remedies as rows, sorted by their gain. Left, change of accuracy in points: mirrored digits lose most, then 16 units, batch norm, early stopping and four fifths of the data; L2 and none with half the steps lie near zero; 512 units and dropout, with half the steps and with all, gain about one point, shifts and four times the data about four. Right, change of log loss: below zero, which is better, for shifts, more data and dropout."}}
fig, axes = plt.subplots(1, 2, sharey=True, figsize=(10, 6))
for ax, column, better, xlabel in zip(axes, (0, 1), ("right", "left"), ("accuracy (points)", "log loss")):
    for row, name in enumerate(gain.index):
        ax.plot(paired[name][:, column], [row] * 3, "o", color="C0", markersize=6)
    ax.axvline(0, color="0.3", linewidth=1.5)
    ax.set(
        xlabel=f"change of {xlabel}",
        title=f"better: {better}",
        yticks=range(len(gain)),
        yticklabels=gain.index,
    )
axes[1].locator_params(axis="x", nbins=4)
fig.suptitle("Data help, and data made by a true symmetry", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
points, losses = gain["accuracy"], gain["log loss"]
claims.check("none, accuracy", base, "89.7 %", band=(88.5, 90.8), stand_in=(90.9, 97.7), data=MNIST)
claims.check(
    "shifts",
    points["shifts"],
    "+4.0 points",
    band=(2.7, 5.1),
    stand_in=None,  # its small, centred digits gain nothing from shifts
    data=MNIST,
)
claims.check(
    "shifts minus four times the data",
    points["shifts"] - points["4 × data"],
    "+0.3 points",
    band=(-0.8, 1.4),
    stand_in=None,  # as above
    data=MNIST,
)
claims.check("dropout", points["dropout"], "+1.1 points", band=(0.2, 2.2), stand_in=(-1.5, 2), data=MNIST)

# %% tags=["nbval-check-output"]
claims.check("L2", points["L2"], "0.0 points", band=(-0.9, 0.9), stand_in=(-0.7, 1.4), data=MNIST)
claims.check(
    "early stopping",
    points["early stopping"],
    "−1.3 points",
    band=(-2.2, -0.2),
    stand_in=(-6.5, 2.2),
    data=MNIST,
)
claims.check(
    "batch norm", points["batch norm"], "−1.4 points", band=(-2.4, -0.4), stand_in=(-2, 4), data=MNIST
)
claims.check(
    "mirrored digits",
    points["mirrored"],
    "−2.7 points",
    band=(-4.5, -1.2),
    stand_in=(-5.3, -0.05),
    data=MNIST,
)
claims.check(
    "512 units minus 16",
    points["512 units"] - points["16 units"],
    "2.4 points",
    band=(1.3, 3.7),
    stand_in=(-2, 7),
    data=MNIST,
)

# %% [markdown]
# With no remedy **89.7 %** are right. The changes:
#
# | remedy | change of accuracy |
# | --- | --- |
# | shifts by up to 2 pixels | **+4.0 points** |
# | the same, less what four times the data gain | **+0.3 points** |
# | dropout | **+1.1 points** |
# | L2 | **0.0 points** |
# | early stopping | **−1.3 points** |
# | batch norm | **−1.4 points** |
# | mirrored digits | **−2.7 points** |
#
# Compare this with the usual list. What helps most is data, or data made by a symmetry that is *true*. Mirroring, a symmetry that digits do not have, costs most. "Use fewer parameters" does not hold here: 512 units are **2.4 points** better than 16. Why does early stopping hurt? And how firm are these verdicts?

# %% tags=["nbval-check-output"]
half = np.mean(
    np.array(outcome["dropout, half the steps"]) - np.array(outcome["none, half the steps"]), axis=0
)
stopping = points["early stopping"] - points["4/5 of the data"]
after_half = losses["none, half the steps"]
claims.check(
    "early stopping minus 4/5 of the data",
    stopping,
    "−0.6 points",
    band=(-1.7, 0.6),
    stand_in=(-5, 2),
    data=MNIST,
)
claims.check(
    "dropout's gain, all steps minus half",
    points["dropout"] - half[0],
    "+0.4 points",
    band=(0.04, 0.8),
    stand_in=(-1, 3),
    data=MNIST,
)

# %% tags=["nbval-check-output"]
claims.check(
    "none, log loss, all steps minus half",
    -after_half,
    "0.044",
    band=(0.025, 0.06),
    stand_in=(-0.06, 0),
    data=MNIST,
)
claims.check(
    "dropout minus none at half, log loss",
    losses["dropout"] - after_half,
    "−0.05",
    band=(-0.09, -0.01),
    stand_in=(-0.055, -0.006),
    data=MNIST,
)

# %% [markdown]
# Early stopping holds out 200 digits, and to train on 800 costs about half of what it loses. The stopping itself changes the accuracy by another **−0.6 points**. Two things we did not try: to choose the epoch by log loss, and to train again on all 1,000.
#
# Dropout gained **+0.4 points** more with all steps than with half of them. A remedy that makes learning harder needs time.
#
# The log loss tells another story. With no remedy it is **0.044** higher after all steps than after half: learning on harms the *probabilities*. Compared with "none" after half of the steps, dropout still changes it by **−0.05**. So ask what you need, labels or probabilities, before you ask what helps. (The figure compares every row with "none" after all steps.)
#
# What this table does not show: other strengths, other networks, other data. No theorem of this lecture would have given you the table. Measure your own.

# %% [markdown] tags=["instructor"]
# 12 minutes. Votes on the board *before* the training cell, which takes some twenty seconds. Likely question: "batch norm is everywhere, why?" It lets deep networks train faster: a remedy for optimisation. Common confusion: "paired": each row is compared on
# the same digits, so that a difference of half a point can be seen though training sets differ by as much.

# %% [markdown]
# ## ★ 8 And with wrong labels?
#
# <details>
# <summary>中文</summary>
#
# 第四节的结论要加一个条件。把 400 张训练图里五分之一的标签换成抽签的结果（抽中原来标签的有十分之一，所以真正错的约 18 %），再用 4,000 个随机特征。最小范数的解仍然穿过每一个标签，包括错的。先猜再看：岭回归还是几乎不省吗？
#
# 这一回，$\lambda=30$ 的岭比最小范数少错 **7.2** 个百分点。不造成损害的过拟合，人称“良性过拟合”；这里的并不良性，明说的正则化仍然值得。
#
# </details>
#
# Section 4 needs a proviso. We give a fifth of the 400 labels by lot (a tenth of those are right by luck, so 18 % are wrong) and use 4,000 features. The minimum norm still hits every label, the wrong ones as well. Will the ridge again gain next to nothing? Guess first.

# %%
noisy = []
for _ in range(3):
    seen, asked = rng.permutation(len(images))[:400], rng.permutation(len(X_test))[:2_000]
    answers = np.where(rng.random(400) < 0.2, rng.integers(10, size=400), labels[seen])
    noisy.append(feature_errors(as_rows(images[seen]), answers, X_test[asked], y_test[asked], [4_000], rng))
with_noise = np.mean(noisy, axis=0)[:, 0, 0]

# %% tags=["nbval-check-output"]
claims.check(
    "wrong labels, what λ = 30 gains",
    with_noise[0] - with_noise[2],
    "7.2 points",
    band=(3.2, 11.3),
    stand_in=(8, 22),
    data=MNIST,
)

# %% [markdown]
# This time the ridge λ = 30 gains **7.2 points** on the minimum norm. To hit every label is called "benign overfitting" where it does no harm. Here it does some.

# %% [markdown] tags=["instructor"]
# Not in the 85 minutes; 5 if you take it in. Likely question: "and a network?" Section 1's network with a fifth of wrong labels makes a good project.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚量到的值放在一起。课文写的是许多次运行的平均，你这一次会略有出入。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row that differs from the stated figure, and ask whether it should worry us.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 同一个网络，既能背下随机标签，也能泛化：参数个数解释不了泛化。
# - 误差平方 = 偏差² + 方差，可以量出来；早停和岭回归在谷底几乎一样。
# - 不加岭的最小二乘，参数与数据一样多时最糟；再多，数字上更好，一维上只是回到五项的水平；岭能削平这个峰。
# - Dropout 忘了除，准确率几乎看不见；批归一化忘了切换，换个排序就原形毕露。
# - 1,000 张数字上，有用的是数据和真的对称性；其余先量再信，标签和概率分开看。
#
# </details>
#
# - One network can learn random labels by heart and can generalise. The number of parameters does not decide which.
# - Squared error is bias² plus variance, and both can be measured. At the bottom of the U, early stopping and ridge come to nearly the same.
# - Least squares without a ridge is worst where parameters equal data. On the digits more parameters were better still, on the wave only as good as five. A ridge removes the peak.
# - Accuracy hardly sees a forgotten division in dropout. A forgotten switch in batch norm shows when the test set is sorted.
# - On 1,000 digits data helped, and a true symmetry. Measure the rest, by labels and by probabilities.

# %% [markdown] tags=["instructor"]
# 1 minute. Go back to the votes of section 7.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. “这个网络有十万个参数，只有五百张图，所以测试误差一定很大。”错在哪里？
#
# B. 线性模型，400 个样本，390 个特征，测试误差大得离谱。怎么办？（甲）减到 100 个特征（乙）加到 4,000 个（丙）加岭（丁）都可以试。
#
# C. 同事的网络在测试集上是 89 %，把测试文件按类别放进文件夹以后只剩 25 %。最可能的原因是什么？
#
# D. 下面哪些增强的对称性是真的：航拍照片旋转；手写数字左右翻转；胸片左右翻转；句子里词的次序打乱？
#
# </details>
#
# **A.** "This network has 100,000 parameters and only 500 digits. So its test error must be large." What is wrong?
#
# <details>
# <summary>Answer</summary>
#
# Section 1: same network, same 500 digits, good test accuracy. "Nothing is wrong" tempts because with random labels the sentence comes true; but then the labels are to blame. "It stopped before it had learned by heart" tempts, too, and is false: all 500 were right.
#
# 第一节就是反例：同样的网络，真标签就能泛化。说“没错”的人想到的是随机标签，可那是标签的问题。说“还没背完就停了”也不对，500 张全对。
#
# </details>
#
# **B.** A linear model has 400 examples, 390 features and an absurd test error. What may help: (i) down to 100 features, (ii) up to 4,000, (iii) a ridge, (iv) any of these?
#
# <details>
# <summary>Answer</summary>
#
# (iv). *(i)* is the textbook's advice and leads down the near side of the peak. *(ii)* sounds mad and leads down the far side, if you can make such features. *(iii)* is the simplest. More data would help here, too: 400 examples are already more than 390 features, and every further one leads away from the peak.
#
# 丁。（甲）从峰的这一边下去，（乙）听着荒唐，只要造得出这样的特征，就从另一边下去，（丙）最省事。多加数据在这里也有用：400 已经大于 390，再加就离峰更远。
#
# </details>
#
# **C.** A colleague's network has 89 % on the test set. He sorts the files into one folder for each class, and gets 25 %. What is the most likely cause?
#
# <details>
# <summary>Answer</summary>
#
# Batch norm left in training mode. "The labels got mixed up" tempts and is worth a look, but would give some 10 %. "Overfitting" cannot be: weights and digits are the same as before.
#
# 批归一化还停在训练模式。“标签弄乱了”值得查，但那样只剩 10 % 上下。不会是过拟合：权重和图都没变。
#
# </details>
#
# **D.** Which symmetry is true? Aerial photographs turned; digits mirrored; chest X-rays mirrored; the words of a sentence shuffled.
#
# <details>
# <summary>Answer</summary>
#
# Only the first, and only where the camera has no fixed up. Mirrored digits cost us points. A mirrored chest has its heart on the right, which is rare and matters: "an X-ray is grey and roughly symmetric" tempts. Shuffled words may keep the topic but not the meaning.
#
# 只有第一个，而且要照片本来就没有固定的“上”。胸片翻转以后心脏跑到右边，那是罕见而要紧的事。打乱词序，话题也许还在，意思就变了。
#
# </details>

# %% [markdown] tags=["instructor"]
# 6 minutes. In D let the class find a task for which mirroring *is* true.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 自己写 dropout：丢掉的比例是 $p$，平均值不变。
# 2. 岭回归还剩几个“有效参数”？把各方向的因子加起来。
# 3. 先预测，再动手：12 项余弦不变，数据从 4 个点加到 12 个，再加到 50 个，误差怎么变？写下来，求出误差，再运行揭晓答案的那一格。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. Dropout.* Return the array `h` with each entry set to zero with probability `p`, independently, and the rest scaled so that the mean stays.

# %%
from utils.exercises import attempt, misshapen


# %% tags=["nbval-check-output"]
def dropout(h, p, rng):
    return ...


def check_dropout(f):
    original = np.arange(1.0, 20_001).reshape(400, 50)
    hints = {1: "nothing was divided", 0.8: "it was multiplied by 1 − p", 5: "it was divided by p"}
    for p in (0.2, 0.5):
        h = original.copy()
        result = f(h, p, np.random.default_rng(0))
        if reason := misshapen(result, h.shape):
            return reason
        if np.any(h != original):
            return "it changed its input in place: return a new array, such as h * mask"
        ratio, zero = np.asarray(result) / original, np.mean(np.asarray(result) == 0)
        if np.ptp(np.mean(ratio == 0, axis=0)) == 0 or np.ptp(np.mean(ratio == 0, axis=1)) == 0:
            return "whole rows or columns fall together, or nothing does: draw a number for every entry of h"
        if abs(zero - p) > 0.03:
            return f"with p = {p} a share of {p} should be zero, and {zero:.2f} is: p is the share to drop"
        left = np.unique(ratio[ratio != 0].round(6))
        if len(left) > 1 or not np.isclose(left[0], 1 / (1 - p), atol=1e-5):
            said = next((hints[value] for value in hints if np.allclose(left, value)), "divide by 1 − p")
            return f"with p = {p} entries that stay must grow by {1 / (1 - p):g}, to keep the mean: {said}"
    if not np.array_equal(result, f(original.copy(), 0.5, np.random.default_rng(0))):
        return "equal generators should give equal masks: use the rng that is handed in"


attempt(dropout, check_dropout)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def dropout_solution(h, p, rng):
    return h * (rng.random(h.shape) >= p) / (1 - p)


assert check_dropout(dropout_solution) is None

# %% [markdown]
# *2. Effective parameters.* A ridge damps each direction by $s_j/(s_j + \lambda)$, $s_j = d_j^2/n$. The sum of these factors is called the *effective number of parameters*: all of them for λ = 0, none for λ → ∞. Return it for a matrix `X` of shape (n, features).


# %% tags=["nbval-check-output"]
def effective_parameters(X, lam):
    return ...


def check_effective_parameters(f):
    X = np.zeros((4, 3))
    X[0, 0], X[1, 1], X[2, 2] = 6, 2, 1  # singular values 6, 2, 1 and n = 4: s = 9, 1, 0.25
    X = (np.eye(4) - 0.5) @ X @ (np.eye(3) - 2 / 3)  # turned and mirrored: the singular values stay
    found = f(X, 1)
    if reason := misshapen(found, ()):
        return reason
    hints = {
        1.4: "these are the parameters that were lost: sum the factors, not what they leave",
        36 / 37 + 4 / 5 + 1 / 2: "divide d² by n, the number of rows, first",
        6 / 7 + 2 / 3 + 1 / 2: "square the singular values, and divide by n",
        12 / 13 + 4 / 7 + 1 / 4: "n is the number of rows, not of columns",
        1.6 / 3: "that is the mean of the factors: the sum is asked for",
        3: "that is what λ = 0 would give: λ must damp",
    }
    if not np.isclose(found, 1.6):
        said = next(
            (hint for value, hint in hints.items() if np.isclose(found, value)),
            "column norms are not singular values",
        )
        return f"for s = 9, 1, 0.25 and λ = 1 it is 0.9 + 0.5 + 0.2 = 1.6, not {found:.4g}: {said}"
    if not np.isclose(f(X, 3), 0.75 + 0.25 + 1 / 13):
        return "it is right for λ = 1 but not for λ = 3: each factor is s/(s + λ)"


attempt(effective_parameters, check_effective_parameters)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def effective_parameters_solution(X, lam):
    s = np.linalg.svd(X, compute_uv=False) ** 2 / len(X)
    return np.sum(s / (s + lam))


assert check_effective_parameters(effective_parameters_solution) is None

# %% [markdown]
# *3. Can more data hurt?* Keep the 12 cosines of section 4, and change the number of points: 4, 12, 50. **Predict first:** does the error fall from 4 to 12 points? From 12 to 50? Write both down.
#
# Then return the RMS error, on the new points, of the minimum-norm fit of `p` cosines to the first `n` of the points. `shrinking_cosines` and `minimum_norm` are yours to use.


# %% tags=["nbval-check-output"]
def error_with(n, x, y, x_new, y_new, p=12):
    return ...


def check_error_with(f):
    x, x_new = np.array([0.1, 0.35, 0.6, 0.9]), np.array([0.2, 0.5, 0.8])
    y, y_new = np.array([1.0, 0.5, -1.0, 0.3]), np.array([0.5, 0.0, -0.5])
    A, A_new = shrinking_cosines(x, 2), shrinking_cosines(x_new, 2)
    w = minimum_norm(A[:3], y[:3])
    right = np.sqrt(np.mean((A_new @ w - y_new) ** 2))
    result = f(3, x, y, x_new, y_new, p=2)
    if reason := misshapen(result, ()):
        return reason
    on_fit = np.sqrt(np.mean((A[:3] @ w - y[:3]) ** 2))
    with_all = np.sqrt(np.mean((A_new @ minimum_norm(A, y) - y_new) ** 2))
    others = {
        "that is the mean square: take its root": right**2,
        "that is the error on the points of the fit: judge the fit on x_new, y_new": on_fit,
        "all points were used: fit to the first n only": with_all,
    }
    if not np.isclose(result, right):
        said = next((hint for hint in others if np.isclose(result, others[hint])), "fit, then predict")
        return f"for 3 of 4 points and p = 2 it should be {right:.4f}, not {result:.4f}: {said}"
    w = minimum_norm(shrinking_cosines(x[:2], 3), y[:2])
    right = np.sqrt(np.mean((shrinking_cosines(x_new, 3) @ w - y_new) ** 2))
    if not np.isclose(f(2, x, y, x_new, y_new, p=3), right):
        return "right for p = 2, but not for 2 points and p = 3: use p terms and minimum_norm"


attempt(error_with, check_error_with)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def error_with_solution(n, x, y, x_new, y_new, p=12):
    w = minimum_norm(shrinking_cosines(x[:n], p), y[:n])
    return np.sqrt(np.mean((shrinking_cosines(x_new, p) @ w - y_new) ** 2))


assert check_error_with(error_with_solution) is None

# %% [markdown]
# The answer to your prediction: the median error of 100 draws with 4, 12 and 50 points.

# %%
{
    n: np.median([wave_errors([12], rng, n) for _ in range(100)]).round(2)  # 12 terms, n points
    for n in (4, 12, 50)
}

# %% [markdown]
# More data made it worse, as far as n = p. The peak does not care from which side you come.

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Zhang 等人的论文是第 1 节的出处；Geman 等人把偏差与方差带进了神经网络；Belkin 等人给双下降起了名字，Nakkiran 等人在深层网络里找到了它，也找到了“数据越多越糟”；Ali 等人证明了早停与岭回归的关系；最后两项是 dropout 的原文，以及对批归一化为何有效的再考察。
#
# </details>
#
# - C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, [Understanding deep learning requires rethinking generalization](https://arxiv.org/abs/1611.03530), ICLR 2017: section 1.
# - S. Geman, E. Bienenstock, R. Doursat, Neural networks and the bias/variance dilemma, *Neural Computation* 4 (1992).
# - M. Belkin, D. Hsu, S. Ma, S. Mandal, [Reconciling modern machine-learning practice and the classical bias–variance trade-off](https://arxiv.org/abs/1812.11118), *PNAS* 116 (2019); P. Nakkiran and others, [Deep double descent](https://arxiv.org/abs/1912.02292), ICLR 2020.
# - A. Ali, J. Z. Kolter, R. J. Tibshirani, [A continuous-time view of early stopping for least squares](https://arxiv.org/abs/1810.10082), AISTATS 2019.
# - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, Dropout: a simple way to prevent neural networks from overfitting, *JMLR* 15 (2014).
# - S. Ioffe, C. Szegedy, [Batch normalization](https://arxiv.org/abs/1502.03167), ICML 2015; S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry, [How does batch normalization help optimization?](https://arxiv.org/abs/1805.11604), NeurIPS 2018.
