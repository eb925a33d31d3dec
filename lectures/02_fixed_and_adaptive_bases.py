# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Why not just polynomials?
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/02_fixed_and_adaptive_bases.ipynb)
#
# Weierstrass proved that polynomials come as close as we like to any continuous function. Their weights have a closed
# form. So if polynomials can approximate anything, why bother with neural networks? The answer is a matter of *when* you
# choose: before you have seen the target, or after. We begin with a game that a class can play in five minutes, and end
# with two rates of convergence that you can measure at home.
#
# **You will**
#
# - play a game that separates choosing early from choosing late, and work out its odds exactly;
# - measure how many terms polynomials and cosines need, and see the winner change with the question;
# - build any function from hinges by hand, then let the data move the hinges;
# - see what that costs: the closed form is gone, and the start decides where a search ends;
# - measure how an error falls with the number of terms, in 1 and in 16 dimensions.
#
# **You need** lecture 1: least squares, basis functions, risk. And the chain rule.
# **It takes** 90 minutes to teach and under 60 seconds to run on 2 CPU cores.
#
# **Figures in bold** were measured. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("02")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 A game about choosing early
#
# <details>
# <summary>中文</summary>
#
# 先玩一个游戏。**第一轮**：从 0 到 9 里挑三个不同的整数，写下来；然后老师才亮出目标。你可以从自己的数里取若干个相加（每个至多用一次，也可以一个都不用），离目标差多少，就罚多少分。写的是 3、5、9，目标是 15：5 + 9 = 14，罚 1 分；目标是 1：一个都不用，和为 0，也罚 1 分。**第二轮**：先写六个数，看到目标以后再从中挑出至多三个。写的是 0、1、2、3、4、8，目标是 5，罚 0 分；目标是 18，最好也只能 8 + 4 + 3 = 15，罚 3 分。
#
# 两轮最后都至多用三个数，差别只在“什么时候选”。全部选法可以一一列出：120 种和 210 种，所以下面的数字是精确的，不靠抽样。目标依次为 12、1、20、4、10、19 时，三个数的平均罚分是 **1.72**、**0.70**、**6.73**、**0.98**、**1.13**、**5.87**；六个数的是 **0.02**、**0.40**、**0.98**、**0.24**、**0.03**、**0.66**。（讲义第一轮只玩前三个目标，第二轮只玩后三个；我们两轮都玩六个，这样才公平。）目标是 19 时，罚分不超过 1 的，三个数只有 **120** 种里的 **16** 种，六个数却有 **210** 种里的 **182** 种，真是“绝大多数”；六个目标全中的也有 **32** 种，你能找到一种吗？再让电脑模拟一个 200 人的班级，随手乱选，比例分别在 **13** % 和 **87** % 上下，与精确值相差不过几个百分点。
#
# 会不会只是因为六个比三个多？试一试：仍写六个数，但看到目标**之前**就闭着眼睛从中抽三个。目标 19 的平均罚分又回到 **5.87**，与第一轮一模一样。所以好处全在“看过目标再选”。记住这一点：第一轮就是固定基，第二轮就是自适应基。
#
# </details>
#
# *Round 1.* Write down three different integers from 0 to 9. Only then do I show you a target. Add up any of your numbers,
# each at most once; using none of them is allowed, and gives 0. Your score is your distance from the target: small is good.
#
# You wrote 3, 5, 9 and I say 15. Then 5 + 9 = 14, and you miss by 1. I say 1: use none, and you miss by 1 again.

# %% tags=["nbval-check-output"]
from itertools import combinations


def best_choice(numbers, target, at_most=3):
    """Return the at most three of the numbers whose sum comes closest to the target."""
    choices = (choice for k in range(at_most + 1) for choice in combinations(numbers, k))
    return min(choices, key=lambda choice: abs(sum(choice) - target))


best_choice((3, 5, 9), 15), best_choice((3, 5, 9), 1)

# %% [markdown]
# The score is what is left over.


# %% tags=["nbval-check-output"]
def score(numbers, target):
    """Return how far the best choice of at most three of the numbers misses the target."""
    return abs(sum(best_choice(numbers, target)) - target)


[score((3, 5, 9), target) for target in (15, 1)]

# %% [markdown]
# *Round 2.* Write down *six* numbers before the target is shown. After you have seen it, use at most three of them.
# You wrote 0, 1, 2, 3, 4, 8. I say 5: that is 4 + 1, a hit. I say 18: the best you can do is 8 + 4 + 3 = 15, a miss by 3.
# The same function plays this round too.

# %% tags=["nbval-check-output"]
[score((0, 1, 2, 3, 4, 8), target) for target in (5, 18)]

# %% [markdown]
# Which round would you rather play? There is no need to guess: all possible choices fit in two short lists.

# %% tags=["nbval-check-output"]
threes = list(combinations(range(10), 3))
sixes = list(combinations(range(10), 6))
len(threes), len(sixes)

# %% [markdown]
# The lecture plays round 1 on the targets 12, 1, 20 and round 2 on 4, 10, 19. For a fair comparison we play both rounds on all six.

# %% tags=["nbval-check-output"]
import numpy as np

targets = (12, 1, 20, 4, 10, 19)
scores_3 = np.array([[score(numbers, target) for target in targets] for numbers in threes])
scores_6 = np.array([[score(numbers, target) for target in targets] for numbers in sixes])
scores_3.shape, scores_6.shape

# %% [markdown]
# The mean over all choices is what a class that writes down its numbers at random would score, were it infinitely large.

# %% tags=["nbval-check-output"]
# Exact: every choice is counted. The bands hold what rounds to the stated figure.
three, six = scores_3.mean(axis=0), scores_6.mean(axis=0)
claims.check("three numbers, target 12", three[0], "1.72", band=(1.715, 1.725))
claims.check("three numbers, target 1", three[1], "0.70", band=(0.695, 0.705))
claims.check("three numbers, target 20", three[2], "6.73", band=(6.72, 6.735))
claims.check("three numbers, target 4", three[3], "0.98", band=(0.975, 0.985))
claims.check("three numbers, target 10", three[4], "1.13", band=(1.125, 1.135))
claims.check("three numbers, target 19", three[5], "5.87", band=(5.865, 5.875))
claims.check("six numbers, target 12", six[0], "0.02", band=(0.015, 0.025))
claims.check("six numbers, target 1", six[1], "0.40", band=(0.395, 0.405))
claims.check("six numbers, target 20", six[2], "0.98", band=(0.975, 0.985))
claims.check("six numbers, target 4", six[3], "0.24", band=(0.235, 0.245))
claims.check("six numbers, target 10", six[4], "0.03", band=(0.025, 0.035))
claims.check("six numbers, target 19", six[5], "0.66", band=(0.655, 0.665))

# %% [markdown]
# | mean miss for target | 12 | 1 | 20 | 4 | 10 | 19 |
# | --- | --- | --- | --- | --- | --- | --- |
# | round 1, three numbers | **1.72** | **0.70** | **6.73** | **0.98** | **1.13** | **5.87** |
# | round 2, three out of six | **0.02** | **0.40** | **0.98** | **0.24** | **0.03** | **0.66** |
#
# Look at 19. Most triples cannot even reach it, because their sum is too small. How many choices come within 1?

# %% tags=["nbval-check-output"]
near_3, near_6 = (scores_3[:, -1] <= 1).sum(), (scores_6[:, -1] <= 1).sum()
claims.check("three numbers within 1 of target 19", near_3, "16 of 120", band=(16, 16))
claims.check("six numbers within 1 of target 19", near_6, "182 of 210", band=(182, 182))
claims.check("sixes that hit all six targets", (scores_6 == 0).all(axis=1).sum(), "32", band=(32, 32))

# %% [markdown]
# With three numbers **16** of **120**. With six, **182** of **210**: the vast majority. Now a class of 200 students who choose
# blindly, as a real class does. Every student plays both rounds.

# %%
rng = np.random.default_rng(SEED)
class_3 = scores_3[rng.integers(len(threes), size=200)]
class_6 = scores_6[rng.integers(len(sixes), size=200)]
np.array([class_3.mean(axis=0), class_6.mean(axis=0)]).round(2)

# %% [markdown]
# The class beside the exact figures. The dots are the class; their bars are two standard errors each way.

# %% mystnb={"image": {"alt": "Pairs of bars for six targets: the mean miss with three numbers, hatched, and with three out of six, plain. The plain bar is always lower, most clearly for targets 19 and 20. Dots with error bars for a class of 200 sit on the tops of the bars."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
places = np.arange(len(targets))
plt.bar(places - 0.2, three, 0.4, color="C1", hatch="//", edgecolor="white", label="round 1: three numbers")
plt.bar(places + 0.2, six, 0.4, color="C0", label="round 2: three out of six")
for side, played in ((-0.2, class_3), (0.2, class_6)):
    bars = 2 * played.std(axis=0) / np.sqrt(len(played))
    plt.errorbar(places + side, played.mean(axis=0), bars, fmt="ko", capsize=5, label="class of 200")
handles, labels = plt.gca().get_legend_handles_labels()
plt.legend(handles[:3], labels[:3], loc="upper left", bbox_to_anchor=(0.42, 1))
plt.xticks(places, targets)
plotting.show("Choosing after you see the target wins every time", "target", "mean miss")

# %% [markdown]
# And the share of the class that comes within 1 of 19:

# %% tags=["nbval-check-output"]
# Binomial: 200 students, shares 16/120 and 182/210, so one standard error is 2.4 points. Bands: 4.5 of them.
class_near_3, class_near_6 = 100 * np.mean(class_3[:, -1] <= 1), 100 * np.mean(class_6[:, -1] <= 1)
claims.check("class of 200, three numbers, within 1 of 19", class_near_3, "13 %", band=(2.5, 24.1))
claims.check("class of 200, six numbers, within 1 of 19", class_near_6, "87 %", band=(75.9, 97.5))

# %% [markdown]
# Exactly, it is **13** % against **87** %. A class of 200 lands within a few points of that.
#
# "Of course," somebody says, "six is more than three." Is that the reason? Keep the six, but draw three of them
# blindly *before* the target appears.

# %% tags=["nbval-check-output"]
blind = np.mean([score(drawn, 19) for numbers in sixes for drawn in combinations(numbers, 3)])
claims.check("three drawn blindly out of six, target 19", blind, "5.87", band=(5.865, 5.875))

# %% [markdown]
# Back to **5.87**, to the last digit: three drawn blindly from six drawn blindly are three drawn blindly. So owning six
# numbers is worth nothing in itself. *All* of the gain comes from choosing after seeing the target.
#
# Your turn. Type three digits for round 1, or six for round 2.

# %% tags=["nbval-check-output"]
import pandas as pd


def play(digits):
    """Return the best choice of the digits in a text such as "359", and its miss, for each target."""
    numbers = sorted({int(digit) for digit in digits if digit in "0123456789"})
    chosen = [" + ".join(map(str, best_choice(numbers, target))) or "none" for target in targets]
    missed = [score(numbers, target) for target in targets]
    return pd.DataFrame({"best choice": chosen, "miss": missed}, index=pd.Index(targets, name="target")).T


play("359")

# %% [markdown]
# That was round 1 with our example. Six digits, still at most three of them used:

# %% tags=["nbval-check-output"]
play("012348")

# %% [markdown]
# In a live notebook the next cell shows a box to type into, and such a table below it. On GitHub and on paper there is no box; call
# `play` with other digits instead. Can you find six digits that never miss? There are **32** such choices.

# %%
from ipywidgets import interact

panel = interact(play, digits="012348")

# %% [markdown]
# Now translate. The target is the unknown function. The numbers are basis functions; their sum is the model. Round 1 is
# what polynomials do: the terms were chosen before anybody saw the data. Round 2 is what a neural network does.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes). Play both rounds on paper before opening the notebook, and let hands go up
# for "missed by at most 1". Likely question: "why not write 9, 8, 7?" Then small targets are lost: that is the point.
# Common confusion: in round 2 at most *three* are used, so the final model has the same size in both rounds.

# %% [markdown]
# ## 2 Fixed bases: commit first, then see the target
#
# <details>
# <summary>中文</summary>
#
# 固定基就是第一轮：先定好 $\varphi_0,\dots,\varphi_{m-1}$，再看目标，能调的只有权重 $w$。好处是最小二乘有闭式解。本节比较两套固定基：多项式和余弦 $\cos(k\pi x)$，都在 $[0,1]$ 上，$m$ 是项数（常数项也算一项），误差一律是均方根（RMS）。“误差”二字后面若不说明范数和项数，就等于什么也没说。
#
# 讲义上说：一个波浪形的目标，误差降到 0.1 以下，多项式要 9 项，余弦只要 7 项。我们自选的波浪正是如此：多项式 **9** 项（8 项时 **0.163**，9 项时 **0.030**），余弦 **7** 项（6 项时 **0.154**，7 项时 **0.068**）。另一个目标几乎是一条抛物线：三项多项式的误差已是 **5.0e-7**（讲义：**1e-6**），余弦用 3、9、40 项，误差还有 **2.5e-2**、**4.7e-3**、**5.1e-4**。各有各的主场，没有一套固定基能赢遍所有目标。
#
# 还要说一句讲义没说的话：“7 比 9 好”只在那个约定下成立。同一个波浪，同样的拟合，若把门槛从 0.1 收紧到 0.01，多项式只要 **11** 项，余弦却要 **23** 项；若门槛仍是 0.1，但看最大误差而不是均方根，多项式 **11** 项，余弦 **19** 项。胜负随问法而变。
#
# 魏尔斯特拉斯说多项式能逼近一切连续函数；傅里叶级数也有同样的保证。万能性人人都有，不稀奇；效率才是差别所在。
#
# </details>
#
# A **fixed basis** is round 1. We commit to $\varphi_0, \dots, \varphi_{m-1}$, then see the target, and only the weights are
# free:
#
# $$f(x) = \sum_{j=0}^{m-1} w_j\, \varphi_j(x).$$
#
# Two rivals on $[0, 1]$: polynomials and cosines $\cos(k\pi x)$. We count $m$ *terms*, the constant included. We look at 400
# points, so many that there is no test set to worry about: this lecture is about what a model *can* express.

# %%
from numpy.polynomial import legendre

x = (np.arange(400) + 0.5) / 400


def polynomials(x, m):
    """Return m columns that span the polynomials below degree m: Legendre's, on [0, 1], for little rounding."""
    return legendre.legvander(2 * x - 1, m - 1)


def cosines(x, m):
    """Return the m columns cos(kπx), k = 0, 1, ..., m - 1."""
    return np.cos(np.pi * np.arange(m) * x[:, None])


# %% [markdown]
# "Error" means nothing until we say which. Ours is the **RMS** error, the root of the mean squared error, after the least-squares
# fit of lecture 1.


# %%
def rms(residual):
    """Return the root of the mean square."""
    return np.sqrt(np.mean(residual**2))


def residual(X, y):
    """Return what the least-squares fit of y on the columns of X leaves over."""
    return y - X @ np.linalg.lstsq(X, y, rcond=None)[0]


# %% [markdown]
# By hand: the best constant for $f(x) = x$ is ½, and the RMS error is
# $\sqrt{\int_0^1 (x - \tfrac12)^2\,dx} = 1/\sqrt{12}$. Then the library: NumPy fits a cubic to $e^x$ with a routine of its own.

# %% tags=["nbval-check-output"]
by_hand = bool(np.isclose(rms(residual(polynomials(x, 1), x)), 1 / np.sqrt(12), rtol=1e-4))
library = np.polynomial.Polynomial.fit(x, np.exp(x), 3)(x)
by_hand, bool(np.allclose(residual(polynomials(x, 4), np.exp(x)), np.exp(x) - library))

# %% [markdown]
# Both agree. Now two targets. The lecture shows a wavy curve and a near-parabola; it does not print their formulas, so we chose our
# own.

# %%
wavy = np.cos(4.4 * np.pi * x + 0.75 * np.pi)
parabola = (x - 0.3) ** 2 + 1e-6 * np.sin(9 * x)

# %% [markdown]
# One row of errors for each basis and each target, as terms are added.

# %%
terms = np.arange(1, 41)
errors = {
    (target, basis.__name__): np.array([rms(residual(basis(x, m), y)) for m in terms])
    for target, y in (("wavy", wavy), ("near-parabola", parabola))
    for basis in (polynomials, cosines)
}
pd.DataFrame(errors, index=terms).loc[[3, 6, 7, 8, 9, 40]].map("{:.1e}".format)

# %% [markdown]
# The same errors as curves. The horizontal line marks 0.1.

# %% mystnb={"image": {"alt": "Two panels of RMS error against the number of terms on a logarithmic axis. For the wavy target cosines pass 0.1 at seven terms and polynomials at nine, after which polynomials plunge. For the near-parabola polynomials drop below a millionth at three terms while cosines descend slowly."}}
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, target in zip(axes, ("wavy", "near-parabola")):
    ax.semilogy(terms[:14], errors[target, "polynomials"][:14], "o-", label="polynomials")
    ax.semilogy(terms[:14], errors[target, "cosines"][:14], "s--", label="cosines")
    ax.axhline(0.1, color="0.4", linewidth=1.5)
    ax.set(title=f"target: {target}", xlabel="terms m")
axes[0].set_ylabel("RMS error (log scale)")
axes[0].legend(loc="lower left")
axes[1].text(14, 0.13, "0.1", ha="right", fontsize=13)
fig.suptitle("Each fixed basis has a target that it likes", fontweight="bold")
plt.show()

# %% [markdown]
# How many terms until the error is below a limit?


# %%
def terms_needed(basis, x, y, limit, norm=rms):
    """Return the smallest number of terms with which the least-squares fit has an error below the limit."""
    return next(m for m in range(1, len(x)) if norm(residual(basis(x, m), y)) < limit)


# %% tags=["nbval-check-output"]
# No chance in here. The bands hold what rounds to the stated figure.
needed = [terms_needed(basis, x, wavy, 0.1) for basis in (polynomials, cosines)]
claims.check("wavy, polynomials, terms for error < 0.1", needed[0], "9 terms", band=(9, 9))
claims.check("wavy, cosines, terms for error < 0.1", needed[1], "7 terms", band=(7, 7))
by_polynomials, by_cosines = errors["wavy", "polynomials"], errors["wavy", "cosines"]
claims.check("wavy, 8 polynomials", by_polynomials[7], "0.163", band=(0.1625, 0.1635))
claims.check("wavy, 9 polynomials", by_polynomials[8], "0.030", band=(0.0295, 0.0305))
claims.check("wavy, 6 cosines", by_cosines[5], "0.154", band=(0.1535, 0.1545))
claims.check("wavy, 7 cosines", by_cosines[6], "0.068", band=(0.0675, 0.0685))

# %% [markdown]
# As the lecture says of its own wavy curve: polynomials need **9** terms (with eight **0.163**, with nine **0.030**) where **7** cosines do
# (six **0.154**, seven **0.068**). Now the near-parabola.

# %% tags=["nbval-check-output"]
by_polynomials, by_cosines = errors["near-parabola", "polynomials"], errors["near-parabola", "cosines"]
claims.check(
    "near-parabola, 3 polynomials", by_polynomials[2], "5.0e-7 (slide: 1e-6)", band=(4.95e-7, 5.05e-7)
)
claims.check("near-parabola, 3 cosines", by_cosines[2], "2.5e-2", band=(2.45e-2, 2.55e-2))
claims.check("near-parabola, 9 cosines", by_cosines[8], "4.7e-3", band=(4.65e-3, 4.75e-3))
claims.check("near-parabola, 40 cosines", by_cosines[39], "5.1e-4", band=(5.05e-4, 5.15e-4))

# %% [markdown]
# Three polynomial terms leave **5.0e-7** (slide: **1e-6**). Three cosines leave **2.5e-2**, nine **4.7e-3**, and even forty **5.1e-4**. No
# fixed basis wins on every target.
#
# Here is what surprised us. "Seven against nine" belongs to its convention. Keep the wavy curve and the fits; ask
# for 0.01 instead of 0.1, or for the *largest* error instead of the RMS.


# %% tags=["nbval-check-output"]
def largest(residual):
    """Return the largest absolute value."""
    return np.max(np.abs(residual))


stricter = [terms_needed(basis, x, wavy, 0.01) for basis in (polynomials, cosines)]
at_worst = [terms_needed(basis, x, wavy, 0.1, norm=largest) for basis in (polynomials, cosines)]
claims.check("wavy, polynomials, terms for error < 0.01", stricter[0], "11 terms", band=(11, 11))
claims.check("wavy, cosines, terms for error < 0.01", stricter[1], "23 terms", band=(23, 23))
claims.check("wavy, polynomials, terms for largest error < 0.1", at_worst[0], "11 terms", band=(11, 11))
claims.check("wavy, cosines, terms for largest error < 0.1", at_worst[1], "19 terms", band=(19, 19))

# %% [markdown]
# For 0.01 polynomials need **11** terms and cosines **23**. For a largest error of 0.1 it is **11** against **19**. Either change of the
# question changes the winner, on the same curve! Every $\cos(k\pi x)$ is level at both ends of the interval, our curve is not, and there the cosines
# pay. When you read "basis A beats basis B", ask: on which target, in which norm, at which size?
#
# Weierstrass promises that polynomials can approximate every continuous function. Fourier's cosines keep the same promise. *Universality is common; efficiency is
# not.*

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Ask for bets before the second table: most follow the first one and bet on cosines. Likely
# question: "is that least-squares fit the best in the largest error too?" No; we compare the same fits in another norm. Common
# confusion: *can approximate* (universal) and *approximates cheaply* (efficient).

# %% [markdown]
# ## 3 Adaptive bases: let the data choose the terms
#
# <details>
# <summary>中文</summary>
#
# 自适应基是第二轮：$f(x)=\sum_i w_i\,\varphi(x;\theta_i)$，每一项里多了一个旋钮 $\theta_i$，看到数据以后再拧。最简单的例子用 ReLU：$\mathrm{relu}(z)=\max(z,0)$，先是零，过了拐点就是一条直线，像一扇门的铰链。$\mathrm{relu}(x-k)$ 的拐点（结点）在 $k$，这个 $k$ 就是 $\theta$。
#
# 三个铰链拼成一个小帐篷，许多帐篷并排一摆，就能拼出任何连续函数的折线近似。这就是万能逼近定理的图像，初中生也画得出来。
#
# 现在来一个难缠的目标：正弦波上有一处陡坎，位置事先不知道。九项的固定基都很狼狈：多项式 **0.210**，余弦 **0.167**，结点均匀放置的铰链 **0.193**。可见铰链本身并不高明。让七个结点自己移动，外层权重照旧用最小二乘，100 个随机起点的误差中位数降到 **0.015**。它一共有 16 个可调的数；18 项的固定基，多项式 **0.122**，余弦 **0.080**；27 项也只有 **0.080** 和 **0.044**。100 个起点里约 **99** % 胜过 27 项余弦。同样的零件，只因为能看着数据挪位置，误差小了一个数量级。
#
# 特征不再由我们设计，而是学出来的，这叫**表示学习**；深度学习的顶级会议 ICLR，全名就是“国际学习表征会议”。
#
# </details>
#
# An **adaptive basis** is round 2. Every term gets a knob $\theta_i$, to be turned after the data are seen:
#
# $$f(x) = \sum_{i} w_i\, \varphi(x; \theta_i).$$
#
# Our $\varphi$ is the most common building block of today's networks. The **ReLU** is $\max(z, 0)$: zero up to a kink, a straight
# line after it. Then $\mathrm{relu}(x - k)$ is a hinge, and its knob is the place $k$ of the kink, its **knot**. Three hinges make a bump.


# %% tags=["nbval-check-output"]
def relu(z):
    """Return max(z, 0), entry by entry."""
    return np.maximum(z, 0)


def bump(x, centre, width):
    """Return a tent of height 1 at the centre, 0 from `width` away on: three ReLUs."""
    return (relu(x - centre + width) - 2 * relu(x - centre) + relu(x - centre - width)) / width


bump(np.array([0.0, 0.25, 0.375, 0.5, 0.75, 1.0]), centre=0.5, width=0.25)

# %% [markdown]
# Check one by hand: at $x = 0.375$ only the first hinge is open, at height $0.125$; divided by the width that is ½. The slopes
# read 0, then up, then down, then 0 again.

# %% mystnb={"image": {"alt": "Three broken lines are hinges, one rising from a quarter, one falling twice as steeply from a half, one rising from three quarters, and their sum in bold: a tent of height one centred at a half."}}
for weight, knot, style in ((1, 0.25, "--"), (-2, 0.5, "-."), (1, 0.75, ":")):
    label = f"{weight} × relu(x − {knot}) / 0.25".replace("-", "−")
    plt.plot(x, weight * relu(x - knot) / 0.25, linestyle=style, label=label)
plt.plot(x, bump(x, 0.5, 0.25), color="black", linewidth=4, linestyle="-", label="their sum")
plt.legend(loc="lower left")
plotting.show("Three hinges make a bump", "input x", "height")

# %% [markdown]
# Stand bumps side by side, each as high as the target is at its centre. Between two centres one bump fades while the next grows, so
# the sum runs straight from point to point. NumPy knows that curve as `np.interp`.

# %% tags=["nbval-check-output"]
centres = np.linspace(0, 1, 13)
heights = np.cos(4.4 * np.pi * centres + 0.75 * np.pi)
bumps = heights * bump(x[:, None], centres, 1 / 12)
bumps.shape, bool(np.allclose(bumps.sum(axis=1), np.interp(x, centres, heights)))

# %% [markdown]
# The two agree. In the picture the thin lines are the bumps, the thick one is their sum.

# %% mystnb={"image": {"alt": "The wavy target as a thick grey curve, thirteen thin bumps below and above zero, and their sum, a polyline that follows the curve closely."}}
plt.plot(x, wavy, color="0.75", linewidth=8, label="target")
plt.plot(x, bumps, color="C1", linestyle="-", linewidth=1.5)
plt.plot(x, bumps.sum(axis=1), color="C0", linestyle="-", linewidth=3, label="sum of 13 bumps")
plt.legend(loc="upper right", bbox_to_anchor=(1, 1.02))
plt.ylim(-1.15, 1.5)
plotting.show("Enough bumps make any curve", "input x", "value")

# %% [markdown]
# With finer bumps the polyline comes as close as we like. That picture is the heart of the **universal approximation** theorem for
# networks. But you know by now that universality is cheap. Here is a target to lose sleep over: a jump, at a place not known in
# advance, on top of a wave.

# %%
jump = np.tanh(80 * (x - 0.6)) + 0.3 * np.sin(2 * np.pi * x)


def hinges(x, knots):
    """Return the columns 1, x and relu(x - k) for every knot k."""
    return np.column_stack([np.ones_like(x), x, relu(x[:, None] - knots)])


# %% [markdown]
# Nine terms for everybody: polynomials, cosines, and hinges with seven knots at *fixed*, even distances.

# %%
even = np.linspace(0, 1, 9)[1:-1]
nine = [rms(residual(X, jump)) for X in (polynomials(x, 9), cosines(x, 9), hinges(x, even))]
np.round(nine, 3)

# %% tags=["nbval-check-output"]
claims.check("jump, 9 polynomials", nine[0], "0.210", band=(0.2095, 0.2105))
claims.check("jump, 9 cosines", nine[1], "0.167", band=(0.1665, 0.1675))
claims.check("jump, 9 terms, hinges at even distances", nine[2], "0.193", band=(0.1925, 0.1935))

# %% [markdown]
# **0.210**, **0.167**, **0.193**. All three are lost, and the hinges are no better than the rest. Now let the knots move. For given
# knots the weights $w$ still come from `lstsq`; SciPy's `least_squares` then shifts the knots to shrink what is left over.

# %%
from scipy.optimize import least_squares


def fit_knots(start, x, y):
    """Return the knots that a search from `start` ends with; the outer weights are refitted at every step."""
    return least_squares(lambda knots: residual(hinges(x, knots), y), start).x


knots = fit_knots(even, x, jump)
np.sort(knots).round(2), round(float(rms(residual(hinges(x, knots), jump))), 3)

# %% [markdown]
# The knots in order, and the RMS error that is left. Before and after, against nine cosines:

# %% mystnb={"image": {"alt": "The jump target in grey. Nine cosines oscillate around it and smear the jump. Nine terms with free hinges lie on it. Marks below show the knots: evenly spaced before the fit, and after it two on the jump and the others along the wave."}}
by_cosines = jump - residual(cosines(x, 9), jump)
by_hinges = jump - residual(hinges(x, knots), jump)
plt.plot(x, jump, color="0.75", linewidth=8, label="target")
plt.plot(x, by_cosines, color="C1", linestyle="--", label="9 cosines")
plt.plot(x, by_hinges, color="C0", linestyle="-", label="9 terms, knots moved")
plt.plot(even, np.full(7, -1.6), "k|", markersize=16, label="knots before")
plt.plot(knots, np.full(7, -1.8), "C0^", linestyle="", label="knots after")
plt.legend(loc="upper left", fontsize=12)
plt.ylim(-1.95, 1.6)
plotting.show("The knots go where they are needed", "input x", "value")

# %% [markdown]
# Nobody told the knots where the jump is. Two of them found it, and stand on either side; the others follow the wave. One start proves
# nothing, so we take a hundred random ones.

# %%
starts = rng.random((100, 7))
free = np.array([rms(residual(hinges(x, fit_knots(start, x, jump)), jump)) for start in starts])
np.quantile(free, [0, 0.5, 0.9, 1]).round(3)

# %% [markdown]
# In order: the best start, the median, the ninth decile, the worst. Beside them, fixed bases of 9, 18 and 27 terms:

# %%
sizes = [9, 18, 27]
fixed = np.array([[rms(residual(basis(x, m), jump)) for basis in (polynomials, cosines)] for m in sizes])
pd.DataFrame(fixed, index=sizes, columns=["polynomials", "cosines"]).round(3)

# %% tags=["nbval-check-output"]
# Of 1,500 starts 1.3 % lost to 27 cosines: of 100 starts that is 1.3 ± 1.2, and the band leaves room for 7.
# Most starts end in the same minimum, so the median hardly varies: its band, as the others, is what rounds to it.
win = 100 * np.mean(free < fixed[2, 1])
claims.check("jump, 9 terms with free knots, median", np.median(free), "0.015", band=(0.0145, 0.0155))
claims.check("jump, starts that beat 27 cosines", win, "99 %", band=(93, 100))
claims.check("jump, 18 polynomials", fixed[1, 0], "0.122", band=(0.1215, 0.1225))
claims.check("jump, 18 cosines", fixed[1, 1], "0.080", band=(0.0795, 0.0805))
claims.check("jump, 27 polynomials", fixed[2, 0], "0.080", band=(0.0795, 0.0805))
claims.check("jump, 27 cosines", fixed[2, 1], "0.044", band=(0.0435, 0.0445))

# %% [markdown]
# Nine terms with free knots: **0.015** in the median. To be fair they hold 16 numbers, nine weights and seven knots. So compare
# with 18 fixed terms (polynomials **0.122**, cosines **0.080**), or give the fixed bases 27 (**0.080** and **0.044**). About **99** % of the starts
# beat even 27 cosines. The hinges are the same as before; a tenth of the error is left because they may *move*.
#
# The features of lecture 1 were ours: we looked at plots and chose town, lease, storey. Here the features $\varphi(x; \theta_i)$ are learned together with
# the weights. That is **representation learning**, and it gave the field's conference its name: ICLR, the International
# Conference on Learning Representations.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes). Draw the bump on the board with three rulers. Likely question: "why does it not put all seven
# knots on the jump?" Because then the wave would be wrong: the risk weighs both. Common confusion: the *sum* is linear in $w$, each term
# is not linear in its knot.

# %% [markdown]
# ## 4 The price: nobody hands us the minimum
#
# <details>
# <summary>中文</summary>
#
# 天下没有免费的午餐。结点固定时，风险关于 $w$ 是一条抛物线，一步就到谷底；关于结点 $\theta$ 却不是。把一个结点从左挪到右（其余权重每次都重新拟合），风险曲线上有两个山谷，右边那个谷底的风险是左边的 **4.3** 倍。从右边出发、只会往下走的人，永远到不了左边。对 $w$ 仍有闭式解，对 $\theta$ 没有了：经验风险最小化从“解方程”变成了“搜索”。
#
# 真正的网络连斜率也要学：$f(x)=b+\sum_i w_i\,\mathrm{relu}(a_i x+c_i)$，九个单元共 28 个参数，用 Adam 走 4,000 步。换三种起点，各试 100 次。常见软件库的默认起点让所有拐点 $-c_i/a_i$ 都落在 $x=0$，只有约 **25** % 胜过 9 项余弦；另有约 **71** % 的误差与最好的**单个**铰链相差不到 5 %，因为从同一点出发的拐点往往结伴而行，几个单元只顶一个用。把拐点撒开、斜率取 ±4，约 **99** % 胜过 9 项余弦，但只有约 **28** % 胜过参数个数相同的 28 项余弦。斜率改成 ±10，约 **72** % 胜过 28 项余弦。模型没变，数据没变，变的只是起点。
#
# 所以自适应基给你的是“可能”，不是“保证”。第 4 讲专门讲怎样走这段路。
#
# </details>
#
# In the weights the risk is a parabola. One step of `lstsq` reaches the bottom. What does it look like along a *knot*? We fix two hinges
# at the jump, 0.59 and 0.61, and slide a third across the interval. Left: its weight. Right: its place, with all weights refitted each time.

# %%
pair = np.array([0.59, 0.61])
places = np.linspace(0, 1, 201)
along_knot = np.array([rms(residual(hinges(x, [k, *pair]), jump)) ** 2 for k in places])
X = hinges(x, [0.25, *pair])
w = np.linalg.lstsq(X, jump, rcond=None)[0]
changes = np.linspace(-1, 1, 101)
along_weight = np.array([np.mean((X @ w + change * X[:, 2] - jump) ** 2) for change in changes])

# %% [markdown]
# On the left `lstsq` jumps straight to the bottom. Where would a walker on the right end? (The small notches are the third hinge passing the
# other two.)

# %% mystnb={"image": {"alt": "Two panels. Left, the risk against the weight of a hinge is a parabola with one minimum. Right, the risk against the hinge's knot has a deep valley near a quarter, a ridge at the jump, and a shallower valley near 0.83."}}
fig, (left, right) = plt.subplots(1, 2)
left.plot(w[2] + changes, 1000 * along_weight)
left.set(title="along its weight: one valley", xlabel="weight w of the hinge", ylabel="risk R (thousandths)")
right.plot(places, 1000 * along_knot)
right.set(title="along its knot: two", xlabel="knot k of the hinge", ylim=(0, None))
fig.suptitle("Convex in w, hilly in θ", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
ratio = along_knot[places > 0.7].min() / along_knot.min()
claims.check("risk in the far valley over the near one", ratio, "4.3 times", band=(4.25, 4.4))

# %% [markdown]
# A search that only goes downhill and starts on the right ends in the far valley, with **4.3** times the risk. The fit is still a closed
# form in $w$, and no longer in $\theta$. ERM was an equation to solve. From now on it is a *search*.
#
# How bad is that in practice? Above we helped: only the knots were searched for. A plain network learns everything by walking:
#
# $$f(x) = b + \sum_{i=1}^{9} w_i\, \mathrm{relu}(a_i x + c_i).$$
#
# It has nine units and 28 numbers, and it *contains* our hinges: take $a_i = 1$, $c_i = -k$. So whatever
# error is left above section 3's is the search's fault. We train many networks at once: `a`, `c`, `w` have shape (starts, units).


# %%
def network(theta, x):
    """Return the outputs, shape (starts, points), of networks of one hidden layer, and their hidden values."""
    a, c, w, b = theta
    h = relu(a[..., None] * x + c[..., None])
    return (w[:, None] @ h)[:, 0] + b, h


# %% [markdown]
# Where do we start? Libraries such as Keras draw $a$ and $w$ from a symmetric range (Glorot's) and set $b = c = 0$. Then every kink,
# at $-c/a$, sits at $x = 0$, the edge of our interval. Units with $a < 0$ are off everywhere and get no gradient; the others are straight lines. The alternative scatters the
# kinks over $[0, 1]$.


# %%
def default_start(rng, starts=100, units=9):
    """Return parameters as Keras draws them for a Dense layer: Glorot's uniform range, zero biases."""
    a, w = np.sqrt(6 / (1 + units)) * rng.uniform(-1, 1, (2, starts, units))
    return [a, np.zeros_like(a), w, np.zeros((starts, 1))]


def scattered_start(rng, slope, starts=100, units=9):
    """Return the same with slopes ±slope, outer weights as much smaller, and kinks drawn from [0, 1]."""
    a, _, w, b = default_start(rng, starts, units)
    a = slope * np.sign(a)
    return [a, -a * rng.random(a.shape), w / slope, b]


# %% [markdown]
# The chain rule gives the gradient of the mean squared error. A unit passes it on only at points where it is switched on.


# %%
def gradient(theta, x, y):
    """Return the mean squared error's gradient in a, c, w and b, in their shapes."""
    _, _, w, _ = theta
    f, h = network(theta, x)
    r = 2 * (f - y)[..., None] / len(x)
    on = (h > 0).astype(float)
    d_a, d_c = w * (on @ (r * x[:, None]))[..., 0], w * (on @ r)[..., 0]
    return d_a, d_c, (h @ r)[..., 0], r.sum(axis=1)


# %% [markdown]
# A gradient by hand is a place for mistakes. SciPy differentiates by tiny steps: the same for all nine $c_i$ of one network.

# %% tags=["nbval-check-output"]
from scipy.optimize import approx_fprime

a, c, w, b = scattered_start(rng, slope=4, starts=1)


def risk(c):
    return np.mean((network((a, c[None], w, b), x)[0] - jump) ** 2)


bool(np.allclose(approx_fprime(c[0], risk), gradient((a, c, w, b), x, jump)[1][0], atol=1e-5))

# %% [markdown]
# Downhill with **Adam**: gradient descent that gives each parameter a step size of its own. Lecture 4 explains it; for now it is the
# standard walker.


# %%
def adam(theta, x, y, n_steps=4_000, eps=0.01):
    """Return the parameters after n_steps of Adam (Kingma and Ba, 2015) with learning rate eps."""
    m, v = [0, 0, 0, 0], [0, 0, 0, 0]
    for k in range(1, n_steps + 1):
        g = gradient(theta, x, y)
        m = [0.9 * old + 0.1 * new for old, new in zip(m, g)]
        v = [0.999 * old + 0.001 * new**2 for old, new in zip(v, g)]
        steps = [a / (1 - 0.9**k) / (np.sqrt(b / (1 - 0.999**k)) + 1e-8) for a, b in zip(m, v)]
        theta = [old - eps * step for old, step in zip(theta, steps)]
    return theta


# %% [markdown]
# A hundred starts of each kind, 4,000 steps each, on every fourth point to save time.


# %%
def search(theta):
    """Return the RMS errors after the search, one for each start."""
    f, _ = network(adam(theta, x[1::4], jump[1::4]), x)
    return np.sqrt(np.mean((f - jump) ** 2, axis=1))


from_default = search(default_start(rng))
from_slope_4 = search(scattered_start(rng, slope=4))
from_slope_10 = search(scattered_start(rng, slope=10))

# %% [markdown]
# Against two rivals: nine cosines, equal in *terms*, and 28 cosines, equal in *numbers to learn*.

# %%
limits = {"9 cosines": fixed[0, 1], "28 cosines": rms(residual(cosines(x, 28), jump))}
runs = {
    "default start": from_default,
    "kinks scattered, slopes ±4": from_slope_4,
    "kinks scattered, slopes ±10": from_slope_10,
    "knots only, section 3": free,
}
share = pd.DataFrame(
    {rival: [100 * np.mean(run < limit) for run in runs.values()] for rival, limit in limits.items()},
    index=runs,
)
share.rename(columns=lambda rival: f"beats {rival} (%)")

# %% [markdown]
# The whole distribution: how many of the hundred starts end below each error? Further left is better.

# %% mystnb={"image": {"alt": "Cumulative share of 100 starts against the final RMS error, four curves. Knots only rises first, near 0.015. Slopes ten and slopes four rise between 0.02 and 0.1. The default start rises late, most of it at 0.33. Vertical lines mark 28 cosines at 0.042 and nine cosines at 0.167."}}
for (label, run), color, style in zip(runs.items(), ("C1", "C2", "C3", "C0"), ("--", "-.", ":", "-")):
    plt.ecdf(run, label=label, color=color, linestyle=style)
for label, limit in limits.items():
    plt.axvline(limit, color="0.4", linewidth=1.5, linestyle="-")
    plt.text(limit * 1.03, 1.02, label, fontsize=13)
plt.xscale("log")
plt.ylim(0, 1.09)
plt.gcf().legend(loc="outside lower center", ncols=2)
plotting.show(
    "The same network: where it starts decides where it ends",
    "final RMS error (log scale)",
    "share of starts below",
)

# %% tags=["nbval-check-output"]
# Shares of 100 starts: one standard error is 4.5, 4.3, 1.2, 4.5 and 4.5 points. Bands: four of them each way.
one_hinge = min(rms(residual(hinges(x, [k]), jump)) for k in places)
stuck = 100 * np.mean(np.abs(from_default / one_hinge - 1) < 0.05)
claims.check("default start, as bad as one hinge (±5 %)", stuck, "71 %", band=(53, 89))
claims.check("default start, beats 9 cosines", share.iloc[0, 0], "25 %", band=(6, 46))
claims.check("slopes 4, beats 9 cosines", share.iloc[1, 0], "99 %", band=(93, 100))
claims.check("slopes 4, beats 28 cosines", share.iloc[1, 1], "28 %", band=(9, 48))
claims.check("slopes 10, beats 28 cosines", share.iloc[2, 1], "72 %", band=(53, 91))

# %% [markdown]
# From the default start only about **25** % of the networks beat nine cosines. The tall step in the figure tells why: about **71** % end within 5 % of the error of
# the best *single* hinge. Kinks that start in one place tend to travel together and to land together, so several units do the
# work of one. With scattered kinks and slopes of ±4 about **99** % beat nine cosines, and yet only **28** % beat the 28 cosines that
# have as many numbers to learn. Start with slopes of ±10, and about **72** % do.
#
# Model and data stayed the same. Only the start changed, and no theorem told us which to take. An adaptive basis offers a *possibility*. Whether a search
# finds it is another question, and lecture 4's.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Ask where the default kinks sit before telling. Likely question: "is the default so bad in real
# networks?" Less so: their inputs are centred, so kinks at zero sit amid the data, and they have many more units. Common confusion: more
# steps do not revive a unit that is off at every point.

# %% [markdown]
# ## 5 The curse of dimension
#
# <details>
# <summary>中文</summary>
#
# 固定基真正的麻烦在高维。把 $[0,1]^d$ 的每条边切成 $n$ 段，得到 $m=n^d$ 块，每块上取常数。误差与段长成正比，所以要把误差降到五分之一，每条边都要切细五倍：$d=1,2,3$ 时，块数分别变成 5、25、125 倍，误差都缩小到原来的 **5.0** 分之一。也就是说误差像 $m^{-1/d}$：这就是**维数灾难**。讲义说的是“多项式”，我们量的是网格上的分段常数，这一点要讲明白。
#
# Barron（1993）证明：在某一类函数里，无论哪套固定基，最坏情形都不会好过 $m^{-1/d}$ 的量级；而随目标选取的特征能做到 $m^{-1/2}$，与维数无关。更光滑的目标比最坏情形容易。
#
# 第二个速率可以亲手量。我们的目标是 $f(x)=\mathbb E\cos(\omega\cdot x)$：抽 $m$ 个 $\omega$，权重全取 $1/m$，这就是求平均，误差自然像 $m^{-1/2}$。在 $d=1,2,4,8,16$ 维，双对数图上的斜率都是 **−0.50**，误差只来自抽样。网格的斜率乘以 $d$，离 −1 最远的也有 **−0.99**。
#
# 斜率不是全部，常数也要看，而且要看相对误差（16 维时目标本身差不多就是常数）。都至多用 1,024 项：一维，网格 **0.08** %，随机特征 **4.0** %，网格大胜；二维斜率打平，网格 **2.5** %，特征 **6.5** %，常数上网格占优；十六维，1,024 项连每边切两段都不够，网格只能用一个常数，**52** %，特征 **23** %。维数一高，就轮到自适应基了。
#
# 还有两点局限：这里的 $\omega$ 是从目标自己的分布里抽的，真正的网络得自己去找；权重若改用最小二乘重新拟合，斜率会完全不同。
#
# </details>
#
# One dimension flatters fixed bases. Cut each side of the cube $[0, 1]^d$ into $n$ intervals. That gives $m = n^d$ little cubes; let the model be constant on each. (The
# lecture says "polynomials" here. We measure piecewise constants on a grid, because their error can be worked out exactly.) The
# target varies over a cube in proportion to its side $1/n$, so the error falls like $1/n = m^{-1/d}$. We take
#
# $$f(x) = e^{-s^2 \lVert x\rVert^2 / 2d}, \qquad s = 4.$$
#
# It is a product of $d$ equal factors, and so are the mean squares that we need. With $A = \int_0^1 g^2$ for a factor $g$ and $B_n$ the same for
# its mean over each interval, $\text{error}^2 = A^d - B_n^d$. We divide by the mean square $A^d$ of the target itself: in 16 dimensions
# it is small and nearly constant, and an absolute error would flatter everyone.

# %%
from scipy.special import erf


def factor_mean_square(d, s=4):
    """Return A, the mean square of one factor exp(-(c t)**2) of the target, c = s/sqrt(2d)."""
    c = s / np.sqrt(2 * d)
    return np.sqrt(np.pi / 8) / c * erf(np.sqrt(2) * c)


def grid_error(n, d, s=4):
    """Return the relative RMS error of the best piecewise constant on n**d cubes."""
    c = s / np.sqrt(2 * d)
    integrals = np.sqrt(np.pi) / (2 * c) * np.diff(erf(c * np.linspace(0, 1, n + 1)))
    return np.sqrt(1 - (n * np.sum(integrals**2) / factor_mean_square(d, s)) ** d)


# %% [markdown]
# Formulas deserve suspicion. In two dimensions we can do it the plain way: 800 × 800 points, and the mean over each of 4 × 4 squares.

# %% tags=["nbval-check-output"]
t = (np.arange(800) + 0.5) / 800
values = np.exp(-4 * (t[:, None] ** 2 + t**2)).reshape(4, 200, 4, 200)
plain = rms(values - values.mean(axis=(1, 3), keepdims=True)) / rms(values)
round(float(plain), 4), round(float(grid_error(4, 2)), 4)

# %% [markdown]
# They agree. Now cut each side five times finer, in one, two and three dimensions.

# %% tags=["nbval-check-output"]
# Exact formulas; the bands hold what rounds to the stated figure.
gain = [grid_error(10, d) / grid_error(50, d) for d in (1, 2, 3)]
claims.check("least gain from 5, 25, 125 times the pieces", min(gain), "5.0", band=(4.95, 5.05))
claims.check("largest gain from 5, 25, 125 times the pieces", max(gain), "5.0", band=(4.95, 5.05))

# %% [markdown]
# The error falls by the same factor each time, **5.0**. The bill does not: 5, 25, 125 times the pieces. That is the **curse of
# dimension**.
#
# Is the grid to blame, and would a cleverer fixed basis escape? Barron (1993) proved that it would not. Over a certain class of functions, whatever
# fixed basis we commit to, some member is approximated no better than order $m^{-1/d}$. Terms chosen *for the target* reach order
# $m^{-1/2}$, whatever $d$ is. (That is the worst case: a smoother target is easier.)
#
# We can watch the second rate. Our target is an average of waves: $f(x) = \mathbb{E}\cos(\omega \cdot x)$ with
# $\omega \sim N(0, s^2 I/d)$. So draw $m$ frequencies and take the plain mean of their cosines, with equal weights $1/m$.


# %%
def target(X, s=4):
    """Return the target at the rows of X, which has shape (points, d)."""
    return np.exp(-(s**2) * np.sum(X**2, axis=1) / (2 * X.shape[1]))


def squared_error(m, d, rng, points=32, s=4):
    """Return the mean squared error of the mean of m random cosines at fresh points of the cube."""
    X = rng.random((points, d))
    omega = rng.normal(0, s / np.sqrt(d), (d, m))
    return np.mean((np.cos(X @ omega).mean(axis=1) - target(X)) ** 2)


# %% [markdown]
# A mean of $m$ independent draws has a variance that falls like $1/m$, whatever the dimension. Since $2\cos^2 z = 1 + \cos 2z$, its average over
# the cube is $V/m$ with $V = \tfrac12\bigl(1 + \mathbb{E}f(2x)\bigr) - A^d$, about a half. So theory says a
# slope of −½ exactly; what we measure differs by sampling alone. We take 256 repeats for each $m$ from 4 to 1,024.

# %%
dimensions = [1, 2, 4, 8, 16]
sampled_m = 2 ** np.arange(2, 11)
squared = np.array([[[squared_error(m, d, rng) for _ in range(256)] for m in sampled_m] for d in dimensions])
squared.shape  # dimensions, sizes, repeats

# %% [markdown]
# The slope of $\log$ error against $\log m$ is a weighted sum of the logarithms. That tells us its standard error, too.


# %%
def slope(m, squared):
    """Return the log-log slope of the RMS error, and its standard error; squared: (sizes, repeats)."""
    u = np.log(m) - np.log(m).mean()
    weights = u / np.sum(u**2)
    mean, se = squared.mean(axis=1), squared.std(axis=1, ddof=1) / np.sqrt(squared.shape[1])
    return weights @ np.log(mean) / 2, np.sqrt(np.sum((weights * se / mean / 2) ** 2))


by_hand, _ = slope(sampled_m, squared[0])
bool(np.isclose(by_hand, np.polyfit(np.log(sampled_m), np.log(squared[0].mean(axis=1)) / 2, 1)[0]))

# %% [markdown]
# It agrees with `np.polyfit`. For the grid, formulas leave nothing to chance; we take 4 to 64 intervals a side, and multiply the slope by $d$ to see −1.

# %%
grid_n = 2 ** np.arange(2, 7)
grid_slopes = [
    np.polyfit(d * np.log(grid_n), np.log([grid_error(n, d) for n in grid_n]), 1)[0] for d in dimensions
]
slopes = pd.DataFrame(
    [slope(sampled_m, runs) for runs in squared], index=dimensions, columns=["sampled", "±"]
)
slopes["grid × d"] = np.array(grid_slopes) * dimensions
slopes.rename_axis("dimension").round(4)

# %% tags=["nbval-check-output"]
# Theory: -1/2 exactly. The bands are five of the standard errors in the table, each way.
sampled = slopes["sampled"].to_numpy()
claims.check("slope of sampled cosines, d = 1", sampled[0], "−0.50", band=(-0.529, -0.471))
claims.check("slope of sampled cosines, d = 2", sampled[1], "−0.50", band=(-0.522, -0.478))
claims.check("slope of sampled cosines, d = 4", sampled[2], "−0.50", band=(-0.517, -0.483))
claims.check("slope of sampled cosines, d = 8", sampled[3], "−0.50", band=(-0.515, -0.485))
claims.check("slope of sampled cosines, d = 16", sampled[4], "−0.50", band=(-0.5135, -0.4865))
claims.check("slope of the grid times d, worst", slopes["grid × d"].max(), "−0.99", band=(-0.995, -0.985))

# %% [markdown]
# For the picture we divide the sampled errors by the target's own root mean square, $A^{d/2}$, as we did for the grid.

# %%
target_rms = np.array([factor_mean_square(d) ** (d / 2) for d in dimensions])
relative = np.sqrt(squared.mean(axis=2)) / target_rms[:, None]
relative[:, [0, -1]].round(3)

# %% mystnb={"image": {"alt": "Two panels of relative RMS error against the number of terms, both axes logarithmic. On the left, the grid: the line for one dimension is steep and the lines get flatter up to sixteen dimensions, which is almost level. On the right, sampled cosines: five parallel lines that fall with slope minus one half."}}
fig, (left, right) = plt.subplots(1, 2, sharex=True, sharey=True)
for d, run, marker in zip(dimensions, relative, "osD^v"):
    n = np.unique(np.geomspace(1, 1e5 ** (1 / d), 12).astype(int))
    left.loglog(n.astype(float) ** d, [grid_error(k, d) for k in n], marker=marker, label=f"d = {d}")
    right.loglog(sampled_m, run, marker=marker, label=f"d = {d}")
left.set(title="grid: slope −1/d", xlabel="terms m", ylabel="relative RMS error", ylim=(1e-4, 6))
right.set(title="sampled cosines: slope −½", xlabel="terms m")
right.legend(loc="lower right")
fig.suptitle("Dimension bends the grid's rate, and not the sample's", fontweight="bold")
plt.show()

# %% [markdown]
# The slopes on the right are **−0.50** in 1, 2, 4, 8 and 16 dimensions. On the left, slope times dimension is between −1 and **−0.99**. But a slope is not
# a winner: lines also have a height. Give both at most 1,024 terms
# and compare. The last column is theory for the cosines, $\sqrt{V/m}$.

# %%
fitting = [int(1024 ** (1 / d) + 1e-9) for d in dimensions]  # intervals a side
budget = pd.DataFrame({"intervals a side": fitting}, index=dimensions).rename_axis("dimension")
budget["grid (%)"] = [100 * grid_error(n, d) for n, d in zip(fitting, dimensions)]
budget["sampled (%)"] = 100 * relative[:, -1]
c = 4 / np.sqrt(2 * np.array(dimensions))
V = (1 + (np.sqrt(np.pi) / (4 * c) * erf(2 * c)) ** dimensions) / 2 - target_rms**2
budget["theory (%)"] = 100 * np.sqrt(V / 1024) / target_rms
budget.round(2)

# %% tags=["nbval-check-output"]
# The grid is exact. The sampled errors: theory, with the standard errors 0.13, 0.18 and 0.38 of 256 repeats.
grid, cosine = budget["grid (%)"].to_numpy(), budget["sampled (%)"].to_numpy()
claims.check("1,024 terms, d = 1, grid", grid[0], "0.08 %", band=(0.075, 0.085))
claims.check("1,024 terms, d = 1, sampled", cosine[0], "4.0 %", band=(3.4, 4.55))
claims.check("1,024 terms, d = 2, grid", grid[1], "2.5 %", band=(2.45, 2.55))
claims.check("1,024 terms, d = 2, sampled", cosine[1], "6.5 %", band=(5.7, 7.3))
claims.check("1,024 terms, d = 16, grid", grid[4], "52 %", band=(51.5, 52.5))
claims.check("1,024 terms, d = 16, sampled", cosine[4], "23 %", band=(20.8, 24.4))

# %% [markdown]
# In one dimension the grid wins by far: **0.08** % against **4.0** %. In two the slopes tie, and the grid is ahead by its height, **2.5** % against **6.5** %. In 16
# dimensions even two intervals a side would take 65,536 cubes. One constant is all that 1,024 terms buy the grid: **52** %, where the
# cosines leave **23** %. *Low dimension: grid. High dimension: choose your terms for the target.*
#
# Two limits, plainly. We drew $\omega$ from the target's *own* distribution, which we knew; that is what makes these terms fit the target. A network has to find
# them by the search of section 4. And the weights are equal: refit them by least squares, and you
# measure different slopes altogether.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes). Ask how many pieces cut the error five-fold in 3 dimensions; many say 15. Likely question: "are random
# cosines adaptive?" Their distribution is: it is the target's. Common confusion: −½ does not mean a small error, it means one that falls at a known rate.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚量到的值放在一起。凡带随机性的，课文写的是许多次运行的平均，你这一次会略有出入。游戏的数字是穷举出来的，误差的数字多半没有随机性；凡有随机性的，允许范围来自理论或多次重复。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean
# over many runs, and yours is one more.

# %%
claims.table()

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 固定基先选项、后见目标；自适应基先见目标、后选项。好处全在“后”字。
# - 万能逼近人人都会；要比的是效率，而效率取决于目标、范数和项数。
# - 结点能动的铰链，九项胜过二十七项余弦：特征是学出来的。
# - 代价：对 $w$ 仍有闭式解，对 $\theta$ 只能搜索，起点决定终点。
# - 网格的误差像 $m^{-1/d}$，随目标抽样的特征像 $m^{-1/2}$：维数越高，差别越大。
#
# </details>
#
# - A fixed basis commits before it sees the target, an adaptive one after. All of the gain is in the *after*.
# - Universality is common. Efficiency depends on the target, the norm and the number of terms: name all three.
# - Hinges that may move beat three times as many fixed terms on a jump. Features can be learned.
# - The price: a closed form in $w$ only. In $\theta$ we search, and the start decides where we end.
# - On a grid the error falls like $m^{-1/d}$; with terms drawn for the target, like $m^{-1/2}$ in any dimension.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# 1. 第二轮为什么容易得多？（甲）六个数比三个多（乙）看过目标再选（丙）加起来的数更多。
# 2. “多项式能逼近任何连续函数，所以不需要神经网络。”错在哪里？
# 3. 十维空间的网格，误差要减半，块数要变成几倍？
#
# </details>
#
# **A.** Why is round 2 so much easier: (i) six numbers are more than three, (ii) one chooses after seeing the target, (iii) more numbers are added up?
#
# <details>
# <summary>Answer</summary>
#
# (ii). *(i)* tempts because it is true; but draw three of your six blindly, and you are back in round 1. *(iii)* is not the
# rule: at most three are added in either round.
#
# 乙。先闭着眼睛从六个里抽三个，就退回第一轮；而且两轮都至多用三个数。
#
# </details>
#
# **B.** "Polynomials can approximate any continuous function. So networks are unnecessary." What is wrong?
#
# <details>
# <summary>Answer</summary>
#
# The theorem promises that *some* degree will do, and is silent about how large. "The theorem needs a smooth function" tempts, but
# continuity is enough for it. "Polynomials overfit" tempts after lecture 1, but here we had 400 points and no noise.
#
# 定理只保证存在，不管要多少项；别的基也有同样的保证。
#
# </details>
#
# **C.** A grid in ten dimensions. You want half the error. How many times the pieces?
#
# <details>
# <summary>Answer</summary>
#
# $2^{10} = 1{,}024$ times. *Twice* tempts because it is right in one dimension, *twenty times* because ten sides are cut in two. But the
# pieces multiply, they do not add.
#
# $2^{10}=1024$ 倍。每一维切成两半，块数是相乘，不是相加。
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
# 1. 列出一组数（至多用三个）能凑出的所有和：这就是你的“张成空间”。
# 2. 用四个 ReLU 拼出一个平顶的台子。
# 3. 求风险对一个结点的导数：铰链该往哪边挪？
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. What can you reach?* Return the sorted list of all different totals of at most three of the numbers. It is what your basis "spans".

# %% tags=["nbval-check-output"]
from utils.exercises import attempt


def reachable(numbers):
    return ...


def check_reachable(f):
    found = list(f((3, 5, 9)))
    if found != [0, 3, 5, 8, 9, 12, 14, 17]:
        return (
            f"3, 5, 9 reach 0, 3, 5, 8, 9, 12, 14 and 17, not {found}: "
            "each total once, and none of the numbers is a choice too"
        )
    if (top := max(f((1, 2, 3, 4)))) != 9:
        return f"at most three of 1, 2, 3, 4 reach 4 + 3 + 2 = 9 and nothing above it, not {top}"


attempt(reachable, check_reachable)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def reachable_solution(numbers):
    return sorted({sum(choice) for k in range(4) for choice in combinations(numbers, k)})


def reachable_mistake(numbers):  # exactly three of them
    return sorted({sum(choice) for choice in combinations(numbers, 3)})


assert check_reachable(reachable_solution) is None

# %% [markdown]
# *2. A plateau.* Build from four ReLUs a function that is 0 up to `a - width`, rises straight to 1 at `a`, stays there to `b`, and is back at 0 from `b + width` on. With a small
# width it is a box: stand boxes side by side and you have section 5's piecewise constants.


# %% tags=["nbval-check-output"]
def plateau(x, a, b, width):
    return ...


def check_plateau(f):
    x = np.array([0.0, 0.2, 0.25, 0.3, 0.5, 0.6, 0.65, 0.7, 1.0])
    result = np.asarray(f(x, 0.3, 0.6, 0.1))
    wrong = ~np.isclose(result, [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0])
    if wrong.any():
        k = np.argmax(wrong)
        return (
            f"with a = 0.3, b = 0.6 and width 0.1 it should not be {result[k]:.3g} at x = {x[k]:.3g}: "
            "follow the slopes 0, 1/width, 0, −1/width, 0"
        )


attempt(plateau, check_plateau)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def plateau_solution(x, a, b, width):
    return (relu(x - a + width) - relu(x - a) - relu(x - b) + relu(x - b - width)) / width


def plateau_mistake(x, a, b, width):  # rises and falls with slope 1, so it ends at the wrong height
    return relu(x - a + width) - relu(x - a) - relu(x - b) + relu(x - b - width)


assert check_plateau(plateau_solution) is None

# %% [markdown]
# *3. Which way should a hinge move?* The model is $w\,\mathrm{relu}(x - k)$ and the risk $R$ its mean squared error. Return $\partial R/\partial k$.


# %% tags=["nbval-check-output"]
def knot_gradient(w, k, x, y):
    return ...


def check_knot_gradient(f):
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])
    gradient = f(2.0, 0.5, x, y)  # residuals 0, 0, −1; the last hinge value is open
    if np.isclose(gradient, -4 / 3):
        return "the size is right, the sign is not: moving the knot to the right lowers w·relu(x − k)"
    if not np.isclose(gradient, 4 / 3):
        return f"by hand: only x = 2 counts, with 2·(3 − 4)·(−2)/3 = 4/3, not {gradient:.4g}"


attempt(knot_gradient, check_knot_gradient)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def knot_gradient_solution(w, k, x, y):
    return np.mean(2 * (w * relu(x - k) - y) * -w * (x > k))


def knot_gradient_mistake(w, k, x, y):  # forgets that k enters with a minus sign
    return np.mean(2 * (w * relu(x - k) - y) * w * (x > k))


assert check_knot_gradient(knot_gradient_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Barron 1993 年的论文是第 5 节两个速率的出处；Cybenko 和 Hornik 等人证明了万能逼近；Rahimi 与 Recht 把随机余弦特征变成了实用的算法；Bengio 等人的综述解释什么是表示学习；Golub 与 Pereyra 的“变量投影”就是第 3 节“结点用搜索、权重用闭式解”的做法。
#
# </details>
#
# - A. R. Barron, Universal approximation bounds for superpositions of a sigmoidal function, *IEEE Transactions on Information Theory* 39 (1993): both rates of section 5.
# - G. Cybenko, Approximation by superpositions of a sigmoidal function, *Mathematics of Control, Signals and Systems* 2 (1989).
# - A. Rahimi, B. Recht, [Random features for large-scale kernel machines](https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines), NIPS 2007: sampled cosines, with fitted weights.
# - G. H. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate, *SIAM Journal on Numerical Analysis* 10 (1973): search the knots, solve for the weights.
# - Y. Bengio, A. Courville, P. Vincent, [Representation learning: a review and new perspectives](https://arxiv.org/abs/1206.5538), *IEEE TPAMI* 35 (2013).
# - L. N. Trefethen, *Approximation Theory and Approximation Practice* (SIAM, 2013): why smooth curves suit polynomials.
