# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 15 · Transformers: every token asks every other
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/15_transformers.ipynb)
#
# The networks of lecture 13 read a text one symbol after another and carry a memory along. What is not in the memory is gone. A transformer drops the memory: at each
# place it looks back at *all* that was read, and decides by content where to look. What does that buy, and what does it cost?
#
# **You will**
#
# - build the tokens of a language model by merging bytes;
# - compute attention by hand, see why it divides by √d, and what it knows of the order;
# - write the leak test, and see what a model learns that fails it;
# - train a small GPT on Shakespeare and hold it honestly against lecture 13's table of counts;
# - generate text with and without a cache, and see what attention is really good at, and how deep it must be.
#
# **You need** softmax (lecture 3), Adam (lecture 4), permutations (lecture 5), skips (lecture 8), bits per character (lecture 13).
# **It takes** 85 minutes to teach and under 80 seconds to run on 2 CPU cores. Sections marked ★ go deeper: read them at home.
#
# **Figures in bold** were measured. Where chance enters, they are means over ten seeds: your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("15")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Tokens: what the model reads
#
# <details>
# <summary>中文</summary>
#
# 网络读的是数，所以文字先要切成小块，每块叫一个**符号**（token，也译“词元”），各有一个编号。切成单词，总会遇到没见过的词；切成字母，一句话就变得很长。**字节对编码**（BPE）走中间的路：从 256 种字节出发，找出最常相邻的一对，合成一个新符号，再找下一对，如此反复。
#
# 先在黑板上做：hug 出现 10 次，pug 5 次，pun 12 次，bun 4 次，hugs 5 次。相邻最多的是 u 和 g，一共 20 次；然后是 un，然后是 hug。
#
# 再到莎士比亚的训练部分去学 500 次合并（不跨越单词）。先猜一猜，再往下读：讲义把 “The cat sat” 切成 The、Ġcat、Ġsat（Ġ 代表空格），我们的会切成几个？“深度学习”呢？
#
# 在测试部分，每个符号平均 **2.15** 个字符：长度不到原来的一半。“The cat sat” 我们切成 **5** 个，讲义是 **3** 个：我们只合并了 500 次，GPT-2 合并了五万次，莎士比亚又很少写猫。怎么切，要看从哪份文本学、合并多少次。“深度学习”是 **12** 个，正好是它的字节数。从字节出发，什么都切得开，一个不丢，原样还得回来。
#
# 有一个常见的错：两个切法不同的模型，每个符号的损失不能直接比，因为符号长短不一样。要比，就比每字符的比特。本讲后面训练时用字符，好和第 13 讲的表格比。
#
# </details>
#
# A network reads numbers, so a text is first cut into pieces, **tokens**, each with a number. Whole words? Then tomorrow's word is unknown. Letters? Then a sentence becomes very long. **Byte-pair
# encoding** (BPE) goes between. Start with the 256 bytes. Find the pair of neighbours that occurs most often, make it one new symbol, and repeat.
#
# By hand: a text with *hug* 10 times, *pug* 5, *pun* 12, *bun* 4, *hugs* 5. The pair u, g stands in 10 + 5 + 5 = 20 places, u, n in 16. So u, g is merged first.

# %% tags=["nbval-check-output"]
import numpy as np


def symbols_of(pieces):
    """Return the bytes of all pieces in one row of whole numbers, with −1 after each piece."""
    return np.array([symbol for piece in pieces for symbol in [*piece.encode(), -1]])


# %% tags=["nbval-check-output"]
symbols_of(["hug", "深"])

# %% [markdown]
# Three bytes and a mark for *hug*; three bytes and a mark for one Chinese character. Now one merge along the whole row:


# %%
def merge(symbols, pair, new):
    """Return the row with every pair replaced by the symbol `new`, and which places of the old row stay."""
    left, right = pair
    hits = np.flatnonzero((symbols[:-1] == left) & (symbols[1:] == right))
    if left == right:  # "aaa" holds one pair of a's, and not two: take every second hit of a run
        number = np.arange(len(hits))
        first = np.where(np.diff(hits, prepend=-2) > 1, number, 0)
        hits = hits[(number - np.maximum.accumulate(first)) % 2 == 0]
    symbols, stays = symbols.copy(), np.ones(len(symbols), dtype=bool)
    symbols[hits], stays[hits + 1] = new, False
    return symbols[stays], stays


# %%
def learn_merges(counts, n_merges):
    """Return the pairs to merge, the first one first, for a dict of pieces and how often each occurs."""
    symbols, merges = symbols_of(counts), []
    times = np.repeat(list(counts.values()), [len(piece.encode()) + 1 for piece in counts])
    for new in range(256, 256 + n_merges):
        left, right = symbols[:-1], symbols[1:]
        inside = (left >= 0) & (right >= 0)  # never across the end of a piece
        pairs = np.bincount(left[inside] * 10_000 + right[inside], times[:-1][inside])
        merges.append(divmod(int(pairs.argmax()), 10_000))
        symbols, stays = merge(symbols, merges[-1], new)
        times = times[stays]
    return merges


# %%
def vocabulary(merges):
    """Return the bytes that each symbol stands for: the 256 bytes, then one entry for each merge."""
    tokens = [bytes([i]) for i in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


# %% tags=["nbval-check-output"]
toy = learn_merges({"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}, 3)
[token.decode() for token in vocabulary(toy)[256:]]

# %% [markdown]
# Now the plays of lecture 13, split as there: the last tenth is held out, and the merges are learned from the rest. A piece is a word with the space before it.

# %%
import re
from collections import Counter

from utils.datasets import load_tiny_shakespeare

PLAYS = ("tiny_shakespeare",)  # the data that our claims rest on
text = load_tiny_shakespeare()
n = int(0.9 * len(text))

# %%
PIECE = r"\n| ?\S+|\s"
merges = learn_merges(Counter(re.findall(PIECE, text[:n])), 500)
tokens = vocabulary(merges)
[token.decode().replace(" ", "Ġ") for token in tokens[256:272]]

# %% [markdown]
# *Ġ* stands for a space, as on the slides. To cut a new text, apply the merges in the order in which they were learned.


# %%
def tokenise(text, merges):
    """Return the symbols of a text after all merges."""
    symbols = symbols_of(re.findall(PIECE, text))
    for new, pair in enumerate(merges, 256):
        symbols, _ = merge(symbols, pair, new)
    return symbols[symbols >= 0]


# %% [markdown]
# **Guess before you run on.** The slides cut "The cat sat" into three tokens: The, Ġcat, Ġsat. How many are ours? And how many tokens is 深度学习, in an alphabet learned from Shakespeare?

# %%
cat, deep = tokenise("The cat sat", merges), tokenise("深度学习", merges)
[tokens[i].decode().replace(" ", "Ġ") for i in cat], b"".join(tokens[i] for i in deep).decode()

# %%
sizes = np.array([0, 10, 25, 50, 100, 250, 500])
per_token = [len(text[n:]) / len(tokenise(text[n:], merges[:size])) for size in sizes]

# %% mystnb={"image": {"alt": "Characters per token on the held-out text against the number of merges. The line rises from 1 without merges, steeply at first to about 1.6 at 100 merges, then more slowly to about 2.15 at 500."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
plt.plot(sizes, per_token, "o-")
plt.ylim(0.8, None)
plotting.show("The first merges shorten the text most", "merges", "characters per token, held-out text")

# %% tags=["nbval-check-output"]
# Counts of a fixed text, without chance: the band leaves room for the last digit stated and no more.
claims.check(
    "characters per token, 500 merges",
    per_token[-1],
    "2.15",
    band=(2.145, 2.155),
    stand_in=(3.004, 3.014),
    data=PLAYS,
)
# Not asserted on the stand-in, whose words are other words.
claims.check("tokens of The cat sat", len(cat), "5 (slide: 3)", band=(5, 5), stand_in=None, data=PLAYS)
claims.exact("tokens of 深度学习", len(deep), "12")

# %% [markdown]
# With 500 merges a token holds **2.15** characters on average: the held-out text is less than half as long. "The cat sat" has **5** tokens, and on the slide **3**: we made 500 merges where GPT-2 made 50,000, and cats are rare in Shakespeare. Which tokens there are depends on the text and on the number of merges.
# 深度学习 has **12** tokens, its bytes. No text is out of vocabulary, and each comes back whole.
#
# One caution. Two models with different tokens cannot be compared by their loss *per token*, since their tokens are not equally long. Compare bits per *character*. From here on our tokens are single characters, so that we can compare with lecture 13.

# %% [markdown] tags=["instructor"]
# 8 minutes. Do the first merge at the board and let the class find the second. Likely question: "why not merge across spaces?" One could; then frequent phrases become tokens, and the same word gets many numbers. Common confusion: the merges are learned once, before
# any network; they are not trained with it.

# %% [markdown]
# ## 2 Attention on three tokens
#
# <details>
# <summary>中文</summary>
#
# 字典查词：拿着一个词，找到完全相同的那一条，取出它的内容。**注意力**是软的字典：拿着一个**查询** $q$，和每个**键** $k_j$ 比一比有多像，像的多取一点，不像的少取一点，取出来的是各个**值** $v_j$ 的加权平均。
#
# 三个词各管一件事：查询是“我想要什么”，键是“我能提供什么”，值是“我真正给出的内容”。
#
# 像不像，用内积除以 $\sqrt d$ 来量；权重用 softmax，正数，加起来等于 1。写成矩阵就是 $\mathrm{softmax}(QK^\top/\sqrt d)\,V$，每一行是一个符号的提问。
#
# 手算一遍：三个符号 $(1,0)$、$(0,1)$、$(1,1)$，查询和键都取它们自己，值取 $(1,0)$、$(0,2)$、$(3,3)$。第一个符号的分数是 1、0、1，除以 $\sqrt2$，取指数，再归一：权重是 **0.401**、**0.198**、**0.401**。于是它得到 **1.604** 和 **1.599**。
#
# 这里没有任何要学的东西。要学的是三个矩阵 $W_Q$、$W_K$、$W_V$，它们从每个符号的向量算出查询、键和值。
#
# </details>
#
# Look up a word in a dictionary: you hold a word, you find the one entry that is exactly the same, you take what stands there. **Attention** is a soft dictionary. Each token has a **query** $q$, *what I look for*. Each token offers
# a **key** $k_j$, *what I have*, and a **value** $v_j$, *what I give*. The query is compared with every key, and the answer is a weighted mean of all values: much from keys that fit, little from the others.
#
# $$\text{attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V.$$
#
# A row of $QK^\top$ holds the scores of one query with all keys, inner products of length-$d$ vectors. Softmax turns each *row* into positive weights that sum to 1.


# %% tags=["nbval-check-output"]
def softmax(scores):
    """Return weights of the same shape: positive, and each row sums to 1."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# %% tags=["nbval-check-output"]
def attention(Q, K, V, mask=None):
    """Return what each query gets and how it shares its attention, of shapes (…, n, dv) and (…, n, m).

    Q has shape (…, n, d), K (…, m, d), V (…, m, dv). A query may look only where `mask`, of shape (n, m), is True.
    """
    scores = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = softmax(scores)
    return weights @ V, weights


# %% [markdown]
# Three tokens, with queries and keys that are the tokens themselves. **By hand first**: the scores of token 1 are 1, 0, 1. Divide by √2, take exponentials (2.028, 1, 2.028), divide by their sum.

# %% tags=["nbval-check-output"]
X = np.array([[1.0, 0], [0, 1], [1, 1]])
V = np.array([[1.0, 0], [0, 2], [3, 3]])
mixed, A = attention(X, X, V)
A.round(3), mixed.round(3)

# %% tags=["nbval-check-output"]
claims.exact("token 1, weight of token 1", A[0, 0], "0.401")
claims.exact("token 1, weight of token 2", A[0, 1], "0.198")
claims.exact("token 1, what it gets, first number", mixed[0, 0], "1.604")
claims.exact("token 1, what it gets, second number", mixed[0, 1], "1.599")

# %% [markdown]
# Token 1 shares its attention **0.401**, **0.198**, 0.401, and gets 0.401 · (1, 0) + 0.198 · (0, 2) + 0.401 · (3, 3), which is **1.604** and **1.599**. We draw it, with lines as wide as the weights.


# %%
def draw_attention(A, labels, token):
    """Draw how one token, counted from 1, shares its attention: a line to each token, as wide as its weight.

    A has shape (n, n), one row for each token; `labels` holds n short texts.
    """
    weights = A[token - 1]
    for place, (weight, label) in enumerate(zip(weights, labels), 1):
        plt.plot([token, place], [1, 0], color="C0", linestyle="-", linewidth=14 * weight)
        plt.text(place, -0.12, label, ha="center", va="center", fontsize=16)
        if weight >= 0.1:
            low = -0.3 - 0.12 * (place % 2)  # neighbours do not overlap
            plt.text(place, low, f"{weight:.2f}", ha="center", va="center", fontsize=12)
    plt.text(token, 1.12, labels[token - 1], ha="center", va="center", fontsize=16, color="C1")
    plt.axis([0.4, len(labels) + 0.6, -0.5, 1.3])
    plt.axis("off")
    most = np.flatnonzero(np.isclose(weights, weights.max()))
    looked_at = " and ".join(f"{place + 1}, {labels[place]}" for place in most)
    plt.title(f"Token {token}, {labels[token - 1]}: {weights.max():.0%} on token {looked_at}")
    plt.show()


# %% [markdown]
# What token 1 asks, and what it looks at:

# %% mystnb={"image": {"alt": "The first of three tokens stands above, the three tokens below. Three lines lead down from it. The lines to the first and the third token are twice as wide as the line to the second; the weights written below are 0.40, 0.20 and 0.40."}}
draw_attention(A, ["(1, 0)", "(0, 1)", "(1, 1)"], 1)

# %% [markdown]
# Nothing is learned here. What a network learns are three matrices $W_Q$, $W_K$, $W_V$ that make queries, keys and values from the tokens' vectors. And distance plays no part: token 1 reaches token 3 as easily as itself.

# %% [markdown] tags=["instructor"]
# 9 minutes. Compute row 1 at the board. Common confusion: softmax along columns. Its rows do not sum to 1: 0.85, 0.85 and 1.31 here. Likely question: "why three vectors, not one?" What I look for, what others find in me and
# what I tell are different things: a verb looks for its subject and is not found by other verbs.

# %% [markdown]
# ## 3 Why divide by √d?
#
# <details>
# <summary>中文</summary>
#
# 两个 $d$ 维向量，各分量独立，均值 0，方差 1，它们的内积是 $d$ 个这样的乘积之和，方差是 $d$，标准差是 $\sqrt d$。$d$ 越大，分数散得越开，softmax 就越像“只取最大的那个”。
#
# 先投票，再往下读结果：$d=64$，32 个键，不除以 $\sqrt d$，最大的权重平均是多少？一视同仁是 1/32，约 0.03。
#
# 量出来：方差除以 $d$ 是 **1.00**；最大的权重平均 **0.81**，几乎只看一个；除以 $\sqrt d$ 以后是 **0.16**，$d$ 是几都一样。
#
# 这有什么不好？softmax 的斜率是 $p(1-p)$。权重贴近 0 或 1，斜率就没了，梯度传不回去。32 个斜率加起来，$d=1024$ 时不除只有 **0.06**，除了是 **0.93**。
#
# 要说清楚：这说的是刚出生的网络，查询和键还是随机的。训练以后它们不再独立，权重可以很尖，那是学出来的。
#
# </details>
#
# Take two vectors of $d$ independent numbers with mean 0 and variance 1. Their inner product is a sum of $d$ products, each with variance 1, so its variance is $d$. With growing $d$ the scores spread, and softmax comes near to "take the largest only".
#
# **Vote before you run on.** 32 keys, $d = 64$, no division. Equal weights would be 1/32 = 0.03. How large is the largest weight, on average?

# %%
rng = np.random.default_rng(SEED)
widths = np.array([4, 16, 64, 256, 1024])


def random_scores(d, rng, n=400, m=32):
    """Return the inner products of n random queries, each with m random keys of its own: shape (n, m)."""
    return np.stack([rng.normal(size=(m, d)) @ rng.normal(size=d) for _ in range(n)])


# %%
scores = {d: random_scores(d, rng) for d in widths}
raw = np.array([softmax(scores[d]).max(axis=1).mean() for d in widths])
divided = np.array([softmax(scores[d] / np.sqrt(d)).max(axis=1).mean() for d in widths])

# %% mystnb={"image": {"alt": "Mean largest of 32 attention weights against the width d, from 4 to 1,024 on a logarithmic axis. Without division it rises from about 0.35 to 0.94. Divided by the root of d it stays level at about 0.16."}}
plt.semilogx(widths, raw, "o-", base=2, label="as it is")
plt.semilogx(widths, divided, "s--", base=2, label="divided by √d")
plt.xticks(widths, [f"{d:,}" for d in widths])
plt.ylim(0, 1)
plt.legend(loc="center right")
plotting.show("Without √d, wide queries see one key only", "width d", "largest of 32 weights, mean")

# %% [markdown]
# Why is that bad? The slope of a weight $p$ in its own score is $p(1 - p)$. Near 0 and near 1 it vanishes, and no gradient comes back. The sum of all 32 slopes, at $d = 1{,}024$:


# %%
def slopes(p):
    """Return the mean over rows of Σ p(1 − p), the slopes of all weights in their own scores."""
    return np.sum(p * (1 - p), axis=1).mean()


steep_raw, steep = slopes(softmax(scores[1024])), slopes(softmax(scores[1024] / 32))

# %% tags=["nbval-check-output"]
# Bands of ten seeds: sd 0.013, 0.007, 0.004, 0.008, 0.001.
claims.check("variance of a score over d, d = 64", scores[64].var() / 64, "1.00", band=(0.95, 1.06))
claims.check("largest weight, d = 64", raw[2], "0.81", band=(0.77, 0.86))
claims.check("largest weight, d = 64, divided by √d", divided[2], "0.16", band=(0.15, 0.18))
claims.check("sum of slopes, d = 1,024", steep_raw, "0.06", band=(0.03, 0.095))
claims.check("sum of slopes, d = 1,024, divided by √d", steep, "0.93", band=(0.922, 0.933))

# %% [markdown]
# Divided by $d$, the variance is **1.00**. At $d = 64$ the largest weight is **0.81**: the query sees one key and hardly any other. Divided by √d it is **0.16**, at every width. The slopes at 1,024 add up to **0.06** as they are, and to **0.93** when divided.
#
# This holds for a newborn network. A trained one may well have sharp weights: then sharpness was learned.

# %% [markdown] tags=["instructor"]
# 5 minutes. Let them compute the variance for d = 1 first. Likely question: "why not divide by d?" Then wide scores would all be near 0 at birth, and attention a plain mean; it could grow out of that, but slowly.

# %% [markdown]
# ## 4 Does attention know the order?
#
# <details>
# <summary>中文</summary>
#
# 让每个符号问所有的符号（**自注意力**）：$Q=XW_Q$，$K=XW_K$，$V=XW_V$。现在把输入的次序打乱，输出会怎样？
#
# 先投票，再往下读结果。“狗咬人”和“人咬狗”，它分得清吗？
#
# 分不清。输入怎么打乱，输出就跟着怎么打乱，每个符号得到的东西一点没变，相差不到 **1e-12**。道理和第 5 讲一样：加权平均不管次序。补救的办法是给每个位置一个向量，加在符号的向量上：原论文用正弦和余弦，GPT 让它自己学。加上以后，打乱就有差别了，至少 **0.1**。
#
# 常听人说：没有位置编码，transformer 就不知道次序。对编码器，这是对的。可写文章的解码器还有一道**因果掩码**：每个符号只许看自己和前面的。再投一次票：一层这样的注意力，没有位置，打乱最后一个符号之前的所有符号，它的输出变不变？两层呢？
#
# 一层：不变，还是不到 **1e-12**，它看到的是一袋子符号。两层：变了，至少 **0.001**。因为第一层里，第 $k$ 个符号看见的正是前 $k$ 个，每个位置看见的袋子不一样，次序就藏在里面了（Haviv 等，2022）。
#
# </details>
#
# In **self-attention** every token asks every token: $Q = XW_Q$, $K = XW_K$, $V = XW_V$. Shuffle the tokens of the input. What happens to the output?


# %%
def self_attention(X, W, mask=None):
    """Return what each token of X, shape (n, d), gets from the others; W has shape (3, d, d)."""
    Q, K, V = X @ W
    return attention(Q, K, V, mask)[0]


# %% [markdown]
# **Vote before you run on.** Seven tokens, random weights. *Dog bites man* and *man bites dog*: does a token get something else when the others change places?

# %%
n_tokens, d = 7, 16
X = rng.normal(size=(n_tokens, d))
W = rng.normal(size=(3, d, d)) / np.sqrt(d)
order = np.roll(np.arange(n_tokens), 1)  # every token moves
bare = np.abs(self_attention(X[order], W) - self_attention(X, W)[order]).max()
f"{bare:.0e}"

# %% [markdown]
# Rounding and nothing else: $f(PX) = P f(X)$, as in lecture 5. Each token gets what it got before. The cure is to *add* a vector to each token that says where it stands, a *positional encoding*. The first transformer used sines and
# cosines, GPT learns its vectors. For place $i$ and frequencies $\omega_k$ from 1 down to nearly 1/10,000:
#
# $$p_i = (\sin \omega_1 i, \sin \omega_2 i, \dots, \cos \omega_1 i, \cos \omega_2 i, \dots).$$


# %%
def positions(n, d):
    """Return a vector for each of n places, of shape (n, d): sines, then cosines, slower and slower."""
    angles = np.arange(n)[:, None] / 10_000 ** (np.arange(0, d, 2) / d)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype("float32")


# %%
P = positions(n_tokens, d)
placed = np.abs(self_attention(X[order] + P, W) - self_attention(X + P, W)[order]).max()
f"{placed:.1f}"

# %% [markdown]
# Now the order counts. Common teaching says: *without positions, a transformer cannot know the order.* For an encoder, which looks everywhere, we have seen it. A model that writes is a **decoder**: token $i$ may look at itself and at what came before, never ahead. This is the **causal mask**:

# %% tags=["nbval-check-output"]
causal = np.tril(np.ones((n_tokens, n_tokens), dtype=bool))
causal[:4, :4].astype(int)

# %% [markdown]
# **Vote again.** No positions, causal mask. We shuffle what came *before* the last token. Does the last token's output change with one layer? With two?


# %%
def last_output(X, W, n_layers, mask):
    """Return the last token's vector after some layers, each added to the tokens that it read."""
    for _ in range(n_layers):
        X = X + self_attention(X, W, mask)
    return X[-1]


# %%
past = np.append(np.roll(np.arange(n_tokens - 1), 1), n_tokens - 1)  # the last one stays
one, two = (
    np.abs(last_output(X[past], W, depth, causal) - last_output(X, W, depth, causal)).max()
    for depth in (1, 2)
)
two_open = np.abs(last_output(X[past], W, 2, None) - last_output(X, W, 2, None)).max()

# %% mystnb={"image": {"alt": "Horizontal bars on a logarithmic axis: the largest change of an output when the other tokens are shuffled. Without positions, without a mask: about 1e-16. With positions: about 1. Causal mask, one layer, no positions: about 1e-16. Causal mask, two layers, no positions: about 1. No mask, two layers, no positions: about 1e-16."}}
bars = {
    "no mask, two layers": two_open,
    "causal mask, two layers": two,
    "causal mask, one layer": one,
    "positions, no mask, one layer": placed,
    "no mask, one layer": bare,
}
plt.barh(list(bars), [max(change, 1e-17) for change in bars.values()], color=["C0", "C1", "C0", "C1", "C0"])
plt.xscale("log")
plt.xlim(1e-17, 100)
plotting.show("A mask and two layers see order, without positions", "change when the others are shuffled", "")

# %% tags=["nbval-check-output"]
claims.check("bare attention, others shuffled", bare, "below 1e-12", band=(None, 1e-12))
# A bound, for a figure that differs from network to network: without order it would be rounding.
claims.check("with positions, others shuffled", placed, "at least 0.1", band=(0.1, None))
claims.check("causal, one layer, past shuffled", one, "below 1e-12", band=(None, 1e-12))
claims.check("causal, two layers, past shuffled", two, "at least 0.001", band=(0.001, None))

# %% [markdown]
# Bare attention: below **1e-12**, blind. With positions: at least **0.1**. The decoder without positions: with one layer below **1e-12**, blind again, for its last token sees a bag of tokens. With two layers it changes by at least **0.001**. In the first layer, token
# $k$ saw exactly the first $k$ tokens. So each place saw another bag, and the order is hidden in the bags (Haviv and others measured it in trained models). The saying is true of encoders. Of decoders it is true for one layer.

# %% [markdown] tags=["instructor"]
# 9 minutes. Take both votes. Likely question: "then why do GPTs have positions?" Seeing order at all is not seeing it well; positions make it easy. Common confusion: equivariant means that the *outputs* move along; only a sum over them, as in lecture 5, would be invariant.

# %% [markdown]
# ## 5 The leak test
#
# <details>
# <summary>中文</summary>
#
# 语言模型在每个位置上都要预测下一个字符。训练时，整段文字同时放进去，答案就在右边一格。掩码要是漏了，模型抄答案就行，损失就说明不了它会不会写。
#
# 所以每个写语言模型的人都该有这三行“漏洞测试”：把第 $i$ 个符号换成另一个，看前面的输出动不动。（不能只给它的每个分量加上同一个数：第 6 节的 LayerNorm 会把它减掉，漏了也看不出来。）有掩码，前面必须**一动不动**：不是“差不多”，是零。
#
# 量出来：有掩码是 **0**；没有掩码，至少 **0.01**。
#
# 为什么是严格的零？被掩码的分数是 $-\infty$，指数是 0，乘什么都是 0。
#
# </details>
#
# A language model predicts the next token at *every* place of a text at once. In training the whole text is put in, and the answer stands one place to the right. If the mask is missing, the model may copy the answer. Then its loss says nothing about how it writes.
#
# So three lines belong in everybody's code. Replace one token by another; the outputs *before* it must not move. (To add a number to all its entries would not do. The LayerNorm of section 6 takes such a number out again, and the test would see no leak.)


# %%
def leak(f, X, place):
    """Return the largest change in the outputs f(X) before a place, when its token is replaced by the first."""
    changed = X.copy()
    changed[place] = X[0]
    return np.abs(f(changed) - f(X))[:place].max()


# %%
masked = leak(lambda X: self_attention(X, W, causal), X, place=5)
unmasked = leak(lambda X: self_attention(X, W), X, place=5)
f"with the mask {masked:.2f}, without {unmasked:.2f}"

# %% tags=["nbval-check-output"]
claims.check("leak with the mask", masked, "0", band=(0, 0))
# A bound, for a figure that differs from network to network: a tight attention would leak as well.
claims.check("leak without the mask", unmasked, "at least 0.01", band=(0.01, None))

# %% [markdown]
# With the mask exactly **0**, not nearly: a masked score is −∞, its exponential is 0, and 0 times anything is 0. Without it at least **0.01**. Write this test before you train, and run it on the *whole* model. A leak can also come from elsewhere: from a mean over time, from batch
# statistics, from padding. We use it again in section 8.

# %% [markdown] tags=["instructor"]
# 5 minutes. Let the class say what else could leak. Common confusion: a row that is masked everywhere gives 0/0. A causal row never is: every token sees itself.

# %% [markdown]
# ## 6 The block, and what it holds
#
# <details>
# <summary>中文</summary>
#
# 一个 transformer 块有两步。第一步“问别人”：注意力。第二步“自己想”：对每个符号单独用一个小网络，隐藏层宽 $4d$。两步都是**加**到原来的向量上去的，和第 8 讲的跳跃连接一样，每一步之前先做 LayerNorm。（讲义和 2017 年的论文放在之后，GPT-2 以后放在之前，这样更好训练。）
#
# **LayerNorm** 把每个符号自己的 $d$ 个数变成均值 0、标准差 1：(1, 2, 3, 4) 的第一个数变成 **−1.341**。**多头注意力**是把查询、键和值各分成几份，每份各算各的注意力，拼起来以后再乘第四个矩阵 $W_O$。分头不增加参数。手写的多头和 Keras 的相差不到 **1e-5**。
#
# 先数一数，再往下读：宽 $d$ 的一块有多少参数？
#
# 注意力四个矩阵 $4d^2$，小网络两个矩阵 $8d^2$，一共 $12d^2$，再加上偏置和归一化的 $9d$。$d=64$ 时是 **49,728** 个。GPT-3 有 96 块，$d=12{,}288$：$96\cdot12d^2=$ **173.9** 十亿，也就是 1739 亿；它一共 1750 亿，几乎全在这里。（讲义写 GPT-3 的宽度是 768 或 1024，那是 GPT-2 的。）
#
# </details>
#
# A transformer block does two things to each token's vector. First *ask the others*: attention. Then *think by yourself*: a network with one hidden layer of $4d$ units, the same for every token. Both **add** their result to the vector, like lecture 8's skip connections. A
# **LayerNorm** stands before each.

# %% mystnb={"image": {"alt": "A block as a diagram. A thick arrow runs from left to right, labelled: the token's vector, width d. Twice a thin path leaves it upwards, passes through LayerNorm and a box, and comes back down to a plus sign on the arrow. The first box is attention, ask the others. The second is a network, think by yourself."}}
fig, ax = plt.subplots(figsize=(10, 4))
ax.annotate("", (10, 0), (0, 0), arrowprops={"arrowstyle": "-|>", "linewidth": 5, "color": "C0"})
ax.text(0, -0.5, "the token's vector, width d", fontsize=14, color="C0")
for start, name in ((0.8, "attention:\nask the others"), (5.3, "network, 4d wide:\nthink by yourself")):
    ax.plot([start, start, start + 3.6, start + 3.6], [0, 2, 2, 0.15], color="0.3", linestyle="-")
    for x, label in ((start + 0.25, "Layer\nNorm"), (start + 2.2, name)):
        box = {"boxstyle": "round", "facecolor": "white", "edgecolor": "0.3"}
        ax.text(x, 2, label, fontsize=13, ha="center", va="center", bbox=box)
    ax.plot(start + 3.6, 0, "o", markersize=24, color="white", markeredgecolor="C1", zorder=3)
    ax.text(start + 3.6, 0, "+", fontsize=20, ha="center", va="center", color="C1", zorder=4)
ax.set(xlim=(-0.2, 10.2), ylim=(-0.8, 2.8))
ax.set_title("A block adds twice to each token's vector")
ax.axis("off")
plt.show()

# %% [markdown]
# LayerNorm takes each token's $d$ numbers to mean 0 and standard deviation 1, then multiplies by a learned gain and adds a learned shift. (The slides and the paper of 2017 put it *after* each part. GPT-2 and we put it before; that trains more easily.)


# %% tags=["nbval-check-output"]
def layer_norm(x, gain, shift):
    """Return each row of x, shape (…, d), with mean 0 and standard deviation 1, times gain plus shift."""
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3)  # Keras' small number against 0/0
    return (x - x.mean(axis=-1, keepdims=True)) / spread * gain + shift


# %% tags=["nbval-check-output"]
layer_norm(np.array([1.0, 2, 3, 4]), 1, 0).round(3)

# %% [markdown]
# A single attention looks for one kind of thing. **Heads** (*multi-head attention*) split queries, keys and values into parts. Each part asks its own question, and a fourth matrix $W_O$ joins the answers. Splitting costs no parameters. Checked against Keras:


# %%
def split_heads(x, W):
    """Return x W for every head: x of shape (n, d), W (d, heads, width), as Keras keeps it; result (heads, n, width)."""
    return np.einsum("td,dhe->hte", x, W)


def join_heads(mixed, W):
    """Return what all heads bring together: mixed of shape (heads, n, width), W (heads, width, d); result (n, d)."""
    return np.einsum("hte,hed->td", mixed, W)


# %%
def multi_head(x, WQ, WK, WV, WO, mask=None):
    """Return what each token of x, shape (n, d), gets from the others by all heads."""
    Q, K, V = (split_heads(x, W) for W in (WQ, WK, WV))
    return join_heads(attention(Q, K, V, mask)[0], WO)


# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"Keras on {keras.backend.backend()}, {keras.distribution.list_devices()[0]}")

# %%
from keras import layers

theirs = layers.MultiHeadAttention(4, 4, use_bias=False)  # 4 heads of width 4
X32 = X.astype("float32")
by_keras = keras.ops.convert_to_numpy(theirs(X32[None], X32[None], use_causal_mask=True))[0]
by_hand = multi_head(X, *theirs.get_weights(), mask=causal)

# %% [markdown]
# Now the two halves of a block in Keras' own layers. **Count before you run on**: how many numbers does a block of width $d$ hold?


# %%
def ask(x, n_heads, is_causal=True):
    """Add to each token, (batch, time, d), what attention brings from the others."""
    z, d = layers.LayerNormalization()(x), x.shape[-1]
    heads = layers.MultiHeadAttention(n_heads, d // n_heads, use_bias=False)
    return x + heads(z, z, use_causal_mask=is_causal)


def think(x):
    """Add to each token, (batch, time, d), what a network with 4d hidden units makes of it alone."""
    z, d = layers.LayerNormalization()(x), x.shape[-1]
    return x + layers.Dense(d)(layers.Dense(4 * d, activation="relu")(z))


# %% tags=["nbval-check-output"]
inputs = keras.Input((32, 64))
block = keras.Model(inputs, think(ask(inputs, n_heads=4)))
[layer.count_params() for layer in block.layers if layer.count_params()]

# %% tags=["nbval-check-output"]
claims.exact("LayerNorm of 1, 2, 3, 4, first number", layer_norm(np.array([1.0, 2, 3, 4]), 1, 0)[0], "−1.341")
# Seen on a CPU: 3e-7, float32's rounding. A GPU may round its products more coarsely.
claims.check("heads by hand against Keras", np.abs(by_hand - by_keras).max(), "below 1e-5", band=(None, 1e-5))
claims.exact("parameters of a block, d = 64", block.count_params(), "49,728")
claims.exact("96 blocks of width 12,288", 96 * 12 * 12_288**2 / 1e9, "173.9 billion")

# %% [markdown]
# (1, 2, 3, 4) becomes **−1.341** and so on. Our heads and Keras' agree to better than **1e-5**. And the count: four matrices $d \times d$ in attention, two of $d \times 4d$ in the network, so $12d^2$, and $9d$ for biases and norms. At $d = 64$ that is **49,728**.
# GPT-3 has 96 blocks of width 12,288: **173.9 billion**, of its 175. (The slides give GPT-3 a width of 768 or 1,024; those are GPT-2's.)

# %% [markdown] tags=["instructor"]
# 8 minutes. Let the class count in words: "four of d by d, one of d by 4d, one of 4d by d". Likely question: "where is the knowledge, in attention or in the network?" Two thirds of the numbers are in the network. Common confusion: `key_dim` of Keras' layer is the
# width of *one* head.

# %% [markdown]
# ## 7 A small GPT against the table
#
# <details>
# <summary>中文</summary>
#
# 把零件装起来：字符的向量加上位置，两块，最后一层给出 65 个分数。一共 **107,969** 个参数，窗口 32 个字符。
#
# 比赛要公平：训练文本从头到尾切成窗口，打乱次序，每个字符 GPT 只读**一遍**，和第 13 讲的表格一样。第 13 讲：2.205 比特，那张表一秒钟就做好了。
#
# 先投票，再往下读结果：读一遍之后，谁在测试部分更好？
#
# GPT 前面至少有 16 个字符可看时，要 **2.65** 比特，比表格多 **0.44** 比特。它学到了东西吗？学到了：窗口的第一个位置没有别人可问，和后面比，贵 **1.0** 比特，这是注意力挣来的。（GPT 的学习率是看着测试部分挑的，对它有利；第 13 讲的表格也有一个数是这样挑的。）
#
# 再看一个数：前面有 8 个字符就够了，再多也省不下什么：**0.00** 比特。它看得见 32 个字符；训练久一些会不会用上，这里看不出来。
#
# 所以只读一遍，是表格赢。nanoGPT 的说明文件给出：笔记本上三分钟 2.71 比特，A100 上三分钟 2.12 比特，后者才赢过表格（别人公布的，不是我们量的）。后一个网络和窗口都大得多，文本也读了很多遍；靠的是哪一样，我们说不准。
#
# </details>
#
# Now the parts together: a vector for each character, plus positions; blocks; a last norm and 65 scores. The window, the longest text that it reads at once, is 32 characters.


# %%
def gpt(n_symbols, length, n_layers, d, n_heads=4, is_causal=True, thinks=True):
    """Return an untrained model: symbols (batch, length) in, scores (batch, length, n_symbols) out."""
    symbols = keras.Input((length,), dtype="int32")
    start = keras.initializers.RandomNormal(stddev=1)
    x = layers.Embedding(n_symbols, d, embeddings_initializer=start)(symbols) + positions(length, d)
    for _ in range(n_layers):
        x = ask(x, n_heads, is_causal)
        x = think(x) if thinks else x
    return keras.Model(symbols, layers.Dense(n_symbols)(layers.LayerNormalization()(x)))


# %%
from tqdm import tqdm


def train_once(model, inputs, targets, batch_size, rate, **settings):
    """Let a model read every example once, in the order given: Adam, its rate rising briefly, then falling to 0."""
    n_steps = len(targets) // batch_size
    falling = keras.optimizers.schedules.CosineDecay(
        rate / 10, n_steps - n_steps // 20, warmup_target=rate, warmup_steps=n_steps // 20
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    jit = (
        keras.backend.backend() != "tensorflow"
    )  # whose XLA takes twice as long for such small networks on a CPU
    optimizer = keras.optimizers.Adam(falling, global_clipnorm=1.0)
    model.compile(optimizer, loss, steps_per_execution=10, jit_compile=jit)
    with tqdm(total=n_steps, unit="step") as bar:
        moved = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda step, logs: bar.update(step + 1 - bar.n)
        )
        model.fit(inputs, targets, batch_size, shuffle=False, verbose=0, callbacks=[moved], **settings)


# %% [markdown]
# A fair race: we cut the training text into windows that do not overlap and shuffle them. So the GPT reads every character *once*, as lecture 13's table did. That table took a second to make. Lecture 13: 2.205 bits per character on the held-out text.

# %%
alphabet = "".join(sorted(set(text)))
number_of = {symbol: number for number, symbol in enumerate(alphabet)}
train, held = (np.array([number_of[symbol] for symbol in part]) for part in (text[:n], text[n:]))

# %%
window, batch_size = 32, 16
starts = window * rng.permutation((len(train) - 1) // window // batch_size * batch_size)
windows = train[starts[:, None] + np.arange(window + 1)]  # each character with the one that follows
windows.shape

# %% [markdown]
# **Vote before it trains.** After one reading each, who needs fewer bits on the held-out text: the table, or the GPT? By how much?

# %%
model = gpt(len(alphabet), window, n_layers=2, d=64)
train_once(model, windows[:, :-1], windows[:, 1:], batch_size, rate=8e-3)

# %% tags=["nbval-check-output"]
claims.exact("parameters of the GPT", model.count_params(), "107,969")

# %% [markdown]
# It has **107,969** parameters. How do we price the held-out text? A character at the start of a window has nothing to look back at. So we keep the places apart: a window every 16 characters, and the mean bits at each of its 32 places.


# %%
def bits_by_place(model, x, window=32):
    """Return the mean bits per character at each place of the window, over windows that begin every window/2 symbols."""
    begins = np.arange(0, len(x) - window, window // 2)
    rows = x[begins[:, None] + np.arange(window + 1)]
    p = softmax(model.predict(rows[:, :-1], batch_size=697, verbose=0))  # 10 equal batches: one compilation
    came = np.take_along_axis(p, rows[:, 1:, None], axis=-1)[..., 0]
    return -np.log2(came).mean(axis=0)


# %%
by_place = bits_by_place(model, held)
bits = by_place[16:].mean()  # each character of the text once, with 16 to 31 others before it and itself
by_place.round(2)

# %% mystnb={"image": {"alt": "Bits per character on held-out text against the place in the window, 1 to 32. The GPT's line falls from about 3.7 at place 1 to about 2.7 at place 5 and then stays level. A dashed horizontal line, lecture 13's table, lies below it at 2.205."}}
places = np.arange(1, window + 1)
plt.plot(places, by_place, "o-", label="GPT after one reading")
plt.axhline(2.205, color="C1", linestyle="--", label="lecture 13: table, 5 letters, one reading")
plt.ylim(0, None)
plt.legend(loc="lower right")
plotting.show("It learned to look back, but not far", "place in the window", "bits per character")

# %% tags=["nbval-check-output"]
claims.check("GPT, held out", bits, "2.65 bits", band=(2.61, 2.69), stand_in=(1.5, 1.85), data=PLAYS)
# Not asserted on the stand-in, whose table has other bits.
claims.check(
    "GPT minus lecture 13's table",
    bits - 2.205,
    "0.44 bits",
    band=(0.4, 0.49),
    stand_in=None,
    data=PLAYS,
)
claims.check(
    "place 1 minus places 17 to 32",
    by_place[0] - bits,
    "1.0 bits",
    band=(0.94, 1.08),
    stand_in=(1.55, 2.1),
    data=PLAYS,
)
claims.check(
    "place 8 minus places 17 to 32",
    by_place[7] - bits,
    "0.00 bits",
    band=(-0.06, 0.06),
    stand_in=(-0.03, 0.28),
    data=PLAYS,
)

# %% [markdown]
# With 16 characters or more to look at, the GPT needs **2.65 bits**, **0.44 bits** more than the table. (We chose its learning rate by looking at this held-out text, which favours it; lecture 13 chose one number of its table in the same way.) Did attention learn anything? At place 1 there is nobody to ask, and it costs **1.0 bits** more. That much is what looking back earns. But from place 8 on, more
# text before it saves nothing that we can see: **0.00 bits**. Whether longer training would change that, this figure does not say.
#
# So after one reading the table wins. By its [README](https://github.com/karpathy/nanoGPT), nanoGPT reaches 2.71 bits after three minutes on a laptop's CPU and 2.12 bits after three minutes on an A100 (published, not measured by us): the second run beats the table. It has a much larger network and window, and reads the text many times; we cannot say which of these it needs. A table gains nothing from a second reading.

# %% [markdown] tags=["instructor"]
# 12 minutes. The training takes half a minute: let the class list what a table can never do: share what it learned between similar contexts, or look back farther than its few letters. Likely question: "is it overfitting?" It read each character once; there was nothing to learn by heart. "What if it read the text ten times?" It would improve; the table would not.

# %% [markdown]
# ## 8 The same GPT, with a leak
#
# <details>
# <summary>中文</summary>
#
# 同一个网络，把掩码去掉；为了省时间，只读五分之一的文本，学习率减半。它每个位置都能看到右边的答案。
#
# 先投票，再往下读结果：损失会变成多少？用它写文章又会怎样？
#
# 先做漏洞测试：好的模型是 **0**，漏的至少 **1**。
#
# 漏的模型只读了五分之一的文本，前 31 个位置只要 **0.25** 比特。可最后一个位置右边没有答案，那里它比一张只数“哪个字符后面跟哪个”的表还要多付 **0.70** 比特，而那张表只看得见一个字符。（老实的模型读了五倍的文本，这里不和它比。）写文章用的，偏偏就是最后一个位置。
#
# 所以：损失好得不像话，先别高兴，先做漏洞测试。
#
# </details>
#
# Take the mask away. The network is the same; to save time, it reads a fifth of the text, with half the learning rate. Now every place may see the answer, one place to its right. **Vote**: what loss will it reach, and how will it write?

# %%
some = min(400 * batch_size, len(windows))
leaky = gpt(len(alphabet), window, n_layers=2, d=64, is_causal=False)
train_once(leaky, windows[:some, :-1], windows[:some, 1:], batch_size, rate=4e-3)

# %% [markdown]
# First the leak test of section 5, on both trained models:


# %%
def scores_of(model):
    """Return the function from one window of symbols to its scores, shape (window, n_symbols)."""
    return lambda symbols: keras.ops.convert_to_numpy(model(symbols[None]))[0]


place = 16 + np.argmax(held[16:31] != held[0])  # a symbol unlike the first
honest, cheating = (leak(scores_of(one), held[:32], place) for one in (model, leaky))
f"with the mask {honest:.2f}, without {cheating:.2f}"

# %%
leaky_by_place = bits_by_place(leaky, held)
leaky_by_place.round(2)

# %% [markdown]
# Beside it the plainest table: which character follows which, each count plus one.

# %%
follows = np.ones((len(alphabet), len(alphabet)))
np.add.at(follows, (train[:-1], train[1:]), 1)
by_pairs = -np.log2((follows / follows.sum(axis=1, keepdims=True))[held[:-1], held[1:]]).mean()
print(f"a table of pairs: {by_pairs:.2f} bits")

# %% mystnb={"image": {"alt": "Bits per character on held-out text against the place in the window, 1 to 32, for two models. The honest GPT falls from 3.7 to about 2.7. The model with the leak lies below 1 at all places but the last, where it jumps above 4."}}
plt.plot(places, by_place, "o-", label="with the mask")
plt.plot(places, leaky_by_place, "s--", label="without")
plt.ylim(0, None)
plt.legend(loc="upper center")
plotting.show(
    "The leak pays everywhere, but not where text is written", "place in the window", "bits per character"
)

# %% tags=["nbval-check-output"]
claims.check("leak of the GPT with the mask", honest, "0", band=(0, 1e-4), data=PLAYS)
claims.check("leak of the GPT without", cheating, "at least 1", band=(1, None), data=PLAYS)
claims.check(
    "without the mask, places 1 to 31",
    leaky_by_place[:-1].mean(),
    "0.25 bits",
    band=(0.05, 0.45),
    stand_in=(0.02, 0.68),
    data=PLAYS,
)
# A bound on the stand-in, which is shorter: seen 0.35 to 0.87.
claims.check(
    "last place without the mask, minus a table of pairs",
    leaky_by_place[-1] - by_pairs,
    "0.70 bits",
    band=(0.4, 1),
    stand_in=(0, None),
    data=PLAYS,
)

# %% [markdown]
# The leak test says **0** for the one and at least **1** for the other. After a fifth of the text, the leaky model needs **0.25 bits** at places 1 to 31. At the last place no answer stands to its right. There it needs **0.70 bits** more than a table that counts which character follows which, and that table sees one character only. (The honest model read five times as much, so do not compare.) And a text is written at the last place. So when a loss is too good to be true, run the leak test before you rejoice.

# %% [markdown] tags=["instructor"]
# 6 minutes. Likely question: "would I not notice when it writes?" Yes, if you look; but a table of losses goes into the report first. Its low loss was measured on held-out text: a test set does not help here.

# %% [markdown]
# ## 9 Writing: run it all again, or keep what was computed
#
# <details>
# <summary>中文</summary>
#
# 讲义说：每写一个新符号，都要把整段文字重新跑一遍 transformer，不像 RNN 可以一步一步往前走。对吗？
#
# 前面的符号看不到后面的，所以它们的键和值永远不变。存起来就行，这叫**缓存**：每层两个数组。新来的符号只算自己的查询、键、值，再去问缓存。
#
# 先想一想，再往下读：结果会一样吗？省多少？
#
# 先用 NumPy 把训练好的 GPT 重写一遍，和 Keras 相差不到 **1e-3**。再写 32 个字符，两种写法，**100 %** 的字符相同，分数相差不到 **1e-4**。乘加次数之比是 **16.1**；窗口 2,048、GPT-3 那么大的网络，是 **1,026**。
#
# 所以 transformer 也能一步一步走。区别在别处：RNN 的状态大小固定；transformer 的缓存每读一个符号就长一截，这里写满窗口是 **8,192** 个数。这正是它什么都不忘的代价。
#
# </details>
#
# The slides say: for each new token the transformer runs again over the whole text, *unlike an RNN, which goes step by step*. Must it?
#
# A token never sees what comes after it. So its key and its value never change: compute them once and keep them. That is the **cache**. A new token computes its own query, key and value, and asks the cache. **Vote**: is the text the same? And how much is saved?
#
# First the trained GPT in NumPy, one block:


# %%
def block_by_hand(x, weights, kept=None):
    """Return the tokens x, shape (n, d), after one block, and the block's keys and values, those in `kept` first."""
    g1, s1, WQ, WK, WV, WO, g2, s2, W1, b1, W2, b2 = weights
    z = layer_norm(x, g1, s1)
    Q, K, V = (split_heads(z, W) for W in (WQ, WK, WV))
    if kept is not None:
        K, V = (np.concatenate(pair, axis=1) for pair in zip(kept, (K, V)))
    n, m = Q.shape[1], K.shape[1]
    mask = np.tril(np.ones((n, m), dtype=bool), m - n)  # the new tokens are the last n of m
    x = x + join_heads(attention(Q, K, V, mask)[0], WO)
    return x + np.maximum(layer_norm(x, g2, s2) @ W1 + b1, 0) @ W2 + b2, (K, V)


# %%
def forward(symbols, weights, cache=()):
    """Return the GPT's scores after each of the symbols, shape (n, 65), and the cache, longer by n.

    The cache holds keys and values of what was read before, a pair for each block; empty at the start.
    """
    table, *blocks, gain, shift, W, b = weights
    seen = cache[0][0].shape[1] if cache else 0
    x = table[symbols] + positions(seen + len(symbols), table.shape[1])[seen:]
    grown = []
    for k in range(len(blocks) // 12):
        x, kept = block_by_hand(x, blocks[12 * k : 12 * k + 12], cache[k] if cache else None)
        grown.append(kept)
    return layer_norm(x, gain, shift) @ W + b, grown


# %%
weights = [w.astype("float64") for w in model.get_weights()]
ours, _ = forward(held[:window], weights)
rewritten = np.abs(ours - scores_of(model)(held[:window])).max()
f"{rewritten:.0e}"

# %% [markdown]
# The same scores. Now the two ways to write: all again for each symbol, or one new symbol and the cache.


# %%
def write(weights, first, length, rng, keeps, window=32):
    """Return `first` continued to `length` symbols, drawn one by one, and the scores that each was drawn from.

    With `keeps` it keeps a cache, and length may be window + 1 at most; else it reads the last `window` symbols again.
    """
    symbols, scores, cache = list(first), [], []
    while len(symbols) < length:
        new = symbols[-1:] if cache else symbols[-window:]
        out, grown = forward(np.array(new), weights, cache)
        cache = grown if keeps else []
        scores.append(out[-1])
        symbols.append(rng.choice(len(out[-1]), p=softmax(out[-1])))
    return np.array(symbols), np.array(scores)


# %%
first = held[:1]
again, scores_again = write(weights, first, window + 1, np.random.default_rng(SEED), keeps=False)
kept, scores_kept = write(weights, first, window + 1, np.random.default_rng(SEED), keeps=True)
"".join(alphabet[i] for i in again), "".join(alphabet[i] for i in kept)

# %% [markdown]
# We count how much is saved. A block of width $d$ multiplies and adds $12 d^2$ times for each new token, and $2d$ times for each pair of a new token and any token, masked pairs included (computed and thrown away). The last token's scores take $d$ times the number of symbols.


# %%
def multiply_adds(n_new, n_kept, d, n_layers, n_symbols):
    """Return how many multiply-adds it takes to read n_new tokens when n_kept are in the cache."""
    return n_layers * (12 * n_new * d**2 + 2 * n_new * (n_new + n_kept) * d) + d * n_symbols


def saved(window, *size):
    """Return by how much the cache divides the multiply-adds of writing a window, symbol by symbol."""
    rerun = sum(multiply_adds(t, 0, *size) for t in range(1, window + 1))
    return rerun / sum(multiply_adds(1, t - 1, *size) for t in range(1, window + 1))


# %% tags=["nbval-check-output"]
# Seen on a CPU: 1e-5, float32's rounding. A GPU may round its products more coarsely.
claims.check("GPT by hand against Keras", rewritten, "below 1e-3", band=(None, 1e-3), data=PLAYS)
claims.check(
    "characters alike, with and without cache",
    100 * np.mean(again == kept),
    "100 %",
    band=(100, 100),
    data=PLAYS,
)
claims.check(
    "largest difference of scores, with and without cache",
    np.abs(scores_again - scores_kept).max(),
    "below 1e-4",
    band=(None, 1e-4),
    data=PLAYS,
)
claims.exact("multiply-adds, again over cache, our GPT", saved(window, 64, 2, 65), "16.1")
claims.exact("multiply-adds, again over cache, GPT-3", saved(2_048, 12_288, 96, 50_257), "1,026")
claims.exact(
    "numbers in a full cache", sum(K.size + V.size for K, V in forward(held[:window], weights)[1]), "8,192"
)

# %% [markdown]
# Our GPT agrees with Keras to better than **1e-3**. With and without cache, **100 %** of the characters are alike, and the scores differ by less than **1e-4**. The cache saves a factor of **16.1** here, and of **1,026** in a network and a window of GPT-3's size.
#
# So a transformer does go step by step. The difference to an RNN lies elsewhere. An RNN's state has a fixed size (the GRU of lecture 13 keeps 128 numbers). A transformer's cache grows with every token: **8,192** numbers when our window is full. That is the price of forgetting nothing. And
# beyond its window a model has never been trained. To write on, ours re-reads the last 32 characters; the first 32 are Shakespeare's:

# %%
longer, _ = write(weights, held[:window], 300, rng, keeps=False)
print("".join(alphabet[i] for i in longer))

# %% [markdown] tags=["instructor"]
# 7 minutes. Do not read the code line by line: show the two lines of `block_by_hand` that use `kept`, and leave the rest for home. Common confusion: the cache is no approximation. Likely question: "why keep no queries?" A past token's question was answered when it was read; nobody asks it again. "And if the window slides?" Then every token has another place, and this cache no longer fits.
# Many later models use positions that depend on distance only.

# %% [markdown]
# ## 10 Looking back by content
#
# <details>
# <summary>中文</summary>
#
# 现在来看注意力真正擅长的事。一串随机符号，周期不固定（4 到 12），一遍一遍地重复。看过一个周期以后，下一个符号就完全确定了：找到上一次出现当前符号的地方，看它后面跟的是什么。
#
# 固定的距离不够用，因为周期每次不同；背下来也没有用，因为每一串都是新的。
#
# 先投票，再往下读结果：只有注意力、没有小网络，一层够不够？两层呢？我们给一层的更多参数：40,336 对 35,216。
#
# 每个位置都挑最好的固定距离，能对 **33 %**。一层只有 **24 %**，连这个都不如；两层有 **98 %**。为什么？
#
# 要看“我上次出现的地方，**后面**是什么”，键里就得写着“我前面是谁”。可是一层里，键只从符号自己算出来，不知道前面是谁。一种办法：第一层先让每个符号记下前一个，第二层再去找。这叫**归纳头**（Olsson 等，2022）。
#
# 真是这样吗？把模型里的权重取出来看：第二层的注意力，有 **70 %**（平均分约 12 %）落在“以前出现的自己”的**后一个**上。第一层却不像书上画的那样有一个头专看前一个：看得最多的头也只给它 **24 %**，平均分是 **12 %**。
#
# 也许“便条”分散写在几个邻居和几个头里；也许第一层记下的是同一个符号上次在**哪里**，第二层再往右挪一格，正弦余弦的位置正好方便这么做。是哪一种，我们没有验证。拉动滑块，换一个符号看看。
#
# RNN 得把整个周期塞进大小固定的状态；注意力把每个符号都留着（第 9 节数过），用时再查。（这道题我们没有训练 RNN。）
#
# </details>
#
# Shakespeare did not show what attention is good at. This task does. A string of random symbols repeats itself with a period of 4 to 12 that differs from string to string. Once a period has passed, the next symbol is certain: find where the present symbol stood last, and see what came after it.


# %%
def strings(n, rng, length=24, n_symbols=16):
    """Return n strings of length + 1 symbols that repeat after 4 to 12 places, and where the next one is certain.

    Of shapes (n, length + 1) and (n, length): True in place t if symbol t + 1 repeats one that stands there already.
    """
    period = rng.integers(4, 13, size=(n, 1))
    symbols = rng.permuted(np.tile(np.arange(n_symbols), (n, 1)), axis=1)  # each at most once in a period
    places = np.arange(length + 1)
    return np.take_along_axis(symbols, places % period, axis=1), places[1:] > period


# %%
letters = np.array(list("ABCDEFGHIJKLMNOP"))
for row, certain in zip(*strings(3, np.random.default_rng(0))):
    print("".join(letters[row]), "certain from place", certain.argmax() + 2)

# %% [markdown]
# To know the string by heart is impossible, for each is new. A fixed distance is not enough, for the period varies. **Vote**: attention layers only, no network between. Is one layer enough? Are two? We give the one layer *more* parameters: 40,336 against 35,216 (width 96 against 64).

# %%
x, certain = strings(240 * 32, rng)
deep_net = gpt(16, 24, n_layers=2, d=64, thinks=False)
train_once(deep_net, x[:, :-1], x[:, 1:], 32, rate=4e-3, sample_weight=certain.astype("float32"))

# %% [markdown]
# And the one layer, on the same strings:

# %%
flat_net = gpt(16, 24, n_layers=1, d=96, thinks=False)
train_once(flat_net, x[:, :-1], x[:, 1:], 32, rate=4e-3, sample_weight=certain.astype("float32"))
flat_net.count_params(), deep_net.count_params()


# %%
def share_right(guesses, x, certain):
    """Return the share (%) of symbols guessed rightly, where they are certain: guesses of shape (n, length)."""
    return 100 * np.mean((guesses == x[:, 1:])[certain])


x_new, certain_new = strings(1_000, rng)
one_layer, two_layers = (
    share_right(net.predict(x_new[:, :-1], batch_size=500, verbose=0).argmax(axis=-1), x_new, certain_new)
    for net in (flat_net, deep_net)
)

# %% [markdown]
# As a baseline, fixed distances: guess the symbol that stood $k$ places before the next one. For each place of the string we take the $k$ that was best there in the training strings.


# %%
def repeats(x, k):
    """Return where the next symbol is the one that stood k places before it: booleans, shape (n, length)."""
    return (np.roll(x, k, axis=1) == x)[:, 1:] & (np.arange(1, x.shape[1]) >= k)


distances = np.arange(4, 13)
best = np.array([(repeats(x, k) & certain).sum(axis=0) for k in distances]).argmax(axis=0)
on_new = np.array([repeats(x_new, k) for k in distances])
at_best = 100 * on_new[best, :, np.arange(24)].T[certain_new].mean()

# %% mystnb={"image": {"alt": "Three horizontal bars of the share of symbols guessed rightly where they are certain: the best distance at each place about 33 per cent, one layer of attention less, about 24, two layers nearly 100."}}
bars = {
    "best distance at each place": at_best,
    "one layer, d = 96": one_layer,
    "two layers, d = 64": two_layers,
}
drawn = plt.barh(list(bars), list(bars.values()), color=["0.5", "C1", "C0"], height=0.6)
plt.bar_label(drawn, fmt="%.0f %%", padding=6)
plt.xlim(0, 115)
plt.grid(axis="y", visible=False)
plotting.show("Looking back by content takes two layers", "right, where the next symbol is certain (%)", "")

# %% tags=["nbval-check-output"]
claims.check("induction, best distance at each place", at_best, "33 %", band=(27.5, 38.5))
claims.check("induction, one layer", one_layer, "24 %", band=(18.5, 30))
claims.check("induction, two layers", two_layers, "98 %", band=(92, None))

# %% [markdown]
# The best distance at each place gets **33 %**. One layer has **24 %**, not even that. Two layers with fewer parameters have **98 %**. Why? To find "the symbol *after* my last occurrence", that symbol's key would have to say who stood before it. In the first layer a key is made from the token alone and does not know. One way: layer 1 lets each token note its
# predecessor, and layer 2 looks for that note. Olsson and others call the second an *induction head*, and find them in large models.
#
# Is it true of ours? We take the weights out of the model. How much of layer 2's attention, its heads averaged, goes to tokens that *followed* an earlier occurrence of the same symbol?


# %%
def weights_of(model, strings, layer):
    """Return how the tokens of each string share their attention in one layer: shape (strings, heads, n, n)."""
    found = [one for one in model.layers if isinstance(one, layers.MultiHeadAttention)][layer]
    z = keras.Model(model.input, found.input[0])(strings)
    weights = found(z, z, use_causal_mask=True, return_attention_scores=True)[1]
    return keras.ops.convert_to_numpy(weights)


def followers(strings):
    """Return where token j, at most i, follows an earlier symbol like symbol i: booleans, shape (strings, n, n)."""
    before = np.pad(strings, ((0, 0), (1, 0)), constant_values=-1)[:, :-1]
    return (strings[:, :, None] == before[:, None, :]) & np.tri(strings.shape[1], dtype=bool)


# %%
probe = x_new[:200, :-1]
first_layer, second_layer = (weights_of(deep_net, probe, layer) for layer in (0, 1))
on_followers = (second_layer.mean(axis=1) * followers(probe)).sum(axis=-1)
by_content = 100 * on_followers[certain_new[:200]].mean()
to_predecessor = 100 * np.diagonal(first_layer, -1, axis1=2, axis2=3).mean(axis=(0, 2))
print(f"layer 2, to followers: {by_content:.0f} %")
print("layer 1, to the predecessor, head by head (%):", to_predecessor.round())

# %% tags=["nbval-check-output"]
claims.check("layer 2, weight on followers", by_content, "70 %", band=(42, 98))
claims.check("layer 1, weight on the predecessor, best head", to_predecessor.max(), "24 %", band=(19, 28))
claims.exact("predecessor's even share of layer 1", 100 * np.mean(1 / np.arange(2, 25)), "12 %")

# %% [markdown]
# **70 %** of it, where an even share would give about 12 %: layer 2 does look by content. Layer 1 is not what the books draw, a head that looks at the predecessor alone. Here the head that does so most gives it **24 %**, where an even share over all that may be seen would be **12 %**. So either the note is spread over neighbours and heads; or layer 1 notes *where* the same symbol stood, and layer 2 looks one place to the right of it, which our positions make easy. We have not tested which.
#
# **Predict** before you look: to which of the 24 letters does letter 20 of this string pay attention?

# %%
string = strings(1, np.random.default_rng(3))[0][:, :-1]
A = weights_of(deep_net, string, 1)[0].mean(axis=0)
labels = list(letters[string[0]])
"".join(labels)

# %% mystnb={"image": {"alt": "The twentieth letter above, the 24 letters of the string below. Most of its attention, a thick line, goes to the letter that followed its own last occurrence."}}
draw_attention(A, labels, 20)

# %% [markdown]
# Move the slider to other letters, also to one that is new in the string:

# %% mystnb={"image": {"alt": "The letter that the slider chooses stands above, the 24 letters of the string below. At first it is letter 24: its thickest line goes to the letter that followed its own earlier occurrence."}}
from ipywidgets import IntSlider, fixed, interact

slider = IntSlider(24, min=1, max=24, description="token", continuous_update=False)
panel = interact(draw_attention, A=fixed(A), labels=fixed(labels), token=slider)

# %% [markdown]
# An RNN would have to squeeze the whole period into a state of fixed size. Attention keeps every token, as section 9 counted, and looks it up. (We trained no RNN on this task.)

# %% [markdown] tags=["instructor"]
# 10 minutes. Let two students play the two layers: the first writes on each card who stood before it. Likely question: "would more training help the one layer?" Not much in our trials; we know of no way in which one such layer could follow the rule. Common confusion: depth here is not "more features", it is a
# second look.

# %% [markdown]
# ## ★ 11 What sines and cosines give
#
# <details>
# <summary>中文</summary>
#
# 正弦余弦的位置有两个好处。第一，两个位置的内积只看相隔多远，不看在哪里：200 个位置里处处如此，相差不到 **1e-4**。第二，往后挪一步，等于乘上一个固定的矩阵（每对正弦余弦各转一个角），误差不到 **1e-4**。所以“看左边第三个”可以由 $W_Q$ 和 $W_K$ 学到，一处学会，处处能用。
#
# 常听人说：离得越远，内积越小。先想一想，再往下读：真是这样吗？
#
# 不是。$d=64$ 时，相隔 0 是 32，相隔 50 是 **15.7**，相隔 100 却是 **17.9**，又升回去了。远近大致有别，却不是一路下降。
#
# 学出来的位置向量（GPT 用的）不保证有这些性质，一个位置一个样，窗口有多长，就只有多少个。
#
# </details>
#
# The inner product of two places' vectors is $\sum_k \cos \omega_k (i - j)$: it depends on the distance alone. And moving on by one place turns each pair of sine and cosine by a fixed angle: one matrix for all places. So "look three to the left" is something that $W_Q$ and $W_K$ can learn once, for everywhere.

# %%
far = positions(200, 64).astype("float64")
products = far @ far.T
by_lag = [np.diag(products, lag) for lag in range(150)]
spread = max(np.ptp(values) for values in by_lag)
step_matrix = np.linalg.lstsq(far[:-1], far[1:], rcond=None)[0]
residual = np.abs(far[:-1] @ step_matrix - far[1:]).max()

# %% [markdown]
# A common saying: the farther apart, the smaller the product. **Predict** the curve before you draw it.

# %% mystnb={"image": {"alt": "Inner product of two places' vectors against their distance, 0 to 149. It falls quickly from 32 to about 24 at distance 4, then sinks in waves to about 16 at distance 50, and is higher again at distance 100."}}
plt.plot(range(150), [values.mean() for values in by_lag])
plt.ylim(0, None)
plotting.show("Farther is not always smaller", "distance of two places", "inner product, d = 64")

# %% tags=["nbval-check-output"]
# Sums of float32 sines, without chance: identities up to their rounding.
claims.check("products at one distance, largest spread", spread, "below 1e-4", band=(None, 1e-4))
claims.check("one matrix for one step, largest error", residual, "below 1e-4", band=(None, 1e-4))
claims.exact("inner product at distance 50", by_lag[50].mean(), "15.7")
claims.exact("inner product at distance 100", by_lag[100].mean(), "17.9")

# %% [markdown]
# At one distance, all products are alike to better than **1e-4**, and one matrix moves every place on by one, to better than **1e-4**. But at distance 50 the product is **15.7**, and at 100 it is **17.9**: more, not less. Nothing gives learned positions these properties, and they end with the window.

# %% [markdown]
# ## ★ 12 Encoder and decoder: is the map of attention the alignment?
#
# <details>
# <summary>中文</summary>
#
# 完整的 transformer 有两半。**编码器**读完整个输入，每个符号都可以看所有符号，没有因果掩码。**解码器**一个符号一个符号地写，除了看自己写过的，还用**交叉注意力**去问编码器：查询来自解码器，键和值来自编码器。
#
# 翻译句子要的时间太长，我们翻译日期：输入有两种写法，“03.12.1987” 或者 “December 3, 1987”，输出一律是 “1987-12-03”。这些日期是程序造出来的，所以对错可以严格检查。
#
# 结果：五百个训练时没见过这种写法的日期，整个写对的有 **94 %**（十次训练从 88 % 到将近 100 %），点分的 **100 %**。报告“逐字准确率”会更好看，可错一个字，日期就错了。
#
# 常听人说：交叉注意力的图就是对齐，写哪个字，就看着原文的哪个字。先猜一猜，再往下读：写八位数字，有几位的最大权重落在它抄的那一位上？
#
# 在点分的日期上量：只看写对的日期，世纪的两位不算（只有 19 和 20，看一位就知道另一位）。两个头取平均，其余六位全都看对地方的日期，十次训练平均只占 **53 %**，可这六位都写对了。训练二十次，从 0 到 95 % 都有，每次看错的也不是同一位。编码器里每个符号都问过所有符号，一个数字也许好几个位置都知道；这是我们的猜想，没有验证。
#
# 图是线索，不是证明（Jain 与 Wallace）。要知道输出从哪里来，就去改输入，看输出变不变。
#
# </details>
#
# The full transformer has two halves. An **encoder** reads the whole input; each token may ask all others, without a causal mask. A **decoder** writes, one symbol at a time. It asks what it has written so far, and by **cross-attention** it asks the encoder: queries from the decoder, keys and values from the encoder.
#
# Translating sentences takes too long for a lecture, so we translate *dates*, made by a program. Two spellings go in, one comes out: so right and wrong can be checked exactly.

# %%
import datetime

SIGNS = "_< ,-.0123456789ADFJMNOSabceghilmnoprstuvy"  # _ is padding, < the start


def random_dates(n, rng):
    """Return n random dates of 1900 to 2099 as pairs of texts: 03.12.1987 or December 3, 1987, and 1987-12-03."""
    first, last = (datetime.date(year, 1, 1).toordinal() for year in (1900, 2100))
    days = [datetime.date.fromordinal(number) for number in rng.integers(first, last, size=n).tolist()]
    dotted = rng.random(n) < 0.5
    return [
        (f"{day:%d.%m.%Y}" if dots else f"{day:%B} {day.day}, {day.year}", day.isoformat())
        for day, dots in zip(days, dotted)
    ]


# %%
def as_numbers(texts, length):
    """Return texts as whole numbers, filled up with padding: shape (n, length)."""
    return np.array([[SIGNS.index(sign) for sign in one.ljust(length, "_")] for one in texts])


# %%
pairs = random_dates(300 * 32, rng)
source = as_numbers([written for written, _ in pairs], 18)
target = as_numbers(["<" + iso for _, iso in pairs], 11)
pairs[:2], source.shape, target.shape

# %% [markdown]
# The parts are those of section 6. New are the cross-attention, and a mask for the padding.


# %%
def translator():
    """Return an encoder-decoder for dates, untrained, and the same model with its cross-attention as output."""
    source, written = keras.Input((18,), dtype="int32"), keras.Input((10,), dtype="int32")
    embed = layers.Embedding(len(SIGNS), 64, embeddings_initializer=keras.initializers.RandomNormal(stddev=1))
    real = keras.ops.expand_dims(source > 0, 1)
    x = embed(source) + positions(18, 64)
    z = layers.LayerNormalization()(x)
    x = think(x + layers.MultiHeadAttention(2, 32)(z, z, attention_mask=real))
    x = layers.LayerNormalization()(x)
    y = ask(embed(written) + positions(10, 64), n_heads=2)
    cross = layers.MultiHeadAttention(2, 32)
    brought, weights = cross(
        layers.LayerNormalization()(y), x, attention_mask=real, return_attention_scores=True
    )
    y = layers.LayerNormalization()(think(y + brought))
    scores = layers.Dense(len(SIGNS))(y)
    return keras.Model([source, written], scores), keras.Model([source, written], weights)


# %%
translate, look = translator()
train_once(translate, [source, target[:, :-1]], target[:, 1:], 32, rate=6e-3)

# %% [markdown]
# To write, the decoder starts from the sign `<` and takes the most probable sign each time. Five hundred dates that were not trained on in this spelling; a date counts only if all ten signs are right.


# %%
def written_by(model, source):
    """Return what the model writes for each source, sign by sign: shape (n, 11), the start sign first."""
    written = np.ones((len(source), 11), dtype=int)
    for k in range(10):
        scores = model.predict([source, written[:, :-1]], batch_size=500, verbose=0)
        written[:, k + 1] = scores[:, k].argmax(axis=-1)
    return written


# %%
known = {written for written, _ in pairs}
new = [pair for pair in random_dates(700, rng) if pair[0] not in known][:500]
new_source = as_numbers([written for written, _ in new], 18)
wanted = as_numbers(["<" + iso for _, iso in new], 11)
right = np.all(written_by(translate, new_source) == wanted, axis=1)
dotted = np.array(["." in written for written, _ in new])
f"all dates {100 * right.mean():.1f} %, those with dots {100 * right[dotted].mean():.1f} %"

# %% [markdown]
# Now the map. It is often said that cross-attention *is* the alignment: to write a sign, the decoder looks at the sign that it copies. For a date with dots we know which one that is. **Predict**: for how many of the eight digits does the largest weight, the heads averaged, lie there?

# %%
copied = {0: 6, 1: 7, 2: 8, 3: 9, 5: 3, 6: 4, 8: 0, 9: 1}  # place written: place copied
maps = look.predict([new_source, wanted[:, :-1]], batch_size=500, verbose=0)[dotted & right].mean(axis=1)
hits = np.array([maps[:, place].argmax(axis=-1) == origin for place, origin in copied.items()])
without_century = hits[2:]  # 19 and 20 are known by either digit
(100 * hits.mean(axis=1)).round()

# %% mystnb={"image": {"alt": "A heat map of attention. Ten rows, the signs written of 1987-12-03; ten columns, the signs read of 03.12.1987. Crosses mark the digit that is copied. Some dark cells lie under a cross, and some lie elsewhere."}}
plt.imshow(maps.mean(axis=0)[:, :10], cmap="Blues", vmin=0, aspect="auto")
plt.plot(list(copied.values()), list(copied), "x", color="C1", markersize=12, markeredgewidth=3)
plt.xticks(range(10), ["d", "d", ".", "m", "m", ".", "y", "y", "y", "y"])
plt.yticks(range(10), ["y", "y", "y", "y", "-", "m", "m", "-", "d", "d"])
plt.grid(visible=False)
plotting.show(
    f"All written rightly; all six digits looked at in {100 * without_century.all(axis=0).mean():.0f} % of the dates",
    "sign read",
    "sign written",
)

# %% tags=["nbval-check-output"]
claims.check("dates right", 100 * right.mean(), "94 %", band=(75, None))
claims.check("dates with dots right", 100 * right[dotted].mean(), "100 %", band=(98, None))
# Twenty trainings: 0 to 95 %. Which digits go astray differs, and a map that is right for all dates was not among them.
claims.check("dates whose map is right", 100 * without_century.all(axis=0).mean(), "53 %", band=(None, 99))

# %% [markdown]
# **94 %** of the dates are right (from 88 to nearly 100 in ten trainings), and **100 %** of those with dots. But the map is not the alignment. We look at dates written rightly, and leave out the century, since either digit tells 19 from 20.
# In **53 %** of these dates, the mean of ten trainings, all six other digits have their largest weight (heads averaged) on the digit that they copy. In twenty trainings it was anything between 0 and 95 %, and different digits went astray. The encoder lets every sign ask all others, so a digit may be known in more than one place; that is our reading, and untested. A map is a hint and no proof (Jain and Wallace). To know where an output
# comes from, change the input and see.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的值放在一起。算术没有随机性；训练的数字，你这一次会略有出入。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where a model was trained, yours is one more run.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Ask which rows are identities and which are measurements.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 符号是合并出来的，要看从哪份文本学、合并多少次；不同的切法，用每字符比特来比。
# - 注意力是软的字典：内积除以 $\sqrt d$，softmax，加权平均。
# - 它自己不知道次序；位置能补救，因果掩码加上两层也能。
# - 训练之前先做漏洞测试：改动一个符号，前面必须一动不动。
# - 只读一遍，计数的表格胜过小 GPT；大得多的网络读很多遍，才胜过表格。
# - 按内容往回找要两层；键和值可以存起来，代价是越存越多。
#
# </details>
#
# - Tokens are merges, and depend on the text and on the number of merges. Compare different ones by bits per character.
# - Attention is a soft dictionary: inner products over √d, softmax, a weighted mean.
# - It does not know the order. Positions tell it, and so do a causal mask and a second layer.
# - Run the leak test before you train: change one token, and nothing before it may move.
# - After one reading, a table of counts beats a small GPT. A larger one, reading many times, beats the table.
# - To look back by content takes two layers. Keys and values can be kept; what is kept grows.

# %% [markdown] tags=["instructor"]
# 1 minute. Cover the fourth line and let the class say it.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 窗口加长一倍，一层注意力的参数变成几倍：1、2，还是 4？
#
# B. 同事的语言模型每字符只要 0.3 比特，测试集上也一样。你先查什么？
#
# C. 两个模型，每个符号的损失分别是 2.1 和 3.0 比特。哪个更好？
#
# </details>
#
# **A.** The window becomes twice as long. The number of parameters of an attention layer is multiplied by: 1, 2 or 4?
#
# <details>
# <summary>Answer</summary>
#
# By 1. "4" tempts because the table of *weights* has four times as many entries; but they are computed, not learned. What grows is the time, and the cache.
#
# 1 倍。权重表的格子变成 4 倍，所以“4 倍”很诱人；可那些权重是算出来的，不是学来的。变多的是时间和缓存。
#
# </details>
#
# **B.** A colleague's language model needs 0.3 bits per character, on the test set as well. What do you look for first?
#
# <details>
# <summary>Answer</summary>
#
# A leak: change one token, see whether earlier outputs move. "Overfitting" tempts because the figure is too good; but an overfitted model is bad on the test set, and a leaky one is not.
#
# 先查有没有漏洞：改一个符号，看前面的输出动不动。数字太好，容易想到“过拟合”；可过拟合的模型在测试集上会露馅，漏的不会。
#
# </details>
#
# **C.** Two models have a loss of 2.1 and of 3.0 bits *per token*. Which is better?
#
# <details>
# <summary>Answer</summary>
#
# One cannot tell without the length of their tokens. "2.1" tempts because smaller is better, per the *same* unit. With 1 character per token the first pays 2.1 bits a character; with 2.15 characters per token the second pays 1.4.
#
# 不知道符号有多长，就没法比。“2.1”诱人，因为越小越好，可那要**同一个**单位。第一个若每个符号一个字符，每字符 2.1 比特；第二个若每个符号 2.15 个字符，每字符只要 1.4 比特。
#
# </details>

# %% [markdown] tags=["instructor"]
# 4 minutes. Spend most of the time on B. Ask for other causes of a figure that is too good: test text that also stands in the training text, or nats reported as bits.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 因果掩码：返回 $n\times n$ 的布尔数组，第 $i$ 个符号可以看第 $j$ 个时为 True。
# 2. 填充：一批句子长短不一，短的用填充补齐，`real` 说明哪些键是真的。写之前先预测：10 个真符号，22 个填充，分数全一样又没有掩码，填充拿走多大一份注意力？把答案写下来。
# 3. 单位换算：已知每个符号的平均损失（奈特）、符号个数和字符个数，求每字符比特。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. A causal mask.* Return an $n \times n$ array of booleans: True in row $i$, column $j$ if token $i$ may look at token $j$.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def causal_mask(n):
    return ...


def check_causal_mask(f):
    for n in (4, 1, 7):
        found, full = f(n), np.ones((n, n))
        if reason := misshapen(found, (n, n)):
            return reason
        if np.asarray(found).dtype != bool:
            return "booleans are asked for, True or False; −∞ comes later, where the mask is used"
        hints = {
            "turned round: row i looks, column j is looked at": np.triu(full),
            "a token may also look at itself; its row would else be empty": np.tril(full, -1),
            "this lets every token look ahead": full,
            "True means may look: yours says the opposite": np.triu(full, 1),
            "row i: True up to column i, False after it": np.asarray(found),
        }
        if not np.array_equal(found, np.tril(full) > 0):
            return next(words for words, wrong in hints.items() if np.array_equal(found, wrong > 0))


attempt(causal_mask, check_causal_mask)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def causal_mask_solution(n):
    return np.arange(n)[:, None] >= np.arange(n)


assert check_causal_mask(causal_mask_solution) is None

# %% [markdown]
# *2. Padding.* Sentences of different lengths are filled up to the same length. `scores` has shape (n, m); `real`, of shape (m,), is False where a key is padding. Return the attention weights: each row sums to 1, and padding gets nothing.
#
# **Predict first**, and write it down: 10 real tokens, 22 of padding, all scores alike, and nobody thought of a mask. What share of the attention goes to padding?


# %% tags=["nbval-check-output"]
def weights_without_padding(scores, real):
    return ...


def check_weights_without_padding(f):
    scores = np.array([[1.0, -2.0, 0.5, 3.0], [-1.0, 0.0, -2.0, 1.0], [-500.0, -501.0, -502.0, -8.0]])
    for real in (np.array([True, True, True, False]), np.array([True, False, True, True])):
        found = f(scores.copy(), real.copy())
        if reason := misshapen(found, (3, 4)):
            return reason
        hidden = np.where(real, scores, -np.inf)
        hints = {
            "set to 0 after softmax, the rows no longer sum to 1": softmax(scores) * real,
            "a score of 0 is not no attention: exp(0) = 1": softmax(np.where(real, scores, 0)),
            "padding still gets its share: `real` is not used": softmax(scores),
            "turned round: only the padding is looked at": softmax(np.where(real, -np.inf, scores)),
            "softmax along the wrong axis: each *row* sums to 1": softmax(scores.T).T * real,
            "the weights are not those of softmax over the real keys alone": np.asarray(found),
        }
        if not np.allclose(found, softmax(hidden)):
            return next(words for words, wrong in hints.items() if np.allclose(found, wrong, equal_nan=True))


attempt(weights_without_padding, check_weights_without_padding)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def weights_without_padding_solution(scores, real):
    return softmax(np.where(real, scores, -np.inf))


print(f"padding, unmasked: {softmax(np.zeros(32))[10:].sum():.0%}")
assert check_weights_without_padding(weights_without_padding_solution) is None

# %% [markdown]
# And your prediction? 22 of 32, the line above: a score of 0 is no absence of attention.
#
# *3. Bits per character.* A model with merged tokens has a mean loss of `nats` per token on a text of `n_tokens` tokens and `n_characters` characters. Return its bits per character.


# %% tags=["nbval-check-output"]
def bits_per_character(nats, n_tokens, n_characters):
    return ...


def check_bits_per_character(f):
    for nats, n_tokens, n_characters in ((3.0, 100, 215), (2.0, 50, 50), (1.0, 10, 40)):
        found = f(nats, n_tokens, n_characters)
        if reason := misshapen(found, ()):
            return reason
        wanted = nats / np.log(2) * n_tokens / n_characters
        hints = {
            "these are nats: divide by ln 2": nats * n_tokens / n_characters,
            "that is per token, and a token may be longer than a character": nats / np.log(2),
            "upside down: the whole text costs nats · n_tokens": nats / np.log(2) * n_characters / n_tokens,
            "divide by ln 2 and do not multiply: a nat is more than a bit": nats
            * np.log(2)
            * n_tokens
            / n_characters,
            "that is the whole text: divide by its characters": nats / np.log(2) * n_tokens,
        }
        if not np.isclose(found, wanted):
            hint = [words for words, value in hints.items() if np.isclose(found, value)]
            return f"{found:.3f}, and it should be {wanted:.3f}" + "".join(f"; {one}" for one in hint[:1])


attempt(bits_per_character, check_bits_per_character)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def bits_per_character_solution(nats, n_tokens, n_characters):
    return nats * n_tokens / n_characters / np.log(2)


assert check_bits_per_character(bits_per_character_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Vaswani 等人提出 transformer；Sennrich 等人把字节对编码用到翻译里；Haviv 等人发现没有位置编码的语言模型也学得到位置；Olsson 等人研究归纳头；Xiong 等人说明 LayerNorm 为什么放在前面更好训练；Jain 与 Wallace 讨论注意力图能不能当作解释。
#
# </details>
#
# - A. Vaswani et al., [Attention is all you need](https://arxiv.org/abs/1706.03762), NeurIPS 2017: the transformer.
# - R. Sennrich, B. Haddow, A. Birch, [Neural machine translation of rare words with subword units](https://arxiv.org/abs/1508.07909), ACL 2016: byte-pair encoding.
# - A. Haviv, O. Ram, O. Press, P. Izsak, O. Levy, [Transformer language models without positional encodings still learn positional information](https://arxiv.org/abs/2203.16634), Findings of EMNLP 2022.
# - C. Olsson et al., [In-context learning and induction heads](https://arxiv.org/abs/2209.11895), 2022.
# - R. Xiong et al., [On layer normalization in the transformer architecture](https://arxiv.org/abs/2002.04745), ICML 2020: before or after.
# - S. Jain, B. C. Wallace, [Attention is not explanation](https://arxiv.org/abs/1902.10186), NAACL 2019.
