/* The books of a pair's page, redrawn in place from frames of "book:<symbol>":
   {"symbol", "venues": [{venue, label, state, reason, at (ms), bids: [["price", "size"], ...], asks}]},
   levels best first. A section [data-book="<venue>"] draws asks with the best last, then the middle,
   then bids; its rows carry data-side, data-price and data-quantity from the server. */
(() => {
  "use strict";
  const LEVELS = 10;
  const STALE_AFTER = 10; // seconds
  const drawn = new Map(); // section -> the last frame of its book

  function write(target, text) {
    if (target && target.textContent !== text) target.textContent = text;
  }
  // As many decimals as the finest level has: the steps of the venue.
  const digits = (levels, index) => Math.max(0, ...levels.map((level) => (level[index].split(".")[1] || "").length));

  function blank(side) {
    const row = document.createElement("tr");
    row.dataset.side = side;
    for (let index = 0; index < 2; index++) row.insertCell().append(document.createElement("span"));
    row.cells[0].className = side === "ask" ? "loss" : "gain";
    return row;
  }
  function bar(row, side, share) {
    const cell = row.cells[1];
    let rect = cell.querySelector("rect");
    if (!rect) {
      const space = "http://www.w3.org/2000/svg";
      const box = document.createElementNS(space, "svg");
      const facts = { class: `depth ${side === "ask" ? "loss" : "gain"}`, viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" };
      for (const [name, value] of Object.entries(facts)) box.setAttribute(name, value);
      rect = document.createElementNS(space, "rect");
      rect.setAttribute("height", "1");
      box.append(rect);
      cell.prepend(box);
    }
    rect.setAttribute("x", String(100 - share));
    rect.setAttribute("width", String(share));
  }
  function drawSide(body, side, levels, deepest, shown) {
    const rows = [...body.querySelectorAll(`tr[data-side=${side}]`)];
    const middle = body.querySelector("tr.mid");
    while (rows.length > levels.length) rows.pop().remove();
    while (rows.length < levels.length) {
      const row = blank(side);
      if (side === "ask") middle.before(row);
      else body.append(row);
      rows.push(row);
    }
    levels.forEach(([price, size], index) => {
      const row = rows[index];
      write(row.cells[0].querySelector("span"), window.Cryonel.amount(price, shown.price));
      write(row.cells[1].querySelector("span"), window.Cryonel.amount(size, shown.size));
      bar(row, side, Math.floor((Number(size) / deepest) * 100));
    });
  }
  function draw(section, face) {
    drawn.set(section, face);
    section.dataset.state = face.state;
    write(section.querySelector("[data-book-note]"), face.reason || "");
    const [bids, asks] = [face.bids.slice(0, LEVELS), face.asks.slice(0, LEVELS)];
    const all = [...bids, ...asks];
    const shown = { price: digits(all, 0), size: digits(all, 1) };
    const deepest = Math.max(...all.map((level) => Number(level[1])), Number.MIN_VALUE);
    const body = section.querySelector("tbody");
    drawSide(body, "ask", [...asks].reverse(), deepest, shown);
    drawSide(body, "bid", bids, deepest, shown);
    const known = bids.length > 0 && asks.length > 0;
    const [bid, ask] = known ? [Number(bids[0][0]), Number(asks[0][0])] : [0, 0];
    write(section.querySelector("[data-book-mid]"), known ? window.Cryonel.amount((bid + ask) / 2, shown.price) : "\u2013");
    write(section.querySelector("[data-book-spread]"), known ? window.Cryonel.percent((2 * (ask - bid)) / (ask + bid), 3, false) : "\u2013");
  }
  function read(section) {
    const levels = (side) => [...section.querySelectorAll(`tr[data-side=${side}]`)].map((row) => [row.dataset.price, row.dataset.quantity]);
    return {
      state: section.dataset.state, at: Number(section.dataset.at) || null, bids: levels("bid"), asks: levels("ask").reverse(),
      reason: section.querySelector("[data-book-note]").textContent,
    };
  }
  function tick() {
    for (const [section, face] of drawn) {
      const seconds = face.at ? Math.max(0, (Date.now() - face.at) / 1000) : Number.NaN;
      write(section.querySelector("[data-book-age]"), face.at ? window.Cryonel.age(seconds) : "\u2013");
      section.toggleAttribute("data-stale", face.state !== "ok" || seconds > STALE_AFTER);
    }
  }
  document.addEventListener("DOMContentLoaded", () => {
    const sections = new Map();
    for (const section of document.querySelectorAll("[data-book]")) {
      sections.set(section.dataset.book, section);
      draw(section, read(section));
    }
    if (!sections.size) return;
    document.addEventListener("live", (event) => {
      const { channel, data } = event.detail;
      if (!channel.startsWith("book:")) return;
      for (const face of data.venues || []) if (sections.has(face.venue)) draw(sections.get(face.venue), face);
    });
    tick();
    setInterval(tick, 500);
  });
})();
