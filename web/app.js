// The local page: asks for the state once a second and for pictures as fast as they are drawn. No library, works offline.
"use strict";

const words = {
  id: {
    ok: "terhubung", connecting: "menyambung…", noSignal: "tidak ada gambar", ended: "rekaman selesai", simulated: "simulasi",
    moved: "kamera bergeser", obstructed: "terhalang", blurred: "buram", dark: "gelap", frozen: "gambar beku",
    waiting: "menunggu gambar…", none: "Belum ada kejadian.", phase: { new: "baru", update: "berlanjut", end: "selesai" },
    broker: "Pusat komando terhubung", noBroker: "Pusat komando tidak terhubung", queue: "menunggu kirim", sent: "terkirim", lost: "dibuang",
    fps: "gambar/dtk dianalisis", delay: "tunda", skipped: "dilewati", again: "sambung ulang", silent: (t) => `tanpa gambar ${t}`, rests: (t) => `aturan berhenti ${t}`,
    top: (n) => `paling banyak ${n} per 30 detik`, first: "10 menit lalu", last: "sekarang", counted: "Lewat sejak mulai", all: "semua", inside: "sekarang di",
    seconds: "detik", minutes: "menit", hours: "jam",
    calm: "Semua kamera bekerja. Tidak ada kejadian yang terbuka.", open: (n) => `${n} kejadian masih terbuka.`, blind: (n) => `${n} kamera tanpa gambar.`, astray: (n) => `${n} kamera tidak menampilkan pandangan yang disetel.`,
    person: "orang", bicycle: "sepeda", car: "mobil", motorcycle: "motor", bus: "bus", truck: "truk", lost_page: "Agen tidak menjawab.",
  },
  en: {
    ok: "connected", connecting: "connecting…", noSignal: "no picture", ended: "recording over", simulated: "simulated",
    moved: "camera moved", obstructed: "obstructed", blurred: "blurred", dark: "dark", frozen: "frozen",
    waiting: "waiting for a picture…", none: "No events yet.", phase: { new: "new", update: "lasts", end: "over" },
    broker: "Command center connected", noBroker: "Command center not connected", queue: "waiting", sent: "sent", lost: "dropped",
    fps: "frames/s analysed", delay: "delay", skipped: "skipped", again: "reconnects", silent: (t) => `no picture for ${t}`, rests: (t) => `rules at rest for ${t}`,
    top: (n) => `${n} per 30 seconds at most`, first: "10 minutes ago", last: "now", counted: "Passed since the start", all: "all", inside: "now in",
    seconds: "seconds", minutes: "minutes", hours: "hours",
    calm: "All cameras work. No open event.", open: (n) => `${n} open event(s).`, blind: (n) => `${n} camera(s) without picture.`, astray: (n) => `${n} camera(s) not showing the configured view.`,
    person: "people", bicycle: "bicycles", car: "cars", motorcycle: "motorcycles", bus: "buses", truck: "trucks", lost_page: "The agent does not answer.",
  },
};
const colours = ["#5ab6ff", "#ffc247", "#4cd28b", "#ff8fb3", "#b79bff", "#ff9f5a"];
const lostViews = ["moved", "obstructed", "blurred", "dark", "frozen"];
const BIN_SECONDS = 30, BINS = 20;
let language = localStorage.getItem("language") === "en" ? "en" : "id";
let latest = null;
const cards = new Map();
const byId = (id) => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function sentence(state) {
  const w = words[language];
  const blind = state.cameras.filter((c) => c.state === "noSignal").length;
  const astray = state.cameras.filter((c) => lostViews.includes(c.state)).length;
  const phases = new Map();
  for (const event of [...state.events].reverse()) phases.set(event.eventId, event.phase);
  const open = [...phases.values()].filter((phase) => phase !== "end").length;
  const parts = [];
  if (blind) parts.push(w.blind(blind));
  if (astray) parts.push(w.astray(astray));
  if (!state.delivery.connected) parts.push(`${w.noBroker}.`);
  const isBad = parts.length > 0;
  if (open) parts.push(w.open(open));
  return { text: parts.length ? parts.join(" ") : w.calm, mood: isBad ? "bad" : open ? "warn" : "good" };
}

/** `garis-barat` as people read it. */
function readable(id) {
  const text = id.replaceAll("-", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function duration(seconds) {
  const w = words[language];
  if (seconds < 120) return `${Math.round(seconds)} ${w.seconds}`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} ${w.minutes}` : `${Math.round(seconds / 3600)} ${w.hours}`;
}

function card(camera) {
  if (!cards.has(camera.id)) {
    const made = byId("camera").content.firstElementChild.cloneNode(true);
    made.classList.toggle("simulated", camera.simulated);
    byId("cameras").append(made);
    cards.set(camera.id, made);
    watch(camera.id, made);
  }
  return cards.get(camera.id);
}

function showCamera(camera) {
  const w = words[language], article = card(camera);
  article.querySelector("h2").textContent = camera.name;
  const badge = article.querySelector(".badge");
  badge.textContent = w[camera.state];
  badge.className = `badge ${camera.state}`;
  article.querySelector("img").alt = camera.name;
  const health = article.querySelector(".health");
  const parts = [`${camera.fpsAnalysed.toFixed(1)} ${w.fps}`];
  if (camera.latencyMs !== null) parts.push(`${w.delay} ${Math.round(camera.latencyMs)} ms`);
  parts.push(`${w.skipped} ${camera.droppedFrames}`, `${w.again} ${camera.reconnects}`);
  health.replaceChildren(parts.join(" · "));
  if (camera.cause) health.append(element("span", `${(lostViews.includes(camera.state) ? w.rests : w.silent)(duration(camera.silentS))}: ${inLanguage(language, camera.cause)} – ${inLanguage(language, camera.hint ?? "")}.`, "cause"));
  const figures = article.querySelector(".figures");
  figures.replaceChildren();
  for (const zone of camera.zones) figures.append(figure(`${w.inside} ${zone.name}: ${w[zone.class]}`, zone.n));
  counts(article, camera.counts);
  chart(article, camera);
}

/** What passed the lines: a row for each direction, a column for each class that was seen. */
function counts(article, rows) {
  const w = words[language], table = article.querySelector(".counts");
  table.hidden = rows.length === 0;
  const classes = ["motorcycle", "car", "bus", "truck", "bicycle", "person"].filter((kind) => rows.some((row) => row.class === kind));
  table.tHead.rows[0].replaceChildren(element("th", w.counted), ...classes.map((kind) => element("th", w[kind])), element("th", w.all));
  const ways = new Map();
  for (const { line, direction, class: kind, n } of rows) {
    const way = `${readable(line)} → ${direction}`;
    if (!ways.has(way)) ways.set(way, {});
    ways.get(way)[kind] = n;
  }
  const cells = [...ways].map(([way, seen]) => {
    const row = element("tr");
    const all = classes.reduce((sum, kind) => sum + (seen[kind] ?? 0), 0);
    row.append(element("th", way), ...classes.map((kind) => element("td", String(seen[kind] ?? "–"))), element("td", String(all), "all"));
    return row;
  });
  table.tBodies[0].replaceChildren(...cells);
}

function figure(name, n) {
  const made = element("span", name, "figure");
  made.append(element("b", String(n)));
  return made;
}

/** Stacked bars: what passed in each half minute, by line and direction. */
function chart(article, camera) {
  const w = words[language], flow = article.querySelector(".flow"), svg = flow.querySelector("svg"), legend = flow.querySelector(".legend");
  const series = new Map();
  for (const [ago, line, direction] of camera.crossings) {
    const bin = BINS - 1 - Math.floor(ago / BIN_SECONDS), key = `${readable(line)} → ${direction}`;
    if (bin < 0 || bin >= BINS) continue;
    if (!series.has(key)) series.set(key, new Array(BINS).fill(0));
    series.get(key)[bin] += 1;
  }
  svg.replaceChildren();
  legend.replaceChildren();
  flow.hidden = !series.size;
  const keys = [...series.keys()].sort();
  const sums = Array.from({ length: BINS }, (_, bin) => keys.reduce((sum, key) => sum + series.get(key)[bin], 0));
  const top = Math.max(...sums), step = 600 / BINS, height = new Array(BINS).fill(0);
  flow.querySelector(".top").textContent = w.top(top);
  flow.querySelector(".first").textContent = w.first;
  flow.querySelector(".last").textContent = w.last;
  keys.forEach((key, k) => {
    const colour = colours[k % colours.length];
    series.get(key).forEach((n, bin) => {
      if (!n) return;
      const tall = (n / Math.max(top, 4)) * 88;
      height[bin] += tall;
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of Object.entries({ x: bin * step + 2, y: 90 - height[bin], width: step - 4, height: tall, fill: colour })) bar.setAttribute(name, value);
      svg.append(bar);
    });
    const entry = element("span", key);
    const dot = element("i");
    dot.style.background = colour;
    entry.prepend(dot);
    legend.append(entry);
  });
}

function showEvents(events) {
  const w = words[language], list = byId("events");
  list.replaceChildren();
  if (!events.length) list.append(element("li", w.none, "none"));
  for (const event of events) {
    const item = element("li", undefined, event.severity);
    item.append(element("time", event.clock), element("span", w.phase[event.phase] ?? event.phase, "phase"), element("div", language === "id" ? event.textId : event.textEn));
    list.append(item);
  }
}

function show(state) {
  latest = state;
  const w = words[language];
  document.documentElement.lang = language;
  document.title = `${state.site} – simpang`;
  byId("site").textContent = state.site;
  byId("clock").textContent = state.clock;
  const { text, mood } = sentence(state);
  byId("sentence").textContent = text;
  byId("sentence").className = mood;
  byId("version").textContent = `simpang ${state.version}`;
  byId("language").textContent = language === "id" ? "EN" : "ID";
  for (const marked of document.querySelectorAll("[data-id]")) marked.textContent = marked.dataset[language];
  state.cameras.forEach(showCamera);
  showEvents(state.events);
  const d = state.delivery;
  byId("delivery").textContent = `${d.connected ? w.broker : w.noBroker}${d.cause ? ` (${inLanguage(language, d.cause)})` : ""} · ${d.depth} ${w.queue} · ${d.delivered} ${w.sent} · ${d.dropped} ${w.lost}`;
}

// Style attributes set by script are fine under the page's policy; inline ones in markup would not be.
async function poll() {
  try {
    const answer = await fetch("/api/state");
    if (answer.ok) show(await answer.json());
  } catch {
    byId("sentence").textContent = words[language].lost_page;
    byId("sentence").className = "bad";
  }
  setTimeout(poll, 1000);
}

async function watch(id, article) {
  const image = article.querySelector("img"), caption = article.querySelector("figcaption");
  for (;;) {
    let pause = 1000;
    try {
      const answer = document.hidden ? null : await fetch(`/api/cameras/${id}/picture.jpg`);
      if (answer?.status === 200) {
        const old = image.src;
        image.src = URL.createObjectURL(await answer.blob());
        image.hidden = false;
        if (old) URL.revokeObjectURL(old);
        caption.textContent = "";
        pause = 200;
      } else if (!image.src) {
        caption.textContent = words[language].waiting;
        pause = 300;
      }
    } catch { /* the state poll says that the agent does not answer */ }
    await new Promise((done) => setTimeout(done, pause));
  }
}

byId("language").addEventListener("click", () => {
  language = language === "id" ? "en" : "id";
  localStorage.setItem("language", language);
  if (latest) show(latest);
});
poll();
