// Finds what is typed, in either language, in the sections of all pages: PAGES, which the build writes.
// Latin words are looked for from their beginnings on ("field" finds "fields"), Chinese anywhere.
// Its name keeps Sphinx from marking an earlier query's words on this page.
const Search = (() => {
  const CHINESE = /\p{Script=Han}/u;
  const MOST = 60;

  const pattern = (words) => {
    const escaped = words.map((word) => {
      const stem = /^[a-z]{4,}s$/i.test(word) ? word.slice(0, -1) : word;
      return (/^\w/.test(stem) ? "(?<!\\w)" : "") + stem.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    });
    return new RegExp(escaped.join("\\w*[\\s-]+"), "giu");
  };
  const count = (text, wanted) => (text.match(wanted) ?? []).length;

  // A section must hold every word. What its title says weighs most, then a term in bold, which is introduced
  // there, then a lecture before what is made of lectures, then how often the words stand together.
  const weight = (url, [, title, text, bold, code], words, phrase) => {
    if (!words.every((word) => `${title}\n${text}\n${code}`.search(word) >= 0)) return 0;
    const together = Math.min(count(text, phrase), 10);
    const said = 50 * (title.search(phrase) >= 0) + 30 * (bold.search(phrase) >= 0) + 2 * together;
    return 1 + said + 25 * url.startsWith("notebooks/");
  };

  const find = (query) => {
    const words = query.split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const phrase = pattern(words);
    const each = words.map((word) => pattern([word]));
    return PAGES.flatMap(([url, sections]) =>
      sections.map((section) => ({
        url,
        section,
        page: sections[0][1],
        weight: weight(url, section, each, phrase),
      })),
    )
      .filter((found) => found.weight)
      .sort((one, other) => other.weight - one.weight) // equal ones stay in the order of the course
      .map((found) => ({ ...found, excerpt: excerpt(found.section, phrase, each) }));
  };

  const excerpt = ([, , text, , code], phrase, each) => {
    for (const wanted of [phrase, ...each]) {
      for (const place of [text, code]) {
        wanted.lastIndex = 0;
        const found = wanted.exec(place);
        if (found) {
          const end = found.index + found[0].length;
          const before = place.slice(Math.max(0, found.index - 70), found.index);
          return [(found.index > 70 ? "…" : "") + before, found[0], place.slice(end, end + 90) + "…"];
        }
      }
    }
    return ["", "", `${text.slice(0, 160)}…`];
  };

  const element = (name, ...children) => {
    const made = document.createElement(name);
    made.append(...children);
    return made;
  };

  const show = (query) => {
    const results = document.getElementById("search-results");
    const found = find(query);
    const said = !query
      ? ""
      : found.length
        ? `${found.length} sections · ${found.length} 处`
        : "Your search did not match any documents. · 没有找到。";
    const status = element("p", said);
    status.setAttribute("role", "status");
    const language = CHINESE.test(query) ? "?lang=zh" : ""; // unfolds the Chinese
    const list = element("ol");
    for (const { url, section, page, excerpt } of found.slice(0, MOST)) {
      const link = element("a", page === section[1] ? page : `${page} › ${section[1]}`);
      link.href = `${url}${language}#${section[0]}`;
      list.append(element("li", link, element("p", excerpt[0], element("mark", excerpt[1]), excerpt[2])));
    }
    results.replaceChildren(status, list);
  };

  const query = (new URLSearchParams(location.search).get("q") ?? "").trim();
  for (const field of document.querySelectorAll("form.bd-search input[name=q]")) field.value = query;
  show(query);
  return { find };
})();
