// Sends the forms of the connect page, so that what was typed stays where they come back. Without it they send themselves.
"use strict";

(() => {
  const NO_ANSWER = "The server did not answer. Try again; if that lasts, look whether it still runs.";
  const main = document.querySelector("main");
  const problem = document.createElement("div");
  problem.className = "problem";
  problem.setAttribute("role", "alert");
  let isUnderWay = false;
  const say = (text) => {
    problem.replaceChildren(Object.assign(document.createElement("p"), { textContent: text }));
    main.prepend(problem);
    problem.scrollIntoView();
  };
  const show = (answer, html) => {
    const sent = new DOMParser().parseFromString(html, "text/html");
    const away = sent.querySelector("[data-leaves]");
    if (away !== null || answer.redirected) return location.assign(away?.href ?? answer.url);
    if (answer.status === 401) return askToSignIn(true);
    if ([404, 410].includes(answer.status)) return location.reload();  // the page says why
    if (sent.querySelector("form[action^='/connect/']") === null) return say(textOf(sent) || NO_ANSWER);
    const forms = [...main.querySelectorAll("form")];
    main.replaceChildren(...sent.querySelector("main").children);
    keepTyped(forms, main);
    prepare(main);
    const wrong = main.querySelector("[aria-invalid=true]");
    (wrong ?? main.querySelector(".problem"))?.scrollIntoView({ block: "center" });
    wrong?.focus();
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target, data = new FormData(form);
    if (!form.getAttribute("action").startsWith("/connect/")) return;
    event.preventDefault();
    if (isUnderWay) return;
    isUnderWay = true;
    try {
      const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
      const answer = await fetch(form.action, { method: "POST", body });
      show(answer, await answer.text());
    } catch {
      say(NO_ANSWER);
    }
    isUnderWay = false;
    form.dispatchEvent(new Event("htmx:afterRequest"));  // the button says again what it does
  });
})();
