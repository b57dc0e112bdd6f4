// Building nodes. Strings always become text nodes, so nothing a model or a document says is ever read as markup.

/**
 * An element with attributes, listeners (`onclick: …`) and children; null, undefined and false are left out.
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** The address if it is an ordinary web address, else null: a document may carry `javascript:` or anything else. */
function webAddress(url) {
  if (!url) return null;
  try {
    const parsed = new URL(url, document.baseURI);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : null;
  } catch (error) {
    if (error instanceof TypeError) return null; // not an address at all
    throw error;
  }
}

/** A link that opens in a new tab and tells the other side nothing; null if the address is not a web address. */
export function outsideLink(url, text, properties = {}) {
  const href = webAddress(url);
  if (href === null) return null;
  return element("a", { href, target: "_blank", rel: "noopener noreferrer", ...properties }, text);
}

/** A text of our own with `commands` in it, as nodes. */
export function withCode(text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/** An error with its next step, and buttons. */
export function problemBox(error, ...actions) {
  return element(
    "div",
    { class: "problem-box" },
    element("p", { class: "problem-message" }, withCode(error.message)),
    error.nextStep ? element("p", { class: "problem-next" }, "Next: ", withCode(error.nextStep)) : null,
    actions.length ? element("div", { class: "row" }, ...actions) : null,
  );
}

/** A plain button. */
export function button(text, onclick, properties = {}) {
  return element("button", { type: "button", class: "quiet", onclick, ...properties }, text);
}

/** Says something to screen readers without showing it. */
export function announce(text) {
  byId("announcer").textContent = text;
}
