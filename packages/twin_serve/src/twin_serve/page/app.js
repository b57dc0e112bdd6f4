// The chat page: connects, asks, and keeps the conversation.

import { listExamples, listModels } from "./api.js";
import { button, byId, element, problemBox } from "./dom.js";
import { KeyForm, readKey, takeKeyFromAddress } from "./key.js";
import { DocumentPanel } from "./panel.js";
import { personaOf } from "./text.js";
import { Turn } from "./turn.js";

const EXAMPLES_SHOWN = 3;
const TALLEST_QUESTION_PX = 220;

class ChatPage {
  constructor() {
    this.twins = [];
    this.twin = null;
    this.turns = [];
    this.running = null; // the AbortController of the answer that is being written
    this.question = byId("question");
    this.keyForm = new KeyForm(() => this.#loadTwins());
    this.panel = new DocumentPanel({ onUnauthorized: (error, resume) => this.#askForKey(error, resume) });
    this.actions = {
      openCitation: (turn, citation, opener) => this.#open(turn, citation, `Source ${citation.n}`, opener),
      openPassage: (turn, { text, ...passage }, opener) => this.#open(turn, passage, "Passage found", opener),
      retry: (turn) => this.#run(turn),
      edit: (turn) => this.#edit(turn),
    };
    this.#listen();
  }

  /** Loads the twins, with the key of the address or of the tab, or asks for one. */
  async connect() {
    takeKeyFromAddress();
    byId("notice").replaceChildren();
    if (!readKey()) {
      await this.keyForm.ask();
      return;
    }
    try {
      await this.#loadTwins();
      this.keyForm.accept();
    } catch (error) {
      if (error.status === 401) await this.keyForm.ask(error.message);
      else byId("notice").replaceChildren(problemBox(error, button("Try again", () => this.connect())));
    }
  }

  #listen() {
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(this.question.value);
    });
    this.question.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#ask(this.question.value);
    });
    this.question.addEventListener("input", () => this.#fitQuestion());
    byId("stop").addEventListener("click", () => this.running?.abort());
    byId("new-conversation").addEventListener("click", () => this.#startOver());
    byId("twin-select").addEventListener("change", (event) => this.#choose(event.target.value));
    byId("option-retrieval").addEventListener("change", () => this.#warn());
    byId("option-verify").addEventListener("change", () => this.#warn());
    byId("mode-answer").addEventListener("change", () => this.#showMode());
    byId("mode-write").addEventListener("change", () => this.#showMode());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.panel.close();
    });
    // A link with a new key may be opened in a tab that shows the page already.
    window.addEventListener("hashchange", () => {
      if (takeKeyFromAddress()) this.connect();
    });
  }

  async #loadTwins() {
    const models = await listModels();
    this.twins = models.map(({ id, twin }) => ({ ...twin, id, name: twin?.display_name ?? id, persona: personaOf(id) }));
    byId("notice").replaceChildren();
    if (!this.twins.length) {
      const error = { message: "No twin is being served yet.", nextStep: "build one with `twin features`, then load this page again." };
      byId("notice").replaceChildren(problemBox(error));
      return;
    }
    const select = byId("twin-select");
    select.replaceChildren(...this.twins.map((twin) => element("option", { value: twin.id }, this.#choiceName(twin))));
    byId("twin-choice").hidden = this.twins.length < 2;
    const current = this.twins.find((twin) => twin.id === this.twin?.id) ?? this.twins[0];
    select.value = current.id;
    byId("composer").hidden = false;
    this.#choose(current.id);
    if (window.matchMedia("(hover: hover)").matches) this.question.focus();
  }

  #choiceName(twin) {
    const isAmbiguous = this.twins.filter((other) => other.name === twin.name).length > 1;
    return isAmbiguous ? `${twin.name} (${[twin.alias, twin.bundle].filter(Boolean).join(", ") || twin.id})` : twin.name;
  }

  #choose(id) {
    this.twin = this.twins.find((twin) => twin.id === id);
    const { name, bundle, alias, label } = this.twin;
    document.title = `${name} · digital twin`;
    byId("twin-name").textContent = name;
    byId("disclosure").textContent = `A digital twin, not ${name} in person. It answers from the archive and can be wrong.`;
    byId("bundle").hidden = !bundle;
    byId("bundle").textContent = [alias, bundle, label].filter(Boolean).join(" · ");
    this.#showMode();
    byId("welcome-title").textContent = `Ask the twin of ${name}`;
    byId("welcome-text").textContent =
      `Its answers are drawn from what ${name} has written, and every sentence is checked against the passages it cites. ` +
      "The numbers in an answer open those passages. Where the archive is silent, it says so.";
    byId("welcome").hidden = this.turns.length > 0;
    this.#showExamples(this.twin);
  }

  get isWriting() {
    return byId("mode-write").checked;
  }

  #showMode() {
    const { name } = this.twin;
    const isWriting = this.isWriting;
    byId("question-label").textContent = `${isWriting ? "Your brief for" : "Your question to"} the digital twin of ${name}`;
    this.question.placeholder = isWriting ? `What is the twin of ${name} to write?` : `Ask the twin of ${name}`;
    byId("send").textContent = isWriting ? "Write" : "Ask";
    byId("option-verify-name").textContent = isWriting ? "Check the claims" : "Check each sentence";
    this.#warn();
  }

  async #showExamples(twin) {
    byId("examples-block").hidden = true;
    let questions;
    try {
      questions = await listExamples(twin.persona);
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      return; // a twin without examples is asked all the same, and asking reports what is wrong
    }
    if (twin !== this.twin || !questions.length) return;
    const items = questions.slice(0, EXAMPLES_SHOWN).map((question) =>
      element("li", {}, button(question, () => this.#askExample(question), { class: "example", dir: "auto" })),
    );
    byId("examples").replaceChildren(...items);
    byId("examples-block").hidden = false;
  }

  #askExample(question) {
    byId("mode-answer").checked = true;
    this.#showMode();
    this.#ask(question);
  }

  #ask(text) {
    const question = text.trim();
    if (!question || this.running || !this.twin) return;
    const options = { retrieval: byId("option-retrieval").checked, verify: byId("option-verify").checked };
    if (this.isWriting) options.mode = "write";
    const turn = new Turn({ question, twin: this.twin, options, actions: this.actions });
    this.turns.push(turn);
    byId("turns").append(turn.node);
    byId("welcome").hidden = true;
    byId("new-conversation").hidden = false;
    this.question.value = "";
    this.#fitQuestion();
    this.#run(turn);
  }

  async #run(turn) {
    if (this.running) return;
    const abort = new AbortController();
    this.#setRunning(abort);
    turn.node.scrollIntoView({ block: "start" });
    try {
      await turn.run(this.#history(turn), abort.signal);
    } catch (error) {
      if (error.name !== "ApiError") throw error; // a fault of this page, for its console
      if (error.status === 401) this.#askForKey(error, () => this.#run(turn));
    } finally {
      if (this.running === abort) this.#setRunning(null);
    }
  }

  /** What was said before this turn with the same persona: one twin is not told what another one said. */
  #history(turn) {
    const earlier = this.turns.slice(0, this.turns.indexOf(turn));
    return earlier.filter((other) => other.twin.persona === turn.twin.persona).flatMap((other) => other.messages);
  }

  #setRunning(abort) {
    this.running = abort;
    const hadFocus = document.activeElement === byId("stop") || document.activeElement === byId("send");
    document.querySelectorAll("[data-asks]").forEach((node) => (node.disabled = abort !== null));
    byId("send").hidden = abort !== null;
    byId("stop").hidden = abort === null;
    if (hadFocus) (abort === null ? this.question : byId("stop")).focus();
  }

  #edit(turn) {
    if (this.running) return;
    this.turns = this.turns.filter((other) => other !== turn);
    turn.node.remove();
    const draft = this.question.value.trim();
    this.question.value = draft ? `${turn.question}\n${draft}` : turn.question;
    this.#fitQuestion();
    this.question.focus();
    if (!this.turns.length) this.#startOver();
  }

  #startOver() {
    this.running?.abort();
    this.#setRunning(null);
    this.turns = [];
    byId("turns").replaceChildren();
    byId("new-conversation").hidden = true;
    byId("welcome").hidden = false;
    this.panel.close();
    this.question.focus();
  }

  async #askForKey(error, resume) {
    await this.keyForm.ask(error.message);
    resume();
  }

  #open(turn, target, eyebrow, opener) {
    this.panel.open({ persona: turn.twin.persona, target, eyebrow, opener });
  }

  #fitQuestion() {
    this.question.style.height = "auto";
    this.question.style.height = `${Math.min(this.question.scrollHeight + 2, TALLEST_QUESTION_PX)}px`;
  }

  #warn() {
    const unchecked = this.isWriting ? "Unchecked claims may be invented." : "Unchecked sentences may be invented.";
    const warnings = [
      byId("option-retrieval").checked ? null : "Without the archive the model writes from nothing but its training, and cites nothing.",
      byId("option-verify").checked ? null : unchecked,
    ];
    byId("options-warning").textContent = warnings.filter(Boolean).join(" ");
  }
}

new ChatPage().connect();
