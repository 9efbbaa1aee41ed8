// Shows the connect page in a dialog: <form data-dialog> posts to there, and what the page sends stays in it.
"use strict";

(() => {
  const dialog = document.getElementById("dialog");
  const page = document.getElementById("dialog-page");
  const title = document.getElementById("dialog-title");
  const problem = document.getElementById("dialog-problem");
  let underway = null;
  const isOurs = (event) => event.detail.target === page;
  const open = () => {
    if (!dialog.open) dialog.showModal();
  };
  const fail = () => {
    problem.hidden = false;
    open();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-dialog]")) return;
    event.preventDefault();
    const address = button?.getAttribute("formaction") ?? form.getAttribute("action");
    const [select, swap] = ["hx-select", "hx-swap"].map((name) => page.getAttribute(name));
    const into = { source: button ?? form, target: page, select, swap };
    htmx.ajax("POST", address, into).catch(() => {});  // htmx:sendError says it
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isOurs(event)) return;
    underway = event.detail.xhr;
    problem.hidden = true;
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (isOurs(event)) fail();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOurs(event)) return;
    const { xhr, requestConfig } = event.detail;
    const address = new URL(xhr.responseURL);
    event.detail.shouldSwap = false;
    if ([401, 404].includes(xhr.status)) return;  // member.js asks for the whole page anew
    event.detail.isError = false;
    const hasMoved = requestConfig.verb === "get" || address.pathname !== requestConfig.path;
    if (hasMoved && !address.pathname.startsWith("/connect/")) location.assign(address);  // done, or about something else
    else if (xhr.response.includes("<h1")) event.detail.shouldSwap = true;  // a page of ours, also one that says what is wrong
    else fail();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isOurs(event)) return;
    const away = page.querySelector("[data-leaves]");
    if (away !== null) location.assign(away.href);
    if (away !== null && !dialog.open) return;
    title.textContent = page.querySelector("h1").textContent;
    open();
    if (event.detail.requestConfig.elt.matches("[hx-trigger]")) return;  // the page that waits has asked, and nobody else
    dialog.scrollTop = 0;
    focus(page.querySelector("[aria-invalid=true]"));
  });
  const focus = (wrong) => {
    const first = wrong ?? page.querySelector("input:not([type=hidden]), select, textarea, button, a.button");
    const isInView = first !== null && first.getBoundingClientRect().bottom < dialog.getBoundingClientRect().bottom;
    if (wrong !== null || isInView) first.focus();
    else title.focus();  // what it is about is to be read first
  };
  dialog.addEventListener("close", () => {
    underway?.abort();
    page.replaceChildren();  // and what was typed
  });
  document.getElementById("dialog-close").addEventListener("click", () => dialog.close());
})();
