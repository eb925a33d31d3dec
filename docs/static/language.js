/* One switch unfolds or folds every 中文 block, and remembers. Without JavaScript each block has its own. */

const KEY = "course-chinese";
const site = new URL(".", document.currentScript.src).href.replace(/_static\/$/, "");

/* A browser may refuse to remember; then the address alone carries the choice. */
function remembered() {
  try {
    return localStorage.getItem(KEY) == "true";
  } catch {
    return false;
  }
}

function remember(chinese) {
  try {
    localStorage.setItem(KEY, chinese);
  } catch {}
}

const asked = new URLSearchParams(location.search).get("lang");
let chinese = asked ? asked.startsWith("zh") : remembered();

const button = document.createElement("button");
button.type = "button";
button.className = "language-switch btn btn-sm";
button.textContent = "中文 / English";
button.title = "Unfold or fold all Chinese · 展开或收起全部中文";

const blocks = [...document.querySelectorAll("article details")].filter(
  (block) => block.querySelector(":scope > summary")?.textContent.trim() == "中文",
);

function show() {
  for (const block of blocks) block.open = chinese;
  button.setAttribute("aria-pressed", chinese);
  const address = new URL(location.href);
  if (chinese) address.searchParams.set("lang", "zh");
  else address.searchParams.delete("lang");
  if (address.href != location.href) history.replaceState(history.state, "", address);
}

for (const block of blocks) block.lang = "zh-Hans";
/* Chinese outside these blocks, in answers and in the glossary: else its punctuation is drawn as in Taiwan. */
for (const piece of document.querySelectorAll("article :is(p, dt)")) {
  const text = piece.textContent;
  if ((text.match(/\p{Script=Han}/gu) ?? []).length > text.length / 3) piece.lang = "zh-Hans";
}
document.querySelector(".article-header-buttons")?.prepend(button);
if (asked) remember(chinese);
show();

/* What stands at the top of the window stays there, though what is above it grows or shrinks. */
button.addEventListener("click", () => {
  const outside = [...document.querySelectorAll("article :is(h1, h2, h3, p, li, pre, img)")].filter(
    (piece) => !blocks.some((block) => block.contains(piece)),
  );
  const first = outside.find((piece) => piece.getBoundingClientRect().top > 0);
  const before = first?.getBoundingClientRect().top;
  chinese = !chinese;
  remember(chinese);
  show();
  if (first) scrollBy({ top: first.getBoundingClientRect().top - before, behavior: "instant" });
});

/* Links to other pages of the site carry the choice along, for browsers that do not remember. */
for (const kind of ["click", "auxclick"]) {
  document.addEventListener(
    kind,
    (event) => {
      const link = event.target.closest?.("a[href]");
      if (!chinese || !link) return;
      const target = new URL(link.getAttribute("href"), location.href);
      if (!target.href.startsWith(site)) return;
      if (target.pathname == location.pathname || !target.pathname.endsWith(".html")) return;
      target.searchParams.set("lang", "zh");
      link.setAttribute("href", target.href);
    },
    true,
  );
}

/* What was unfolded above the place that the address names has pushed it down. */
if (chinese && location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
