# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · Baselines, evaluation and tuning: is this number good, and is it luck?
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/10_baselines_and_evaluation.ipynb)
#
# Somebody shows you a network that reads 98 % of handwritten digits. Two questions should come before any praise. What does a method reach that costs
# almost nothing? And would the number be the same if we measured again? The first half of this lecture builds baselines that are older
# than deep learning. The second half asks how far a measured number can be trusted.
#
# **You will**
#
# - write nearest neighbours, principal components and two linear classifiers, and check them against a library or a measured slope;
# - choose a hyperparameter by cross-validation, and compare two methods on the same examples;
# - check a gradient before you train with it;
# - measure how choosing uses up a validation set;
# - put an interval around an accuracy, and check whether a model's confidence can be believed.
#
# **You need** training and test error (lecture 1), softmax and cross-entropy (lecture 3), confusion matrices and ROC curves (lecture 7).
# **It takes** 83 minutes to teach and under 60 seconds to run on 2 CPU cores. Sections marked ★ go deeper: read them at home.
#
# **Figures in bold** were measured. Where chance enters, they are means over ten seeds: your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("10")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Keep the data and look it up
#
# <details>
# <summary>中文</summary>
#
# 最省事的分类器：把训练数据原样留着，来了新图，就找最像的那一张，抄它的标签。这叫**最近邻**（k-NN，k = 1）。它没有参数可学，是**非参数**方法：训练不花时间，预测却很慢，和我们想要的正好相反。
#
# 要说“最像”，先得有距离。L1 是各像素差的绝对值之和，L2 是平方和再开根号。差为 (3, 4) 时，L1 是 **7**，L2 是 **5**。课程所用的笔记把 L2 写成 Σ√(差²)，根号放在了求和号里面，算出来是 **7**：那其实就是 L1。
#
# L2 距离的平方可以展开成 ‖a‖² − 2a·b + ‖b‖²，全部距离一次矩阵乘法就算完。用 3,000 张 MNIST，测试错误率是 **7.7 %**，一行训练代码也没有。要和用同样 3,000 张训练的网络比；若用全部 60,000 张，最近邻只错约 3 %。
#
# 笔记说 L1“多数情况下很蠢”，L2“相对好些”。先猜：两者差几个百分点？只看两个错误率是说不清的，差别比测试误差的波动（标准误）大不了多少。要做**配对比较**：同一批测试图，只数两种方法答案一对一错的那些。
#
# 配对的结果：L1 多错 **1.3 个百分点**；在两者一对一错的图里，L2 赢了 **80 %**；抛硬币要偏成这样，概率**不到 0.05**，多数时候不到 0.001。L2 确实好些，“蠢”却说重了。
#
# </details>
#
# The laziest classifier keeps the training images. For a new image it finds the one that looks most alike, and copies its label. This is the
# **nearest-neighbour** rule. Nothing is learned, so it has no parameters: a *non-parametric* method.

# %%
import numpy as np
from utils.datasets import load_mnist

MNIST = ("mnist",)  # the data that our claims rest on
(x_train, y_train), (x_test, y_test) = load_mnist()
rng = np.random.default_rng(SEED)


# %%
def flat(images):
    """Return images of shape (n, 28, 28), 0 to 255, as rows of 784 float32 numbers, 0 to 1."""
    return images.reshape(len(images), 784).astype("float32") / 255


# %%
kept = rng.choice(len(x_train), min(3_000, len(x_train)), replace=False)
X, y, X_test = flat(x_train[kept]), y_train[kept], flat(x_test)
X.shape

# %% [markdown]
# "Alike" needs a distance. *L1* adds up the absolute differences of the pixels. *L2* adds up their squares and takes the root at the
# end. The notes that this course follows print the L2 formula as $\sum_p \sqrt{(a_p - b_p)^2}$, with the root *inside* the sum. Try all three on two images of two pixels.

# %% tags=["nbval-check-output"]
a, b = np.array([0, 0]), np.array([3, 4])
claims.exact("L1 of (0, 0) and (3, 4)", np.abs(a - b).sum(), "7")
claims.exact("L2 of (0, 0) and (3, 4)", np.sqrt(((a - b) ** 2).sum()), "5")
claims.exact("the notes' formula for L2", np.sqrt((a - b) ** 2).sum(), "7")

# %% [markdown]
# L1 is **7** and L2 is **5**. The formula of the notes gives **7**: it *is* L1.
#
# For L2 we need no loop. Expand the square, $\|a - b\|^2 = \|a\|^2 - 2\,a \cdot b + \|b\|^2$, and all distances between two sets of images come from *one* matrix product.


# %%
def squared_distances(A, B):
    """Return the squared L2 distances between the rows of A (n, d) and of B (m, d): shape (n, m)."""
    squares = (A * A).sum(axis=1)[:, None] - 2 * A @ B.T + (B * B).sum(axis=1)
    return np.maximum(squares, 0)  # rounding can leave a tiny negative number


# %% [markdown]
# First what it does, in a picture: two test digits, one that is read rightly and one that is not, each beside its five nearest training digits.


# %%
def nearest(D, k):
    """Return the columns of the k smallest entries of each row of D, the nearest first: shape (len(D), k)."""
    found = np.argpartition(D, k - 1, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(D, found, axis=1), axis=1)
    return np.take_along_axis(found, order, axis=1)


# %%
D = squared_distances(X_test, X)
neighbours = nearest(D, 100)  # columns: the nearest training digits of each test digit
right = y[neighbours[:, 0]] == y_test

# %% mystnb={"image": {"alt": "Two rows of six small pictures of digits. Each row begins with a test digit, followed by its five nearest training digits. In the upper row the nearest carries the right label, in the lower row a wrong one although it looks much alike."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
fig, axes = plt.subplots(2, 6, figsize=(10, 4.2))
for row, i in zip(axes, (np.argmax(right), np.argmin(right))):
    pictures = [x_test[i], *x_train[kept][neighbours[i, :5]]]
    for ax, picture, label in zip(row, pictures, [y_test[i], *y[neighbours[i, :5]]]):
        ax.imshow(picture, cmap="gray_r")
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"label {label}", fontsize=14)
    row[0].set_ylabel("test digit")
fig.suptitle("The nearest training digit lends its label, rightly and wrongly", fontweight="bold")
plt.show()

# %% [markdown]
# How often is it wrong? And does scikit-learn name the same labels?

# %%
from sklearn.neighbors import KNeighborsClassifier

error = 100 * np.mean(y[neighbours[:, 0]] != y_test)
theirs = KNeighborsClassifier(1, algorithm="brute").fit(X, y).predict(X_test[:1_000])
print(f"{error:.1f} % wrong; same label as scikit-learn: {np.mean(theirs == y[neighbours[:1_000, 0]]):.2%}")

# %% tags=["nbval-check-output"]
claims.check("1-NN, test error", error, "7.7 %", band=(6.4, 9), stand_in=(0, 5), data=MNIST)

# %% [markdown]
# **7.7 %** wrong, from 3,000 digits and no training at all. A network that learned from the same 3,000 has to beat this; from all 60,000 digits the rule errs on about 3 %.
#
# The notes call L1 "stupid in most cases" and L2 "better by comparison". **Make a guess:** by how many points is L1 worse?
#
# On 2,000 test digits, an error of 8 % has a standard error of 0.6 points (section 7). Two error rates side by side hardly separate two such methods.
# So we make a **paired comparison**: both methods read the same digits, and we count only those that exactly one of them gets right.


# %%
def l1_nearest(A, B):
    """Return for each row of A the number of the row of B that is nearest in L1: a loop over A; both hold bytes."""
    larger_minus_smaller = (np.maximum(B, a) - np.minimum(B, a) for a in A)  # a byte cannot be negative
    return np.array([gap.sum(axis=1, dtype="uint32").argmin() for gap in larger_minus_smaller])


# %%
pick = rng.choice(len(x_test), min(2_000, len(x_test)), replace=False)
as_bytes = [images.reshape(len(images), 784) for images in (x_test[pick], x_train[kept])]
right_l1 = y[l1_nearest(*as_bytes)] == y_test[pick]
right_l2 = right[pick]

# %%
import pandas as pd

pairs = pd.crosstab(right_l1, right_l2, rownames=["L1 right"], colnames=["L2 right"])
pairs

# %%
from scipy.stats import binom

only_l1, only_l2 = np.sum(right_l1 & ~right_l2), np.sum(right_l2 & ~right_l1)
lopsided = min(1, 2 * binom.cdf(min(only_l1, only_l2), only_l1 + only_l2, 0.5))
print(f"if a coin decided each of these digits, it would be so lopsided with probability {lopsided:.0e}")

# %% tags=["nbval-check-output"]
claims.check(
    "L1 errs more than L2",
    100 * (right_l2.mean() - right_l1.mean()),
    "1.3 points",
    band=(0.01, 2.65),
    stand_in=None,  # some three digits of 297 differ there
    data=MNIST,
)
claims.check(
    "of the digits on which they differ, L2 is right",
    100 * only_l2 / max(only_l1 + only_l2, 1),
    "80 %",
    band=(53, None),
    stand_in=None,  # some three digits of 297 differ there
    data=MNIST,
)
claims.check(
    "L1 against L2, probability of so lopsided a result by a coin",
    lopsided,
    "below 0.05",
    band=(None, 0.05),
    stand_in=None,  # some three digits of 297 differ there
    data=MNIST,
)

# %% [markdown]
# L1 errs by **1.3 points** more. Of the digits on which the two differ, L2 is right on **80 %**. A fair coin is so lopsided with a probability **below 0.05**, in most of our runs below 0.001. (This is McNemar's test.) L2 is better, and "stupid" is too strong.
# On 2,000 digits, two error rates side by side would not have settled it.

# %% [markdown] tags=["instructor"]
# 11 minutes. Let the class compute the three formulas for (3, 4) before the cell runs. Common confusion: the square root does not change who is nearest, so the code leaves it out. Likely question: "why not all 60,000?" It would be
# better, near 3 % wrong, and each answer would cost twenty times as much.

# %% [markdown]
# ## 2 Choosing k
#
# <details>
# <summary>中文</summary>
#
# 不只问一个邻居，而是问 $k$ 个，少数服从多数。$k$ 由人来定，不是学出来的，这叫**超参数**。不能用测试集来选，否则测试集就成了训练的一部分。
#
# **交叉验证**：把训练集随机分成五份，轮流拿一份当考题，其余四份当资料，五次的平均就是对 $k$ 的评分。每个 $k$ 考的是同一批图，所以比较时也要配对：逐折减去 $k=1$ 的错误率；差值在大约两个标准误以内的，五折分不清，取哪个都行，但要说明。
#
# 先投票，再往下读：讲义说 k = 1 是过拟合，因为它在训练集上一个不错。你猜交叉验证会选几？
#
# 它选出的 $k$ 至多是 **5**。选定以后，用全部 3,000 张，只测一次。$k=3$ 与 $k=1$ 在测试集上只差 **0.0 个百分点**。训练误差为零，并不等于灾难。
#
# 那么 $k=1$ 什么时候会吃亏？把两成训练标签改错再试：$k=1$ 的错误率升到 **26 %**，$k=10$ 只有 **9.4 %**。单个邻居抄来的错，多数票可以纠正。关键不在训练误差，而在标签里有多少噪声。
#
# </details>
#
# Ask $k$ neighbours instead of one, and let the majority decide. Nobody learns $k$: we set it. Such a number is a **hyperparameter**. The test digits
# must not choose it. If they did, they would be training data.


# %%
def vote(labels):
    """Return the commonest digit in each row of labels (n, k); at a tie the smallest, as scikit-learn does."""
    counts = (labels[:, :, None] == np.arange(10)).sum(axis=1)
    return counts.argmax(axis=1)


vote(np.array([[3, 5, 5], [9, 4, 7]]))

# %%
KS = (1, 3, 5, 10, 20, 50, 100)


def errors_by_k(labels, truth):
    """Return the error in % of k-NN for each k of KS, from the labels (n, 100) of the neighbours, nearest first."""
    return np.array([100 * np.mean(vote(labels[:, :k]) != truth) for k in KS])


# %% [markdown]
# **Cross-validation** makes its own test from the training digits. Deal them at random into five folds. Each fold is once the question paper, while
# the other four are the data to look things up in. In the end every digit has been asked once, and its own label never helped.


# %%
def cross_validate(X, y, rng, n_folds=5):
    """Return the error in % for each fold (row) and each k of KS (column)."""
    fold, scores = rng.permutation(len(X)) % n_folds, []
    for q in range(n_folds):
        asked = fold == q
        found = nearest(squared_distances(X[asked], X[~asked]), max(KS))
        scores.append(errors_by_k(y[~asked][found], y[asked]))
    return np.array(scores)


cv = cross_validate(X, y, rng)
cv.shape

# %% [markdown]
# **Vote first.** With $k = 1$ every training digit is its own nearest neighbour, so the training error is zero. "Overfitting", says the slide. Which $k$ will
# the folds choose?

# %% mystnb={"image": {"alt": "Cross-validated error in per cent against the number of neighbours on a logarithmic axis, with error bars. The curve is flat and lowest from 1 to 5 neighbours and rises steadily to about twice that at 100."}}
mean, bar = cv.mean(axis=0), cv.std(axis=0, ddof=1) / np.sqrt(len(cv))
chosen = KS[mean.argmin()]
plt.errorbar(KS, mean, bar, marker="o", capsize=6)
plt.xscale("log")
plt.xticks(KS, KS)
plt.minorticks_off()
plotting.show(
    f"Five folds choose k = {chosen}; many neighbours do worse", "neighbours k", "error (%), 5 folds"
)

# %% [markdown]
# The bars are one standard error of the mean over five folds. But every k was asked the same digits, so compare in pairs, as in section 1: subtract the errors at k = 1 fold by fold.

# %%
above = cv - cv[:, :1]
above_bar = above.std(axis=0, ddof=1) / np.sqrt(len(cv))
pd.DataFrame([above.mean(axis=0), above_bar], ["above k = 1", "its bar"], pd.Index(KS, name="k")).round(2)

# %% [markdown]
# Where the difference is within about two standard errors, five folds do not separate the two; take either, and say so. Now use all 3,000 digits again and test *once*. We look at the other values of $k$ as well, to learn
# something, not to choose.

# %%
test_by_k = errors_by_k(y[neighbours], y_test)
pd.DataFrame([mean, test_by_k], index=["5 folds", "test"], columns=pd.Index(KS, name="k")).round(1)

# %% tags=["nbval-check-output"]
claims.check(
    "k that the folds choose",
    chosen,
    "at most 5",
    band=(None, 5),  # one of seven values; at the next, 10, the folds see 0.7 to 2.1 points more than at 1
    data=MNIST,
)
claims.check(
    "k = 3 against k = 1, test error",
    test_by_k[1] - test_by_k[0],
    "0.0 points",
    band=(-1.1, 1.1),
    stand_in=(-3, 3),
    data=MNIST,
)

# %% [markdown]
# The folds choose **at most 5** neighbours. Between $k = 3$ and $k = 1$ the test sees **0.0 points**. Zero training error is no disaster here.
# The folds report a slightly larger error than the test, at least in part because each looks things up in only 2,400 digits.
#
# When *does* one neighbour hurt? When labels are wrong. Replace a fifth of the training labels by a wrong digit. Nothing else changes: same images, same distances, same correct test labels.


# %%
def with_wrong_labels(y, share, rng):
    """Return a copy of the labels y in which about this share is replaced by another digit at random."""
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, 10, len(y))) % 10, y)


noisy_by_k = errors_by_k(with_wrong_labels(y, 0.2, rng)[neighbours], y_test)

# %% mystnb={"image": {"alt": "Test error in per cent against the number of neighbours, two curves. With right labels the error is lowest for few neighbours. With a fifth of the labels wrong it starts near 25 per cent at one neighbour, falls to its lowest point near ten, and then rises along with the other curve."}}
plt.plot(KS, test_by_k, "o-", label="right labels")
plt.plot(KS, noisy_by_k, "s--", label="a fifth of the labels wrong")
plt.xscale("log")
plt.xticks(KS, KS)
plt.minorticks_off()
plt.legend()
plotting.show("Wrong labels, not a zero training error, punish k = 1", "neighbours k", "test error (%)")

# %% tags=["nbval-check-output"]
claims.check("wrong labels, k = 1", noisy_by_k[0], "26 %", band=(21, 30.6), stand_in=(12, 31), data=MNIST)
claims.check(
    "wrong labels, k = 10", noisy_by_k[KS.index(10)], "9.4 %", band=(8, 10.8), stand_in=(0, 8), data=MNIST
)

# %% [markdown]
# With one neighbour the error jumps to **26 %**: each wrong label is copied. Ten neighbours outvote them, **9.4 %**. So whether $k = 1$ overfits depends on the noise in the
# labels, and nothing in the training error tells you.

# %% [markdown] tags=["instructor"]
# 9 minutes. Take the vote before the figure of the folds; most say 5 or 10, because 1 "must" overfit. Over ten seeds the pairs could not tell 3 from 1 nine times, nor 5 from 1 eight times. Common confusion: for k-NN a *large* k is the simple model. Likely question: "why shuffle before the folds?" Data often
# come sorted, as the concrete of lecture 5 did.

# %% [markdown]
# ## 3 What the distance means
#
# <details>
# <summary>中文</summary>
#
# 像素距离看的是“同一个位置上有没有墨”。先猜：把测试图向右移几个像素，最近邻就认不出来了？
#
# 移两个像素，错误率已经是 **37 %**。移两个像素以后，**91 %** 的数字离自己的移动副本，比离最近的别类训练图还远。（这样比很苛刻：一个副本对约 2,700 张里最近的一张；仍有 63 % 认对，是因为附近还有同类的图。）像素是一把不好的尺子，这正是第 6 讲卷积网络存在的理由。
#
# 第二个问题是**维数灾难**。在 784 维的立方体里随机撒 1,000 个点，最近的距离是最远的近九成，几乎一样远，“最近”就没有意义了。那么最近邻为什么还能认数字？先投票，再往下读。
#
# 在真的数字上，这个比值只有 **0.40**。把每个像素在各图之间各自打乱（每个像素的分布不变，像素之间的关系没有了），比值就变成 **0.82**。所以，灾难跟着数据走，不跟着表格的列数走。数字虽有 784 列，用 Levina 和 Bickel 的方法，估计值是 **12** 维；维数高、点又少时，这个估计偏低（见立方体的对照），真值也许是 15 左右，但离 784 很远。
#
# </details>
#
# Pixel distance asks whether there is ink *in the same place*. Move a test digit to the right, and it is the same digit to you. **How many pixels will
# the nearest-neighbour rule bear?** Write a number down.


# %%
def moved(images, pixels):
    """Return images of shape (n, 28, 28) moved to the right by so many pixels."""
    return np.roll(images, pixels, axis=2)


# %%
moves = np.arange(5)
moved_D = [squared_distances(flat(moved(x_test[pick], pixels)), X) for pixels in moves]
moved_error = [100 * np.mean(y[D_moved.argmin(axis=1)] != y_test[pick]) for D_moved in moved_D]
np.round(moved_error, 1)

# %% [markdown]
# Why so soon? Compare two distances: from a test digit to *itself*, moved; and from the test digit to the nearest training digit of *another* class.

# %%
own = [np.linalg.norm(flat(moved(x_test[pick], pixels)) - X_test[pick], axis=1) for pixels in moves]
other = np.sqrt(np.where(y == y_test[pick, None], np.inf, moved_D[0])).min(axis=1)
stranger = [100 * np.mean(distance > other) for distance in own]
np.round(stranger, 1)

# %% mystnb={"image": {"alt": "Two rising curves against the number of pixels that test digits are moved, 0 to 4. The error of the nearest-neighbour rule climbs from below 10 to above 70 per cent. The share of digits that lie nearer to another class than to their own moved copy climbs from 0 to about 90 at two pixels and then levels out."}}
plt.plot(moves, moved_error, "o-", label="1-NN is wrong")
plt.plot(moves, stranger, "s--", label="farther from itself than from another class")
plt.xticks(moves)
plt.legend(loc="lower right")
plotting.show(
    "Two pixels: most digits are farther\nfrom themselves than from another class",
    "moved to the right (pixels)",
    "test digits (%)",
)

# %% tags=["nbval-check-output"]
claims.check(
    "moved by 2 pixels, 1-NN", moved_error[2], "37 %", band=(33.2, 40.8), stand_in=(10, 40), data=MNIST
)
claims.check(
    "moved by 2, farther from itself than from another class",
    stranger[2],
    "91 %",
    band=(89, 94),
    stand_in=(20, 100),
    data=MNIST,
)

# %% [markdown]
# Moved by two pixels, **37 %** are read wrongly. And **91 %** of the digits are farther from their own moved copy than from a digit of another class. (A hard comparison: one copy against the nearest of some 2,700. The rule still reads 63 % rightly, because other digits of the right class are near.) Pixels are a poor ruler, and a good reason
# for the convolutions of lecture 6.
#
# A second trouble is famous, the **curse of dimension**. Scatter 1,000 points evenly in a cube of $d$ dimensions, and compare a new point's nearest
# neighbour with its farthest. In many dimensions both are nearly equally far, and "nearest" means little.


# %%
def nearest_to_farthest(asked, points):
    """Return the mean ratio of the smallest to the largest L2 distance from each row asked to the points."""
    distances = np.sqrt(squared_distances(asked, points))
    return np.mean(distances.min(axis=1) / distances.max(axis=1))


# %%
dims = (1, 2, 10, 100, 784)
cube = [nearest_to_farthest(rng.random((200, d)), rng.random((1_000, d))) for d in dims]
np.round(cube, 3)

# %% [markdown]
# **Vote.** Our digits have 784 numbers each, and the rule is right more than nine times in ten. Is the curse wrong, or do digits escape it? If they escape: by the values
# that single pixels take, or by the way in which pixels go together? To tell these apart, shuffle each pixel *by itself* over the images. Every pixel keeps its values, and no two pixels belong together any more.

# %%
digits = nearest_to_farthest(X_test[pick], X[:1_000])
scrambled = nearest_to_farthest(rng.permuted(X_test[pick], axis=0), rng.permuted(X[:1_000], axis=0))

# %% mystnb={"image": {"alt": "Seven horizontal bars of the ratio of nearest to farthest distance. Cubes of 1, 2, 10, 100 and 784 dimensions rise from almost 0 to 0.88. Digits with scrambled pixels stand near 0.8, real digits at about 0.4 or below."}}
bars = {f"cube, d = {d}": ratio for d, ratio in zip(dims, cube)}
bars |= {"784 pixels, each shuffled": scrambled, "784 pixels, digits": digits}
drawn = plt.barh(list(bars), list(bars.values()), color=["C0"] * 6 + ["C1"], height=0.6)
plt.bar_label(drawn, fmt="%.2f", padding=6)
plt.xlim(0, 1)
plt.grid(axis="y", visible=False)
plotting.show("The curse follows the data, not the number of columns", "nearest / farthest distance", "")

# %% tags=["nbval-check-output"]
claims.check(
    "digits, nearest to farthest", digits, "0.40", band=(0.365, 0.44), stand_in=(0.236, 0.253), data=MNIST
)
claims.check(
    "digits, each pixel shuffled",
    scrambled,
    "0.82",
    band=(0.811, 0.8215),
    stand_in=(0.786, 0.799),
    data=MNIST,
)

# %% [markdown]
# For digits the ratio is **0.40**; scrambled, **0.82**, nearly as bad as the cube. So it is the way in which pixels go together. How many dimensions do digits really fill? Where data fill $m$ dimensions, the
# number of neighbours within a distance $r$ grows like $r^m$. Levina and Bickel turned this into an estimate of $m$ from each point's nearest neighbours.


# %%
def intrinsic_dimension(points, k=11):
    """Return the dimension that points (n, d) fill, by maximum likelihood from their k nearest neighbours each."""
    D = squared_distances(points, points)
    np.fill_diagonal(D, np.inf)  # nobody is his own neighbour
    radii = np.sqrt(np.take_along_axis(D, nearest(D, k), axis=1))
    return 1 / np.mean(np.log(radii[:, -1:] / radii[:, :-1]))


for d in (2, 12, 20):
    cube_points = np.random.default_rng(SEED).random((len(X), d))
    print(f"{intrinsic_dimension(cube_points):.1f} for as many points that fill a cube, d = {d}")

# %% tags=["nbval-check-output"]
claims.check(
    "dimensions that digits fill",
    intrinsic_dimension(X),
    "12",
    band=(11.2, 12.6),
    stand_in=(5, 9),
    data=MNIST,
)

# %% [markdown]
# The estimate is **12**, out of 784 columns. It reads too low when there are many dimensions and few points, as the cubes show: the truth may be some 15. It is far from 784 either way.

# %% [markdown] tags=["instructor"]
# 9 minutes. Collect guesses for the first question, and draw a 1 and a shifted 1 on squared paper: no square in common. Common confusion: "high-dimensional" is said of columns; what counts is what the data fill.

# %% [markdown]
# ## 4 Fewer numbers: principal components
#
# <details>
# <summary>中文</summary>
#
# 既然数字实际填满的维数远少于列数，就可以换一组坐标，只留最要紧的。**主成分分析**（PCA）：先减去均值，协方差矩阵的特征向量就是新坐标轴，特征值是数据沿这条轴的方差。用奇异值分解得到的是同样的轴，特征值等于 σ²/(n−1)，两条路殊途同归。
#
# 陷阱：测试集要减**训练集**的均值，不能减自己的。
#
# 先投票，再往下读：只留 40 个数（丢掉 95 %），最近邻的错误率会升、会降，还是不变？
#
# 结果是降了：比用全部像素少错 **1.2 个百分点**，乘法只剩约十六分之一。
#
# 先别急着夸它，做两个对照。随机取 40 个方向，错误率 **16 %**；另一个对照什么也不学：把图轻轻模糊一下（高斯，标准差一个像素），784 个数全留着，也少错 **1.3 个百分点**。可见只减少个数没有用；而不减少也能有这个好处。
#
# 也许两者都抹平了笔迹的抖动，这一点我们没有量。主成分多给的，是省下的计算。（写下 40 之前，我们看过这样的测试曲线，好处里也许有一点是挑出来的。）
#
# </details>
#
# Digits fill far fewer dimensions than they have columns. So describe them by fewer numbers. **Principal component analysis**: subtract the mean, and turn the axes so that the first catches as
# much variance as possible, the second as much as possible of the rest, and so on. These axes are the eigenvectors of the covariance matrix, and the eigenvalues are the variances along them.


# %%
def principal_axes(X):
    """Return the mean (d,), the variances (d,), largest first, and the axes as columns (d, d), of rows X (n, d)."""
    variances, axes = np.linalg.eigh(np.cov(X.T))  # in rising order
    return X.mean(axis=0), variances[::-1], axes[:, ::-1]


# %%
centre, variances, components = principal_axes(X.astype(float))
components.shape

# %% [markdown]
# A second road leads there without a covariance matrix: the singular values σ of the centred data. The variances are $\sigma^2/(n-1)$, and the right singular vectors are the axes, up to
# their signs. This is the road that scikit-learn takes.

# %%
from sklearn.decomposition import PCA

pca = PCA(svd_solver="full").fit(X.astype(float))
parallel = np.abs(np.sum(pca.components_[:20].T * components[:, :20], axis=0))  # 1 if the axes are the same
difference = np.abs(pca.singular_values_**2 / (len(X) - 1) - variances).max() / variances[0]
print(
    f"largest difference of a variance {difference:.0e}; first 20 axes parallel: {np.allclose(parallel, 1)}"
)

# %% [markdown]
# They agree. What do few components keep? Here is one test digit, rebuilt. (Its mean is that of the *training* digits. To centre test data by their own mean is a classic mistake.)

# %% mystnb={"image": {"alt": "Five small pictures of the same test digit: rebuilt from 2, 10, 40 and 150 principal components, and the original. With 2 it is a grey blur, with 10 a rough shape, with 40 clearly the digit, with 150 almost the original."}}
fig, axes = plt.subplots(1, 5, figsize=(10, 2.8))
sample = (X_test[pick[0]] - centre) @ components
for ax, m in zip(axes, (2, 10, 40, 150, 784)):
    rebuilt = centre + components[:, :m] @ sample[:m]
    ax.imshow(rebuilt.reshape(28, 28), cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    ax.set_title(f"{m} numbers", fontsize=14)
fig.suptitle("Forty numbers are enough to recognise this digit", fontweight="bold")
plt.show()

# %% [markdown]
# **Vote.** We keep 40 of 784 numbers and throw the other 95 % away. Does the error of the nearest-neighbour rule rise, fall, or stay?


# %%
def nearest_error(new, old):
    """Return the test error in % of 1-NN between rows for the test digits and rows for the training digits."""
    return 100 * np.mean(y[squared_distances(new, old).argmin(axis=1)] != y_test)


# %%
coordinates, test_coordinates = (((part - centre) @ components).astype("float32") for part in (X, X_test))
sizes = (5, 10, 20, 30, 40, 60, 80, 150, 300)
pca_error = [nearest_error(test_coordinates[:, :m], coordinates[:, :m]) for m in sizes]
at_40 = pca_error[sizes.index(40)]
np.round(pca_error, 1)

# %% [markdown]
# Two controls before we praise it. Would *any* 40 directions do? And what if the gain has nothing to do with fewer numbers? A light *blur* (Gaussian, sd 1 pixel) keeps all 784 of them and learns nothing.

# %%
from scipy.ndimage import gaussian_filter

blurred = [flat(gaussian_filter(images.astype("float32"), (0, 1, 1))) for images in (x_test, x_train[kept])]
blur_error = nearest_error(*blurred)
directions = rng.normal(size=(784, 40)).astype("float32")
random_error = nearest_error(X_test @ directions, X @ directions)

# %% mystnb={"image": {"alt": "Test error of the nearest-neighbour rule against the number of principal components on a logarithmic axis. It falls steeply until about 30 or 40 components, to below the dashed line of all pixels, and then rises slowly towards that line. A dotted line for blurred pixels lies as low as the curve's lowest part; a triangle for 40 random directions lies far above."}}
plt.semilogx(sizes, pca_error, "o-", label="principal components")
plt.axhline(error, color="C1", linestyle="--", label="all 784 pixels")
plt.axhline(blur_error, color="C2", linestyle=":", label="all 784 pixels, blurred")
plt.plot(40, random_error, "^", color="C3", markersize=13, label="40 random directions")
plt.xticks((5, 10, 20, 40, 80, 150, 300), (5, 10, 20, 40, 80, 150, 300))
plt.minorticks_off()
plt.legend()
plotting.show("Forty components beat 784 pixels; so does a blur", "numbers kept", "1-NN, test error (%)")

# %% tags=["nbval-check-output"]
claims.check(
    "40 components, better than all pixels by",
    error - at_40,
    "1.2 points",
    band=(0.65, 1.75),
    stand_in=(-1.5, 2),  # there 784 pixels are 64 enlarged: not much to throw away
    data=MNIST,
)
claims.check(
    "1-NN on 40 random directions", random_error, "16 %", band=(11, 20.5), stand_in=(None, 5), data=MNIST
)
claims.check(
    "blurred pixels, better than plain ones by",
    error - blur_error,
    "1.3 points",
    band=(0.2, 2.3),
    stand_in=(-1.5, 2),  # there the digits are smooth already
    data=MNIST,
)

# %% [markdown]
# On only 40 numbers the error is *lower* than on all pixels, by **1.2 points**, for about a sixteenth of the work.
#
# The controls keep us honest. Forty *random* directions give **16 %**: fewer numbers alone do not help. Blurred pixels are better than plain ones by **1.3 points** too, and they are still 784 numbers: the gain can be had without dropping any.
# Perhaps both smooth the wobble of single hands; we did not measure that. What PCA adds is the saving. (We had seen such a test curve before we wrote 40, so a little of its gain may be choice.)

# %% [markdown] tags=["instructor"]
# 9 minutes. Most vote "rise". Likely question: "why not choose the number of components by the lowest point of this curve?" Because this is the test set: use the folds of section 2.

# %% [markdown]
# ## 5 A baseline with parameters: hinge or softmax?
#
# <details>
# <summary>中文</summary>
#
# 另一类基线是**参数方法**：打分 $s=Wx+b$，每类一个分数，训练完就可以把数据扔掉。预测一个数字，k-NN 要 3,000 × 784 次乘加，线性分类器只要 784 × 10 次，差 **300 倍**。
#
# 用什么损失？**铰链损失**（多类支持向量机，SVM）要求正确类的分数比别的类都高出 1，达到就不再管；softmax 加交叉熵则一直推。先手算：$W=0$ 时，十个类的两种损失各是多少？
#
# 铰链是 **9**，交叉熵是 $\ln 10$ = **2.303**。训练之前先看这个数，对不上就先查代码。
#
# 第二项检查：梯度。用中心差分核对一百个权重，看相对误差的**中位数**，两种损失都小于 **1e-6**。中位数只说明大多数权重没错；只错在某一类或偏置上的毛病，它看不见。所以也要看最大值，偏大时换步长再算：若是铰链的折点，步长改小多半会消失；若是舍入误差，步长改大会变小；若是代码错了，就一直在。
#
# 训练用带动量的随机梯度下降（第 4 讲），学习率是用种子 0 的训练图做两折试出来的：铰链四个里 0.02 最好；softmax 从 0.02 到 0.3 只差半个百分点，就用 0.1。同样 3,000 张图，铰链错 **10.9 %**，softmax 错 **10.3 %**，都不如最近邻。两者差不到一个百分点，还取决于学习率和衰减，谈不上规律。
#
# “SVM 够了就停，softmax 一直推”这句话倒是可以量的：铰链在 **82 %** 的训练图上损失恰好为零，softmax 是 **0 %**。
#
# </details>
#
# The other kind of baseline is *parametric*: scores $s = Wx + b$, one for each class, and after training the data can go. To read one digit, nearest neighbours need 3,000 · 784
# multiply-adds, and a linear classifier needs 784 · 10.

# %% tags=["nbval-check-output"]
claims.exact("multiply-adds, nearest neighbour against linear", 3_000 * 784 / (784 * 10), "300 times")

# %% [markdown]
# That is **300 times** fewer. Train slowly, answer fast: what we usually want.
#
# Which loss? The **multiclass hinge**, the loss of a support vector machine (SVM), asks that the right score exceeds each other score by 1, and is content when it does:
#
# $$L_i = \sum_{j \ne y_i} \max(0,\ s_j - s_{y_i} + 1).$$
#
# (Some books take the largest term in place of the sum.) Its rival is softmax with cross-entropy, $L_i = -\ln\big(e^{s_{y_i}} / \sum_j e^{s_j}\big)$. The notes print $s_k$ in the numerator; it must be the score of the right class.


# %%
def hinge(W, X, y):
    """Return the hinge loss of each row of X (n, d), shape (n,), and the gradient of their mean by W (d, 10)."""
    scores, rows = X @ W, np.arange(len(y))
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    slope = (margins > 0).astype(float)
    slope[rows, y] = -slope.sum(axis=1)
    return margins.sum(axis=1), X.T @ slope / len(y)


# %%
from scipy.special import log_softmax


def cross_entropy(W, X, y):
    """Return the cross-entropy of each row of X (n, d), shape (n,), and the gradient of their mean by W (d, 10)."""
    log_p, rows = log_softmax(X @ W, axis=1), np.arange(len(y))
    slope = np.exp(log_p)
    slope[rows, y] -= 1
    return -log_p[rows, y], X.T @ slope / len(y)


# %% [markdown]
# **By hand first:** with $W = 0$ all ten scores are 0. What are the two losses?

# %% tags=["nbval-check-output"]
A, A_test = (np.column_stack([part - centre, np.ones(len(part))]) for part in (X, X_test))  # 1 for the bias
W = np.zeros((785, 10))
claims.exact("hinge at W = 0", hinge(W, A, y)[0].mean(), "9")
claims.exact("cross-entropy at W = 0", cross_entropy(W, A, y)[0].mean(), "2.303")

# %% [markdown]
# Nine margins of 1 make **9**, and ten equal probabilities make $\ln 10$ = **2.303**. Look at this number before every training. If it is off, the code is.
#
# The second check costs one small function: compare the gradient with a slope measured by a small step to both sides. Always do this before you train with a gradient that you derived yourself.


# %%
def gradient_check(loss, W, X, y, rng, h=1e-5):
    """Return the relative differences of gradient and measured slope at 100 weights at random, of inputs that are used."""
    _, gradient = loss(W, X, y)
    used, found = np.flatnonzero(X.any(axis=0)), []
    for at in zip(rng.choice(used, 100), rng.integers(10, size=100)):
        step = np.zeros_like(W)
        step[at] = h
        slope = (loss(W + step, X, y)[0].mean() - loss(W - step, X, y)[0].mean()) / (2 * h)
        found.append(abs(slope - gradient[at]) / max(abs(slope) + abs(gradient[at]), 1e-12))
    return np.array(found)


# %%
W = rng.normal(0, 0.05, (785, 10))
checks = [gradient_check(loss, W, A[:200], y[:200], rng) for loss in (hinge, cross_entropy)]
flipped = gradient_check(lambda *args: (hinge(*args)[0], -hinge(*args)[1]), W, A[:200], y[:200], rng)
pd.DataFrame([*checks, flipped], index=["hinge", "cross-entropy", "wrong sign"]).T.agg(["median", "max"])

# %% tags=["nbval-check-output"]
medians = np.median(checks, axis=1)
claims.check("gradient check, the larger median", max(medians), "below 1e-6", band=(None, 1e-6), data=MNIST)

# %% [markdown]
# Both medians are below **1e-6**; a forgotten minus sign gives 1. The median tells you that the formula is right for most weights, but a mistake in one class or in the bias hides behind it. So look at the largest value too. If it is large, repeat with a smaller and with a larger step: a kink of the hinge usually goes with the smaller step, rounding with the larger one, and a mistake stays.
#
# Now train both: stochastic gradient descent with momentum, as in lecture 4. The rates come from two folds of seed 0's training digits: for the hinge 0.02 was the best of four; for softmax the rates from 0.02 to 0.3 differed by half a point, and we kept 0.1.


# %%
def train(loss, A, y, eps, rng, n_steps=1_500):
    """Return W (d, 10) after SGD in batches of 100: momentum 0.9, weight decay 0.001, a rate that falls to 0."""
    W = np.zeros((A.shape[1], 10))
    v = np.zeros_like(W)
    for step in range(n_steps):
        batch = rng.integers(len(A), size=100)
        _, gradient = loss(W, A[batch], y[batch])
        v = 0.9 * v - eps * (1 - step / n_steps) * (gradient + 0.001 * W)
        W = W + v
    return W


# %%
trained = {"hinge": train(hinge, A, y, 0.02, rng), "softmax": train(cross_entropy, A, y, 0.1, rng)}
linear_error = {name: 100 * np.mean((A_test @ W).argmax(axis=1) != y_test) for name, W in trained.items()}
pd.Series(linear_error).round(1)

# %% [markdown]
# Against the library, which wants probabilities:

# %%
from scipy.special import softmax
from sklearn.metrics import log_loss

ours = cross_entropy(trained["softmax"], A_test, y_test)[0].mean()
theirs = log_loss(y_test, softmax(A_test @ trained["softmax"], axis=1), labels=np.arange(10))
print(f"cross-entropy on the test digits: {ours:.6f} by hand, {theirs:.6f} by scikit-learn")

# %% [markdown]
# They agree. A sentence from the notes: "SVM accepts once the margin is reached; softmax keeps pushing." That can be seen. Sort the losses of all training digits.

# %% mystnb={"image": {"alt": "Losses of all training digits, sorted from large to small, on a logarithmic axis. The hinge curve breaks off at about a fifth of the digits, because the others have a loss of exactly zero. The softmax curve falls steadily and goes on to the last digit."}}
own_loss = {"hinge": hinge(trained["hinge"], A, y)[0], "softmax": cross_entropy(trained["softmax"], A, y)[0]}
for (name, losses), style in zip(own_loss.items(), ("-", "--")):
    losses = np.sort(losses[losses > 0])[::-1]
    plt.semilogy(100 * np.arange(1, len(losses) + 1) / len(y), losses, style, label=name)
plt.ylim(1e-6, 20)
plt.legend()
plotting.show(
    "The hinge is content with most digits, softmax with none", "training digits, sorted (%)", "loss"
)

# %% tags=["nbval-check-output"]
content = {name: 100 * np.mean(losses == 0) for name, losses in own_loss.items()}
claims.check(
    "hinge, test error", linear_error["hinge"], "10.9 %", band=(9, 12.8), stand_in=(1.8, 3.4), data=MNIST
)
claims.check(
    "softmax, test error", linear_error["softmax"], "10.3 %", band=(9, 11.6), stand_in=(1.5, 2.8), data=MNIST
)
claims.check(
    "hinge, training loss exactly 0",
    content["hinge"],
    "82 %",
    band=(78.5, 85.5),
    stand_in=(70, None),
    data=MNIST,
)
claims.check("softmax, training loss exactly 0", content["softmax"], "0 %", band=(0, 0), data=MNIST)

# %% [markdown]
# On the same 3,000 digits the hinge errs on **10.9 %** and softmax on **10.3 %**, both *worse* than looking up the nearest digit. Their difference depends on rate and decay; we would not call it a law. But the
# sentence holds: the hinge loss is exactly zero on **82 %** of the training digits, the other on **0 %**.

# %% [markdown] tags=["instructor"]
# 10 minutes. Let them compute 9 and ln 10 before the cell. Common confusion: 10 instead of 9, by counting the right class too. Likely question: "which one do networks use?" Softmax, because it returns probabilities; section 8 asks what those are worth.

# %% [markdown]
# ## 6 Choosing uses up the validation set
#
# <details>
# <summary>中文</summary>
#
# 一千个人各抛一百次硬币，猜一百道判断题。先写下一个数：最好的那个猜对多少？
#
# 结果是 **66 %**。换一批题，他还是 50 %。挑模型设置也有同样的便宜，只是小些：真实准确率 93 % 时，一千种互不相关、一样好的设置，在一百个样本上最好的那个平均多得 **6.5 个百分点**；设置彼此相似，得的更少。本讲为了画曲线，多次用了测试图；这种曲线的最低点不能当成成绩来报告。
#
# 更隐蔽的是**在交叉验证外面选特征**。100 个样本，两类各半，5,000 列全是噪声，和标签毫无关系。先在全部样本上挑出和标签最相关的 20 列，再做五折交叉验证。先投票，再往下读：准确率会是多少？
#
# 答案是 **90 %**，而真相是一半。把挑选放进每一折里面、只看那一折的训练部分，得到 **50 %**。十行代码，差别就在挑特征的那一行放在循环里还是循环外。凡是看过标签的步骤，都属于训练。
#
# </details>
#
# A thousand people guess the answers to a hundred yes-or-no questions by tossing coins. What does the *best* of them reach? **Write a number down.**

# %%
tried = (1, 10, 100, 1_000)
best = [np.mean(rng.binomial(100, 0.5, size=(500, m)).max(axis=1)) for m in tried]
np.round(best, 1)

# %% [markdown]
# Each value is a mean over 500 such contests. It can be computed: all $m$ guessers have at most $r$ right with probability $F(r)^m$, where $F$ is the binomial distribution.

# %% mystnb={"image": {"alt": "Percentage right for the best of m coin flippers on 100 questions, against m from 1 to 1,000 on a logarithmic axis. Measured dots lie on the computed curve, which climbs from 50 to 66. A dashed line at 50 per cent marks what the same winner reaches on new questions."}}
m = np.unique(np.geomspace(1, 1_000, 60).astype(int))
exact = [np.sum(1 - binom.cdf(np.arange(100), 100, 0.5) ** one) for one in m]
plt.semilogx(m, exact, label="computed")
plt.semilogx(tried, best, "o", color="C1", label="mean of 500 contests")
plt.axhline(50, color="C2", linestyle="--", label="the winner on new questions")
plt.ylim(45, 70)
plt.legend(loc="upper left")
plotting.show("The winner of many looks better than he is", "coin flippers m", "right by the best (%)")

# %% tags=["nbval-check-output"]
# One contest has an sd of 1.7 points, so the mean of 500 has 0.08.
claims.check("best of 1,000 coin flippers", best[-1], "66 %", band=(65.5, 66.5))
at_93 = np.sum(1 - binom.cdf(np.arange(100), 100, 0.93) ** 1_000)
claims.exact("best of 1,000 settings at a true 93 %, gain", at_93 - 93, "6.5 points")

# %% [markdown]
# **66 %**, and on new questions the winner is back at 50. Settings of a model profit in the same way, though less. At a true accuracy of 93 %, the best of a thousand equal and independent settings gains **6.5 points** on a hundred examples, and settings that resemble each other gain less.
#
# That is why a result should come from *one* test, on digits that chose nothing. This lecture asked its test digits many times, to show you curves. Do not read the lowest point of such a curve as a result.
#
# Now a mistake from real papers (Ambroise and McLachlan found it in medicine). A hundred patients, fifty sick and fifty healthy, 5,000 measurements of each. All the measurements are noise. Keep the 20 measurements that differ most
# between the groups. Then cross-validate a simple rule, the nearer class mean, on those 20. **Vote:** what accuracy comes out?


# %%
def most_different(X, y, n=20):
    """Return the numbers of the n features whose means differ most between the classes 0 and 1 of y."""
    return np.argsort(np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)))[-n:]


def nearer_mean(X, y, asked):
    """Return for each row asked the class, 0 or 1, whose mean over the rows of X is nearer."""
    means = np.array([X[y == label].mean(axis=0) for label in (0, 1)])
    return squared_distances(asked, means).argmin(axis=1)


# %%
def accuracy_of_folds(X, y, choose_inside):
    """Return the accuracy in % over five folds; features are chosen once on all rows, or inside each fold."""
    fold, chosen, right = np.arange(len(y)) % 5, most_different(X, y), []
    for q in range(5):
        known, asked = fold != q, fold == q
        if choose_inside:
            chosen = most_different(X[known], y[known])
        right.append(nearer_mean(X[known][:, chosen], y[known], X[asked][:, chosen]) == y[asked])
    return 100 * np.mean(right)


# %% [markdown]
# Twenty such studies, each done both ways on the same noise:

# %%
groups = np.repeat([0, 1], 50)
studies = [(rng.normal(size=(100, 5_000)), groups) for _ in range(20)]
outside, inside = ([accuracy_of_folds(*study, way) for study in studies] for way in (False, True))
np.round([np.mean(outside), np.mean(inside)], 1)

# %% mystnb={"image": {"alt": "Dots for twenty studies on pure noise, in two rows. Chosen before the folds, all accuracies lie between about 80 and 100 per cent. Chosen inside each fold, they scatter around 50 per cent, where a dashed line marks guessing."}}
for height, found in enumerate((inside, outside)):
    plt.plot(found, height + rng.uniform(-0.15, 0.15, 20), "os"[height], alpha=0.7)
plt.axvline(50, color="0.4", linestyle="--")
plt.yticks([0, 1], ["chosen inside\neach fold", "chosen before\nthe folds"])
plt.ylim(-0.5, 1.5)
plotting.show("Noise looks like 90 % if features are chosen first", "cross-validated accuracy (%)", "")

# %% tags=["nbval-check-output"]
# Over six seeds the means of twenty studies have sds of 0.6 and 2.9 points. Inside, in theory, the mean is 50.
claims.check("noise, features chosen before the folds", np.mean(outside), "90 %", band=(86, 93.5))
claims.check("noise, features chosen inside the folds", np.mean(inside), "50 %", band=(37, 63))

# %% [markdown]
# **90 %** from pure noise. Choose inside each fold, from that fold's training part alone, and **50 %** is left, as it should be. The whole difference is one line, outside or inside the loop. *Every step that looks at labels is part of training.*

# %% [markdown] tags=["instructor"]
# 9 minutes. The most useful ten lines of the lecture: let a student say what the fold's patients told the choice. Likely question: "is scaling by the mean of all rows also a leak?" Yes, a small one; it sees no labels. Use a pipeline and it cannot happen.

# %% [markdown]
# ## 7 How sure is an accuracy?
#
# <details>
# <summary>中文</summary>
#
# 准确率是从有限的测试图上量来的，换一批图就会变。两种办法估计它的波动。公式：$\pm1.96\sqrt{p(1-p)/n}$，根号那一项是标准误。**自助法**（bootstrap）：从测试结果里有放回地重抽，看准确率怎样变。对最近邻的 2,000 张测试图，自助法给出 ±**1.1 个百分点**，公式也一样。
#
# 自助法有时会失灵。先想：测了 100 张，一个没错，自助法给出什么区间？
#
# 重抽一百次“全对”，还是全对，区间是 0 到 0。公式也一样，正负 0。真正的错误率若是 1 %，这种测试出现的概率是 **36.6 %**。
#
# 名义上 95 % 的区间，真正盖住真值的比例可以精确算出。错误率 5 %、n = 1,000 时，自助法 **95.4 %**，没有问题；错误率 1 %、n = 100 时只有 **63.3 %**，而 Wilson 区间有 **92.1 %**。Wilson 区间也不是处处有 95 %。
#
# 还要记住：这个区间只说“换一批测试图”，没有说换一批训练图、换一个随机种子，也没有说换一家医院。
#
# </details>
#
# An accuracy is measured on some test digits. Other digits, another accuracy. How far may it move? Two roads.
#
# *By formula.* The number of errors is binomial, so a share $p$ of $n$ has a standard error $\sqrt{p(1-p)/n}$, and about 95 % of all tests lie within 1.96 of them.
#
# *By resampling*, the **bootstrap**: draw $n$ results from your own $n$ results, with replacement, many times, and look at how the accuracy moves.


# %%
def bootstrap(right, rng, n_times=2_000):
    """Return the ends of the middle 95 % of the accuracy of right (n,), over resamples with replacement."""
    resampled = rng.choice(right, size=(n_times, len(right)))
    return np.quantile(resampled.mean(axis=1), [0.025, 0.975])


# %%
low, high = 100 * bootstrap(right_l2, rng)
p, n = right_l2.mean(), len(right_l2)
print(
    f"accuracy {100 * p:.1f} %; bootstrap {low:.1f} to {high:.1f}; formula ± {196 * np.sqrt(p * (1 - p) / n):.2f}"
)

# %% tags=["nbval-check-output"]
claims.check(
    "half of the bootstrap interval",
    (high - low) / 2,
    "1.1 points",
    band=(0.92, 1.32),
    stand_in=(0.3, 3),
    data=MNIST,
)

# %% [markdown]
# ± **1.1 points** by resampling, and the same by formula. So with 2,000 test digits, nobody should discuss tenths.
#
# **Think before you go on.** A test of 100 digits, and not one error. What does the bootstrap say? The figure below gives its interval for 0 to 5 errors in 100, together with one that Wilson proposed in 1927: all error rates $p$
# which the observed share does not contradict by more than 1.96 of *their* standard errors.


# %%
def bootstrap_limit(errors, n):
    """Return the bootstrap's interval for an error rate, as if resampled infinitely often."""
    return binom.ppf([0.025, 0.975], n, errors / n) / n


def wilson(errors, n, z=1.96):
    """Return Wilson's interval for an error rate (E. B. Wilson, 1927)."""
    p, shrink = errors / n, 1 + z**2 / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.array([middle - half, middle + half]) / shrink


# %%
from scipy.stats import binomtest

theirs = binomtest(3, 100).proportion_ci(method="wilson")
print(f"by hand {wilson(3, 100).round(4)}, SciPy {theirs.low:.4f} {theirs.high:.4f}")

# %% mystnb={"image": {"alt": "Intervals for the error rate after 0 to 5 errors in 100 test examples, two for each count. Wilson's intervals always have a width, from 0 to 3.7 per cent for no error. The bootstrap's interval for no error is a single point at zero, left of the dotted line of a true rate of 1 per cent."}}
for name, interval, marker, lift in (
    ("bootstrap", bootstrap_limit, "s-", -0.12),
    ("Wilson", wilson, "o--", 0.12),
):
    ends = 100 * np.transpose([interval(errors, 100) for errors in range(6)])
    heights = np.tile(np.arange(6) + lift, (2, 1))
    plt.plot(ends, heights, marker, color=f"C{marker[0] == 'o':d}", label=[name, *["_"] * 5])
plt.axvline(1, color="0.4", linestyle=":")
plt.text(1.1, 5.3, "a true rate of 1 %", fontsize=13)
plt.ylim(-0.5, 5.7)
plt.legend(loc="lower right")
plotting.show(
    "After no error the bootstrap's interval has no width", "error rate (%), 95 % intervals", "errors in 100"
)

# %% [markdown]
# With no error seen there is nothing to resample: every resample is perfect, and the interval is 0 to 0. The formula does the same: ± 0. Is that rare? And how often does each interval contain the truth? No simulation is needed: add up the probabilities of all counts whose interval does.


# %%
def coverage(interval, p, n):
    """Return the probability in % that the interval of a test with n examples contains the true error rate p."""
    low, high = np.transpose([interval(errors, n) for errors in range(n + 1)])
    contains = (low <= p + 1e-9) & (p - 1e-9 <= high)
    return 100 * np.sum(binom.pmf(np.arange(n + 1), n, p)[contains])


# %% tags=["nbval-check-output"]
claims.exact("no error in 100 at a rate of 1 %", 100 * binom.pmf(0, 100, 0.01), "36.6 %")
claims.exact("bootstrap contains 5 %, n = 1,000", coverage(bootstrap_limit, 0.05, 1_000), "95.4 %")
claims.exact("bootstrap contains 1 %, n = 100", coverage(bootstrap_limit, 0.01, 100), "63.3 %")
claims.exact("Wilson contains 1 %, n = 100", coverage(wilson, 0.01, 100), "92.1 %")

# %% [markdown]
# At a true rate of 1 %, no error in 100 happens in **36.6 %** of all tests. For a rate of 5 % and 1,000 examples the bootstrap keeps its promise, **95.4 %**. For 1 % and 100 it holds the truth in **63.3 %**, Wilson's interval in
# **92.1 %**. When errors are rare, count them and use Wilson. (Wilson's is not perfect either.)
#
# And remember what no such interval covers: another training set, another random start, another hospital. It speaks of other test examples *of the same kind*, and of nothing else.

# %% [markdown] tags=["instructor"]
# 8 minutes. Ask for the interval after no error before you show the figure; "0 to 0" always raises a laugh. Common confusion: a 95 % interval does not contain 95 % of the digits.

# %% [markdown]
# ## 8 Which errors, and how confident?
#
# <details>
# <summary>中文</summary>
#
# 一个准确率里装着十个数字。画出最近邻的混淆矩阵：总的来说认对九成多，可是最差的那个数字只找回 **86 %**。
#
# 换一道二分类的题：4 还是 9，用 600 张训练逻辑回归，一个正则化很强，一个很弱。先投票，再往下读：两个模型排序、准确率都差不多时，它们说的概率是不是也差不多可信？
#
# 看可靠性图（reliability diagram）和数字。两个 AUC 只差 **0.00**，排序差不多一样好。强正则的那个平均自信比准确率低 **17 个百分点**：它**不够自信**；弱正则的那个高 **4 个百分点**：它**过于自信**。
#
# 对数损失就是测试集上的交叉熵，评的是概率本身。请看表：准确率更高的模型，对数损失也可能更大，只要它错的那几张都错得信心十足。补救只要一个数：过 sigmoid 之前，把分数除以**温度** $T$，在留出的数据上选 $T$，答案一个不变，只改自信。两个模型的平均自信都靠近了准确率（光是平均相等，还不算校准）；弱正则的那个，对数损失降了 **0.22**。排序、准确率、概率是三件事，要用三把尺子。
#
# </details>
#
# One accuracy hides ten digits. Lecture 7 read confusion matrices by rows (the truth) and by columns (the answer). Here is that of the nearest neighbour, with the right answers left white.

# %%
from sklearn.metrics import confusion_matrix

answers = y[neighbours[:, 0]]
table = np.zeros((10, 10), dtype=int)
np.add.at(table, (y_test, answers), 1)
found = 100 * table.diagonal() / table.sum(axis=1)  # recall
print("same as scikit-learn:", np.array_equal(table, confusion_matrix(y_test, answers)), found.round(1))

# %% mystnb={"image": {"alt": "Confusion matrix of ten digits with counts of errors; the diagonal is left white. The darkest cells include fours called nines; several digits, above all the eight, spread their errors over a row."}}
wrong = np.where(np.eye(10, dtype=bool), 0, table)
plt.figure(figsize=(8, 6.4))
plt.imshow(wrong, cmap="Blues")
for (i, j), count in np.ndenumerate(wrong):
    if i != j and count:
        plt.text(
            j,
            i,
            count,
            ha="center",
            va="center",
            fontsize=12,
            color="white" if count > wrong.max() / 2 else "black",
        )
plt.xticks(range(10))
plt.yticks(range(10))
plt.grid(False)
worst = found.argmin()
plotting.show(f"Of the {worst}s, only {found[worst]:.0f} % are found", "nearest neighbour says", "the truth")

# %% tags=["nbval-check-output"]
claims.check(
    "recall of the worst digit", found.min(), "86 %", band=(80, 91.5), stand_in=(80, 100), data=MNIST
)

# %% [markdown]
# More than nine in ten are right on the whole, and of the worst digit **86 %**.
#
# Now the *confidence*. Two logistic regressions (a linear score, then a sigmoid) learn from 600 examples to tell 4 from 9. They differ in one hyperparameter, the weight of the penalty on large weights.

# %%
from sklearn.linear_model import LogisticRegression


def fours_and_nines(x, y):
    """Return the fours and nines as rows of pixels, and 1 for each nine."""
    chosen = np.isin(y, (4, 9))
    return flat(x[chosen]), (y[chosen] == 9).astype(int)


# %%
X_49, y_49 = fours_and_nines(x_train, y_train)
X_new, y_new = fours_and_nines(x_test, y_test)
few, held_out = np.array_split(rng.permutation(len(y_49))[:1_200], 2)  # to fit to, and for later

# %%
models = {
    name: LogisticRegression(C=C, max_iter=5_000).fit(X_49[few], y_49[few])
    for name, C in {"strong penalty": 0.01, "weak penalty": 1_000}.items()
}
p_nine = {name: model.predict_proba(X_new)[:, 1] for name, model in models.items()}

# %% [markdown]
# A model's **confidence** is the probability of its own answer. If it can be believed, then of all digits read with confidence 0.8, 80 % are right. **Vote:** the two models rank digits about equally well. Are their probabilities equally good? In the
# *reliability diagram*, digits are grouped by confidence, and each group's accuracy is drawn against it; a larger dot stands for more digits.


# %%
def reliability(p, y, edges):
    """Return mean confidence (%), accuracy (%) and number of examples of each group between the edges that is not empty."""
    confidence, right = np.maximum(p, 1 - p), (p > 0.5) == y
    group = np.digitize(confidence, edges[1:-1])
    kept = [group == g for g in np.unique(group)]
    return np.array([(100 * confidence[one].mean(), 100 * right[one].mean(), one.sum()) for one in kept]).T


# %% mystnb={"image": {"alt": "Reliability diagram: accuracy against confidence, both in per cent, with the diagonal dotted; larger dots stand for more digits. The model with a strong penalty has dots all along, far above the diagonal: right more often than it says. The model with a weak penalty has nearly all its digits in one large dot near full confidence, below the diagonal."}}
for (name, p), marker, color in zip(p_nine.items(), "os", ("C0", "C1")):
    confidence, accuracy, count = reliability(p, y_new, np.linspace(0.5, 1, 6))
    plt.plot(confidence, accuracy, "-" if marker == "o" else "--", color=color, linewidth=1)
    plt.scatter(confidence, accuracy, 10 + count / 3, color=color, marker=marker, label=name, alpha=0.8)
plt.plot([50, 100], [50, 100], ":", color="0.4", label="as right as it says")
legend = plt.legend(loc="lower right")
for handle in legend.legend_handles[:2]:
    handle.set_sizes([90])
plotting.show("One says too little, the other too much", "confidence (%)", "accuracy (%)")

# %%
from sklearn.metrics import roc_auc_score

rows = {}
for name, p in p_nine.items():
    accuracy, confidence = 100 * np.mean((p > 0.5) == y_new), 100 * np.maximum(p, 1 - p).mean()
    rows[name] = [roc_auc_score(y_new, p), accuracy, confidence, log_loss(y_new, p)]
summary = pd.DataFrame(rows, index=["AUC", "accuracy", "confidence", "log loss"])
summary.round(3)

# %% tags=["nbval-check-output"]
strong, weak = summary["strong penalty"], summary["weak penalty"]
claims.check(
    "AUC, weak minus strong penalty",
    weak["AUC"] - strong["AUC"],
    "0.00",
    band=(-0.008, 0.0115),
    stand_in=(-0.02, 0.02),
    data=MNIST,
)
claims.check(
    "strong penalty, confidence below accuracy",
    strong["accuracy"] - strong["confidence"],
    "17 points",
    band=(14.2, 19.5),
    stand_in=(18, 19.2),
    data=MNIST,
)

# %% tags=["nbval-check-output"]
claims.check(
    "weak penalty, confidence above accuracy",
    weak["confidence"] - weak["accuracy"],
    "4 points",
    band=(2, 7),
    stand_in=(-1.2, 0.6),
    data=MNIST,
)

# %% [markdown]
# The two AUC differ by **0.00**: both rank nearly equally well. But the model with the strong penalty is too modest, its confidence **17 points** *below* its accuracy. That surprised us, for one hears of over-confidence only. The one with the weak penalty is too sure, by **4 points**. The *log loss*, cross-entropy on
# test digits, judges the probabilities themselves. Look at the table: a model may be right more often and still have the larger log loss, if its few errors are made with great confidence.
#
# Can it be mended? Divide all scores by one number, the **temperature** $T$, before the sigmoid. No answer changes, only the confidence. Choose $T$ on digits that were held out from the fit.


# %%
def best_temperature(scores, y):
    """Return the temperature, of 200 from 0.05 to 50, with the smallest log loss of sigmoid(scores / T)."""
    grid = np.geomspace(0.05, 50, 200)
    return grid[np.argmin([log_loss(y, expit(scores / T)) for T in grid])]


# %%
from scipy.special import expit

mended = {}
for name, model in models.items():
    T = best_temperature(model.decision_function(X_49[held_out]), y_49[held_out])
    p = expit(model.decision_function(X_new) / T)
    accuracy, confidence = 100 * np.mean((p > 0.5) == y_new), 100 * np.maximum(p, 1 - p).mean()
    mended[name] = [T, accuracy, confidence, log_loss(y_new, p)]
mended = pd.DataFrame(mended, index=["temperature", "accuracy", "confidence", "log loss"])
mended.round(3)

# %% tags=["nbval-check-output"]
claims.check(
    "weak penalty, log loss saved by a temperature",
    weak["log loss"] - mended["weak penalty"]["log loss"],
    "0.22",
    band=(0.05, 0.4),
    stand_in=None,  # there no four looks like a nine, and great confidence is justified
    data=MNIST,
)

# %% [markdown]
# Now the mean confidence of both is near their accuracy (which alone is not calibration), and the one with the weak penalty has saved **0.22** of its log loss with one number. Ranking, accuracy and probability are three things. Measure the one that you will use.

# %% [markdown] tags=["instructor"]
# 10 minutes. Ask first which digit will be worst. Let the class place both models on an empty reliability diagram. Likely question: "why does a strong penalty make it modest?" It holds the weights down, and with them all scores.

# %% [markdown]
# ## ★ 9 Where the best possible error is known
#
# <details>
# <summary>中文</summary>
#
# 第 2 节说，错标签会让 $k=1$ 吃亏。平面上的两团点重叠时也一样：没有任何规则能低于 **15.9 %**，单个邻居却把每个落错边的点都当真。拖动滑块，看边界怎样由碎变平。
#
# Cover 和 Hart 证明，数据足够多时，1-NN 的错误率不超过最优的两倍。所以最优错误率很小时，只问一个邻居也亏不了多少。
#
# </details>
#
# Section 2 punished one neighbour by wrong labels. The same happens on a plane, where the best possible error is known. Two round clouds overlap; even the perfect rule errs whenever a point lies on the wrong side of the middle.

# %% tags=["nbval-check-output"]
from scipy.stats import norm


def clouds(n, rng):
    """Return n points (n, 2) of two round clouds whose centres lie 2 sd apart, and their labels 0 and 1."""
    labels = np.arange(n) % 2
    return rng.normal(size=(n, 2)) + np.outer(labels, [2, 0]), labels


claims.exact("best possible error on the clouds", 100 * norm.cdf(-1), "15.9 %")


# %%
def cloud_answers(k, points, labels, asked):
    """Return what k-NN on labelled points (n, 2) answers for the points asked: 0 or 1, shape (len(asked),)."""
    return vote(labels[nearest(squared_distances(asked, points), k)])


points, labels = clouds(200, rng)
new_points, new_labels = clouds(2_000, rng)

# %% [markdown]
# No rule can go below **15.9 %**. Cover and Hart proved that, with enough data, one neighbour stays below *twice* the best possible error. So where the best possible error is small, one neighbour loses little. In a live notebook the next cell has a slider for $k$. Watch the islands go.

# %% mystnb={"image": {"alt": "A plane with two overlapping clouds of points, circles and crosses, over the two regions of the nearest-neighbour rule. With 1 neighbour, the slider's start, the regions are ragged and have islands around single points."}}
from ipywidgets import IntSlider, fixed, interact


def explore(k, points, labels, new_points, new_labels):
    """Draw the regions of k-NN and its error on its own points and on new ones."""
    grid = np.stack(np.meshgrid(np.linspace(-3, 5, 160), np.linspace(-3, 3, 120)), axis=-1)
    regions = cloud_answers(k, points, labels, grid.reshape(-1, 2)).reshape(120, 160)
    plt.contourf(*grid.transpose(2, 0, 1), regions, levels=[-0.5, 0.5, 1.5], colors=["C0", "C1"], alpha=0.25)
    for label, marker in enumerate("ox"):
        plt.plot(*points[labels == label].T, marker, color=f"C{label}", markersize=6)
    own = 100 * np.mean(cloud_answers(k, points, labels, points) != labels)
    new = 100 * np.mean(cloud_answers(k, points, labels, new_points) != new_labels)
    plotting.show(
        f"k = {k}: {own:.0f} % wrong on its own points, {new:.0f} % on new ones",
        "first feature",
        "second feature",
    )


slider = IntSlider(1, min=1, max=199, step=2, description="k", continuous_update=False)
data = {"points": points, "labels": labels, "new_points": new_points, "new_labels": new_labels}
explored = interact(explore, k=slider, **{name: fixed(value) for name, value in data.items()})

# %% [markdown]
# ## ★ 10 From Gaussians to a line, and back
#
# <details>
# <summary>中文</summary>
#
# 线性分类器还有另一个来历。假设每一类都是高斯分布 $N(\mu_c,\Sigma)$，协方差相同，用贝叶斯公式一算，后验概率正好是 $\sigma(w^\top x+b)$，其中 $w=\Sigma^{-1}(\mu_1-\mu_0)$：二次项消掉了。这就是**线性判别分析**（LDA）。若每类的协方差不同，二次项消不掉，得到**二次判别**（QDA）。
#
# 先猜：只有 600 张图，在 784 个像素上做 LDA，会比“离哪个类的均值最近”好吗？
#
# 600 个样本定不出 784 维的协方差，矩阵几乎奇异，求逆把噪声放得极大。几乎不加岭时，LDA 比最近均值还多错 **42 个百分点**。
#
# 换到 40 个主成分、3,000 张图：LDA 错 **14 %**，QDA（岭 0.1，由种子 0 的训练图做五折、八个值里选出）只错 **4.1 %**，比本讲所有别的方法都好。可见“各类协方差相同”这个假设，对手写数字来说是错的。
#
# </details>
#
# A line can also be derived. Suppose that class $c$ is Gaussian with mean $\mu_c$ and that all classes share one covariance $\Sigma$. Bayes' rule for two classes then gives
#
# $$P(y = 1 \mid x) = \sigma\big(w^\top x + b\big), \qquad w = \Sigma^{-1}(\mu_1 - \mu_0),$$
#
# because the terms that are quadratic in $x$ cancel. Classifying so is **linear discriminant analysis**, LDA. If each class keeps a covariance of its own, the quadratic terms stay: QDA. First the identity, on a thousand points.

# %%
from scipy.stats import multivariate_normal

mu_0, mu_1, Sigma = np.array([0, 0]), np.array([1.5, -1]), np.array([[2, 0.8], [0.8, 1]])
x = 3 * rng.normal(size=(1_000, 2))
density_0, density_1 = (multivariate_normal.pdf(x, mu, Sigma) for mu in (mu_0, mu_1))
w = np.linalg.solve(Sigma, mu_1 - mu_0)
b = -w @ (mu_0 + mu_1) / 2
print(f"largest difference {np.abs(density_1 / (density_0 + density_1) - expit(x @ w + b)).max():.0e}")

# %% [markdown]
# Now ten classes. With a shared covariance the score of class $c$ is linear in $x$: $\mu_c^\top \Sigma^{-1} x - \tfrac12 \mu_c^\top \Sigma^{-1} \mu_c + \ln \pi_c$, where $\pi_c$ is the share of the class. The argument `ridge` adds a multiple of the
# mean variance to the diagonal, as in ridge regression. QDA's 0.1 was the best of eight values in five folds of seed 0's training digits.


# %%
def by_class(X, y):
    """Return the ten class means (10, d) and the logarithms of the ten classes' shares (10,)."""
    return np.array([X[y == c].mean(axis=0) for c in range(10)]), np.log(np.bincount(y) / len(y))


def lda(X, y, asked, ridge=0.0):
    """Return LDA's answer, 0 to 9, for each row asked (n, d)."""
    means, log_shares = by_class(X, y)
    residual = X - means[y]
    covariance = residual.T @ residual / (len(y) - 10)
    covariance += ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    W = np.linalg.solve(covariance, means.T)
    return np.argmax(asked @ W - np.sum(means.T * W, axis=0) / 2 + log_shares, axis=1)


# %%
def qda(X, y, asked, ridge=0.1):
    """Return QDA's answer, 0 to 9, for each row asked (n, d); each class has its own covariance."""
    means, log_shares = by_class(X, y)
    scores = np.empty((len(asked), 10))
    for c in range(10):
        covariance = np.cov(X[y == c].T)
        covariance += ridge * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        away = (asked - means[c]).T
        squares = np.sum(away * np.linalg.solve(covariance, away), axis=0)
        scores[:, c] = log_shares[c] - squares / 2 - np.linalg.slogdet(covariance)[1] / 2
    return np.argmax(scores, axis=1)


# %%
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

Z, Z_test = coordinates[:, :40].astype(float), test_coordinates[:, :40].astype(float)
lda_error, qda_error = (100 * np.mean(rule(Z, y, Z_test) != y_test) for rule in (lda, qda))
theirs = LinearDiscriminantAnalysis().fit(Z, y).predict(Z_test)
print(f"same labels as scikit-learn: {np.mean(theirs == lda(Z, y, Z_test)):.1%}")

# %% [markdown]
# And on all 784 pixels, from 600 digits only. **Predict:** is LDA better than answering with the nearest class mean?

# %%
few_digits, few_labels = X[:600].astype(float), y[:600]
class_means, _ = by_class(few_digits, few_labels)
mean_error = 100 * np.mean(squared_distances(X_test, class_means).argmin(axis=1) != y_test)
pixel_error = [100 * np.mean(lda(few_digits, few_labels, X_test, ridge) != y_test) for ridge in (1e-6, 3)]
np.round([mean_error, *pixel_error], 1)

# %% tags=["nbval-check-output"]
claims.check(
    "LDA on pixels, hardly a ridge, worse than the nearest mean by",
    pixel_error[0] - mean_error,
    "42 points",
    band=(30, 55),
    stand_in=None,  # its 784 pixels are 64 enlarged, and 600 digits determine their covariance
    data=MNIST,
)
claims.check("LDA on 40 components", lda_error, "14 %", band=(12.2, 15.1), stand_in=(2, 12), data=MNIST)
claims.check("QDA on 40 components", qda_error, "4.1 %", band=(3.6, 4.7), stand_in=(0, 5), data=MNIST)

# %% [markdown]
# Worse, by **42 points**: 600 digits cannot determine a covariance of 784 pixels. The matrix is nearly singular, and its inverse magnifies noise. A large ridge mends it. On 40 components and all 3,000 digits LDA errs on **14 %** and QDA on
# **4.1 %**: better than every other method of this lecture, with Gaussians. One common covariance is the wrong assumption for handwriting: a 1 varies by its slant, a 0 by its width.

# %% [markdown]
# ## ★ 11 Ten clusters are not ten digits
#
# <details>
# <summary>中文</summary>
#
# **k-means** 不看标签：随机放十个中心，每张图归最近的中心，中心再移到自己那一群的平均，反复做。每一步都不会让总的距离平方变大，所以一定会停，但不一定停在最好的地方。
#
# 先猜：把 3,000 张数字分成十群，会正好是十个数字吗？
#
# 给每一群贴上其中最多的那个数字，只有 **58 %** 的图贴对了。看图上的标题：常有一个数字占了两群，另一个一群也没有。群是由像素距离划的，而像素距离是一把不好的尺子：4、7、9 混在一起，1 可能按斜度分成两群。
#
# </details>
#
# Without any labels, what groups does pixel distance find? **k-means**: place ten centres, give every digit to its nearest centre, move each centre to the mean of its digits, and repeat.


# %%
def k_means(X, centres, n_steps=60):
    """Return the centres (k, d), each row's cluster (n,), and the mean squared distance at each step."""
    history = []
    for _ in range(n_steps):
        D = squared_distances(X, centres)
        cluster = D.argmin(axis=1)
        history.append(D.min(axis=1).mean())
        centres = np.array([X[cluster == c].mean(axis=0) for c in range(len(centres))])
    return centres, cluster, np.array(history)


# %%
start = X[rng.choice(len(X), 10, replace=False)]
centres, cluster, history = k_means(X, start)
print(
    f"mean squared distance {history[0]:.1f} at first, {history[-1]:.1f} in the end; never rises: {np.diff(history).max() < 1e-4}"
)

# %% [markdown]
# The same start in scikit-learn, and then the labels: which digit is the commonest in each cluster?

# %%
from sklearn.cluster import KMeans

theirs = KMeans(10, init=start, n_init=1, max_iter=60, tol=0).fit(X)
counts = np.array([np.bincount(y[cluster == c], minlength=10) for c in range(10)])
majority = counts.argmax(axis=1)
print(f"same clusters: {np.mean(theirs.labels_ == cluster):.1%}")

# %% mystnb={"image": {"alt": "Ten blurred pictures, the centres of ten clusters, each titled with its commonest digit and that digit's share. Most centres are mixtures of several digits; some digits appear twice or not at all."}}
fig, axes = plt.subplots(2, 5, figsize=(10, 4.8))
for c, ax in enumerate(axes.flat):
    ax.imshow(centres[c].reshape(28, 28), cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    ax.set_title(f"{majority[c]}: {counts[c].max() / counts[c].sum():.0%}", fontsize=14)
fig.suptitle("Ten clusters are not ten digits: each is a mixture", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
purity = 100 * counts.max(axis=1).sum() / len(y)
claims.check(
    "digits that carry their cluster's majority label",
    purity,
    "58 %",
    band=(42, 74),
    stand_in=(50, 95),
    data=MNIST,
)

# %% [markdown]
# If each cluster gave its commonest digit as the name of all, only **58 %** of the digits would be named rightly. Look at the titles: often one digit is the commonest in two clusters, and another in none. Clusters follow the pixel distance, and it is a poor ruler: 4, 7 and 9 share, and a 1 may be split by its slant.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的值放在一起。凡带随机性的，课文写的是十个随机种子的平均，你这一次会略有出入；允许的范围来自这十个种子或理论。读完第 7 节，你应当知道为什么会有出入。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean
# over ten seeds, and yours is one more.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row where this run and the stated mean differ, and ask which of section 7's reasons it is.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 先做基线：最近邻不训练，线性分类器几步就够；网络的成绩要和它们比。
# - 超参数用交叉验证选，测试集只用一次；比较两种方法要在同一批图上配对。
# - 距离有意义，邻居才有意义：两个像素的平移就毁了它；维数灾难跟着数据走，不跟着列数走。
# - 训练之前先看起始损失，核对梯度。
# - 凡看过标签的步骤都属于训练；选得越多，验证集越不可信。
# - 给准确率配上区间；错误很少时用 Wilson。排序、准确率、概率是三件事。
#
# </details>
#
# - Baseline first. Looking up the nearest digit needs no training, and a network has to beat it.
# - Folds choose hyperparameters, the test set is used once, and two methods are compared in pairs.
# - Neighbours are worth what the distance is worth. The curse of dimension follows the data, not the number of columns.
# - Before training, look at the first loss and check the gradient.
# - Every step that looks at labels is training. The more you choose, the less the validation score means.
# - Give an accuracy its interval, Wilson's if errors are rare. Ranking, accuracy and probabilities are three things.

# %% [markdown] tags=["instructor"]
# 1 minute. Ask which of the six lines their last project broke.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 试了两百组超参数，报告其中最好的验证准确率。它偏低、正好，还是偏高？
#
# B. 测了 200 张，一个没错。能说准确率是 100 % 吗？
#
# C. 同样 1,000 张测试图，甲对 920 张，乙对 930 张。乙更好吗？
#
# </details>
#
# **A.** You tried two hundred settings and report the best one's accuracy on the validation set. Is it too low, about right, or too high?
#
# <details>
# <summary>Answer</summary>
#
# Too high. "About right" tempts because no single setting saw those labels in training. But the choice did: it is a fit with two hundred candidates. Measure the winner once on data that chose nothing.
#
# 偏高。“正好”听着有理，因为每组设置训练时都没有看过这些标签；可是挑选的时候看了，挑选本身就是一次拟合。把赢家放到没参与挑选的数据上再测一次。
#
# </details>
#
# **B.** Two hundred test digits, no error. Is the accuracy 100 %?
#
# <details>
# <summary>Answer</summary>
#
# It may be. A true error rate of 1.5 % still passes such a test in one of twenty cases: the rule of three says "up to about 3/n". "Yes, ± 0" is what the bootstrap answers, and it has nothing to resample.
#
# 不一定。真实错误率是 1.5 % 时，二十次里还有一次能一个不错；“三的法则”说：上限大约是 3/n。“100 %，正负 0”正是自助法的回答，因为它没有错误可抽。
#
# </details>
#
# **C.** On the same 1,000 test digits one model has 920 right, another 930. Is the second better?
#
# <details>
# <summary>Answer</summary>
#
# That depends on how often they differ. If exactly ten digits separate them, all in favour of the second, it is better almost certainly. If they differ on 210, 100 to 110, a coin does that. "No, ten is less than the standard error of a difference, 12 digits" tempts, but that compares them as if on different digits.
#
# 要看它们有多少张答得一对一错。若只有十张，全是乙对，那几乎肯定是乙好；若有 210 张，100 比 110，抛硬币也会这样。“差十张，不到两者之差的标准误（12 张），所以不能说”忘了两者考的是同一张卷子。
#
# </details>

# %% [markdown] tags=["instructor"]
# 6 minutes. In C, make the class ask for the missing number before you unfold the answer.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 留一法：每张图轮流当考题，其余全部当资料。先预测：如果数据里每张图都不小心存了两份，留一法会说错误率是多少？
# 2. 由混淆矩阵算宏平均 F1：每一类各算各的 F1，再取平均。
# 3. 测了 n 张，一个没错：真实的错误率最大可能是多少？
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. Leave one out.* The extreme of cross-validation: every digit is asked once, and all others are its data. `D` holds the squared distances of all digits to each other, `y` their labels. Return the share that 1-NN gets wrong.
#
# **Predict first**, and write it down: by accident every digit was stored twice. What will leave-one-out say of such data?

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def leave_one_out(D, y):
    return ...


def check_leave_one_out(f):
    places = np.array([0.0, 1, 10, 12, 30, 31, 33])
    y = np.array([3, 3, 5, 5, 7, 7, 5])
    D = (places[:, None] - places) ** 2
    share = f(D.copy(), y.copy())
    if reason := misshapen(share, ()):
        return reason + ", the share of all digits that are named wrongly"
    if np.isclose(share, 0):
        return "0: the nearest digit of each is the digit itself. Leave it out"
    if np.isclose(share, 6 / 7):
        return "that is the share named rightly; return the share named wrongly"
    if np.isclose(share, 100 / 7):
        return "that is in per cent: return a share between 0 and 1"
    if not np.isclose(share, 1 / 7):
        return f"for digits at places {places} one of seven is wrong, 0.143; you found {share:.3f}"
    if not np.isclose(f(D + 4, y), 1 / 7):
        return "4 added to all distances changes who is nearest: leave a digit out by its place, not by its distance of 0"
    if not np.isclose(f(np.zeros((2, 2)), np.array([3, 5])), 1):
        return "of two equal images with labels 3 and 5, each finds the other, so both are wrong: leave a digit out by its place"


attempt(leave_one_out, check_leave_one_out)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def leave_one_out_solution(D, y):
    D = D.copy()
    np.fill_diagonal(D, np.inf)
    return np.mean(y[D.argmin(axis=1)] != y)


twice = np.repeat(np.arange(1_000), 2)
for name, rows in (("1,000 digits", np.arange(1_000)), ("the same, stored twice", twice)):
    print(f"{name}: {leave_one_out_solution(squared_distances(X[rows], X[rows]), y[rows]):.1%} wrong")
assert check_leave_one_out(leave_one_out_solution) is None

# %% [markdown]
# And your prediction? Each digit finds its copy, and copies the right label. Duplicates make any method look good that can look things up, a large network included. Search for them before you split.
#
# *2. Macro F1.* From a confusion matrix (rows: truth, columns: answer), compute each class's F1 = 2 · precision · recall / (precision + recall), and return their mean. For cars, bicycles and trucks, try [[8, 2, 1], [1, 7, 2], [2, 0, 12]].


# %% tags=["nbval-check-output"]
def macro_f1(table):
    return ...


def check_macro_f1(f):
    for table in (np.array([[8, 2, 1], [1, 7, 2], [2, 0, 12]]), np.array([[90, 0], [5, 5]])):
        hits, truth, named = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
        each = 2 * hits / (truth + named)
        score = f(table.copy())
        if np.shape(score) == each.shape and np.allclose(score, each):
            return "those are the F1 of the classes, and right: return their mean"
        if reason := misshapen(score, ()):
            return reason
        known = {
            "the accuracy, which is the *micro* F1": hits.sum() / table.sum(),
            "the mean recall of the classes, without precision": np.mean(hits / truth),
            "the mean precision of the classes, without recall": np.mean(hits / named),
            "the mean weighted by class sizes; macro counts every class alike": truth @ each / truth.sum(),
        }
        P, R = np.mean(hits / named), np.mean(hits / truth)
        known["the F1 of the mean precision and mean recall; take the mean last"] = 2 * P * R / (P + R)
        for what, value in known.items():
            if np.isclose(score, value) and not np.isclose(value, each.mean()):
                return f"{score:.4f} is {what}"
        if not np.isclose(score, each.mean()):
            return f"for {table.tolist()} it should be {each.mean():.4f}, and you found {score:.4f}"


attempt(macro_f1, check_macro_f1)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def macro_f1_solution(table):
    recall = table.diagonal() / table.sum(axis=1)
    precision = table.diagonal() / table.sum(axis=0)
    return np.mean(2 * precision * recall / (precision + recall))


assert check_macro_f1(macro_f1_solution) is None

# %% [markdown]
# *3. No error seen.* A test of n examples, and not one error. Return the largest error rate p for which such a test still happens with a probability of 5 %.


# %% tags=["nbval-check-output"]
def largest_rate(n):
    return ...


def check_largest_rate(f):
    for n in (100, 10):
        rate, right = f(n), 1 - 0.05 ** (1 / n)
        if reason := misshapen(rate, ()):
            return reason
        if np.isclose(rate, 3 / n):
            return f"3/n = {rate:.4f} is the rule of thumb, a little too large: solve (1 − p)ⁿ = 0.05 for p"
        if np.isclose(rate, 1 - right):
            return f"{rate:.4f} is the probability 1 − p of a right answer: return p"
        if np.isclose(rate, 1 - 0.95 ** (1 / n)):
            return "at that rate the test is passed with a probability of 95 %: the largest rate has 5 %"
        if np.isclose(rate, 1 - 0.05**n):
            return "0.05 needs the n-th *root*: (1 − p)ⁿ = 0.05"
        if np.isclose(rate, 100 * right):
            return "that is in per cent: return a share between 0 and 1"
        if not np.isclose(rate, right):
            return f"for n = {n} it should be {right:.4f}, and you found {rate:.4f}"


attempt(largest_rate, check_largest_rate)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def largest_rate_solution(n):
    return 1 - 0.05 ** (1 / n)


assert check_largest_rate(largest_rate_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Cover 与 Hart 证明了最近邻的两倍界；Levina 与 Bickel 估计数据真正的维数；Ambroise 与 McLachlan 揭出在交叉验证外面选基因的毛病，Cawley 与 Talbot 讲选择本身的过拟合；Brown、Cai 与 DasGupta 比较二项比例的各种区间；Guo 等人讲神经网络的校准。
#
# </details>
#
# - T. Cover, P. Hart, *Nearest neighbor pattern classification*, IEEE Transactions on Information Theory 13 (1967).
# - E. Levina, P. Bickel, *Maximum likelihood estimation of intrinsic dimension*, NIPS 2004.
# - C. Ambroise, G. McLachlan, *Selection bias in gene extraction on the basis of microarray gene-expression data*, PNAS 99 (2002).
# - G. Cawley, N. Talbot, *On over-fitting in model selection and subsequent selection bias in performance evaluation*, Journal of Machine Learning Research 11 (2010).
# - L. Brown, T. Cai, A. DasGupta, *Interval estimation for a binomial proportion*, Statistical Science 16 (2001).
# - C. Guo, G. Pleiss, Y. Sun, K. Weinberger, [On calibration of modern neural networks](https://arxiv.org/abs/1706.04599), ICML 2017.
