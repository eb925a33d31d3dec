# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Why SGD never quite arrives
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/04_sgd_noise_floor.ipynb)
#
# Least squares handed us its minimum in one line. Networks are not linear in their parameters, and nobody hands us
# theirs: we must walk. Why is the walk slow? Why do we take steps that are mostly noise, and why does that work? And why
# does **stochastic gradient descent** (SGD) never quite arrive, and what do we do about it?
#
# **You will**
#
# - say which learning rates converge, and why badly scaled features make the walk long;
# - derive the mean and the variance of SGD, and hold ten thousand walks against them;
# - lower the noise floor with batches and with a falling rate, and know the price of each;
# - explain what momentum cures, and what it makes worse;
# - predict the noise floor of a real network from one number, then measure it.
#
# **You need** derivatives, eigenvalues, expectation and variance, NumPy, and lectures 1 and 3.
# **It takes** 90 minutes to teach and under 60 seconds to run on 2 CPU cores.
#
# **Figures in bold** were measured. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("04")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Downhill, one step at a time
#
# <details>
# <summary>中文</summary>
#
# 站在 $\theta$ 处，只看得见脚下的坡度。泰勒展开说 $R(\theta+\delta)\approx R(\theta)+\delta^\top\nabla R(\theta)$：步长一样时，沿负梯度方向走，下降得最快。于是有了**梯度下降**：$\theta\leftarrow\theta-\varepsilon\nabla R(\theta)$，$\varepsilon$ 叫学习率。
#
# 最简单的山谷是 $R(\theta)=\theta^2/2$，梯度就是 $\theta$ 本身，所以每走一步乘以 $1-\varepsilon$，$\theta_k=(1-\varepsilon)^k\theta_0$。程序和公式相差不到 **1e-12**。把学习率从 0.01 试到 2.5：不超过 **1** 时从不越过谷底；再大就在谷底两边来回跳，但仍收敛；到 **2** 就不再收敛，更大则发散。泰勒展开只在脚下附近成立，步子迈得太大，它说的话就不算数了。
#
# </details>
#
# Stand at $\theta$ and look at the slope under your feet. Taylor says what a small step $\delta$ does to the risk:
#
# $$R(\theta + \delta) \approx R(\theta) + \delta^\top \nabla R(\theta).$$
#
# Of all steps of one length, the one that points against the gradient makes $\delta^\top\nabla R$ smallest. That is
# **gradient descent**, with a **learning rate** $\varepsilon$:
#
# $$\theta_{k+1} = \theta_k - \varepsilon \nabla R(\theta_k).$$

# %% [markdown]
# The simplest valley is $R(\theta) = \theta^2/2$. Its gradient is $\theta$, so each step multiplies by $1 - \varepsilon$.
# From $\theta_0 = 1$ with $\varepsilon = \frac12$ you can do it in your head: 1, ½, ¼, ⅛.

# %%
import numpy as np


def descend(theta, gradient, eps, n_steps):
    """Return theta after n_steps of gradient descent at the rate eps."""
    for _ in range(n_steps):
        theta = theta - eps * gradient(theta)
    return theta


# %% [markdown]
# In code:

# %% tags=["nbval-check-output"]
[descend(1.0, lambda theta: theta, 0.5, k) for k in range(4)]

# %% [markdown]
# In general $\theta_k = (1-\varepsilon)^k \theta_0$. Try every rate from 0.01 to 2.50, all at once in one array.

# %%
rates = np.arange(1, 251) / 100
after_1, after_50 = (descend(1.0, lambda theta: theta, rates, k) for k in (1, 50))
formula = (1 - rates) ** 50
disagreement = np.max(np.abs(after_50 - formula) / np.maximum(formula, 1))
float(disagreement)

# %% [markdown]
# The largest difference is rounding. Which of these rates step across the minimum, and which fail to come closer?

# %% tags=["nbval-check-output"]
# Arithmetic: exact, but for the rounding of fifty products.
claims.check("descent against the formula", disagreement, "below 1e-12", band=(None, 1e-12))
claims.check("largest rate that never overshoots", rates[after_1 >= 0].max(), "1", band=(1, 1))
claims.check("smallest rate that fails", rates[np.abs(after_50) >= 1].min(), "2", band=(2, 2))

# %% [markdown]
# Four of them, drawn:

# %% mystnb={"image": {"alt": "Four walks towards zero. At rate 0.1 slow and smooth, at 0.5 fast and smooth, at 1.5 jumping from side to side while shrinking, at 2.1 jumping from side to side while growing."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
for eps, marker in ((0.1, "o"), (0.5, "s"), (1.5, "^"), (2.1, "x")):
    plt.plot((1 - eps) ** np.arange(13), marker=marker, label=f"ε = {eps}")
plt.legend(loc="upper left", ncols=2)
plt.ylim(-3.2, 4.6)
plotting.show("Too small is slow, above 1 overshoots, above 2 is lost", "step k", "distance θ to the minimum")

# %% [markdown]
# Code and formula differ by less than **1e-12**. Up to a rate of **1** the walk never crosses the minimum. Above that it
# jumps across at every step, and still converges. From **2** on it does not. Taylor's promise held for *small* steps only.

# %% [markdown]
# ## 2 One rate for all directions
#
# <details>
# <summary>中文</summary>
#
# 参数一多，山谷就有许多方向，学习率却只有一个。最小二乘取 $R(w)=\frac1{2N}\lVert Xw-y\rVert^2$，误差 $E_k=w_k-w^\star$ 满足 $E_{k+1}=(I-\varepsilon X^\top X/N)E_k$：沿每个特征方向各乘各的 $1-\varepsilon\lambda$。最陡的方向限定了 $\varepsilon<2/\lambda_{\max}$，最平的方向决定要走多久；两者之比 $\kappa=\lambda_{\max}/\lambda_{\min}$ 叫条件数。讲义写的是 $X^\top X$，没有除以 $N$：特征值大了 $N$ 倍，允许的 $\varepsilon$ 小了 $N$ 倍，$\kappa$ 不变。用哪一种，要说清楚。
#
# 用第一讲的组屋数据，直接拿面积、租约、楼层和常数列：$\lambda_{\max}=$ **15,554**，$\kappa=$ **642,000**，把误差缩到百万分之一要走 **8.86** 百万步。谁也不会真去循环：在特征向量坐标里算 $(1-\varepsilon\lambda)^k$，再用二分法找步数。把特征标准化以后，$\lambda_{\max}=$ **1.295**，$\kappa=$ **1.87**，只要 **15** 步。模型和数据都没变，变的只是单位。加上各镇的独热列，$\kappa$ 又升到 **936**，因为这些列里大多是 0；把它们也标准化，降到 **41.4**。
#
# </details>
#
# With many parameters the valley has many directions, and there is still only one rate. Take the flats of lecture 1.
# With $R(w) = \frac{1}{2N}\lVert Xw - y\rVert^2$ the error $E_k = w_k - w^\star$ obeys
#
# $$E_{k+1} = \left(I - \varepsilon\, \tfrac{1}{N} X^\top X\right) E_k .$$
#
# Along an eigenvector the error is multiplied by $1 - \varepsilon\lambda$: section 1 again, once in each direction. The
# steepest one demands $\varepsilon < 2/\lambda_{\max}$, and then the flattest one crawls. How badly they disagree is the
# **condition number** $\kappa = \lambda_{\max}/\lambda_{\min}$.
#
# Mind the scaling. The slide writes $X^\top X$ without $1/N$, a sum of losses instead of a mean: eigenvalues $N$ times
# ours, rates $N$ times smaller, the same $\kappa$.

# %%
from utils.datasets import load_hdb

HDB = ("hdb_resale",)
df = load_hdb(start="2017-01", end="2024-06")
price = df["resale_price"].to_numpy() / 1000
price.shape

# %% [markdown]
# The features are area, remaining lease and storey, parsed as in lecture 1, and a constant.

# %%
lease = df["remaining_lease"].str.extract(r"(\d+) years(?: (\d+))?").astype(float).fillna(0) @ [1, 1 / 12]
storey = df["storey_range"].str.extract(r"(\d+) TO (\d+)").astype(float).mean(axis=1)
raw = np.column_stack([df["floor_area_sqm"], lease, storey, np.ones(len(df))])
raw.mean(axis=0).round(1), (raw**2).mean(axis=0).round(0)

# %% [markdown]
# Square metres come in hundreds, the constant is 1. The second row is the diagonal of $X^\top X/N$; its sum bounds
# $\lambda_{\max}$. Now the eigenvalues, and the error at the start ($w = 0$) along each eigenvector.


# %%
def modes(X, y):
    """Return the eigenvalues of XᵀX/N, ascending, and the least-squares weights along its eigenvectors."""
    lam, Q = np.linalg.eigh(X.T @ X / len(X))
    return lam, Q.T @ np.linalg.lstsq(X, y, rcond=None)[0]


# %% [markdown]
# The eigenvalues of the raw features, and the condition number:

# %%
lam, error = modes(raw, price)
lam.round(3), float(lam[-1] / lam[0])

# %% [markdown]
# How many steps at $\varepsilon = 1/\lambda_{\max}$ until a millionth of the error is left? Too many to loop over. But
# along an eigenvector $k$ steps are one power.

# %%
from bisect import bisect_left


def error_left(k, lam, error):
    """Return ‖E_k‖ / ‖E_0‖ after k steps of gradient descent at the rate 1 / λ_max."""
    return float(np.linalg.norm((1 - lam / lam[-1]) ** k * error) / np.linalg.norm(error))


# %% [markdown]
# The error only ever shrinks, so we can bisect for $k$.


# %%
def steps_to(tolerance, lam, error):
    """Return the first step after which at most this share of the error is left."""
    return bisect_left(range(10**9), True, key=lambda k: error_left(k, lam, error) <= tolerance)


# %% [markdown]
# For the raw features:

# %%
f"{steps_to(1e-6, lam, error):,}"

# %% tags=["nbval-check-output"]
# Nothing here is random. The bands leave room for the publisher's corrections only.
claims.check("raw, λ_max", lam[-1], "15,554", band=(15_500, 15_600), stand_in=(15_600, 15_750), data=HDB)
claims.check(
    "raw, κ", lam[-1] / lam[0], "642,000", band=(635_000, 648_000), stand_in=(755_000, 770_000), data=HDB
)
claims.check(
    "raw, steps to a millionth",
    steps_to(1e-6, lam, error) / 1e6,
    "8.86 million",
    band=(8.8, 8.9),
    stand_in=(10.4, 10.6),
    data=HDB,
)

# %% [markdown]
# With $\kappa =$ **642,000** (and $\lambda_{\max} =$ **15,554**) it takes **8.86 million** steps, and each would read every
# sale. (The best single rate, $2/(\lambda_{\max}+\lambda_{\min})$, would halve that.) Now measure each feature from its
# mean, in units of its standard deviation. Same sales, same model, other units.


# %%
def standardise(X):
    """Return the columns of X shifted and scaled to mean 0 and variance 1."""
    return (X - X.mean(axis=0)) / X.std(axis=0)


# %% [markdown]
# Eigenvalues and steps once more:

# %%
X = np.column_stack([standardise(raw[:, :3]), np.ones(len(df))])
lam, error = modes(X, price)
lam.round(3), steps_to(1e-6, lam, error)

# %% tags=["nbval-check-output"]
claims.check("standardised, λ_max", lam[-1], "1.295", band=(1.29, 1.30), stand_in=(1.07, 1.08), data=HDB)
claims.check("standardised, κ", lam[-1] / lam[0], "1.87", band=(1.85, 1.88), stand_in=(1.17, 1.19), data=HDB)
claims.check(
    "standardised, steps to a millionth",
    steps_to(1e-6, lam, error),
    "15 steps",
    band=(15, 15),
    stand_in=(7, 7),
    data=HDB,
)

# %% [markdown]
# Now $\lambda_{\max} =$ **1.295**, $\kappa =$ **1.87**, and it takes **15 steps**. This we *can* loop over, with the
# gradient of all sales.


# %%
def slope(w):
    """Return the gradient of the risk of the flats' prices at w."""
    return X.T @ (X @ w - price) / len(X)


# %% [markdown]
# The error left after ten steps, by the loop and by the powers:

# %%
w_star = np.linalg.lstsq(X, price, rcond=None)[0]
w_10 = descend(np.zeros(4), slope, 1 / lam[-1], 10)
float(np.linalg.norm(w_10 - w_star) / np.linalg.norm(w_star)), error_left(10, lam, error)

# %% [markdown]
# The limit $2/\lambda_{\max}$ is real. Just below it and just above, after a hundred steps:

# %%
[
    float(np.linalg.norm(descend(np.zeros(4), slope, c / lam[-1], 100) - w_star) / np.linalg.norm(w_star))
    for c in (1.9, 2.1)
]

# %% [markdown]
# Lecture 1 added a column of zeros and ones for each town but one. A small town's column is nearly all zeros: flat
# again, unless we standardise it too.

# %%
import pandas as pd

towns = pd.get_dummies(df["town"], dtype=float).to_numpy()[:, 1:]

# %% [markdown]
# Four designs side by side:

# %%
designs = {
    "raw": raw,
    "towns as 0 and 1": np.column_stack([X, towns]),
    "towns standardised": np.column_stack([X, standardise(towns)]),
    "no towns, standardised": X,
}
valleys = {name: modes(design, price) for name, design in designs.items()}
kappa = pd.Series({name: lam[-1] / lam[0] for name, (lam, _) in valleys.items()}, name="κ")
kappa.round(2)

# %% tags=["nbval-check-output"]
claims.check(
    "κ with towns as 0 and 1",
    kappa["towns as 0 and 1"],
    "936",
    band=(930, 942),
    stand_in=(764, 777),
    data=HDB,
)
claims.check(
    "κ with towns standardised",
    kappa["towns standardised"],
    "41.4",
    band=(41, 42),
    stand_in=(39, 40.2),
    data=HDB,
)

# %% [markdown]
# The error against the steps, for all four:

# %% mystnb={"image": {"alt": "Share of the error left against the number of steps, both on logarithmic axes. Standardised features fall within fifteen steps, with standardised towns after hundreds, with towns as zeros and ones after ten thousand, raw features after several million."}}
k = np.unique(np.geomspace(1, 2e7, 400).astype(int))
for name, valley in valleys.items():
    plt.loglog(k, [error_left(steps, *valley) for steps in k], label=f"{name}: κ = {kappa[name]:,.0f}")
plt.ylim(1e-6, 1e3)
plt.legend(loc="upper left", ncols=2)
plotting.show(
    "Units alone decide between a dozen steps and millions",
    "steps of gradient descent",
    "share of the error left",
)

# %% [markdown]
# The towns as zeros and ones push $\kappa$ to **936**; standardised, to **41.4**. Scaling the inputs is the cheapest
# speed-up in this course.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes, sections 1 and 2). Ask for a bet on the raw features' steps before running
# them. Likely question: "why not one rate per direction?" That is Newton's method: it needs the eigenvectors, too dear for a
# million parameters; Adam (section 7) guesses. Common confusion: ε < 2/λ_max depends on whether R is a sum or a mean.

# %% [markdown]
# ## 3 The gradient at the price of one example
#
# <details>
# <summary>中文</summary>
#
# 风险是 $N$ 个损失的平均，一次完整的梯度要读完 $N$ 个样本。随机抽一个样本 $\gamma$，只算它的梯度：期望恰好等于完整梯度（无偏），代价只有 $1/N$。
#
# 那它准不准？要看你站在哪里。在起点 $w=0$，**100** % 的样本都指向下坡；走完九成的路，只剩 **63** %；走到百分之九十九，只有 **48** %，跟抛硬币差不多。完整梯度在谷底是零，单个样本的梯度却不是：大家各拉各的，只是平均下来抵消了。远处意见一致，近处争吵不休：SGD 起步飞快、最后到不了，根子就在这里。
#
# </details>
#
# The risk is a mean over $N$ examples, $R = \frac1N\sum_i R_i$, and so is its gradient: one step reads them all.
# Draw one example $\gamma$ at random instead and use $\nabla R_\gamma$ alone. It costs one $N$-th, and it is right on
# average: $\mathbb{E}\,\nabla R_\gamma = \frac1N\sum_i\nabla R_i = \nabla R$. Such an estimate is **unbiased**.


# %%
def one_by_one(w):
    """Return the gradient of each sale's own risk at w, one row per sale."""
    return X * (X @ w - price)[:, None]


bool(np.allclose(one_by_one(np.zeros(4)).mean(axis=0), slope(np.zeros(4))))

# %% [markdown]
# Right on average can still be useless today. What share of the sales points downhill, that is, within a
# right angle of the full gradient? It depends on where we stand.


# %%
def share_downhill(progress):
    """Return the % of sales whose own gradient agrees with the full one, part of the way to the minimum."""
    w = progress * w_star
    return 100 * np.mean(one_by_one(w) @ slope(w) > 0)


# %% [markdown]
# At $w = 0$, after nine tenths of the way to the minimum, and after 99 hundredths:

# %%
downhill = [float(share_downhill(progress)) for progress in (0, 0.9, 0.99)]
np.round(downhill, 1)

# %% tags=["nbval-check-output"]
# No chance in it: every sale is asked.
claims.check("point downhill at the start", downhill[0], "100 %", band=(99.99, 100), data=HDB)
claims.check("after 90 % of the way", downhill[1], "63 %", band=(62, 64), data=HDB)
claims.check("after 99 % of the way", downhill[2], "48 %", band=(47, 49), stand_in=(44, 46), data=HDB)

# %% [markdown]
# A thousand of these gradients, at the start and at the minimum:

# %% mystnb={"image": {"alt": "Two scatter plots of a thousand single-example gradients with the same axes. At the start all lie far on one side of zero. At the minimum they surround zero on all sides."}}
rows = np.random.default_rng(SEED).choice(len(X), 1_000)
fig, axes = plt.subplots(1, 2, sharex=True, sharey=True)
for ax, w, place in zip(axes, (0 * w_star, w_star), ("at the start", "at the minimum")):
    g = one_by_one(w)
    ax.plot(*g[rows][:, [3, 0]].T, ".", color="C0", markersize=5)
    ax.plot(*g.mean(axis=0)[[3, 0]], "X", color="C1", markersize=15, markeredgecolor="white")
    ax.set_title(place)
    ax.set_xlim(-1_500, 800)
    ax.set_ylim(-2_500, 2_500)
fig.suptitle("Far away the sales agree; at the minimum they cancel (×: their mean)", fontweight="bold")
fig.supxlabel("slope along the constant (thousand S$)")
fig.supylabel("slope along the area (thousand S$)")
plt.show()

# %% [markdown]
# At the start **100 %** of the sales point downhill: ask any one. After nine tenths of the way it is **63 %**, and in the
# end **48 %**: a coin toss. At the minimum the full gradient is zero and the single ones are not. A walker
# who listens to one example at a time cannot stand still there. That is the story of SGD: a fast start, and no
# arrival. Now we make it exact.

# %% [markdown]
# ## 4 The noise floor
#
# <details>
# <summary>中文</summary>
#
# 取一个能算到底的例子：$R_i(\theta)=\frac12(\theta-\theta_i)^2$，$\theta_i$ 的均值为 0、方差为 1，所以 $R(\theta)=\frac12\theta^2+\frac12$，最小值在 0。每步抽一个样本：$\theta_{k+1}=(1-\varepsilon)\theta_k+\varepsilon\theta_\gamma$。两边取期望和方差：$\mathbb E\,\theta_k=(1-\varepsilon)^k\theta_0$；$\mathrm{Var}\,\theta_k=\frac{\varepsilon}{2-\varepsilon}\left(1-(1-\varepsilon)^{2k}\right)$。均值照旧奔向 0，方差却停在 $\frac{\varepsilon}{2-\varepsilon}\approx\varepsilon/2$：这就是**噪声地板**，多出来的风险约为 $\varepsilon/4$。
#
# 一万条轨迹同时走：均值与理论之差始终在 **5** 个标准误之内；$\varepsilon=0.5$ 时方差为 **0.333**，$\varepsilon=0.1$ 时为 **0.0526**；五个学习率平均，实测与理论之比是 **1.00**。$\varepsilon=0.02$ 时多余风险是 $\varepsilon/4$ 的 **1.01** 倍。
#
# 讲义说 $\varepsilon=0.5$ 一步就到，$\varepsilon=0.1$ 要“**3–4** 步”。从 $\theta_0=1$ 出发，均值降到地板以下分别要 **1** 步和 **14** 步；要 **4** 步就到，得从 0.33 那么近的地方出发。口径不同，答案就不同。
#
# 地板的高度随 $\sqrt\varepsilon$ 变化只是小 $\varepsilon$ 的极限：在 0.5 到 0.02 之间，双对数斜率是 **0.541**；横轴换成 $\varepsilon/(2-\varepsilon)$，斜率就是 **0.500**。
#
# </details>
#
# Take the simplest sum of valleys that disagree: $R_i(\theta) = \frac12(\theta - \theta_i)^2$. Let the targets $\theta_i$ have
# mean 0 and variance 1. Then $R(\theta) = \frac12\theta^2 + \frac12$, with its minimum at 0. SGD draws an index $\gamma$ and
# steps towards that one target:
#
# $$\theta_{k+1} = (1 - \varepsilon)\,\theta_k + \varepsilon\,\theta_\gamma .$$
#
# Take the expectation of both sides; then the variance, using that the draw is independent of $\theta_k$:
#
# $$\begin{aligned} \mathbb{E}\,\theta_k &= (1-\varepsilon)^k\theta_0, \\
# \mathrm{Var}\,\theta_{k+1} &= (1-\varepsilon)^2\,\mathrm{Var}\,\theta_k + \varepsilon^2
# \;\Rightarrow\; \mathrm{Var}\,\theta_k = \frac{\varepsilon}{2-\varepsilon}\left(1 - (1-\varepsilon)^{2k}\right). \end{aligned}$$
#
# The mean walks to 0 exactly as in section 1. The variance climbs to $\frac{\varepsilon}{2-\varepsilon} \approx
# \frac{\varepsilon}{2}$ and stays: the **noise floor**. The excess risk, $\frac12\mathbb{E}\,\theta^2$, stays near $\varepsilon/4$.

# %% [markdown]
# Do we believe it? First the targets: a thousand of them, standardised *exactly*, so that theory has no excuse.

# %%
rng = np.random.default_rng(SEED)
targets = standardise(rng.standard_normal(1_000))
targets.shape, abs(float(targets.mean().round(12))), float(targets.var().round(12))

# %% [markdown]
# One walk, as a plain loop.

# %%
import random


def plain_walk(theta, targets, eps, n_steps, rng):
    """Return one SGD walk as a list of n_steps + 1 positions; targets is a list, rng a random.Random."""
    walk = [theta]
    for _ in range(n_steps):
        walk.append(walk[-1] - eps * (walk[-1] - rng.choice(targets)))
    return walk


# %% [markdown]
# Its first steps:

# %%
np.round(plain_walk(1.0, targets.tolist(), 0.1, 8, random.Random(SEED)), 2)

# %% [markdown]
# One walk proves nothing; we want ten thousand. Put them into one array, and let NumPy step all of them at once. (`M`, the
# number of examples that a step averages, waits for section 5.) A generator hands out each step and keeps none, so a long
# walk needs no more memory than a short one.

# %%
from itertools import repeat


def sgd(theta, targets, rates, rng, M=1):
    """Yield all walks after each SGD step; every walk draws its own M targets, with replacement.

    theta: starting points, shape (n,). rates: an iterable with one learning rate for each step.
    """
    for eps in rates:
        drawn = targets[rng.integers(len(targets), size=(M, *theta.shape))]
        theta = theta - eps * (theta - drawn.mean(axis=0))
        yield theta


# %% [markdown]
# Often we want only where the walks end.

# %%
from collections import deque


def last(steps):
    """Return the last of some steps, forgetting the others as they come."""
    return deque(steps, maxlen=1)[0]


# %% [markdown]
# Ten thousand walks of a thousand steps take a fraction of a second:

# %% tags=["nbval-check-output"]
n = 10_000
last(sgd(np.ones(n), targets, repeat(0.1, 1_000), rng)).shape

# %% [markdown]
# The theory of where they settle:


# %%
def floor(eps):
    """Return the variance at which SGD with the constant rate eps settles."""
    return eps / (2 - eps)


# %% [markdown]
# Three walks in grey, the band of ten thousand in blue, theory dashed:


# %%
def draw_walks(eps):
    """Draw 40 steps from θ = 1 at the rate eps: three walks, mean ± sd of n walks, and theory."""
    walks = np.array([theta for theta in sgd(np.ones(n), targets, repeat(eps, 40), rng)])
    k = np.arange(1, 41)
    mean, sd = walks.mean(axis=1), walks.std(axis=1)
    plt.plot(k, walks[:, :3], color="0.6", linewidth=1, linestyle="-")
    plt.fill_between(k, mean - sd, mean + sd, color="C4", alpha=0.5, label="measured mean ± sd")
    sd = np.sqrt(floor(eps) * (1 - (1 - eps) ** (2 * k)))
    for edge in (-sd, sd):
        plt.plot(k, (1 - eps) ** k + edge, color="black", linestyle="--", linewidth=1.8)
    plt.plot(k, (1 - eps) ** k, color="C1", linestyle="-", label="(1 − ε)ᵏ; dashed: theory's sd")
    plt.ylim(-2, 2)


# %% [markdown]
# The slide's two rates, side by side:

# %% mystnb={"image": {"alt": "Two panels of SGD walks from one. At rate 0.5 the mean reaches zero almost at once and the band of walks is wide; at rate 0.1 the mean needs about twenty steps and the band is narrow. Dashed theory lies on the edges of both bands."}}
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, eps in zip(axes, (0.5, 0.1)):
    plt.sca(ax)
    draw_walks(eps)
    ax.set_title(f"ε = {eps}")
axes[1].legend(loc="lower right")
fig.suptitle("Fast and noisy, or slow and quiet", fontweight="bold")
fig.supxlabel("step k")
fig.supylabel("θ")
plt.show()

# %% [markdown]
# In JupyterLab and Colab you now get a slider for ε. Where it does not show, the figure above says the same.

# %%
from ipywidgets import FloatSlider, interact


def explore(eps):
    draw_walks(eps)
    plt.legend(loc="lower right")
    plotting.show(f"Floor: variance {floor(eps):.3f}", "step k", "θ")


# %% [markdown]
# Try 0.02, then 1, then 1.9.

# %% mystnb={"image": {"alt": "The walks, their mean and their spread at the learning rate that the slider sets, at first 0.3, in one panel."}}
slider = FloatSlider(0.3, min=0.02, max=1.9, step=0.02, description="ε", continuous_update=False)
explored = interact(explore, eps=slider)

# %% [markdown]
# Now strictly. The mean first: over sixty steps at $\varepsilon = 0.1$, how far does it stray from $(1-\varepsilon)^k$,
# in standard errors?

# %%
mean = np.array([theta.mean() for theta in sgd(np.ones(n), targets, repeat(0.1, 60), rng)])
k = np.arange(1, 61)
standard_error = np.sqrt(floor(0.1) * (1 - 0.9 ** (2 * k)) / n)
astray = np.max(np.abs(mean - 0.9**k) / standard_error)
float(astray.round(2))

# %% [markdown]
# And when does the mean first lie below the floor, that is, below the standard deviation that stays?


# %%
def steps_to_floor(theta_0, eps):
    """Return the first step k at which (1 − ε)ᵏ θ₀ is below the standard deviation that stays."""
    k = np.arange(1_000)
    return int(np.argmax(np.abs(theta_0 * (1 - eps) ** k) < np.sqrt(floor(eps))))


[steps_to_floor(1, 0.5), steps_to_floor(1, 0.1), steps_to_floor(0.33, 0.1)]

# %% tags=["nbval-check-output"]
# By theory a step of the mean strays over 5 standard errors once in two million draws.
claims.check("mean against theory", astray, "at most 5 standard errors", band=(None, 5))
claims.check("steps to the floor, ε = 0.5", steps_to_floor(1, 0.5), "1 step", band=(1, 1))
claims.check("steps to the floor, ε = 0.1", steps_to_floor(1, 0.1), "14 steps (slide: 3–4)", band=(14, 14))
claims.check("steps to the floor from 0.33, ε = 0.1", steps_to_floor(0.33, 0.1), "4 steps", band=(4, 4))

# %% [markdown]
# The mean is never more than **5 standard errors** off. The slide says that $\varepsilon = 0.5$ arrives in one step and
# $\varepsilon = 0.1$ in **3–4**. From $\theta_0 = 1$ we count **1 step** and **14 steps**. To see **4 steps** one has to start at
# 0.33, next door to the floor. "Arrives" means nothing until one says from where, and how near is near enough.
#
# Now the variance, at five rates. We walk until $(1-\varepsilon)^{2k}$ is negligible and keep the last step only.

# %%
rates = np.array([0.5, 0.2, 0.1, 0.05, 0.02])
settled = np.array([last(sgd(np.zeros(n), targets, repeat(eps, int(8 / eps)), rng)).var() for eps in rates])
pd.DataFrame(
    {"measured": settled, "theory": floor(rates), "ratio": settled / floor(rates)}, index=rates
).round(4)

# %% tags=["nbval-check-output"]
# A variance over n nearly Gaussian walks has the relative sampling error √(2/n) = 0.0141, the mean of five 0.0063.
# The bands are 4.2 of them on either side.
claims.check("variance at ε = 0.5", settled[0], "0.333", band=(0.3133, 0.3533))
claims.check("variance at ε = 0.1", settled[2], "0.0526", band=(0.0495, 0.0558))
claims.check(
    "variance over theory, mean of five rates", np.mean(settled / floor(rates)), "1.00", band=(0.973, 1.027)
)
claims.check("excess risk over ε/4 at ε = 0.02", settled[4] / 2 / (0.02 / 4), "1.01", band=(0.95, 1.07))

# %% [markdown]
# How does the floor depend on the rate? Small rates promise a standard deviation $\sqrt{\varepsilon/2}$, a slope of ½ on
# log–log axes.

# %% tags=["nbval-check-output"]
slope_eps = np.polyfit(np.log(rates), np.log(settled) / 2, 1)[0]
slope_exact = np.polyfit(np.log(floor(rates)), np.log(settled) / 2, 1)[0]
# Each log sd has the sampling error 1/√(2n); over these five rates the slopes inherit 0.0029 and 0.0026.
claims.check("slope of log sd in log ε", slope_eps, "0.541", band=(0.526, 0.556))
claims.check("slope of log sd in log ε/(2 − ε)", slope_exact, "0.500", band=(0.485, 0.515))

# %% [markdown]
# On log–log axes, with both laws:

# %% mystnb={"image": {"alt": "Standard deviation that stays against the learning rate, log-log. Five measured points lie on the exact curve, the square root of epsilon over two minus epsilon. The straight line of the square root of epsilon over two lies below them at large rates."}}
eps = np.geomspace(0.015, 0.7, 100)
plt.loglog(eps, np.sqrt(floor(eps)), color="C0", label="exact: √(ε / (2 − ε))")
plt.loglog(eps, np.sqrt(eps / 2), color="C1", linestyle="--", label="for small ε: √(ε / 2)")
plt.loglog(rates, np.sqrt(settled), "ko", label="10,000 walks each")
plt.xticks(rates, rates)
plt.yticks([0.1, 0.2, 0.4, 0.8], [0.1, 0.2, 0.4, 0.8])
plt.minorticks_off()
plt.legend(loc="upper left")
plotting.show(
    "Half the noise takes a quarter of the rate", "learning rate ε", "standard deviation that stays"
)

# %% [markdown]
# The variances are **0.333** and **0.0526**, as theory says (1/3 and 1/19); over five rates measured and theory stand
# **1.00** to one. The excess risk is **1.01** times $\varepsilon/4$. The slope against $\varepsilon$ is **0.541**, not ½: the
# square-root law is a limit for small rates. Against $\varepsilon/(2-\varepsilon)$ it is **0.500**.
#
# So that is *why*: with a constant rate, the millionth step is as noisy as the hundredth.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes). Derive the variance on the board; ask the class for its fixed point before
# you write it. Move the slider above 1: the floor passes the variance of the targets themselves. Common confusion: the floor is
# not slowness. Waiting does not help.

# %% [markdown]
# ## 5 Medicine one: average more examples
#
# <details>
# <summary>中文</summary>
#
# 第一味药：每步抽 $M$ 个样本取平均，这叫**小批量**。有放回地抽，方差正好除以 $M$：$M=10$ 和 $M=100$ 时，方差乘以 $M$ 再除以理论值都是 **1.00**。好处是能并行；代价是每步贵 $M$ 倍。
#
# 实际训练时人们不放回：把数据打乱，一批一批读完，叫一**轮**（epoch）。1000 个样本、每批 100 个，一轮 **10** 步。$M$ 要整除 $N$，否则最后一小批噪声更大，平均就被它带歪。打乱比独立抽样更好：方差在一轮之内平均只有独立抽样的 **0.83** 倍（$M=10$）和 **0.27** 倍（$M=100$），而在一轮刚结束时只有 **0.083** 倍。道理很直观：这一轮前半偏左，后半就一定偏右，因为每个样本恰好轮到一次。
#
# </details>
#
# A **mini-batch** averages $M$ examples. Drawn independently, they leave $\frac1M$ of the variance in each step, and so in
# the floor. So the variance that stays, times $M$, over $\varepsilon/(2-\varepsilon)$, should be 1.


# %%
def settled_variance(M, eps=0.1, n_steps=80):
    """Return the variance of n walks with mini-batches of M after n_steps."""
    return last(sgd(np.zeros(n), targets, repeat(eps, n_steps), rng, M)).var()


batch_ratio = {M: float(M * settled_variance(M) / floor(0.1)) for M in (1, 10, 100)}
batch_ratio

# %% tags=["nbval-check-output"]
# Sampling error √(2/n) = 0.0141 of the theory's 1, as above.
claims.check("variance × M over theory, M = 10", batch_ratio[10], "1.00", band=(0.94, 1.06))
claims.check("variance × M over theory, M = 100", batch_ratio[100], "1.00", band=(0.94, 1.06))

# %% [markdown]
# It is: **1.00** for ten and for a hundred. A batch costs $M$ gradients, but a machine does them side by side.
#
# In practice nobody draws with replacement. One shuffles the data and reads them to the end in batches: one
# **epoch**, $N/M$ steps, each example exactly once. Then one shuffles again.


# %%
def shuffled_epoch(theta, targets, eps, rng, M):
    """Yield all walks after each step of one epoch; every walk has its own order. M must divide len(targets)."""
    order = rng.permuted(np.tile(targets, (len(theta), 1)), axis=1)
    for batch in np.split(order, len(targets) // M, axis=1):
        theta = theta - eps * (theta - batch.mean(axis=1))
        yield theta


# %% [markdown]
# Many epochs in a row, with the variance after each step:


# %%
def shuffled_variances(M, eps=0.1, n_epochs=6):
    """Return the variance of n walks after each step, epoch after epoch."""
    theta, variances = np.zeros(n), []
    for _ in range(n_epochs):
        for walks in shuffled_epoch(theta, targets, eps, rng, M):
            variances.append(walks.var())
        theta = walks
    return np.array(variances)


# %% [markdown]
# Counted in floors of independent draws:

# %%
by_100 = shuffled_variances(100) / (floor(0.1) / 100)
by_10 = shuffled_variances(10, n_epochs=2) / (floor(0.1) / 10)
steps_per_epoch = len(by_100) // 6
steps_per_epoch

# %% [markdown]
# Six epochs of ten steps:

# %% mystnb={"image": {"alt": "Variance relative to the floor of independent draws over six shuffled epochs of ten steps. In each epoch it rises to about 0.4 and falls back to below 0.1 at the epoch's end, far below the dashed line at one."}}
plt.plot(np.arange(1, 61), by_100, "o-", markersize=5, label="shuffled epochs")
plt.axhline(1, color="C1", linestyle="--", label="independent draws")
for end in range(10, 61, 10):
    plt.axvline(end, color="0.6", linewidth=1, linestyle=":")
plt.ylim(0, 1.15)
plt.legend(loc="center right", bbox_to_anchor=(1, 0.72))
plotting.show(
    "A shuffled epoch takes its own noise back",
    "step (dotted: an epoch ends; N = 1,000, M = 100, ε = 0.1)",
    "variance over independent floor",
)

# %% [markdown]
# If the first half of an epoch pulled to the left, the second half *must* pull to the right, because each example comes
# exactly once. So it matters when we look: over a whole epoch, or at its end alone?

# %% tags=["nbval-check-output"]
shuffled_10, shuffled_100 = by_10[-100:].mean(), by_100[-10:].mean()
# Theory: batch means of one epoch have variance (N − M) / (M (N − 1)) and covariance −1 / (N − 1), whence 0.8288,
# 0.2727 and 0.0825 (unit-tested). The last has the error √(2/n) of it, 0.0012; means over an epoch less: 0.003, 0.0017.
claims.check("steps in an epoch, N = 1,000, M = 100", steps_per_epoch, "10 steps", band=(10, 10))
claims.check("shuffled over independent, M = 10", shuffled_10, "0.83", band=(0.814, 0.844))
claims.check("shuffled over independent, M = 100", shuffled_100, "0.27", band=(0.264, 0.281))
claims.check("the same at the end of an epoch", by_100[-1], "0.083", band=(0.0772, 0.0878))

# %% [markdown]
# An epoch is **10 steps** here. Averaged over it, the variance is **0.83** of the independent floor for $M = 10$ and **0.27**
# for $M = 100$; at its end only **0.083**. All this needs $M$ to divide $N$: a short last batch is noisier than the
# others, and every epoch ends on it.

# %% [markdown]
# ## 6 Medicine two: let the rate fall
#
# <details>
# <summary>中文</summary>
#
# 第二味药：让学习率随时间下降。降得太快，还没走到就没力气了；降得太慢，噪声压不下去。罗宾斯和门罗的条件是 $\sum\varepsilon_k=\infty$（总路程够长）而 $\sum\varepsilon_k^2<\infty$（总噪声有限）。$\varepsilon_k=C/k$ 两条都满足；$\varepsilon_k=0.5/k^2$ 就不满足第一条，无论走多久，起点的 **0.358** 倍永远留在那里。
#
# $C=1$ 时，$\theta_k$ 恰好是前 $k$ 个抽到的值的平均，误差按 $1/\sqrt k$ 缩小：双对数斜率 **−0.500**。$C$ 小于 ½ 时斜率约为 $-C$：$C=0.25$ 的极限是 **−0.25**，在 100 到一万步之间量到 **−0.243**。
#
# 工程上更常用**阶梯衰减**：走到地板，学习率除以十，再走到下一层地板。
#
# </details>
#
# Walk fast while far away, then quieten down: let $\varepsilon_k$ fall. How fast? Robbins and Monro (1951) asked for two things:
#
# $$\sum_k \varepsilon_k = \infty \quad\text{(enough road to arrive from anywhere)},\qquad
# \sum_k \varepsilon_k^2 < \infty \quad\text{(finite noise)}.$$
#
# A constant rate breaks the second; $0.5/k^2$ breaks the first; $C/k$ keeps both. And $C = 1$ is an old friend, the
# running mean of all draws so far. By hand, for the draws 4, 8, 3: 4, 6, 5.

# %% tags=["nbval-check-output"]
theta, means = 0.0, []
for k, drawn in enumerate([4, 8, 3], start=1):
    theta = theta - (1 / k) * (theta - drawn)
    means.append(theta)
means

# %% [markdown]
# Five schedules, ten thousand walks and steps each. *Step decay*, the engineer's favourite, divides the rate by ten now
# and then.

# %%
from tqdm import tqdm

k = np.arange(1, 10_001)
schedules = {
    "constant 0.1": np.full(len(k), 0.1),
    "0.5/k²": 0.5 / k**2,
    "0.25/k": 0.25 / k,
    "step decay": np.where(k <= 100, 0.1, np.where(k <= 1_000, 0.01, 0.001)),
    "1/k": 1 / k,
}

# %% [markdown]
# For each we keep mean and standard deviation after every step.

# %%
moments = {
    name: np.array([(theta.mean(), theta.std()) for theta in sgd(np.ones(n), targets, rates, rng)])
    for name, rates in tqdm(schedules.items())
}

# %% [markdown]
# Bias and noise together:

# %% mystnb={"image": {"alt": "Root mean square distance to the minimum against the step, log-log, for five schedules. The constant rate levels off at 0.23 and half over k squared at 0.7. Step decay falls in three stairs, a quarter over k slowly, and one over k in a straight line to 0.01."}}
for name, moment in moments.items():
    plt.loglog(k, np.sqrt((moment**2).sum(axis=1)), label=name)
plt.legend(loc="lower left", title="learning rate")
plotting.show(
    "Only a falling rate goes below the floor, and not any", "step k", "RMS distance to the minimum"
)

# %% [markdown]
# Read the slopes for $C = 1$ and $C = ¼$ between steps 100 and 10,000. And what became of the walk whose rate fell too
# fast?

# %% tags=["nbval-check-output"]
at = np.array([100, 1_000, 10_000])
slopes = {name: np.polyfit(np.log(at), np.log(moments[name][at - 1, 1]), 1)[0] for name in ("1/k", "0.25/k")}
left_over = moments["0.5/k²"][-1, 0]
# Var_k = (1 − ε_k)² Var_{k−1} + ε_k² gives −0.5000 and −0.2427. Independent log sds of error 1/√(2n) would leave the slope
# an error of 0.0022; those of one walk hang together: 0.0015 and 0.0005 over ten seeds.
claims.check("slope of log sd in log k, C = 1", slopes["1/k"], "−0.500", band=(-0.51, -0.49))
claims.check("slope, C = 0.25", slopes["0.25/k"], "−0.243 (limit: −0.25)", band=(-0.2465, -0.2390))
# ∏ (1 − ½/k²) = sin(π√½) / (π√½) = 0.3582; the mean's standard error is 0.0038.
claims.check("left over with 0.5/k²", left_over, "0.358", band=(0.342, 0.374))

# %% [markdown]
# The running mean falls with slope **−0.500**: four times the steps for half the error. That is the price of statistics,
# and no schedule beats it. $C = ¼$ has **−0.243** (in the limit **−0.25**): the slope is $-\min(C, ½)$, and in a real
# problem the right $C$ depends on a curvature that we do not know. With $0.5/k^2$ the mean stops at **0.358** of where it
# started: the road was too short. Hence step decay: sit on a floor for a while, then go down a stair.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes, sections 5 and 6). Likely question: "why not M = N at once?" Because the noise falls
# like 1/√M and the cost rises like M. Common confusion: *epoch* and *step*; ask how many steps 60,000 digits in batches of
# 128 make (468 and a short one). Let the class guess which of the five schedules freezes.

# %% [markdown]
# ## 7 Momentum: a ball, not a walker
#
# <details>
# <summary>中文</summary>
#
# 步行者没有惯性，球有。$F=ma$：力是 $-\nabla R$，再加一点摩擦，写成 $v\leftarrow\alpha v-\varepsilon\nabla R$，$\theta\leftarrow\theta+v$。狭长的山谷 $\frac12(\theta_1^2+\lambda\theta_2^2)$ 里，$1/\lambda<\varepsilon<2/\lambda$ 时梯度下降会左右来回折：横向每步变号，纵向慢慢爬。动量让来回的部分互相抵消，一直向前的部分越积越快。
#
# 取 $\lambda=100$，从 (1,1) 出发，把距离缩到百万分之一：$\varepsilon=0.01$ 的梯度下降要 **1,341** 步，最好的 $\varepsilon=2/101$ 也要 **691** 步；动量取理论最优值只要 **93** 步。把 $\alpha$、$\varepsilon$ 各四舍五入到三位数，就变成 **132** 步：最优点像刀刃。常用的 $\alpha=0.9,\varepsilon=0.01$ 要 **258** 步，涅斯捷罗夫 **155** 步。Adam 取 0.001、0.01、0.1，分别在第 **3,726**、**351**、**189** 步第一次到达；可是取 0.1 时它又荡了出去，第 **256** 步才算站稳。
#
# 动量治的是病态，不是噪声：$\varepsilon=0.02$、$\alpha=0.9$ 时，方差反而是没有动量时的 **9.95** 倍，因为有效学习率大约是 $\varepsilon/(1-\alpha)$。
#
# </details>
#
# Section 2's valley is long and narrow. Its simplest form is $R(\theta) = \frac12(\theta_1^2 + \lambda\theta_2^2)$ with
# $\lambda = 100$. For $1/\lambda < \varepsilon < 2/\lambda$ gradient descent **zigzags**: it changes side at every step, and
# hardly moves along. A *ball* has mass: the force $-\nabla R$ changes its velocity $v$ ($F = ma$), and friction
# leaves a share $\alpha$ of it:
#
# $$v \leftarrow \alpha v - \varepsilon\nabla R(\theta), \qquad \theta \leftarrow \theta + v .$$
#
# Pushes that alternate cancel; pushes that agree add up. That is **momentum**. With $\alpha = 0$ it is gradient descent.


# %%
def valley(theta):
    """Return the gradient of ½ (θ₁² + 100 θ₂²)."""
    return np.array([1, 100]) * theta


# %% [markdown]
# One step:


# %%
def momentum_step(theta, v, gradient, eps, alpha):
    """Return theta and its velocity v after one step of gradient descent with momentum."""
    v = alpha * v - eps * gradient(theta)
    return theta + v, v


# %% [markdown]
# From (1, 1), already rolling along the valley at speed ½:

# %% tags=["nbval-check-output"]
momentum_step(np.array([1.0, 1.0]), np.array([0.5, 0.0]), valley, eps=0.01, alpha=0.9)

# %% [markdown]
# By hand: $0.9 \cdot 0.5 - 0.01 \cdot 1 = 0.44$ along the valley, $0 - 0.01 \cdot 100 = -1$ across it. For two known
# curvatures, 1 and $\lambda$, Polyak (1964) found the best setting: $\varepsilon = 4/(1 + \sqrt\lambda)^2 = 4/121$ and
# $\alpha = \big(\frac{\sqrt\lambda - 1}{\sqrt\lambda + 1}\big)^2 = 81/121$.


# %%
def path(eps, alpha, n_steps=60):
    """Return the positions from (1, 1) down the valley, shape (n_steps + 1, 2)."""
    theta, v = np.ones(2), 0.0
    positions = [theta]
    for _ in range(n_steps):
        theta, v = momentum_step(theta, v, valley, eps, alpha)
        positions.append(theta)
    return np.array(positions)


# %% [markdown]
# To draw a path over the valley's contours:


# %%
def draw_path(eps, alpha, style, color):
    left = np.linalg.norm(path(eps, alpha)[-1]) / np.sqrt(2)
    label = f"ε = {eps:.3f}, α = {alpha:.2f}: {left:.0e} left after 60 steps"
    plt.plot(*path(eps, alpha).T, style, color=color, markersize=5, linewidth=1.5, label=label)


def draw_valley():
    across, along = np.meshgrid(np.linspace(-1, 1, 200), np.linspace(-0.8, 1.1, 200))
    levels = np.geomspace(0.01, 50, 9)
    plt.contour(along, across, (along**2 + 100 * across**2) / 2, levels, colors="0.75", linewidths=1)
    plt.plot(0, 0, "k*", markersize=14)


# %% [markdown]
# The walker and the ball:

# %% mystnb={"image": {"alt": "Contours of a long valley with two paths of sixty steps from the upper right. Gradient descent jumps across the valley at every step and is far from the minimum after sixty. Momentum swings wider at first, almost four times as far as it started, and ends at the minimum."}}
draw_valley()
draw_path(0.0195, 0, "o-", "C1")
draw_path(4 / 121, 81 / 121, "s--", "C0")
plt.legend(loc="lower left")
plotting.show(
    "The ball swings wider at first, and is home while the walker zigzags",
    "along the valley, θ₁",
    "across the valley, θ₂",
)

# %% [markdown]
# Look twice: the ball swings *wider* than the walker. Along the valley, where all pushes
# agree, it is soon far ahead.
#
# Two sliders: beat the ball above. (No sliders? The figure shows the two settings that matter.)


# %%
def explore_valley(eps, alpha):
    draw_valley()
    draw_path(eps, alpha, "s--", "C0")
    plt.xlim(-0.8, 1.1)
    plt.ylim(-1, 1)
    plt.legend(loc="lower left")
    plotting.show("Sixty steps down the valley", "along the valley, θ₁", "across the valley, θ₂")


# %% [markdown]
# Start from the everyday setting.

# %% mystnb={"image": {"alt": "The valley with the path of one ball, at first at the everyday setting of a rate of 0.01 and a friction of 0.9: it swings across many times."}}
sliders = {
    "eps": FloatSlider(
        0.01, min=0.001, max=0.04, step=0.001, readout_format=".3f", description="ε", continuous_update=False
    ),
    "alpha": FloatSlider(0.9, min=0, max=0.98, step=0.02, description="α", continuous_update=False),
}
explored = interact(explore_valley, **sliders)

# %% [markdown]
# Two relatives. **Nesterov** looks at the slope ahead, where the ball is about to roll.


# %%
def nesterov_step(theta, v, gradient, eps, alpha):
    """Return theta and v after one step of Nesterov's momentum: the gradient is taken at theta + alpha v."""
    v = alpha * v - eps * gradient(theta + alpha * v)
    return theta + v, v


# %% [markdown]
# **Adam** divides each coordinate's step by a running size of its gradient: a guess at one rate per direction. (Adadelta is
# an older cousin.) Both running means are corrected for their start at zero.


# %%
def adam_step(theta, state, gradient, eps):
    """Return theta and Adam's state (mean, mean square, step) after one step, with the usual 0.9, 0.999, 1e-8."""
    m, s, k = state
    g = gradient(theta)
    m, s, k = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2, k + 1
    return theta - eps * (m / (1 - 0.9**k)) / (np.sqrt(s / (1 - 0.999**k)) + 1e-8), (m, s, k)


# %% [markdown]
# The race: from (1, 1), how many steps until a millionth of the distance is left? A ball can swing out again, so we also
# ask when it is there for good.


# %%
def race(step, state, *settings, n_steps=5_000):
    """Return the first step with at most 1e-6 of the distance left, and the step from which it stays so."""
    theta, far = np.ones(2), []
    for _ in range(n_steps):
        theta, state = step(theta, state, valley, *settings)
        far.append(np.linalg.norm(theta) > 1e-6 * np.sqrt(2))
    far = np.array(far)
    return int(np.argmin(far)) + 1, n_steps - int(np.argmax(far[::-1])) + 1


# %% [markdown]
# The field:

# %%
runners = {
    "GD, ε = 0.01": race(momentum_step, 0.0, 0.01, 0.0),
    "GD, ε = 2/101": race(momentum_step, 0.0, 2 / 101, 0.0),
    "momentum, 4/121, 81/121": race(momentum_step, 0.0, 4 / 121, 81 / 121),
    "momentum, rounded": race(momentum_step, 0.0, 0.0331, 0.669),
    "momentum, 0.01, 0.9": race(momentum_step, 0.0, 0.01, 0.9),
    "Nesterov, 0.01, 9/11": race(nesterov_step, 0.0, 0.01, 9 / 11),
    **{f"Adam, {eps}": race(adam_step, (0.0, 0.0, 0), eps) for eps in (0.001, 0.01, 0.1)},
}
pd.DataFrame(runners, index=["first there", "there for good"]).T

# %% tags=["nbval-check-output"]
# Arithmetic without chance; Adam's powers and roots may round differently elsewhere, hence ± 2 steps there.
first = {name: steps for name, (steps, _) in runners.items()}
claims.check("GD, ε = 0.01", first["GD, ε = 0.01"], "1,341", band=(1_341, 1_341))
claims.check("GD, ε = 2/101", first["GD, ε = 2/101"], "691", band=(691, 691))
claims.check("momentum, best", first["momentum, 4/121, 81/121"], "93", band=(93, 93))
claims.check("momentum, best but rounded", first["momentum, rounded"], "132", band=(132, 132))
claims.check("momentum, 0.01 and 0.9", first["momentum, 0.01, 0.9"], "258", band=(258, 258))
claims.check("Nesterov, 0.01 and 9/11", first["Nesterov, 0.01, 9/11"], "155", band=(155, 155))
claims.check("Adam, 0.001", first["Adam, 0.001"], "3,726", band=(3_724, 3_728))
claims.check("Adam, 0.01", first["Adam, 0.01"], "351", band=(349, 353))
claims.check("Adam, 0.1", first["Adam, 0.1"], "189", band=(187, 191))
claims.check("Adam, 0.1, for good", runners["Adam, 0.1"][1], "256", band=(254, 258))

# %% [markdown]
# Gradient descent takes **1,341** steps at the cautious rate, **691** at its best one, $2/(1+\lambda)$. Momentum takes **93**.
# The surprise is next to it: the same setting rounded to three digits takes **132**. The optimum is a knife's edge, and
# nobody knows their curvatures to three digits. The everyday 0.9 takes **258**, Nesterov **155**. Adam needs no curvature,
# only a rate: **3,726**, **351** or **189** steps. The last one swings out again and stays only from step **256**.
#
# Does momentum also help against *noise*? It averages past gradients, so one might hope. Ten thousand balls on section 4's valley:

# %% tags=["nbval-check-output"]
theta, v = np.zeros(n), 0.0
for _ in range(1_000):
    drawn = targets[rng.integers(len(targets), size=n)]
    theta, v = momentum_step(theta, v, lambda theta, drawn=drawn: theta - drawn, eps=0.02, alpha=0.9)
# Theory: Var = ε (1 + α) / ((1 − α)(2(1 + α) − ε)), 9.95 times the floor without momentum (unit-tested). The band is
# 4.6 sampling errors √(2/n) on either side.
ratio = theta.var() / floor(0.02)
claims.check("floor with momentum over floor without", ratio, "9.95 times", band=(9.3, 10.6))

# %% [markdown]
# No: the variance is **9.95 times** as high. Each push counts about $1/(1-\alpha) = 10$ times before friction has eaten it,
# so the rate is in effect ten times larger. Momentum cures a bad shape. Noise needs batches or a falling rate.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Have somebody at the sliders beat 60 steps. Likely question: "why does everyone use Adam
# if momentum wins?" Here the curvatures are known and only two. Common confusion: α = 0.9 and ε unchanged is not the same
# walk faster, it is a ten times larger rate.

# %% [markdown]
# ## 8 A real network has a floor, too
#
# <details>
# <summary>中文</summary>
#
# 玩具例子讲完，换成真网络：5,000 个手写数字，784–64–10，ReLU 加 softmax。先用 NumPy 写出来，再和 Keras 对：同样的参数，风险相差不到 **0.001**。
#
# 预算同为十轮的梯度计算量。整批梯度下降（$\varepsilon=0.5$，再大就不稳）只能走 10 步，对十个起点、十个种子取平均，训练风险 **0.93**，测试准确率 **73** %；SGD（$M=50$，$\varepsilon=0.1$）走 1,000 步，训练风险 **0.16**，准确率 **92.3** %。有噪声的一千步，胜过精确的十步。
#
# 地板呢？在谷底附近沿每个特征方向用第 4 节的公式，曲率恰好约掉，得到 $\text{多余风险}\approx\frac{\varepsilon}{4M}\operatorname{tr}C$，$\operatorname{tr}C$ 是单个样本的梯度绕其均值的均方长度。只要量一个数，就能预言地板。但普通网络能把 5,000 个数字全背下来：每个样本的梯度都趋于零，噪声也就没了，四十轮以后小学习率 0.02 的风险反而是 0.1 的 **7.8** 倍，次序倒了过来。加上权重衰减 0.01、只留 16 个隐藏单元，样本之间就不能都满意，地板出现了：$\varepsilon=0.02$、0.05、0.1 时多余风险（同样是十个种子的平均）为 **0.0024**、**0.0061**、**0.0138**，与预言之比是 **0.98**、**1.00**、**1.13**；最大的学习率偏高，因为公式是小 $\varepsilon$ 的极限。
#
# </details>
#
# Does a network care? We take 5,000 handwritten digits, 64 hidden ReLU units and a softmax (lecture 3). First in NumPy,
# with all parameters in one long vector, so that everything above applies. Its matrices are small: on a busy machine
# two cores take far longer over them than one, so we ask for one.

# %%
from threadpoolctl import threadpool_limits

limits = threadpool_limits(1)

# %% [markdown]
# The digits:

# %%
from utils.datasets import load_mnist

MNIST = ("mnist",)
(images, labels), (test_images, test_labels) = load_mnist()
N, M = min(5_000, len(images)), 50  # a stand-in has fewer; M divides N either way
chosen = rng.permutation(len(images))[:N]
X, y = images[chosen].reshape(N, 784) / np.float32(255), labels[chosen]
X_test, y_test = test_images.reshape(-1, 784) / np.float32(255), test_labels
X.shape, X_test.shape

# %% [markdown]
# Its four parts, cut from the vector:


# %%
def unpack(theta):
    """Return W1 (784, m), b1 (m), W2 (m, 10), b2 (10) of a network with m hidden units; theta is their one long vector."""
    m = (len(theta) - 10) // 795  # 784 + 1 + 10 numbers for each hidden unit, and 10 more
    W1, b1, W2, b2 = np.split(theta, [784 * m, 785 * m, 795 * m])
    return W1.reshape(784, m), b1, W2.reshape(m, 10), b2


# %% [markdown]
# The forward pass returns log-probabilities.


# %%
def forward(theta, X):
    """Return the hidden units, shape (n, m), and the log-probabilities of the ten digits, shape (n, 10)."""
    W1, b1, W2, b2 = unpack(theta)
    h = np.maximum(X @ W1 + b1, 0)
    z = h @ W2 + b2
    z = z - z.max(axis=1, keepdims=True)
    return h, z - np.log(np.exp(z).sum(axis=1, keepdims=True))


# %% [markdown]
# The risk is cross-entropy, plus *weight decay* $\frac{\beta}{2}\lVert W\rVert^2$ if we ask for it.


# %%
def risk(theta, X, y, beta=0.0):
    """Return the mean cross-entropy, plus ½ beta times the sum of all squared weights (not biases)."""
    W1, _, W2, _ = unpack(theta)
    log_p = forward(theta, X)[1]
    return -np.mean(log_p[np.arange(len(y)), y]) + beta / 2 * (np.sum(W1**2) + np.sum(W2**2))


# %% [markdown]
# Its gradient is the chain rule, from the output back.


# %%
def pushes(theta, X, y):
    """Return h and each example's derivative of its loss in the inputs of the hidden and of the output units."""
    h, log_p = forward(theta, X)
    output = np.exp(log_p)
    output[np.arange(len(y)), y] -= 1  # lecture 3: p minus one-hot
    return h, output @ unpack(theta)[2].T * (h > 0), output


# %% [markdown]
# From these, the gradient of each weight:


# %%
def gradient(theta, X, y, beta=0.0):
    """Return the gradient of `risk`, one long vector."""
    W1, _, W2, _ = unpack(theta)
    h, hidden, output = pushes(theta, X, y)
    W1, W2 = X.T @ hidden / len(y) + beta * W1, h.T @ output / len(y) + beta * W2
    return np.concatenate([W1.ravel(), hidden.mean(axis=0), W2.ravel(), output.mean(axis=0)])


# %% [markdown]
# And where to start: Glorot's random weights, as in Keras.


# %%
def random_start(m, rng):
    """Return Glorot's random weights for m hidden units and zero biases: float32, one long vector."""
    W1 = rng.uniform(-1, 1, 784 * m) * np.sqrt(6 / (784 + m))
    W2 = rng.uniform(-1, 1, 10 * m) * np.sqrt(6 / (m + 10))
    return np.concatenate([W1, np.zeros(m), W2, np.zeros(10)]).astype(np.float32)


# %% [markdown]
# A start that knows nothing should have a risk near $\ln 10$.

# %%
start = random_start(64, rng)
float(risk(start, X, y)), float(np.log(10))

# %% [markdown]
# It has. Now the library builds the same network.

# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"backend {keras.backend.backend()} | device {keras.distribution.list_devices()[0]}")

# %% [markdown]
# As many parameters as our vector has numbers?

# %% tags=["nbval-check-output"]
model = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.count_params(), start.shape

# %% [markdown]
# Train it twice from our start, with the same budget of ten epochs: ten exact steps of the full batch at
# $\varepsilon = 0.5$, against $10N/M$ noisy ones at 0.1.


# %%
def keras_trains(start, eps, M):
    """Return the risk at the start, the risk after ten epochs of SGD, and the test accuracy."""
    model.set_weights(list(unpack(start)))
    model.compile(keras.optimizers.SGD(eps), "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = model.evaluate(X, y, batch_size=N, verbose=0)[0]
    model.fit(X, y, batch_size=M, epochs=10, verbose=0)
    after, accuracy = (
        model.evaluate(*data, batch_size=N, verbose=0)[i] for i, data in enumerate([(X, y), (X_test, y_test)])
    )
    return before, after, accuracy


# %% [markdown]
# The full batch, then SGD: risk before and after, test accuracy.

# %%
library = {"GD": keras_trains(start, 0.5, N), "SGD": keras_trains(start, 0.1, M)}
np.round(list(library.values()), 3)

# %% [markdown]
# And ours. A list of batches says which examples each step reads.


# %%
def train(theta, X, y, eps, batches, beta=0.0):
    """Return theta after one SGD step for each batch of row numbers."""
    for batch in batches:
        theta = theta - eps * gradient(theta, X[batch], y[batch], beta)
    return theta


# %% [markdown]
# Shuffled epochs, as in section 5:


# %%
def epochs(n_epochs, N, M, rng):
    """Return the shuffled batches of n_epochs, shape (n_epochs · N/M, M). M must divide N."""
    return np.concatenate([rng.permutation(N).reshape(-1, M) for _ in range(n_epochs)])


# %% [markdown]
# The same ten exact steps, ours and the library's:

# %%
ours = train(start, X, y, 0.5, epochs(10, N, N, rng))
float(risk(ours, X, y)), library["GD"][1]

# %% tags=["nbval-check-output"]
# Rounding: 2e-7 on a CPU; a GPU may multiply with ten-bit mantissas (TF32).
claims.check(
    "NumPy against Keras, risk at the start",
    abs(risk(start, X, y) - library["GD"][0]),
    "below 0.001",
    band=(None, 1e-3),
    data=MNIST,
)

# %% [markdown]
# The risks at the start differ by less than **0.001**, and the library's momentum is ours, too:

# %%
ball = keras.Variable([1.0, 1.0])
optimiser = keras.optimizers.SGD(0.01, momentum=0.9)
for _ in range(60):
    optimiser.apply([ball * np.array([1, 100], dtype="float32")], [ball])
keras.ops.convert_to_numpy(ball), path(0.01, 0.9)[-1]

# %% [markdown]
# One start proves little, so we repeat the comparison over ten.


# %%
def test_accuracy(theta):
    return 100 * np.mean(forward(theta, X_test)[1].argmax(axis=1) == y_test)


# %% [markdown]
# Risk and test accuracy of both recipes:

# %%
results = []
for _ in tqdm(range(10), desc="starts"):
    theta = random_start(64, rng)
    gd = train(theta, X, y, 0.5, epochs(10, N, N, rng))
    noisy = train(theta, X, y, 0.1, epochs(10, N, M, rng))
    results.append([risk(gd, X, y), test_accuracy(gd), risk(noisy, X, y), test_accuracy(noisy)])
gd_risk, gd_accuracy, sgd_risk, sgd_accuracy = np.mean(results, axis=0)
np.round(results, 2)

# %% tags=["nbval-check-output"]
# Means over ten starts vary by 0.03, 1.7 points, 0.008 and 0.2 points from seed to seed.
claims.check("full batch, risk", gd_risk, "0.93", band=(0.75, 1.11), stand_in=(1.4, 2.4), data=MNIST)
claims.check("full batch, test accuracy", gd_accuracy, "73 %", band=(65, 80), stand_in=(18, 53), data=MNIST)
claims.check("SGD, risk", sgd_risk, "0.16", band=(0.12, 0.195), stand_in=(0.11, 0.145), data=MNIST)
claims.check("SGD, test accuracy", sgd_accuracy, "92.3 %", band=(91.3, 93.3), stand_in=(95.4, 98), data=MNIST)

# %% [markdown]
# Over ten seeds the full batch reaches a risk of **0.93** and **73 %** of the test digits; SGD
# reaches **0.16** and **92.3 %**. Many noisy steps beat ten exact ones.
#
# And the floor? Near a minimum, along an eigenvector with curvature $\lambda$, gradient noise of variance $c$ leaves a
# variance of about $\varepsilon c/2\lambda$ (section 4 with $\lambda$ put in). The excess risk is $\frac\lambda2$ times that:
# **the curvature cancels**. Summed over all directions, with batches of $M$,
#
# $$\text{excess risk} \approx \frac{\varepsilon}{4M}\operatorname{tr} C, \qquad \operatorname{tr} C = \text{mean of } \lVert\nabla R_i - \nabla R\rVert^2 .$$
#
# One number, measured at the minimum without taking a step, should predict the floor at every small rate. In each layer
# an example's gradient is an outer product, so its squared length is a product of two.


# %%
def noise(theta, X, y):
    """Return tr C: the mean squared distance of the examples' own gradients of the cross-entropy from their mean."""
    h, hidden, output = pushes(theta, X, y)
    squares = np.sum(hidden**2, axis=1) * (1 + np.sum(X**2, axis=1))
    squares += np.sum(output**2, axis=1) * (1 + np.sum(h**2, axis=1))
    return np.mean(squares) - np.sum(gradient(theta, X, y) ** 2)


# %% [markdown]
# First a trap. Forty epochs' worth of steps with the network we have, at a small rate and at a five times larger one; then
# risk and $\operatorname{tr} C$.

# %%
plain = {eps: train(start, X, y, eps, rng.integers(N, size=(40 * N // M, M))) for eps in tqdm((0.02, 0.1))}
{
    eps: (round(float(risk(theta, X, y)), 3), round(float(noise(theta, X, y)), 1))
    for eps, theta in plain.items()
}

# %% tags=["nbval-check-output"]
claims.check(
    "no floor: risk at 0.02 over risk at 0.1",
    risk(plain[0.02], X, y) / risk(plain[0.1], X, y),
    "7.8 times",
    band=(4.8, 10.8),
    stand_in=(2.5, 4.1),
    data=MNIST,
)

# %% [markdown]
# The *smaller* rate has the higher risk, about **7.8 times** as high, and no floor is in sight: so many parameters can satisfy
# every digit. Where each example's gradient vanishes, so does the noise. Such a network **interpolates**, and a constant
# rate does arrive.
#
# A floor needs examples that disagree. We take 16 hidden units and weight decay $\beta = 0.01$, so that no digit has it
# all its own way, and find the minimum by section 7: full gradients and momentum.

# %%
BETA = 0.01
theta_star, v = random_start(16, rng), 0.0
for _ in tqdm(range(1_000), desc="to the minimum"):
    theta_star, v = momentum_step(theta_star, v, lambda theta: gradient(theta, X, y, BETA), 0.1, 0.98)
lowest, tr_C = risk(theta_star, X, y, BETA), noise(theta_star, X, y)
float(lowest), float(tr_C), float(np.linalg.norm(gradient(theta_star, X, y, BETA)))

# %% [markdown]
# These are the risk, $\operatorname{tr} C$, and the length of the gradient, nearly zero. Now let SGD loose *at the minimum*.


# %%
def excess(eps, n_blocks=60):
    """Return the excess risk after each block of 100 SGD steps from the minimum."""
    theta, risks = theta_star, []
    for _ in tqdm(range(n_blocks), desc=f"ε = {eps}", leave=False):
        theta = train(theta, X, y, eps, rng.integers(N, size=(100, M)), BETA)
        risks.append(risk(theta, X, y, BETA) - lowest)
    return np.array(risks)


# %% [markdown]
# Three rates; the mean leaves out the climb itself.

# %%
climbs = {eps: excess(eps) for eps in (0.02, 0.05, 0.1)}
floors = pd.DataFrame({"measured": {eps: climb[10:].mean() for eps, climb in climbs.items()}})
floors["predicted"] = floors.index * tr_C / (4 * M)
floors["ratio"] = floors["measured"] / floors["predicted"]
floors.round(4)

# %% [markdown]
# With the predictions made before them:

# %% mystnb={"image": {"alt": "Excess risk of the network against SGD steps from the minimum, logarithmic axis, for three learning rates. Each fluctuates around its own level, higher for larger rates, close to a dashed line that was predicted beforehand."}}
steps = 100 * np.arange(1, 61)
for (eps, climb), marker in zip(climbs.items(), "osD"):
    [line] = plt.semilogy(
        steps, climb, marker=marker, markersize=5, linestyle="-", linewidth=1, label=f"ε = {eps}"
    )
    plt.axhline(floors["predicted"][eps], color=line.get_color(), linestyle="--")
plt.legend(loc="lower center", ncols=3, title="dashed: predicted from the gradients at the minimum")
plt.ylim(floors["predicted"].min() / 8)
plotting.show("Started at the minimum, SGD climbs to its floor", "SGD steps of 50 digits", "excess risk")

# %% tags=["nbval-check-output"]
# Ten seeds: sd 0.00016, 0.00033, 0.00065; of the ratios 0.06, 0.06, 0.085.
level, over = floors["measured"], floors["ratio"]
claims.check(
    "excess, ε = 0.02", level[0.02], "0.0024", band=(0.0016, 0.0032), stand_in=(0.0006, 0.0015), data=MNIST
)
claims.check(
    "excess, ε = 0.05", level[0.05], "0.0061", band=(0.0045, 0.0077), stand_in=(0.0016, 0.0037), data=MNIST
)
claims.check(
    "excess, ε = 0.1", level[0.1], "0.0138", band=(0.0105, 0.0170), stand_in=(0.0033, 0.0096), data=MNIST
)
claims.check(
    "over prediction, ε = 0.02", over[0.02], "0.98", band=(0.7, 1.25), stand_in=(0.6, 1.45), data=MNIST
)
claims.check(
    "over prediction, ε = 0.05", over[0.05], "1.00", band=(0.74, 1.26), stand_in=(0.75, 1.35), data=MNIST
)
claims.check(
    "over prediction, ε = 0.1", over[0.1], "1.13", band=(0.75, 1.5), stand_in=(0.8, 1.75), data=MNIST
)

# %% [markdown]
# Over ten seeds the excess risk is **0.0024**, **0.0061** and **0.0138**: **0.98**, **1.00** and **1.13** times what we predicted from one
# number at the minimum. We did not expect a toy with a single parameter to do so well for thousands. At the largest rate
# it is too low, as it should be: $\varepsilon/4$ is a limit for small rates. Another network, batch or
# $\beta$ has other levels.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes). Ask what happens to an SGD that starts *at* the minimum; most say "it stays".
# Likely question: "is the floor bad?" For the training risk, yes; it may help on new data, which we did not measure. Common
# confusion: interpolation is not generalisation. We draw batches with replacement here, as the theory does; at the end of a shuffled epoch it lies lower.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚量到的值放在一起。凡带随机性的，课文写的是许多次运行的平均，你这一次会略有出入。凡是有理论的，允许的范围就取理论本身的抽样误差，不多给；落在范围之外，这个笔记本就会报错停下。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where there is a theory, "allowed" comes from its own sampling error.

# %%
claims.table()

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 学习率受最陡方向限制，步数由条件数决定；标准化特征是最便宜的加速。
# - 一个样本的梯度是无偏的：远处又便宜又准，近处全是噪声。
# - 学习率不变，SGD 就停在地板上：方差 $\varepsilon/(2-\varepsilon)$，多余风险约 $\varepsilon/4$，再等也没用。
# - 两味药：加大批量（除以 $M$，打乱后更好）；让学习率下降（$\sum\varepsilon=\infty$，$\sum\varepsilon^2<\infty$）。
# - 动量治窄谷，不治噪声，反而把地板抬高 $1/(1-\alpha)$ 倍左右。
# - 真网络的地板约为 $\frac{\varepsilon}{4M}\operatorname{tr}C$；能内插的网络噪声自行消失。
#
# </details>
#
# - The steepest direction limits the rate, the condition number sets the steps. Standardise your features.
# - One example's gradient is unbiased: cheap and good far away, pure noise near the minimum.
# - With a constant rate SGD stays on a floor: variance $\varepsilon/(2-\varepsilon)$, excess risk about $\varepsilon/4$. Waiting does not help.
# - Two medicines: larger batches ($1/M$, shuffled better still) and a falling rate ($\sum\varepsilon = \infty$, $\sum\varepsilon^2 < \infty$).
# - Momentum cures narrow valleys, not noise: it lifts the floor about $1/(1-\alpha)$ times.
# - A real network's floor is about $\frac{\varepsilon}{4M}\operatorname{tr}C$, unless it interpolates: then the noise dies by itself.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# 1. 学习率不变，训练风险早已不降，只在一条水平线上下抖。先做什么：多训练几轮、降低学习率，还是加大动量？
# 2. 批量和学习率都加倍，地板怎么变？
# 3. 有人把面积改用平方毫米。最小二乘的预测变不变？梯度下降的步数呢？
#
# </details>
#
# **A.** With a constant rate the training risk has stopped falling and jitters around a level. What first: train longer,
# lower the rate, or raise the momentum?
#
# <details>
# <summary>Answer</summary>
#
# Lower the rate. *Train longer* tempts because it helped so far, but a floor does not wear down. *More momentum* tempts
# because it made the walk faster; here it would lift the floor.
#
# 降低学习率。已经站在地板上了：多训练几轮，只是在地板上多站一会儿；加大动量，反而把地板抬高。
#
# </details>
#
# **B.** You double the batch and double the rate. What happens to the floor?
#
# <details>
# <summary>Answer</summary>
#
# Almost nothing: it goes with $\varepsilon/M$. "It halves" forgets the rate, "it doubles" forgets the batch. The walk to the floor takes half
# the steps, as long as the rate stays below $2/\lambda_{\max}$.
#
# 几乎不变，因为地板取决于 $\varepsilon/M$。只想到学习率会说“加倍”，只想到批量会说“减半”。走到地板的步数倒是少了一半。
#
# </details>
#
# **C.** Somebody records the floor area in square millimetres. Do the predictions of least squares change? Do the steps of
# gradient descent?
#
# <details>
# <summary>Answer</summary>
#
# The predictions do not: the weight shrinks as the feature grows. The steps do, enormously: $\kappa$ is a property of the units, too.
# "Neither" tempts because the *answer* is the same. The road to it is not.
#
# 预测不变：特征大了，权重就小了。步数大变，因为条件数跟着单位走。终点一样，路不一样。
#
# </details>

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 给出数据矩阵，求梯度下降允许的最大学习率。
# 2. 由 $\operatorname{tr}C$ 和批量，求让多余风险不超过给定值的最大学习率。
# 3. 第三味药：学习率不变，把轨迹的后半段取平均。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. The limit.* For $R(w) = \frac{1}{2N}\lVert Xw - y\rVert^2$ and X of shape (N, d), return the rate above which gradient descent diverges.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt


def max_rate(X):
    return ...


def check_max_rate(f):
    X = np.array([[2.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 1.0]])
    if not np.isclose(f(X), 1):
        return f"for this X, XᵀX/N has the eigenvalues 2 and ½, so the limit is 1, not {f(X):.3g}: is the risk a sum or a mean?"
    if not np.isclose(f(3 * X), 1 / 9):
        return "three times the features make the valley nine times as steep"


attempt(max_rate, check_max_rate)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def max_rate_solution(X):
    return 2 / np.linalg.eigvalsh(X.T @ X / len(X))[-1]


def max_rate_mistake(X):  # the limit for a sum of losses
    return 2 / np.linalg.eigvalsh(X.T @ X)[-1]


assert check_max_rate(max_rate_solution) is None

# %% [markdown]
# *2. A floor to order.* Given $\operatorname{tr} C$ of single examples and the batch size M, return the largest rate whose predicted
# excess risk (section 8) is at most `target`.


# %% tags=["nbval-check-output"]
def rate_for_floor(target, tr_C, M):
    return ...


def check_rate_for_floor(f):
    if not np.isclose(f(0.01, 1.0, 1), 0.04):
        return f"section 4 has tr C = 1 and the floor ε/4: an excess of 0.01 allows ε = 0.04, not {f(0.01, 1.0, 1):.3g}"
    if not np.isclose(f(0.01, 1.0, 50), 2):
        return "batches of 50 divide the noise by 50, so they allow a rate 50 times as large"
    if not np.isclose(f(0.01, 25.0, 50), 0.08):
        return "25 times the noise allows only a 25th of the rate"


attempt(rate_for_floor, check_rate_for_floor)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def rate_for_floor_solution(target, tr_C, M):
    return 4 * M * target / tr_C


def rate_for_floor_mistake(target, tr_C, M):  # the batch is forgotten
    return 4 * target / tr_C


assert check_rate_for_floor(rate_for_floor_solution) is None

# %% [markdown]
# *3. Medicine three: average the walk.* Given walks of shape (n_steps, n), one column per walk, return each walk's mean over the second half of its
# steps, shape (n,). (Polyak and Ruppert's idea. Then try it on 1,000 steps at ε = 0.1: how far below the floor is the variance?)


# %% tags=["nbval-check-output"]
def tail_average(walks):
    return ...


def check_tail_average(f):
    walks = np.array([[8.0, 0.0, 1.0], [4.0, 0.0, 1.0], [2.0, 6.0, 1.0], [0.0, 2.0, 1.0]])
    result = np.asarray(f(walks))
    if result.shape != (3,):
        return f"three walks should give shape (3,), not {result.shape}: average over the steps, not over the walks"
    if not np.allclose(result, [1, 4, 1]):
        return f"the last two of four steps average to (1, 4, 1), not {result}"


attempt(tail_average, check_tail_average)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def tail_average_solution(walks):
    return walks[len(walks) // 2 :].mean(axis=0)


def tail_average_mistake(walks):  # averages over the walks
    return walks[len(walks) // 2 :].mean(axis=1)


assert check_tail_average(tail_average_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Bottou、Curtis、Nocedal 的综述把本讲的内容从头到尾证明了一遍；Goh 的交互文章用滑块讲清楚动量为什么有效；Mandt 等人从 SGD 的平稳分布出发，得到本讲第 8 节的公式；Robbins 和 Monro 的原文只有八页，值得一看。
#
# </details>
#
# - H. Robbins, S. Monro, [A stochastic approximation method](https://doi.org/10.1214/aoms/1177729586), Annals of Mathematical Statistics 22 (1951).
# - L. Bottou, F. Curtis, J. Nocedal, [Optimization methods for large-scale machine learning](https://arxiv.org/abs/1606.04838), SIAM Review 60 (2018).
# - G. Goh, [Why momentum really works](https://distill.pub/2017/momentum/), Distill (2017).
# - D. Kingma, J. Ba, [Adam: a method for stochastic optimization](https://arxiv.org/abs/1412.6980), ICLR 2015.
# - S. Mandt, M. Hoffman, D. Blei, [Stochastic gradient descent as approximate Bayesian inference](https://arxiv.org/abs/1704.04289), JMLR 18 (2017).
