// The document beside the conversation, opened at the exact words that an answer cites.

import { getDocument } from "./api.js";
import { announce, button, byId, element, outsideLink, problemBox } from "./dom.js";
import { CodePointText, formatDate, locate } from "./text.js";

const NARROW = window.matchMedia("(max-width: 60rem)");
const HEADING_BELOW_TITLE = 2; // the panel's title is an h2, so a document's first level becomes an h3

/** Opens, fills and closes the panel. One document at a time; a later request wins over an earlier one. */
export class DocumentPanel {
  /** `onUnauthorized(error, resume)` is told when the key was refused. */
  constructor({ onUnauthorized }) {
    this.onUnauthorized = onUnauthorized;
    this.panel = byId("panel");
    this.title = byId("panel-title");
    this.body = byId("panel-body");
    this.opener = null;
    this.request = 0;
    byId("panel-close").addEventListener("click", () => this.close());
    NARROW.addEventListener("change", () => this.#holdBackground());
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Shows a document; `target` has document_id, start, end, title, date, url and, to be checked, the quote. */
  async open({ persona, target, eyebrow, opener }) {
    const request = ++this.request;
    this.opener?.removeAttribute("aria-current");
    this.opener = opener;
    opener?.setAttribute("aria-current", "true");
    this.#showHead({ ...target, eyebrow });
    this.body.replaceChildren(element("p", { class: "hint" }, "Opening the document…"));
    this.panel.hidden = false;
    this.#holdBackground();
    this.title.focus({ preventScroll: true });
    try {
      const document = await getDocument(persona, target.document_id);
      if (request === this.request && this.isOpen) this.#show(document, target, eyebrow);
    } catch (error) {
      if (request === this.request && this.isOpen) this.#fail(error, { persona, target, eyebrow, opener });
    }
  }

  /** Closes the panel and gives the focus back to what opened it. */
  close() {
    if (!this.isOpen) return;
    this.request += 1;
    this.panel.hidden = true;
    this.#holdBackground();
    this.opener?.removeAttribute("aria-current");
    this.opener?.focus({ preventScroll: true });
    this.opener = null;
  }

  #holdBackground() {
    // On a narrow screen the panel covers everything, so what lies below must not take the focus.
    byId("main").inert = this.isOpen && NARROW.matches;
  }

  #showHead({ title, document_id: documentId, date, url, eyebrow }) {
    byId("panel-eyebrow").textContent = eyebrow;
    this.title.textContent = title || documentId;
    const link = outsideLink(url, "Open the original ↗");
    byId("panel-meta").replaceChildren(element("span", {}, formatDate(date)), ...(link ? [link] : []));
  }

  #show(document, target, eyebrow) {
    const text = new CodePointText(document.text);
    const span = locate(text, target);
    this.#showHead({ ...document, eyebrow });
    this.body.replaceChildren(...locationNotes(span, target), ...renderDocument(text, document.passages, span));
    const mark = this.body.querySelector("mark");
    if (!mark) {
      this.body.scrollTop = 0;
      return;
    }
    const fits = mark.getBoundingClientRect().height < this.body.clientHeight / 2;
    mark.scrollIntoView({ block: fits ? "center" : "start" });
    announce(`Opened at the passage: ${text.slice(span.start, span.end)}`);
  }

  #fail(error, again) {
    if (error.status === 401) this.onUnauthorized(error, () => this.open(again));
    this.body.replaceChildren(problemBox(error, button("Try again", () => this.open(again))));
  }
}

function locationNotes(span, target) {
  if (span === null) {
    return [
      element("p", { class: "note" }, "This document has changed since, and the quoted words are no longer in it. They were:"),
      element("blockquote", { class: "lost-quote", dir: "auto" }, target.quote),
    ];
  }
  if (span.moved) return [element("p", { class: "note" }, "The document has changed since; the quoted words were found at another place.")];
  return [];
}

/** The document's blocks as nodes, the words in `span` marked, neighbouring words of one other author set apart together. */
function renderDocument(text, passages, span) {
  const nodes = [];
  let group = null;
  for (const passage of withGaps(text, passages)) {
    const block = renderBlock(text, passage, span);
    const key = passage.role === "own" ? null : `${passage.role}\n${passage.author ?? ""}`;
    if (key === null) {
      group = null;
      append(nodes, passage, block);
    } else {
      if (group?.key !== key) nodes.push((group = othersGroup(passage, key)).node);
      append(group.blocks, passage, block);
      group.node.replaceChildren(group.attribution, ...group.blocks);
    }
  }
  return nodes;
}

/** Passages in order, and what lies between them if it is more than blank, so that no word of the text is hidden. */
function withGaps(text, passages) {
  const all = [];
  let at = 0;
  for (const passage of [...passages].sort((a, b) => a.start - b.start)) {
    if (text.slice(at, passage.start).trim()) all.push({ start: at, end: passage.start, role: "own", style: "paragraph" });
    all.push({ ...passage, start: Math.max(at, passage.start) });
    at = Math.max(at, passage.end);
  }
  if (text.slice(at, text.length).trim()) all.push({ start: at, end: text.length, role: "own", style: "paragraph" });
  return all;
}

function othersGroup(passage, key) {
  const who = passage.author ?? (passage.role === "quoted" ? "Quoted words" : "Someone else");
  const attribution = element("p", { class: "attribution" }, passage.role === "quoted" && passage.author ? `Quoted: ${who}` : who);
  return { key, attribution, blocks: [], node: element("div", { class: `others ${passage.role}`, role: "group", "aria-label": `Words of another: ${who}` }) };
}

function append(nodes, passage, block) {
  if (passage.style !== "list_item") nodes.push(block);
  else if (nodes.at(-1)?.matches("ul.items")) nodes.at(-1).append(block);
  else nodes.push(element("ul", { class: "items" }, block));
}

function renderBlock(text, passage, span) {
  const content = markedText(text, passage, span);
  switch (passage.style) {
    case "heading":
      return element(`h${Math.min(6, HEADING_BELOW_TITLE + (passage.level || 1))}`, { dir: "auto" }, content);
    case "list_item":
      return element("li", { dir: "auto" }, content);
    case "quotation":
      return element("blockquote", { dir: "auto" }, content);
    case "code":
      return element("pre", {}, element("code", {}, content));
    case "turn":
      return element("p", { class: "turn-text", dir: "auto" }, passage.role === "own" && passage.author ? element("span", { class: "speaker" }, passage.author) : null, content);
    default:
      return element("p", { dir: "auto" }, content);
  }
}

function markedText(text, { start, end }, span) {
  const from = span === null ? end : Math.min(end, Math.max(start, span.start));
  const to = span === null ? end : Math.max(from, Math.min(end, span.end));
  const marked = text.slice(from, to);
  return [text.slice(start, from), marked ? element("mark", {}, marked) : null, text.slice(to, end)].filter(Boolean);
}
