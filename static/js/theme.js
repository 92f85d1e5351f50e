/* Loaded before anything is painted: puts the chosen theme on <html>, so that nothing flashes.
   Choice: "dark" (default), "light" or "system"; kept in localStorage under "cryonel-theme". */
(() => {
  "use strict";
  const KEY = "cryonel-theme";
  const root = document.documentElement;
  const light = window.matchMedia("(prefers-color-scheme: light)");

  function stored() {
    try {
      return localStorage.getItem(KEY) || "dark";
    } catch {
      return "dark"; // storage is blocked: the default still holds
    }
  }
  function apply() {
    const choice = stored();
    const theme = choice === "system" ? (light.matches ? "light" : "dark") : choice;
    root.classList.toggle("dark", theme !== "light");
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice));
    }
    document.dispatchEvent(new CustomEvent("theme:changed", { detail: { theme } }));
  }

  apply();
  light.addEventListener("change", apply);
  window.addEventListener("storage", (event) => event.key === KEY && apply());
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeSet);
    } catch {
      root.classList.toggle("dark", button.dataset.themeSet !== "light");
      return;
    }
    apply();
  });
})();
