// The camera, or a clip in its place: shown mirrored, frames sent one after another, the skeleton drawn over it.

import { ask } from "./server.js";
import { element, tell } from "./elements.js";

const SENT_WIDTH = 640; // pixels; the landmarker sees fewer
const SENT_QUALITY = 0.85;
const TELLING = 250; // milliseconds between two numbers, as each one lays the page out again

async function camera() {
  if (!navigator.mediaDevices) throw new Error("this browser gives no camera to this page; open the address with 127.0.0.1");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 30 }, audio: false });
  } catch (error) {
    throw new Error(`the camera cannot be used (${error.name}); allow it for this page, and close other programs that use it`);
  }
}

function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

export class Camera {
  constructor(onAnswer, onBegun = () => {}) {
    this.onAnswer = onAnswer;
    this.onBegun = onBegun; // told what the server says of a stream that began again with other settings
    this.video = element("video", { muted: true, playsInline: true, loop: true, "aria-label": "Camera" });
    this.overlay = element("canvas", { "aria-hidden": "true" });
    this.status = element("p", { class: "camera-status" }, "The camera is off.");
    this.countdown = element("p", { class: "countdown", "aria-live": "assertive" });
    this.stage = element("div", { class: "camera" }, this.video, this.overlay, this.countdown, this.status);
    this.canvas = document.createElement("canvas");
    this.run = 0;
    this.times = [];
    this.told = 0; // when the numbers were last shown
    this.wanted = false; // from `start` to `stop`
    this.on = false; // whether its frames are sent
    this.beginning = null; // fulfilled when the server has answered the newest begin
    this.ending = null; // fulfilled when the server has ended the stream
    this.giveUp = null; // ends the wait for a frame
    this.question = null; // with which the server begins again before the next frame
  }

  // What the server says of the stream; null if it was started again or stopped in the meantime.
  async start(question, file = null) {
    const stopped = this.stop();
    const run = this.run;
    this.wanted = true;
    try {
      await stopped;
      await this.ending; // a late end would close the stream that begins here
      await this.beginning?.catch(() => {}); // a late begin would take its place
      if (run !== this.run) return null;
      this.beginning = ask("/api/live/begin", question);
      const begun = await this.beginning;
      if (run !== this.run) return null;
      if (file) {
        this.video.src = URL.createObjectURL(file);
      } else {
        const stream = await camera();
        if (run !== this.run) {
          release(stream); // the person has left while the browser asked for the camera
          return null;
        }
        this.stream = stream;
        this.video.srcObject = stream;
      }
      this.stage.classList.toggle("mirrored", !file);
      await this.video.play();
      if (run !== this.run) return null;
      this.bones = begun.bones;
      this.on = true;
      this.looping = this.loop(run);
      return begun;
    } catch (error) {
      if (run !== this.run) return null; // stopped in the meantime, so nothing is wrong
      this.end();
      throw error;
    }
  }

  // Other settings: the server begins again between two frames, and the camera stays on.
  restart(question) {
    this.question = question;
  }

  // Ends the stream; fulfilled when no frame is under way.
  async stop() {
    this.wanted = false;
    this.on = false;
    this.question = null;
    this.run++;
    this.giveUp?.();
    if (this.stream) release(this.stream);
    if (this.video.src) URL.revokeObjectURL(this.video.src);
    this.stream = null;
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.overlay.getContext("2d").clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.status.textContent = "The camera is off.";
    this.stage.classList.remove("found");
    this.told = 0;
    await this.looping;
  }

  end() {
    this.ending = this.stop()
      .then(() => this.beginning)
      .catch(() => {}) // a begin that failed
      .then(() => ask("/api/live/end", {}))
      .catch(() => {}); // a stream that begins ends the one before
    return this.ending;
  }

  // While an answer is waited for, the next frame is taken and encoded.
  async loop(run) {
    let next = this.grab();
    while (run === this.run) {
      const frame = await next;
      if (run !== this.run) return;
      if (!frame) {
        next = this.grab();
        continue;
      }
      next = this.grab();
      try {
        if (this.question) {
          this.beginning = ask("/api/live/begin", this.question);
          this.question = null;
          const begun = await this.beginning;
          if (run !== this.run) return;
          this.onBegun(begun);
        }
        const answer = await ask(`/api/live/frame?time=${frame.time}`, frame.blob);
        if (run === this.run) this.show(answer, performance.now() - frame.taken);
      } catch (error) {
        if (run !== this.run) return;
        tell(error.message, true);
        this.end(); // not awaited: it waits for this loop
        this.onAnswer(null);
        return;
      }
    }
  }

  grab() {
    return new Promise((resolve) => {
      const asked = this.video.requestVideoFrameCallback((now, frame) => {
        clearTimeout(waiting);
        const taken = performance.now();
        const time = this.video.srcObject ? now / 1000 : frame.mediaTime;
        const width = Math.min(SENT_WIDTH, this.video.videoWidth);
        const height = Math.round((width * this.video.videoHeight) / this.video.videoWidth);
        if (!width || !height) return resolve(null);
        if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
        this.canvas.getContext("2d").drawImage(this.video, 0, 0, width, height);
        this.canvas.toBlob((blob) => resolve(blob && { blob, time, taken }), "image/jpeg", SENT_QUALITY);
      });
      this.giveUp = () => {
        clearTimeout(waiting);
        this.video.cancelVideoFrameCallback(asked); // a hidden page would gather them
        resolve(null);
      };
      const waiting = setTimeout(this.giveUp, 1000);
    });
  }

  show(answer, milliseconds) {
    this.draw(answer.joints);
    const now = performance.now();
    this.times = [...this.times.filter((time) => now - time < 2000), now];
    const rate = this.times.length > 1 ? ((this.times.length - 1) * 1000) / (now - this.times[0]) : 0;
    const found = answer.joints.length > 0;
    if (now - this.told > TELLING || found !== this.found) {
      this.status.textContent = `${found ? "Hand found" : "No hand"} · ${rate.toFixed(0)} frames/s · ${milliseconds.toFixed(0)} ms`;
      this.stage.classList.toggle("found", found);
      Object.assign(this, { told: now, found });
    }
    this.measured = { rate, milliseconds };
    this.onAnswer(answer, milliseconds);
  }

  draw(joints) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (this.overlay.width !== width || this.overlay.height !== height) Object.assign(this.overlay, { width, height });
    const context = this.overlay.getContext("2d");
    context.clearRect(0, 0, width, height);
    if (!joints.length) return;
    const at = joints.map(([x, y]) => [x * width, y * height]);
    context.lineWidth = Math.max(2, width / 160);
    context.lineCap = "round";
    context.strokeStyle = "#35d0b5";
    context.beginPath();
    for (const [parent, child] of this.bones) {
      context.moveTo(...at[parent]);
      context.lineTo(...at[child]);
    }
    context.stroke();
    context.fillStyle = "#ffffff";
    for (const [x, y] of at) {
      context.beginPath();
      context.arc(x, y, context.lineWidth, 0, 7);
      context.fill();
    }
  }

  // A photo of the camera, at its own size and not mirrored.
  photo() {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: this.video.videoWidth, height: this.video.videoHeight });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  }

  // A clip of the camera, after a countdown.
  async clip(seconds, countdown) {
    for (let left = countdown; left > 0; left--) {
      this.countdown.textContent = left;
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    this.countdown.textContent = "●";
    const types = ["video/webm;codecs=vp8", "video/webm", "video/mp4"];
    const recorder = new MediaRecorder(this.stream, {
      mimeType: types.find((type) => MediaRecorder.isTypeSupported(type)),
      videoBitsPerSecond: 4_000_000,
    });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const ended = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    recorder.stop();
    await ended;
    this.countdown.textContent = "";
    return new Blob(parts, { type: recorder.mimeType.split(";")[0] });
  }
}
