// The status page: twins, services and links, read again every five seconds.

import { getStatus } from "./api.js";
import { byId, element, outsideLink, problemBox, withCode } from "./dom.js";
import { KeyForm, readKey, takeKeyFromAddress } from "./key.js";
import { formatNumber } from "./text.js";

const REFRESH_MS = 5000;
const DOTS = {
  good: ["up", "ok", "healthy", "running", "ready", "green"],
  waiting: ["starting", "loading", "pending", "degraded", "yellow"],
  bad: ["down", "failed", "dead", "stopped", "crashed", "unreachable", "unhealthy", "red", "error"],
};

class StatusPage {
  constructor() {
    this.shown = "";
    this.timer = 0;
    this.keyForm = new KeyForm(async () => this.#show(await getStatus()));
  }

  start() {
    takeKeyFromAddress();
    window.addEventListener("hashchange", () => takeKeyFromAddress() && this.refresh());
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    this.refresh();
  }

  /** Reads the status now and plans the next reading; none is planned while the tab is hidden or a key is asked for. */
  async refresh() {
    clearTimeout(this.timer);
    if (this.keyForm.isAsking && !readKey()) return;
    try {
      this.#show(await getStatus());
      this.keyForm.accept();
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (error.status === 401) {
        byId("freshness").textContent = "Waiting for a key";
        await this.keyForm.ask(error.message);
      } else this.#stale(error);
    }
    clearTimeout(this.timer);
    if (!document.hidden) this.timer = setTimeout(() => this.refresh(), REFRESH_MS);
  }

  #show(status) {
    byId("freshness").textContent = `As of ${new Date().toLocaleTimeString("en-GB")}, read again every five seconds`;
    byId("report").hidden = false;
    byId("report").classList.remove("stale");
    byId("notice").replaceChildren();
    // Only what changed is drawn again, so that a link keeps the focus and a screen reader stays quiet.
    const now = JSON.stringify(status);
    if (now === this.shown) return;
    this.shown = now;
    byId("summary").textContent = summarise(status.services);
    byId("services").replaceChildren(...status.services.map(renderService));
    byId("twins").replaceChildren(renderTwins(status.twins));
    byId("links").replaceChildren(...status.links.map(({ name, url }) => element("li", {}, outsideLink(url, `${name} ↗`) ?? `${name}: ${url}`)));
  }

  #stale(error) {
    byId("report").classList.add("stale");
    byId("freshness").textContent = "Not up to date; trying again every five seconds";
    const box = problemBox(error);
    if (byId("notice").textContent !== box.textContent) byId("notice").replaceChildren(box);
  }
}

function summarise(services) {
  const troubled = services.filter((service) => kindOf(service.state) !== "good").map((service) => service.name);
  if (!services.length) return "No service is known.";
  return troubled.length ? `Needs attention: ${troubled.join(", ")}.` : "Everything is up.";
}

function kindOf(state) {
  const word = String(state).toLowerCase();
  return Object.keys(DOTS).find((kind) => DOTS[kind].includes(word)) ?? "unknown";
}

function renderService({ name, state, url, detail }) {
  return element(
    "li",
    { class: "service" },
    element("span", { class: `dot ${kindOf(state)}`, "aria-hidden": "true" }),
    element("span", { class: "service-name" }, outsideLink(url, name) ?? name),
    element("span", { class: "state" }, state),
    element("span", { class: "detail" }, detail ?? ""),
  );
}

function renderTwins(twins) {
  if (!twins.length) return element("p", { class: "hint" }, withCode("No twin is being served yet; `twin features` builds one."));
  const headings = ["Twin", "Persona", "Bundle", "Alias", "Documents", "Chunks"];
  const rows = twins.map((twin) => [
    twin.display_name, twin.persona, twin.bundle ?? "none", twin.alias ?? "none", formatNumber(twin.documents), formatNumber(twin.chunks),
  ]);
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, headings.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell, index) => element(index ? "td" : "th", index ? {} : { scope: "row" }, cell))))),
  );
}

new StatusPage().start();
