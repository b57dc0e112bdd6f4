// Text and numbers: offsets in code points, citation markers, dates, money. No access to the page.

const MARKER = /(?<![\p{L}\p{N}_])\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/gu; // not the index in `rows[1]`
const LOCALE = "en-GB";

/** A text that is sliced by Unicode code points, as the service counts, and not by UTF-16 units, as strings do here. */
export class CodePointText {
  constructor(text) {
    this.text = text;
    this.points = Array.from(text);
  }

  get length() {
    return this.points.length;
  }

  slice(start, end) {
    return this.points.slice(start, end).join("");
  }
}

/**
 * Where a quotation stands in a text.
 *
 * The offsets are believed only if they yield the quotation; a document may have been read again since. Then the
 * quotation itself is looked for. `moved` says so; null means that it is not there any more.
 */
export function locate(text, { start, end, quote }) {
  if (quote === null || quote === undefined || sameWords(text.slice(start, end), quote)) {
    return { start, end, moved: false };
  }
  const at = text.text.indexOf(quote);
  if (at < 0) return null;
  const first = Array.from(text.text.slice(0, at)).length;
  return { start: first, end: first + Array.from(quote).length, moved: true };
}

function sameWords(a, b) {
  const squeeze = (text) => text.replace(/\s+/gu, " ").trim();
  return squeeze(a) === squeeze(b);
}

/** Splits an answer at its markers: `{text}` and `{marker, numbers}` in turn. */
export function splitMarkers(text) {
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(MARKER)) {
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ marker: match[0], numbers: match[1].split(",").map(Number) });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

/** An ISO date in words; what is no date is shown as it is. */
export function formatDate(iso) {
  if (!iso) return "undated";
  const day = new Date(`${iso.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return iso;
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: "long", timeZone: "UTC" }).format(day);
}

/** A number with a fixed count of decimals; a dash for a missing one. */
export function formatNumber(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);
}

/** What a request cost. An unknown price is unknown, never zero. */
export function formatMoney(amount, currency) {
  if (amount === null || amount === undefined) return "price unknown";
  const digits = { minimumFractionDigits: 2, maximumSignificantDigits: 3, roundingPriority: "morePrecision" };
  if (!/^[A-Z]{3}$/.test(currency ?? "")) return `${new Intl.NumberFormat(LOCALE, digits).format(amount)} ${currency ?? "(no currency)"}`;
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency, ...digits }).format(amount);
}

/** The persona of a model's name: `<persona>` or `<persona>@<bundle>`. */
export function personaOf(model) {
  return model.split("@", 1)[0];
}
