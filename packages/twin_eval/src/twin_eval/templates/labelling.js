"use strict";
// Labels stay in this browser as they are given; the button saves them as JSON Lines. Nothing is sent anywhere.
const setup = JSON.parse(document.getElementById("setup").textContent);
const storageName = `twin-labels-${setup.page}`;
const labeller = document.getElementById("labeller");
const message = document.getElementById("message");
const state = restored();

function restored() {
  const empty = { labeller: "", rows: {} };
  try {
    return { ...empty, ...JSON.parse(localStorage.getItem(storageName)) };
  } catch {
    document.getElementById("unkept").hidden = false;
    return empty;
  }
}

function keep() {
  try {
    localStorage.setItem(storageName, JSON.stringify(state));
  } catch {
    document.getElementById("unkept").hidden = false;
  }
}

/** Remember one field of an item; an empty value takes it back. */
function set(item, field, value) {
  const row = { ...state.rows[item], [field]: value, labelled_at: new Date().toISOString() };
  if (!value) delete row[field];
  state.rows[item] = row;
  keep();
  show();
}

/** Whether the item has its label; a note or the voice alone is not enough. */
function isDone(item) {
  const row = state.rows[item] ?? {};
  return Boolean(row.label ?? row.choice);
}

function show() {
  const items = setup.items.map(({ item }) => item);
  for (const item of items) document.getElementById(item).classList.toggle("done", isDone(item));
  document.getElementById("progress").value = `${items.filter(isDone).length} of ${items.length} labelled`;
  for (const part of document.querySelectorAll("[data-after]")) {
    const before = part.dataset.after.split(" ").filter(Boolean);
    if (before.every(isDone)) reveal(part);
  }
}

function reveal(part) {
  part.hidden = false;
  part.previousElementSibling.hidden = true;
}

/** The rows of the file: what was labelled, in the page's order. */
function rows() {
  return setup.items.flatMap(({ item, row: begin }) => {
    const { label, choice, in_voice, note, labelled_at } = state.rows[item] ?? {};
    if (!(label ?? choice ?? in_voice)) return [];
    return [{ ...begin, label, choice, in_voice, note: note ?? "", labeller: state.labeller.trim(), labelled_at }];
  });
}

function download() {
  if (!state.labeller.trim()) {
    message.value = "Your name first: it is kept with each label.";
    labeller.focus();
    return;
  }
  const found = rows();
  const notes = Object.values(state.rows).filter((row) => row.note && !(row.label ?? row.choice ?? row.in_voice)).length;
  const link = document.createElement("a");
  const text = found.map((row) => `${JSON.stringify(row)}\n`).join("");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
  link.download = setup.file;
  link.click();
  const left = notes ? ` ${notes} notes without a label are not in it.` : "";
  message.value = `${found.length} labels saved.${left} Next: twin labels add ${setup.persona} ${setup.file}`;
}

function next() {
  const open = setup.items.map(({ item }) => item).find((item) => !isDone(item));
  if (!open) {
    message.value = "Everything is labelled.";
    return;
  }
  const part = document.getElementById(open);
  (part.closest("[hidden]")?.closest("article") ?? part).scrollIntoView({ block: "center" });
  part.querySelector("input")?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || input.type !== "radio") return;
  const [item, field] = input.name.split(".");
  const isAgain = state.rows[item]?.[field] === input.value; // a second click takes the label back
  if (isAgain) input.checked = false;
  set(item, field, isAgain ? "" : input.value);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("input.note")) set(event.target.name.split(".")[0], "note", event.target.value);
});
labeller.addEventListener("input", () => {
  state.labeller = labeller.value;
  keep();
});
document.getElementById("download").addEventListener("click", download);
document.getElementById("next").addEventListener("click", next);
for (const button of document.querySelectorAll("button.reveal")) {
  button.addEventListener("click", () => reveal(button.closest("[data-before]").nextElementSibling));
}

labeller.value = state.labeller;
for (const [item, row] of Object.entries(state.rows)) {
  for (const [field, value] of Object.entries(row)) {
    const inputs = document.getElementsByName(`${item}.${field}`);
    for (const input of inputs) {
      if (input.type === "radio") input.checked = input.value === value;
      else input.value = value;
    }
  }
}
show();
