/*
 * What makes the console pleasant; without it every page still reads and works.
 *
 * A page that may change names its stream of events in `data-events`. When events come, the page is fetched again and the parts
 * marked `data-live` whose markup differs are replaced: the server stays the only one who knows what a page looks like.
 */

const REFRESH_MS = 200;      // events come in bursts; one look answers many
const TICK_MS = 5000;        // durations move on without events
const RETRY_MS = 2000;       // after a connection broke for good

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

const shown = new WeakMap();     // part -> its markup as the server sent it, before anything here touched it
for (const part of document.querySelectorAll("[data-live]")) shown.set(part, part.innerHTML);

let isFetching = false;
let isStale = false;

async function refresh() {
  if (isFetching) { isStale = true; return; }
  isFetching = true;
  isStale = false;
  const began = performance.now();
  try {
    const reply = await fetch(followed.dataset.address ?? location.href, { headers: { Accept: "text/html" } });
    if (reply.redirected && new URL(reply.url).pathname.endsWith("/login")) { location.reload(); return; }
    if (reply.ok) patch(new DOMParser().parseFromString(await reply.text(), "text/html"));
  } catch {
    show(false);
  } finally {
    // a page that takes long to make is asked for less often
    const pause = Math.max(REFRESH_MS, 3 * (performance.now() - began));
    setTimeout(() => { isFetching = false; if (isStale) refresh(); }, pause);
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
  if (!fresh.querySelector("[data-events]")) end();
}

function isBusy(part) {
  // what somebody types, marks or has opened is not taken from under their hands
  const focused = document.activeElement;
  const types = focused && part.contains(focused) && focused.matches("input, textarea, select");
  const marked = getSelection();
  const marks = !marked.isCollapsed && part.contains(marked.anchorNode);
  return types || marks || part.querySelector("details.menu-box[open]") !== null;
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
  enhance(part);
  for (const [name, left, top] of places) {
    const scroller = part.querySelector(`[data-scroll="${CSS.escape(name)}"]`);
    if (scroller) { scroller.scrollLeft = left; scroller.scrollTop = top; }
  }
  if (focused) part.querySelector(focused)?.focus({ preventScroll: true });
}

function keyOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `${element.tagName.toLowerCase()}[href="${CSS.escape(href)}"]` : null;
}

// ── hearing of news ──────────────────────────────────────────────────────────
// A browser keeps only a few connections to one host, so a page that nobody looks at holds none.

const followed = document.querySelector("[data-events]");
let isOver = !followed;
let after = followed?.dataset.after;
let source = null;
let timer = null;
let ticker = null;

function soon() {
  timer ??= setTimeout(() => { timer = null; refresh(); }, REFRESH_MS);
}

function listen() {
  if (isOver || source || document.hidden) return;
  source = new EventSource(after === undefined ? followed.dataset.events : `${followed.dataset.events}&after=${after}`);
  source.onopen = () => show(true);
  for (const name of followed.dataset.eventNames.split(" ")) {
    source.addEventListener(name, (event) => {
      if (after !== undefined) after = event.lastEventId || after;
      soon();
    });
  }
  source.addEventListener("end", () => { soon(); end(); });
  source.onerror = () => {
    show(false);
    soon();
    // the browser tries again by itself, from the last id, unless it was refused
    if (source.readyState === EventSource.CLOSED) { source = null; setTimeout(listen, RETRY_MS); }
  };
  ticker ??= setInterval(refresh, TICK_MS);
}

function hush() {
  source?.close();
  clearInterval(ticker);
  source = ticker = null;
}

function end() {
  isOver = true;
  hush();
  if (status) status.hidden = true;
}

function wake() {
  if (!isOver) refresh();
  listen();
  for (const log of document.querySelectorAll("[data-follow]")) follow(log);
}

document.addEventListener("visibilitychange", () => (document.hidden ? hush() : wake()));
window.addEventListener("pagehide", hush);
window.addEventListener("pageshow", (event) => { if (event.persisted) wake(); });

// ── logs ─────────────────────────────────────────────────────────────────────

async function follow(log) {
  if (log.dataset.following) return;
  log.dataset.following = "yes";
  while (log.isConnected && !document.hidden) {
    if (await readOn(log)) return;
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
  }
  delete log.dataset.following;
}

async function readOn(log) {
  // shows what comes; says whether that was the end of the log
  const left = new AbortController();
  const leave = () => { if (document.hidden || !log.isConnected) left.abort(); };
  const watch = setInterval(leave, REFRESH_MS);
  const decoder = new TextDecoder();
  try {
    const reply = await fetch(`${log.dataset.follow}&since=${log.dataset.offset}`, { signal: left.signal });
    if (!reply.ok) return reply.status < 500;
    const reader = reply.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
      log.querySelector("[data-nothing]")?.remove();
      log.dataset.offset = Number(log.dataset.offset) + value.length;
      log.append(decoder.decode(value, { stream: true }));
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    }
  } catch {
    return false;
  } finally {
    clearInterval(watch);
  }
}

// ── small things ─────────────────────────────────────────────────────────────

function enhance(root) {
  for (const log of root.querySelectorAll("[data-follow]")) {
    log.scrollTop = log.scrollHeight;
    follow(log);
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

const zoomed = `zoom ${location.pathname}`;
const left = `place ${location.pathname}`;

function zoomable(tools, canvas) {
  const drawing = canvas?.querySelector("svg.graph");
  if (!drawing) return;
  const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
  const fitting = () => Math.min(1, (canvas.clientWidth - 40) / width);
  let scale = Number(sessionStorage.getItem(zoomed)) || Math.max(fitting(), 0.45);
  const draw = () => {
    drawing.setAttribute("width", width * scale);
    drawing.setAttribute("height", height * scale);
  };
  draw();
  tools.onclick = (event) => {
    const how = event.target.closest("button")?.value;
    if (how === "fit") scale = fitting();
    if (how === "in") scale = Math.min(2, scale * 1.25);
    if (how === "out") scale = Math.max(0.1, scale / 1.25);
    sessionStorage.setItem(zoomed, scale);
    draw();
  };
}

// choosing a node is another page at the same address: what was in view stays in view
window.addEventListener("pagehide", () => {
  const canvas = document.getElementById("canvas");
  sessionStorage.setItem(left, JSON.stringify([listed(location), scrollY, canvas?.scrollLeft ?? 0, canvas?.scrollTop ?? 0]));
});

function listed(address) {
  // what an address shows, whichever node is chosen there
  const query = new URL(address).searchParams;
  for (const name of ["node", "attempt", "values"]) query.delete(name);
  return query.toString();
}

function comeBack() {
  const canvas = document.getElementById("canvas");
  const isHere = document.referrer && new URL(document.referrer).pathname === location.pathname;
  const [shows, top, canvasLeft, canvasTop] = (isHere && JSON.parse(sessionStorage.getItem(left))) || [];
  const panel = document.querySelector(".panel");
  const isBeside = !panel || getComputedStyle(panel).position === "sticky";     // and not above, where it would be out of view
  if (shows !== undefined && (canvas || (shows === listed(location) && isBeside))) scrollTo(0, top);
  if (shows !== undefined && canvas) [canvas.scrollLeft, canvas.scrollTop] = [canvasLeft, canvasTop];
  const chosen = canvas?.querySelector(".selected")?.getBoundingClientRect();
  const seen = canvas?.getBoundingClientRect();
  if (chosen && (chosen.left < seen.left || chosen.right > seen.right || chosen.top < seen.top || chosen.bottom > seen.bottom)) {
    canvas.scrollLeft += (chosen.left + chosen.right - seen.left - seen.right) / 2;
    canvas.scrollTop += (chosen.top + chosen.bottom - seen.top - seen.bottom) / 2;
  }
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
comeBack();
listen();
