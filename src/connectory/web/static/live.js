// Keeps what a page shows up to date: parts of it say hx-trigger="changed from:body" or "called from:body".
// Only a page that is looked at is connected: a browser opens six connections to a server, whatever the number of tabs.
"use strict";

(() => {
  const address = document.body.dataset.events;
  let stream = null;
  const tell = (name) => htmx.trigger(document.body, name);
  const open = () => {
    stream = new EventSource(address);
    for (const name of ["changed", "called"]) stream.addEventListener(name, () => tell(name));
    stream.addEventListener("ended", () => location.reload());  // nobody is signed in any more: the page says so
    stream.addEventListener("error", () => {  // refused for good: a part of the page, asked for, finds out why
      if (stream !== null && stream.readyState === EventSource.CLOSED) tell("changed");
    });
  };
  const close = () => {
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
