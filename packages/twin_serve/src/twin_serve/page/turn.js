// One question and its answer on the page, from the waiting to the sources.

import { streamAnswer } from "./api.js";
import { plainText, renderCost, renderOutcome, renderSentence, renderSources, renderWhy } from "./answer.js";
import { announce, button, element, problemBox } from "./dom.js";
import { countToCheck, renderDraftOutcome, renderWritten } from "./written.js";

/** How the list for readers without a page begins; the page shows the sources itself. */
const SOURCES_LIST = "\n\nSources:";

const TICK_MS = 1000;
const ASKS = { "data-asks": true }; // marks what cannot be used while an answer is being written

/**
 * One turn of the conversation.
 *
 * `state` goes from "running" to "done", "stopped" or "failed"; `run` may be called again after any of these.
 * `actions` has openCitation(turn, citation, opener), openPassage(turn, passage, opener), retry(turn) and edit(turn).
 */
export class Turn {
  constructor({ question, twin, options, actions }) {
    this.question = question;
    this.twin = twin;
    this.options = options;
    this.actions = actions;
    this.isWriting = options.mode === "write";
    this.state = "running";
    this.text = "";
    this.details = null;
    this.markers = [];
    this.body = element("div", { class: "answer-text", "aria-live": "polite", "aria-relevant": "additions text", dir: "auto" });
    this.progress = element("p", { class: "progress" });
    this.foot = element("div", { class: "answer-foot" });
    this.node = element(
      "article",
      { class: "turn" },
      element("h2", { class: "asked", dir: "auto" }, element("span", { class: "sr-only" }, this.isWriting ? "Your brief: " : "You asked: "), question),
      element("p", { class: "speaker" }, `Digital twin of ${twin.name}`),
      this.body,
      this.progress,
      this.foot,
    );
  }

  /** What this turn adds to the conversation that the service is told; nothing if there was no answer. */
  get messages() {
    if (!this.text || this.state === "failed" || this.state === "running") return [];
    return [{ role: "user", content: this.question }, { role: "assistant", content: this.text }];
  }

  /** Asks and shows the answer as it comes. Throws what went wrong after showing it, except that it was stopped. */
  async run(history, signal) {
    this.#begin();
    const clock = this.#startClock();
    try {
      const messages = [...history, { role: "user", content: this.question }];
      for await (const chunk of streamAnswer({ model: this.twin.id, messages, options: this.options, signal })) {
        const content = chunk.choices?.[0]?.delta?.content;
        if (content && (this.isWriting || !content.startsWith(SOURCES_LIST))) this.#addSentence(content);
        if (chunk.twin) this.details = chunk.twin;
      }
      this.#finish();
    } catch (error) {
      if (signal.aborted) this.#stopped();
      else {
        this.#failed(error);
        throw error;
      }
    } finally {
      clearInterval(clock);
      this.progress.replaceChildren();
    }
  }

  #begin() {
    this.state = "running";
    this.text = "";
    this.details = null;
    this.markers = [];
    this.body.replaceChildren();
    this.foot.replaceChildren();
  }

  #startClock() {
    const started = performance.now();
    const seconds = element("span", { "aria-hidden": "true" });
    const { retrieval, verify } = this.options;
    const checking = this.isWriting ? "checking each claim" : "checking each sentence";
    const work = [retrieval ? "searching the archive" : null, "writing", verify ? checking : null].filter(Boolean);
    const what = work.length > 1 ? `${work.slice(0, -1).join(", ")} and ${work.at(-1)}` : work[0];
    this.progress.replaceChildren(element("span", { class: "pulse", "aria-hidden": "true" }), `${what[0].toUpperCase()}${what.slice(1)}…`, seconds);
    return setInterval(() => (seconds.textContent = ` ${Math.round((performance.now() - started) / 1000)} s`), TICK_MS);
  }

  #addSentence(content) {
    this.text += content;
    this.body.append(this.isWriting ? content : renderSentence(content, (piece) => this.#makeChips(piece)));
  }

  #makeChips({ numbers, marker }) {
    const chips = numbers.map((n) => {
      const chip = button(String(n), () => this.actions.openCitation(this, this.#citation(n), chip), {
        class: "chip",
        "aria-label": `Source ${n}`,
        disabled: true,
      });
      return { chip, n };
    });
    this.markers.push({ chips, marker });
    return chips.map(({ chip }) => chip);
  }

  /** The text again, now with what was found out about its claims. */
  #markClaims() {
    this.body.replaceChildren(
      ...renderWritten(this.text, this.details.sentences, (n) => {
        const [chip] = this.#makeChips({ numbers: [n], marker: "" });
        return chip;
      }),
    );
  }

  #citation(n) {
    return this.details?.citations.find((citation) => citation.n === n);
  }

  /** Numbers become links once the sources are known; a marker that names no source becomes plain text again. */
  #settleMarkers() {
    for (const { chips, marker } of this.markers) {
      if (!chips.some(({ n }) => this.#citation(n))) {
        chips[0].chip.replaceWith(marker);
        chips.slice(1).forEach(({ chip }) => chip.remove());
        continue;
      }
      for (const { chip, n } of chips) {
        const citation = this.#citation(n);
        if (!citation) {
          chip.replaceWith(`[${n}]`);
          continue;
        }
        const title = citation.title || citation.document_id;
        chip.disabled = false;
        chip.setAttribute("aria-label", `Source ${n}: ${title}`);
        chip.title = `${title}\n“${citation.quote}”`;
      }
    }
  }

  #finish() {
    this.state = "done";
    if (this.isWriting && this.details) this.#markClaims();
    this.#settleMarkers();
    if (!this.details) {
      this.foot.replaceChildren(this.#tools(), element("p", { class: "hint" }, "The service sent no sources and no account of this answer."));
      return;
    }
    const { details, actions } = this;
    this.foot.replaceChildren(
      ...[
        element("div", { class: "verdict" }, this.#outcome(), this.#tools()),
        renderSources(details.citations, (citation, opener) => actions.openCitation(this, citation, opener)),
        renderWhy(details, (passage, opener) => actions.openPassage(this, passage, opener)),
        renderCost(details),
      ].filter(Boolean),
    );
    const count = details.citations.length;
    const sources = count === 1 ? "1 source" : `${count} sources`;
    announce(this.isWriting ? `Text complete: ${countToCheck(details)}, ${sources}.` : `Answer complete: ${details.outcome}, ${sources}.`);
  }

  #outcome() {
    const isDraft = this.isWriting && this.details.outcome !== "declined";
    return isDraft ? renderDraftOutcome(this.details, this.options.verify) : renderOutcome(this.details);
  }

  #stopped() {
    this.state = "stopped";
    this.#settleMarkers();
    const note = this.text ? "Stopped. The sentences above were sent before; their sources were not." : "Stopped before the first sentence.";
    this.foot.replaceChildren(element("div", { class: "verdict" }, element("p", { class: "hint" }, note), this.#retryButton("Ask again")));
    announce("Stopped.");
  }

  #failed(error) {
    this.state = "failed";
    this.#settleMarkers();
    const box = problemBox(error, this.#retryButton("Try again"), button("Edit the question", () => this.actions.edit(this), ASKS));
    box.setAttribute("role", "alert");
    this.foot.replaceChildren(box);
  }

  #retryButton(text) {
    return button(text, () => this.actions.retry(this), ASKS);
  }

  #tools() {
    const copy = button("Copy", async () => {
      // A draft is copied to be used: nothing but the text.
      await copyText(this.isWriting ? this.text.trim() : plainText({ name: this.twin.name, text: this.text, details: this.details }));
      copy.textContent = "Copied";
      announce("Copied.");
      setTimeout(() => (copy.textContent = "Copy"), 2 * TICK_MS);
    });
    return element("div", { class: "row" }, copy);
  }
}

/** Copies a text; also where the page came over plain HTTP from another machine and has no clipboard of its own. */
async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = element("textarea", { class: "sr-only", "aria-hidden": "true" }, text);
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
