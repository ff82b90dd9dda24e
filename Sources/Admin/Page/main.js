// Switching views, keys, the colour scheme, and the header.
import {el, clock, seconds} from "./dom.js";
import {feed, watch} from "./feed.js";
import {lookNow} from "./window.js";
import {view as now} from "./now.js";
import {view as traffic} from "./traffic.js";
import {view as call} from "./call.js";
import {tokens, limits, callers} from "./lists.js";

const $ = id => document.getElementById(id);
const views = {now, traffic, tokens, limits, callers};
const places = new Map();
let name = "", opened = "";

function route() {
  const hash = location.hash.slice(1) || "now";
  if (hash === "view") { $("view").focus(); history.replaceState(null, "", "#" + opened); return; }
  places.set(opened, window.scrollY);
  const [path, rest = ""] = hash.split(/\?(.*)/s), [wanted, ...more] = path.split("/");
  const isCall = wanted === "traffic" && more.length > 0, view = isCall ? call : views[wanted] || now;
  document.body.dataset.from = name === "traffic" && !opened.includes("/") ? "traffic" : document.body.dataset.from || "";
  name = views[wanted] ? wanted : "now";
  const isOther = opened !== hash;
  opened = hash;
  $("view").replaceChildren(view.node);
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === "#" + name) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  let id = more.join("/");
  try { id = decodeURIComponent(id); } catch { /* keep it encoded */ }
  view.open(isCall ? id : rest);
  title();
  if (isOther) window.scrollTo(0, places.get(hash) || 0);
  if (places.size > 50) places.clear();
}

function title() {
  const state = feed.isGone ? "no answer – " : feed.state && feed.state.status !== "ready" ? feed.state.status + " – " : "";
  document.title = `${state}${opened.includes("/") ? "Call" : views[name].title} – scorm-gateway`;
}

const kinds = {ready: ["✓", "good"], degraded: ["△", "warn"], draining: ["△", "warn"], "not ready": ["✕", "bad"]};
function header() {
  const state = feed.state;
  document.body.classList.toggle("is-gone", feed.isGone);
  $("gone").hidden = !feed.isGone;
  if (feed.isGone) {
    const text = feed.reason || (feed.lastHeard ? `No answer from the gateway since ${clock(feed.lastHeard)} UTC. What you see is from then; the page goes on by itself.`
      : "No answer from the gateway. The page keeps trying.");
    if ($("gone").textContent !== text) $("gone").textContent = text;
  }
  const word = feed.isGone ? "no answer" : state ? state.status : "connecting", [mark, kind] = kinds[word] || ["✕", feed.isGone ? "bad" : "soft"];
  const text = word === "connecting" ? word : `${mark} ${word}`;
  if ($("status").textContent !== text) { $("status").textContent = text; $("status").className = "chip " + kind; title(); }
  if (state) $("facts").textContent = `version ${state.version}, up ${seconds(state.time - state.started)}, ${clock(state.time * 1000)} UTC`;
}

const schemes = ["system", "light", "dark"];
let scheme = "system";
try { scheme = schemes.find(s => s === localStorage.getItem("scheme")) || scheme; } catch { /* no storage */ }
function showScheme() {
  if (scheme === "system") delete document.documentElement.dataset.scheme; else document.documentElement.dataset.scheme = scheme;
  $("scheme-name").textContent = scheme;
  $("scheme").setAttribute("aria-label", "Scheme: " + scheme);
}
$("scheme").addEventListener("click", () => {
  scheme = schemes[(schemes.indexOf(scheme) + 1) % schemes.length];
  try { localStorage.setItem("scheme", scheme); } catch { /* no storage */ }
  showScheme();
});

document.addEventListener("keydown", event => {
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    if (isTyping) event.target.blur(); else if (opened.startsWith("traffic/")) location.hash = "#traffic";
    return;
  }
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const inList = name === "traffic" && !opened.includes("/"), wanted = Object.keys(views)[Number(event.key) - 1];
  if (wanted) location.hash = "#" + wanted;
  else if (event.key === "/") { if (!inList) location.hash = "#traffic"; setTimeout(traffic.focusFilter); }
  else if (event.key === "n" && inList) traffic.takeNew();
  else if (event.key === "j" && inList) traffic.move(1);
  else if (event.key === "k" && inList) traffic.move(-1);
  else return;
  event.preventDefault();
});

let isFirst = true;
feed.on("state", () => { header(); if (isFirst) { isFirst = false; lookNow(); } });
feed.on("connection", () => { header(); if (!feed.isGone) lookNow(); });
addEventListener("hashchange", route);
showScheme();
route();
watch();
