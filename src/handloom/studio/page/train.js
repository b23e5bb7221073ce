// Train: the project's own stages, their progress, the learning curves.

import { element, svg, telling } from "./elements.js";
import { ask } from "./server.js";

const EACH = 1000; // milliseconds between two looks

export class Train {
  constructor(kind) {
    this.kind = kind;
    this.left = false;
    this.asking = false; // whether a click is being answered
  }

  async show(main) {
    this.button = element("button", { type: "button", class: "primary", disabled: true, onclick: () => telling(() => this.press()) }, "Train");
    this.status = element("p", { class: "status", role: "status" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": "Progress of the stage" });
    this.stages = element("ol", { class: "stages" });
    this.plots = element("div", { class: "plots" });
    this.log = element("pre", { tabindex: "0", "aria-label": "Log" });
    main.replaceChildren(
      element("h1", {}, this.kind === "pose" ? "Train the pose classifier" : "Train the action classifier"),
      element(
        "section",
        { class: "panel stack", "aria-label": "Training" },
        element("div", { class: "row" }, this.button, this.status),
        this.bar,
        this.stages,
        element("p", { class: "hint" }, "The studio runs dvc repro. You may close this page, or stop and resume. Only stages that something has changed for run."),
      ),
      this.plots,
      element("details", { class: "panel" }, element("summary", {}, "Log"), this.log),
    );
    await this.refresh();
    if (!this.left) this.timer = setInterval(() => telling(() => this.refresh()), EACH);
  }

  leave() {
    this.left = true;
    clearInterval(this.timer);
  }

  async press() {
    this.asking = this.button.disabled = true;
    try {
      await ask(`/api/training/${this.kind}/${this.state.running ? "stop" : "start"}`, {});
    } finally {
      this.asking = false;
      await this.refresh();
    }
  }

  async refresh() {
    const state = (this.state = await ask(`/api/training/${this.kind}`));
    const running = state.running === this.kind;
    const stage = state.stages.at(-1);
    this.button.disabled = this.asking;
    const ways = { none: "Train", running: "Stop", finished: "Train", stopped: "Resume", failed: "Train again" };
    const said = {
      none: "Not trained here yet.",
      running: stage ? `Running ${stage}` : "Starting",
      finished: "Trained. Try it.",
      stopped: "Stopped. It resumes where it was.",
      failed: state.error,
    };
    const other = Boolean(state.running) && !running;
    this.button.textContent = other ? "Stop" : ways[state.state];
    this.button.classList.toggle("primary", !state.running);
    this.status.classList.toggle("wrong", state.state === "failed");
    this.status.textContent = other ? `The ${state.running} classifier is being trained.` : said[state.state];
    this.status.dataset.state = state.state;
    this.bar.hidden = !running;
    const last = state.reports.at(-1);
    const training = stage?.startsWith("train_");
    if (training && last) this.bar.value = last.iteration / state.iterations;
    else if (!training && state.step?.[2]) this.bar.value = state.step[1] / state.step[2];
    else this.bar.removeAttribute("value");
    this.stages.replaceChildren(
      ...state.stages.map((name, place) => element("li", { class: running && place === state.stages.length - 1 ? "now" : "done" }, name)),
    );
    const log = state.log.join("\n");
    if (this.log.textContent !== log) this.log.textContent = log;
    const drawn = JSON.stringify(state.reports);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.plots.replaceChildren(
        ...(state.reports.length
          ? [plot(state.reports, "accuracy", "Accuracy", 1), plot(state.reports, "loss", "Loss")]
          : []),
      );
    }
  }
}

function plot(reports, name, title, top = 0) {
  const [width, height, left, right, above, below] = [480, 240, 46, 12, 12, 32];
  const columns = [
    [name, "training", "line-training"],
    [`validation_${name}`, "validation", "line-validation"],
  ];
  const values = columns.flatMap(([column]) => reports.map((report) => report[column])).filter(Number.isFinite);
  const most = top || Math.max(...values) * 1.05 || 1;
  const last = Math.max(reports.at(-1).iteration, 1);
  const x = (iteration) => left + ((width - left - right) * iteration) / last;
  const y = (value) => height - below - ((height - above - below) * value) / most;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title} by iteration, the newest: ${columns.map(([column, shown]) => `${shown} ${reports.at(-1)[column]?.toFixed(3) ?? "none"}`).join(", ")}` });
  for (const share of [0, 0.5, 1]) {
    const value = share * most;
    drawing.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    const text = svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" });
    text.textContent = value.toFixed(value && most < 10 ? 2 : 0);
    drawing.append(text);
  }
  const under = svg("text", { x: width - right, y: height - 10, "text-anchor": "end" });
  under.textContent = `iteration ${last}`;
  drawing.append(under);
  let place = left;
  for (const [column, shown, style] of columns) {
    const points = reports.filter((report) => Number.isFinite(report[column])).map((report) => `${x(report.iteration).toFixed(1)},${y(report[column]).toFixed(1)}`);
    if (!points.length) continue;
    drawing.append(svg("polyline", { class: style, points: points.join(" ") }));
    drawing.append(svg("line", { class: style, x1: place, x2: place + 18, y1: height - 14, y2: height - 14 }));
    const key = svg("text", { x: place + 23, y: height - 10 });
    key.textContent = shown;
    drawing.append(key);
    place += 95;
  }
  return element("figure", { class: "panel" }, element("figcaption", {}, title), drawing);
}
