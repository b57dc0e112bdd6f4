// What stands below an answer: outcome, sources, why, cost. Pure functions from the service's record to nodes.

import { button, element, outsideLink } from "./dom.js";
import { formatDate, formatMoney, formatNumber, splitMarkers } from "./text.js";

const OUTCOMES = {
  generated: ["Answered in own words", "every sentence was checked against its sources"],
  repaired: ["Repaired", "what did not hold was taken out or replaced"],
  quoted: ["Quoted", "the draft did not hold; these are the person's words, to the letter"],
  declined: ["Declined", ""],
};
const SENTENCE_OUTCOMES = { supported: "Supported", dropped: "Dropped", quoted: "Quoted", unchecked: "Not checked", unsupported: "To check" };
const LONGEST_WORD_TO_HOLD = 30;

/**
 * A sentence as nodes; `makeChips` turns a marker into buttons. A marker keeps to the word before it when the line breaks.
 */
export function renderSentence(text, makeChips) {
  const sentence = element("span", { class: "sentence" });
  const pieces = splitMarkers(text);
  let held = null; // the unbreakable end of the sentence so far, which takes the markers that follow
  pieces.forEach((piece, index) => {
    if (piece.marker) {
      if (held === null) sentence.append((held = element("span", { class: "held" })));
      held.append(...makeChips(piece));
      return;
    }
    const end = /\S+\s*$/u.exec(piece.text);
    const isHolding = pieces[index + 1]?.marker && end && end[0].length <= LONGEST_WORD_TO_HOLD;
    held = isHolding ? element("span", { class: "held" }, end[0]) : null;
    sentence.append(...(held ? [piece.text.slice(0, end.index), held] : [piece.text]));
  });
  return sentence;
}

/** The badge that says how the answer came about, and a second one if nothing was checked. */
export function renderOutcome(details) {
  const [label, meaning] = OUTCOMES[details.outcome] ?? [details.outcome, ""];
  const isUnchecked = details.outcome !== "declined" && details.sentences.some((sentence) => sentence.outcome === "unchecked");
  return element(
    "p",
    { class: "outcome" },
    element("span", { class: `badge ${details.outcome}` }, label),
    isUnchecked ? element("span", { class: "badge unchecked" }, "Not checked") : null,
    meaning && !isUnchecked ? element("span", { class: "meaning" }, meaning) : null,
    details.decline_reason ? element("span", { class: "decline-reason" }, details.decline_reason) : null,
  );
}

/** The numbered sources with the exact words quoted. */
export function renderSources(citations, openCitation) {
  if (!citations.length) return null;
  const items = citations.map((citation) =>
    element(
      "li",
      { class: "source" },
      element("span", { class: "number", "aria-hidden": "true" }, String(citation.n)),
      element(
        "div",
        {},
        element(
          "p",
          { class: "source-head" },
          button(citation.title || citation.document_id, (event) => openCitation(citation, event.currentTarget), {
            class: "link",
            "aria-label": `Source ${citation.n}: ${citation.title || citation.document_id}, open the passage`,
          }),
          element("span", { class: "date" }, formatDate(citation.date)),
          outsideLink(citation.url, "original ↗", { class: "original" }),
        ),
        element("blockquote", { dir: "auto" }, citation.quote),
      ),
    ),
  );
  return element("section", { class: "sources" }, element("h3", {}, "Sources"), element("ol", {}, items));
}

/** Which passages were found, and what became of each sentence of the draft. */
export function renderWhy(details, openPassage) {
  return element(
    "details",
    { class: "why" },
    element("summary", {}, details.mode === "write" ? "What was checked" : "Why this answer"),
    element("h4", {}, "Sentences of the draft"),
    details.sentences.length
      ? element("ol", { class: "checks" }, details.sentences.map((check) => renderCheck(check, details.mode === "write")))
      : element("p", { class: "hint" }, "No draft was written."),
    element("h4", {}, "Passages found in the archive"),
    details.passages.length
      ? element("ol", { class: "passages" }, details.passages.map((passage) => renderPassage(passage, openPassage)))
      : element("p", { class: "hint" }, "None: the search was off, or found nothing."),
  );
}

function renderCheck(check, isWritten) {
  // In a text that was written, what makes no claim is left as it is: no shortcoming.
  const isPlain = isWritten && check.outcome === "unchecked";
  const sources = check.citations.length ? `cites ${check.citations.join(", ")}` : null;
  const support = check.outcome === "unchecked" ? null : `support ${formatNumber(check.support, 2)}`;
  return element(
    "li",
    { class: `check ${isPlain ? "plain" : check.outcome}` },
    element("span", { class: "tag" }, isPlain ? "As written" : SENTENCE_OUTCOMES[check.outcome] ?? check.outcome),
    element(
      "div",
      {},
      element("p", { class: "check-text", dir: "auto" }, check.text),
      element("p", { class: "meta" }, [support, sources, check.reason].filter(Boolean).join(" · ")),
    ),
  );
}

function renderPassage(passage, openPassage) {
  const title = passage.title || passage.document_id;
  return element(
    "li",
    { class: "passage-found" },
    element(
      "p",
      { class: "source-head" },
      button(title, (event) => openPassage(passage, event.currentTarget), { class: "link", "aria-label": `${title}, open the passage` }),
      element("span", { class: "date" }, [formatDate(passage.date), passage.section].filter(Boolean).join(" · ")),
    ),
    element("p", { class: "excerpt", dir: "auto" }, passage.text),
    element(
      "dl",
      { class: "scores" },
      score("likeness", passage.late, 2, "Of the question's words to the passage's, one by one, −1 to 1; orders the passages. A dash: this bundle orders them by the fused score."),
      score("fused", passage.fused, 2, "Both searches together, 0 to 1; chooses the passages that are looked at."),
      score("BM25", passage.bm25, 1, "Search by words. A dash: not found by this search."),
      score("cosine", passage.cosine, 2, "Search by meaning, −1 to 1. A dash: not found by this search."),
    ),
  );
}

function score(name, value, decimals, meaning) {
  const meter = name === "fused" ? element("meter", { min: 0, max: 1, value, "aria-hidden": "true" }) : null;
  return element("div", { title: meaning }, element("dt", {}, name), element("dd", {}, meter, formatNumber(value, decimals)));
}

/** Tokens, seconds, money, bundle and trace id on one line. */
export function renderCost(details) {
  const { cost } = details;
  const parts = [
    [`${formatNumber(cost.prompt_tokens)} + ${formatNumber(cost.completion_tokens)} tokens`, "Tokens read and written by the model"],
    [`${formatNumber(cost.seconds, 1)} s`, "Time the answer took"],
    [formatMoney(cost.amount, cost.currency), "From the machine's price in the recipe; unknown where none is set"],
    [`bundle ${details.bundle}`, "The release that answered"],
    [`trace ${details.trace_id}`, "Names this request in the ledger and the logs"],
  ];
  return element("p", { class: "cost" }, parts.map(([text, title]) => element("span", { title }, text)));
}

/** The answer as plain text that still says what it is and where it comes from. */
export function plainText({ name, text, details }) {
  const sources = (details?.citations ?? []).map((citation) => {
    const where = [citation.title || citation.document_id, formatDate(citation.date), citation.url].filter(Boolean).join(", ");
    return `[${citation.n}] ${where}\n    “${citation.quote}”`;
  });
  const origin = `Answer of the digital twin of ${name}, not of the person${details ? ` (bundle ${details.bundle})` : ""}.`;
  return [text.trim(), ...(sources.length ? [sources.join("\n")] : []), origin].join("\n\n");
}
