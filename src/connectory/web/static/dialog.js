// Shows the connect page in a dialog: <form data-dialog> posts to there, and what the page sends stays in it.
"use strict";

(() => {
  const dialog = document.getElementById("dialog");
  const page = document.getElementById("dialog-page");
  let underway = null;
  const isOurs = (event) => event.detail.target === page;

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!event.target.matches("[data-dialog]") || button?.name === "at_once") return;  // that one shows no page
    event.preventDefault();
    const address = button?.getAttribute("formaction") ?? event.target.getAttribute("action");
    htmx.ajax("POST", address, { source: button ?? event.target, target: page, select: "main > *", swap: "innerHTML ignoreTitle:true" });
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isOurs(event)) underway = event.detail.xhr;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOurs(event)) return;
    const { xhr, requestConfig } = event.detail;
    const address = new URL(xhr.responseURL);
    const hasMoved = requestConfig.verb === "get" || address.pathname !== requestConfig.path;
    if (hasMoved && !address.pathname.startsWith("/connect/")) {  // it is done, or about something else
      event.detail.shouldSwap = false;
      location.assign(address);
    } else {
      event.detail.shouldSwap = true;  // what is wrong is said on the page
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isOurs(event)) return;
    const away = page.querySelector("[data-leaves]");
    if (away !== null) location.assign(away.href);
    dialog.setAttribute("aria-label", page.querySelector("h1").textContent);
    if (!dialog.open) dialog.showModal();
    if (event.detail.requestConfig.elt.matches("[hx-trigger]")) return;  // it has looked by itself
    dialog.scrollTop = 0;
    const wrong = page.querySelector("[aria-invalid=true]");
    const first = page.querySelector("input:not([type=hidden]), select, textarea, button, a.button");
    (wrong ?? first)?.focus({ preventScroll: wrong === null });  // the heading is to be seen first
  });
  dialog.addEventListener("close", () => {
    underway?.abort();
    page.replaceChildren();  // and what was typed
  });
  document.getElementById("dialog-close").addEventListener("click", () => dialog.close());
})();
