// Keeps what a page shows up to date: parts of it say hx-trigger="changed from:body" or "called from:body".
// Only a page that is looked at is connected: a browser opens six connections to a server, whatever the number of tabs.
"use strict";

(() => {
  const DOWN_MS = 4000, AGAIN_MS = 3000;
  const address = document.body.dataset.events;
  let stream = null, down = null, again = null;
  const tell = (name) => htmx.trigger(document.body, name);

  // That the server is away is said until it is back, whatever was done meanwhile.
  const banner = document.createElement("p");
  banner.className = "away";
  banner.setAttribute("role", "status");
  document.body.append(banner);
  const isAway = () => banner.textContent !== "";
  const away = () => {
    if (isAway()) return;
    banner.textContent = "The server does not answer. Trying again…";
    again = setTimeout(tryAgain, AGAIN_MS);
  };
  const back = () => {
    clearTimeout(down);
    clearTimeout(again);
    down = null;
    banner.textContent = "";
  };
  const tryAgain = () => {  // by the stream, which is answered at once
    if (!document.hidden && stream?.readyState !== EventSource.CONNECTING) {
      if (stream !== null) close();
      open();
    }
    again = setTimeout(tryAgain, AGAIN_MS);
  };
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, away);
  const isAnswered = (xhr) => xhr.status < 502 || xhr.status > 504;  // else a proxy says that the server is away
  document.addEventListener("htmx:beforeOnLoad", (event) => (isAnswered(event.detail.xhr) ? back() : away()));

  const open = () => {
    stream = new EventSource(address);
    stream.addEventListener("open", () => {
      const was = isAway();
      back();
      if (was) tell("changed");  // also what was looked for meanwhile
    });
    for (const name of ["changed", "called"]) stream.addEventListener(name, () => tell(name));
    stream.addEventListener("ended", () => askToSignIn());
    stream.addEventListener("error", () => {
      if (stream === null) return;
      if (stream.readyState === EventSource.CLOSED) tell("changed");  // a part of the page, asked for, finds out why
      else down ??= setTimeout(away, DOWN_MS);
    });
  };
  const close = () => {
    clearTimeout(down);
    down = null;
    stream.close();
    stream = null;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && stream !== null) close();
    if (!document.hidden && stream === null) {
      open();
      tell("changed");  // what was missed
      tell("called");
    }
  });
  window.addEventListener("pagehide", () => { if (stream !== null) close(); });
  if (!document.hidden) open();
})();
