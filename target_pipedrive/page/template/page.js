
"use strict";
(() => {
  const get = (id) => document.getElementById(id);
  const rows = JSON.parse(get("rows").textContent);
  const labels = JSON.parse(get("labels").textContent);
  const order = Object.keys(labels);
  const PAGE = 100, FEW = 10, MANY = 13;
  const [NUMBER, LINE, STREAM, OUTCOME, NAME, ID, KEY, CHANGES, NOTE, , ERROR] = rows.length ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [];
  const search = get("search"), stream = get("stream"), outcome = get("outcome"), sort = get("sort");
  const tiles = [...document.querySelectorAll(".tile")];
  const heads = [...document.querySelectorAll(".list thead button")];
  let found = rows, page = 0, descending = false, words = [], texts = null;

  const make = (name, kind, text) => {
    const node = document.createElement(name);
    if (kind) node.className = kind;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const fold = (text) => text.normalize("NFC").toLowerCase();
  const flat = (row) => fold(row.slice(1).flat(2).filter((one) => one !== null).join("\n"));

  // Marks the words of the search, in text nodes only.
  const put = (node, text) => {
    const low = fold(text);
    const hits = words.map((word) => [low.indexOf(word), word.length]).filter(([at]) => at >= 0);
    if (!hits.length || low.length !== text.length) { node.append(text); return node; }
    hits.sort((one, other) => one[0] - other[0]);
    let from = 0;
    for (const [at, length] of hits) {
      if (at < from) continue;
      node.append(text.slice(from, at), make("mark", "", text.slice(at, at + length)));
      from = at + length;
    }
    node.append(text.slice(from));
    return node;
  };

  const side = (name, text) => text === "" ? make(name, "nothing", "empty") : put(make(name), text);
  const spoken = (text) => make("span", "hidden", text);
  const changeList = (changes, from, to) => {
    const list = make("dl", "changes");
    for (const [column, before, after] of changes.slice(from, to)) {
      list.append(put(make("dt"), column));
      const value = make("dd");
      if (before !== null) value.append(spoken("old value "), side("del", before));
      if (before !== null && after !== null) {
        const arrow = make("span", "arrow", "→");
        arrow.setAttribute("aria-hidden", "true");
        value.append(arrow);
      }
      if (after !== null) value.append(spoken(" new value "), side("ins", after));
      list.append(value);
    }
    return list;
  };

  const shown = (row) => {
    const line = make("tr");
    line.append(make("td", "c-number", row[LINE] ? row[LINE].toLocaleString("en") : ""));
    const result = make("td", "c-outcome");
    result.append(make("span", `badge o-${row[OUTCOME]}`, labels[row[OUTCOME]]));
    const where = make("td", "c-row");
    const name = row[NAME] || row[KEY] || row[ID];
    if (name) where.append(put(make("div", "row-name"), name));
    const more = [row[STREAM], name === row[ID] ? "" : row[ID], row[NAME] ? row[KEY] : ""].filter(Boolean).join(" · ");
    where.append(put(make("div", "row-more"), more));
    const what = make("td", "c-changes");
    const changes = row[CHANGES];
    const first = changes.length > MANY ? FEW : changes.length;
    if (first) what.append(changeList(changes, 0, first));
    if (changes.length > first) {
      const button = make("button", "more", `Show ${changes.length - first} more columns`);
      button.type = "button";
      button.addEventListener("click", () => {
        const rest = changeList(changes, first);
        rest.tabIndex = -1;
        button.replaceWith(rest);
        rest.focus();
      });
      what.append(button);
    }
    if (row[ERROR]) what.append(put(make("div", "fault"), row[ERROR]));
    if (row[NOTE]) what.append(put(make("div", "note"), row[NOTE]));
    line.append(result, where, what);
    return line;
  };

  const keys = {
    number: (row) => row[NUMBER],
    outcome: (row) => order.indexOf(row[OUTCOME]),
    stream: (row) => row[STREAM],
    row: (row) => fold(row[NAME] || row[KEY] || row[ID]),
    changes: (row) => row[CHANGES].length,
  };
  const compare = new Intl.Collator("en", { numeric: true }).compare;

  const draw = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    const part = found.slice(page * PAGE, (page + 1) * PAGE);
    const body = get("list");
    body.replaceChildren(...part.map(shown));
    if (!part.length) {
      const line = make("tr"), cell = make("td", "no-rows", rows.length ? "No record matches. Change the search or the filters." : "There are no records.");
      cell.colSpan = 4;
      line.append(cell);
      body.append(line);
    }
    const count = (number) => number.toLocaleString("en");
    get("status").textContent = found.length === rows.length
      ? `${count(rows.length)} record${rows.length === 1 ? "" : "s"}`
      : `${count(found.length)} of ${count(rows.length)} records`;
    get("page").textContent = `${count(page * PAGE + 1)}–${count(page * PAGE + part.length)} of ${count(found.length)}`;
    document.querySelector(".pager").hidden = pages === 1;
    get("previous").disabled = page === 0;
    get("next").disabled = page === pages - 1;
  };

  const apply = () => {
    words = fold(search.value).split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = new Map(rows.map((row) => [row, flat(row)]));
    found = rows.filter((row) =>
      (!stream.value || row[STREAM] === stream.value) &&
      (!outcome.value || row[OUTCOME] === outcome.value) &&
      words.every((word) => texts.get(row).includes(word)));
    const key = keys[sort.value];
    found.sort((one, other) => {
      const [first, second] = [key(one), key(other)];
      const way = typeof first === "number" ? first - second : compare(first, second);
      return (descending ? -way : way) || one[NUMBER] - other[NUMBER];
    });
    for (const tile of tiles) tile.setAttribute("aria-pressed", String(tile.dataset.outcome === outcome.value));
    for (const head of heads) {
      const cell = head.closest("th");
      if (head.dataset.sort === sort.value) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    page = 0;
    draw();
  };

  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, 120); });
  document.querySelector(".tools").addEventListener("submit", (event) => event.preventDefault());
  stream.addEventListener("change", apply);
  outcome.addEventListener("change", apply);
  sort.addEventListener("change", () => { descending = sort.value === "changes"; apply(); });
  for (const tile of tiles) {
    tile.addEventListener("click", () => {
      outcome.value = outcome.value === tile.dataset.outcome ? "" : tile.dataset.outcome;
      apply();
    });
  }
  for (const head of heads) {
    head.addEventListener("click", () => {
      descending = sort.value === head.dataset.sort ? !descending : head.dataset.sort === "changes";
      sort.value = head.dataset.sort;
      apply();
    });
  }
  const turn = (by) => {
    page += by;
    draw();
    get("records").scrollIntoView();
    get("status").focus({ preventScroll: true });
  };
  get("previous").addEventListener("click", () => turn(-1));
  get("next").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  apply();
})();
