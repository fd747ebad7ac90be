// The local page: asks for the state once a second and for pictures as fast as they are drawn. No library, works offline.
"use strict";

const words = {
  id: {
    ok: "terhubung", connecting: "menyambung…", noSignal: "tidak ada gambar", ended: "rekaman selesai", simulated: "simulasi",
    waiting: "menunggu gambar…", none: "Belum ada kejadian.", phase: { new: "baru", update: "berlanjut", end: "selesai" },
    broker: "Pusat komando terhubung", noBroker: "Pusat komando tidak terhubung", queue: "menunggu kirim", sent: "terkirim", lost: "dibuang",
    fps: "gambar/dtk dianalisis", delay: "tunda", skipped: "dilewati", again: "sambung ulang", chart: "per 30 detik, 10 menit terakhir",
    calm: "Semua kamera bekerja. Tidak ada kejadian yang terbuka.", open: (n) => `${n} kejadian masih terbuka.`, dark: (n) => `${n} kamera tanpa gambar.`,
    person: "orang", bicycle: "sepeda", car: "mobil", motorcycle: "sepeda motor", bus: "bus", truck: "truk", lost_page: "Agen tidak menjawab.",
  },
  en: {
    ok: "connected", connecting: "connecting…", noSignal: "no picture", ended: "recording over", simulated: "simulated",
    waiting: "waiting for a picture…", none: "No events yet.", phase: { new: "new", update: "lasts", end: "over" },
    broker: "Command center connected", noBroker: "Command center not connected", queue: "waiting", sent: "sent", lost: "dropped",
    fps: "frames/s analysed", delay: "delay", skipped: "skipped", again: "reconnects", chart: "per 30 seconds, last 10 minutes",
    calm: "All cameras work. No open event.", open: (n) => `${n} open event(s).`, dark: (n) => `${n} camera(s) without picture.`,
    person: "people", bicycle: "bicycles", car: "cars", motorcycle: "motorcycles", bus: "buses", truck: "trucks", lost_page: "The agent does not answer.",
  },
};
const colours = ["#5ab6ff", "#ffc247", "#4cd28b", "#ff8fb3", "#b79bff", "#ff9f5a"];
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
  const dark = state.cameras.filter((c) => c.state === "noSignal").length;
  const phases = new Map();
  for (const event of [...state.events].reverse()) phases.set(event.eventId, event.phase);
  const open = [...phases.values()].filter((phase) => phase !== "end").length;
  const parts = [];
  if (dark) parts.push(w.dark(dark));
  if (open) parts.push(w.open(open));
  return parts.length ? parts.join(" ") : w.calm;
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
  health.replaceChildren(
    `${camera.fpsAnalysed.toFixed(1)} ${w.fps} · ${w.delay} ${Math.round(camera.latencyMs)} ms · ${w.skipped} ${camera.droppedFrames} · ${w.again} ${camera.reconnects}`);
  if (camera.cause) health.append(element("span", `${camera.cause}. ${camera.hint ?? ""}`, "cause"));
  const figures = article.querySelector(".figures");
  figures.replaceChildren();
  const perDirection = new Map();
  for (const { line, direction, n } of camera.counts) {
    const key = `${line} → ${direction}`;
    perDirection.set(key, (perDirection.get(key) ?? 0) + n);
  }
  for (const [key, n] of perDirection) figures.append(figure(key, n));
  for (const zone of camera.zones) figures.append(figure(`${zone.name}: ${w[zone.class]}`, zone.n));
  chart(article, camera);
}

function figure(name, n) {
  const made = element("span", name, "figure");
  made.append(element("b", String(n)));
  return made;
}

function chart(article, camera) {
  const svg = article.querySelector("svg"), legend = article.querySelector(".legend");
  const series = new Map();
  for (const [ago, key] of camera.crossings) {
    const bin = BINS - 1 - Math.floor(ago / BIN_SECONDS);
    if (bin < 0 || bin >= BINS) continue;
    if (!series.has(key)) series.set(key, new Array(BINS).fill(0));
    series.get(key)[bin] += 1;
  }
  svg.replaceChildren();
  legend.replaceChildren();
  svg.style.display = series.size ? "block" : "none";
  if (!series.size) return;
  const keys = [...series.keys()].sort();
  const top = Math.max(4, ...keys.flatMap((key) => series.get(key)));
  const shape = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    svg.append(made);
    return made;
  };
  shape("line", { x1: 28, x2: 600, y1: 104, y2: 104, stroke: "#2a3541" });
  shape("line", { x1: 28, x2: 600, y1: 10, y2: 10, stroke: "#2a3541", "stroke-dasharray": "3 5" });
  shape("text", { x: 0, y: 15 }).textContent = top;
  shape("text", { x: 0, y: 108 }).textContent = "0";
  const step = 570 / BINS, width = (step - 4) / keys.length;
  keys.forEach((key, k) => {
    series.get(key).forEach((n, bin) => {
      const height = (n / top) * 94;
      if (n) shape("rect", { x: 30 + bin * step + k * width, y: 104 - height, width: Math.max(width - 1, 1), height, fill: colours[k % colours.length], rx: 1 });
    });
    const entry = element("span", key);
    const dot = element("i");
    dot.style.background = colours[k % colours.length];
    entry.prepend(dot);
    legend.append(entry);
  });
  legend.append(element("span", `(${words[language].chart})`));
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
  byId("sentence").textContent = sentence(state);
  byId("version").textContent = `simpang ${state.version}`;
  byId("language").textContent = language === "id" ? "EN" : "ID";
  for (const marked of document.querySelectorAll("[data-id]")) marked.textContent = marked.dataset[language];
  state.cameras.forEach(showCamera);
  showEvents(state.events);
  const d = state.delivery;
  byId("delivery").textContent = `${d.connected ? w.broker : w.noBroker}${d.cause ? ` (${d.cause})` : ""} · ${d.depth} ${w.queue} · ${d.delivered} ${w.sent} · ${d.dropped} ${w.lost}`;
}

// Style attributes set by script are fine under the page's policy; inline ones in markup would not be.
async function poll() {
  try {
    const answer = await fetch("/api/state");
    if (answer.ok) show(await answer.json());
  } catch {
    byId("sentence").textContent = words[language].lost_page;
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
