// What the pages of a member do beyond htmx. Everything works without it, by plain links and forms.
"use strict";

// What only scripts can do is shown, since they run; times are said as the clock here has them. Parts of a page may come
// later, by htmx.
const prepare = (root) => {
  for (const button of root.querySelectorAll("[data-shows]")) {
    name(button, "Show");
    button.hidden = false;
  }
  for (const button of root.querySelectorAll("[data-copies]")) button.hidden = false;
  for (const time of root.querySelectorAll("time[title]")) {
    time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
};

// A secret can be looked at: <button data-shows="ID of the input" data-name="what it is" hidden>.
const name = (button, word) => {
  button.textContent = word;
  button.setAttribute("aria-label", `${word} ${button.dataset.name}`);
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-shows]");
  if (button === null) return;
  const input = document.getElementById(button.dataset.shows);
  const isHidden = input.type === "password";
  input.type = isHidden ? "text" : "password";
  name(button, isHidden ? "Hide" : "Show");
});

// What is to be copied: <button data-copies="ID of the element" hidden>. Where the browser lets no page copy (http to
// another machine), the text is selected.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (button === null) return;
  const source = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source);
    return;
  }
  const word = button.firstChild;  // what is copied stands behind it, for screen readers
  const before = word.data;
  word.data = "Copied";
  setTimeout(() => { word.data = before; }, 2000);
});

// What takes a while says so: <button data-busy="what is done meanwhile">. The server takes a form once, whatever is sent.
document.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  if (button === null || button.dataset.busy === undefined) return;
  const word = button.textContent;
  button.textContent = button.dataset.busy;
  form.addEventListener("htmx:afterRequest", () => { button.textContent = word; }, { once: true });
});

// What is shown once: <section data-once>. A reload asks for the page, and does not send the form again.
if (document.querySelector("[data-once]") !== null) history.replaceState(null, "", location.href);

// A page that came from the history is as old as it is: ask anew.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// Who is signed out meanwhile is asked to sign in, which leads back here.
const askToSignIn = (hasSent = false) => {
  const because = hasSent ? "sent" : "ended", next = location.pathname + location.search;
  if (!askToSignIn.isUnderWay) location.replace(`/signin?${new URLSearchParams({ because, next })}`);
  askToSignIn.isUnderWay = true;
};

// What a part of the page is about has gone: the whole page, asked for anew, says so.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status === 401) askToSignIn(requestConfig.verb !== "get");
  if (xhr.status === 404) location.reload();
});

// What a page that fails says, without where it leads.
const textOf = (page) => [...page.querySelectorAll("h1 ~ p:not(:has(a))")].map((one) => one.textContent).join(" ");

// What was typed stays when its form is shown again: the server sends no secret back. It is in these inputs alone.
const keepTyped = (forms, after) => {
  const nameOf = (form) => ["method", "backend", "app"].map((name) => form.elements[name]?.value).join();
  for (const form of forms) {
    const again = [...after.querySelectorAll("form")].find((one) => nameOf(one) === nameOf(form));
    for (const input of again?.elements ?? []) {
      const typed = form.elements[input.name];
      if (typed === undefined || input.value !== "") continue;
      if (input.type === "file") input.files = typed.files;
      else if (input.matches("input, textarea")) input.value = typed.value;
    }
  }
};

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
