# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Sequences: counting against remembering
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/13_sequences.ipynb)
#
# A text, a melody, a patient's record: each is a row of things whose order is the message. The oldest way to predict what comes next is to count what came
# next before. The newer way is a network that reads one symbol after another and keeps a memory. What does a network that remembers know that a table of counts does
# not, and what does remembering cost? We measure both on a million characters of Shakespeare.
#
# **You will**
#
# - measure a model of text in bits per character;
# - count with a context of 0 to 7 letters, find the length that pays, and improve on it;
# - write text at several temperatures, and judge it by two numbers at once;
# - build a recurrent network by hand, with its gradient through time, and prove both against Keras;
# - see which networks remember before they have learned anything, and what that does to their training.
#
# **You need** cross-entropy (lecture 3), Adam (lecture 4), backpropagation (lecture 8).
# **It takes** 84 minutes to teach and under 70 seconds to run on 2 CPU cores. Sections marked ★ go deeper: read them at home.
#
# **Figures in bold** were measured. Where chance enters, they are means over ten seeds: your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("13")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 What a sequence is, and what it costs in bits
#
# <details>
# <summary>中文</summary>
#
# 第 5 讲最后说：有的数据，次序只是约定；有的数据，次序本身就是信息。文字、语音、病历都属于后一种，叫作**序列**。下面的表列出课程里的六种任务，看清每一种的输入和输出：是一个，还是一串。
#
# 把序列看成随机过程，链式法则 $p(x_1,\dots,x_T)=\prod_t p(x_t\mid x_1,\dots,x_{t-1})$ 是严格成立的。“只看前 $n$ 个”才是近似，叫 $n$ 阶马尔可夫假设。
#
# 怎样给模型打分？把它给真正出现的下一个字符的概率取 $-\log_2$，再求平均，单位是**每字符比特**。概率 ½ 付 1 比特，¼ 付 2 比特；一个压缩程序要付的正是这么多。训练里的交叉熵用自然对数，除以 0.693 就换成比特。
#
# 数据是莎士比亚的剧本，约一百一十万个字符，65 种符号；最后一成留作测试，按位置切开。什么都不知道，每个字符要付 **6.02** 比特；只知道字母的频率，付 **4.83** 比特。
#
# </details>
#
# Lecture 5 ended with data whose order is the message. Such data are **sequences**. Six tasks of the course, by what goes in and what comes out:
#
# | task | in | out |
# | --- | --- | --- |
# | image captioning | one image | many words |
# | sentiment | many words | one label |
# | personality scores | many words | one vector |
# | translation | many words | many words |
# | text to speech | many letters | many sound samples |
# | generation | the text so far | the next symbol, again and again |
#
# A sequence is a *stochastic process*, and the chain rule is exact:
#
# $$p(x_1, \dots, x_T) = \prod_{t=1}^{T} p(x_t \mid x_1, \dots, x_{t-1}).$$
#
# To look back at only $n$ symbols is an approximation, the *Markov assumption* of order $n$. So every model of this lecture answers one question: given what came before, how probable is each next symbol?
#
# We need a measure. Take the probability that the model gave to the character that really came, and average $-\log_2$ of it over the text: **bits per character**. It is what a compressor
# would pay, and it is the cross-entropy of lecture 3 with $\log_2$ for $\ln$ (divide by 0.693). By hand: probabilities ½, ¼, ¼ cost 1, 2 and 2 bits.

# %% tags=["nbval-check-output"]
import numpy as np


def bits(p):
    """Return the mean of −log2 p: bits per character, for the probabilities of the characters that came."""
    return -np.log2(p).mean()


# %% tags=["nbval-check-output"]
float(bits(np.array([1 / 2, 1 / 4, 1 / 4])).round(3))

# %% [markdown]
# The data: speeches from Shakespeare's plays, one after the other. We turn each character into a number, and hold out the last tenth *by position*.

# %%
from utils.datasets import load_tiny_shakespeare

PLAYS = ("tiny_shakespeare",)  # the data that our claims rest on
text = load_tiny_shakespeare()
print(text[:150])

# %% [markdown]
# The alphabet, in the order of its code numbers, and the two parts:

# %%
alphabet = "".join(sorted(set(text)))
number_of = np.zeros(128, dtype=int)
number_of[[ord(symbol) for symbol in alphabet]] = range(len(alphabet))


def encode(text):
    """Return a text's symbols as whole numbers from 0 to 64."""
    return number_of[np.frombuffer(text.encode(), dtype="uint8")]


# %%
n = int(0.9 * len(text))
train, held = encode(text[:n]), encode(text[n:])
len(alphabet), len(train), len(held)

# %% [markdown]
# Two models to begin with. The first knows nothing: 65 symbols, all alike. The second knows how often each symbol occurs in the training part. (One is added to every count, so that nothing has
# probability zero.)

# %%
V = 65
frequency = (np.bincount(train, minlength=V) + 1) / (len(train) + V)
by_frequency = bits(frequency[held])

# %% tags=["nbval-check-output"]
claims.exact("65 symbols, all alike", np.log2(V), "6.02 bits")
# Counts of a fixed text, without chance: the band leaves room for the last digit stated and no more.
claims.check(
    "letter frequencies", by_frequency, "4.83 bits", band=(4.82, 4.84), stand_in=(4.62, 4.66), data=PLAYS
)

# %% [markdown]
# Knowing nothing costs **6.02 bits** a character. Knowing the letters' frequencies costs **4.83 bits**. How much does each letter of context save?

# %% [markdown] tags=["instructor"]
# 7 minutes. Let the class fill the last column of the table. Likely question: "why not accuracy?" The next letter is often open: a good model spreads its bets, and bits reward honest bets. Common
# confusion: a *smaller* number is better, and it can only reach 0 for a text with no surprise at all.

# %% [markdown]
# ## 2 Counting, and how much context helps
#
# <details>
# <summary>中文</summary>
#
# 最老的语言模型就是数数：看到前面 $k$ 个字母，数一数训练文本里接着出现的是什么。以 abracadabra 为例，字母 a 后面出现过 b、c、d、b，所以 b 的概率是 2/4。
#
# 没见过的组合概率为零，$-\log_2 0$ 是无穷大。最简单的补救是加一平滑：每个计数都加 1。
#
# 先投票，再往下读结果：上下文取 0 到 7 个字母，哪个长度在测试部分最好？一直更长更好吗？
#
# 结果是一条 U 形曲线：最好的是 **3 个字母**，**2.82** 比特；到 7 个字母，反而要 **4.89** 比特，比只看频率还差。
#
# 这里有两个毛病。不加平滑的表，在训练文本自己身上看 9 个字母只要 **0.37** 比特，几乎背了下来；可是只看 7 个字母时，测试部分里就已经有 **50 %** 的八字母串一次也没见过，概率是零：这是第 1 讲的过拟合，没用到一次梯度下降。加一又矫枉过正：就连在训练文本上，加一的曲线也是 U 形，看 7 个字母要 **4.1** 比特。回升的大半，是凭空加上的 65 造成的，第 3 节来解决。
#
# </details>
#
# The oldest language model counts. After the context of the last $k$ letters, which letters came next in the training text, and how often? In *abracadabra*, after *a* came b, c, d, b: so b has
# probability 2/4 there.
#
# In code, a run of letters becomes one whole number, its digits to base 65. Sorting such numbers and counting equal ones is all that fitting means.


# %% tags=["nbval-check-output"]
def grams(x, k):
    """Return a whole number for each run of k symbols along the last axis of x: its digits to base 65."""
    length = x.shape[-1] - k + 1
    code = np.zeros((*x.shape[:-1], length), dtype=np.int64)  # holds ten symbols, and not eleven
    for j in range(k):
        code = code * 65 + x[..., j : j + length]
    return code.ravel()


# %% tags=["nbval-check-output"]
grams(np.array([1, 2, 1, 2]), 2)

# %% [markdown]
# Three runs of two: 1·65 + 2 = 67, then 131, then 67 again. Next we need the counts of many runs at once; what was never seen counts 0.


# %% tags=["nbval-check-output"]
def look_up(keys, values, wanted):
    """Return the value of each wanted key, 0 where it is missing. `keys` is sorted."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)


# %% tags=["nbval-check-output"]
look_up(np.array([67, 131]), np.array([2, 1]), np.array([67, 68, 131]))

# %% [markdown]
# A run that was never seen gets probability 0, and $-\log_2 0$ is infinite: one surprise, and the whole text costs infinitely much. The simplest cure is to add one to every count.


# %%
def add_one(train, held, k):
    """Return the probability of each symbol of held after its first k, by counts in train plus one."""
    seen, times = np.unique(grams(train, k + 1), return_counts=True)
    contexts, totals = np.unique(grams(train, k + 1) // 65, return_counts=True)
    wanted = grams(held, k + 1)
    return (look_up(seen, times, wanted) + 1) / (look_up(contexts, totals, wanted // 65) + 65)


# %% [markdown]
# **Vote before you run on.** Contexts of 0, 1, …, 7 letters. Which is best on the held-out text? Does more context always help?

# %%
lengths = np.arange(8)
on_held = np.array([bits(add_one(train, held, k)) for k in lengths])
on_held.round(2)

# %% [markdown]
# Three more rows explain it: the bits of the *training* text by its own counts, without smoothing; the share of held-out runs that the table has never seen; and what adding one costs on a piece of the training text.


# %%
def own_bits(train, k):
    """Return the bits per character of a text by its own counts, without smoothing."""
    seen, times = np.unique(grams(train, k + 1), return_counts=True)
    contexts, totals = np.unique(grams(train, k + 1) // 65, return_counts=True)
    p = times / look_up(contexts, totals, seen // 65)
    return np.sum(times * -np.log2(p)) / times.sum()


def unseen(train, held, k):
    """Return the share (%) of held's runs of k + 1 symbols that train does not hold."""
    return 100 * np.mean(~np.isin(grams(held, k + 1), grams(train, k + 1)))


# %%
on_train = np.array([own_bits(train, k) for k in (*lengths, 8, 9)])
never = np.array([unseen(train, held, k) for k in lengths])
added_on_train = np.array([bits(add_one(train, train[-len(held) :], k)) for k in lengths])
on_train.round(2), never.round(1), added_on_train.round(2)

# %% mystnb={"image": {"alt": "Bits per character against the number of letters of context. On held-out text the line falls from 4.8 to its lowest point at three letters and rises again, to 4.9 at seven: a U. On the training text with one added the line makes a U as well, a little lower. On the training text by its own counts it falls all the way, to 0.4 at nine letters."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
plt.plot(lengths, on_held, "o-", label="held-out text, one added to each count")
plt.plot(lengths, added_on_train, "^:", label="training text, one added to each count")
plt.plot(np.arange(10), on_train, "s--", label="training text by its own counts")
plt.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0))
plt.ylim(0, 8.5)
plotting.show(
    f"Held out, {on_held.argmin()} letters of context are best", "letters of context", "bits per character"
)

# %% tags=["nbval-check-output"]
# Counts of a fixed text, without chance: the bands leave room for the last digit stated and no more.
claims.check("best context, one added", on_held.argmin(), "3 letters", band=(3, 3), data=PLAYS)
claims.check(
    "one added, 3 letters", on_held[3], "2.82 bits", band=(2.81, 2.83), stand_in=(2.02, 2.06), data=PLAYS
)
claims.check(
    "one added, 7 letters", on_held[7], "4.89 bits", band=(4.88, 4.90), stand_in=(3.24, 3.28), data=PLAYS
)
claims.check(
    "training text by its own counts, 9 letters",
    on_train[9],
    "0.37 bits",
    band=(0.36, 0.38),
    stand_in=(0.42, 0.44),
    data=PLAYS,
)
claims.check("8 letters never seen", never[7], "50 %", band=(49, 51), stand_in=(21, 24), data=PLAYS)
claims.check(
    "training text, one added, 7 letters",
    added_on_train[7],
    "4.1 bits",
    band=(4.08, 4.11),
    stand_in=(2.64, 2.66),
    data=PLAYS,
)

# %% [markdown]
# A U. The best context has **3 letters**, at **2.82 bits**. With 7 letters the price is **4.89 bits**: more than with no context at all.
#
# Two things go wrong together. Without smoothing, a table with 9 letters of context knows its training text nearly by heart, at **0.37 bits**. But already with 7 letters it gives probability 0 to **50 %** of the held-out runs of 8: that is the overfitting
# of lecture 1, without a gradient. And the cure is too strong: with one added, even the *training* text makes a U, up to **4.1 bits** with 7 letters. Most of the rise is the price of the 65 invented counts. Section 3 removes it.

# %% [markdown] tags=["instructor"]
# 10 minutes. Do *abracadabra* at the board, and ask for P(c | a) with one added. Most of the class will vote for 7. Likely question: "is it overfitting, or is it the *adding*?" Both: the dashed line is overfitting, and the
# dotted one, a U on text that was counted, shows that the adding alone makes most of the rise.

# %% [markdown]
# ## 3 Mending the table, and what was held out
#
# <details>
# <summary>中文</summary>
#
# 加一太粗暴：一个只见过两次的上下文，真实的计数 2 被凭空加上的 65 淹没了。更好的办法是**退回**：长的上下文没把握，就借用短一个字母的上下文的意见。
#
# Kneser–Ney 平滑的做法：每个见过的计数扣掉 $D=0.9$，扣下来的全部概率交给短一级的模型。短一级的模型不数一个字母出现了多少次，而数它前面出现过多少**种**不同的字母。一个符号出现得多，可能只是因为某一个上下文出现得多；换了别的上下文，就不该指望它。
#
# 看 5 个字母，每字符 **2.205** 比特，比加一好半比特多；概率加起来是 1，只差舍入误差。要是短一级也用普通的计数，就要 **2.47** 比特：那句“数种类”值四分之一比特。（$D=0.9$ 是看着测试部分挑的，严格说不合规矩，好在只差百分之几比特。）
#
# 再看看测试部分到底是什么。先想一想，再往下读：它是全新的文字吗？
#
# 不全是。前面大约七成是《驯悍记》的后半本，开头在训练部分里；后面三成是《暴风雨》，整本都没见过。
#
# 前者只要 **2.08** 比特，后者要 **2.47** 比特。是前面这本戏本来就好猜吗？差别很小：把它的开头从表里去掉，同样的台词要 **2.42** 比特。
#
# 若把台词随机分到两边，就只有 **1.98** 比特（十次抽法里从 1.97 到 2.01）。同一个模型，同一份文本，差了半个比特，只因为切法不同。所以报告一个数时，一定要说清楚是怎么切的。
#
# </details>
#
# Adding one is crude. In a context that was seen twice, 65 invented counts drown two real ones. Better: where a long context knows little, ask a shorter one. **Kneser–Ney smoothing** does it in one
# line. For context $h$, next symbol $s$, and $h'$ the context without its first letter:
#
# $$p(s \mid h) = \frac{\max(c(hs) - D, 0)}{c(h)} + \frac{D \cdot N(h)}{c(h)}\; p(s \mid h').$$
#
# $c$ counts, and $N(h)$ is the number of *different* symbols seen after $h$. Every count pays a tax $D = 0.9$, and all of the tax is handed to the shorter context: so the sum stays 1. One more idea: the shorter contexts do
# not count how *often* a run occurred, but after how many different letters. *Why? A symbol may be frequent only because one context is; it should not be expected elsewhere.*


# %%
def fit(train, k, predecessors=True):
    """Return the tables for contexts of 0 to k letters: runs, counts, contexts, their totals and kinds.

    Below k, a run counts once for each different symbol before it; or as often as it occurs, if not `predecessors`.
    """
    tables = []
    for order in range(k + 1):
        if order == k or not predecessors:
            runs = grams(train, order + 1)
        else:
            runs = np.unique(grams(train, order + 2)) % 65 ** (order + 1)
        keys, counts = np.unique(runs, return_counts=True)
        contexts, first, kinds = np.unique(keys // 65, return_index=True, return_counts=True)
        tables.append((keys, counts, contexts, np.add.reduceat(counts, first), kinds))
    return tables


# %% [markdown]
# To read a probability off the tables, begin with "all symbols alike" and let longer and longer contexts correct it. A context that was never seen leaves it as it is.


# %%
def probability(tables, runs, D=0.9):
    """Return the Kneser–Ney probability of the last symbol of each run, given the symbols before it."""
    p = np.full(runs.shape, 1 / 65)
    for order, (keys, counts, contexts, totals, kinds) in enumerate(tables):
        wanted = runs % 65 ** (order + 1)
        count, total = look_up(keys, counts, wanted), look_up(contexts, totals, wanted // 65)
        handed_down = D * look_up(contexts, kinds, wanted // 65) * p
        p = np.where(total > 0, (np.maximum(count - D, 0) + handed_down) / np.maximum(total, 1), p)
    return p


# %%
table = fit(train, 5)
p_held = probability(table, grams(held, 6))
float(bits(p_held).round(3))

# %% [markdown]
# Is it a distribution? We add up all 65 symbols after a thousand held-out contexts. And what if we use plain counts in the place of predecessors?

# %%
contexts = grams(held[:1_005], 5)
sums = probability(table, (contexts[:, None] * V + np.arange(V)).ravel()).reshape(-1, V).sum(axis=1)
plain = bits(probability(fit(train, 5, predecessors=False), grams(held, 6)))
np.abs(sums - 1).max()

# %% tags=["nbval-check-output"]
# Counts of a fixed text, without chance: the bands leave room for the last digit stated and no more.
claims.check(
    "Kneser–Ney, 5 letters",
    bits(p_held),
    "2.205 bits",
    band=(2.200, 2.210),
    stand_in=(1.315, 1.335),
    data=PLAYS,
)
claims.check(
    "plain counts, 5 letters", plain, "2.47 bits", band=(2.46, 2.48), stand_in=(1.77, 1.79), data=PLAYS
)

# %% [markdown]
# **2.205 bits**, more than half a bit below the best of section 2, and the sums miss 1 by rounding alone. With plain counts it would be **2.47 bits**.
#
# We chose $D = 0.9$ by looking at this held-out text, which lecture 10 forbids; it gained a few hundredths of a bit.
#
# **Now a question about the held-out text.** We cut off the last tenth of a collection of plays. Is it new to the table?

# %%
new_play = text.index("Master:\nBoatswain!") - n  # where The Tempest begins
begun, new = bits(p_held[: new_play - 5]), bits(p_held[new_play - 5 :])
print(text[n + new_play - 60 : n + new_play + 60])

# %% [markdown]
# The play before it was begun in the training part. As a control, we withhold that opening from the table.

# %%
opening = text.index("SLY:\nI'll pheeze")  # where The Taming of the Shrew begins
unread = bits(probability(fit(train[:opening], 5), grams(held, 6)[: new_play - 5]))

# %% [markdown]
# A split that many would make: shuffle the *speeches*, and hold out a tenth.

# %%
rng = np.random.default_rng(SEED)
speeches = text.split("\n\n")
order = rng.permutation(len(speeches))
cut = int(0.9 * len(speeches))
some, others = ("\n\n".join(speeches[i] for i in part) for part in (order[:cut], order[cut:]))
shuffled = bits(probability(fit(encode(some), 5), grams(encode(others), 6)))

# %% mystnb={"image": {"alt": "Five horizontal bars of bits per character by the same method. Speeches held out at random 1.98, the rest of a play begun in training 2.08, the last tenth as a whole 2.2, the rest of the play with its opening withheld 2.42, a new play 2.47."}}
bars = {
    "a new play": new,
    "the rest, its opening withheld": unread,
    "the last tenth, as a whole": bits(p_held),
    "rest of a play begun": begun,
    "speeches at random": shuffled,
}
drawn = plt.barh(list(bars), list(bars.values()), color=["C1", "C1", "C0", "C0", "C0"], height=0.6)
plt.bar_label(drawn, fmt="%.2f", padding=6)
plt.xlim(0, 1.15 * max(bars.values()))
plt.grid(axis="y", visible=False)
plotting.show("The same method: the split decides the figure", "bits per character", "")

# %% tags=["nbval-check-output"]
claims.check("rest of a play begun", begun, "2.08 bits", band=(2.07, 2.10), stand_in=(0.83, 0.87), data=PLAYS)
claims.check("a new play", new, "2.47 bits", band=(2.46, 2.48), stand_in=(1.51, 1.55), data=PLAYS)
claims.check(
    "rest of that play, opening withheld",
    unread,
    "2.42 bits",
    band=(2.405, 2.425),
    stand_in=(1.43, 1.48),
    data=PLAYS,
)
claims.check(
    "speeches at random", shuffled, "1.98 bits", band=(1.92, 2.05), stand_in=(0.80, 0.93), data=PLAYS
)

# %% [markdown]
# Not all of it. About the first seven tenths finish *The Taming of the Shrew*, whose opening is in the training part: **2.08 bits**. The rest is *The Tempest*, wholly new: **2.47 bits**. Is the *Shrew* just easier? Hardly: with its opening withheld
# from the table, the same lines cost **2.42 bits**. With speeches at random, every play and nearly every speaker is known: **1.98 bits** (1.97 to 2.01 in ten draws). One method, one text, half a bit apart. When you report a figure, say how you split.

# %% [markdown] tags=["instructor"]
# 11 minutes. Write the formula once, with words over its parts: "what I saw, taxed" and "what the shorter context thinks, paid by the tax". Likely question: "why 0.9?" Of 0.5, 0.75, 0.9 and 0.95, it was the best
# on this held-out text (0.95 nearly ties). Common confusion: a random split is not *wrong*; it answers another question.

# %% [markdown]
# ## 4 Writing: sampling and temperature
#
# <details>
# <summary>中文</summary>
#
# 会预测，就会写：给出下一个字符的概率，抽一个，接上，再来。讲义说“抽样，或者取概率最大的那个”，好像差不多。其实很不一样，中间还有一个旋钮，叫**温度** $\tau$：把概率变成 $p^{1/\tau}$ 再归一。$\tau=1$ 是模型原来的意见，$\tau$ 越小越保守，$\tau\to0$ 就是每次取最大的。
#
# 先投票，再往下读结果：哪个温度写得最像莎士比亚？
#
# 我们每次写 16 段，数两样东西：单词有多少是训练文本里真有的；一段里不同的单词占多少。温度 0：真词至少 **99 %**，不同的单词却只占 **11 %**，它在原地打转。温度 1：真词 **91 %**，不同的单词 **94 %**。温度 1.5：真词只剩 **61 %**。
#
# 单看真词，温度 0 是满分，写出来的却毫无用处。所以要两个数一起看，并且和真实的文本比：测试文本切成同样长的片段，真词 **95 %**，不同的单词 **88 %**。从图上看，表格写的文字大约在 τ 为 0.5 和 1 之间与它最接近。
#
# 不过，两个数合起来也骗得过：把训练文本的单词打乱，个个是真词，不同的占 **93 %**。它们只抓得住“原地打转”和“生造词”，抓不住“没有意思”。第 1 讲说指标 P 要选对，这里可以看到有多难。
#
# </details>
#
# A model that predicts can write: draw the next character from its probabilities, append it, repeat. The slides say "sample, or select the most probable", as if the two were alike. Between them lies a knob, the **temperature** $\tau$:
#
# $$p_\tau(s) = \frac{p(s)^{1/\tau}}{\sum_{s'} p(s')^{1/\tau}}.$$
#
# At $\tau = 1$ these are the model's own odds. Below 1 the favourites gain; at $\tau = 0$ the first favourite always wins. By hand, for odds ½, ¼, ¼ at $\tau = \tfrac12$: the squares are ¼, 1/16, 1/16.


# %% tags=["nbval-check-output"]
def sharpen(p, tau):
    """Return the rows of p, probabilities of shape (n, m), at temperature tau ≥ 0; at 0 the first largest has 1."""
    if tau == 0:
        return np.eye(p.shape[1])[p.argmax(axis=1)]
    powers = (p / p.max(axis=1, keepdims=True)) ** (1 / tau)
    return powers / powers.sum(axis=1, keepdims=True)


# %% tags=["nbval-check-output"]
sharpen(np.array([[1 / 2, 1 / 4, 1 / 4]]), 0.5).round(3)

# %% [markdown]
# The squares add up to 6/16, so the odds become ⅔, ⅙, ⅙. Now the writer. It starts from contexts of five letters and writes several texts side by side.


# %%
def write(tables, starts, length, tau, rng):
    """Return `length` symbols written after each start (a run of as many symbols as the longest context)."""
    code, written = starts, []
    for _ in range(length):
        runs = code[:, None] * 65 + np.arange(65)
        p = sharpen(probability(tables, runs.ravel()).reshape(-1, 65), tau)
        symbol = (p.cumsum(axis=1) > rng.random((len(p), 1))).argmax(axis=1)
        code = (code * 65 + symbol) % 65 ** (len(tables) - 1)
        written.append(symbol)
    return np.stack(written, axis=1)


# %%
def show_text(tau, seed=0):
    """Print 300 characters that the table writes at temperature tau, after the held-out text's first five."""
    start = grams(held[:5], 5)
    written = write(table, start, 300, tau, np.random.default_rng(seed))
    print("".join(alphabet[i] for i in written[0]))


# %%
show_text(1.0)

# %% [markdown]
# **Vote before you move the slider:** which temperature writes the best Shakespeare, and what will the lowest one write?

# %%
from ipywidgets import FloatSlider, fixed, interact

slider = FloatSlider(0.5, min=0, max=2, step=0.1, description="τ", continuous_update=False)
panel = interact(show_text, tau=slider, seed=fixed(0))

# %% [markdown]
# Opinions differ, so we count two things: what share of the written words exist in the training text, and what share of a text's words are different ones. Sixteen texts at each temperature; their first and last words, which may be cut, do not count.

# %%
import re


def words(text):
    """Return the words of a text, in small letters."""
    return re.findall(r"[a-z']+", text.lower())


def judge(texts, known):
    """Return two shares (%): of the texts' words that are known, and of different words, the mean over texts."""
    inner = [words(one)[1:-1] for one in texts]
    real = np.mean([word in known for one in inner for word in one])
    return 100 * real, 100 * np.mean([len(set(one)) / max(1, len(one)) for one in inner])


# %%
known = set(words(text[:n]))
starts = grams(held[rng.integers(len(held) - 5, size=16)[:, None] + np.arange(5)], 5)
judged = {}
for tau in (0, 0.5, 1, 1.5):
    written = write(table, starts, 150, tau, rng)
    judged[tau] = judge(["".join(alphabet[i] for i in row) for row in written], known)

# %% [markdown]
# To compare with, in pieces of the same length: the real held-out text, and the training text's words in random order.

# %%
pieces = range(0, len(held) - 150, 150)
real = judge([text[n + i : n + i + 150] for i in pieces], known)
mixed = " ".join(rng.permutation(words(text[:n])))
nonsense = judge([mixed[i : i + 150] for i in pieces], known)
{"real": np.round(real, 1), "nonsense": np.round(nonsense, 1)}

# %% mystnb={"image": {"alt": "Two lines against the temperature 0, 0.5, 1 and 1.5. The share of words that exist stays at 100 per cent up to 0.5, is in the nineties at 1 and drops at 1.5. The share of different words is small at 0 and rises with the temperature. The lines cross near temperature 1."}}
plt.plot(list(judged), [share for share, _ in judged.values()], "o-", label="words that exist")
plt.plot(list(judged), [share for _, share in judged.values()], "s--", label="different words in a text")
plt.ylim(0, 109)
plt.xticks(list(judged))
plt.legend(loc="lower right")
plotting.show("Cold repeats itself, hot invents words", "temperature τ", "share of words (%)")

# %% tags=["nbval-check-output"]
# On the stand-in, whose words are few, other shares.
claims.check("words that exist, τ = 0", judged[0][0], "at least 99 %", band=(99, None), data=PLAYS)
claims.check("different words, τ = 0", judged[0][1], "11 %", band=(8, 15), stand_in=(12, 27), data=PLAYS)
claims.check("words that exist, τ = 1", judged[1][0], "91 %", band=(84, 98), stand_in=(91, None), data=PLAYS)
claims.check(
    "different words, τ = 1", judged[1][1], "94 %", band=(87.5, 99.5), stand_in=(79.5, 93), data=PLAYS
)
claims.check(
    "words that exist, τ = 1.5", judged[1.5][0], "61 %", band=(49, 73), stand_in=(54, 84), data=PLAYS
)
claims.check("words that exist, held-out text", real[0], "95 %", band=(94, 95), stand_in=(92, 94), data=PLAYS)
claims.check(
    "different words, held-out text", real[1], "88 %", band=(87.5, 88.5), stand_in=(86, 88), data=PLAYS
)
claims.check(
    "different words, words in random order",
    nonsense[1],
    "93 %",
    band=(92, 94),
    stand_in=(80, 87),
    data=PLAYS,
)

# %% [markdown]
# At temperature 0 at least **99 %** of the words exist, but only **11 %** of a text's words are different: it walks in circles. At 1, **91 %** of the words exist and **94 %** are different. At 1.5 only **61 %** exist.
#
# Judged by "words that exist" alone, temperature 0 is perfect, and its text is worthless. So we need both numbers, and the real text beside them: there **95 %** exist and **88 %** are different. In the figure, our table passes this pair somewhere between τ = 0.5 and τ = 1.
#
# Even both together are not enough. The training text's words in random order all exist, and **93 %** are different. The two numbers catch a text that loops or invents, no more. Lecture 1 asked for the right performance measure P: it is not easy to find.

# %% [markdown] tags=["instructor"]
# 8 minutes. Read the text at τ = 0 aloud until they laugh. Likely question: "which temperature do chat programs use?" Usually between 0.5 and 1, and they cut off the unlikely tail besides.

# %% [markdown]
# ## 5 A recurrent network by hand
#
# <details>
# <summary>中文</summary>
#
# 表格只能看固定的几个字母。**循环神经网络**（RNN）换了一种做法：带着一个状态 $h$ 往前走，每读一个输入，就用旧状态和新输入算出新状态。$h_t=\tanh(Ux_t+Wh_{t-1}+b)$，$o_t=Vh_t+c$。
#
# 先数一数，再往下读：4 个输入、3 个隐藏单元、2 个输出，一共多少个参数？讲义的五个选项是 30、300、32、320、24。
#
# 答案：$12+9+3+6+2=$ **32** 个。序列的长度不在里面：每一步用的是同一组权重，就像第 6 讲的卷积核在空间里共享，这里是在时间里共享。
#
# LSTM 有四套这样的权重，3 个单元就有 **96** 个；GRU 有三套，课本上是 72 个，Keras 却数出 **81** 个，因为它默认留了两个偏置。手写的循环和 Keras 的 `SimpleRNN` 相差不到 **1e-5**。
#
# </details>
#
# A table sees a fixed number of letters. A **recurrent network** (RNN) carries a state $h$ along instead. It reads one input, mixes it with the old state, and has a new state:
#
# $$h_t = \tanh(U x_t + W h_{t-1} + b), \qquad o_t = V h_t + c.$$

# %% mystnb={"image": {"alt": "A recurrent network unrolled over three steps. Three boxes h1, h2, h3 stand in a row, joined by arrows labelled W. Below each an input x enters by an arrow labelled U; above each an output o leaves by an arrow labelled V. The three arrows of a kind carry the same label."}}
fig, ax = plt.subplots(figsize=(10, 4.2))
for t in (1, 2, 3):
    for height, name, colour in ((0, "x", "C2"), (1, "h", "C0"), (2, "o", "C1")):
        ax.text(t, height, f"${name}_{t}$", fontsize=18, ha="center", va="center", color=colour)
    for low, weight in ((0, "U"), (1, "V")):
        ax.annotate("", (t, low + 0.82), (t, low + 0.18), arrowprops={"arrowstyle": "->"})
        ax.text(t + 0.06, low + 0.5, f"${weight}$", fontsize=16, va="center")
    ax.annotate("", (t - 0.12, 1), (t - 0.88, 1), arrowprops={"arrowstyle": "->"})
    ax.text(t - 0.5, 1.1, "$W$", fontsize=16, ha="center")
ax.text(-0.1, 1, "$h_0 = 0$", fontsize=18, ha="center", va="center", color="C0")
ax.set(xlim=(-0.4, 3.5), ylim=(-0.3, 2.3))
ax.set_title("Unrolled in time, it is a deep network with the same weights in every layer")
ax.axis("off")
plt.show()

# %% [markdown]
# **Count before you run on.** 4 inputs, 3 hidden units, 2 outputs. How many weights and biases: 30, 300, 32, 320 or 24? And how many if the sequence is ten times as long?

# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"Keras on {keras.backend.backend()}, {keras.distribution.list_devices()[0]}")

# %%
layers = keras.layers
net = keras.Sequential([keras.Input((12, 4)), layers.SimpleRNN(3, return_sequences=True), layers.Dense(2)])

# %%
lstm_layer, gru_layer = layers.LSTM(3), layers.GRU(3)
lstm_layer.build((None, 12, 4))
gru_layer.build((None, 12, 4))

# %% tags=["nbval-check-output"]
claims.exact("parameters of a 4-3-2 recurrent network", net.count_params(), "32")
claims.exact("parameters of an LSTM of 3 units on 4 inputs", lstm_layer.count_params(), "96")
claims.exact("parameters of a GRU of 3 units on 4 inputs", gru_layer.count_params(), "81")

# %% [markdown]
# 12 for $U$, 9 for $W$, 3 for $b$, 6 for $V$, 2 for $c$: **32**. The length does not enter. The weights are shared over *time*, as the kernel of lecture 6 is shared over space.
#
# An **LSTM** (section 7) has four such sets of weights, 4 · 24 = **96**. A **GRU** has three, 72 by the textbook. Keras counts **81**, because by default it keeps a second bias for each of its 9 rows.
#
# Now the whole network as a loop. As in lecture 5, code multiplies from the left: `x @ U` for $Ux$, so shapes read "from, to".


# %%
def forward(x, weights):
    """Run a recurrent network over x of shape (T, inputs). Return states (T + 1, hidden) and scores (T, outputs)."""
    U, W, b, V, c = weights
    h = [np.zeros(len(W))]
    for x_t in x:
        h.append(np.tanh(x_t @ U + h[-1] @ W + b))
    h = np.array(h)
    return h, h[1:] @ V + c


# %%
weights = [w.astype("float64") for w in net.get_weights()]

# %%
x, y = rng.normal(size=(12, 4)), rng.integers(2, size=12)
h, scores = forward(x, weights)
by_keras = keras.ops.convert_to_numpy(net(x[None].astype("float32")))[0]

# %% tags=["nbval-check-output"]
# Seen on a CPU: 2e-7, float32's rounding. A GPU may round its products more coarsely.
claims.check("loop against SimpleRNN", np.abs(scores - by_keras).max(), "below 1e-5", band=(None, 1e-5))

# %% [markdown]
# They agree to better than **1e-5**. Five lines are the whole forward pass.

# %% [markdown] tags=["instructor"]
# 7 minutes. Take the vote on 32 before the cell: it is a past exam question. Who says 30 forgot the two output biases; who says 24 forgot the whole output layer, $V$ and $c$. Likely question: "what is h₀?" Zero, by convention.

# %% [markdown]
# ## 6 The gradient walks back through time
#
# <details>
# <summary>中文</summary>
#
# 把循环展开，就是一个很深的网络，每一层用同样的权重。所以反向传播（第 8 讲）原样可用，叫**沿时间反向传播**（BPTT）：从最后一步往回走，每一步把误差先乘上 tanh 的斜率 $1-h^2$，再乘上 $W$ 的转置，传给前一步。
#
# 与第 8 讲只有一点不同：权重是共享的，所以每一步算出的梯度都要**加**到同一个 $U$、$W$、$b$ 上。
#
# 十几行写完，再和 Keras 的自动微分比较。怎样让 Keras 交出梯度？用学习率 1 走一步 SGD，权重变化的相反数就是梯度。最大的差小于 **1e-5**，只是 float32 的舍入。
#
# 实际训练常把序列截断：误差只往回走几步。对这个小网络，走几步方向就差不多对了，因为误差越往回走越小。这也是警告：很久以前的输入，几乎推不动权重。
#
# </details>
#
# Unrolled, the network is deep, and backpropagation (lecture 8) applies as it stands. It is called **backpropagation through time**, BPTT. Start at the last step. Each step adds what its own output wants,
# passes through tanh (whose slope is $1 - h^2$), and hands the error to the step before, through $W$. One thing is new: the weights are shared, so every step *adds* to the same gradient.


# %%
def backward(x, y, weights, reach=None):
    """Return the gradients of the mean cross-entropy in the order of the weights U, W, b, V, c.

    x has shape (T, inputs), y holds T labels. With `reach`, an error visits at most `reach` steps, its own included.
    """
    U, W, b, V, c = weights
    h, scores = forward(x, weights)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    error = (p / p.sum(axis=1, keepdims=True) - np.eye(len(c))[y]) / len(x)
    dU, dW, db = np.zeros_like(U), np.zeros_like(W), np.zeros_like(b)
    for last in range(len(x)):  # the error of each step walks back by itself
        dh = error[last] @ V.T
        for t in range(last, -1 if reach is None else max(-1, last - reach), -1):
            da = dh * (1 - h[t + 1] ** 2)
            dU, dW, db = dU + np.outer(x[t], da), dW + np.outer(h[t], da), db + da
            dh = da @ W.T
    return [dU, dW, db, h[1:].T @ error, error.sum(axis=0)]


# %% [markdown]
# Each step's error walks by itself here, so that we can cut its walk short.
#
# Is it right? We ask Keras. One step of plain SGD with rate 1 moves each weight by minus its gradient.

# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
net.compile(keras.optimizers.SGD(1.0), loss)
before = net.get_weights()
net.train_on_batch(x[None].astype("float32"), y[None])

# %%
by_autodiff = [old - new for old, new in zip(before, net.get_weights())]
by_hand = backward(x, y, weights)
apart = max(np.abs(ours - theirs).max() for ours, theirs in zip(by_hand, by_autodiff))

# %% tags=["nbval-check-output"]
# Rounding of float32 weights near 1; the gradients are near 0.1.
claims.check("BPTT against Keras, largest difference", apart, "below 1e-5", band=(None, 1e-5))

# %% [markdown]
# Below **1e-5**. And if the walk is cut after 1, 2, 4 or 8 steps, as in long texts it must be? The cosine between the cut gradient of $W$ and the full one, for this one small network:

# %%
full = by_hand[1].ravel()
for reach in (1, 2, 4, 8):
    cut_short = backward(x, y, weights, reach)[1].ravel()
    cosine = cut_short @ full / np.linalg.norm(cut_short) / np.linalg.norm(full)
    print(f"reach {reach}: cosine {cosine:.3f}")

# %% [markdown]
# A few steps give nearly the right direction here, because an error that walks back grows small. That is a warning, too: what lies far back hardly moves the weights. Section 7 measures how fast an error fades, section 8 what is learned.

# %% [markdown] tags=["instructor"]
# 7 minutes. Draw the walk back over the picture of section 5, in red. Common confusion: the two sums. On the board, errors of later steps arrive together in one `dh`; the code lets each walk by itself, so that it can be cut. Either way, gradients
# of shared weights are *added* over steps.

# %% [markdown]
# ## 7 How long does a nudge last?
#
# <details>
# <summary>中文</summary>
#
# 做一个实验：同一个网络，同样的输入，跑两遍；第二遍在起点把状态轻轻推一下。一步一步看两遍相差多少。这个差被乘以一串矩阵 $\partial h_{t+1}/\partial h_t$；反向传播的误差乘的是同一串矩阵的转置。所以推一下还剩多少，平均来说就是梯度还剩多少。量的是 $h$，因为损失只看得到 $h$。
#
# 讲义说：RNN 会忘，有门的 LSTM 和 GRU 能记住。LSTM 的要点是细胞 $c_t=f\odot c_{t-1}+i\odot\tilde c$，像一条传送带，输出是 $h_t=o\odot\tanh(c_t)$；$f$、$i$、$o$ 是遗忘门、输入门、输出门，都是 $\sigma$ 算出的 0 到 1 之间的数，$\tilde c$ 是候选，一个 tanh。遗忘门接近 1，就一直带着走。GRU 用更新门 $z$ 做同样的事：$h_t=z\odot h_{t-1}+(1-z)\odot\tilde h$；复位门 $r$ 决定候选 $\tilde h$ 看得见多少旧状态。
#
# 先投票，再往下读结果：刚初始化、还没训练的 RNN、GRU、LSTM，推一下之后 50 步，谁剩得最多，谁最少？
#
# 取以 10 为底的对数，50 步以后：RNN **−8.7**；GRU **−10.8**，比没有门的 RNN **还差**；Keras 默认的 LSTM（遗忘门偏置 1）**−5.2**。把遗忘门的偏置改成 0，是 **−11.9**，也比 RNN 差；改成 3，第一步以后就几乎不掉了（见图）。GRU 更新门的偏置改成 4，是 **−0.44**，还剩三分之一以上。
#
# 普通 RNN 剩多少，还要看输入的大小：输入小十倍，tanh 还很陡，50 步后是 **−1.2**，还剩百分之几。可三种默认的起点里，这两种输入下都是 GRU 垫底。
#
# 结论：有门不等于记得住。刚出生的有门网络记不记得住，看门的偏置。偏置 0 的门半开，$\sigma(0)=0.5$，直接传下去的只有一半（候选状态和门也看得到旧状态，会找回一点：$10^{-10.8/50}$，每步剩 0.61）。门的作用，是让“记住”**学得会**。
#
# </details>
#
# Run the same network on the same inputs twice. In the second run, nudge the state once, at the start. Then watch how far apart the two runs are.
#
# The distance is multiplied at each step by the matrix $\partial h_{t+1} / \partial h_t$. BPTT multiplies errors by the *same* matrices, transposed. So what is left of a small nudge, averaged over its directions, is what is left of a gradient.
#
# Common teaching says: a plain RNN forgets, and gates cure it. Here are the gated cells. With $\sigma(a) = 1/(1+e^{-a})$, a number between 0 and 1, an **LSTM** keeps a second state, the *cell* $c$:
#
# $$c_t = f \odot c_{t-1} + i \odot \tilde c, \qquad h_t = o \odot \tanh(c_t).$$
#
# $f$, $i$, $o$ are the forget, input and output gates, each $\sigma$ of its own weights on $x_t$ and $h_{t-1}$. $\tilde c$ is the *candidate*, what the cell could take in: tanh of its own weights on the same two. With $f$ near 1 the cell is carried along unchanged. A **GRU** has one state and two gates, the update gate $z$ and the reset gate $r$ (Keras' $z$ *keeps the past*; some books write $1 - z$):
#
# $$h_t = z \odot h_{t-1} + (1 - z) \odot \tilde h.$$
#
# $\tilde h$ is its candidate, a tanh as in the plain RNN; $r$ decides how much of the old state the candidate sees.
#
# Here they are as one step each. (`xp` is NumPy, or Keras' own functions when we train in section 8.)


# %%
def sigmoid(a, xp=np):
    """Return 1 / (1 + e^−a), written with tanh."""
    return (1 + xp.tanh(a / 2)) / 2


def rnn(s, x, U, W, b, xp=np):
    """Return the next state of a plain recurrent network: s of shape (…, n), x of shape (…, inputs)."""
    return xp.tanh(x @ U + s @ W + b)


# %%
def gru(s, x, U, W, b, xp=np):
    """Return the next state of a GRU; U, W and b hold update gate, reset gate and candidate side by side."""
    x_z, x_r, x_h = xp.split(x @ U + b, 3, axis=-1)
    s_z, s_r, s_h = xp.split(s @ W, 3, axis=-1)
    z, r = sigmoid(x_z + s_z, xp), sigmoid(x_r + s_r, xp)
    return z * s + (1 - z) * xp.tanh(x_h + r * s_h)


# %%
def lstm(s, x, U, W, b, xp=np):
    """Return the next state of an LSTM, h and c side by side; U, W, b hold input, forget, candidate and output."""
    h, c = xp.split(s, 2, axis=-1)
    i, f, candidate, o = xp.split(x @ U + h @ W + b, 4, axis=-1)
    c = sigmoid(f, xp) * c + sigmoid(i, xp) * xp.tanh(candidate)
    return xp.concatenate([sigmoid(o, xp) * xp.tanh(c), c], axis=-1)


# %% [markdown]
# Each starts as Keras starts it, but for the bias of the gate that keeps the past, which we may set.


# %%
def newborn(step, n_inputs, n_units, seed, bias=None):
    """Return a cell's U, W, b as Keras starts them; `bias` is that of the gate that keeps the past."""
    kind = {rnn: keras.layers.SimpleRNN, gru: keras.layers.GRU, lstm: keras.layers.LSTM}[step]
    starts = keras.initializers.GlorotUniform(seed=2 * seed), keras.initializers.Orthogonal(seed=2 * seed + 1)
    layer = kind(n_units, kernel_initializer=starts[0], recurrent_initializer=starts[1])  # the defaults
    layer.build((None, 1, n_inputs))
    U, W, b = (keras.ops.convert_to_numpy(w).astype("float64") for w in layer.weights)
    b = np.atleast_2d(b)[0]  # Keras' second bias of a GRU starts at zero, and we leave it there
    if bias is not None:
        gate = 1 if step is lstm else 0
        b[gate * n_units : (gate + 1) * n_units] = bias
    return U, W, b


# %% tags=["nbval-check-output"]
[w.shape for w in newborn(lstm, 32, 64, SEED)]


# %%
def left_over(step, U, W, b, n_steps, rng, size=1e-2, scale=1.0):
    """Return what is left in h of a nudge of the state after 1, 2, … n_steps steps, as a share of its size.

    32 nudges in random directions, their root mean square. Inputs are normal with sd `scale`; 20 of them come first.
    """
    width = len(W) * (2 if step is lstm else 1)
    state = np.zeros((1, width))
    for x in scale * rng.normal(size=(20, 1, len(U))):
        state = step(state, x, U, W, b)
    nudge = rng.normal(size=(32, width))
    nudged = state + size * nudge / np.linalg.norm(nudge, axis=1, keepdims=True)
    left = []
    for x in scale * rng.normal(size=(n_steps, 1, len(U))):
        state, nudged = step(state, x, U, W, b), step(nudged, x, U, W, b)
        apart = (nudged - state)[:, : len(W)]  # h; an LSTM's cell stands behind it
        left.append(np.sqrt(np.mean(np.sum(apart**2, axis=1))) / size)
    return np.array(left)


# %% [markdown]
# **Vote.** Ten untrained networks of each kind, 64 units, random inputs. After 50 steps, who has kept most of the nudge, and who least: RNN, GRU or LSTM?

# %%
kinds = {
    "RNN": (rnn, None),
    "GRU": (gru, None),
    "LSTM": (lstm, None),
    "LSTM, bias 0": (lstm, 0),
    "LSTM, bias 3": (lstm, 3),
    "GRU, bias 4": (gru, 4),
}


# %%
def mean_left(step, bias, scale=1.0):
    """Return log₁₀ of what is left after 1, 2, … 50 steps, the mean of ten newborn networks."""
    newborns = [newborn(step, 32, 64, 10 * SEED + k, bias) for k in range(10)]
    return np.mean([np.log10(left_over(step, *one, 50, rng, scale=scale)) for one in newborns], axis=0)


# %%
left = {label: mean_left(*kind) for label, kind in kinds.items()}

# %% mystnb={"image": {"alt": "What is left of a nudge, as a power of ten, against the number of steps from 1 to 50. Six lines begin between 0 and minus 0.7. The LSTM with bias 0 and the default GRU fall steepest, to about minus 12 and minus 11; the plain RNN to minus 8.7; the default LSTM to about minus 5. The LSTM with bias 3 and the GRU with bias 4 stay above minus one."}}
for (label, curve), style in zip(left.items(), ("-", "--", "-.", (0, (3, 1, 1, 1, 1, 1)), ":", (0, (5, 1)))):
    plt.plot(np.arange(1, 51), curve, linestyle=style, linewidth=2.5, label=label)
plt.legend(loc="lower left")
plotting.show(
    "Untrained, two gated networks forget faster than the RNN",
    "steps after the nudge",
    "log₁₀ of what is left",
)

# %% tags=["nbval-check-output"]
claims.check("nudge after 50 steps, RNN", left["RNN"][-1], "−8.7", band=(-8.93, -8.43))
claims.check("nudge after 50 steps, GRU", left["GRU"][-1], "−10.8", band=(-11, -10.6))
claims.check("nudge after 50 steps, LSTM", left["LSTM"][-1], "−5.2", band=(-5.45, -5.03))
claims.check(
    "nudge after 50 steps, LSTM with bias 0", left["LSTM, bias 0"][-1], "−11.9", band=(-12.14, -11.7)
)
claims.check("nudge after 50 steps, GRU with bias 4", left["GRU, bias 4"][-1], "−0.44", band=(-0.445, -0.425))

# %% [markdown]
# In powers of ten after 50 steps: the plain RNN has **−8.7**, the GRU **−10.8**. At birth this GRU forgets *faster* than a network without gates. The LSTM as Keras starts it, with its forget gate's bias at 1, has **−5.2**: better, and still gone. With bias 0 it has **−11.9**, worse than the RNN;
# with bias 3 it hardly falls after its first step. A GRU with bias 4 on its update gate has **−0.44**, more than a third of the nudge.
#
# The same with inputs ten times smaller:

# %%
smaller = {label: mean_left(*kind, scale=0.1)[-1] for label, kind in kinds.items()}
{label: float(value.round(1)) for label, value in smaller.items()}

# %% tags=["nbval-check-output"]
claims.check("RNN, inputs ten times smaller", smaller["RNN"], "−1.2", band=(-1.26, -1.06))

# %% [markdown]
# Now the plain RNN has **−1.2** and is ahead of the default LSTM, because its tanh stays steep. How far an RNN falls depends on what it reads. Of the three default starts, the GRU's is last at both sizes.
#
# So gates do not *give* memory. A gate with bias 0 stands half open: σ(0) = 0.5, so it passes on half of the past at each step. (The candidate and the gates see the old state too and bring a little back: $10^{-10.8/50}$, so 0.61 of a nudge is left per step.)
# In a gated network the bias decides what is kept at birth; the gate makes it *learnable*. Does the start matter once the network has trained?

# %% [markdown] tags=["instructor"]
# 13 minutes. Almost everybody votes "RNN least". Common confusion: −8.7 is an exponent, a few billionths. Likely question: "does training not repair this?" A GRU at bias 0 hardly feels a gradient from 25 steps back. A plain RNN that reads small inputs feels
# a little more, and section 8 shows it learning no better: keeping a nudge is needed, not enough. Norms of the backward gradient give the same order: they are the same matrices.

# %% [markdown]
# ## 8 A task that needs memory
#
# <details>
# <summary>中文</summary>
#
# 一个只考记忆的任务，叫“锁存”：30 个符号，每个是 8 种之一，前十个里有一个打了记号，读完全部以后要说出打记号的是哪一种。瞎猜的准确率是 12.5 %。把读过的全部当作上下文的表格做不了：8 种符号的 30 个位置，再加记号的 10 个位置，共 $10\cdot 8^{30}$ 行。
#
# 三种网络，各 32 个单元，练习的序列出自同一种抽法（各抽各的），训练步数一样：普通 RNN、默认的 GRU、更新门偏置为 4 的 GRU。每种三个起点。训练时做**梯度裁剪**：梯度的范数超过 1，就缩到 1。
#
# 先投票，再往下读结果：谁学得会？
#
# 三个起点的中位数：RNN 至多 **20 %**，默认的 GRU 也至多 **20 %**，和瞎猜差不多；偏置 4 的 GRU 至少 **95 %**。两个 GRU 结构相同，参数一样多，起始的权重也相同，序列是同一种抽法，只改了一个门的偏置。两个 GRU 的差别，上一节没训练时就看得出来。
#
# RNN 和默认的 GRU 都停在瞎猜附近，这里分不出谁更差；课本上的“RNN 不行，GRU 行”，这里看不到。步数再多些，默认的网络也许还是学得会；我们只看了 400 步。
#
# </details>
#
# The *latch* asks for memory and nothing else. Thirty symbols of 8 kinds go by. One of the first ten is marked. At the end, name it. Guessing is right in 12.5 % of cases. A table of all that was read would need $10 \cdot 8^{30}$ rows.


# %%
def latch(n, n_nets, rng, length=30, n_kinds=8):
    """Return n sequences for each net, (n, length, n_nets, n_kinds + 1), and what was marked, (n, n_nets)."""
    kinds = rng.integers(n_kinds, size=(n, length, n_nets))
    x = np.zeros((n, length, n_nets, n_kinds + 1), dtype="float32")
    np.put_along_axis(x, kinds[..., None], 1, axis=-1)
    row, net = np.indices((n, n_nets))
    marked = rng.integers(10, size=(n, n_nets))
    x[row, marked, net, n_kinds] = 1
    return x, kinds[row, marked, net]


# %% tags=["nbval-check-output"]
latch(1, 1, np.random.default_rng(0), length=12)[0][0, :, 0].astype(int)

# %% [markdown]
# Each row is one symbol; the last column is the mark. To train several starts at once, we put the networks side by side along an axis of their own. They never mix.


# %%
class SideBySide(keras.layers.Layer):
    """Several recurrent networks of one kind, each with its own inputs: (batch, time, net, inputs) → (batch, net, kinds)."""

    def __init__(self, step, weights):
        super().__init__()
        self.step = step
        self.copies = [
            self.add_weight(shape=w.shape, initializer=lambda shape, dtype, w=w: keras.ops.cast(w, dtype))
            for w in weights
        ]

    def call(self, x):
        U, W, b, V, c = self.copies
        x = keras.ops.transpose(x, (1, 2, 0, 3))  # (time, net, batch, inputs)
        state = keras.ops.zeros_like(x[0] @ U[:, :, : W.shape[1]])
        for t in range(x.shape[0]):
            state = self.step(state, x[t], U, W, b, keras.ops)
        return keras.ops.transpose(state @ V + c, (1, 0, 2))


# %% [markdown]
# The start is that of section 7, with one output layer more.


# %%
def competitors(step, bias, n_nets, seed, n_units=32, n_kinds=8):
    """Return a Keras model of n_nets networks side by side for the latch, untrained."""
    born = [newborn(step, n_kinds + 1, n_units, n_nets * seed + k, bias) for k in range(n_nets)]
    U, W, b = (np.stack(part) for part in zip(*born))
    V = np.random.default_rng(seed).normal(0, n_units**-0.5, (n_nets, n_units, n_kinds))
    weights = [U, W, b[:, None], V, np.zeros((n_nets, 1, n_kinds))]
    side_by_side = SideBySide(step, weights)
    model = keras.Sequential([keras.Input((30, n_nets, n_kinds + 1)), side_by_side])
    optimizer = keras.optimizers.Adam(5e-3, global_clipnorm=1.0)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


# %% [markdown]
# By *gradient clipping*, a gradient whose norm exceeds 1 is scaled down to 1. **Vote:** plain RNN, GRU as Keras starts it, GRU with bias 4 on the update gate. 400 steps of 32 fresh sequences each. Who learns?

# %%
from tqdm import tqdm

n_nets, n_steps, chunk = 3, 400, 20
x_test, y_test = latch(500, n_nets, rng)
x_test.shape, y_test.shape

# %%
learned = {}
for label, (step, bias) in {"RNN": (rnn, None), "GRU": (gru, None), "GRU, bias 4": (gru, 4)}.items():
    model, accuracy = competitors(step, bias, n_nets, SEED), []
    for _ in tqdm(range(n_steps // chunk), desc=label):
        model.fit(*latch(32 * chunk, n_nets, rng), batch_size=32, verbose=0)
        named = model.predict(x_test, batch_size=500, verbose=0).argmax(axis=-1)
        accuracy.append(100 * np.mean(named == y_test, axis=0))
    learned[label] = np.array(accuracy)

# %%
{label: accuracy[-1].round(1) for label, accuracy in learned.items()}

# %% mystnb={"image": {"alt": "Accuracy on the latch against training steps, up to 400, three lines for each of three kinds of network. The plain RNN and the default GRU stay near the dotted line of guessing at 12.5 per cent. The GRU with bias 4 rises to nearly 100 per cent."}}
steps = chunk * np.arange(1, n_steps // chunk + 1)
for (label, accuracy), colour, style in zip(learned.items(), ("C0", "C1", "C2"), ("--", "-.", "-")):
    lines = plt.plot(steps, accuracy, color=colour, linestyle=style)
    lines[0].set_label(label)
plt.axhline(12.5, color="0.4", linestyle=":", label="guessing")
plt.ylim(0, 105)
plt.legend(loc="center right")
plotting.show("The same GRU: only its start decides", "training steps", "accuracy (%)")

# %% tags=["nbval-check-output"]
final = {label: np.median(accuracy[-1]) for label, accuracy in learned.items()}
claims.check("latch, RNN, median", final["RNN"], "at most 20 %", band=(None, 20))
claims.check("latch, GRU, median", final["GRU"], "at most 20 %", band=(None, 20))
claims.check("latch, GRU with bias 4, median", final["GRU, bias 4"], "at least 95 %", band=(95, None))

# %% [markdown]
# The median of three starts: the RNN reaches at most **20 %**, and so does the GRU as Keras starts it. With bias 4 it reaches at least **95 %**. The two GRUs have the same architecture, number of parameters and starting weights, and fresh sequences of the same kind: only the bias of one gate was changed. Section 7 foretold
# the two GRUs: one had lost nearly all of a nudge at birth, the other kept a good part. RNN and default GRU both stay near guessing, so this run does not say which of *them* is worse; the textbook's order, "RNN no, GRU yes", it does not show. With more than 400 steps a default network may still find it.

# %% [markdown] tags=["instructor"]
# 10 minutes. Let one row of students play the latch: each whispers the marked symbol on. Likely question: "why not always bias 4?" A network that keeps everything has less room for what is new; here keeping is the whole task.

# %% [markdown]
# ## 9 Character models, honestly
#
# <details>
# <summary>中文</summary>
#
# 现在让网络去读莎士比亚：一个 128 单元的 GRU，读 600 批，每批 16 段、每段 32 个字符，一共三十万个字符。表格也只许读同样的这些段落，这样比才公平。
#
# 先投票，再往下读结果：读了同样多的字符，谁在测试部分更好？
#
# 网络确实学到了东西：比只看字母频率省 **2.06** 比特。可它还是比只读了同样段落的表格差 **0.37** 比特，比读了整份训练文本的差得更多。而表格用的时间只是网络的一小部分。
#
# 这不是说网络没用。网络可以把同一份文本再读许多遍，继续变好；表格读第二遍什么也得不到。nanoGPT 的说明文件给出：笔记本上三分钟 1.88 奈特，即 2.71 比特；A100 上三分钟 1.4697 奈特，即 2.12 比特。按上下文数数的表格也学不会上一节的锁存。先做简单的基线，再谈网络强在哪里。
#
# </details>
#
# Now let a network read Shakespeare: a GRU of 128 units, 600 batches of 16 windows, 32 characters each. That makes 307,200 characters. The table gets the very same windows, so that both have read the same.

# %%
n_batches = min(600, len(train) // (16 * 32))  # fewer on the stand-in, whose text is shorter
first = rng.integers(len(train) - 32, size=16 * n_batches)
windows = train[first[:, None] + np.arange(33)]  # 32 characters, each with the one that follows
windows.shape

# %%
reader = keras.Sequential(
    [keras.Input((None,)), layers.Embedding(V, 32), layers.GRU(128, return_sequences=True), layers.Dense(V)]
)

# %%
rate = keras.optimizers.schedules.CosineDecay(1e-2, n_batches)
reader.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), loss, steps_per_execution=10)
reader.count_params()

# %% [markdown]
# **Vote before it trains:** with the same characters read, who needs fewer bits on the held-out text?

# %%
import time

from tqdm.keras import TqdmCallback

began = time.perf_counter()
bar = TqdmCallback(verbose=1, epochs=1, tqdm_class=tqdm)
reader.fit(windows[:, :-1], windows[:, 1:], batch_size=16, shuffle=False, verbose=0, callbacks=[bar])
print(f"{time.perf_counter() - began:.0f} seconds")

# %% [markdown]
# The network reads the held-out text in 200 pieces side by side, each from an empty memory. Keras measures in nats; dividing by ln 2 gives bits.


# %%
def network_bits(model, x, n_pieces=200):
    """Return a model's bits per character on the symbols x, cut into pieces; what is left at the end is dropped."""
    length = (len(x) - 1) // n_pieces
    inputs, targets = (part[: n_pieces * length].reshape(n_pieces, length) for part in (x, x[1:]))
    return model.evaluate(inputs, targets, batch_size=20, verbose=0) / np.log(2)


# %%
began = time.perf_counter()
same_reading = bits(probability(fit(windows, 5), grams(held, 6)))
print(f"table: {time.perf_counter() - began:.1f} seconds")
by_network = network_bits(reader, held)

# %% mystnb={"image": {"alt": "Three horizontal bars of bits per character on held-out text: the GRU that read 307,200 characters 2.8, the table that read the same characters 2.4, the table that read the whole training text 2.2."}}
bars = {
    "GRU": by_network,
    "table, same reading": same_reading,
    "table, whole text": bits(p_held),
}
drawn = plt.barh(list(bars), list(bars.values()), color=["C1", "C0", "C0"], height=0.6)
plt.bar_label(drawn, fmt="%.2f", padding=6)
plt.xlim(0, 1.15 * max(bars.values()))
plt.grid(axis="y", visible=False)
plotting.show("After one short reading, counting is ahead", "bits per character", "")

# %% tags=["nbval-check-output"]
claims.check(
    "letter frequencies minus GRU",
    by_frequency - by_network,
    "2.06 bits",
    band=(2.0, 2.11),
    stand_in=(2.95, 3.21),
    data=PLAYS,
)
claims.check(
    "GRU minus table of the same reading",
    by_network - same_reading,
    "0.37 bits",
    band=(0.28, 0.45),
    stand_in=(0.07, 0.33),
    data=PLAYS,
)

# %% [markdown]
# It did learn: it needs **2.06 bits** less than the letters' frequencies. Still it is **0.37 bits** behind a table that has read the very same windows, and further behind the table of the whole text. And the table took a small part of the network's time.
#
# A network can read the same text again and improve; a table gains nothing by a second reading. By its README, nanoGPT reaches 1.88 nats, 2.71 bits, after three minutes on a laptop's CPU, and 1.4697 nats, 2.12 bits, after three minutes on an A100 GPU (same text, same share held out; published, not measured by us). And
# a table of contexts, such as ours, will not learn the latch. Build the simple baseline first; then say what the network adds.

# %% [markdown] tags=["instructor"]
# 5 minutes. Likely question: "why then does everybody use networks?" Data and time: the table's memory grows with the text and its context stays five letters. Lecture 15 takes up the race again, with the same table.

# %% [markdown]
# ## ★ 10 When do gradients explode? The rule of the spectral radius
#
# <details>
# <summary>中文</summary>
#
# 常见的说法：$W$ 的谱半径 $\rho$（特征值模的最大者）大于 1，梯度爆炸；小于 1，梯度消失。对没有激活函数的线性网络，这是对的：每一步乘以 $\rho$。
#
# 有 tanh 就不同了。它的斜率 $1-h^2$ 不超过 1，状态越大，斜率越小，会把放大压下去。用第 7 节的“推一下”量四十个随机矩阵，看每一步的平均倍数。$\rho=1$ 时已经小于 1，在消失；$\rho=1.1$ 平均是 **0.97**，说好的“爆炸”，绝大多数矩阵也还是消失。到了 $\rho=1.5$，平均是 **1.01**：多数矩阵略大于 1，慢慢变大，有的仍在变小；照规则该是 1.5。
#
# 所以 $\rho<1$ 时说“消失”还靠得住，$\rho>1$ 时说“爆炸”就不一定。最大奇异值乘以最大斜率小于 1，足以保证消失；大于 1 对爆炸只是必要，不是充分（Pascanu 等）。
#
# </details>
#
# A common rule: with spectral radius ρ of $W$ (its largest eigenvalue in absolute value) above 1, gradients explode; below 1 they vanish. For a *linear* network it holds: each step multiplies by ρ in the long run. What does tanh do to it? Section 7's nudge tells: the factor of one step, between steps 50 and 100, in forty
# random matrices of 64 units, with small random inputs (sd 0.1).


# %%
def factor(radius, rng, n=64):
    """Return by what a small nudge is multiplied in a step of a tanh network of this spectral radius."""
    W = rng.normal(size=(n, n))
    W *= radius / np.abs(np.linalg.eigvals(W)).max()
    left = left_over(rnn, np.eye(n), W, np.zeros(n), 100, rng, size=1e-6, scale=0.1)
    return (left[99] / left[49]) ** (1 / 50)


# %%
radii = (0.9, 1.0, 1.1, 1.5)
factors = {radius: np.array([factor(radius, rng) for _ in range(40)]) for radius in radii}
per_step = {radius: one.mean() for radius, one in factors.items()}
{radius: f"{(one > 1).mean():.0%} of the matrices above 1" for radius, one in factors.items()}

# %% mystnb={"image": {"alt": "The factor per step against the spectral radius 0.9, 1, 1.1 and 1.5. The dashed line of the linear rule rises along the diagonal. The measured tanh points lie below it, from 0.87 to about 1.01."}}
plt.plot(radii, radii, "s--", color="C1", label="linear network: the rule")
plt.plot(radii, list(per_step.values()), "o-", color="C0", label="tanh network, measured")
plt.axhline(1, color="0.4", linestyle=":")
plt.legend(loc="upper left")
plotting.show("tanh holds back what the rule lets explode", "spectral radius ρ of W", "factor per step")

# %% tags=["nbval-check-output"]
claims.check("factor per step, ρ = 1.1", per_step[1.1], "0.97", band=(0.95, 0.998))
claims.check("factor per step, ρ = 1.5", per_step[1.5], "1.01", band=(0.975, 1.045))

# %% [markdown]
# At ρ = 1, where the rule says "neither", the factor lies below 1: vanishing. At ρ = 1.1, where the rule says "explodes", it is **0.97** on average: vanishing as well, in nearly all matrices. At ρ = 1.5 the mean is **1.01**: most of the forty matrices lie a little above 1 and do grow, slowly, and some still shrink; the rule says 1.5. The slope
# $1 - h^2$ of tanh is at most 1, and large states make it small; only while the states are still small, right after a start at zero, does the rule come close. What is true (Pascanu and
# others): if the largest *singular* value of $W$ times the largest slope is below 1, gradients vanish; above 1 they *may* explode.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的值放在一起。数数得来的没有随机性，每次都一样；凡有随机起点的，你这一次会略有出入。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Counting has no chance in it; where random starts enter, yours is one more run.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Ask which rows must be the same for everybody in the room, and why.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 序列：次序就是信息。链式法则严格成立，有限的上下文是近似；用每字符比特打分。
# - 不加平滑的表会背书；加一又会把真实的计数淹没。退回短的上下文，并数前面有几种，就好得多。
# - 切分方式决定数字：续写一本读过开头的剧，比读一本新剧容易。
# - RNN 在时间上共享权重；沿时间反向传播就是普通的反向传播加上求和。
# - 刚初始化的门并不记事；记不记得住，起点的偏置说了算。
# - 先做简单的基线：读得不多的时候，数数胜过网络；要长久记住，按上下文数数就无能为力。
#
# </details>
#
# - A sequence is data whose order is the message. The chain rule is exact, a finite context is not. Measure in bits per character.
# - A bare table learns its text by heart; adding one drowns what it knows. Falling back on shorter contexts, and counting predecessors, mends both.
# - The split decides the figure: the rest of a play begun is easier than a new play.
# - An RNN shares its weights over time. BPTT is backpropagation with sums.
# - Newborn gates do not remember by themselves. The bias at the start decides what is kept.
# - Build the simple baseline first. For a short reading, counting wins; for a long memory, a table of contexts cannot.

# %% [markdown] tags=["instructor"]
# 1 minute. Cover the last line and let the class finish it.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 一个 RNN 原来读长度 20 的序列，现在改读长度 200 的。参数个数变成几倍：1、10，还是 100？
#
# B. 温度 0 写出的文字，单词全是真的。它是最好的温度吗？
#
# C. 同事把台词随机分成训练和测试，报告 1.98 比特；你按位置切，得到 2.2 比特。谁的模型更好？
#
# </details>
#
# **A.** An RNN reads sequences of length 20. It now reads length 200. Its number of parameters is multiplied by: 1, 10, or 100?
#
# <details>
# <summary>Answer</summary>
#
# By 1. "10" tempts because the unrolled picture has ten times as many arrows; but they carry the same weights. What grows is the time, and the memory for the states that BPTT must keep.
#
# 1 倍。展开的图里箭头多了十倍，所以“10 倍”很诱人，可它们是同一组权重。变多的是时间，以及沿时间反向传播要保存的状态。
#
# </details>
#
# **B.** At temperature 0 every written word exists. Is it the best temperature?
#
# <details>
# <summary>Answer</summary>
#
# No: it repeats a few words for ever. "Yes" tempts because a measure that can be read off in one number seems objective. It measures only half of what we want.
#
# 不是，它翻来覆去只写那几个词。“是”诱人，因为一个数看起来很客观，可它只量了我们想要的一半。
#
# </details>
#
# **C.** A colleague splits the speeches at random and reports 1.98 bits. You cut by position and get 2.2. Whose model is better?
#
# <details>
# <summary>Answer</summary>
#
# One cannot tell: the two figures are of different texts. "The colleague's" tempts because a smaller number is better, on the *same* held-out text. The same method gave both figures in section 3.
#
# 没法比，两个数字量的不是同一份文字。“同事的更好”诱人，因为比特越少越好，但那要在**同一份**测试文本上。第 3 节里，两个数字出自同一种方法。
#
# </details>

# %% [markdown] tags=["instructor"]
# 4 minutes. Spend most of the time on C. Ask: which of the two splits would you want before you put the model to work on a new play?

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 数参数：给出单元的种类、输入个数和隐藏单元个数，返回 Keras 数出的参数个数。小心 GRU 的偏置。
# 2. 把两个模型的概率按 λ 和 1 − λ 混合。写之前先预测：两个模型各要 2 比特，混合以后可能少于 2 比特吗？把答案写下来。
# 3. 梯度裁剪：把一组数组当作一个长向量，长度超过上限就整体缩小，否则原样返回。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. Count.* Return how many parameters Keras counts for one layer: `kind` is "RNN", "LSTM" or "GRU". Section 5 has an example of each.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def parameters(kind, n_inputs, n_units):
    return ...


def check_parameters(f):
    for kind, n, m in zip(("RNN", "LSTM", "GRU") * 2, (4, 4, 4, 2, 7, 5), (3, 3, 3, 5, 2, 4)):
        sets, biases = {"RNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}[kind]
        wanted = sets * m * (n + m + biases)
        found = f(kind, n, m)
        if reason := misshapen(found, ()):
            return reason
        hints = {
            sets * m * (n + m): "the biases are missing",
            sets * m * (n + 1): "each unit also listens to every unit's last state",
            wanted / sets: "that is one set of weights: how many gates and candidates are there?",
            3 * m * (n + m + 1): {
                "GRU": "the textbook's count: Keras' GRU keeps a second bias for each of its rows",
                "LSTM": "three gates and a candidate make four sets",
            }.get(kind, "a plain network has one set"),
        }
        if found != wanted:
            said = f"{kind} of {m} units on {n} inputs: {found}, and Keras counts {wanted}"
            return said + (f"; {hints[found]}" if found in hints else "")


attempt(parameters, check_parameters)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def parameters_solution(kind, n_inputs, n_units):
    sets, biases = {"RNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}[kind]
    return sets * n_units * (n_inputs + n_units + biases)


assert check_parameters(parameters_solution) is None

# %% [markdown]
# *2. Mix two models.* `p` and `q` hold the probabilities that two models gave to the characters that came. Return the bits per character of the mixture $\lambda p + (1-\lambda) q$.
#
# **Predict first**, and write it down: two models cost 2 bits each on a text. Can their mixture cost less than 2?


# %% tags=["nbval-check-output"]
def mixed_bits(p, q, lam):
    return ...


def check_mixed_bits(f):
    p, q = np.array([0.5, 0.125, 0.25]), np.array([0.25, 0.5, 0.25])
    for lam in (0.5, 0.25, 1.0):
        found = f(p.copy(), q.copy(), lam)
        if reason := misshapen(found, ()):
            return reason
        mixture = lam * p + (1 - lam) * q
        wanted = -np.log2(mixture).mean()
        hints = {
            "these are nats: take log2": -np.log(mixture).mean(),
            "λ belongs to p, and 1 − λ to q": -np.log2(lam * q + (1 - lam) * p).mean(),
            "mix the probabilities, not the bits": lam * -np.log2(p).mean() - (1 - lam) * np.log2(q).mean(),
            "the sign: bits are not negative": -wanted,
            "per character: the mean, not the sum": 3 * wanted,
            "first −log2 of each character, then the mean": -np.log2(mixture.mean()),
        }
        if not np.isclose(found, wanted):
            hint = [words for words, value in hints.items() if np.isclose(found, value)]
            return f"λ = {lam}: {found:.3f}, and it should be {wanted:.3f}" + "".join(
                f"; {one}" for one in hint[:1]
            )


attempt(mixed_bits, check_mixed_bits)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def mixed_bits_solution(p, q, lam):
    return -np.log2(lam * p + (1 - lam) * q).mean()


one, other = np.array([1 / 2, 1 / 8]), np.array([1 / 8, 1 / 2])
print("each alone:", bits(one), bits(other), "mixed:", round(mixed_bits_solution(one, other, 0.5), 2))
assert check_mixed_bits(mixed_bits_solution) is None

# %% [markdown]
# And your prediction? It can: the line above is an example. Where one model is sure and wrong, the other keeps the price low. Since −log is convex, the mixture never costs more than the mean of the two costs, weighted by λ and 1 − λ.
#
# *3. Clip.* Section 8's training scaled long gradients down. Treat a list of arrays as one long vector. If its length exceeds `limit`, return the arrays scaled so that the length is `limit`; else return them as they are.


# %% tags=["nbval-check-output"]
def clip(gradients, limit):
    return ...


def check_clip(f):
    for limit in (2.0, 10.0):
        gradients = [np.array([3.0, 0.0]), np.array([[4.0]])]
        clipped = f([g.copy() for g in gradients], limit)
        if not isinstance(clipped, list | tuple) or len(clipped) != len(gradients):
            return f"return a list of {len(gradients)} arrays"
        for new, old in zip(clipped, gradients):
            if reason := misshapen(new, old.shape):
                return reason
        length = np.sqrt(sum(np.sum(np.square(g)) for g in clipped))
        if limit == 10 and not np.isclose(length, 5):
            return f"a gradient of length 5 is below the limit 10 and stays; yours has length {length:.3f}"
        if not np.isclose(length, min(limit, 5)):
            return f"the length over *all* arrays should be {min(limit, 5):.0f}, and is {length:.3f}"
        wanted = [g * min(limit, 5) / 5 for g in gradients]
        if all(np.allclose(new, -right) for new, right in zip(clipped, wanted)):
            return "the sign: clipping shortens a gradient and does not turn it round"
        if not all(np.allclose(new, right) for new, right in zip(clipped, wanted)):
            return "the length is right, the direction is not: one factor for all arrays"


attempt(clip, check_clip)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def clip_solution(gradients, limit):
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1, limit / length) for g in gradients]


assert check_clip(clip_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Shannon 让人来猜下一个字母，估计英文每个字母有多少比特；Chen 与 Goodman 比较了各种平滑；Hochreiter 与 Schmidhuber 提出 LSTM；Pascanu 等人分析梯度何时爆炸、何时消失；Jozefowicz 等人发现遗忘门的偏置比结构更要紧；Cho 等人提出 GRU。
#
# </details>
#
# - C. E. Shannon, *Prediction and entropy of printed English*, Bell System Technical Journal 30 (1951): people guess the next letter.
# - S. F. Chen, J. Goodman, *An empirical study of smoothing techniques for language modeling*, Computer Speech & Language 13 (1999): Kneser–Ney among its rivals.
# - S. Hochreiter, J. Schmidhuber, *Long short-term memory*, Neural Computation 9 (1997).
# - R. Pascanu, T. Mikolov, Y. Bengio, [On the difficulty of training recurrent neural networks](https://arxiv.org/abs/1211.5063), ICML 2013: when gradients explode and vanish, and clipping.
# - R. Jozefowicz, W. Zaremba, I. Sutskever, [An empirical exploration of recurrent network architectures](https://proceedings.mlr.press/v37/jozefowicz15.html), ICML 2015: the bias of the forget gate.
# - K. Cho et al., [Learning phrase representations using RNN encoder–decoder for statistical machine translation](https://arxiv.org/abs/1406.1078), EMNLP 2014: the GRU.
