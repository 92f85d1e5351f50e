/* "/" goes to the page's search field, "g" and a letter to a page ([data-shortcut="g d"]). */
(() => {
  "use strict";
  let pending = "";
  let timer = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
      return;
    }
    const typed = pending ? `${pending} ${key}` : key;
    const link = document.querySelector(`[data-shortcut="${CSS.escape(typed)}"]`);
    pending = "";
    clearTimeout(timer);
    if (link) {
      link.click();
    } else if (key === "g") {
      pending = "g";
      timer = setTimeout(() => (pending = ""), 1200);
    }
  });
})();
