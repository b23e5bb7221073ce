// Record: the camera, a card for each class, and the files of a class to look through.

import { Camera } from "./camera.js";
import { element, tell, telling } from "./elements.js";
import { ask } from "./server.js";

const PAUSE = 150; // milliseconds between two photos while a button is held
const MOST_WAITING = 20; // photos
const SHOWN = 8; // pictures on a card
const words = { pose: ["photo", "photos"], action: ["clip", "clips"] };
const count = (kind, number) => `${number} ${words[kind][number === 1 ? 0 : 1]}`;

export class Record {
  constructor(kind) {
    this.kind = kind;
    this.camera = new Camera(() => this.refreshButtons());
    this.chosen = new Set();
    this.open = null;
    this.listing = { classes: {}, notes: [] };
    this.held = null;
    this.holding = 0; // buttons that are held, or whose photos are under way
    this.waiting = 0;
  }

  async show(main) {
    this.person = element("input", { id: "person", autocomplete: "off", maxlength: "60", placeholder: "anna" });
    this.person.value = sessionStorage.getItem("person") ?? "";
    this.person.addEventListener("change", () => sessionStorage.setItem("person", this.person.value));
    this.power = element("button", { type: "button", class: "primary", onclick: () => telling(() => this.switchCamera()) }, "Turn the camera on");
    this.label = element("input", { id: "label", autocomplete: "off", maxlength: "100", placeholder: "thumbs_up" });
    this.cards = element("ul", { class: "cards" });
    this.gallery = element("section", { class: "panel gallery", hidden: true, "aria-label": "Files of a class" });
    this.notes = element("ul", { class: "notes" });
    const seconds = [element("label", { for: "seconds" }, "Seconds of a clip"), (this.seconds = element("input", { id: "seconds", type: "number", min: "1", max: "20", step: "0.5", value: "2" }))];
    const camera = element(
      "section",
      { class: "panel side", "aria-label": "Camera" },
      this.camera.stage,
      element("div", { class: "row" }, this.power),
      element("div", { class: "field" }, element("label", { for: "person" }, "Who is in the picture?"), this.person, element("small", {}, "A person stays in one of training and test set.")),
      this.kind === "action" ? element("div", { class: "field" }, ...seconds) : null,
    );
    const add = element(
      "form",
      {
        class: "row add",
        onsubmit: (event) => {
          event.preventDefault();
          telling(() => this.addClass());
        },
      },
      element("div", { class: "field grow" }, element("label", { for: "label" }, "New class"), this.label),
      element("button", { type: "submit" }, "Add class"),
    );
    const hint =
      this.kind === "pose"
        ? "Hold a button, or the number key of a class, to take photos. Add a class background for hands without a gesture."
        : "Press a button, or the number key of a class: a countdown, then a clip. Add a class background for other movements.";
    main.replaceChildren(
      element("h1", {}, this.kind === "pose" ? "Record photos" : "Record clips"),
      element("div", { class: "columns" }, camera, element("section", { class: "stack", "aria-label": "Classes" }, add, element("p", { class: "hint" }, hint), this.cards, this.notes)),
      this.gallery,
    );
    this.keys = new AbortController();
    addEventListener("keydown", (event) => this.key(event, true), { signal: this.keys.signal });
    addEventListener("keyup", (event) => this.key(event, false), { signal: this.keys.signal });
    addEventListener("blur", () => (this.held = null), { signal: this.keys.signal });
    await this.refresh();
  }

  leave() {
    this.held = null;
    this.keys?.abort();
    return this.camera.end();
  }

  async switchCamera() {
    if (this.camera.on) {
      await this.camera.end();
    } else {
      this.power.disabled = true;
      try {
        await this.camera.start({});
      } finally {
        this.power.disabled = false;
        this.refreshButtons();
      }
    }
    this.refreshButtons();
  }

  async addClass() {
    const said = await ask(`/api/files/${this.kind}/class`, { label: this.label.value });
    this.label.value = "";
    await this.refresh();
    tell(`The class ${said.label} is there.`);
  }

  async refresh() {
    const listing = await ask(`/api/files/${this.kind}`);
    if (this.holding) return; // a new card would take the place of the one that is held; its end asks again
    this.listing = listing;
    this.notes.replaceChildren(...this.listing.notes.map((note) => element("li", {}, note)));
    const labels = Object.keys(this.listing.classes);
    this.cards.replaceChildren(...labels.map((label, place) => this.card(label, place)));
    if (!labels.length) this.cards.append(element("li", { class: "empty" }, "No class yet. Add two or more, for example five and fist."));
    this.refreshButtons();
    if (this.open && this.listing.classes[this.open]) this.showGallery(this.open);
    else this.closeGallery();
  }

  refreshButtons() {
    this.power.textContent = this.camera.on ? "Turn the camera off" : "Turn the camera on";
    for (const button of this.cards.querySelectorAll("button.record")) button.disabled = !this.camera.on;
  }

  card(label, place) {
    const files = this.listing.classes[label];
    const people = new Set(files.map((file) => file.group).filter(Boolean));
    const record = element("button", { type: "button", class: "record", "data-label": label }, this.kind === "pose" ? "Hold to record" : "Record a clip");
    if (place < 9) record.append(element("kbd", {}, `${place + 1}`));
    if (this.kind === "pose") {
      record.addEventListener("pointerdown", (event) => {
        record.setPointerCapture(event.pointerId);
        this.hold(label);
      });
      const letGo = () => this.held === label && (this.held = null); // another one may be held when this one loses the focus
      for (const event of ["pointerup", "pointercancel", "blur", "keyup"]) record.addEventListener(event, letGo);
      record.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && !event.repeat && this.hold(label));
    } else {
      record.addEventListener("click", () => telling(() => this.recordClip(label)));
    }
    const choose = element("input", {
      type: "file",
      multiple: true,
      class: "choose",
      "aria-label": `Add files to ${label}`,
      accept: this.kind === "pose" ? "image/*" : "video/*",
      onchange: () => telling(() => this.addFiles(label, choose.files)),
    });
    const card = element(
      "li",
      { class: "card", "data-label": label },
      element("div", { class: "card-head" }, element("h2", {}, label), element("span", { class: "number" }, count(this.kind, files.length))),
      element("p", { class: "hint" }, people.size ? `${people.size} ${people.size === 1 ? "person" : "people"}` : "no names"),
      element("div", { class: "strip" }, files.slice(-SHOWN).map((file) => this.picture(file))),
      element("div", { class: "row" }, record, element("label", { class: "button" }, "Add files", choose), element("button", { type: "button", disabled: !files.length, onclick: () => this.showGallery(label) }, "Look through")),
    );
    card.addEventListener("dragover", (event) => {
      event.preventDefault();
      card.classList.add("over");
    });
    card.addEventListener("dragleave", () => card.classList.remove("over"));
    card.addEventListener("drop", (event) => {
      event.preventDefault();
      card.classList.remove("over");
      telling(() => this.addFiles(label, event.dataTransfer.files));
    });
    return card;
  }

  picture(file, alt = "") {
    const address = `/api/files/${this.kind}/picture?${new URLSearchParams({ name: file.name, v: file.version })}`;
    return element("img", { src: address, alt, loading: "lazy", class: file.excluded ? "excluded" : "" });
  }

  key(event, down) {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = this.cards.querySelectorAll("button.record")[Number(event.key) - 1];
    if (!button || button.disabled) return;
    if (!down) this.held = null;
    else if (!event.repeat) this.kind === "pose" ? this.hold(button.dataset.label) : button.click();
  }

  async hold(label) {
    if (!this.camera.on) return;
    this.held = label;
    this.holding++;
    const card = [...this.cards.children].find((one) => one.dataset.label === label);
    try {
      const sent = [];
      card.classList.add("recording");
      while (this.held === label && this.camera.on) {
        const photo = await this.camera.photo();
        if (this.waiting < MOST_WAITING) sent.push(this.upload(label, photo, ".jpg", card));
        else tell("The studio is slower than the camera; photos are left out.", true);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
      card.classList.remove("recording");
      await Promise.all(sent);
    } finally {
      card.classList.remove("recording");
      this.holding--;
      await telling(() => this.refresh());
    }
  }

  async recordClip(label) {
    for (const button of this.cards.querySelectorAll("button.record")) button.disabled = true;
    try {
      const clip = await this.camera.clip(Number(this.seconds.value) || 2, 3);
      await this.upload(label, clip, clip.type === "video/mp4" ? ".mp4" : ".webm");
    } finally {
      await this.refresh();
    }
  }

  async addFiles(label, files) {
    let added = 0;
    let note = "";
    for (const file of files) {
      tell(`Adding ${file.name} (${added + 1} of ${files.length})`);
      const said = await this.upload(label, file, file.name);
      if (said) added++;
      note ||= said?.note;
    }
    await this.refresh();
    if (note) tell(note, true);
    else if (added === files.length) tell(`${count(this.kind, added)} added to ${label}.`);
  }

  async upload(label, content, name, card = null) {
    this.waiting++;
    try {
      const where = new URLSearchParams({ label, name, person: this.person.value });
      const said = await ask(`/api/files/${this.kind}/upload?${where}`, content);
      if (said.note) tell(said.note, true);
      if (card) {
        const number = card.querySelector(".number");
        number.textContent = count(this.kind, parseInt(number.textContent, 10) + 1);
        const strip = card.querySelector(".strip");
        strip.append(this.picture({ name: said.name, version: Date.now() }));
        if (strip.children.length > SHOWN) strip.firstChild.remove();
      }
      return said;
    } catch (error) {
      tell(error.message, true);
      return null;
    } finally {
      this.waiting--;
    }
  }

  closeGallery() {
    this.open = null;
    this.chosen.clear();
    this.gallery.hidden = true;
    this.gallery.replaceChildren();
  }

  showGallery(label) {
    if (this.open !== label) this.chosen.clear();
    this.open = label;
    const files = this.listing.classes[label];
    const names = new Set(files.map((file) => file.name));
    this.chosen = new Set([...this.chosen].filter((name) => names.has(name)));
    const others = Object.keys(this.listing.classes).filter((other) => other !== label);
    const target = element("select", { "aria-label": "Class to move to" }, others.map((other) => element("option", { value: other }, other)));
    const act = (text, action, question, sure = "") =>
      element("button", { type: "button", class: "needs-choice", onclick: () => telling(() => this.change(action, question(), sure)) }, text);
    const tools = element(
      "div",
      { class: "row tools" },
      element("button", { type: "button", onclick: () => this.choose(files, names) }, "Choose all"),
      act("Delete", "delete", () => ({}), "Delete the chosen files from the disk?"),
      act("Exclude", "exclude", () => ({ excluded: true })),
      act("Take back", "exclude", () => ({ excluded: false })),
      others.length ? [act("Move to", "move", () => ({ label: target.value })), target] : null,
      element("button", { type: "button", class: "end", onclick: () => this.closeGallery() }, "Close"),
    );
    const tiles = files.map((file) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "tile", "aria-pressed": String(this.chosen.has(file.name)), title: file.name, onclick: (event) => this.toggle(file, event.currentTarget) },
          this.picture(file, file.name),
          element("span", {}, file.group || "no name"),
          file.excluded ? element("span", { class: "tag" }, "excluded") : null,
        ),
      ),
    );
    this.gallery.replaceChildren(element("h2", {}, `${label}: ${count(this.kind, files.length)}`), tools, element("ul", { class: "tiles" }, tiles));
    this.gallery.hidden = false;
    this.refreshTools();
  }

  choose(files, names) {
    this.chosen = this.chosen.size === files.length ? new Set() : new Set(names);
    this.showGallery(this.open);
  }

  toggle(file, tile) {
    if (!this.chosen.delete(file.name)) this.chosen.add(file.name);
    tile.setAttribute("aria-pressed", String(this.chosen.has(file.name)));
    this.refreshTools();
  }

  refreshTools() {
    for (const button of this.gallery.querySelectorAll(".needs-choice")) button.disabled = !this.chosen.size;
  }

  async change(action, question, sure) {
    if (sure && !confirm(sure)) return;
    await ask(`/api/files/${this.kind}/${action}`, { ...question, names: [...this.chosen] });
    this.chosen.clear();
    await this.refresh();
  }
}
