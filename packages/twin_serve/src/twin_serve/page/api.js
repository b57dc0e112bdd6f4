// The service's API. Addresses are relative, so that the page also works below a prefix.

import { readKey } from "./key.js";

const FEATURE = "chat-page";

/** An error that can be shown: what went wrong, and what to do next. */
export class ApiError extends Error {
  constructor(message, { nextStep = "", code = "", status = 0 } = {}) {
    super(message);
    this.name = "ApiError";
    this.nextStep = nextStep;
    this.code = code;
    this.status = status;
  }

  /** From the `error` object of a response or of an event. */
  static from(error, status = 0) {
    return new ApiError(error.message || "The service reported an error without a message.", {
      nextStep: error.next_step,
      code: error.code,
      status,
    });
  }
}

/** The twins that can be asked. */
export async function listModels() {
  return (await getJson("v1/models")).data;
}

/** A document with its text and passages. */
export function getDocument(persona, documentId) {
  return getJson(`api/documents/${encodeURIComponent(persona)}?${new URLSearchParams({ id: documentId })}`);
}

/** Questions to begin with. */
export async function listExamples(persona) {
  return (await getJson(`api/examples/${encodeURIComponent(persona)}`)).questions;
}

/** Twins, services and links of the platform. */
export function getStatus() {
  return getJson("api/status");
}

/**
 * Asks, and yields the chunks of the answer as they come; each one's content was verified before it was sent.
 * Throws an ApiError if the service refuses, reports an error in mid-stream, or goes away before the end.
 */
export async function* streamAnswer({ model, messages, options, signal }) {
  const response = await send("v1/chat/completions", {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", "X-Twin-Feature": FEATURE },
    body: JSON.stringify({ model, messages, stream: true, stream_options: { include_usage: true }, twin: options }),
  });
  for await (const data of readEvents(response.body)) {
    if (data === "[DONE]") return;
    const chunk = parseJson(data);
    if (chunk.error) throw ApiError.from(chunk.error);
    yield chunk;
  }
  throw new ApiError("The connection ended before the answer was complete.", { nextStep: "Ask again." });
}

async function getJson(path) {
  const response = await send(path, { headers: { Accept: "application/json" } });
  return parseJson(await response.text());
}

async function send(path, { headers, ...rest }) {
  const key = readKey();
  const authorization = key ? { Authorization: `Bearer ${key}` } : {};
  let response;
  try {
    response = await fetch(path, { ...rest, headers: { ...headers, ...authorization } });
  } catch (error) {
    throw unreachable(error);
  }
  if (response.ok) return response;
  throw await refusal(response);
}

async function refusal(response) {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text);
    if (error) return ApiError.from(error, response.status);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // a proxy's HTML page is no news to the reader
  }
  return new ApiError(`The service answered ${response.status} ${response.statusText}`.trim() + ".", {
    nextStep: "Look at the service's state with `twin status`.",
    status: response.status,
  });
}

function unreachable(error) {
  if (error.name === "AbortError") return error;
  return new ApiError("The service cannot be reached.", { nextStep: "Check with `twin status` that it runs, then try again." });
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiError("The service sent something that is not JSON.", { nextStep: "Look into its log; `twin status` names the folder." });
  }
}

/** The data of each server-sent event of a body. */
async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let data = [];
  try {
    for (let done = false; !done; ) {
      const part = await reader.read().catch((error) => Promise.reject(unreachable(error)));
      done = part.done;
      // A carriage return at the very end may be half of a line end, so it waits for what follows.
      const lines = (rest + (done ? "\n\n" : part.value)).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
        else if (line === "" && data.length) {
          yield data.join("\n");
          data = [];
        }
      }
    }
  } finally {
    // Also reached when the reader of this generator stops early; the connection must not stay open then.
    reader.cancel().catch(() => undefined); // refused only by a stream that has failed already
  }
}
