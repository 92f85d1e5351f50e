/* Toasts. The server puts them into #toasts with the page or out of band; scripts call
   Cryonel.toast(text, tone). Errors stay until closed; the rest leave after six seconds unless
   the pointer or the focus is on them. */
(() => {
  "use strict";
  const STAYS = 6000;

  function arm(toast) {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "1";
    if (toast.dataset.tone === "error") return;
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), STAYS));
    const stop = () => clearTimeout(timer);
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
    start();
  }

  function toast(text, tone = "info") {
    const region = document.getElementById("toasts");
    const model = document.getElementById("toast-model");
    if (!region || !model) return;
    const made = model.content.firstElementChild.cloneNode(true);
    made.dataset.tone = tone;
    made.querySelector("[data-toast-text]").textContent = text;
    region.append(made);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const region = document.getElementById("toasts");
    if (!region) return;
    const armAll = () => region.querySelectorAll(".toast-card").forEach(arm);
    new MutationObserver(armAll).observe(region, { childList: true, subtree: true });
    armAll();
  });
  document.addEventListener("click", (event) => {
    event.target.closest("[data-toast-close]")?.closest(".toast-card")?.remove();
  });
  window.Cryonel = Object.assign(window.Cryonel || {}, { toast });
})();
