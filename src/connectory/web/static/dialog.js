// Shows the connect page in a dialog: <form data-dialog> posts to there, and what the page sends stays in it.
"use strict";

(() => {
  const [dialog, page, title, problem, again, bar] =
    ["", "-page", "-title", "-problem", "-again", "-close"].map((name) => document.getElementById(`dialog${name}`));
  const words = problem.firstElementChild, noAnswer = words.textContent;
  let underway = null, ask = null, wanted = "", before = [];
  const isOurs = (event) => event.detail.target === page;
  const open = () => {
    if (!dialog.open) dialog.showModal();
  };
  const say = (text) => {
    words.textContent = text;
    problem.hidden = false;
    again.hidden = page.hasChildNodes();  // what stands there has a button of its own
    dialog.scrollTop = 0;
    if (again.hidden) return;
    title.textContent = wanted;
    open();
    again.focus();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-dialog]")) return;
    event.preventDefault();
    const address = button?.getAttribute("formaction") ?? form.getAttribute("action");
    const [select, swap] = ["hx-select", "hx-swap"].map((name) => page.getAttribute(name));
    const into = { source: button ?? form, target: page, select, swap };
    wanted = button?.getAttribute("aria-label") ?? button?.textContent ?? "";
    ask = () => htmx.ajax("POST", address, into).catch(() => {});  // it is said below
    ask();
  });
  again.addEventListener("click", () => ask());
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isOurs(event)) return;
    const { xhr, requestConfig } = event.detail;
    underway = { xhr, isSent: requestConfig.verb !== "get" };
    problem.hidden = true;
    xhr.addEventListener("error", () => say(noAnswer));
    xhr.addEventListener("loadend", () => {
      if (underway?.xhr === xhr) underway = null;
    });
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOurs(event)) return;
    const { xhr, requestConfig } = event.detail;
    const address = new URL(xhr.responseURL);
    event.detail.shouldSwap = false;
    if ([401, 404].includes(xhr.status)) return;  // member.js sees to it
    event.detail.isError = false;
    before = [...page.querySelectorAll("form")];
    const hasMoved = requestConfig.verb === "get" || address.pathname !== requestConfig.path;
    const sent = new DOMParser().parseFromString(xhr.response, "text/html");
    const isRefusal = xhr.status >= 400 && xhr.status !== 410 && sent.querySelector("form[action^='/connect/']") === null;
    if (hasMoved && !address.pathname.startsWith("/connect/")) location.assign(address);  // done, or about something else
    else if (sent.querySelector("main h1") === null) say(noAnswer);
    else if (isRefusal && before.length > 0) say(textOf(sent));  // the form stays, with what was typed
    else event.detail.shouldSwap = true;  // a page of ours, also one that says what is wrong
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isOurs(event)) return;
    const away = page.querySelector("[data-leaves]");
    if (away !== null) location.assign(away.href);
    if (away !== null && !dialog.open) return;
    title.textContent = page.querySelector("h1").textContent;
    problem.hidden = true;
    open();
    keepTyped(before, page);
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

  // A key that was typed is not lost by one press, and a sign-in that goes on not left without a word.
  const leave = (event) => {
    event.preventDefault();
    const typed = [...page.querySelectorAll(".secret input, [type=password], [type=file], textarea")];
    if (underway?.isSent && page.hasChildNodes()) say("One moment: what you sent is still being checked.");
    else if (typed.every((one) => one.value === "") || confirm("Discard what you typed?")) dialog.close();
  };
  dialog.addEventListener("cancel", leave);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave(event);
  });
  bar.addEventListener("click", leave);
  dialog.addEventListener("close", () => {
    underway?.xhr.abort();
    page.replaceChildren();  // and what was typed
    before = [];
  });
})();
