/* The live arbitrage table: <table data-spreads>.

   A row is one pair and venue pair: data-key "BTC/USDT|binance|kraken", data-pair, data-venues
   ("binance kraken"), cells with data-cell and data-value. Frames on "live:spreads:<pair>" carry
   {"rows": [{key, symbol, buy_venue, sell_venue, buy_label, sell_label, gross, fees, slippage, net, notional, at,
   state, reason}]} with fractions and amounts as strings, null where unknown, and `at` in milliseconds;
   {"gone": [key, ...]} takes rows away.
   Text nodes are changed in place, in cells of fixed width. Order, and which route is a pair's best, changes
   at most every two seconds, and never under the pointer or the focus. Sorting and filters survive because
   they live here; a field "routes" with "all" shows every route, else the best one of each pair. */
(() => {
  "use strict";
  const REORDER_EVERY = 2000;
  const STALE_AFTER = 10; // seconds
  const FIGURES = ["gross", "fees", "slippage", "net"];
  const rows = new Map();
  let table, body, model, form, count, blank;
  let order = { key: "net", falling: true };
  let wants = { text: "", venue: "", least: Number.NaN, every: false };
  let changed = false;

  const number = (value) => (value === null || value === undefined || value === "" ? Number.NaN : Number(value));
  const same = (left, right) => left === right || (Number.isNaN(left) && Number.isNaN(right));
  const cell = (row, name) => row.cellOf[name];
  function adopt(element) {
    const cellOf = {};
    for (const one of element.querySelectorAll("[data-cell]")) cellOf[one.dataset.cell] = one;
    const row = {
      element, cellOf, key: element.dataset.key, pair: element.dataset.pair, venues: element.dataset.venues.split(" "),
      at: Number(element.dataset.at || 0), state: element.dataset.state || "ok", values: {}, best: !element.hidden,
    };
    for (const name of [...FIGURES, "size"]) row.values[name] = number(cellOf[name]?.dataset.value);
    rows.set(row.key, row);
    return row;
  }
  function write(target, text) {
    const node = target.firstChild;
    if (node?.nodeType === Node.TEXT_NODE && target.childNodes.length === 1) {
      if (node.data !== text) node.data = text;
    } else {
      target.textContent = text;
    }
  }
  function flash(target, up) {
    target.removeAttribute("data-flash");
    requestAnimationFrame(() => target.setAttribute("data-flash", up ? "up" : "down"));
  }
  function create(news) {
    const element = model.content.firstElementChild.cloneNode(true);
    element.dataset.key = news.key;
    element.dataset.pair = news.symbol;
    element.dataset.venues = `${news.buy_venue} ${news.sell_venue}`;
    element.id = `spread-${news.key}`;
    const link = element.querySelector("[data-cell=pair] a");
    link.textContent = news.symbol;
    link.href = table.dataset.pairUrl.replace("SYMBOL", news.symbol.split("/").map(encodeURIComponent).join("-"));
    element.hidden = !wants.every;
    body.append(element);
    const row = adopt(element);
    write(cell(row, "buy"), news.buy_label || news.buy_venue);
    write(cell(row, "sell"), news.sell_label || news.sell_venue);
    changed = true;
    return row;
  }
  function update(news) {
    const row = rows.get(news.key) || create(news);
    if (number(news.at) < row.at) return; // an older frame that came late
    if (news.at !== null) row.at = Number(news.at);
    row.state = news.state || "ok";
    row.element.title = news.reason || "";
    for (const name of FIGURES) {
      const value = number(news[name]);
      const target = cell(row, name);
      if (!target || same(value, row.values[name])) continue;
      if (name === "net" && Number.isFinite(row.values.net) && Number.isFinite(value)) flash(target, value > row.values.net);
      write(target, Number.isNaN(value) ? "\u2013" : window.Cryonel.percent(news[name], 3, name !== "fees" && name !== "slippage"));
      row.values[name] = value;
      if (name === order.key || name === "net") changed = true;
    }
    const net = cell(row, "net");
    net.classList.toggle("gain", row.values.net > 0);
    net.classList.toggle("loss", row.values.net < 0);
    const size = number(news.notional);
    if (!same(size, row.values.size)) {
      row.values.size = size;
      write(cell(row, "size"), Number.isNaN(size) ? "\u2013" : `${window.Cryonel.amount(size, 0)} ${row.pair.split("/")[1]}`);
    }
    filter(row);
  }

  function read() {
    const given = new FormData(form);
    wants = {
      text: String(given.get("search") || "").trim().toUpperCase(),
      venue: String(given.get("venue") || ""),
      least: Number.parseFloat(String(given.get("net") || "").replace(",", ".")) / 100,
      every: given.get("routes") === "all",
    };
  }
  const fits = (row) =>
    (!wants.text || row.pair.includes(wants.text)) &&
    (!wants.venue || row.venues.includes(wants.venue)) &&
    (Number.isNaN(wants.least) || row.values.net >= wants.least);
  function filter(row) {
    const hidden = !((wants.every || row.best) && fits(row));
    if (row.element.hidden !== hidden) {
      row.element.hidden = hidden;
      recount();
    }
    row.element.toggleAttribute("data-above", row.values.net > 0 && row.state === "ok");
  }
  function elect() {
    const best = new Map();
    const net = (row) => (Number.isNaN(row.values.net) ? Number.NEGATIVE_INFINITY : row.values.net);
    for (const row of rows.values()) {
      const held = best.get(row.pair);
      if (fits(row) && (!held || net(row) > net(held))) best.set(row.pair, row);
    }
    let moved = false;
    for (const row of rows.values()) {
      const now = best.get(row.pair) === row;
      moved ||= now !== row.best;
      row.best = now;
      filter(row);
    }
    return moved;
  }
  let counting = 0;
  function recount() {
    counting ||= setTimeout(() => {
      counting = 0;
      const shown = [...rows.values()].filter((row) => !row.element.hidden).length;
      if (count) write(count, count.dataset.text.replace("{shown}", shown).replace("{all}", rows.size));
      if (blank) blank.hidden = shown > 0;
    }, 100);
  }
  function sortValue(row) {
    if (order.key === "pair") return row.pair;
    if (order.key === "buy" || order.key === "sell") return cell(row, order.key).textContent;
    if (order.key === "age") return row.at;
    const value = row.values[order.key];
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  }
  function reorder(now = false) {
    const busy = body.matches(":hover") || body.contains(document.activeElement);
    if (!changed || (busy && !now)) return;
    changed = false;
    const moved = elect();
    const sorted = [...rows.values()].sort((left, right) => {
      const [a, b] = [sortValue(left), sortValue(right)];
      const result = typeof a === "string" ? a.localeCompare(b) : a < b ? -1 : a > b ? 1 : 0;
      return (order.falling ? -result : result) || left.key.localeCompare(right.key);
    });
    if (!moved && sorted.every((row, index) => body.children[index] === row.element)) return;
    body.append(...sorted.map((row) => row.element));
  }
  function tick() {
    const now = Date.now();
    for (const row of rows.values()) {
      if (row.element.hidden) continue;
      const seconds = Math.max(0, (now - row.at) / 1000);
      write(cell(row, "age"), row.at ? window.Cryonel.age(seconds) : "\u2013");
      row.element.toggleAttribute("data-stale", seconds > STALE_AFTER || (row.state !== "ok" && row.state !== "thin"));
    }
  }
  function refilter() {
    read();
    elect();
    recount();
  }
  function sortBy(button) {
    const head = button.closest("th");
    const key = button.dataset.sort;
    order = { key, falling: key === order.key ? !order.falling : button.dataset.sortKind === "num" };
    for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", order.falling ? "descending" : "ascending");
    changed = true;
    reorder(true);
  }

  document.addEventListener("DOMContentLoaded", () => {
    table = document.querySelector("table[data-spreads]");
    if (!table) return;
    body = table.tBodies[0];
    model = document.getElementById("spread-model");
    form = document.getElementById("spread-filters");
    count = document.querySelector("[data-spread-count]");
    blank = document.querySelector("[data-spread-blank]");
    for (const element of [...body.rows]) adopt(element);
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("[data-sort]");
      if (button) sortBy(button);
    });
    form.addEventListener("input", refilter);
    form.addEventListener("reset", () => setTimeout(refilter));
    form.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("live", (event) => {
      const { channel, data } = event.detail;
      if (!channel.startsWith("spreads:")) return;
      for (const news of data.rows || []) update(news);
      for (const key of data.gone || []) {
        rows.get(key)?.element.remove();
        rows.delete(key);
        recount();
      }
    });
    refilter();
    tick();
    setInterval(tick, 500);
    setInterval(reorder, REORDER_EVERY);
  });
})();
