/* Sorting of finished tables in the browser: <table data-sortable>, heads from ui/sort_header.html.
   A cell's value is its data-value, else its text. Works on what the page holds. */
(() => {
  "use strict";
  const language = document.documentElement.lang || "en";
  const words = new Intl.Collator(language, { numeric: true, sensitivity: "base" });

  function value(row, index, kind) {
    const cell = row.cells[index];
    const text = cell?.dataset.value ?? cell?.textContent.trim() ?? "";
    if (kind !== "num") return text;
    return text === "" ? Number.NEGATIVE_INFINITY : Number(text);
  }
  function sort(table, button) {
    const head = button.closest("th");
    const kind = button.dataset.sortKind;
    const before = head.getAttribute("aria-sort");
    const falling = before === "none" ? kind === "num" : before === "ascending";
    for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((left, right) => {
      const [a, b] = [value(left, head.cellIndex, kind), value(right, head.cellIndex, kind)];
      const order = kind === "num" ? a - b : words.compare(a, b);
      return falling ? -order : order;
    });
    body.append(...rows);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sort]");
    const table = button?.closest("table[data-sortable]");
    if (table) sort(table, button);
  });
})();
