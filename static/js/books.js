/* The books of a pair's page, redrawn in place from frames of "book:<symbol>":
   {"symbol", "venues": [{venue, label, state, reason, at (ms), bids: [["price", "size"], ...], asks}]},
   levels best first. A section [data-book] with the id book-<venue> draws asks with the best last,
   then the middle, then bids; the number of levels is the one that the server drew, up to 10. */
(() => {
  "use strict";
  const LEVELS = 10;
  const STATUS = { ok: "OK", stale: "STALE" }; // everything else is DOWN

  function write(target, text) {
    if (target && target.textContent !== text) target.textContent = text;
  }
  function level(side) {
    const row = document.createElement("tr");
    row.dataset.side = side;
    const tone = side === "asks" ? "loss" : "gain";
    row.innerHTML = `<td class="${tone}"><span></span></td><td><svg class="depth ${tone}" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect height="1"></rect></svg><span></span></td>`;
    return row;
  }
  function drawSide(body, side, levels, deepest, digits) {
    const rows = [...body.querySelectorAll(`tr[data-side=${side}]`)];
    const middle = body.querySelector("tr.mid");
    while (rows.length > levels.length) rows.pop().remove();
    while (rows.length < levels.length) {
      const row = level(side);
      if (side === "asks") middle.before(row);
      else body.append(row);
      rows.push(row);
    }
    levels.forEach(([price, size], index) => {
      const [left, right] = rows[index].cells;
      write(left.querySelector("span"), window.Cryonel.amount(price, digits.price));
      write(right.querySelector("span"), window.Cryonel.amount(size, digits.size));
      const share = Math.floor((Number(size) / deepest) * 100);
      const bar = right.querySelector("rect");
      bar.setAttribute("x", String(100 - share));
      bar.setAttribute("width", String(share));
    });
  }
  function draw(section, face) {
    const status = STATUS[face.state] || "DOWN";
    for (const badge of section.querySelectorAll("[data-book-status]")) badge.hidden = badge.dataset.bookStatus !== status;
    const reason = section.querySelector("[data-book-reason]");
    write(reason, face.reason);
    reason.hidden = !face.reason;
    if (face.at) write(section.querySelector("[data-book-at]"), new Date(face.at).toLocaleTimeString(document.documentElement.lang || "en", { hour12: false }));
    const [bids, asks] = [face.bids.slice(0, LEVELS), face.asks.slice(0, LEVELS)];
    const deepest = Math.max(...[...bids, ...asks].map((one) => Number(one[1])), 1e-18);
    const digits = { price: Number(section.dataset.priceDigits), size: Number(section.dataset.sizeDigits) };
    const body = section.querySelector("tbody");
    drawSide(body, "asks", asks.reverse(), deepest, digits);
    drawSide(body, "bids", bids, deepest, digits);
    if (!bids.length || !asks.length) return;
    const [bid, ask] = [Number(bids[0][0]), Number(asks[asks.length - 1][0])];
    const middle = body.querySelector("tr.mid");
    write(middle.querySelector("strong"), window.Cryonel.amount((bid + ask) / 2, digits.price));
    write(middle.querySelector(".tiny"), window.Cryonel.percent((2 * (ask - bid)) / (ask + bid), 3, false));
  }
  document.addEventListener("live", (event) => {
    const { channel, data } = event.detail;
    if (!channel.startsWith("book:")) return;
    for (const face of data.venues) {
      const section = document.getElementById(`book-${face.venue}`);
      if (section) draw(section, face);
    }
  });
})();
