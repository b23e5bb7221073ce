// Try: the camera or a clip, the answers of the recogniser, its settings.

import { Camera } from "./camera.js";
import { element, percent, tell, telling } from "./elements.js";
import { ask } from "./server.js";

const EVENTS = 12; // shown
// Name, title, least, most, step, unit, and where a slider stands before it is moved.
const SLIDERS = [
  ["threshold", "Threshold", 0, 1, 0.01, "", 0.8],
  ["hold_time", "Hold time", 0, 1.5, 0.05, "s", 0.2],
  ["cooldown", "Cool-down", 0, 2, 0.05, "s", 0.3],
];

const unsaved = new Map(); // what the sliders of a kind say until it is saved or the page is closed
const shown = (value, unit) => `${Number(value).toFixed(2)} ${unit}`;

export class Try {
  constructor(kind) {
    this.kind = kind;
    this.camera = new Camera((answer, milliseconds) => this.answer(answer, milliseconds), (begun) => this.begun(begun));
    this.settings = { own: false, threshold: null, hold_time: null, cooldown: null }; // null: as the model recommends
  }

  async show(main) {
    this.saved = await ask(`/api/streams/${this.kind}`);
    const own = Object.values(this.saved).some((value) => value !== null);
    Object.assign(this.settings, this.saved, { own }, unsaved.get(this.kind));
    this.power = element("button", { type: "button", class: "primary", onclick: () => telling(() => this.switchCamera()) }, "Turn the camera on");
    const clip = element("input", { type: "file", accept: "video/*", class: "choose", "aria-label": "Try a clip", onchange: () => telling(() => this.tryClip(clip)) });
    this.active = element("p", { class: "active", "aria-live": "polite" }, "–");
    this.bars = element("ul", { class: "bars" });
    this.events = element("ol", { class: "events" });
    this.code = element("code", {});
    this.model = element("p", { class: "hint" });
    this.save = element("button", { type: "button", onclick: () => telling(() => this.saveSettings()) }, "Save in the project");
    main.replaceChildren(
      element("h1", {}, "Try it"),
      element(
        "div",
        { class: "columns" },
        element("section", { class: "panel side", "aria-label": "Camera" }, this.camera.stage, element("div", { class: "row" }, this.power, element("label", { class: "button" }, "Try a clip", clip)), this.model),
        element("section", { class: "panel stack", "aria-label": "Answer" }, this.active, this.bars, element("h2", {}, "Gestures"), this.events),
      ),
      element("section", { class: "panel stack", "aria-label": "Settings" }, element("h2", {}, "When a gesture counts"), this.sliders(), element("div", { class: "row" }, this.save, element("p", { class: "hint" }, "Train writes saved values into the exported files. Apps take them from there.")), element("p", { class: "hint" }, "The same in Python:"), element("pre", { tabindex: "0", "aria-label": "The same in Python" }, this.code)),
    );
    this.showSettings();
  }

  leave() {
    return this.camera.end();
  }

  sliders() {
    this.usual = element("input", { type: "checkbox", id: "recommended", onchange: () => this.choose(!this.usual.checked) });
    this.controls = SLIDERS.map(([name, , least, most, step, unit, start]) => {
      const value = this.settings[name] ?? start;
      const output = element("output", { for: name });
      const slider = element("input", { type: "range", id: name, min: String(least), max: String(Math.max(most, value)), step: String(step), value: String(value) });
      slider.addEventListener("input", () => (output.textContent = shown(slider.value, unit)));
      slider.addEventListener("change", () => this.change({ [name]: Number(slider.value) }));
      return { name, unit, slider, output };
    });
    const rows = this.controls.map(({ slider, output }, place) => element("div", { class: "slider" }, element("label", { for: slider.id }, SLIDERS[place][1]), output, slider));
    return element("div", { class: "sliders" }, element("label", { class: "check" }, this.usual, " As the model recommends"), rows);
  }

  // Values of one's own, or what the model recommends. The first time every slider counts as it stands.
  choose(own) {
    const first = own && SLIDERS.every(([name]) => this.settings[name] === null);
    this.change({ own, ...(first && Object.fromEntries(this.controls.map(({ name, slider }) => [name, Number(slider.value)]))) });
  }

  // The arguments of `Recognizer`; null: what the model recommends.
  get given() {
    return Object.fromEntries(SLIDERS.map(([name]) => [name, this.settings.own ? this.settings[name] : null]));
  }

  // What a stream begins with.
  get question() {
    return { kind: this.kind, ...this.given };
  }

  change(settings) {
    Object.assign(this.settings, settings);
    unsaved.set(this.kind, { ...this.settings });
    this.showSettings();
    if (this.camera.wanted) this.camera.restart(this.question);
  }

  async saveSettings() {
    const sent = unsaved.get(this.kind);
    this.saved = await ask(`/api/streams/${this.kind}`, this.given);
    if (unsaved.get(this.kind) === sent) unsaved.delete(this.kind); // else they were moved while they were saved
    this.showSettings();
    tell("Saved in conf/config.yaml. Press Train to evaluate and export again, without a new training.");
  }

  showSettings() {
    this.usual.checked = !this.settings.own;
    for (const { name, unit, slider, output } of this.controls) {
      slider.disabled = !this.settings.own;
      output.textContent = this.given[name] === null ? "as recommended" : shown(this.given[name], unit);
    }
    this.save.disabled = SLIDERS.every(([name]) => this.given[name] === this.saved[name]);
    const given = Object.entries(this.given).filter(([, value]) => value !== null).map(([name, value]) => `, ${name}=${value}`);
    this.code.textContent = `Recognizer(Predictor.open("${this.path ?? `exports/${this.kind}`}")${given.join("")})`;
  }

  async switchCamera() {
    if (!this.camera.wanted) return this.begin(null);
    await this.camera.end();
    this.refreshButton();
  }

  async tryClip(chooser) {
    const [file] = chooser.files;
    chooser.value = ""; // so that the same clip can be chosen again
    if (file) await this.begin(file);
  }

  async begin(file) {
    this.power.disabled = true;
    this.thresholds = null;
    this.bars.replaceChildren();
    this.active.textContent = "–";
    this.active.classList.remove("on");
    try {
      const begun = await this.camera.start(this.question, file);
      if (begun) this.begun(begun);
    } finally {
      this.refreshButton();
    }
  }

  // Shows what the server says of a stream that it began.
  begun(begun) {
    this.path = begun.model;
    this.model.textContent = [`Model: ${begun.model}.`, begun.note].filter(Boolean).join(" ");
    this.thresholds = begun.thresholds;
    this.background = begun.background;
    this.showBars(begun.classes);
    this.showSettings();
  }

  refreshButton() {
    this.power.disabled = this.camera.wanted && !this.camera.on; // it is being turned on
    this.power.textContent = this.camera.wanted ? "Turn the camera off" : "Turn the camera on";
  }

  showBars(classes) {
    this.bars.replaceChildren();
    this.rows = new Map();
    for (const label of classes) {
      const fill = element("div", { class: "fill" });
      const number = element("span", { class: "number" }, "–");
      const threshold = this.given.threshold ?? this.thresholds[label];
      const mark = element("div", { class: "mark" });
      mark.style.left = `${100 * threshold}%`;
      const track = label === this.background ? element("div", { class: "track" }, fill) : element("div", { class: "track" }, fill, mark);
      this.rows.set(label, { fill, number });
      this.bars.append(element("li", { "data-label": label }, element("span", { class: "name" }, label), track, number));
    }
  }

  answer(answer) {
    if (!answer || !this.thresholds) return this.refreshButton();
    const said = new Map(answer.results);
    for (const [label, { fill, number }] of this.rows) {
      const share = said.get(label);
      fill.style.clipPath = `inset(0 ${100 - 100 * (share ?? 0)}% 0 0)`; // a width would lay the page out again
      const text = share === undefined ? "–" : percent(share);
      if (number.textContent !== text) number.textContent = text;
    }
    if (this.active.dataset.label !== (answer.active ?? "")) {
      this.active.dataset.label = answer.active ?? "";
      this.active.textContent = answer.active ?? "–";
      this.active.classList.toggle("on", Boolean(answer.active));
    }
    for (const event of answer.events) {
      this.events.prepend(element("li", { "data-label": event.label, "data-kind": event.kind }, element("strong", {}, event.label), ` ${event.kind}, ${percent(event.confidence)}`));
      if (this.events.children.length > EVENTS) this.events.lastChild.remove();
    }
  }
}
