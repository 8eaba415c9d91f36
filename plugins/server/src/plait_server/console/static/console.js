/*
 * What makes the console pleasant; without it every page still reads and works.
 *
 * A page that may change names its stream of events in `data-events`. When events come, the page is fetched again and the parts
 * marked `data-live` whose markup differs are replaced: the server stays the only one who knows what a page looks like.
 */

const REFRESH_MS = 250;      // events come in bursts; one look answers many
const POLL_MS = 4000;        // where there are no events

const status = document.querySelector("[data-connection]");
const announcer = document.querySelector("[data-announce]");

function say(text) {
  if (announcer && text) announcer.textContent = text;
}

function show(isLive) {
  if (!status) return;
  status.hidden = false;
  status.classList.toggle("on", isLive);
  status.textContent = isLive ? "Live" : "Reconnecting";
}

// ── keeping a page up to date ────────────────────────────────────────────────

let isFetching = false;
let isStale = false;

async function refresh() {
  if (isFetching) { isStale = true; return; }
  isFetching = true;
  isStale = false;
  try {
    const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (reply.redirected && new URL(reply.url).pathname.endsWith("/login")) { location.reload(); return; }
    if (reply.ok) patch(new DOMParser().parseFromString(await reply.text(), "text/html"));
  } catch {
    show(false);
  } finally {
    isFetching = false;
    if (isStale) setTimeout(refresh, REFRESH_MS);
  }
}

function patch(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (!next || isBusy(part)) continue;
    // what fills itself, such as a log, says by its key when it is about something else
    const isSame = "key" in next.dataset ? part.dataset.key === next.dataset.key : shown.get(part) === next.innerHTML;
    if (!isSame) replace(part, next);
  }
  if (fresh.title !== document.title) {
    document.title = fresh.title;
    say(fresh.querySelector("[data-phase-words]")?.dataset.phaseWords);
  }
  if (!fresh.querySelector("[data-events]")) close();
}

const shown = new WeakMap();     // part -> its markup as the server sent it, before anything here touched it
for (const part of document.querySelectorAll("[data-live]")) shown.set(part, part.innerHTML);

function isBusy(part) {
  // what somebody types or has opened is not taken from under their hands
  const focused = document.activeElement;
  const types = focused && part.contains(focused) && focused.matches("input, textarea, select");
  return types || part.querySelector("details.menu-box[open]") !== null;
}

function replace(part, next) {
  const focused = part.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const open = [...part.querySelectorAll("details")].map((it) => it.open);
  const places = [...part.querySelectorAll("[data-scroll]")].map((it) => [it.dataset.scroll, it.scrollLeft, it.scrollTop]);
  part.innerHTML = next.innerHTML;
  shown.set(part, next.innerHTML);
  if ("key" in next.dataset) part.dataset.key = next.dataset.key;
  const details = [...part.querySelectorAll("details")];
  if (details.length === open.length) details.forEach((it, n) => { it.open = open[n]; });
  for (const [name, left, top] of places) {
    const scroller = part.querySelector(`[data-scroll="${CSS.escape(name)}"]`);
    if (scroller) { scroller.scrollLeft = left; scroller.scrollTop = top; }
  }
  if (focused) part.querySelector(focused)?.focus({ preventScroll: true });
  enhance(part);
}

function keyOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `${element.tagName.toLowerCase()}[href="${CSS.escape(href)}"]` : null;
}

let source = null;
let timer = null;
let poller = null;

function soon() {
  if (timer) return;
  timer = setTimeout(() => { timer = null; refresh(); }, REFRESH_MS);
}

function listen(url, names) {
  source = new EventSource(url);
  source.onopen = () => { show(true); clearInterval(poller); poller = null; };
  for (const name of names) source.addEventListener(name, soon);
  source.addEventListener("end", () => { soon(); close(); });
  source.onerror = () => {
    show(false);
    // the browser tries again by itself, from the last id; look now and then until it has
    poller ??= setInterval(refresh, POLL_MS);
  };
}

function close() {
  source?.close();
  clearInterval(poller);
  if (status) status.hidden = true;
}

const followed = document.querySelector("[data-events]");
if (followed) listen(followed.dataset.events, followed.dataset.eventNames.split(" "));
window.addEventListener("pagehide", close);

// ── logs ─────────────────────────────────────────────────────────────────────

async function follow(log) {
  if (log.dataset.following) return;
  log.dataset.following = "yes";
  const reply = await fetch(`${log.dataset.follow}&since=${log.dataset.offset}`).catch(() => null);
  if (!reply?.ok) return;
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    if (!log.isConnected) { reader.cancel(); return; }
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    if (log.dataset.offset === "0") { log.textContent = ""; log.dataset.offset = "1"; }
    log.append(value);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }
}

// ── small things ─────────────────────────────────────────────────────────────

function enhance(root) {
  for (const log of root.querySelectorAll("[data-follow]")) follow(log);
  for (const form of root.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      say("Copied");
    });
  }
  for (const tools of root.querySelectorAll("[data-zoom]")) {
    tools.hidden = false;
    zoomable(tools, document.getElementById(tools.dataset.zoom));
  }
}

function zoomable(tools, canvas) {
  const drawing = canvas?.querySelector("svg.graph");
  if (!drawing) return;
  const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
  const fitting = () => Math.min(1, (canvas.clientWidth - 40) / width);
  const set = (scale) => {
    canvas.dataset.scale = scale;
    drawing.setAttribute("width", width * scale);
    drawing.setAttribute("height", height * scale);
  };
  const wanted = Number(canvas.dataset.scale) || Math.max(fitting(), 0.45);
  set(wanted);
  tools.onclick = (event) => {
    const how = event.target.closest("button")?.value;
    const now = Number(canvas.dataset.scale);
    if (how === "fit") set(fitting());
    if (how === "in") set(Math.min(2, now * 1.25));
    if (how === "out") set(Math.max(0.1, now / 1.25));
  };
}

document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll("details.menu-box[open], details.place[open]")) {
    if (!box.contains(event.target)) box.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const box = document.activeElement?.closest("details.menu-box[open], details.place[open]");
    if (box) { box.open = false; box.querySelector("summary").focus(); }
  }
  const isTyping = event.target.matches("input, textarea, select");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

enhance(document);
