// Making elements. Texts are set as texts: names of files and classes are never read as HTML.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

let hiding = 0;

export function tell(text, wrong = false) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.className = wrong ? "wrong" : "";
  clearTimeout(hiding);
  if (text) hiding = setTimeout(() => tell(""), wrong ? 12000 : 5000);
}

export async function telling(work) {
  try {
    return await work();
  } catch (error) {
    tell(error.message, true);
    return null;
  }
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export function bytes(size) {
  return size < 1e6 ? `${Math.max(1, Math.round(size / 1e3))} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
