// Requests to the server. Each carries the number of this window: one works with the studio at a time.

const browser = crypto.randomUUID();

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export async function ask(path, question = undefined, type = undefined) {
  const asked = { headers: { "X-Studio-Browser": browser }, cache: "no-store" };
  if (question !== undefined) {
    asked.method = "POST";
    asked.body = question instanceof Blob ? question : JSON.stringify(question);
    asked.headers["Content-Type"] = type ?? (question instanceof Blob ? question.type || "application/octet-stream" : "application/json");
  }
  let answer;
  try {
    answer = await fetch(path, asked);
  } catch {
    throw new Refused(0, "the studio does not answer; start handloom studio again");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said.error ?? `the studio answered with status ${answer.status}; its terminal says why`);
  return said;
}

export function leave() {
  fetch("/api/goodbye", { method: "POST", keepalive: true, body: "{}", headers: { "X-Studio-Browser": browser } }).catch(() => {});
}
