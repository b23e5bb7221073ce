// The page: which step is shown, of which kind; one window at a time.

import { element, tell, telling } from "./elements.js";
import { Record } from "./record.js";
import { Check, Export, Report } from "./results.js";
import { ask, leave } from "./server.js";
import { Train } from "./train.js";
import { Try } from "./try.js";

const STEPS = { record: Record, train: Train, try: Try, report: Report, check: Check, export: Export };
const HEARTBEAT = 3000; // milliseconds; see LEASE in security.py
const NAMES = { pose: "Poses", action: "Actions" };

const main = document.getElementById("main");
let shown = null;
let left = Promise.resolve(); // fulfilled when every step before the shown one has ended
let kind = "";

async function show() {
  const name = location.hash.slice(1) in STEPS ? location.hash.slice(1) : "record";
  const before = shown;
  const step = new STEPS[name](kind);
  // Of its own, so that a step that answers late changes nothing of the next one.
  const place = element("div");
  shown = step;
  main.replaceChildren(place);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${name[0].toUpperCase()}${name.slice(1)} · handloom studio`;
  left = Promise.all([left, before?.leave()]);
  await left;
  if (step !== shown) return;
  try {
    await step.show(place);
  } catch (error) {
    place.replaceChildren(element("h1", {}, `${name[0].toUpperCase()}${name.slice(1)}`), element("p", { class: "panel wrong" }, error.message));
  }
}

function showKinds(kinds) {
  const place = document.getElementById("kinds");
  place.hidden = kinds.length < 2;
  const choose = (one) => {
    kind = one;
    sessionStorage.setItem("kind", one);
    for (const button of place.children) button.setAttribute("aria-pressed", String(button.dataset.kind === one));
  };
  place.replaceChildren(
    ...kinds.map((one) =>
      element(
        "button",
        {
          type: "button",
          "data-kind": one,
          onclick: () => {
            choose(one);
            show();
          },
        },
        NAMES[one],
      ),
    ),
  );
  choose(kinds.includes(sessionStorage.getItem("kind")) ? sessionStorage.getItem("kind") : kinds[0]);
}

async function begin() {
  history.replaceState(null, "", `/${location.hash}`); // the token stays in no history
  try {
    const said = await ask("/api/hello", {});
    document.getElementById("project").textContent = said.project;
    showKinds((await ask("/api/kinds")).kinds);
  } catch (error) {
    main.replaceChildren(element("section", { class: "panel alone" }, element("h1", {}, "Not here"), element("p", { class: "wrong" }, error.message), element("button", { type: "button", class: "primary", onclick: begin }, "Try again")));
    return;
  }
  setInterval(async () => {
    try {
      await ask("/api/hello", {});
    } catch (error) {
      tell(error.message, true);
    }
  }, HEARTBEAT);
  addEventListener("hashchange", () => telling(show));
  await show();
}

addEventListener("pagehide", leave);
begin();
