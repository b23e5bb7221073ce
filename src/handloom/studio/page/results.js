// Report, Check and Export: what the pipeline wrote.

import { bytes, element, percent, tell, telling } from "./elements.js";
import { ask } from "./server.js";

const METRICS = [
  ["accuracy_end_to_end", "accuracy, a hand not found counts as an error", percent],
  ["accuracy", "accuracy where a hand was found", percent],
  ["macro_f1", "mean F1 of the classes", percent],
  ["hands_found", "hands found", percent],
  ["examples", "examples in the test set", String],
];

export class Report {
  constructor(kind) {
    this.kind = kind;
  }

  async show(main) {
    const said = await ask(`/api/results/${this.kind}`);
    const address = `/report/${this.kind}?v=${said.report}`;
    const numbers = METRICS.filter(([name]) => Number.isFinite(said.metrics[name])).map(([name, title, shown]) =>
      element("div", {}, element("dt", {}, title), element("dd", {}, shown(said.metrics[name]))),
    );
    main.replaceChildren(
      element("h1", {}, "Report"),
      said.report ? element("dl", { class: "numbers" }, numbers) : element("p", { class: "panel empty" }, "No report yet. Train first."),
      said.report ? element("p", {}, element("a", { href: address, target: "_blank", rel: "noopener" }, "Open the report in a tab of its own")) : "",
      said.report ? element("iframe", { src: address, title: "Report on the test set", class: "report" }) : "",
    );
  }

  leave() {}
}

export class Check {
  constructor(kind) {
    this.kind = kind;
    this.labels = [];
    this.files = new Map();
  }

  async show(main) {
    this.button = element("button", { type: "button", class: "primary", onclick: () => telling(() => this.look()) }, "Look for mistakes");
    this.list = element("div", { class: "stack" });
    main.replaceChildren(
      element("h1", {}, "Check the data"),
      element("section", { class: "panel stack", "aria-label": "Check" }, element("p", {}, "Listed are labels that the examples of other people contradict, copies, beginnings and ends that do not show the sign, and hands that may have been found in the wrong place. Look at them, then move or exclude them, and train again."), element("div", { class: "row" }, this.button)),
      this.list,
    );
    // Sources without a folder for each class have no files to move or exclude here; the list is there for them too.
    const files = ask(`/api/files/${this.kind}`).catch(() => ({ classes: {} }));
    const [said, listing] = await Promise.all([ask(`/api/results/${this.kind}`), files]);
    this.labels = Object.keys(listing.classes);
    this.files = new Map(Object.values(listing.classes).flat().map((file) => [file.name, file]));
    if (said.findings) this.showFindings(said.findings);
  }

  leave() {}

  async look() {
    this.button.disabled = true;
    this.button.textContent = "Looking";
    try {
      this.showFindings((await ask(`/api/results/${this.kind}/check`, {})).findings);
    } finally {
      this.button.disabled = false;
      this.button.textContent = "Look for mistakes";
    }
  }

  showFindings(findings) {
    if (!findings.length) return this.list.replaceChildren(element("p", { class: "panel empty" }, "Nothing was found."));
    const head = element("thead", {}, element("tr", {}, ["File", "Class", "Person", "What to look at", "Score", "Do"].map((text) => element("th", { scope: "col" }, text))));
    const body = element("tbody", {}, findings.map((one) => this.row(one)));
    this.list.replaceChildren(element("div", { class: "panel scroll" }, element("table", { class: "findings" }, head, body)));
  }

  row(finding) {
    const file = this.files.get(finding.path);
    // Of a copy also the photo that it is a copy of.
    const pictures = [finding.path, finding.other]
      .map((name) => this.files.get(name))
      .filter(Boolean)
      .map((one) => element("img", { src: `/api/files/${this.kind}/picture?${new URLSearchParams({ name: one.name, v: one.version })}`, alt: "", loading: "lazy" }));
    const row = element("tr", {});
    const act = async (action, question) => {
      await ask(`/api/files/${this.kind}/${action}`, { names: [file.name], ...question });
      row.classList.add("handled");
      tell("Done. Train again to use it.");
      for (const one of row.querySelectorAll("button, select")) one.disabled = true;
    };
    const note = finding.note ?? "";
    const alike = note.replace(/ \(\d+ of \d+ of this class in the file\)$/, "");
    const others = this.labels.filter((label) => label !== finding.label);
    const target = element(
      "select",
      { "aria-label": "Class to move to" },
      element("option", { value: "" }, "choose a class"),
      others.map((label) => element("option", { value: label, selected: alike.endsWith(`looks like ${label}`) }, label)),
    );
    const move = async () => (target.value ? act("move", { label: target.value }) : tell("Choose a class to move to.", true));
    const tools = file
      ? element("div", { class: "row" }, element("button", { type: "button", onclick: () => telling(() => act("exclude", { excluded: true })) }, "Exclude"), element("button", { type: "button", onclick: () => telling(move) }, "Move to"), target)
      : "";
    row.append(
      element("td", { class: "file" }, pictures, element("span", {}, finding.path)),
      element("td", {}, finding.label),
      element("td", {}, finding.group === finding.path ? "" : finding.group),
      element("td", {}, `${finding.problem}: ${note}`),
      element("td", {}, finding.score),
      element("td", {}, tools),
    );
    return row;
  }
}

export class Export {
  constructor(kind) {
    this.kind = kind;
  }

  async show(main) {
    const { exported } = await ask(`/api/results/${this.kind}`);
    const files = exported.map((file) => this.file(file));
    main.replaceChildren(
      element("h1", {}, "Export"),
      ...(files.length ? files : [element("p", { class: "panel empty" }, "No exported file yet. Train first.")]),
    );
  }

  leave() {}

  file({ name, bytes: size, proof }) {
    const address = `/download/${this.kind}/${encodeURIComponent(name)}`;
    const head = element(
      "div",
      { class: "row" },
      element("h2", {}, name),
      element("span", { class: "hint" }, bytes(size)),
      proof ? element("span", { class: proof.passed ? "tag good" : "tag wrong" }, proof.passed ? "proved" : "failed") : null,
      element("a", { class: "button end", href: address, download: "" }, "Download"),
    );
    if (!proof) return element("section", { class: "panel stack", "aria-label": name }, head);
    const rows = Object.entries(proof.comparisons ?? {}).map(([what, one]) =>
      element("tr", {}, element("th", { scope: "row" }, what), element("td", {}, `${one.equal_labels} of ${one.rows}`), element("td", {}, one.largest_difference?.toExponential(1) ?? ""), element("td", {}, one.passed ? "passed" : "failed")),
    );
    const table = element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ["Compared with the trained network on", "Same labels", "Largest difference", ""].map((text) => element("th", { scope: "col" }, text || "Passed")))),
      element("tbody", {}, rows),
    );
    const problems = (proof.problems ?? []).map((problem) => element("li", {}, String(problem)));
    return element("section", { class: "panel stack", "aria-label": name }, head, element("div", { class: "scroll" }, table), problems.length ? element("ul", { class: "notes" }, problems) : "");
  }
}
