// A question of the settings, <details class="ask">, closes by Escape, by Cancel and by a click beside it. Without scripts
// it closes by its summary alone, and one closes the other.
"use strict";

(() => {
  const close = (ask, isLeft) => {
    ask.open = false;
    if (!isLeft) ask.querySelector("summary").focus({ preventScroll: true });
  };
  const opened = () => document.querySelector(".ask[open]");
  for (const button of document.querySelectorAll("[data-closes]")) button.hidden = false;

  document.addEventListener("keydown", (event) => {
    const ask = opened();
    if (event.key === "Escape" && ask !== null) close(ask, false);
  });
  document.addEventListener("click", (event) => {
    const ask = opened(), at = event.target;
    if (ask === null) return;
    if (at.closest("[data-closes]") !== null) close(ask, false);
    else if (!ask.contains(at)) close(ask, at.closest("a, button, input, label, select, summary, textarea") !== null);
  });
  document.addEventListener("toggle", (event) => {  // it may open below what is seen
    if (event.target.matches(".ask[open]")) event.target.querySelector("form").scrollIntoView({ block: "nearest" });
  }, true);
})();
