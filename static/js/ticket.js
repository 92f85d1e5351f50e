/* The ticket shows the fields that the chosen type of order has: data-kinds on a field names its
   types. Without this script all fields are there, and the server leaves out what does not belong. */
(() => {
  "use strict";
  function arrange(form) {
    const kind = form.elements.kind?.value;
    for (const part of form.querySelectorAll("[data-kinds]")) {
      const wanted = part.dataset.kinds.split(" ").includes(kind);
      part.hidden = !wanted;
      for (const input of part.querySelectorAll("input, select")) input.disabled = !wanted;
    }
    const dated = form.querySelector("[data-dated]");
    if (dated && !dated.hidden) {
      dated.hidden = form.elements.time_in_force?.value !== "GTD";
      for (const input of dated.querySelectorAll("input")) input.disabled = dated.hidden;
    }
  }
  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("ticket");
    if (!form) return;
    arrange(form);
    form.addEventListener("change", () => arrange(form));
  });
})();
