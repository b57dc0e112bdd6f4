// A text that the twin wrote: as it came, with what was found out about its claims marked on it.

import { element } from "./dom.js";

/**
 * The text as nodes: each sentence that cites with its chips, each claim that nothing supports with a mark and its reason.
 * `makeChip(n)` makes the button of a citation.
 */
export function renderWritten(text, sentences, makeChip) {
  const nodes = [];
  let at = 0;
  for (const check of sentences.filter(({ outcome }) => outcome !== "dropped")) {
    const start = text.indexOf(check.text, at);
    if (start < 0) continue; // told of, but not shipped
    nodes.push(text.slice(at, start), renderWrittenSentence(check, makeChip));
    at = start + check.text.length;
  }
  return [...nodes, text.slice(at)];
}

function renderWrittenSentence(check, makeChip) {
  if (check.outcome !== "unsupported") return element("span", { class: `written ${check.outcome}` }, check.text, check.citations.map(makeChip));
  const mark = element("span", { class: "to-check", title: check.reason }, "check", element("span", { class: "sr-only" }, ` this claim: ${check.reason}`));
  return element("span", {}, element("span", { class: "written unsupported", title: check.reason }, check.text), mark);
}

/** How many claims are left to the reader, in words. */
export function countToCheck(details) {
  const count = details.sentences.filter(({ outcome }) => outcome === "unsupported").length;
  if (!count) return "no claim to check";
  return count === 1 ? "1 claim to check" : `${count} claims to check`;
}

/** The badges of a draft: that it is one, and what is left to check. */
export function renderDraftOutcome(details, isChecked) {
  const isClean = isChecked && !details.sentences.some(({ outcome }) => outcome === "unsupported");
  const left = isChecked ? countToCheck(details) : "Not checked";
  return element(
    "p",
    { class: "outcome" },
    element("span", { class: "badge drafted" }, "Draft"),
    isClean ? element("span", { class: "meaning" }, left) : element("span", { class: "badge unchecked" }, left),
    isChecked && !isClean ? element("span", { class: "meaning" }, "the archive does not hold what is marked") : null,
  );
}
