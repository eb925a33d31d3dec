# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · SGD and its noise floor: a fast start, and no arrival
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/04_sgd_noise_floor.ipynb)
#
# Least squares gave us its minimum in one line. A network's minimum has no formula, so we walk downhill, step by step.
# With many examples even one step is expensive. So each step looks at only a few of them: **stochastic gradient descent**
# (SGD). Why may we do that? Why does SGD never quite arrive, and what do we do about it?
#
# **You will**
#
# - say which learning rates converge, and why badly scaled features make the walk long;
# - derive the mean and the variance of SGD, and compare them with ten thousand walks;
# - lower the noise floor with batches and with a falling rate, and know the price of each;
# - explain what momentum cures, and what it does not;
# - at home (sections with ★): predict the noise floor of a real network from one number, then measure it.
#
# **You need** derivatives, eigenvalues, expectation and variance, NumPy, and lectures 1 and 3.
# **It takes** 85 minutes to teach and under 60 seconds to run on 2 CPU cores.
#
# **Figures in bold** are checked whenever this notebook runs. Most were measured, some are arithmetic. Where chance
# enters, they are means over ten seeds or what theory predicts: your own run will differ a little.
#
# **Notation.** $R$ is the risk, $\theta$ or $w$ the parameters, $\varepsilon$ the learning rate, $\lambda$ an
# eigenvalue. Here $\gamma$ is the number of an example drawn at random; in lecture 3 it was a gap.

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
# Stand at $\theta$ and look at the slope under your feet. Taylor's expansion says what a small step $\delta$ does to
# the risk:
#
# $$R(\theta + \delta) \approx R(\theta) + \delta^\top \nabla R(\theta).$$
#
# Of all steps of one length, the one straight against the gradient lowers $R$ most. That is **gradient descent** (GD),
# with a **learning rate** $\varepsilon$:
#
# $$\theta_{k+1} = \theta_k - \varepsilon \nabla R(\theta_k).$$
#
# The simplest valley is $R(\theta) = \theta^2/2$. Its gradient is $\theta$ itself, so each step multiplies $\theta$ by
# $1 - \varepsilon$. From $\theta_0 = 1$ with $\varepsilon = \frac12$ you can do it in your head: 1, ½, ¼, ⅛.
#
# **Before you read on:** which rate lands on the minimum in one step? What happens at a rate of 1.5, and what at 2?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：最简单的山谷是 $R(\theta)=\theta^2/2$，哪个学习率一步就到谷底？取 1.5 会怎样？取 2 呢？
#
# 站在 $\theta$ 处，只看得见脚下的坡度。泰勒展开说，一小步 $\delta$ 会让风险变成大约 $R(\theta)+\delta^\top\nabla R(\theta)$。步长相同时，正对着负梯度走，下降得最多。这就是**梯度下降**：$\theta\leftarrow\theta-\varepsilon\nabla R(\theta)$，$\varepsilon$ 叫学习率。在上面那个山谷里，梯度就是 $\theta$ 本身，所以每走一步乘以 $1-\varepsilon$。
#
# 走 $k$ 步的结果是 $\theta_k=(1-\varepsilon)^k\theta_0$，程序与公式相差不到 **1e-12**。学习率不超过 **1** 时，从不越过谷底；再大，就在谷底两边来回跳，但仍然收敛。到了 **2** 就不再收敛。泰勒展开只管脚下附近，步子太大，它就不作数了。
#
# </details>

# %%
import numpy as np


# %%
def descend(theta, gradient, eps, n_steps):
    """Return theta after n_steps of gradient descent at the rate eps."""
    for _ in range(n_steps):
        theta = theta - eps * gradient(theta)
    return theta


# %% tags=["nbval-check-output"]
[descend(1.0, lambda theta: theta, 0.5, k) for k in range(4)]

# %% [markdown]
# In general $\theta_k = (1-\varepsilon)^k \theta_0$. Try every rate from 0.01 to 2.50, all at once in one array.

# %% tags=["nbval-check-output"]
rates = np.arange(1, 251) / 100
after_1, after_50 = (descend(1.0, lambda theta: theta, rates, k) for k in (1, 50))
formula = (1 - rates) ** 50
disagreement = np.max(np.abs(after_50 - formula) / np.maximum(formula, 1))
# An identity: what is left is the rounding of fifty products.
claims.check("descent against the formula", disagreement, "below 1e-12", band=(None, 1e-12))
claims.exact("largest rate that never overshoots", rates[after_1 >= 0].max(), "1")
claims.exact("smallest rate that fails", rates[np.abs(after_50) >= 1].min(), "2")

# %% [markdown]
# Code and formula differ by less than **1e-12**. Up to a rate of **1** the walk never crosses the minimum, and at 1 it
# lands on it. Above that it jumps across at every step, and still converges. From **2** on it does not. Four of these
# walks:

# %% mystnb={"image": {"alt": "Four walks towards zero. At rate 0.1 slow and smooth, at 0.5 fast and smooth, at 1.5 jumping from side to side while shrinking, at 2.1 jumping from side to side while growing."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
for eps, marker in ((0.1, "o"), (0.5, "s"), (1.5, "^"), (2.1, "x")):
    plt.plot((1 - eps) ** np.arange(13), marker=marker, label=f"ε = {eps}")
plt.legend(loc="upper left", ncols=2)
plt.ylim(-3.2, 4.6)
plotting.show("Too small is slow, above 1 overshoots, above 2 is lost", "step k", "position θ (minimum at 0)")

# %% [markdown] tags=["instructor"]
# 7 minutes. Collect hands for the three rates before running the cell. Common confusion: "a larger rate is faster". It
# is, up to 1.

# %% [markdown]
# ## 2 One rate for all directions
#
# With many parameters the valley has many directions, but there is still one rate. Take the flats of lecture 1 and
# least squares, $R(w) = \frac{1}{2N}\lVert Xw - y\rVert^2$. Its gradient is $\frac1N X^\top X (w - w^\star)$, so the error
# $e_k = w_k - w^\star$ obeys
#
# $$e_{k+1} = \left(I - \varepsilon\, \tfrac{1}{N} X^\top X\right) e_k .$$
#
# Along an eigenvector the error is multiplied by $1 - \varepsilon\lambda$: section 1 again, once in each direction. The
# steepest direction allows only $\varepsilon < 2/\lambda_{\max}$. At such a rate the flattest direction is slow. How
# slow is decided by the **condition number** $\kappa = \lambda_{\max}/\lambda_{\min}$.
#
# (The slide writes $X^\top X$ without $1/N$, a sum of losses and not their mean. Then eigenvalues are $N$ times larger,
# rates $N$ times smaller, and $\kappa$ is the same.)
#
# **Take a bet.** Four features: area in m², remaining lease in years, storey, and a constant. How many steps does
# gradient descent need until a millionth of its error is left: a hundred, ten thousand, or millions?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：特征取面积（平方米）、剩余租约（年）、楼层和常数列，梯度下降要走多少步，误差才只剩百万分之一？一百步，一万步，还是几百万步？
#
# 参数一多，山谷就有许多方向，学习率却只有一个。最小二乘 $R(w)=\frac1{2N}\lVert Xw-y\rVert^2$ 的误差 $e_k=w_k-w^\star$ 满足 $e_{k+1}=(I-\varepsilon X^\top X/N)e_k$：沿每个特征方向，各乘各的 $1-\varepsilon\lambda$。最陡的方向限定了 $\varepsilon<2/\lambda_{\max}$；用这样的学习率，最平的方向就走得慢。慢到什么程度，由**条件数** $\kappa=\lambda_{\max}/\lambda_{\min}$ 决定。（讲义写的是 $X^\top X$，没有除以 $N$：特征值大 $N$ 倍，学习率小 $N$ 倍，$\kappa$ 不变。）
#
# 先画两个参数的情形：常数与面积。面积以一百平方米为单位时，等高线是又长又窄的椭圆，$\kappa=$ **67.4**，走 20 步还剩 **49** % 的误差；标准化以后，等高线是圆，负梯度正对着谷底，每步剩一半。
#
# 再看四个特征：$\kappa=$ **642,000**，要走 **8.86** 百万步，而且每一步都要读遍所有成交记录。谁也不会真去循环：沿特征方向，走 $k$ 步就是取 $k$ 次幂。标准化以后，$\kappa=$ **1.87**，只要 **15** 步。房子还是那些房子，模型还是那个模型，变的只是单位和原点。
#
# 加上各镇的独热列又变慢，因为小镇那一列几乎全是 0；把这些列也标准化，就快多了。标准化特征，是本课程里最便宜的加速。
#
# </details>

# %%
from utils.datasets import load_hdb

HDB = ("hdb_resale",)
df = load_hdb(start="2017-01", end="2024-06")
price = df["resale_price"].to_numpy() / 1000
price.shape

# %% [markdown]
# Two parameters can be drawn: a constant and the area. Once the area is in units of 100 m². Once it is
# **standardised**: measured from its mean, in units of its standard deviation.


# %%
def standardise(X):
    """Return the columns of X shifted and scaled to mean 0 and variance 1."""
    return (X - X.mean(axis=0)) / X.std(axis=0)


# %%
area = df["floor_area_sqm"].to_numpy()
oval = np.column_stack([np.ones(len(df)), area / 100])
circle = np.column_stack([np.ones(len(df)), standardise(area)])

# %% [markdown]
# The gradient of least squares, and a walk of gradient descent. (The rows that a step reads are an argument. Here every
# step reads all of them; section 3 will read fewer.)


# %%
def full_gradient(w, X, y):
    """Return the gradient of the risk of least squares at w; X has one row per example."""
    return X.T @ (X @ w - y) / len(X)


# %%
def walk(w, X, y, eps, batches):
    """Return the positions from w, one step for each batch of rows: shape (len(batches) + 1, d)."""
    positions = [w]
    for rows in batches:
        w = w - eps * full_gradient(w, X[rows], y[rows])
        positions.append(w)
    return np.array(positions)


# %%
def draw_contours(ax, X, y):
    """Draw lines of equal risk over two weights, and the minimum; return it and λ_max."""
    H, w_star = X.T @ X / len(X), np.linalg.lstsq(X, y, rcond=None)[0]
    side = np.linspace(-1.1, 1.1, 200) * np.linalg.norm(w_star)
    e = np.stack(np.meshgrid(side, side)).reshape(2, -1)
    excess = np.sum(e * (H @ e), axis=0).reshape(200, 200) / 2
    levels = excess.max() * np.geomspace(1e-3, 1, 9)
    ax.contour(w_star[0] + side, w_star[1] + side, excess, levels, colors="0.7", linewidths=1)
    ax.plot(*w_star, "k*", markersize=16, zorder=5)
    ax.set_aspect("equal")
    return w_star, np.linalg.eigvalsh(H)[-1]


# %% mystnb={"image": {"alt": "Two panels of contours over two weights, each with twenty steps of gradient descent. Left, area in units of 100 square metres: long narrow ovals; the walk goes straight across to the bottom of the valley, then turns and crawls along it, still far from the minimum. Right, area standardised: circles; the walk goes straight to the minimum."}}
all_rows = [slice(None)] * 20
fig, axes = plt.subplots(1, 2)
left = {}
for ax, X, name in zip(axes, (oval, circle), ("area in 100 m²", "area standardised")):
    w_star, steepest = draw_contours(ax, X, price)
    positions = walk(np.zeros(2), X, price, 0.5 / steepest, all_rows)
    ax.plot(*positions.T, "o-", color="C1", markersize=5, linewidth=1.5)
    ax.set_title(name)
    left[name] = 100 * np.linalg.norm(positions[-1] - w_star) / np.linalg.norm(w_star)
fig.suptitle("In ovals the walk crawls, in circles it goes straight home", fontweight="bold")
fig.supxlabel("weight of the constant (thousand S$)")
fig.supylabel("weight of the area (thousand S$)")
plt.show()

# %% [markdown]
# Both walks take 20 steps at $\varepsilon = \frac12 / \lambda_{\max}$. The ovals are $\sqrt\kappa$ times as long as wide.
# Now we compute $\kappa$.


# %%
def modes(X, y):
    """Return the eigenvalues of XᵀX/N, ascending, and the least-squares weights along its eigenvectors."""
    lam, Q = np.linalg.eigh(X.T @ X / len(X))
    return lam, Q.T @ np.linalg.lstsq(X, y, rcond=None)[0]


# %%
lam, _ = modes(oval, price)
float(lam[-1] / lam[0]), left

# %% tags=["nbval-check-output"]
# No chance in it: the bands leave room for the publisher's corrections.
claims.check(
    "κ, area in 100 m²", lam[-1] / lam[0], "67.4", band=(66.5, 68.3), stand_in=(60.8, 62.5), data=HDB
)
claims.check(
    "error left in the ovals", left["area in 100 m²"], "49 %", band=(48, 50), stand_in=(47, 48.7), data=HDB
)

# %% [markdown]
# The ovals have $\kappa =$ **67.4**. The walk is quickly at the bottom of the valley, but after 20 steps **49 %** of
# the error is left. In the circles every direction is equally steep. The gradient points at the minimum, and each step
# halves the error.
#
# Now the four features of the bet, with lease and storey read as in lecture 1.


# %%
def lease_years(text):
    """Return remaining leases in years: 61.33 for "61 years 04 months"."""
    return text.str.extract(r"(\d+) years?(?: (\d+))?").astype(float).fillna(0) @ [1, 1 / 12]


# %%
def middle_storey(text):
    """Return the middle of ranges of storeys: 11 for "10 TO 12"."""
    return text.str.extract(r"(\d+) TO (\d+)").astype(float).mean(axis=1)


# %%
lease, storey = lease_years(df["remaining_lease"]), middle_storey(df["storey_range"])
raw = np.column_stack([area, lease, storey, np.ones(len(df))])
raw.mean(axis=0).round(1)

# %% [markdown]
# We need no loop: along an eigenvector, $k$ steps are one power. And since the error only shrinks, we can find the step
# by halving an interval.


# %%
def error_left(k, lam, error):
    """Return ‖e_k‖ / ‖e_0‖ after k steps of gradient descent at the rate 1 / λ_max."""
    return float(np.linalg.norm((1 - lam / lam[-1]) ** k * error) / np.linalg.norm(error))


# %%
def steps_to(tolerance, lam, error):
    """Return the first step k ≥ 1 after which at most this share of the error is left."""
    too_few, enough = 0, 10**9
    while enough - too_few > 1:
        k = (too_few + enough) // 2
        if error_left(k, lam, error) <= tolerance:
            enough = k
        else:
            too_few = k
    return enough


# %% tags=["nbval-check-output"]
lam, error = modes(raw, price)
steps = steps_to(1e-6, lam, error) / 1e6
# Nothing here is random. The bands leave room for the publisher's corrections only.
claims.check("raw, κ", lam[-1] / lam[0], "642,000", band=(635e3, 648e3), stand_in=(755e3, 770e3), data=HDB)
claims.check("raw, steps", steps, "8.86 million", band=(8.8, 8.9), stand_in=(10.4, 10.6), data=HDB)

# %% [markdown]
# With $\kappa =$ **642,000** it takes **8.86 million** steps, and each of them would read every sale. (The best single
# rate, $2/(\lambda_{\max}+\lambda_{\min})$, would halve that.) Now standardise the three features.

# %% tags=["nbval-check-output"]
X = np.column_stack([standardise(raw[:, :3]), np.ones(len(df))])
lam, error = modes(X, price)
steps = steps_to(1e-6, lam, error)
claims.check("standardised, κ", lam[-1] / lam[0], "1.87", band=(1.85, 1.88), stand_in=(1.17, 1.19), data=HDB)
claims.check("standardised, steps", steps, "15 steps", band=(15, 15), stand_in=(7, 7), data=HDB)

# %% [markdown]
# Now $\kappa =$ **1.87**, and it takes **15 steps**: same sales, same model, other units and another origin.
#
# Lecture 1 added a column of zeros and ones for each town but one. A small town's column is nearly all zeros: a flat
# direction again, unless we standardise it too. All four designs side by side:

# %%
import pandas as pd

towns = pd.get_dummies(df["town"], dtype=float).to_numpy()[:, 1:]
designs = {
    "standardised, no towns": X,
    "towns standardised": np.column_stack([X, standardise(towns)]),
    "towns as 0 and 1": np.column_stack([X, towns]),
    "raw, no towns": raw,
}
valleys = {name: modes(design, price) for name, design in designs.items()}
kappa = {name: float(lam[-1] / lam[0]) for name, (lam, _) in valleys.items()}
kappa

# %% mystnb={"image": {"alt": "Share of the error left against the number of steps, both on logarithmic axes, with one labelled curve for each design. Standardised features fall within fifteen steps, with standardised towns after hundreds, with towns as zeros and ones after about ten thousand, raw features after several million."}}
k = np.unique(np.geomspace(1, 2e7, 400).astype(int))
for name, valley in valleys.items():
    curve = np.array([error_left(steps, *valley) for steps in k])
    [line] = plt.loglog(k, curve)
    rounded = f"{kappa[name]:.3g}" if kappa[name] < 1_000 else f"{round(kappa[name], -3):,.0f}"
    place = {"x": 0.8 * k[curve > 3e-5][-1], "y": 3e-5, "ha": "right", "va": "center"}
    plt.text(**place, s=f"{name}\nκ = {rounded}".replace(" ", "\n", 1), color=line.get_color(), fontsize=13)
plt.xlim(0.4, 2e7)
plt.ylim(1e-6, 2)
plotting.show(
    "Scaling decides between a dozen steps and millions",
    "steps of gradient descent",
    "share of the error left",
)

# %% [markdown]
# Towns as zeros and ones cost thousands of steps, standardised towns hundreds. Standardising the inputs is the cheapest
# speed-up in this course.

# %% [markdown] tags=["instructor"]
# 12 minutes. Take the bet before the cell. Left for home: how leases and storeys are read, and the four designs with
# towns. Say only that towns as 0 and 1 cost thousands of steps. Likely question: "why not one rate per direction?" That
# is Newton's method. It needs the eigenvectors, too expensive for a million parameters; Adam (section 7) makes a rough
# guess. Common confusion: the limit on ε depends on whether R is a sum or a mean.

# %% [markdown]
# ## 3 The gradient at the price of one example
#
# The risk is a mean over $N$ examples, $R = \frac1N\sum_i R_i$, and so is its gradient: one step reads them all.
# Draw one example $\gamma$ at random, and use $\nabla R_\gamma$ alone. That costs an $N$-th, and it is right on
# average: $\mathbb{E}\,\nabla R_\gamma = \frac1N\sum_i\nabla R_i = \nabla R$. Such an estimate is called **unbiased**.
# (How a network computes $\nabla R_i$ is called *backpropagation*. Lecture 8 builds it.)
#
# Right on average can still be wrong today. **Guess:** what share of the sales "points downhill", that is, makes an
# angle below 90° with the full gradient? At the start? And when 99 % of the way is done?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：有多大比例的样本“指向下坡”，也就是与完整梯度的夹角小于 90°？在起点呢？走完百分之九十九的路以后呢？
#
# 风险是 $N$ 个损失的平均，一次完整的梯度要读完 $N$ 个样本。随机抽一个样本 $\gamma$，只算它的梯度：期望恰好等于完整梯度（**无偏**），代价只有 $1/N$。平均是对的，这一次却可能不准。（网络怎样算出 $\nabla R_i$？那叫**反向传播**，第 8 讲来造。）
#
# 起点处是 **100** %，随便问哪一个都有点用：房价都是正的，而模型的回答是 0，每笔成交都要求常数变大，这一项压过了其余特征。（先减去平均价，这种一致就没有了：起点处只有 **74** % 指向下坡。）走到百分之九十九，只有 **48** %，跟抛硬币差不多。完整梯度在谷底是零，单个样本的梯度却不是：大家各拉各的，只是平均下来抵消了。
#
# 用同一个学习率 0.1 走 60 步：完整梯度还剩 **0.18** % 的误差；每步抽 50 个样本（小批量），误差的均方根停在 **1.2** %；每步只抽一个，停在 **8.8** %。三条路平均下来走得一样快，价钱却差得远：完整梯度每步读遍所有样本，最后一条路总共只读了 60 个。起步飞快，最后到不了：这就是**随机梯度下降**（SGD）。
#
# </details>


# %%
def one_by_one(w, X, y):
    """Return the gradient of each example's own risk at w, one row per example."""
    return X * (X @ w - y)[:, None]


# %%
bool(np.allclose(one_by_one(np.zeros(4), X, price).mean(axis=0), full_gradient(np.zeros(4), X, price)))

# %% [markdown]
# Unbiased, as promised. Now the guess: at $w = 0$, and after 99 hundredths of the way to the minimum.


# %%
def share_downhill(w, X, y):
    """Return the % of examples whose own gradient makes an angle below 90° with the full one."""
    return 100 * np.mean(one_by_one(w, X, y) @ full_gradient(w, X, y) > 0)


# %% tags=["nbval-check-output"]
w_star = np.linalg.lstsq(X, price, rcond=None)[0]
downhill = [share_downhill(progress * w_star, X, price) for progress in (0, 0.99)]
centred = share_downhill(0 * w_star, X, price - price.mean())
# No chance in it: every sale is asked.
claims.check("point downhill at the start", downhill[0], "100 %", band=(99.99, 100), data=HDB)
claims.check("the same, prices centred", centred, "74 %", band=(73.5, 75.5), stand_in=(74.5, 76.5), data=HDB)
claims.check("after 99 % of the way", downhill[1], "48 %", band=(47, 49), stand_in=(44, 46), data=HDB)

# %% [markdown]
# At the start **100 %** of the sales point downhill, so any one of them helps a little: all prices are positive and the
# model answers 0, so every sale wants a larger constant, and that outweighs the rest. (Subtract the mean price first,
# and this agreement is gone: then only **74 %** point downhill at the start.) In the end it is **48 %**, no better than
# a coin toss. A thousand of these gradients:

# %% mystnb={"image": {"alt": "Two scatter plots of a thousand single-example gradients with the same axes. At the start all of them lie left of zero along the constant. At the minimum they fan out to the left and to the right of zero, and their mean is at zero."}}
rows = np.random.default_rng(SEED).choice(len(X), 1_000)
fig, axes = plt.subplots(1, 2, sharex=True, sharey=True)
for ax, w, place in zip(axes, (0 * w_star, w_star), ("at the start", "at the minimum")):
    g = one_by_one(w, X, price)
    ax.plot(*g[rows][:, [3, 0]].T, ".", color="C0", markersize=5)
    ax.plot(*g.mean(axis=0)[[3, 0]], "X", color="C1", markersize=15, markeredgecolor="white")
    ax.axvline(0, color="0.4", linewidth=1)
    ax.axhline(0, color="0.4", linewidth=1)
    ax.set_title(place)
fig.suptitle(
    "Far away the sales agree on the constant;\nat the minimum they cancel (×: their mean)", fontweight="bold"
)
fig.supxlabel("slope along the constant (thousand S$)")
fig.supylabel("slope along the area (thousand S$)")
plt.show()

# %% [markdown]
# At the minimum the full gradient is zero, and the single ones are not. Let us see what that does in section 2's round
# valley, with 60 steps at $\varepsilon = 0.1$. Three walks: each step reads all sales, 50 random ones (a
# **mini-batch**), or one.

# %% mystnb={"image": {"alt": "Circular contours with three paths of sixty steps from the same start. The full gradient goes in a straight line to the minimum. Fifty sales a step tremble along beside it and end close by. One sale a step wanders widely and ends up somewhere around the minimum."}}
rng = np.random.default_rng(SEED)
draw_contours(plt.gca(), circle, price)
for batches, style, name in (
    (rng.integers(len(circle), size=(60, 1)), "v:", "one sale a step"),
    (rng.integers(len(circle), size=(60, 50)), "s--", "50 sales a step"),
    ([slice(None)] * 60, "o-", "all sales, each step"),
):
    plt.plot(
        *walk(np.zeros(2), circle, price, 0.1, batches).T, style, markersize=5, linewidth=1.5, label=name
    )
plt.legend(loc="lower right")
plt.xlim(-30, 620)
plt.ylim(-110, 255)
plotting.show(
    "The same road on average, but one sale at a time never settles",
    "weight of the constant (thousand S$)",
    "weight of the area (thousand S$)",
)

# %% [markdown]
# One path proves little. Over a thousand of them, what is left of the error after 60 steps, as the root of the mean square?

# %%
minimum = np.linalg.lstsq(circle, price, rcond=None)[0]


# %%
def error_after(batches):
    """Return the error after a walk over these batches, in % of the error at the start."""
    end = walk(np.zeros(2), circle, price, 0.1, batches)[-1]
    return 100 * np.linalg.norm(end - minimum) / np.linalg.norm(minimum)


# %%
def rms_left(M, n_walks=1_000):
    """Return the root mean square of that error over walks of 60 batches of M random sales."""
    errors = [error_after(rng.integers(len(circle), size=(60, M))) for _ in range(n_walks)]
    return np.sqrt(np.mean(np.square(errors)))


# %% tags=["nbval-check-output"]
claims.exact("left after 60 full steps", error_after([slice(None)] * 60), "0.18 %")
# A mean square over 1,000 walks has a relative error of about 1/√1,000 here; its root half of that. Seen: 2 %.
claims.check("left, batches of 50", rms_left(50), "1.2 %", band=(1.09, 1.31), stand_in=(1.17, 1.41), data=HDB)
claims.check(
    "left, one sale at a time", rms_left(1), "8.8 %", band=(7.9, 9.7), stand_in=(7.6, 11.5), data=HDB
)

# %% [markdown]
# The full gradient leaves $0.9^{60}$, that is **0.18 %**. Batches of 50 leave **1.2 %**, single sales **8.8 %**. All
# three walk equally fast on average, but they do not pay the same: a full step reads every sale, and the last walk has
# read 60 sales in all. That is **stochastic gradient descent** (SGD): a fast and cheap start, and no arrival. Next we make it exact.

# %% [markdown] tags=["instructor"]
# 13 minutes. Collect guesses for the start and for 99 %. Likely question: "below 50 %, so worse than chance?" A mean is
# not a majority: fewer sales with larger gradients can outweigh the others. Common confusion: unbiased does not mean
# close.

# %% [markdown]
# ## 4 Does SGD ever stand still?
#
# **Vote first:** a walk of SGD starts exactly *at* the minimum, at a constant rate. After a hundred steps, and after a
# thousand: how far away is it? About equally far both times, three times as far after a thousand, or ten times?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：SGD 从谷底出发，学习率不变。走一百步和走一千步，它离谷底有多远？两次差不多远，一千步时远三倍，还是远十倍？
#
# 取一个能算到底的例子：$R_i(\theta)=\frac12(\theta-\theta_i)^2$，$\theta_i$ 的均值为 0、方差为 1。这就是只有常数一个特征的回归：真值是 0，$\theta_i$ 是第 $i$ 个样本的噪声。于是 $R(\theta)=\frac12\theta^2+\frac12$，最小值在 0。每步抽一个样本：$\theta_{k+1}=(1-\varepsilon)\theta_k+\varepsilon\theta_\gamma$。
#
# 一路展开，$\theta_k$ 分成两部分：确定的部分 $(1-\varepsilon)^k\theta_0$，跟梯度下降一样；随机的部分是历次噪声的加权和，越旧的权重越小。均值只剩前者，方差是等比级数：$\mathrm{Var}\,\theta_k=\frac{\varepsilon}{2-\varepsilon}\left(1-(1-\varepsilon)^{2k}\right)$。方差停在 $\frac{\varepsilon}{2-\varepsilon}\approx\varepsilon/2$，这就是**噪声地板**；多余风险停在 $\varepsilon/4$ 附近。
#
# 一万条轨迹同时走，均值与理论之差始终在 **5** 个标准误之内。方差的理论值在 $\varepsilon=0.5$ 时是 **0.333**，在 $\varepsilon=0.1$ 时是 **0.0526**；五个学习率平均，实测与理论之比是 **1.00**。标准差按 $\sqrt\varepsilon$ 变化，只是小 $\varepsilon$ 的极限：在 0.5 到 0.02 之间，双对数斜率是 **0.541**。
#
# 所以学习率不变，第一百万步和第一百步一样抖。开头的投票呢？上面五组都是从谷底出发的：离开了谷底，但按公式，一千步并不比一百步更远。
#
# </details>

# %% [markdown]
# Take the simplest sum of valleys that disagree: $R_i(\theta) = \frac12(\theta - \theta_i)^2$, where the targets
# $\theta_i$ have mean 0 and variance 1. (This is regression on a constant alone: the truth is 0, and $\theta_i$ is the
# noise of example $i$.) Then $R(\theta) = \frac12\theta^2 + \frac12$, with its minimum at 0. SGD draws an index
# $\gamma$ and steps towards that one target: $\theta_{k+1} = (1 - \varepsilon)\,\theta_k + \varepsilon\,\theta_\gamma$.
# Put this into itself $k$ times:
#
# $$\theta_k = \underbrace{(1-\varepsilon)^k\,\theta_0}_{\text{as in section 1}} \;+\;
# \underbrace{\varepsilon \sum_{j=1}^{k} (1-\varepsilon)^{j-1}\,\theta_{\gamma_{k-j}}}_{\text{noise, the older the weaker}} .$$
#
# The draws are independent, with mean 0 and variance 1. So the first part is the mean, and the variance is a geometric
# series:
#
# $$\mathbb{E}\,\theta_k = (1-\varepsilon)^k\theta_0, \qquad
# \mathrm{Var}\,\theta_k = \varepsilon^2 \sum_{j=1}^{k} (1-\varepsilon)^{2(j-1)} = \frac{\varepsilon}{2-\varepsilon}\left(1 - (1-\varepsilon)^{2k}\right).$$
#
# The mean walks to 0 as gradient descent does. The variance climbs to $\frac{\varepsilon}{2-\varepsilon} \approx
# \frac{\varepsilon}{2}$ and stays: the **noise floor**. The excess risk, $\frac12\mathbb{E}\,\theta^2$, stays near $\varepsilon/4$.

# %% [markdown]
# First the targets: a thousand of them, standardised *exactly*, so that theory has no excuse. Then one walk as a plain
# loop.

# %%
import random

rng = np.random.default_rng(SEED)
targets = standardise(rng.standard_normal(1_000))


# %%
def plain_walk(theta, targets, eps, n_steps, rng):
    """Return one SGD walk as a list of n_steps + 1 positions; targets is a list, rng a random.Random."""
    walk = [theta]
    for _ in range(n_steps):
        walk.append(walk[-1] - eps * (walk[-1] - rng.choice(targets)))
    return walk


# %%
np.round(plain_walk(1.0, targets.tolist(), 0.1, 8, random.Random(SEED)), 2)

# %% [markdown]
# One walk proves nothing; we want ten thousand. Put them into one array, and let NumPy step all of them at once. (`M`, the
# number of examples that a step averages, waits for section 5.) The function *yields* the array after each step and keeps
# none, so a long walk needs no more memory than a short one.

# %%
from itertools import repeat


# %%
def sgd(theta, targets, rates, rng, M=1):
    """Yield all walks after each SGD step; every walk draws its own M targets, with replacement.

    theta: starting points, shape (n,). rates: an iterable with one learning rate for each step.
    """
    for eps in rates:
        drawn = targets[rng.integers(len(targets), size=(M, *theta.shape))]
        theta = theta - eps * (theta - drawn.mean(axis=0))
        yield theta


# %%
def last(steps):
    """Return the last of some steps."""
    for theta in steps:
        reached = theta
    return reached


# %% tags=["nbval-check-output"]
n = 10_000
last(sgd(np.ones(n), targets, repeat(0.1, 1_000), rng)).shape

# %% [markdown]
# Ten thousand walks of a thousand steps take a fraction of a second. We draw three walks in grey, the mean and spread
# of all of them in colour, and theory dashed.


# %%
def floor(eps):
    """Return the variance at which SGD with the constant rate eps settles."""
    return eps / (2 - eps)


# %%
def draw_walks(eps, targets, rng, n=10_000):
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
    reach = max(2, 2 * np.sqrt(floor(eps)))
    plt.ylim(-reach, reach)


# %% mystnb={"image": {"alt": "Two panels of SGD walks from one. At rate 0.5 the mean reaches zero almost at once and the band of walks is wide; at rate 0.1 the mean needs about twenty steps and the band is narrow. Dashed theory lies on the edges of both bands."}}
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, eps in zip(axes, (0.5, 0.1)):
    plt.sca(ax)
    draw_walks(eps, targets, rng)
    ax.set_title(f"ε = {eps}")
axes[1].legend(loc="lower right")
fig.suptitle("Fast and noisy, or slow and quiet", fontweight="bold")
fig.supxlabel("step k")
fig.supylabel("θ")
plt.show()

# %% [markdown]
# In JupyterLab and Colab you now get a slider for ε. Try 0.02, then 1, then 1.9. Where it does not show, the figure
# above says the same.

# %% mystnb={"image": {"alt": "The walks, their mean and their spread at the learning rate that the slider sets, at first 0.3, in one panel."}}
from ipywidgets import FloatSlider, fixed, interact


def explore(eps, targets, rng):
    """Draw the walks at the rate eps."""
    draw_walks(eps, targets, rng)
    plt.legend(loc="lower right")
    plotting.show(f"ε = {eps:.2f}: the variance settles at {floor(eps):.3f}", "step k", "θ")


slider = FloatSlider(0.3, min=0.02, max=1.9, step=0.02, description="ε", continuous_update=False)
explored = interact(explore, eps=slider, targets=fixed(targets), rng=fixed(rng))

# %% [markdown]
# Now strictly. The mean first: over sixty steps at $\varepsilon = 0.1$, how far does it stray from $(1-\varepsilon)^k$,
# in standard errors?

# %%
mean = np.array([theta.mean() for theta in sgd(np.ones(n), targets, repeat(0.1, 60), rng)])
k = np.arange(1, 61)
standard_error = np.sqrt(floor(0.1) * (1 - 0.9 ** (2 * k)) / n)
astray = np.max(np.abs(mean - 0.9**k) / standard_error)

# %% tags=["nbval-check-output"]
# By theory a step of the mean strays over 5 standard errors once in two million draws.
claims.check("mean against theory", astray, "at most 5 standard errors", band=(None, 5))

# %% [markdown]
# The mean is never more than **5 standard errors** off.
#
# Now the variance, at five rates, after so many steps that $(1-\varepsilon)^{2k}$ is negligible. And how does its root, the
# standard deviation, depend on the rate? Small rates promise $\sqrt{\varepsilon/2}$, a slope of ½ on log–log axes.

# %%
rates = np.array([0.5, 0.2, 0.1, 0.05, 0.02])
settled = np.array([last(sgd(np.zeros(n), targets, repeat(eps, int(8 / eps)), rng)).var() for eps in rates])
pd.DataFrame(
    {"measured": settled, "theory": floor(rates), "ratio": settled / floor(rates)}, index=rates
).round(4)

# %% tags=["nbval-check-output"]
over_theory = np.mean(settled / floor(rates))
slope = np.polyfit(np.log(rates), np.log(settled) / 2, 1)[0]
claims.exact("floor at ε = 0.5", floor(0.5), "0.333")
claims.exact("floor at ε = 0.1", floor(0.1), "0.0526")
# A variance over n nearly Gaussian walks has the relative sampling error √(2/n) = 0.0141, the mean of five 0.0063;
# each log sd has 1/√(2n), and over these five rates the slope inherits 0.0029.
claims.check("variance over theory, mean of five rates", over_theory, "1.00", band=(0.973, 1.027))
claims.check("slope of log sd in log ε", slope, "0.541", band=(0.526, 0.556))

# %% [markdown]
# Theory says **0.333** at $\varepsilon = 0.5$ and **0.0526** at 0.1. Over the five rates the measured variance is
# **1.00** of it. The slope is **0.541**, not ½: the square-root law is a limit for small rates.

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
    "For small rates, a quarter of the rate means half the noise",
    "learning rate ε",
    "standard deviation that stays",
)

# %% [markdown]
# So that is *why* SGD never arrives: with a constant rate the millionth step is as noisy as the hundredth. And the
# vote? The five runs above did start at the minimum. They left it, and by the formula a thousand steps take them no
# farther than a hundred.

# %% [markdown] tags=["instructor"]
# 14 minutes. Derive the sum on the board; the loop and the last figure are left for home. A check for the class: the
# variance v that stays satisfies v = (1 − ε)² v + ε². Move the slider above 1: the floor is higher than the variance of
# the targets themselves. Common confusion: the floor is not slowness, so waiting does not help.

# %% [markdown]
# ## 5 Medicine one: average more examples
#
# A mini-batch averages $M$ examples. Drawn independently, they leave $\frac1M$ of the noise's variance in each step,
# and so in the floor. Ten or a hundred cost more than one, but a machine computes them side by side: 32 to 256 are
# usual.
#
# In practice nobody draws with replacement. One shuffles the $N$ examples and reads them to the end in batches: one
# **epoch**, $N/M$ steps, each example once. Then one shuffles again.
#
# **Ask yourself:** to halve the standard deviation of the floor, how much larger must the batch be? And how many steps
# has an epoch of 60,000 digits in batches of 64?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：要让地板的标准差减半，批量要加大几倍？6 万个数字，每批 64 个，一轮有多少步？
#
# 第一味药：每步抽 $M$ 个样本取平均，叫**小批量**。独立地抽，每一步的噪声方差除以 $M$，地板也就除以 $M$。抽得多，花费也多，好在机器可以并行；常用 32 到 256 个。
#
# 实际训练时人们不放回：把数据打乱，一批一批读完，叫一**轮**（epoch），共 $N/M$ 步，然后再打乱。
#
# 实测：$M=100$ 时，地板方差乘以 $M$，再除以 $M=1$ 的理论值，是 **1.00**。所以标准差减半，批量要加到四倍。6 万除以 64 是 937 步，还余下一个小批：一轮共 938 步，最后一批只有 32 个，噪声更大。
#
# </details>


# %%
def settled_variance(M, eps=0.1, n_steps=80):
    """Return the variance of n walks with mini-batches of M after n_steps."""
    return last(sgd(np.zeros(n), targets, repeat(eps, n_steps), rng, M)).var()


# %%
ratio = {M: float(M * settled_variance(M) / floor(0.1)) for M in (1, 10, 100)}
ratio

# %% tags=["nbval-check-output"]
# Sampling error √(2/n) = 0.0141 of the theory's 1, as above.
claims.check("variance × M over theory, M = 100", ratio[100], "1.00", band=(0.94, 1.06))

# %% [markdown]
# The variance that stays, times $M$, over the theory for one example: **1.00** for batches of a hundred. So half the
# standard deviation takes four times the batch. An epoch of 60,000 digits has 938 steps: 937 full batches, and a last
# one of 32, noisier than the others. (What shuffling does to the floor: ★ section 8.)

# %% [markdown] tags=["instructor"]
# 6 minutes. Likely question: "why not M = N at once?" Because the noise falls like 1/√M and the cost rises like M.
# Common confusion: *epoch* and *step*.

# %% [markdown]
# ## 6 Medicine two: let the rate fall
#
# Walk fast while far away, then let $\varepsilon_k$ fall. How fast may it fall? Robbins and Monro (1951) gave
# conditions that *suffice* to arrive:
#
# $$\sum_k \varepsilon_k = \infty \quad\text{(enough road to arrive from anywhere)},\qquad
# \sum_k \varepsilon_k^2 < \infty \quad\text{(finite noise)}.$$
#
# $C/k$ keeps both. *Step decay*, the engineer's favourite, divides the rate by ten now and then.
#
# **Bet:** five schedules start at $\theta_0 = 1$: constant 0.1, $0.5/k^2$, $0.25/k$, step decay, $1/k$. Which one
# freezes far from the minimum? Which one wins after ten thousand steps?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：五种方案都从 1 出发，哪一种会冻在半路？一万步以后，哪一种最好？
#
# 第二味药：让学习率随时间下降。罗宾斯和门罗给出了到达谷底的**充分**条件：$\sum\varepsilon_k=\infty$（总路程够长，从哪里都走得到），$\sum\varepsilon_k^2<\infty$（总噪声有限）。$\varepsilon_k=C/k$ 两条都满足；常数学习率违反第二条，$0.5/k^2$ 违反第一条。工程上常用**阶梯衰减**：隔一阵子，学习率除以十。
#
# $C=1$ 时，$\theta_k$ 恰好是前 $k$ 个抽到的值的平均，误差按 $1/\sqrt k$ 缩小，双对数斜率 **−0.500**：误差减半，步数要四倍。一万步以后，它在五种方案里最好。$C=0.25$ 更慢：斜率的极限是 $-\min(C,\frac12)$。而 $0.5/k^2$ 的均值从 1 出发，永远停在 **0.358**：路太短了。
#
# 实际问题里，合适的 $C$ 取决于曲率，而曲率我们并不知道。所以人们用阶梯衰减：在一层地板上走一阵，再下一级台阶；台阶走完了，就停在最后一层地板上。
#
# </details>

# %% [markdown]
# $C = 1$ is an old friend, the running mean of all draws so far. By hand, for the draws 4, 8, 3: 4, 6, 5.

# %% tags=["nbval-check-output"]
theta, means = 0.0, []
for k, drawn in enumerate([4, 8, 3], start=1):
    theta = theta - (1 / k) * (theta - drawn)
    means.append(theta)
means

# %% [markdown]
# Now the five schedules, two thousand walks of ten thousand steps each. We keep mean and standard deviation after every
# step.

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
moments = {
    name: np.array([(theta.mean(), theta.std()) for theta in sgd(np.ones(2_000), targets, rates, rng)])
    for name, rates in tqdm(schedules.items())
}

# %% mystnb={"image": {"alt": "Root mean square distance to the minimum against the step, log-log, for five schedules. The constant rate levels off at 0.23 and half over k squared at 0.5. Step decay falls in three stairs, a quarter over k slowly, and one over k in a straight line to 0.01."}}
for name, moment in moments.items():
    plt.loglog(k, np.sqrt((moment**2).sum(axis=1)), label=name)
plt.legend(loc="lower left", title="learning rate")
plotting.show(
    "Three of the four falling rates end below the constant rate's floor",
    "step k",
    "RMS distance to the minimum",
)

# %% [markdown]
# Read the slope for $C = 1$ between steps 100 and 10,000. And what became of the walk whose rate fell too fast?

# %% tags=["nbval-check-output"]
at = np.array([100, 1_000, 10_000])
slope = np.polyfit(np.log(at), np.log(moments["1/k"][at - 1, 1]), 1)[0]
left_over = moments["0.5/k²"][-1, 0]
# Theory: −½. Three log sds, each of error 1/√(2n), leave the slope 0.0049 at most; seen: 0.0041.
claims.check("slope of log sd in log k, C = 1", slope, "−0.500", band=(-0.52, -0.48))
# ∏ (1 − ½/k²) = sin(π√½) / (π√½) = 0.3582; the mean's standard error is 0.0085.
claims.check("left over with 0.5/k²", left_over, "0.358", band=(0.322, 0.394))

# %% [markdown]
# The running mean falls with slope **−0.500**: half the error takes four times the steps, as for any mean of
# independent draws. It wins here, with 0.01 left. $C = \frac14$ is slower: in the limit the slope is $-\min(C, \frac12)$. In a real
# problem the right $C$ depends on the curvature, which we do not know. A constant rate breaks the second condition,
# $0.5/k^2$ the first: its mean stops at **0.358** of where it started, because the road was too short. Hence step
# decay: stay on a floor for a while, then go down a stair. (It stops at its last floor, unless the stairs go on.)

# %% [markdown] tags=["instructor"]
# 8 minutes. Let the class bet on the schedule that freezes before you run the cell. Likely question: "does step decay
# not break a condition?" With three stairs it breaks the second one, and it does stop at a floor, a low one.

# %% [markdown]
# ## 7 Momentum: keep part of the last step
#
# Section 2's valley is long and narrow. Its simplest form is $R(\theta) = \frac12(\theta_1^2 + \lambda\theta_2^2)$ with
# $\lambda = 100$. For $1/\lambda < \varepsilon < 2/\lambda$ gradient descent **zigzags**: it changes side at every
# step, and hardly moves along. A *ball* has mass: the force $-\nabla R$ changes its velocity $v$ ($F = ma$), and
# friction leaves a share $\alpha$ of it:
#
# $$v \leftarrow \alpha v - \varepsilon\nabla R(\theta), \qquad \theta \leftarrow \theta + v .$$
#
# That is **momentum**. With $\alpha = 0$ it is gradient descent.
#
# **Two questions.** At one and the same rate, does the ball swing across the valley for longer than the walker, or not
# so long? And does momentum help against section 4's noise, too?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：学习率相同，球横着摆的时间比步行者长还是短？动量能不能也压住第 4 节的噪声？
#
# 步行者没有惯性，球有。$F=ma$：力是 $-\nabla R$，再加一点摩擦，写成 $v\leftarrow\alpha v-\varepsilon\nabla R$，$\theta\leftarrow\theta+v$，这就是**动量**；$\alpha=0$ 就是梯度下降。狭长的山谷 $\frac12(\theta_1^2+100\,\theta_2^2)$ 里，$1/\lambda<\varepsilon<2/\lambda$ 时梯度下降左右来回折，沿谷底却几乎不动。
#
# 学习率取 0.0195，紧挨着上限。没有动量，要 **45** 步才不再偏离谷底线 0.1 以上；$\alpha=\frac12$ 只要 **7** 步：一左一右的推力部分抵消，方向一致的推力越积越多。把距离缩到百万分之一，一个要 **684** 步，一个要 **326** 步；$\alpha=\frac34$ 只要 **103** 步，$\alpha=0.9$ 又要 **250** 步，因为动量过了头，球自己也来回摆。
#
# 学习率取 0.01，第一个答案就反过来了：没有动量，**1** 步就到谷底线；$\alpha=0.9$ 的球要横着摆 **44** 步。可是沿谷底它仍然快得多：**1,341** 步对 **258** 步。所以动量的好处是沿谷底走得快；只有在上限附近，步行者才会久久地来回折，动量才有用武之地。
#
# 对噪声，动量没有用：学习率不变时，地板反而升高。$\varepsilon=0.02$、$\alpha=0.9$ 时，地板的方差是没有动量时的 **9.95** 倍，因为每次推力在摩擦耗尽之前大约算了 $1/(1-\alpha)=10$ 次，等于学习率大了十倍。和没有动量、学习率 0.2 的 SGD 比，地板是它的 **0.90**：差不多就是学习率大了的缘故。动量治的是谷的形状，不是噪声。
#
# 另一个主意是**自适应学习率**：按各参数近来梯度的大小，给每个参数自己的学习率。Adam 把它和动量合在一起，是不错的默认选择。（更早的 Adadelta 是它的近亲。）Keras 里写作 `keras.optimizers.SGD(0.01, momentum=0.9)` 和 `keras.optimizers.Adam(0.001)`。
#
# 真正的网络，地形比我们的山谷更糟：在鞍点上，往左还是往右并不清楚。深度对地形有什么影响，跳跃连接怎样帮忙，第 8 讲再说。
#
# </details>


# %%
def valley(theta):
    """Return the gradient of ½ (θ₁² + 100 θ₂²)."""
    return np.array([1, 100]) * theta


# %%
def momentum_step(theta, v, gradient, eps, alpha):
    """Return theta and its velocity v after one step of gradient descent with momentum."""
    v = alpha * v - eps * gradient(theta)
    return theta + v, v


# %% tags=["nbval-check-output"]
momentum_step(np.array([1.0, 1.0]), np.array([0.5, 0.0]), valley, eps=0.01, alpha=0.9)

# %% [markdown]
# One step from (1, 1), already rolling along the valley at speed ½. By hand: $0.9 \cdot 0.5 - 0.01 \cdot 1 = 0.44$
# along the valley, $0 - 0.01 \cdot 100 = -1$ across it.
#
# Now the same rate without and with momentum, from rest, sixty steps. The rate 0.0195 is just below the limit of 0.02.


# %%
def path(eps, alpha, n_steps=60):
    """Return the positions from (1, 1) down the valley, shape (n_steps + 1, 2)."""
    theta, v = np.ones(2), 0.0
    positions = [theta]
    for _ in range(n_steps):
        theta, v = momentum_step(theta, v, valley, eps, alpha)
        positions.append(theta)
    return np.array(positions)


# %%
def draw_valley(reach):
    """Draw lines of equal risk for |θ₂| up to reach, and the minimum."""
    along, across = np.meshgrid(np.linspace(-0.8, 1.15, 200), np.linspace(-reach, reach, 400))
    levels = 50 * reach**2 * np.geomspace(1e-4, 1, 10)
    plt.contour(along, across, (along**2 + 100 * across**2) / 2, levels, colors="0.75", linewidths=1)
    plt.plot(0, 0, "k*", markersize=16, zorder=5)
    plt.xlim(-0.8, 1.15)
    plt.ylim(-reach, reach)


# %%
def draw_path(eps, alpha, style, color):
    """Draw sixty steps from (1, 1), and say how much of the distance is left."""
    positions = path(eps, alpha)
    left = np.linalg.norm(positions[-1]) / np.sqrt(2)
    label = f"ε = {eps:.4g}, α = {alpha:.4g}: {100 * left:.2g} % of the distance left"
    plt.plot(*positions.T, style, color=color, markersize=6, linewidth=1.5, label=label)


# %% mystnb={"image": {"alt": "Contours of a long valley with two paths of sixty steps from the upper right, at the same rate. Without momentum the path jumps across the valley at every step, dozens of times, and is far from the minimum after sixty. With momentum one half it swings a few times, then runs along the bottom close to the minimum."}}
draw_valley(1.3)
draw_path(0.0195, 0, "o-", "C1")
draw_path(0.0195, 0.5, "s--", "C0")
plt.legend(loc="lower left")
plotting.show(
    "Just below the limit, momentum ends the zigzag",
    "along the valley, θ₁",
    "across the valley, θ₂",
)

# %% [markdown]
# Pushes that alternate partly cancel; pushes that agree add up. In numbers: from which step on does a path stay within
# 0.1 of the valley's bottom line? And when is a millionth of the distance left? We ask at this rate, and at half of it.


# %%
def stays_within(positions, reach=0.1):
    """Return the first step from which |θ₂| stays at most reach."""
    return len(positions) - int(np.argmax((np.abs(positions[:, 1]) > reach)[::-1]))


# %%
def steps_home(positions):
    """Return the first step with at most a millionth of the first distance left."""
    distance = np.linalg.norm(positions, axis=1)
    return int(np.argmax(distance <= 1e-6 * distance[0]))


# %%
settings = [(0.0195, 0), (0.0195, 0.5), (0.0195, 0.75), (0.0195, 0.9), (0.01, 0), (0.01, 0.9)]
swings, home = {}, {}
for pair in settings:
    positions = path(*pair, n_steps=1_500)
    swings[pair], home[pair] = stays_within(positions), steps_home(positions)
pd.DataFrame({"stays within 0.1": swings, "a millionth left": home}).rename_axis(["ε", "α"])

# %% tags=["nbval-check-output"]
claims.exact("zigzag of the walker", swings[0.0195, 0], "45 steps")
claims.exact("zigzag at α = ½", swings[0.0195, 0.5], "7 steps")
claims.exact("home without momentum", home[0.0195, 0], "684 steps")
claims.exact("home at α = ½", home[0.0195, 0.5], "326 steps")
claims.exact("home at α = ¾", home[0.0195, 0.75], "103 steps")
claims.exact("home at α = 0.9", home[0.0195, 0.9], "250 steps")
claims.exact("zigzag of the walker, ε = 0.01", swings[0.01, 0], "1 step")
claims.exact("zigzag at α = 0.9, ε = 0.01", swings[0.01, 0.9], "44 steps")
claims.exact("home without momentum, ε = 0.01", home[0.01, 0], "1,341 steps")
claims.exact("home at α = 0.9, ε = 0.01", home[0.01, 0.9], "258 steps")

# %% [markdown]
# At 0.0195 the walker zigzags for **45 steps**, the ball with $\alpha = \frac12$ for **7 steps**. To a millionth of the
# distance it takes **684 steps** without momentum, **326 steps** with $\alpha = \frac12$ and **103 steps** with $\frac34$. With 0.9 it
# takes **250 steps**: now the ball itself swings too long.
#
# At 0.01 the first answer turns round. The walker is at the bottom line after **1 step**, and the ball with
# $\alpha = 0.9$ swings for **44 steps**. Still it gets home sooner: **1,341 steps** against **258 steps**. So what
# momentum gives is speed *along* the valley. Only near the limit is there a lasting zigzag to end.
#
# Two sliders. Can you leave less than 0.01 % of the distance after sixty steps? The legend says what is left. (No
# sliders? The table shows what matters.)


# %% mystnb={"image": {"alt": "The valley with the path of one ball, at first at the everyday setting of a rate of 0.01 and a share of 0.9: it swings across in smooth arcs many times."}}
def explore_valley(eps, alpha):
    """Draw the valley and one path."""
    draw_valley(1.3)
    draw_path(eps, alpha, "s--", "C0")
    plt.legend(loc="lower left")
    plotting.show("Sixty steps down the valley", "along the valley, θ₁", "across the valley, θ₂")


sliders = {
    "eps": FloatSlider(
        0.01, min=0.001, max=0.04, step=0.0005, readout_format=".4f", description="ε", continuous_update=False
    ),
    "alpha": FloatSlider(0.9, min=0, max=0.98, step=0.02, description="α", continuous_update=False),
}
explored = interact(explore_valley, **sliders)

# %% [markdown]
# Now the second question, noise. Momentum averages past gradients, so one might hope. Ten thousand balls in section 4's
# valley:

# %% tags=["nbval-check-output"]
theta, v = np.zeros(n), 0.0
for _ in range(1_000):
    drawn = targets[rng.integers(len(targets), size=n)]
    theta, v = momentum_step(theta, v, lambda theta, drawn=drawn: theta - drawn, eps=0.02, alpha=0.9)
lifted = theta.var() / floor(0.02)
# Theory: Var = ε (1 + α) / ((1 − α)(2(1 + α) − ε)), 9.95 times the floor without momentum (unit-tested). Its sampling
# error is √(2/n), that is 0.14 (0.13 over forty repeats of this cell alone); the band is 4.6 of them on either side.
claims.check("floor with momentum over floor without", lifted, "9.95 times", band=(9.3, 10.6))
# Theory: 0.1005 over 0.1111, that is 0.905. Two variances of n walks: 2 % of it, 0.018.
same_reach = theta.var() / settled[1]  # section 4's walks at the rate 0.02 / (1 − 0.9) = 0.2, no momentum
claims.check("floor with momentum over floor at ε = 0.2", same_reach, "0.90", band=(0.825, 0.985))

# %% [markdown]
# The variance is **9.95 times** as high. Each push counts about $1/(1-\alpha) = 10$ times before friction has used it
# up, so the rate is in effect ten times larger: 0.2. Plain SGD at 0.2 has nearly the same floor; the ball's is **0.90**
# of it. Momentum cures a bad shape. Noise needs batches or a falling rate (or averaging: exercise 3).
#
# **Adaptive rates** are one more idea: give each parameter a rate of its own, smaller where its recent gradients were
# large. *Adam* combines this with momentum and is a good default; *Adadelta* is an older relative. In Keras they are
# `keras.optimizers.SGD(0.01, momentum=0.9)` and `keras.optimizers.Adam(0.001)`. (★ section 9 lets them race.)
#
# Real networks have worse landscapes than our valleys, with saddles from which it is not clear which way to turn. What
# depth does to them, and how *skip connections* help, is in lecture 8.

# %% [markdown] tags=["instructor"]
# 17 minutes. Collect hands on both questions. Of the table show α = 0 and ½ at 0.0195, and 0.01; adaptive rates and
# saddles are left for home. Sliders: ε = 0.029 with α = 0.7 leaves 0.002 %. Likely question: "why does everyone use
# 0.9, then?" With noise and unknown curvatures one takes a smaller rate with it. Common confusion: 0.9 with ε unchanged
# is in effect a ten times larger rate.

# %% [markdown]
# ## ★ 8 Shuffled epochs against independent draws
#
# Section 5 drew its batches independently. In practice one shuffles, and each example comes exactly once per epoch.
# Then the batches of an epoch are not independent: if the first half of it pulled to the left, the second half *must*
# pull to the right.
#
# **Prediction.** So the variance at the end of an epoch should be lower than the floor of independent draws. How much
# lower, for ten batches of 100: by a tenth, by half, by nine tenths?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：先打乱、再一批批读，一轮结束时的方差会低于独立抽样的地板。一轮十批、每批 100 个，会低多少？一成，一半，还是九成？
#
# 第 5 节的批次是独立抽的。实际训练时先打乱，每个样本在一轮里恰好轮到一次，所以批次之间不独立：前半轮偏左，后半轮就一定偏右。
#
# 与独立抽样的方差之比，在一轮之内平均是 **0.27**；在一轮刚结束时，只有 **0.083**。什么时候看，结果大不一样。这些数只对一轮十批、$\varepsilon=0.1$、$M$ 整除 $N$ 的情形；最后一批若是不满，噪声就比别的批大，而每一轮恰好都在它身上结束。
#
# </details>


# %%
def shuffled_epoch(theta, targets, eps, rng, M):
    """Yield all walks after each step of one epoch; every walk has its own order. M must divide len(targets)."""
    order = rng.permuted(np.tile(targets, (len(theta), 1)), axis=1)
    for batch in np.split(order, len(targets) // M, axis=1):
        theta = theta - eps * (theta - batch.mean(axis=1))
        yield theta


# %% [markdown]
# Six epochs in a row, from the minimum, with the variance after each step, counted in floors of independent draws:

# %%
theta, variances = np.zeros(n), []
for _ in range(6):
    for walks in shuffled_epoch(theta, targets, 0.1, rng, M=100):
        variances.append(walks.var())
    theta = walks
shuffled = np.array(variances) / (floor(0.1) / 100)

# %% mystnb={"image": {"alt": "Variance relative to the floor of independent draws over six shuffled epochs of ten steps. In each epoch it rises to about 0.4 and falls back to below 0.1 at the epoch's end, far below the dashed line at one."}}
plt.plot(np.arange(1, 61), shuffled, "o-", markersize=5, label="shuffled epochs")
plt.axhline(1, color="C1", linestyle="--", label="independent draws")
for end in range(10, 61, 10):
    plt.axvline(end, color="0.6", linewidth=1, linestyle=":")
plt.ylim(0, 1.15)
plt.legend(loc="center right", bbox_to_anchor=(1, 0.72))
plotting.show(
    "In every shuffled epoch the variance rises and falls again",
    "step (dotted: an epoch ends; N = 1,000, M = 100, ε = 0.1)",
    "variance over independent floor",
)

# %% tags=["nbval-check-output"]
# Theory: batch means of one epoch have variance (N − M) / (M (N − 1)) and covariance −1 / (N − 1), whence 0.2727 and
# 0.0825 (unit-tested). The last has the error √(2/n) of it, 0.0012 (seen: 0.0015); the mean over an epoch 0.0024.
claims.check("shuffled over independent, over an epoch", shuffled[-10:].mean(), "0.27", band=(0.261, 0.285))
claims.check("shuffled over independent, at its end", shuffled[-1], "0.083", band=(0.0757, 0.0893))

# %% [markdown]
# Averaged over an epoch the variance is **0.27** of the independent floor, at its end only **0.083**. So it matters
# when we look. Our figures are for ten batches, $\varepsilon = 0.1$, and an $M$ that divides $N$. A short last batch
# would be noisier than the others, and every epoch would end on it.

# %% [markdown]
# ## ★ 9 The best rate and momentum, Nesterov, and Adam
#
# For two known curvatures, 1 and $\lambda$, Polyak (1964) found the setting of rate and momentum that is best *in the long run*: $\varepsilon =
# 4/(1 + \sqrt\lambda)^2 = 4/121$ and $\alpha = \big(\frac{\sqrt\lambda - 1}{\sqrt\lambda + 1}\big)^2 = 81/121$. This
# rate, 0.033, is above gradient descent's limit of 0.02: without momentum the walk would diverge.
#
# **Prediction.** Does a ball with this setting swing little? And if you round 4/121 and 81/121 to three digits, how many more
# steps does it take?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：长远看最快的设定，横着摆得少吗？把它的两个数四舍五入到三位，要多走几步？
#
# 曲率只有 1 和 $\lambda$ 两个，而且都知道，Polyak（1964）算出了长远看最好的学习率和动量：$\varepsilon=4/121$，$\alpha=81/121$。这个学习率约 0.033，超过了梯度下降的上限 0.02：没有动量，就会发散。
#
# 从 (1, 1) 出发，把距离缩到百万分之一：梯度下降用最好的 $\varepsilon=2/101$ 要 **691** 步，Polyak 的设定只要 **93** 步。但球先横着摆出去将近四倍远。四舍五入以后要 **132** 步，主要是因为学习率进上去了千分之一（单是它就多走 32 步，动量舍去的那一点只多走 8 步）；学习率小一点却不吃亏（取 0.033 和 0.669 要 82 步，取 0.028 和 0.70 要 73 步）。长远看速率最好，不等于走到某个距离的步数最少。
#
# 涅斯捷罗夫动量在球将要滚到的地方取梯度，用教科书上的 0.01 和 9/11（没有再调），要 **155** 步。Adam 不必知道曲率，只要一个学习率：取 0.001、0.01、0.1，分别走 **3,726** 步、**351** 步、**189** 步第一次到达；可是后两种又荡了出去，取 0.1 时走了 **256** 步才站稳。
#
# </details>

# %% mystnb={"image": {"alt": "Contours of the valley with the path of the ball at Polyak's setting. It first swings across the valley almost four times as far as it started, many times, and ends at the minimum."}}
draw_valley(4)
draw_path(4 / 121, 81 / 121, "s--", "C0")
plt.legend(loc="lower left")
plotting.show(
    "Polyak's setting first swings out almost four times as far",
    "along the valley, θ₁",
    "across the valley, θ₂",
)

# %% [markdown]
# It swings out almost four times as far as it started, and is home all the same. Two relatives join the race.
# **Nesterov's** momentum takes the gradient ahead, where the ball is about to roll. **Adam** divides each coordinate's
# step by a running size of its gradient. Adam's running means start at zero, which $1 - 0.9^k$ and $1 - 0.999^k$
# correct.


# %%
def nesterov_step(theta, v, gradient, eps, alpha):
    """Return theta and v after one step of Nesterov's momentum: the gradient is taken at theta + alpha v."""
    v = alpha * v - eps * gradient(theta + alpha * v)
    return theta + v, v


# %%
def adam_step(theta, state, gradient, eps):
    """Return theta and Adam's state (mean, mean square, step) after one step, with the usual 0.9, 0.999, 1e-8."""
    mean, square, k = state
    g = gradient(theta)
    mean, square, k = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g**2, k + 1
    return theta - eps * (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - 0.999**k)) + 1e-8), (mean, square, k)


# %% [markdown]
# From (1, 1), how many steps until a millionth of the distance is left? A ball can swing out again, so we also ask when
# it is there for good.


# %%
def race(step, state, *settings, n_steps=5_000):
    """Return the first step with at most 1e-6 of the distance left, and the step from which it stays so."""
    theta, far = np.ones(2), []
    for _ in range(n_steps):
        theta, state = step(theta, state, valley, *settings)
        far.append(np.linalg.norm(theta) > 1e-6 * np.sqrt(2))
    far = np.array(far)
    return int(np.argmin(far)) + 1, n_steps - int(np.argmax(far[::-1])) + 1


# %%
runners = {
    "GD, ε = 2/101": race(momentum_step, 0.0, 2 / 101, 0.0),
    "momentum, 4/121, 81/121": race(momentum_step, 0.0, 4 / 121, 81 / 121),
    "momentum, rounded": race(momentum_step, 0.0, 0.0331, 0.669),
    "Nesterov, 0.01, 9/11": race(nesterov_step, 0.0, 0.01, 9 / 11),
    **{f"Adam, {eps}": race(adam_step, (0.0, 0.0, 0), eps) for eps in (0.001, 0.01, 0.1)},
}
pd.DataFrame(runners, index=["first there", "there for good"]).T

# %% tags=["nbval-check-output"]
first = {name: steps for name, (steps, _) in runners.items()}
claims.exact("GD, ε = 2/101", first["GD, ε = 2/101"], "691 steps")
claims.exact("momentum, best", first["momentum, 4/121, 81/121"], "93 steps")
claims.exact("momentum, best but rounded", first["momentum, rounded"], "132 steps")
claims.exact("Nesterov, 0.01 and 9/11", first["Nesterov, 0.01, 9/11"], "155 steps")
claims.exact("Adam, 0.001", first["Adam, 0.001"], "3,726 steps")
claims.exact("Adam, 0.01", first["Adam, 0.01"], "351 steps")
claims.exact("Adam, 0.1", first["Adam, 0.1"], "189 steps")
claims.exact("Adam, 0.1, for good", runners["Adam, 0.1"][1], "256 steps")

# %% [markdown]
# Gradient descent takes **691 steps** at its best rate, $2/(1+\lambda)$. Polyak's setting takes **93 steps**, but **132
# steps** after rounding. Most of that is the rate, rounded up by a thousandth of itself (alone it costs 32 steps; the
# momentum, rounded down, 8). A little lower costs nothing (82 with 0.033 and 0.669, and 73 with 0.028 and 0.70): the
# best rate in the long run is not the fewest steps to a given distance. Nesterov takes **155 steps** at a textbook
# setting, 0.01 and 9/11, which we did not tune. Adam needs no curvature, only a rate: **3,726 steps**, **351 steps** or
# **189 steps** for 0.001, 0.01 and 0.1. The last two swing out again; at 0.1 it stays only from **256 steps** on.
#
# The library's momentum is ours, too. Sixty steps of Keras, beside our own path:

# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"backend {keras.backend.backend()} | device {keras.distribution.list_devices()[0]}")

# %%
ball = keras.Variable([1.0, 1.0])
optimiser = keras.optimizers.SGD(0.01, momentum=0.9)
for _ in range(60):
    optimiser.apply([ball * np.array([1, 100], dtype="float32")], [ball])
keras.ops.convert_to_numpy(ball), path(0.01, 0.9)[-1]

# %% [markdown]
# ## ★ 10 A real network: ten exact steps, or a thousand noisy ones?
#
# We take 5,000 handwritten digits, 64 hidden ReLU units and a softmax (lecture 3). Each method may read each digit ten
# times. The full batch makes ten exact steps of that, SGD with $M = 50$ a thousand noisy ones.
#
# **Prediction.** Section 3 suggests: far from the minimum most examples agree, so a noisy step may be almost as good as
# an exact one, and a thousand of them should win easily. To be fair, the full batch may try three rates, and momentum
# in one more run. What test accuracies do you expect?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：第 3 节提示，离谷底远的时候，样本的意见大体一致，有噪声的一步也许跟精确的一步差不多好，所以一千步应当轻松取胜。为了公平，整批下降可以试三个学习率，再加一次动量。你猜测试准确率各是多少？
#
# 换成真网络：5,000 个手写数字，64 个 ReLU 隐藏单元加 softmax（第 3 讲）。大家都只准把每个数字读十遍：整批梯度下降能走 10 步，步步精确；$M=50$ 的 SGD 能走 1,000 步，步步有噪声。
#
# 程序先用 NumPy 写，再和 Keras 对：同一个起点走十步，风险相差不到 **0.01**。梯度用链式法则，从输出往回算：前向时把每层的结果存下来，回来时再用。这叫**反向传播**，第 8 讲专门讲。
#
# 整批下降取 $\varepsilon=0.3$ 时，测试准确率是 **78** %。从同样的起点出发，跟取 0.2 差不多或略好，比取 0.5（太快）高 **6** 个百分点。加上动量（只试了一组）是 **84** %；SGD 是 **92.2** %（十个起点、十个种子的平均）。有噪声的一千步，胜过精确的十步。
#
# </details>

# %% [markdown]
# First in NumPy, with all parameters in one long vector, so that everything above applies. The matrices are small: on a
# busy machine two cores take far longer over them than one, so we ask for one.

# %%
from threadpoolctl import threadpool_limits
from utils.datasets import load_mnist

limits = threadpool_limits(1)
MNIST = ("mnist",)
(images, labels), (test_images, test_labels) = load_mnist()


# %%
def as_rows(images):
    """Return images as rows of numbers between 0 and 1, float32."""
    return images.reshape(len(images), -1) / np.float32(255)


# %%
N, M = min(5_000, len(images)), 50  # a stand-in has fewer; M divides N either way
chosen = rng.permutation(len(images))[:N]
X, y = as_rows(images[chosen]), labels[chosen]
X_test, y_test = as_rows(test_images), test_labels
X.shape, X_test.shape

# %% [markdown]
# The network: its parts, cut from the vector; the forward pass; the risk, with *weight decay* $\frac{\beta}{2}\lVert
# W\rVert^2$ if we ask for it.


# %%
def unpack(theta):
    """Return W1 (784, m), b1 (m), W2 (m, 10), b2 (10) of a network with m hidden units; theta is their one long vector."""
    m = (len(theta) - 10) // 795  # 784 + 1 + 10 numbers for each hidden unit, and 10 more
    W1, b1, W2, b2 = np.split(theta, [784 * m, 785 * m, 795 * m])
    return W1.reshape(784, m), b1, W2.reshape(m, 10), b2


# %%
def forward(theta, X):
    """Return the hidden units, shape (n, m), and the log-probabilities of the ten digits, shape (n, 10)."""
    W1, b1, W2, b2 = unpack(theta)
    h = np.maximum(X @ W1 + b1, 0)
    z = h @ W2 + b2
    z = z - z.max(axis=1, keepdims=True)
    return h, z - np.log(np.exp(z).sum(axis=1, keepdims=True))


# %%
def risk(theta, X, y, beta=0.0):
    """Return the mean cross-entropy, plus ½ beta times the sum of all squared weights (not biases)."""
    W1, _, W2, _ = unpack(theta)
    log_p = forward(theta, X)[1]
    return -np.mean(log_p[np.arange(len(y)), y]) + beta / 2 * (np.sum(W1**2) + np.sum(W2**2))


# %% [markdown]
# Its gradient is the chain rule, from the output back to the input: what each layer gave on the way forward is kept,
# and used again on the way back. The name of this is **backpropagation**; lecture 8 is about it.


# %%
def pushes(theta, X, y):
    """Return h and each example's derivative of its loss in the inputs of the hidden and of the output units."""
    h, log_p = forward(theta, X)
    output = np.exp(log_p)
    output[np.arange(len(y)), y] -= 1  # lecture 3: p minus one-hot
    return h, output @ unpack(theta)[2].T * (h > 0), output


# %%
def gradient(theta, X, y, beta=0.0):
    """Return the gradient of `risk`, one long vector."""
    W1, _, W2, _ = unpack(theta)
    h, hidden, output = pushes(theta, X, y)
    W1, W2 = X.T @ hidden / len(y) + beta * W1, h.T @ output / len(y) + beta * W2
    return np.concatenate([W1.ravel(), hidden.mean(axis=0), W2.ravel(), output.mean(axis=0)])


# %% [markdown]
# We start from Glorot's random weights, as in Keras. A start that knows nothing should have a risk near $\ln 10$.


# %%
def random_start(m, rng):
    """Return Glorot's random weights for m hidden units and zero biases: float32, one long vector."""
    W1 = rng.uniform(-1, 1, 784 * m) * np.sqrt(6 / (784 + m))
    W2 = rng.uniform(-1, 1, 10 * m) * np.sqrt(6 / (m + 10))
    return np.concatenate([W1, np.zeros(m), W2, np.zeros(10)]).astype(np.float32)


# %%
start = random_start(64, rng)
float(risk(start, X, y)), float(np.log(10))

# %% [markdown]
# Two ways to train: full batches with momentum, and SGD, where a list of batches says which examples each step reads.


# %%
def full_batch(theta, X, y, eps, alpha, n_steps=10):
    """Return theta after n_steps with the gradient of all examples and momentum alpha."""
    v = 0.0
    for _ in range(n_steps):
        theta, v = momentum_step(theta, v, lambda theta: gradient(theta, X, y), eps, alpha)
    return theta


# %%
def train(theta, X, y, eps, batches, beta=0.0):
    """Return theta after one SGD step for each batch of row numbers."""
    for batch in batches:
        theta = theta - eps * gradient(theta, X[batch], y[batch], beta)
    return theta


# %%
def epochs(n_epochs, N, M, rng):
    """Return the shuffled batches of n_epochs, shape (n_epochs · N/M, M). M must divide N."""
    return np.concatenate([rng.permutation(N).reshape(-1, M) for _ in range(n_epochs)])


# %% [markdown]
# The library builds the same network, and takes the same ten exact steps from the same start.

# %%
model = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.set_weights(list(unpack(start)))
model.compile(keras.optimizers.SGD(0.3), "sparse_categorical_crossentropy")
model.fit(X, y, batch_size=N, epochs=10, verbose=0)
library = model.evaluate(X, y, batch_size=N, verbose=0)

# %% tags=["nbval-check-output"]
apart = abs(risk(full_batch(start, X, y, 0.3, 0.0), X, y) - library)
# Rounding: 1e-6 on a CPU; a GPU may multiply with ten-bit mantissas (TF32), ten times in a row.
claims.check("NumPy against Keras after ten steps", apart, "below 0.01", band=(None, 0.01), data=MNIST)

# %% [markdown]
# The risks differ by less than **0.01**. One start proves little, so we repeat the comparison from ten.


# %%
def accuracy(theta, X, y):
    """Return the % of examples whose most probable digit is the right one."""
    return 100 * np.mean(forward(theta, X)[1].argmax(axis=1) == y)


# %%
def trial(start, train_set, test_set, rng, M=50):
    """Return the test accuracy in % of each recipe, after reading the training set ten times."""
    reached = {}
    for eps, alpha in ((0.2, 0), (0.3, 0), (0.5, 0), (0.3, 0.5)):
        reached[f"full batch, ε = {eps}, α = {alpha}"] = full_batch(start, *train_set, eps, alpha)
    reached["SGD, ε = 0.1"] = train(start, *train_set, 0.1, epochs(10, len(train_set[1]), M, rng))
    return {name: accuracy(theta, *test_set) for name, theta in reached.items()}


# %%
trials = [trial(random_start(64, rng), (X, y), (X_test, y_test), rng) for _ in tqdm(range(10), desc="starts")]
mean_accuracy = pd.DataFrame(trials).mean()
mean_accuracy.round(1)

# %% tags=["nbval-check-output"]
_, three, five, pushed, noisy = mean_accuracy
# From seed to seed, means over ten starts vary by 1.1, 1.2, 0.2 and 0.2 points, in this order.
claims.check("full batch at 0.3", three, "78 %", band=(73.5, 83), stand_in=(50, 78.5), data=MNIST)
claims.check(
    "0.3 over 0.5, from the same starts",
    three - five,
    "6 points",
    band=(1.4, 11.2),
    stand_in=(5, 46),
    data=MNIST,
)
claims.check("full batch with momentum", pushed, "84 %", band=(82.6, 86.2), stand_in=(77.5, 91), data=MNIST)
claims.check("SGD, test accuracy", noisy, "92.2 %", band=(91.3, 93.3), stand_in=(95.1, 97.9), data=MNIST)

# %% [markdown]
# The full batch reaches **78 %** at the rate 0.3. From the same ten starts that is about as good as 0.2 or a little
# better, and **6 points** more than at 0.5, which is too fast. Momentum brings it to **84 %** (one setting, not tuned).
# SGD reaches **92.2 %**. A thousand noisy steps beat ten exact ones, as predicted, and not by a little.

# %% [markdown]
# ## ★ 11 A real network has a floor, too
#
# **First the prediction.** Near a minimum, along an eigenvector with curvature $\lambda$, the walk is section 4's with
# $\varepsilon\lambda$ in place of $\varepsilon$. Gradient noise of variance $\sigma^2$, averaged over $M$ examples,
# leaves the variance $\varepsilon\sigma^2/2\lambda M$. The excess risk is $\frac\lambda2$ times that: **the curvature
# cancels**. Summed over all directions,
#
# $$\text{excess risk} \approx \frac{\varepsilon}{4M}\operatorname{tr} C, \qquad \operatorname{tr} C = \text{mean of } \lVert\nabla R_i - \nabla R\rVert^2 .$$
#
# So one number, measured at the minimum without taking a step, should tell the floor at every small rate. And there is
# a second prediction: where one network can satisfy every example, each $\nabla R_i$ vanishes at the minimum, so does
# $\operatorname{tr} C$, and there is no floor.
#
# We test the first on a network whose examples must disagree: 16 hidden units and weight decay $\beta = 0.01$. Then the
# second on the network of ★ section 10.
#
# <details>
# <summary>中文</summary>
#
# 先看预言，再看下面的结果。在谷底附近，沿曲率为 $\lambda$ 的特征方向，就是第 4 节的公式，只是 $\varepsilon$ 换成 $\varepsilon\lambda$。梯度噪声的方差为 $\sigma^2$，$M$ 个样本取平均，留下的方差约为 $\varepsilon\sigma^2/2\lambda M$；多余风险是它的 $\lambda/2$ 倍，曲率恰好约掉。各方向相加：$\text{多余风险}\approx\frac{\varepsilon}{4M}\operatorname{tr}C$，$\operatorname{tr}C$ 是单个样本的梯度绕其均值的均方长度。
#
# 所以，在谷底量一个数，一步不走，就能预言各个小学习率的地板。第二个预言：如果网络能让每个样本都满意，谷底处每个样本的梯度都是零，$\operatorname{tr}C$ 也是零，就没有地板。
#
# 先验证第一个：16 个隐藏单元，权重衰减 0.01，样本之间不能都满意。在谷底量得 $\operatorname{tr}C=$ **24.8**。不过这“谷底”还不是真正的谷底：梯度还没有到零，风险还能再降，所以多余风险都算少了一点，学习率最小时影响最大。学习率最小时，实测的地板与预言之比是 **0.95**；最大时是 **1.12**，偏高，因为公式是小 $\varepsilon$ 的极限。
#
# 再验证第二个：64 个隐藏单元，没有权重衰减，学习率不变。走完 4,000 步，**99.8** % 的训练数字都认对了；第 2,000 步时的 $\operatorname{tr}C$，是第 4,000 步时的 **4.1** 倍，到这时还在降。对照组只多了权重衰减 $\beta=0.01$，样本不能都满意：同样的比是 **1.1** 倍，噪声几乎不再变小。
#
# 能让每个样本都满意的网络叫**插值**网络；按理论，它的噪声会消失，学习率不变也到得了，但四千步还证明不了这一点。
#
# </details>

# %% [markdown]
# In each layer an example's gradient is an outer product, so its squared length is a product of two.


# %%
def noise(theta, X, y):
    """Return tr C: the mean squared distance of the examples' own gradients of the cross-entropy from their mean."""
    h, hidden, output = pushes(theta, X, y)
    squares = np.sum(hidden**2, axis=1) * (1 + np.sum(X**2, axis=1))
    squares += np.sum(output**2, axis=1) * (1 + np.sum(h**2, axis=1))
    return np.mean(squares) - np.sum(gradient(theta, X, y) ** 2)


# %% [markdown]
# We come close to a minimum by section 7: full gradients and momentum. Then risk, $\operatorname{tr} C$, and the length
# of the gradient: small, though not zero, so the risk could still fall.

# %%
BETA = 0.01
theta_star, v = random_start(16, rng), 0.0
for _ in tqdm(range(1_000), desc="to the minimum"):
    theta_star, v = momentum_step(theta_star, v, lambda theta: gradient(theta, X, y, BETA), 0.1, 0.98)
lowest, tr_C = risk(theta_star, X, y, BETA), noise(theta_star, X, y)
float(lowest), float(tr_C), float(np.linalg.norm(gradient(theta_star, X, y, BETA)))

# %% [markdown]
# The predictions are made, before any step of SGD:

# %%
floors = pd.DataFrame({"predicted": {eps: eps * tr_C / (4 * M) for eps in (0.02, 0.05, 0.1)}})
floors.round(4)

# %% [markdown]
# Now let SGD loose *at the minimum*, with batches drawn independently, as the theory does.

# %%
looks = np.array([1, 2, 4, 8, 16, 32, 64, *range(100, 6_001, 100)])  # the steps after which we look


# %%
def excess(eps):
    """Return the excess risk after each of the steps in `looks`, from the minimum on."""
    theta, risks = theta_star, []
    for n_steps in tqdm(np.diff(looks, prepend=0), desc=f"ε = {eps}", leave=False):
        theta = train(theta, X, y, eps, rng.integers(N, size=(n_steps, M)), BETA)
        risks.append(risk(theta, X, y, BETA) - lowest)
    return np.array(risks)


# %%
climbs = {eps: excess(eps) for eps in floors.index}
floors["measured"] = [climb[looks > 1_000].mean() for climb in climbs.values()]  # without the climb itself
floors["ratio"] = floors["measured"] / floors["predicted"]
floors.round(4)

# %% mystnb={"image": {"alt": "Excess risk of the network against SGD steps from the minimum, both axes logarithmic, for three learning rates. The two lower rates climb within the first ten steps or so; the highest is near its level after one. Then each fluctuates around its own level, higher for larger rates, close to a dashed line that was predicted beforehand."}}
for (eps, climb), marker in zip(climbs.items(), "osD"):
    [line] = plt.loglog(
        looks, climb, marker=marker, markersize=5, linestyle="-", linewidth=1, label=f"ε = {eps}"
    )
    plt.axhline(floors["predicted"][eps], color=line.get_color(), linestyle="--")
plt.legend(loc="lower right", title="dashed: predicted at the minimum")
plotting.show("Started at the minimum, SGD climbs to its floor", "SGD steps of 50 digits", "excess risk")

# %% tags=["nbval-check-output"]
over = floors["ratio"]
# Ten seeds: sd 1.6, and of the ratios 0.054 and 0.075.
claims.check("tr C at the minimum", tr_C, "24.8", band=(17.8, 31.8), stand_in=(7.5, 12.8), data=MNIST)
claims.check(
    "floor over prediction, ε = 0.02", over[0.02], "0.95", band=(0.7, 1.25), stand_in=(0.5, 1.45), data=MNIST
)
claims.check(
    "floor over prediction, ε = 0.1", over[0.1], "1.12", band=(0.75, 1.5), stand_in=(0.8, 1.75), data=MNIST
)

# %% [markdown]
# From $\operatorname{tr} C =$ **24.8** alone we predicted three floors. But our "minimum" is not quite one: its gradient
# is not zero yet, so the risk can still fall. By that much every excess is counted too small, which matters most at the
# lowest rate. Over ten seeds the measured floor is **0.95** of its prediction at the
# lowest rate, and **1.12** of it at the highest (the third is in the table). A formula from a toy with one parameter
# holds for a network with thousands: that surprised us. At the largest rate the prediction is too low, as it should be:
# $\varepsilon/4$ is a limit for small rates. Another network, batch size or $\beta$ has other levels.
#
# Now the second prediction: 64 hidden units, the constant rate 0.1, and four thousand steps (40 epochs of the real
# digits), once without weight decay and once, as a control, with it. We look halfway and at the end.

# %%
networks = {}
for beta in (0.0, BETA):
    theta = start
    for n_steps in (2_000, 4_000):
        batches = rng.integers(N, size=(2_000, M))
        theta = train(theta, X, y, 0.1, tqdm(batches, desc=f"β = {beta}, to {n_steps:,}"), beta)
        networks[beta, n_steps] = theta

# %%
looked_at = {name: (risk(w, X, y), noise(w, X, y), accuracy(w, X, y)) for name, w in networks.items()}
pd.DataFrame(looked_at, index=["cross-entropy", "tr C", "training accuracy"]).T.round(3)

# %% tags=["nbval-check-output"]
right = accuracy(networks[0.0, 4_000], X, y)
shrunk, kept = (looked_at[beta, 2_000][1] / looked_at[beta, 4_000][1] for beta in (0.0, BETA))
# Ten seeds: sd 0.05, 0.6 and 0.06 (0.08 on the stand-in).
claims.check("training digits right", right, "99.8 %", band=(99.6, None), data=MNIST)
claims.check("tr C, 2,000 over 4,000 steps", shrunk, "4.1 times", band=(1.6, 6.6), data=MNIST)
claims.check("the same with weight decay", kept, "1.1 times", band=(0.8, 1.45), data=MNIST)

# %% [markdown]
# Without weight decay **99.8 %** of the training digits are right after 4,000 steps, and $\operatorname{tr} C$ is **4.1
# times** smaller than halfway: it is still falling, and no floor is in sight. With weight decay the examples cannot all
# be satisfied, and the same ratio is **1.1 times**: there the noise has almost stopped falling. A network that can
# satisfy all its examples **interpolates**; theory says that its noise then dies and a constant rate arrives. Four
# thousand steps do not prove it.

# %% [markdown] tags=["instructor"]
# At home, or a second hour. Ask what happens to an SGD that starts *at* the minimum. Likely question: "is the floor
# bad?" For the training risk, yes; it may help on new data, which we did not measure. Common confusion: interpolation
# is not generalisation.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚量到的值放在一起。凡是有理论的，允许的范围就取理论本身的抽样误差。最后一行是算术，不靠数据，也不靠运气。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where there is a theory, "allowed"
# comes from its own sampling error. The last line counts what is arithmetic alone.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row whose band comes from theory.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 学习率受最陡方向限制，步数由条件数决定；标准化特征是最便宜的加速。
# - 一个样本的梯度是无偏的：远处又便宜又好用，近处大半是噪声。
# - 学习率不变，SGD 就停在地板上：方差 $\varepsilon/(2-\varepsilon)$，多余风险约 $\varepsilon/4$，再等也没用。
# - 两味药：加大批量（方差除以 $M$）；让学习率下降（$\sum\varepsilon=\infty$，$\sum\varepsilon^2<\infty$ 就够了）。
# - 动量治窄谷，不治噪声：学习率不变时，地板抬高到 $1/(1-\alpha)$ 倍左右，就像学习率大了这么多倍。
# - ★ 真网络的地板约为 $\frac{\varepsilon}{4M}\operatorname{tr}C$；能插值的网络，按理论没有地板。
#
# </details>
#
# - The steepest direction limits the rate, the condition number sets the steps. Standardise your features.
# - One example's gradient is unbiased: cheap and good far away, mostly noise near the minimum.
# - With a constant rate SGD stays on a floor: variance $\varepsilon/(2-\varepsilon)$, excess risk about $\varepsilon/4$. Waiting does not help.
# - Two medicines: larger batches (variance over $M$) and a falling rate ($\sum\varepsilon = \infty$ and $\sum\varepsilon^2 < \infty$ suffice).
# - Momentum cures narrow valleys, not noise: at an unchanged rate it lifts the floor about $1/(1-\alpha)$ times, as a rate so much larger would.
# - ★ A real network's floor is about $\frac{\varepsilon}{4M}\operatorname{tr}C$, unless it interpolates: then theory has no floor.

# %% [markdown] tags=["instructor"]
# 2 minutes. Ask for the lines before you show them.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 学习率不变，训练风险早已不降，只在一条水平线上下抖。先做什么：多训练几轮、降低学习率，还是加大动量？
#
# B. 批量和学习率都加倍，地板怎么变？
#
# C. 有人把面积改用平方毫米。最小二乘的预测变不变？梯度下降的步数呢？
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
# 几乎不变，因为地板取决于 $\varepsilon/M$。只想到学习率会说“加倍”，只想到批量会说“减半”。走到地板的步数倒是少了一半，只要学习率还在 $2/\lambda_{\max}$ 以下。
#
# </details>
#
# **C.** Somebody records the floor area in square millimetres. Do the predictions of least squares change? Do the steps of
# gradient descent?
#
# <details>
# <summary>Answer</summary>
#
# The predictions do not: the weight shrinks as the feature grows. The steps do, enormously: $\kappa$ depends on the units.
# "Neither" tempts because the *answer* is the same. The road to it is not.
#
# 预测不变：特征大了，权重就小了。步数大变，因为条件数跟着单位走。终点一样，路不一样。
#
# </details>

# %% [markdown] tags=["instructor"]
# 5 minutes. A and B in class, C at home. If many vote for training longer in A, ask for the formula of the floor, and
# where time is in it.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 给出数据矩阵，求梯度下降允许的最大学习率。
# 2. 先预测，再实验：一万条轨迹从 $\theta_0=3$ 出发，学习率取 0.5、0.1、0.02。走 3 步、30 步、300 步以后，哪个学习率离谷底最近（均方根距离）？
# 3. 第三味药：学习率不变，把轨迹的后半段取平均。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.

# %%
from utils.exercises import attempt, misshapen

# %% [markdown]
# *1. The limit.* For $R(w) = \frac{1}{2N}\lVert Xw - y\rVert^2$ and X of shape (N, d), return the rate above which
# gradient descent diverges.


# %% tags=["nbval-check-output"]
def max_rate(X):
    return ...


def check_max_rate(f):
    X = np.array([[2.0, 0], [2, 0], [2, 0], [0, 1], [0, 1], [0, 0]])  # XᵀX/N has the eigenvalues 2 and ⅓
    result = f(X)
    if reason := misshapen(result, ()):
        return reason
    hints = {
        -1: "a rate is positive",
        1 / 6: "that is the limit for a sum of losses; our risk is their mean, so divide XᵀX by N",
        1 / 3: "that is the limit if XᵀX is divided by d, the columns; divide by N, the rows",
        1 / 2: "1/λ_max is the rate that we walked with; the limit is twice as large",
        6: "2/λ_min would be safe for the flattest direction; the steepest one sets the limit",
        2 / 12**0.5: "eigenvalues of XᵀX are squares of X's singular values; divide by N, too",
        2: "that is λ_max itself; the error is multiplied by 1 − ελ, which must stay above −1",
    }
    for value, hint in hints.items():
        if np.isclose(result, value):
            return f"for this X the limit is 1, not {result:.3g}: {hint}"
    if not np.isclose(result, 1):
        return f"here XᵀX/N has the eigenvalues 2 and ⅓, so the limit is 2/2 = 1, not {result:.3g}"
    if not np.isclose(turned := f(X @ np.array([[0.6, 0.8], [-0.8, 0.6]])), 1):
        return f"turned features keep their eigenvalues and the limit 1, but not their diagonal: {turned:.3g} is wrong"
    if not np.isclose(wider := f(np.column_stack([X, [0, 0, 0, 0, 0, 6**0.5]])), 1):
        return f"right for two columns; with a third the eigenvalues are 2, 1 and ⅓, and the limit is 1, not {wider:.3g}"


attempt(max_rate, check_max_rate)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def max_rate_solution(X):
    return 2 / np.linalg.eigvalsh(X.T @ X / len(X))[-1]


assert check_max_rate(max_rate_solution) is None

# %% [markdown]
# *2. Predict, then measure.* Ten thousand walks of section 4 start at $\theta_0 = 3$. Of the rates 0.5, 0.1 and 0.02,
# which one has the smallest RMS distance to the minimum after 3 steps, after 30, and after 300? Return three rates.
# Decide first; the cell after the solution measures it.


# %% tags=["nbval-check-output"]
def best_rates():
    return ...


def check_best_rates(f):
    result = f()
    if reason := misshapen(result, (3,)):
        return reason + ": one rate each for 3, 30 and 300 steps"
    if not np.isin(result, (0.5, 0.1, 0.02)).all():
        return f"each of the three should be one of the rates 0.5, 0.1 and 0.02, not {result}"
    after_3, after_30, after_300 = result
    if after_3 != 0.5:
        return f"after 3 steps a factor (1 − ε)³ of the start is left: which rate has forgotten θ₀ = 3 by then? Not {after_3}"
    if after_300 != 0.02:
        return f"after 300 steps even 0.98³⁰⁰ is next to nothing: then the lowest floor wins, and that is not the one of {after_300}"
    if after_30 != 0.1:
        return f"after 30 steps add bias² and variance: at {after_30} one of them is still large, (3 · (1 − ε)³⁰)² or ε/(2 − ε)"


attempt(best_rates, check_best_rates)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def best_rates_solution():
    return 0.5, 0.1, 0.02


assert check_best_rates(best_rates_solution) is None

# %% [markdown]
# Now measure. RMS distance after 3, 30 and 300 steps:

# %%
rms = {
    eps: [np.sqrt(np.mean(theta**2)) for theta in sgd(np.full(n, 3.0), targets, repeat(eps, 300), rng)]
    for eps in (0.5, 0.1, 0.02)
}
pd.DataFrame(
    {eps: np.array(distance)[[2, 29, 299]] for eps, distance in rms.items()}, index=[3, 30, 300]
).round(2)

# %% [markdown]
# *3. Medicine three: average the walk.* Given walks of shape (n_steps, n), one column per walk, return each walk's mean
# over the second half of its steps, shape (n,). (Polyak and Ruppert's idea. Predict, then try it on 1,000 steps at ε =
# 0.1: how far below the floor is the variance?)


# %% tags=["nbval-check-output"]
def tail_average(walks):
    return ...


def check_tail_average(f):
    walks = np.array([[8.0, 0.0, 1.0], [4.0, 0.0, 1.0], [2.0, 6.0, 1.0], [0.0, 2.0, 1.0]])
    result = f(walks)
    if np.shape(result) == (2,):
        return (
            "three walks should give shape (3,), not (2,): average over the steps (rows), not over the walks"
        )
    if reason := misshapen(result, (3,)):
        return f"{reason}: one mean for each walk"
    for wrong, what in (
        (walks[:2], "the first half"),
        (walks, "all steps"),
        (walks[3:], "the last step alone"),
    ):
        if np.allclose(result, wrong.mean(axis=0)):
            return f"that is the mean over {what}; take the second half of the steps"
    if np.allclose(result, [2, 8, 2]):
        return "that is the sum over the second half; divide by the number of its steps"
    if not np.allclose(result, [1, 4, 1]):
        return f"the last two of four steps average to (1, 4, 1), not {np.asarray(result)}"
    longer = np.array([[9.0], [9], [9], [9], [6], [0], [0], [2]])
    if not np.allclose(f(longer), [2]):
        return f"right for four steps; of eight, the last four (6, 0, 0, 2) average to 2, not {np.asarray(f(longer))}"


attempt(tail_average, check_tail_average)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def tail_average_solution(walks):
    return walks[len(walks) // 2 :].mean(axis=0)


assert check_tail_average(tail_average_solution) is None

# %% [markdown]
# And your prediction? A thousand walks of 1,000 steps, from the minimum: how many times is the variance below the floor?

# %%
walks = np.array([theta for theta in sgd(np.zeros(1_000), targets, repeat(0.1, 1_000), rng)])
float(floor(0.1) / walks[500:].mean(axis=0).var())

# %% [markdown]
# About 27 times below, without a smaller rate. Averaging 500 *independent* draws of the floor would give 500, but steps
# next to each other are much alike.

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Bottou、Curtis、Nocedal 的综述把本讲的内容从头到尾证明了一遍；Goh 的交互文章用滑块讲清楚动量为什么有效；Mandt 等人从 SGD 的平稳分布出发，得到 ★ 第 11 节的公式；Robbins 和 Monro 的原文只有八页，值得一看。
#
# </details>
#
# - H. Robbins, S. Monro, [A stochastic approximation method](https://doi.org/10.1214/aoms/1177729586), Annals of Mathematical Statistics 22 (1951).
# - B. Polyak, [Some methods of speeding up the convergence of iteration methods](https://doi.org/10.1016/0041-5553(64)90137-5), USSR Computational Mathematics and Mathematical Physics 4 (1964).
# - L. Bottou, F. Curtis, J. Nocedal, [Optimization methods for large-scale machine learning](https://arxiv.org/abs/1606.04838), SIAM Review 60 (2018).
# - G. Goh, [Why momentum really works](https://distill.pub/2017/momentum/), Distill (2017).
# - D. Kingma, J. Ba, [Adam: a method for stochastic optimization](https://arxiv.org/abs/1412.6980), ICLR 2015.
# - S. Mandt, M. Hoffman, D. Blei, [Stochastic gradient descent as approximate Bayesian inference](https://arxiv.org/abs/1704.04289), JMLR 18 (2017).
