# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Fixed and adaptive bases: choose the terms after you see the target
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/02_fixed_and_adaptive_bases.ipynb)
#
# Weierstrass proved that polynomials come as close as we like to any continuous function on a closed, bounded interval. Their weights have
# a closed form. So if polynomials can approximate anything, why bother with neural networks? We begin with a game that a class can play in five minutes, and look for the
# answer there. We end in 16 dimensions.
#
# **You will**
#
# - play a game about choosing early and choosing late, and work out its odds exactly;
# - count how many terms polynomials and cosines need, and see the winner change with the question;
# - build any function of one variable from hinges by hand, then let the data move the hinges;
# - see the price: no closed form, and a search that can end in the wrong valley;
# - compare fixed and learned terms in 16 dimensions, on three targets.
#
# **You need** lecture 1: least squares, basis functions, risk.
# **It takes** 82 minutes to teach and under 60 seconds to run on 2 CPU cores. Sections marked ★ go deeper: read them at home. They and exercise 3 need the chain rule.
#
# **Figures in bold** are computed as you run the notebook. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

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
# 游戏分两轮。第一轮：从 0 到 9 里挑三个不同的整数写下来，然后老师才亮出目标。你可以从自己的数里取若干个相加，每个至多用一次，也可以一个都不用；离目标差多少，就罚多少分。写的是 3、5、9，目标是 15：5 + 9 = 14，罚 1 分；目标是 1：一个都不用，和为 0，也罚 1 分。
#
# 第二轮：先写六个数，看到目标以后再从中挑出至多三个。写的是 0、1、2、3、4、8，目标是 5，罚 0 分；目标是 18，最好也只能 8 + 4 + 3 = 15，罚 3 分。
#
# 先投票，再往下读：你愿意玩哪一轮？如果是第二轮，是因为数多，还是因为看过目标才选？
#
# 全部选法可以一一列出，120 种和 210 种，所以数字是精确的，不靠抽样。目标依次为 12、1、20、4、10、19 时，三个数的平均罚分是 **1.72**、**0.70**、**6.725**、**0.98**、**1.13**、**5.87**；六个数的是 **0.02**、**0.40**、**0.98**、**0.24**、**0.03**、**0.66**。六个数不但罚得少，而且稳：同一个人在六个目标上，最多与最少的罚分，三个数平均相差 **6.6** 分，六个数只差 **1.4** 分。（讲义第一轮只玩前三个目标，第二轮只玩后三个；我们两轮都玩六个，这样才公平。）
#
# 目标是 19 时，罚分不超过 1 的，三个数只有 120 种里的 **16** 种，六个数却有 210 种里的 **182** 种，真是“绝大多数”。六个目标全中的也有 **32** 种，你能找到一种吗？图上的黑点是电脑模拟的 200 人班级，数字全凭随手乱选。
#
# 现在把两个变化分开。备选的数可以是三个或六个，“定下哪三个”可以在看目标之前（闭着眼睛抽），也可以在之后（挑最好的）。目标 19 的平均罚分：三个数，之前 **5.87**，之后也是 **5.87**，因为三个里挑三个等于没挑；六个数，之前 **5.87**，之后 **0.66**。单靠数多没有用，单靠晚选也没有用，两样合在一起才有用：好处来自交互作用。
#
# 翻译一下：目标就是未知函数，数就是基函数，和就是模型。两轮里，“用自己的哪几个数”都是看了目标才定的，这相当于权重，最小二乘也是看了数据才求权重。差别在备选：多项式的项在见到数据以前就定死了，这是第一轮；神经网络有一大池备选的项，由数据来挑，这是第二轮。
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
# **Vote before you go on.** Which round would you rather play? And if it is round 2: because six are more than three, or because you choose after
# you have seen the target?
#
# We need not guess. All possible choices fit in two short lists.

# %% tags=["nbval-check-output"]
threes, sixes = list(combinations(range(10), 3)), list(combinations(range(10), 6))
len(threes), len(sixes)

# %% [markdown]
# The slides play round 1 on the targets 12, 1, 20 and round 2 on 4, 10, 19. To be fair we play both on all six.

# %% tags=["nbval-check-output"]
import numpy as np

targets = (12, 1, 20, 4, 10, 19)
scores_3 = np.array([[score(numbers, target) for target in targets] for numbers in threes])
scores_6 = np.array([[score(numbers, target) for target in targets] for numbers in sixes])
scores_3.shape, scores_6.shape

# %% [markdown]
# The mean over all choices is the score of an infinitely large class that writes down its numbers at random. Beside it we look at steadiness: how far
# apart a player's largest and smallest misses lie.

# %% tags=["nbval-check-output"]
three, six = scores_3.mean(axis=0), scores_6.mean(axis=0)
claims.exact("three numbers, target 12", three[0], "1.72")
claims.exact("three numbers, target 1", three[1], "0.70")
claims.exact("three numbers, target 20", three[2], "6.725")
claims.exact("three numbers, target 4", three[3], "0.98")
claims.exact("three numbers, target 10", three[4], "1.13")
claims.exact("three numbers, target 19", three[5], "5.87")
claims.exact("six numbers, target 12", six[0], "0.02")
claims.exact("six numbers, target 1", six[1], "0.40")
claims.exact("six numbers, target 20", six[2], "0.98")
claims.exact("six numbers, target 4", six[3], "0.24")
claims.exact("six numbers, target 10", six[4], "0.03")
claims.exact("six numbers, target 19", six[5], "0.66")
claims.exact("three numbers, range over six targets", np.ptp(scores_3, axis=1).mean(), "6.6")
claims.exact("six numbers, range over six targets", np.ptp(scores_6, axis=1).mean(), "1.4")

# %% [markdown]
# | mean miss for target | 12 | 1 | 20 | 4 | 10 | 19 |
# | --- | --- | --- | --- | --- | --- | --- |
# | round 1, three numbers | **1.72** | **0.70** | **6.725** | **0.98** | **1.13** | **5.87** |
# | round 2, three out of six | **0.02** | **0.40** | **0.98** | **0.24** | **0.03** | **0.66** |
#
# Round 2 is also steadier. One player's misses on the six targets range over **6.6** on average in round 1, and over **1.4** in round 2.
#
# Look at 19. Most triples cannot even reach it, because their sum is too small. How many choices come within 1?

# %% tags=["nbval-check-output"]
claims.exact("threes within 1 of target 19", (scores_3[:, -1] <= 1).sum(), "16")
claims.exact("sixes within 1 of target 19", (scores_6[:, -1] <= 1).sum(), "182")
claims.exact("sixes that hit all six targets", (scores_6 == 0).all(axis=1).sum(), "32")

# %% [markdown]
# With three numbers **16** of 120. With six, **182** of 210: the vast majority. And **32** of the sixes hit all six targets.
#
# Now a class of 200 students, their numbers drawn at random. The dots in the figure are this class; their bars are two standard errors each way.

# %%
rng = np.random.default_rng(SEED)
class_3 = scores_3[rng.integers(len(threes), size=200)]
class_6 = scores_6[rng.integers(len(sixes), size=200)]
class_3.shape, class_6.shape

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
plotting.show("Round 2 misses by less on all six targets", "target", "mean miss")

# %% [markdown]
# Now the second half of the vote. Two things changed between the rounds: there are more numbers, and three of them are picked *after* the target is shown.
# We switch on each one alone. Picked before, the three are drawn blindly; picked after, they are the best three. (Which of the three
# to add up is decided after the target in any case.)


# %%
def mean_miss(pool, pick, target=19):
    """Return the mean miss if `pool` numbers are narrowed to three: blindly (pick=np.mean) or to the best (pick=min)."""
    pools = combinations(range(10), pool)
    return np.mean([pick([score(three, target) for three in combinations(numbers, 3)]) for numbers in pools])


# %% tags=["nbval-check-output"]
claims.exact("pool of three, picked before", mean_miss(3, np.mean), "5.87")
claims.exact("pool of three, picked after", mean_miss(3, min), "5.87")
claims.exact("pool of six, picked before", mean_miss(6, np.mean), "5.87")
claims.exact("pool of six, picked after", mean_miss(6, min), "0.66")

# %% [markdown]
# | mean miss for target 19 | three picked before the target | three picked after |
# | --- | --- | --- |
# | pool of three | **5.87** | **5.87** |
# | pool of six | **5.87** | **0.66** |
#
# More numbers alone bring nothing: three drawn blindly out of six are three drawn blindly. Choosing late alone brings nothing: to pick three out of
# three is no choice, and this is round 1. It takes both, more to choose from *and* a choice made after seeing. The gain is the **interaction**.
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
# In a live notebook the next cell shows a box to type into. Elsewhere, call `play` with other digits. Can you find one of the sixes that never miss?

# %%
from ipywidgets import interact

panel = interact(play, digits="012348")

# %% [markdown]
# Now translate. The target is the unknown function. The numbers are basis functions, and their sum is the model. In both rounds you decide late
# *which of your numbers* to add: these are the weights, and least squares finds them after seeing the data, too. The difference is the
# pool. Polynomials are round 1: their terms were fixed before anybody saw the data. A neural network is round 2: there is a large pool of
# possible terms, and the data choose among them.

# %% [markdown] tags=["instructor"]
# 18 minutes. The table of means and the steadiness are reading: show the figure. Play both rounds on paper before opening the notebook, and let hands go up for "missed by at most 1". Then take the vote, with
# its reasons, and only then run on. Leave the box with digits for the break. Likely question: "why not write 9, 8, 7?" Then small targets are lost, which is the point. Common
# confusion: in round 2 at most *three* are used, so the final model has the same size in both rounds.

# %% [markdown]
# ## 2 Fixed bases: commit first, then see the target
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：同一条波浪，把误差的门槛从 0.1 收紧到 0.01，多项式和余弦谁先达到？若门槛不变，改看最大误差，又是谁？
#
# 固定基就是第一轮：先定好 $\varphi_0,\dots,\varphi_{m-1}$，再看目标，能调的只有权重 $w$。好处是最小二乘有闭式解。本节比较两套固定基：多项式和余弦 $\cos(k\pi x)$，都在 $[0,1]$ 上。$m$ 是项数，常数项也算一项；误差一律是均方根（RMS）。“误差”二字后面若不说明是哪种误差、用了几项，就等于什么也没说。
#
# 讲义上说：一个波浪形的目标，误差降到 0.1 以下，多项式要 9 项，余弦只要 7 项。讲义没有给出公式，我们照着这两个项数挑了一条波浪：多项式 **9** 项，余弦 **7** 项。多项式 8 项时误差 **0.163**，9 项时 **0.030**；余弦 6 项时 **0.154**，7 项时 **0.068**。
#
# 另一个目标几乎是一条抛物线。三项多项式的误差已是 **5.0e-7**（讲义上是 1e-6）；余弦用 3、9、40 项，误差还有 **2.5e-2**、**4.7e-3**、**5.1e-4**。各有各的主场，没有一套固定基能赢遍所有目标。
#
# 换一种问法，答案出乎意料。门槛收紧到 0.01：多项式只要 **11** 项，余弦却要 **23** 项。若门槛仍是 0.1，但看最大误差而不是均方根，多项式 **11** 项，余弦 **19** 项。“7 比 9 好”只在那个约定下成立，胜负随问法而变。
#
# 魏尔斯特拉斯说：在有界闭区间上，多项式能逼近一切连续函数。余弦也有同样的保证。万能性大家都有，效率才是差别所在。
#
# </details>
#
# A **fixed basis** is round 1. We commit to $\varphi_0, \dots, \varphi_{m-1}$, then see the target, and only the weights are
# free:
#
# $$f(x) = \sum_{j=0}^{m-1} w_j\, \varphi_j(x).$$
#
# Two rivals on $[0, 1]$: polynomials and cosines $\cos(k\pi x)$. We count $m$ *terms*, the constant included. We look at 400 evenly spaced points
# without noise, as good as the whole interval: the question is what a model *can* express, not how it bears noise.

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
# fit of lecture 1, which has a closed form.


# %%
def rms(residual):
    """Return the root of the mean square."""
    return np.sqrt(np.mean(residual**2))


# %%
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
# Both agree. Now two targets, a wavy curve and a near-parabola, and the errors of each basis on each target. (The slides show
# such curves without their formulas. We chose ours so that the numbers of terms come out as on the slides.)

# %%
wavy = np.cos(4.4 * np.pi * x + 0.75 * np.pi)
parabola = (x - 0.3) ** 2 + 1e-6 * np.sin(9 * x)
terms = np.arange(1, 41)
errors = {
    (target, basis.__name__): np.array([rms(residual(basis(x, m), y)) for m in terms])
    for target, y in (("wavy", wavy), ("near-parabola", parabola))
    for basis in (polynomials, cosines)
}

# %% [markdown]
# How many terms until the error is below a limit?


# %%
def terms_needed(basis, x, y, limit, norm=rms):
    """Return the smallest number of terms with which the least-squares fit has an error below the limit."""
    return next(m for m in range(1, len(x)) if norm(residual(basis(x, m), y)) < limit)


# %% tags=["nbval-check-output"]
needed = [terms_needed(basis, x, wavy, 0.1) for basis in (polynomials, cosines)]
claims.exact("wavy, polynomials, terms for error < 0.1", needed[0], "9")
claims.exact("wavy, cosines, terms for error < 0.1", needed[1], "7")
by_polynomials, by_cosines = errors["wavy", "polynomials"], errors["wavy", "cosines"]
claims.exact("wavy, 8 polynomials", by_polynomials[7], "0.163")
claims.exact("wavy, 9 polynomials", by_polynomials[8], "0.030")
claims.exact("wavy, 6 cosines", by_cosines[5], "0.154")
claims.exact("wavy, 7 cosines", by_cosines[6], "0.068")

# %% [markdown]
# As on the slides, polynomials need **9** terms where **7** cosines do. With eight polynomial terms the error is **0.163**, with
# nine **0.030**; with six cosines it is **0.154**, with seven **0.068**. Now the near-parabola.

# %% tags=["nbval-check-output"]
by_polynomials, by_cosines = errors["near-parabola", "polynomials"], errors["near-parabola", "cosines"]
claims.exact("near-parabola, 3 polynomials", by_polynomials[2], "5.0e-7")
claims.exact("near-parabola, 3 cosines", by_cosines[2], "2.5e-2")
claims.exact("near-parabola, 9 cosines", by_cosines[8], "4.7e-3")
claims.exact("near-parabola, 40 cosines", by_cosines[39], "5.1e-4")

# %% [markdown]
# Three polynomial terms leave **5.0e-7** (the slides' curve: 1e-6). Three cosines leave **2.5e-2**, nine **4.7e-3**, and even forty **5.1e-4**. No
# fixed basis wins on every target.
#
# **Place your bets.** Back to the wavy curve, where cosines won by seven terms to nine. Keep the curve and the fits, and ask for an error of 0.01 instead
# of 0.1. Who wins? And who wins if the *largest* error, not the RMS, must stay below 0.1?


# %% tags=["nbval-check-output"]
def largest(residual):
    """Return the largest absolute value."""
    return np.max(np.abs(residual))


stricter = [terms_needed(basis, x, wavy, 0.01) for basis in (polynomials, cosines)]
at_worst = [terms_needed(basis, x, wavy, 0.1, norm=largest) for basis in (polynomials, cosines)]
claims.exact("wavy, polynomials, terms for error < 0.01", stricter[0], "11")
claims.exact("wavy, cosines, terms for error < 0.01", stricter[1], "23")
claims.exact("wavy, polynomials, terms for largest error < 0.1", at_worst[0], "11")
claims.exact("wavy, cosines, terms for largest error < 0.1", at_worst[1], "19")

# %% [markdown]
# This surprised us. For 0.01 polynomials need **11** terms and cosines **23**. For a largest error of 0.1 it is **11** against **19**. Either change of the
# question changes the winner, on the same curve! Every $\cos(k\pi x)$ is level at both ends of the interval, our curve is not, and there the cosines
# pay. When you read "basis A beats basis B", ask: on which target, in which norm, at which size? Here are both targets, and the two limits as lines.

# %% mystnb={"image": {"alt": "Two panels of RMS error against the number of terms on a logarithmic axis. For the wavy target cosines pass 0.1 at seven terms and polynomials at nine; polynomials pass 0.01 at eleven terms, and cosines have not passed it at fourteen. For the near-parabola polynomials drop below a millionth at three terms while cosines descend slowly."}}
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, target in zip(axes, ("wavy", "near-parabola")):
    ax.semilogy(terms[:14], errors[target, "polynomials"][:14], "o-", label="polynomials")
    ax.semilogy(terms[:14], errors[target, "cosines"][:14], "s--", label="cosines")
    for limit in (0.1, 0.01):
        ax.axhline(limit, color="0.4", linewidth=1.5)
    ax.set(title=f"target: {target}", xlabel="terms m")
axes[0].set_ylabel("RMS error (log scale)")
axes[0].legend(loc="lower left")
axes[1].text(14, 0.13, "0.1", ha="right", fontsize=13)
axes[1].text(14, 0.013, "0.01", ha="right", fontsize=13)
fig.suptitle("The winner changes with the target, and with the limit", fontweight="bold")
plt.show()

# %% [markdown]
# Weierstrass promises that polynomials can approximate every continuous function on $[0, 1]$. The same is true of cosines. *Universality is common;
# efficiency is not.*

# %% [markdown] tags=["instructor"]
# 11 minutes. The check by hand and the library are reading. Collect the bets before the last claims: expect most to follow the first result and bet on cosines. Likely
# question: "is that least-squares fit the best in the largest error too?" No; we compare the same fits in another norm. Common
# confusion: *can approximate* (universal) and *approximates cheaply* (efficient).

# %% [markdown]
# ## 3 Adaptive bases: let the data choose the terms
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：正弦波上有一处陡坎，七个铰链的结点可以自己移动，它们会去哪里？先画下来。
#
# 自适应基是第二轮：$f(x)=\sum_i w_i\,\varphi(x;\theta_i)$，每一项里多了一个旋钮 $\theta_i$，看到数据以后再拧。最简单的例子用 ReLU：$\mathrm{relu}(z)=\max(z,0)$，先是零，过了拐点就是一条直线，像一扇门的铰链。$\mathrm{relu}(x-k)$ 的拐点（结点）在 $k$，这个 $k$ 就是 $\theta$。
#
# 三个铰链拼成一个小帐篷。许多帐篷并排一摆，就能拼出任何连续函数的折线近似：这就是一维情形下万能逼近定理的图像。维数高了，三个 ReLU 拼不成帐篷，定理仍然成立，证明却要另想办法。
#
# 现在来一个难缠的目标：正弦波上有一处陡坎，位置事先不知道。九项的固定基都很狼狈：多项式 **0.210**，余弦 **0.167**，结点均匀放置的铰链 **0.193**。可见铰链本身并不高明。
#
# 外层权重照旧用最小二乘，只让结点移动。结果有 **2** 个结点找到了陡坎，一边站一个，其余的去照顾波浪。换 100 个随机起点，误差的中位数是 **0.015**，约 **85** % 的起点胜过三套 27 项固定基里最好的一套。这个模型一共有 16 个可调的数；18 项的固定基，多项式 **0.122**，余弦 **0.080**，均匀的铰链 **0.100**；27 项是 **0.080**、**0.044** 和 **0.030**。同样的铰链，九项时只因为能看着数据挪位置，误差就小了一个数量级；固定的铰链用到 27 项，误差仍是它的两倍，而且 27 还是个走运的数：恰好有两个结点站在陡坎两边。
#
# $\varphi(x;\theta)$ 常叫**特征映射**。特征不再由我们设计，而是学出来的，这叫**表示学习**：在图像上，学到的可能是边缘、颜色、形状。深度学习的顶级会议 ICLR，全名就是“国际学习表征会议”。
#
# </details>
#
# An **adaptive basis** is round 2. Every term gets a knob $\theta_i$, to be turned after the data are seen:
#
# $$f(x) = \sum_{i} w_i\, \varphi(x; \theta_i).$$
#
# Our $\varphi$ is one of the most common building blocks of networks. The **ReLU** is $\max(z, 0)$: zero up to a kink, a straight
# line after it. Then $\mathrm{relu}(x - k)$ is a hinge, and its knob is the place $k$ of the kink, its **knot**.


# %% tags=["nbval-check-output"]
def relu(z):
    """Return max(z, 0), entry by entry."""
    return np.maximum(z, 0)


relu(np.array([0.0, 0.25, 0.5, 0.75, 1.0]) - 0.5)

# %% [markdown]
# Three hinges make a bump.


# %% tags=["nbval-check-output"]
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
# The two agree. In the picture each bump is drawn only where it is not zero.

# %% mystnb={"image": {"alt": "The wavy target as a thick grey curve, thirteen thin bumps below and above zero, and their sum, a polyline that meets the curve at thirteen points and runs straight between them."}}
plt.plot(x, wavy, color="0.75", linewidth=8, linestyle="-", label="target")
shown = plt.plot(x, np.where(np.abs(bumps) < 1e-9, np.nan, bumps), color="C1", linestyle="-", linewidth=1.5)
shown[0].set_label("13 bumps")
plt.plot(x, bumps.sum(axis=1), color="C0", linestyle="--", linewidth=3, label="their sum")
plt.legend(loc="upper right", ncols=3)
plt.ylim(-1.15, 1.6)
plotting.show("The sum of bumps runs straight from point to point", "input x", "value")

# %% [markdown]
# With finer bumps the polyline comes as close as we like. In one dimension, that picture is the heart of the **universal approximation** theorem for
# networks. (In more dimensions three ReLUs make no bump; the theorem holds by other means.) But you know by now that universality
# is common. So here is a hard target: a jump, at a place not known in advance, on top of a wave.

# %%
jump = np.tanh(80 * (x - 0.6)) + 0.3 * np.sin(2 * np.pi * x)


def hinges(x, knots):
    """Return the columns 1, x and relu(x - k) for every knot k."""
    return np.column_stack([np.ones_like(x), x, relu(x[:, None] - knots)])


# %% [markdown]
# Nine terms for everybody: polynomials, cosines, and hinges with seven knots at *fixed*, even distances.

# %% tags=["nbval-check-output"]
even = np.linspace(0, 1, 9)[1:-1]
nine = [rms(residual(X, jump)) for X in (polynomials(x, 9), cosines(x, 9), hinges(x, even))]
claims.exact("jump, 9 polynomials", nine[0], "0.210")
claims.exact("jump, 9 cosines", nine[1], "0.167")
claims.exact("jump, 9 terms, hinges at even distances", nine[2], "0.193")

# %% [markdown]
# **0.210**, **0.167**, **0.193**. All three fail, and the hinges are no better than the rest. Now let the knots move. **Where will the seven go?** Sketch it
# before you run on.
#
# For given knots the weights $w$ still come from `lstsq`; SciPy's `least_squares` then shifts the knots to shrink what is left over.

# %%
from scipy.optimize import least_squares


def fit_knots(start, x, y):
    """Return the knots that a search from `start` ends with; the outer weights are refitted at every step."""
    return least_squares(lambda knots: residual(hinges(x, knots), y), start).x


# %%
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

# %% tags=["nbval-check-output"]
at_jump = np.sum(np.abs(knots - 0.6) < 0.05)
claims.check("knots within 0.05 of the jump", at_jump, "2", band=(2, 2))

# %% [markdown]
# Nobody told the knots where the jump is. **2** of them found it, one on either side, and the others follow the wave. One start proves
# nothing, so we take a hundred random ones.

# %%
starts = rng.random((100, 7))
free = np.array([rms(residual(hinges(x, fit_knots(start, x, jump)), jump)) for start in starts])
pd.Series(np.quantile(free, [0, 0.5, 0.9, 1]), index=["best", "median", "ninth decile", "worst"]).round(3)

# %% [markdown]
# Beside them, fixed bases of 9, 18 and 27 terms:


# %%
def even_hinges(x, m):
    """Return m columns: 1, x and hinges whose m - 2 knots stand at even distances."""
    return hinges(x, np.linspace(0, 1, m)[1:-1])


fixed = pd.DataFrame(
    {
        basis.__name__: [rms(residual(basis(x, m), jump)) for m in (9, 18, 27)]
        for basis in (polynomials, cosines, even_hinges)
    },
    index=[9, 18, 27],
)
fixed.round(3)

# %% tags=["nbval-check-output"]
win = 100 * np.mean(free < fixed.loc[27].min())
# Most starts end in one minimum, so the median hardly varies: its band is what rounds to it. A share of 100
# starts varies by 3.6 points (binomial).
claims.check("jump, 9 terms with free knots, median", np.median(free), "0.015", band=(0.0145, 0.0155))
claims.check("jump, starts that beat 27 fixed terms", win, "85 %", band=(70, 99))
claims.exact("jump, 18 polynomials", fixed.loc[18, "polynomials"], "0.122")
claims.exact("jump, 18 cosines", fixed.loc[18, "cosines"], "0.080")
claims.exact("jump, 18 terms, even hinges", fixed.loc[18, "even_hinges"], "0.100")
claims.exact("jump, 27 polynomials", fixed.loc[27, "polynomials"], "0.080")
claims.exact("jump, 27 cosines", fixed.loc[27, "cosines"], "0.044")
claims.exact("jump, 27 terms, even hinges", fixed.loc[27, "even_hinges"], "0.030")

# %% [markdown]
# Nine terms with free knots leave **0.015** in the median, and about **85** % of the starts beat the best of the bases with 27 fixed terms. To be fair, nine such terms hold 16
# numbers: nine weights and seven knots. So compare with 18 fixed terms (polynomials **0.122**, cosines **0.080**, even hinges **0.100**), or with 27 (**0.080**,
# **0.044**, **0.030**). Nine hinge terms that may *move* leave less than a tenth of what nine fixed ones do, and half of what 27 do. (And 27 is a lucky number for the even hinges: two of their knots happen to stand on either side of the jump.)
#
# In lecture 1 the features were ours: we looked at plots and chose town, lease, storey. Here the **feature map** $\varphi(x; \theta)$ is learned together with
# the weights. On images, learned features turn out to be edges, colours, shapes. This is **representation learning**, and it gave the field's
# conference its name: ICLR, the International Conference on Learning Representations.

# %% [markdown] tags=["instructor"]
# 15 minutes. Draw the bump on the board with three rulers. Let them sketch the knots before the fit. Likely question: "why does it not put all seven
# knots on the jump?" Because then the wave would be wrong: the risk weighs both. Common confusion: the *sum* is linear in $w$, each term
# is not linear in its knot.

# %% [markdown]
# ## 4 The price: nobody hands us the minimum
#
# <details>
# <summary>中文</summary>
#
# 先画图，再往下读：把一个铰链的结点从左挪到右，风险曲线会是什么形状？
#
# 好处是有代价的。结点固定时，风险关于 $w$ 是一条抛物线，一步就到谷底；关于结点 $\theta$ 却不是。
#
# 我们把两个铰链固定在陡坎上，让第三个从左滑到右，其余权重每次都重新拟合。风险曲线上有两个山谷，右边那个谷底的风险是左边的 **4.3** 倍。从右边出发、只会往下走的人，永远到不了左边。陡坎附近的几个小坑也是局部极小，也能把人困住。
#
# 对 $w$ 仍有闭式解，对 $\theta$ 没有了：经验风险最小化从“解方程”变成了“搜索”。起点有多要紧，★ 第 6 节用 300 个小网络来量；怎样走这段路，是第 4 讲的事。
#
# </details>
#
# In the weights the risk is a parabola, and one step of `lstsq` reaches the bottom. What does it look like along a *knot*? We fix two hinges
# at the jump, 0.59 and 0.61, and look at a third. Left, we change its weight and keep everything else. Right, we slide its knot across the interval, and
# refit all weights each time. **Draw your guess of the right-hand curve first.**

# %%
pair = np.array([0.59, 0.61])
places = np.linspace(0, 1, 201)
along_knot = np.array([rms(residual(hinges(x, [k, *pair]), jump)) ** 2 for k in places])

# %%
X = hinges(x, [0.25, *pair])
w = np.linalg.lstsq(X, jump, rcond=None)[0]
changes = np.linspace(-1, 1, 101)
along_weight = np.array([np.mean((X @ w + change * X[:, 2] - jump) ** 2) for change in changes])

# %% mystnb={"image": {"alt": "Two panels with scales of their own. Left, the risk against the weight of a hinge is a parabola with one minimum. Right, the risk against the hinge's knot has a deep valley near a quarter, a ridge with small notches at the jump, and a shallower valley near 0.83."}}
fig, (left, right) = plt.subplots(1, 2)
left.plot(w[2] + changes, 1000 * along_weight)
left.set(title="along its weight: one valley", xlabel="weight w of the hinge", ylabel="risk R (thousandths)")
right.plot(places, 1000 * along_knot)
right.set(
    title="along its knot: several",
    xlabel="knot k of the hinge (weights refitted)",
    ylim=(0, None),
)
fig.suptitle("Convex in w, hilly in θ (each panel has its own scale)", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
ratio = along_knot[places > 0.7].min() / along_knot.min()
claims.exact("risk in the far valley over the near one", ratio, "4.3 times")

# %% [markdown]
# A search that only goes downhill and starts on the right ends in the far valley, with **4.3** times the risk. (The small notches,
# where the third hinge passes the other two, are local minima too: a search can end there as well.) The fit is still a closed form in $w$, and no longer in $\theta$. Until now ERM was an equation to solve. From now on it is a *search*.
#
# How much does the start matter in practice? Section ★ 6 measures it on 300 small networks. How to search is lecture 4's subject.

# %% [markdown] tags=["instructor"]
# 6 minutes. Let them draw before the figure. Likely question: "why refit the weights on the right?" So that we see the price of the knot alone: the best that
# any weights can do for it. Common confusion: a network's risk cannot be drawn like this. These are the valleys along *one* knot, and a network has thousands of knobs.

# %% [markdown]
# ## 5 The curse of dimension, and what escapes it
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读。第一问：误差要降到五分之一，一、二、三维的网格各要几倍的块数？第二问：灾难的根源是维数，还是网格？十六维的光滑目标，969 项三次以内的多项式会剩下 50 %、20 % 还是 3 %？第三问：“钟”“陡坎”“波”三个目标，多项式、固定铰链、网络，各是谁赢？
#
# 本节第一个目标是一口光滑的“钟”，峰在一个角上。误差都是相对的：除以目标自己的均方根，处处回答 0 就是 100 %。
#
# 一维对固定基太客气了。把 $[0,1]^d$ 的每条边切成 $n$ 段，得到 $m=n^d$ 块，每块上取常数。误差与段长成正比，要降到五分之一，每条边都要切细五倍：$d=1,2,3$ 时，块数变成 5、25、125 倍，误差每次都除以 **5.0**。误差像 $m^{-1/d}$，这就是**维数灾难**。十六维时每边切两段就要 65,536 块；若只许 1,024 块，等分的网格只剩一个常数，误差 **52** %，只把十条边各切一刀，也还剩 **40** %。
#
# 讲义说多项式也逃不掉。我们量了，结果出乎意料：次数不超过 1 的多项式只有 17 项，误差 **22** %；153 项，**8.2** %；969 项，**3.1** %。目标足够光滑，低次多项式恰好合适。维数本身并不致命。
#
# 换目标，模型有三个：969 项多项式；969 项铰链，方向随机、事先固定；16 个铰链的网络，只有 289 个数，方向由数据来定（五个起点，取中位数）。光滑的“钟”：固定铰链 **7.3** %，网络 **17** %，都不如多项式。方向未知的平面上的“陡坎”：多项式 **44** %，固定铰链 **53** %，网络只有 **3.6** %，**5** 个起点通常都找得到它。952 个随机方向里，最接近真方向的夹角余弦也只有 **0.77**；网络自己转过去的方向，余弦是 **1.00**。
#
# 第三个目标是快速的“波”：多项式 **112** %，固定铰链 **112** %，网络 **103** %，全都不如干脆回答 0：多项式什么也没学到（★ 第 8 节：把目标值打乱，结果也一样）。可是一个余弦就能一点不差地写出它，只要先看到它。
#
# 每条轴上频率取 −1、0、1 的波，连正弦在内共有 43,046,721 个，两两正交；任何 969 项的固定基，平均至少剩下一个波均方的 **99.998** %。这正是开头的游戏：先写数，后看目标。
#
# Barron（1993）证明：在某一类函数里，不管哪套固定基，总有某个成员，用它来逼近，误差不会比 $m^{-1/d}$ 的量级更小；看着目标选项，则能做到 $m^{-1/2}$，与维数无关。我们的“钟”太光滑，不是那个成员。定理只说好的项存在，不保证搜索找得到：网络找到了陡坎，没找到波。
#
# 结论有三句：网格死于维数；光滑的目标，有合适的固定基就能救；没有哪套固定基能对付所有目标，学出来的项可以，只要搜索找得到。
#
# </details>
#
# In one dimension fixed bases look good. Real inputs have many dimensions: a small picture of a digit has 784. Cut each side of the cube $[0, 1]^d$ into $n$ intervals. That gives $m = n^d$ little cubes; let the model be constant on each. The
# target varies over a cube in proportion to its side $1/n$, so the error falls like $1/n = m^{-1/d}$. We take a bell with its peak in one corner,
#
# $$f(x) = e^{-s^2 \lVert x\rVert^2 / 2d}, \qquad s = 4.$$
#
# It is a product of $d$ equal factors, so the grid's error has a formula (section ★ 8 checks it). All errors of this section are *relative*: divided by the
# target's own root mean square, so that answering 0 everywhere has an error of 100 %.

# %%
from scipy.special import erf


def factor_mean_square(d, s=4):
    """Return A, the mean square of one factor exp(-(c t)**2) of the bell, c = s/sqrt(2d)."""
    c = s / np.sqrt(2 * d)
    return np.sqrt(np.pi / 8) / c * erf(np.sqrt(2) * c)


def grid_error(n, d, s=4):
    """Return the relative RMS error of the best piecewise constant on n**d cubes."""
    c = s / np.sqrt(2 * d)
    integrals = np.sqrt(np.pi) / (2 * c) * np.diff(erf(c * np.linspace(0, 1, n + 1)))
    return np.sqrt(1 - (n * np.sum(integrals**2) / factor_mean_square(d, s)) ** d)


# %% [markdown]
# **Ask yourself:** you want a fifth of the error. How many times the pieces does that take in one, two and three dimensions?

# %% mystnb={"image": {"alt": "Relative RMS error of a grid against the number of its pieces, both axes logarithmic, for 1, 2, 3, 4, 8 and 16 dimensions. The line for one dimension is steep; each further one is flatter, and the one for sixteen falls only from 52 to 28 per cent over 65,536 pieces."}}
dimensions = [1, 2, 3, 4, 8, 16]
for d, marker in zip(dimensions, "osD^vP"):
    n = np.unique(np.geomspace(1, 1000 if d == 1 else 1e5 ** (1 / d), 9).astype(int))
    plt.loglog(n.astype(float) ** d, [100 * grid_error(k, d) for k in n], marker=marker, label=f"d = {d}")
plt.legend(loc="lower left")
plotting.show("Each dimension makes the grid's line flatter", "pieces m", "relative RMS error (%)")

# %% tags=["nbval-check-output"]
gain = [grid_error(10, d) / grid_error(50, d) for d in (1, 2, 3)]  # each side cut five times finer
claims.exact("least gain from 5, 25, 125 times the pieces", min(gain), "5.0")
claims.exact("grid in 16 dimensions, one constant", 100 * grid_error(1, 16), "52 %")
kept = [1 - grid_error(n, 16) ** 2 for n in (1, 2)]  # the share of the mean square that the grid holds
ten_sides_cut = 100 * np.sqrt(1 - kept[0] ** (6 / 16) * kept[1] ** (10 / 16))  # a product over the 16 sides
claims.exact("ten of 16 sides cut in two", ten_sides_cut, "40 %")

# %% [markdown]
# The error falls by the same factor each time, **5.0**. The price does not stay the same: 5, 25, 125 times the pieces. That is the **curse of
# dimension**. In 16 dimensions even two intervals a side take 65,536 pieces. With 1,024 pieces we cannot cut every side: one constant is left, with an
# error of **52** %. Cut ten sides in two and six not at all, and **40** % is left.
#
# **Vote again.** The slides say that polynomials suffer from the curse as well. Is the dimension to blame, or the grid? In the same 16 dimensions, for the same
# bell, what will 969 terms leave, all products of up to three coordinates: 50 %, 20 % or 3 %?
#
# From here on we draw points: 5,000 to fit, and 5,000 others to judge. With so many terms that matters.

# %%
from sklearn.preprocessing import PolynomialFeatures

X, X_new = rng.random((2, 5000, 16))


def bell(X, s=4):
    """Return the bell at the rows of X, which has shape (points, d)."""
    return np.exp(-(s**2) * np.sum(X**2, axis=1) / (2 * X.shape[1]))


def new_point_errors(features, X, Y, X_new, Y_new):
    """Fit each column of Y by least squares on features(X); return the RMS errors (%) at the new points."""
    w = np.linalg.lstsq(features(X), Y, rcond=None)[0]
    return 100 * np.sqrt(np.mean((features(X_new) @ w - Y_new) ** 2, axis=0))


def products_up_to(degree):
    """Return a function that maps points to all products of at most `degree` coordinates, constant included."""
    return lambda X: PolynomialFeatures(degree).fit_transform(2 * X - 1)


# %%
size, by_degree = rms(bell(X)), {}
for degree in (1, 2, 3):
    features = products_up_to(degree)
    error = new_point_errors(features, X, bell(X) / size, X_new, bell(X_new) / size)
    by_degree[features(X).shape[1]] = error
pd.Series(by_degree, name="relative RMS error (%)").rename_axis("terms").round(1)

# %% tags=["nbval-check-output"]
claims.check("bell, 17 polynomials", by_degree[17], "22 %", band=(19.2, 24.7))
claims.check("bell, 153 polynomials", by_degree[153], "8.2 %", band=(7.3, 9.2))
claims.check("bell, 969 polynomials", by_degree[969], "3.1 %", band=(2.6, 3.6))

# %% [markdown]
# We did not expect this. Seventeen terms, a constant and one slope for each coordinate, leave **22** %. Up to degree two, 153 terms leave **8.2** %, and
# up to degree three, 969 terms leave **3.1** %. In 16 dimensions! The bell is so smooth that low degrees suit it. High dimension alone is not fatal.
#
# So we change the target, and keep the dimension. Two rivals of the bell: a *jump* across a plane whose direction $u$ is not known in advance, like the border between two
# classes; and a fast *wave*, whose frequencies along the 16 axes are drawn from −1, 0 and 1.

# %%
u = rng.normal(size=16)
u /= np.linalg.norm(u)
k = rng.integers(-1, 2, size=16)


def targets_16(X):
    """Return the bell, the jump and the wave at the rows of X, in columns."""
    return np.column_stack([bell(X), np.tanh(20 * (X - 0.5) @ u), np.cos(2 * np.pi * X @ k)])


sizes = np.sqrt(np.mean(targets_16(X) ** 2, axis=0))
Y, Y_new = targets_16(X) / sizes, targets_16(X_new) / sizes
Y.shape, Y_new.shape

# %% [markdown]
# Three models. *Polynomials* with 969 terms. *Fixed hinges*: the constant, the 16 coordinates and 952 hinges $\mathrm{relu}(a_i \cdot x - k_i)$ in random
# directions, also 969 terms. And a *network* of 16 hinges that the data may turn and shift,
#
# $$f(x) = b + \sum_{i=1}^{16} w_i\, \mathrm{relu}(a_i \cdot x + c_i),$$
#
# with 16·16 + 16 + 16 + 1 = 289 numbers. Scikit-learn trains it in one line. **Bet:** which of the three models wins on which of the three targets?

# %%
directions = rng.normal(size=(16, 952))
directions /= np.linalg.norm(directions, axis=0)
middle = 0.25 + 0.5 * rng.random((16, 952))  # nearer to a corner, a hinge might be open at one point only
kinks = np.sum(directions * middle, axis=0)  # each through one of these points


def fixed_hinges(X):
    """Return the constant, the coordinates and 952 hinges in random directions, in columns."""
    return np.column_stack([np.ones(len(X)), X, relu(X @ directions - kinks)])


models_16 = {
    "polynomials (969 terms)": new_point_errors(products_up_to(3), X, Y, X_new, Y_new),
    "fixed hinges (969 terms)": new_point_errors(fixed_hinges, X, Y, X_new, Y_new),
}

# %% [markdown]
# Five networks for each target, each from a random start; table and figure show the median of their errors. The progress bar counts the targets.

# %%
from sklearn.neural_network import MLPRegressor
from tqdm import tqdm


def trained(X, y, start):
    """Return a network of 16 hinges, trained on the rows of X from a random start."""
    network = MLPRegressor(
        hidden_layer_sizes=(16,), solver="lbfgs", alpha=0, tol=1e-3, max_iter=5000, random_state=start
    )
    return network.fit(X, y)


starts = rng.integers(2**31, size=5).tolist()
networks = [[trained(X, y, start) for start in starts] for y in tqdm(Y.T)]

# %%
errors_16 = [[100 * rms(net.predict(X_new) - y) for net in five] for five, y in zip(networks, Y_new.T)]
models_16["network (289 numbers)"] = np.median(errors_16, axis=1)
table = pd.DataFrame(models_16, index=["bell", "jump", "wave"])
table.round(1)

# %% mystnb={"image": {"alt": "Bars of relative RMS error on a logarithmic axis for three targets and three models. On the bell the polynomials are lowest, at 3 per cent. On the jump the network is lowest, at under 4 per cent, where both fixed bases leave about a half. On the wave all three are above 100 per cent, the error of answering nothing."}}
for offset, (model, hatch) in zip((-0.27, 0, 0.27), zip(table, ("", "//", ".."))):
    bars = plt.bar(np.arange(3) + offset, table[model], 0.25, hatch=hatch, edgecolor="white", label=model)
    plt.bar_label(bars, fmt="%.3g", fontsize=12)
plt.axhline(100, color="0.4", linewidth=1.5, linestyle="-")
plt.text(-0.45, 106, "answering 0", fontsize=12)
plt.yscale("log")
plt.ylim(1, 700)
plt.xticks(range(3), table.index)
plt.legend(loc="upper left", fontsize=12, ncols=3, columnspacing=1)
plotting.show("Bell: polynomials win. Jump: the network. Wave: nobody", "target", "relative RMS error (%)")

# %% tags=["nbval-check-output"]
(_, bell_hinges, bell_network), jumps, waves = table.to_numpy()
towards_u = [np.abs(u @ net.coefs_[0]) / np.linalg.norm(net.coefs_[0], axis=0) for net in networks[1]]
claims.check("bell, 969 fixed hinges", bell_hinges, "7.3 %", band=(6.3, 8.3))
# Skewed: no seed of ten below 14.7. At the lower edge it would be as good as the fixed hinges.
claims.check("bell, network", bell_network, "17 %", band=(8.4, 31))
claims.check("jump, 969 polynomials", jumps[0], "44 %", band=(35.5, 52))
claims.check("jump, 969 fixed hinges", jumps[1], "53 %", band=(44.5, 61))
claims.check("jump in 16 dimensions, 16 learned hinges", jumps[2], "3.6 %", band=(2.7, 4.5))
claims.check(
    "networks of five that found the jump",
    np.sum(np.array(errors_16[1]) < 10),
    "5",
    band=(3, 5),  # of fifty networks one missed it; there are five
)
claims.check("closest of 952 random directions", np.abs(u @ directions).max(), "0.77", band=(0.54, 0.97))
claims.check(
    "closest direction in a network",
    np.mean([c.max() for c in towards_u]),
    "1.00",
    band=(0.998, 1),  # no cosine is larger than 1
)
claims.check("wave, 969 polynomials", waves[0], "112 %", band=(105, 119))
claims.check("wave, 969 fixed hinges", waves[1], "112 %", band=(107, 117))
claims.check("wave, network", waves[2], "103 %", band=(100, 108))

# %% [markdown]
# *The bell.* Fixed hinges leave **7.3** %, the network **17** %. The polynomials stay ahead: their terms suit a smooth target, and 16 learned hinges do not come near.
#
# *The jump.* The polynomials leave **44** %, the fixed hinges **53** %, and 16 hinges that may turn leave **3.6** %. As a rule all **5** starts find the jump; of fifty networks, one missed it. This is section 3 again: the same
# parts, and the data move them. Of 952 random directions, the one closest to $u$ makes a cosine of **0.77** with it. The best of a network's 16 directions was *turned* towards $u$, to a cosine of **1.00**. (Section ★ 7 turns one without a search.)
#
# *The wave.* Polynomials leave **112** %, fixed hinges **112** %, the network **103** %: to answer 0 everywhere would be better. The polynomials learned nothing of it (section ★ 8 shows that shuffled values leave as much). And yet one single term, the right cosine, would leave nothing. Would a
# cleverer fixed basis do? No. There are $3^{16}$ = 43,046,721 such waves, sines included, and each is orthogonal to all others. Then $m$ fixed terms have room for $m$ waves at most:
# add up the shares that they hold of each wave, and the sum is no more than $m$ (proof in section ★ 8).

# %% tags=["nbval-check-output"]
claims.exact("mean square left of a wave by any 969 fixed terms", 100 * (1 - 969 / 3**16), "99.998 %")

# %% [markdown]
# Any 969 terms that were chosen early leave at least **99.998** % of a wave's mean square, on average over the waves. One term chosen late leaves none. That is our game, with 43 million targets.
#
# Barron (1993) made this a theorem. Over a certain class of functions, every fixed basis of $m$ terms meets some member on which its error is no better than order $m^{-1/d}$.
# Terms chosen *for the target* reach order $m^{-1/2}$, whatever $d$ is. Our bell is far too smooth to be such a member. And the theorem says
# that good terms exist, not that a search finds them: our networks found the jump, and missed the wave.
#
# So take home three sentences. *A grid dies of dimension. A fixed basis that suits a smooth target need not. No fixed basis serves
# every target; learned terms can, where the search finds them.*

# %% [markdown] tags=["instructor"]
# 24 minutes. The ten sides cut in two and Barron's paragraph are reading. Ask how many times the pieces cut the error to a fifth in 3 dimensions; expect some to say 15 (3 · 5, not 5³). Collect bets for the table before it is run. Likely question: "then why not polynomials for
# images?" With 784 pixels, degree three has 81 million terms, and the border between two digits is no smooth bell. Common confusion: a theorem about the worst target is no statement about *your* target.

# %% [markdown]
# ## ★ 6 The same network, three kinds of start
#
# <details>
# <summary>中文</summary>
#
# 第 3 节我们帮了忙：只搜索结点，权重直接解出来。真正的网络连斜率也要学：$f(x)=b+\sum_i w_i\,\mathrm{relu}(a_i x+c_i)$。九个单元共 28 个参数，用 Adam（一种给每个参数各定步长的梯度下降）走 4,000 步，在四分之一的点上拟合，在其余的点上评分。换三种起点，各试 100 次。
#
# 常见软件库的默认起点让所有拐点 $-c_i/a_i$ 都落在 $x=0$。结果只有约 **24** % 胜过 9 项余弦；另有约 **71** % 的起点，误差与最好的单个铰链相差不到 5 %。从同一点出发的拐点结伴而行，常常落在同一处，几个单元只顶一个用。
#
# 把拐点撒开、斜率取 ±4，约 **99** % 胜过 9 项余弦，但只有约 **28** % 胜过参数个数相同的 28 项余弦。斜率改成 ±10，约 **74** % 胜过 28 项余弦。模型没变，数据没变，变的只是起点。
#
# 所以自适应基给你的是“可能”，不是“保证”。第 4 讲专门讲怎样走这段路。
#
# </details>
#
# In section 3 we helped: only the knots were searched for. A plain network learns everything by walking:
#
# $$f(x) = b + \sum_{i=1}^{9} w_i\, \mathrm{relu}(a_i x + c_i).$$
#
# It has nine units and 28 numbers, and it *contains* our seven hinges: take $a_i = 1$ and $c_i = -k$ for seven units, $\mathrm{relu}(x) = x$ for an eighth, and one is to spare. So a much
# larger error than section 3's is the search's fault. We train many networks at once: `a`, `c`, `w` have shape (starts, units), the hidden values (starts, units, points).


# %%
def network(theta, x):
    """Return the outputs, shape (starts, points), of networks of one hidden layer, and their hidden values."""
    a, c, w, b = theta
    h = relu(a[..., None] * x + c[..., None])
    return np.einsum("su,sup->sp", w, h) + b, h  # s: start, u: unit, p: point


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
    r = 2 * (f - y) / len(x)  # (starts, points)
    through = w[..., None] * r[:, None] * (h > 0)  # (starts, units, points): what reaches each unit's kink
    return through @ x, through.sum(axis=2), (h @ r[..., None])[..., 0], r.sum(axis=1, keepdims=True)


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
# standard way to walk.


# %%
def adam(theta, x, y, n_steps=4_000, eps=0.01):
    """Return the parameters after n_steps of Adam (Kingma and Ba, 2015) with learning rate eps."""
    theta = list(theta)
    mean, square = [0] * len(theta), [0] * len(theta)  # running averages of the gradient and of its square
    for step in range(1, n_steps + 1):
        for i, g in enumerate(gradient(theta, x, y)):
            mean[i] = 0.9 * mean[i] + 0.1 * g
            square[i] = 0.999 * square[i] + 0.001 * g**2
            spread = np.sqrt(square[i] / (1 - 0.999**step)) + 1e-8
            theta[i] = theta[i] - eps * mean[i] / (1 - 0.9**step) / spread
    return theta


# %% [markdown]
# A hundred starts of each kind, 4,000 steps each. Every fourth point is for fitting, and the others judge. Ten starts walk at a time, so that
# their arrays stay small; the progress bars count these tens.

# %%
seen = np.arange(400) % 4 == 1


def search(theta, x, y, seen, at_once=10):
    """Return each start's RMS error after the search: fitted at the points seen, judged at all others."""
    errors = []
    for first in tqdm(range(0, len(theta[0]), at_once)):
        some = [part[first : first + at_once] for part in theta]
        f, _ = network(adam(some, x[seen], y[seen]), x[~seen])
        errors.append(np.sqrt(np.mean((f - y[~seen]) ** 2, axis=1)))
    return np.concatenate(errors)


from_default = search(default_start(rng), x, jump, seen)

# %% [markdown]
# Now the same from scattered kinks, with slopes of ±4 and of ±10.

# %%
from_slope_4 = search(scattered_start(rng, slope=4), x, jump, seen)
from_slope_10 = search(scattered_start(rng, slope=10), x, jump, seen)

# %% [markdown]
# Two rivals: nine cosines, equal in *terms*, and 28 cosines, equal in *numbers to learn*. They are fitted to the same points, and judged at the same others.

# %%
limits = {}
for m in (9, 28):
    percent = new_point_errors(lambda x, m=m: cosines(x, m), x[seen], jump[seen], x[~seen], jump[~seen])
    limits[f"{m} cosines"] = percent / 100
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
# The whole distribution: how many of the hundred starts end below each error? Further left is better. (Section 3's knots were fitted to all 400 points.)

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
one_hinge = min(rms(residual(hinges(x, [knot]), jump)) for knot in places)
stuck = 100 * np.mean(np.abs(from_default / one_hinge - 1) < 0.05)
# Shares of 100 starts: one standard error is 4.3, 4.6, 1, 4.5 and 4.4 points. Bands: more than four of them.
claims.check("default start, beats 9 cosines", share.iloc[0, 0], "24 %", band=(6, 43))
claims.check("default start, as bad as one hinge (±5 %)", stuck, "71 %", band=(53, 89))
claims.check("slopes 4, beats 9 cosines", share.iloc[1, 0], "99 %", band=(93, 100))
claims.check("slopes 4, beats 28 cosines", share.iloc[1, 1], "28 %", band=(9, 48))
claims.check("slopes 10, beats 28 cosines", share.iloc[2, 1], "74 %", band=(55, 93))

# %% [markdown]
# From the default start only about **24** % of the networks beat nine cosines. The tall step in the figure suggests why: about **71** % end within 5 % of the error of
# the best *single* hinge. Kinks that start in one place travel and often land together, so that several units do the
# work of one. With scattered kinks and slopes of ±4 about **99** % beat nine cosines, and yet only **28** % beat the 28 cosines that
# have as many numbers to learn. Start with slopes of ±10, and about **74** % do.
#
# Model and data stayed the same. Only the start changed, and no theorem told us which to take. An adaptive basis offers a *possibility*. Whether a search
# finds it is another question, and lecture 4's.

# %% [markdown] tags=["instructor"]
# Not in the 82 minutes; 15 if you take it in. Ask where the default kinks sit before telling. Likely question: "is the default so bad in real
# networks?" Less so: their inputs are often centred, so that kinks at zero sit amid the data, and they have many more units. Common confusion: more
# steps do not revive a unit that is off at every point.

# %% [markdown]
# ## ★ 7 The jump again, without a search
#
# <details>
# <summary>中文</summary>
#
# 陡坎一定要靠搜索吗？先拟合一个线性函数：17 项，剩 **52** %，看上去没有用。可是它的斜率向量与真方向 $u$ 的夹角余弦是 **0.999**。于是再解一次：把输入投影到这个方向上，得到一个数 $t$，再用 16 项固定的一维铰链拟合，只剩 **8** %。两次最小二乘，都是闭式解，没有搜索，没有起点的运气，就远胜 969 项固定的多项式；网络的 3.6 % 仍然更好。
#
# 所以要紧的不是“网络”，而是看过数据再定方向。这个办法也有限度：它只看一个方向，而且陡坎沿着这个方向一路向上。若目标关于中心对称，比如中间高、两边低的一道岗，线性函数的斜率就是零，什么也看不出来。
#
# </details>
#
# Did the jump need a search? Fit a plain linear function first, 17 terms. Then compare its slopes, as a direction, with $u$.

# %%
X_line, X_line_new = (np.column_stack([np.ones(len(Z)), Z]) for Z in (X, X_new))
plane = np.linalg.lstsq(X_line, Y[:, 1], rcond=None)[0]
direction = plane[1:] / np.linalg.norm(plane[1:])
linear_leaves = 100 * rms(X_line_new @ plane - Y_new[:, 1])

# %% [markdown]
# It fits badly, but it points the right way. So solve a second time: project every input on that direction, and fit 16 terms in one variable, a
# constant, a line and 14 hinges whose knots cut the training points into equal shares.

# %%
t, t_new = X @ direction, X_new @ direction
shares = np.quantile(t, np.linspace(0, 1, 16)[1:-1])
two_solves = new_point_errors(lambda t: hinges(t, shares), t, Y[:, 1:2], t_new, Y_new[:, 1:2])[0]

# %% tags=["nbval-check-output"]
claims.check("jump, 17 linear terms", linear_leaves, "52 %", band=(49.8, 54.3))
claims.check(
    "cosine of the linear slope with u",
    abs(direction @ u),
    "0.999",
    band=(0.9965, 1),  # no cosine is larger than 1
)
claims.check("jump, two solves along the linear slope", two_solves, "8 %", band=(0, 16))

# %% [markdown]
# The linear function leaves **52** %, but its slope makes a cosine of **0.999** with $u$. Two least-squares solves leave **8** %. No search, no luck with a start, and far better than 969 fixed terms (44 %); the network's 3.6 % is better still. So
# the gain is not the network's alone. It comes from choosing the direction *after* seeing the data, and here a closed form can do that.
#
# It works because this jump rises along one direction. If a target is symmetric about the middle of the cube, high in the middle and low on both sides, the linear slope is zero and points nowhere.

# %% [markdown]
# ## ★ 8 Three rates, and why no fixed basis wins everywhere
#
# <details>
# <summary>中文</summary>
#
# 还是那口“钟”，三种做法，在 1 到 16 维上比误差下降的快慢。网格的斜率乘以 $d$：一维是 **−0.99**，十六维是 **−1.00**，正是 $m^{-1/d}$。多项式的误差可以精确算出，因为它也是乘积：十六维 969 项剩 **2.7** %，第 5 节从 5,000 个点上拟合，稍差一点。
#
# 第三种做法是抽样：$f(x)=\mathbb E\cos(\omega\cdot x)$，抽 $m$ 个 $\omega$，取余弦的平均。独立平均的方差像 $1/m$，与维数无关，所以斜率应是 −½。我们量到：一维 **−0.50**，十六维 **−0.50**。
#
# 斜率不等于输赢。都至多用 1,024 项：一维，网格 **0.08** %，抽样 **3.9** %；十六维，抽样 **23** %，胜过网格的一个常数（52 %），却远不如多项式。项数少时抽样更差：十六维 4 项，误差是 **362** %；要到 **52** 项才好过回答 0，到 **192** 项才好过一个常数。
#
# 这些余弦并不是“学”来的：$\omega$ 从目标自己的分布里抽，我们事先知道答案。它们说明的是，好的项存在。
#
# 第 5 节的“波”，多项式学到了什么？把目标值打乱再拟合，剩 **112** %；969 个没有用的权重、5,000 个点，理论值是 $\sqrt{5000/4031}$，即 **111** %。没打乱时也是 112 %，可见什么也没学到。
#
# 最后是第 5 节那句话的证明。取两两正交、长度为 1 的目标 $f_1,\dots,f_N$，再取固定基所张空间的标准正交基 $e_1,\dots,e_m$。所有目标被接住的部分加起来是 $\sum_i\sum_j\langle f_i,e_j\rangle^2$；先对 $i$ 求和，由贝塞尔不等式，每个 $e_j$ 至多贡献 1，总和至多为 $m$。所以平均每个目标至多接住 $m/N$。
#
# </details>
#
# First the grid's formula. The bell is a product of $d$ equal factors, and so are the mean squares that we need. With $A = \int_0^1 g^2$ for a factor $g$ and $B_n$ the same for
# its mean over each interval, $\text{error}^2 = A^d - B_n^d$. A check in two dimensions, the plain way: 800 × 800 points, and the mean over each of 4 × 4 squares.

# %% tags=["nbval-check-output"]
t = (np.arange(800) + 0.5) / 800
values = np.exp(-4 * (t[:, None] ** 2 + t**2)).reshape(4, 200, 4, 200)
plain = rms(values - values.mean(axis=(1, 3), keepdims=True)) / rms(values)
round(float(plain), 4), round(float(grid_error(4, 2)), 4)

# %% [markdown]
# They agree. Barron's two orders, $m^{-1/d}$ and $m^{-1/2}$, can both be watched on the bell. The grid's slope of $\log$ error against $\log m$ comes from the formula; multiplied by $d$ it should
# be −1.

# %% tags=["nbval-check-output"]
sides = 2 ** np.arange(2, 7)
grid_slopes = [
    np.polyfit(d * np.log(sides), np.log([grid_error(n, d) for n in sides]), 1)[0] for d in dimensions
]
claims.exact("slope of the grid times d, d = 1", grid_slopes[0], "−0.99")
claims.exact("slope of the grid times d, d = 16", 16 * grid_slopes[-1], "−1.00")

# %% [markdown]
# **−0.99** in one dimension, **−1.00** in 16.
#
# Polynomials, too, can be worked out exactly. Legendre's polynomials are orthogonal, so each of them holds its own share of a factor's mean square. When $d$ factors are
# multiplied, degrees add and shares multiply. That is how *coefficients* behave when polynomials are multiplied, so NumPy's `polypow` adds up the shares of
# all products of one total degree.

# %%
from math import comb

from numpy.polynomial.polynomial import polypow


def polynomial_error(degree, d, s=4):
    """Return the bell's relative RMS error after the best polynomial of total degree at most `degree`."""
    t, weights = legendre.leggauss(100)  # points and weights of an integral over [-1, 1]
    g = np.exp(-((s * (t + 1) / 2) ** 2) / (2 * d))  # one factor, on [0, 1]
    orthonormal = legendre.legvander(t, degree) * np.sqrt(2 * np.arange(degree + 1) + 1)
    shares = (orthonormal.T @ (weights * g)) ** 2 / (2 * weights @ g**2)
    return np.sqrt(1 - polypow(shares, d)[: degree + 1].sum())


# %% tags=["nbval-check-output"]
claims.exact("bell in 16 dimensions, best polynomial of 969 terms", 100 * polynomial_error(3, 16), "2.7 %")

# %% [markdown]
# The best that 969 terms can do is **2.7** %. Section 5 fitted them to 5,000 points and came close.
#
# Third, terms that are drawn at random for the target. The bell is an average of waves, $f(x) = \mathbb{E}\cos(\omega \cdot x)$ with
# $\omega \sim N(0, s^2 I/d)$. So draw $m$ frequencies and take the plain mean of their cosines. A mean of $m$ independent draws has a variance
# that falls like $1/m$, whatever the dimension. So theory says a slope of −½.


# %%
def squared_error(m, d, rng, points=32, s=4):
    """Return the mean squared error of the mean of m random cosines at fresh points of the cube."""
    X = rng.random((points, d))
    omega = rng.normal(0, s / np.sqrt(d), (d, m))
    return np.mean((np.cos(X @ omega).mean(axis=1) - bell(X)) ** 2)


sampled_m = 2 ** np.arange(2, 11)
squared = np.array([[[squared_error(m, d, rng) for _ in range(256)] for m in sampled_m] for d in dimensions])
bell_rms = np.array([factor_mean_square(d) ** (d / 2) for d in dimensions])
relative = np.sqrt(squared.mean(axis=2)) / bell_rms[:, None]  # (dimensions, sizes)
slopes = [np.polyfit(np.log(sampled_m), np.log(run), 1)[0] for run in relative]
pd.Series(slopes, index=dimensions).round(3)

# %% tags=["nbval-check-output"]
# Theory: -1/2 exactly, with standard errors of 0.006 and 0.003 over 256 repeats.
claims.check("slope of sampled cosines, d = 1", slopes[0], "−0.50", band=(-0.529, -0.471))
claims.check("slope of sampled cosines, d = 16", slopes[-1], "−0.50", band=(-0.5135, -0.4865))

# %% [markdown]
# The slope is **−0.50** in one dimension and **−0.50** in 16. All three side by side (of the grid in 16 dimensions one point alone is drawn: two intervals a side would take 65,536 terms):

# %% mystnb={"image": {"alt": "Three panels of relative RMS error against the number of terms, both axes logarithmic, with lines for 1, 2, 4 and 16 dimensions. The grid's lines get flatter with dimension, and so do the polynomials', though they bend down more and more. The sampled cosines' lines are parallel, with slope minus one half, and higher in high dimension."}}
fig, axes = plt.subplots(1, 3, sharex=True, sharey=True)
for d, marker in zip((1, 2, 4, 16), "os^P"):
    n = np.unique(np.geomspace(1, 4096 ** (1 / d) + 0.01, 9).astype(int))
    axes[0].loglog(n.astype(float) ** d, [100 * grid_error(j, d) for j in n], marker=marker)
    degrees = [j for j in range(30) if comb(d + j, j) <= 5000 and polynomial_error(j, d) > 1e-4]
    axes[1].loglog(
        [comb(d + j, j) for j in degrees], [100 * polynomial_error(j, d) for j in degrees], marker=marker
    )
    axes[2].loglog(sampled_m, 100 * relative[dimensions.index(d)], marker=marker, label=f"d = {d}")
for ax, title in zip(axes, ("grid", "polynomials", "sampled cosines")):
    ax.set(title=title, xlabel="terms m", ylim=(0.01, 600))
axes[0].set_ylabel("relative RMS error (%)")
fig.legend(loc="outside lower center", ncols=4)
fig.suptitle("Only the sampled cosines keep their slope in every dimension", fontweight="bold")
plt.show()

# %% [markdown]
# But a slope is not a winner, for lines also have a height. Theory gives the cosines' height: since $2\cos^2 z = 1 + \cos 2z$, their mean squared error is $V/m$ with $V = \tfrac12\bigl(1 +
# \mathbb{E}f(2x)\bigr) - A^d$, about a half. The bell's own mean square $A^d$ is far smaller in 16 dimensions.

# %% tags=["nbval-check-output"]
c_16 = 4 / np.sqrt(32)
V = (1 + (np.sqrt(np.pi) / (4 * c_16) * erf(2 * c_16)) ** 16) / 2 - bell_rms[-1] ** 2
claims.exact("1,024 terms, d = 1, grid", 100 * grid_error(1024, 1), "0.08 %")
claims.check("1,024 terms, d = 1, sampled", 100 * relative[0, -1], "3.9 %", band=(3.2, 4.65))
claims.check("1,024 terms, d = 16, sampled", 100 * relative[-1, -1], "23 %", band=(20.8, 24.4))
claims.exact("4 terms, d = 16, sampled, theory", 100 * np.sqrt(V / 4) / bell_rms[-1], "362 %")
claims.exact("terms at which sampled cosines equal 0", V / bell_rms[-1] ** 2, "52")
claims.exact("terms at which they equal a constant", V / (bell_rms[-1] * grid_error(1, 16)) ** 2, "192")

# %% [markdown]
# With 1,024 terms in one dimension the grid leaves **0.08** % and the sampled cosines **3.9** %. In 16 dimensions the cosines leave **23** %, better than the grid's one constant (52 %), and far worse than
# the polynomials. With few terms they are useless there: four leave **362** %. They need **52** terms to equal the answer 0, and **192** to equal one constant.
#
# Nothing was learned here, either. We drew $\omega$ from the target's own distribution, which we knew. The sample shows that good terms *exist* in any dimension; a network has to find them.
#
# **What the polynomials learned of the wave.** Section 5's wave left more than 100 % to them. The null: shuffle its values, and fit again. Theory knows, too, what $p$ useless weights
# do with $n$ points: they multiply the error by about $\sqrt{n/(n-p)}$.

# %% tags=["nbval-check-output"]
[null] = new_point_errors(products_up_to(3), X, rng.permutation(Y[:, 2:]), X_new, Y_new[:, 2:])
claims.check("wave, 969 polynomials, values shuffled", null, "112 %", band=(105, 119))
claims.exact("969 useless weights on 5,000 points, theory", 100 * np.sqrt(5000 / (5000 - 969)), "111 %")

# %% [markdown]
# Shuffled values leave **112** %, theory says **111** %, and the wave itself left 112 %: so the polynomials learned nothing of it.
#
# **Why no fixed basis wins everywhere.** Take $N$ targets $f_i$, each of mean square 1 and orthogonal to the others, such as the waves of section 5. Let $e_1, \dots, e_m$ be an orthonormal
# basis of what your $m$ fixed terms span. The best fit to $f_i$ holds $\sum_j \langle f_i, e_j\rangle^2$ of its mean square. Add up over all targets, and sum over $i$ first:
#
# $$\sum_{j=1}^{m} \sum_{i=1}^{N} \langle f_i, e_j\rangle^2 \;\le\; \sum_{j=1}^{m} \lVert e_j\rVert^2 = m,$$
#
# because all the $f_i$ together hold no more of $e_j$ than its own mean square, which is 1 (Bessel's inequality). So the average target keeps at least $1 - m/N$ of its mean square. In $d$ dimensions there are $N = 3^d$ of our waves.

# %% [markdown] tags=["instructor"]
# Not in the 82 minutes; 12 if you take it in. Likely question: "are random cosines adaptive?" Their distribution is the target's, so somebody knew the target. Common confusion: −½ does not mean a small
# error, it means one that falls at a known rate.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚量到的值放在一起。凡带随机性的，课文写的是许多次运行的平均，你这一次会略有出入。游戏的数字是穷举出来的，固定基的误差没有随机性，它们合成最后一行。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean
# over many runs, and yours is one more. Figures without chance, the game's odds and the fits of fixed bases, share the last line.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row whose measured figure differs from the stated one, and say why that is no fault.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 固定基先选项、后见目标；自适应基先见目标、后选项。备选要多，又要看过再选，缺一不可。
# - 万能逼近大家都会；要比的是效率，而效率取决于目标、范数和项数。
# - 结点能动的铰链，九项胜过二十七项固定的：特征是学出来的。
# - 代价：对 $w$ 仍有闭式解，对 $\theta$ 只能搜索，起点决定终点。
# - 网格死于维数；光滑目标可以靠合适的固定基；没有一套固定基能对付所有目标，学出来的项可以，只要搜索找得到。
#
# </details>
#
# - A fixed basis commits before it sees the target, an adaptive one after. The gain takes both: more to choose from, and a choice made after seeing.
# - Universality is common. Efficiency depends on the target, the norm and the number of terms: name all three.
# - Nine terms, seven of them hinges that may move, beat 27 fixed ones on a jump. Features can be learned.
# - The price: a closed form in $w$ only. In $\theta$ we search, and the start decides where we end.
# - A grid dies of dimension. A fixed basis that suits a smooth target need not. No fixed basis serves every target; learned terms can, where the search finds them.

# %% [markdown] tags=["instructor"]
# 1 minute. Let the class say the last line before you show it.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 第二轮为什么容易得多？（甲）六个数比三个多（乙）看过目标以后，从更多的数里选（丙）加起来的数更多。
#
# B. “多项式能逼近任何连续函数，所以不需要神经网络。”错在哪里？
#
# C. “十六维太高，三次多项式肯定不行。”对吗？
#
# </details>
#
# **A.** Why is round 2 so much easier: (i) six numbers are more than three, (ii) one chooses *from more* after seeing the target, (iii) more numbers are added up?
#
# <details>
# <summary>Answer</summary>
#
# (ii). *(i)* tempts because it is half of the answer; but draw three of your six blindly, and you are back in round 1. "One chooses late" alone is the other half: in
# round 1, too, you choose after you have seen the target, but three out of three is no choice. *(iii)* is not the rule: at most three are added in either round.
#
# 乙。（甲）只对一半：闭着眼睛从六个里抽三个，就退回第一轮。光是“晚选”也只对一半：第一轮也是看了目标才选，可是三个里挑三个等于没挑。（丙）不合规则，两轮都至多用三个数。
#
# </details>
#
# **B.** "Polynomials can approximate any continuous function. So networks are unnecessary." What is wrong?
#
# <details>
# <summary>Answer</summary>
#
# The theorem promises that *some* degree will do, and does not say how large. "The theorem needs a smooth function" tempts, but
# continuity is enough for it. "Polynomials overfit" tempts after lecture 1, but here we had 400 points and no noise.
#
# 定理只保证某个次数够用，没有说是多少次。“定理要求函数光滑”听起来有理，其实连续就够了。“多项式会过拟合”是第 1 讲留下的印象，可是这里有 400 个点，没有噪声。
#
# </details>
#
# **C.** "Sixteen dimensions are too many for polynomials of degree three." True?
#
# <details>
# <summary>Answer</summary>
#
# It depends on the target. The smooth bell: no, they leave a few per cent. The jump: they fail, but degree three fails on a jump in one dimension, too. The wave: yes, and any other 969 fixed terms would fail on nearly all such waves, too. *True* tempts because of the curse of dimension; but the curse is about the worst target,
# or about a grid, and yours may be kinder.
#
# 要看目标。光滑的“钟”：不对，误差只有百分之几。“陡坎”：的确不行，可是一维时三次多项式也不行。“波”：对，而且换成任何别的 969 个固定的项，也对付不了绝大多数这样的波。维数灾难说的是最坏的目标，或者是网格。
#
# </details>

# %% [markdown] tags=["instructor"]
# 6 minutes. Two for each question. In A, let those who voted (i) name the control that answers them.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 列出一组数（至多用三个）能凑出的所有和，每个和只列一次：这就是你的“张成空间”。
# 2. 用四个 ReLU 拼出一个平顶的台子。
# 3. 先预测，再动手：铰链该往哪边挪？写下你的预测，然后求风险对结点的导数，最后运行揭晓答案的那一格。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. What can you reach?* Return the sorted list of all different totals of at most three of the numbers. It is what your basis "spans".

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def reachable(numbers):
    return ...


def check_reachable(f):
    cases = {(1, 2, 3): [0, 1, 2, 3, 4, 5, 6], (3, 20, 40): [0, 3, 20, 23, 40, 43, 60, 63]}
    for numbers, right in cases.items():
        found = f(numbers)
        if not isinstance(found, list | tuple | np.ndarray):
            return f"it returned {found}, of type {type(found).__name__}: return a sorted list like {right}"
        if reason := misshapen(found, (len(found),)):
            return reason
        found, named = [int(total) for total in found], ", ".join(map(str, numbers))
        if len(set(found)) < len(found):
            return f"a total is listed twice for {named}, where different choices add up to the same: {found}"
        if missing := sorted(set(right) - set(found)):
            return f"{missing[0]} is missing for {named}: at most three means none, one, two or three of them"
        if wrong := sorted(set(found) - set(right)):
            return f"{wrong[0]} cannot be reached with {named}, each number used at most once"
        if found != right:
            return f"the totals of {named} are right, but not sorted: {found}"
    found = f((1, 2, 4, 8))
    if not np.array_equal(found, range(15)):
        return f"at most three of 1, 2, 4, 8 reach 0, 1, 2 … 14 = 8 + 4 + 2 and nothing above it, not {np.array(found).tolist()}"


attempt(reachable, check_reachable)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def reachable_solution(numbers):
    return sorted({sum(choice) for k in range(4) for choice in combinations(numbers, k)})


assert check_reachable(reachable_solution) is None

# %% [markdown]
# *2. A plateau.* Build from four ReLUs a function that is 0 up to `a - width`, rises straight to 1 at `a`, stays there to `b`, and is back at 0 from `b + width` on. With a small
# width it is a box: stand boxes side by side and you have section 5's piecewise constants.


# %% tags=["nbval-check-output"]
def plateau(x, a, b, width):
    return ...


def check_plateau(f):
    x = np.array([0.0, 0.2, 0.25, 0.3, 0.5, 0.6, 0.65, 0.7, 1.0])
    rights = {
        (0.3, 0.6, 0.1): [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0],
        (0.3, 0.6, 0.2): [0, 0.5, 0.75, 1, 1, 1, 0.75, 0.5, 0],
        (0.25, 0.65, 0.05): [0, 0, 1, 1, 1, 1, 1, 0, 0],
    }
    for (a, b, width), right in rights.items():
        result, right = f(x, a, b, width), np.array(right)
        if reason := misshapen(result, x.shape):
            return reason
        if np.allclose(result, -right):
            return "it is upside down: turn all four signs round, so that the first slope goes up"
        if np.allclose(result, right * width):
            return f"the plateau is as high as its slopes are wide, {width}: divide by the width to reach 1"
        wrong = ~np.isclose(result, right)
        if wrong.any():
            j = np.argmax(wrong)
            return (
                f"with a = {a}, b = {b} and width {width} it should be {right[j]:g} at x = {x[j]:.3g}, "
                f"not {result[j]:.3g}: follow the slopes 0, 1/width, 0, −1/width, 0"
            )


attempt(plateau, check_plateau)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def plateau_solution(x, a, b, width):
    return (relu(x - a + width) - relu(x - a) - relu(x - b) + relu(x - b - width)) / width


assert check_plateau(plateau_solution) is None

# %% [markdown]
# *3. Which way should a hinge move?* The model is $w\,\mathrm{relu}(x - k)$ with $w = 3$ and $k = 0.5$. There are three points: $(0, 1)$, $(1, 1)$, $(2, 6)$. **Predict first,** with pen and paper:
# must the knot go left or right to lower the risk? And which sign has $\partial R/\partial k$? Write both down.
#
# Then return $\partial R/\partial k$ of the mean squared error $R$, for any $w$, $k$ and points.


# %% tags=["nbval-check-output"]
def knot_gradient(w, k, x, y):
    return ...


def check_knot_gradient(f):
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 6.0])
    gradient = f(3.0, 0.5, x, y)  # residuals −1, 0.5, −1.5; the hinge is shut at x = 0
    if reason := misshapen(gradient, ()):
        return reason
    if np.isclose(gradient, 2):
        again = f(-2.0, 1.5, np.arange(4.0), np.ones(4))  # residuals −1, −1, −2, −4; open at 2 and 3
        if np.isclose(again, -6):
            return None
        return f"right for the points given. For w = −2, k = 1.5, x = 0, 1, 2, 3 and y = 1 it is −6, not {again:.4g}: keep the sign of w, and remember that the hinge is open where x > k"
    hints = {
        -2: "the size is right, the sign is not: moving the knot to the right lowers w·relu(x − k)",
        4: "at x = 0 the hinge is shut: moving its knot changes nothing there, so this point may not count",
        6: "that is the sum over the points: the risk is their mean",
        3: "the mean is over all three points, also those at which the hinge is shut",
        1: "the factor 2 of the square's derivative is missing",
        2 / 3: "the outer weight is missing: where the hinge is open, the output changes by −w with k",
        -2 / 3: "the outer weight is missing: where the hinge is open, the output changes by −w with k",
    }
    said = next((hint for value, hint in hints.items() if np.isclose(gradient, value)), "use the chain rule")
    return f"{said}. For w = 3, k = 0.5 it is 2·(0.5 − 1.5)·(−3)/3 = 2, not {gradient:.4g}"


attempt(knot_gradient, check_knot_gradient)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def knot_gradient_solution(w, k, x, y):
    return np.mean(2 * (w * relu(x - k) - y) * -w * (x > k))


assert check_knot_gradient(knot_gradient_solution) is None

# %% [markdown]
# The answer to your prediction: the risk with the knot a little to the left, in place, and a little to the right.

# %% tags=["nbval-check-output"]
{k: round(float(np.mean((3 * relu(np.array([0, 1, 2]) - k) - [1, 1, 6]) ** 2)), 3) for k in (0.4, 0.5, 0.6)}

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Barron 1993 年的论文是第 5 节两个速率的出处；Cybenko 和 Hornik 等人证明了万能逼近；Rahimi 与 Recht 把随机余弦特征变成了实用的算法；Bengio 等人的综述解释什么是表示学习；Golub 与 Pereyra 的“变量投影”就是第 3 节“结点用搜索、权重用闭式解”的做法；Trefethen 的书讲光滑的曲线为什么适合多项式。
#
# </details>
#
# - A. R. Barron, Universal approximation bounds for superpositions of a sigmoidal function, *IEEE Transactions on Information Theory* 39 (1993): both rates of section 5.
# - G. Cybenko, Approximation by superpositions of a sigmoidal function, *Mathematics of Control, Signals and Systems* 2 (1989); K. Hornik, M. Stinchcombe, H. White, Multilayer feedforward networks are universal approximators, *Neural Networks* 2 (1989).
# - A. Rahimi, B. Recht, [Random features for large-scale kernel machines](https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines), NIPS 2007: sampled cosines, with fitted weights.
# - G. H. Golub, V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate, *SIAM Journal on Numerical Analysis* 10 (1973): search the knots, solve for the weights.
# - Y. Bengio, A. Courville, P. Vincent, [Representation learning: a review and new perspectives](https://arxiv.org/abs/1206.5538), *IEEE TPAMI* 35 (2013).
# - L. N. Trefethen, *Approximation Theory and Approximation Practice* (SIAM, 2013): why smooth curves suit polynomials.
