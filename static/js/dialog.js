/* Dialogs, menus, copying.
   data-dialog-open="ID" opens a native <dialog>, data-dialog-close closes the one around it;
   data-confirm-word on an input keeps the form's submit button off until the word is typed, in
   whatever case, and sends it as it is written; the server checks it again;
   details.menu closes on Escape and on a click elsewhere; data-copy="TEXT" copies. */
(() => {
  "use strict";

  function check(input) {
    const button = input.form?.querySelector("[data-confirm-submit]");
    if (button) button.disabled = input.value.trim().toUpperCase() !== input.dataset.confirmWord.toUpperCase();
  }

  function open(id) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialog.showModal();
    for (const input of dialog.querySelectorAll("[data-confirm-word]")) {
      input.value = "";
      check(input);
    }
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // the browser forbids it; the text is there to be selected
    }
    const label = button.querySelector("[data-copy-label]");
    if (!label) return;
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    setTimeout(() => (label.textContent = before), 1600);
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      event.preventDefault();
      opener.closest("details.menu")?.removeAttribute("open");
      open(opener.dataset.dialogOpen);
      return;
    }
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close(); // the backdrop
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-confirm-word]")) check(event.target);
  });
  document.addEventListener("submit", (event) => {
    for (const input of event.target.querySelectorAll("[data-confirm-word]")) input.value = input.dataset.confirmWord;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-confirm-word]").forEach(check);
  });
})();
