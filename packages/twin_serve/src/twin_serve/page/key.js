// The API key: taken from the address or asked for, kept for this tab only.

import { byId } from "./dom.js";

const STORAGE_NAME = "twin-api-key";
const FRAGMENT = /^#(?:.*&)?key=([^&]*)/;
const SENDABLE = /^[\x21-\x7e]+$/; // what a header can carry

/** Moves a key from `#key=…` into the tab's storage and out of the address bar; says whether there was one. */
export function takeKeyFromAddress() {
  const match = FRAGMENT.exec(location.hash);
  if (!match) return false;
  history.replaceState(null, "", location.pathname + location.search);
  const key = decode(match[1]).trim();
  if (!SENDABLE.test(key)) return false;
  storeKey(key);
  return true;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text; // a key with a bare percent sign
    throw error;
  }
}

/** The key of this tab, or null. */
export function readKey() {
  return sessionStorage.getItem(STORAGE_NAME);
}

/** Keeps a key for this tab. */
function storeKey(key) {
  sessionStorage.setItem(STORAGE_NAME, key);
}

/** Drops the key of this tab. */
function forgetKey() {
  sessionStorage.removeItem(STORAGE_NAME);
}

/** The form that asks for a key, and checks it before it closes. */
export class KeyForm {
  /** `verify` makes a request with the new key; it throws what went wrong. */
  constructor(verify) {
    this.verify = verify;
    this.form = byId("key-form");
    this.input = byId("key-input");
    this.problem = byId("key-problem");
    this.waiting = null;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  get isAsking() {
    return this.waiting !== null;
  }

  /** Shows the form, with a reason if there is one; the promise is kept once a key was accepted. */
  ask(reason = "") {
    forgetKey();
    this.#explain(reason);
    if (this.waiting === null) {
      this.form.hidden = false;
      this.waiting = openPromise();
    }
    this.input.focus();
    return this.waiting.promise;
  }

  /** Closes the form because a key was accepted, here or from the address. */
  accept() {
    this.form.hidden = true;
    this.input.value = "";
    this.waiting?.resolve();
    this.waiting = null;
  }

  async #submit() {
    const key = this.input.value.trim();
    if (!SENDABLE.test(key)) {
      this.#explain("A key has no blanks and no letters beyond A to Z; this one was not copied whole.");
      return;
    }
    storeKey(key);
    try {
      await this.verify();
    } catch (error) {
      forgetKey();
      this.#explain([error.message, error.nextStep].filter(Boolean).join(" "));
      this.input.select();
      return;
    }
    this.accept();
  }

  #explain(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }
}

function openPromise() {
  const parts = {};
  parts.promise = new Promise((resolve) => (parts.resolve = resolve));
  return parts;
}
