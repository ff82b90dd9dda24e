// The gateway's events: each call when it ends, and the gateway's state once a second.

const patience = 6000, again = 5000, hiddenFor = 60000;
const listeners = {call: [], state: [], resync: [], connection: []};
let source = null, lastID = null, heardAt = 0, hiddenAt = 0, lostAt = 0;

export const feed = {
  state: null,
  // When the state arrived, and when the last event did: milliseconds since 1970.
  stateAt: 0,
  lastHeard: 0,
  isGone: false,
  reason: "",
  on(kind, action) { listeners[kind].push(action); },
};

function tell(kind, value) { for (const action of listeners[kind]) action(value); }

function heard(event) {
  heardAt = performance.now();
  feed.lastHeard = Date.now();
  if (event.lastEventId) lastID = event.lastEventId;
  if (feed.isGone || !lostAt) { lostAt = 1; feed.isGone = false; tell("connection"); }
}

function gone(reason) {
  if (feed.isGone && feed.reason === reason) return;
  feed.isGone = true;
  feed.reason = reason;
  tell("connection");
}

function open() {
  source?.close();
  source = new EventSource("/api/events" + (lastID ? "?after=" + encodeURIComponent(lastID) : ""));
  const mine = source;
  const take = (kind, action) => source.addEventListener(kind, event => {
    heard(event);
    action(event);
  });
  take("call", event => {
    try { tell("call", JSON.parse(event.data)); } catch { tell("resync"); }
  });
  take("state", event => {
    feed.state = JSON.parse(event.data);
    feed.stateAt = Date.now();
    tell("state", feed.state);
  });
  take("resync", () => tell("resync"));
  take("ping", () => {});
  source.onerror = async () => {
    if (mine !== source || mine.readyState !== EventSource.CLOSED) return;
    // The connection was refused or closed permanently, so the EventSource does not reconnect by itself.
    source = null;
    try {
      await fetch("/healthz", {cache: "no-store"});
      gone("The gateway answers, but too many pages are watching it. Close one.");
    } catch { gone(""); }
    setTimeout(() => source || document.hidden || open(), again);
  };
}

export function watch() {
  heardAt = performance.now();
  open();
  setInterval(() => {
    if (document.hidden) {
      // A tab that has been hidden for a minute closes its connection, because the gateway serves a limited number.
      if (source && hiddenAt && performance.now() - hiddenAt > hiddenFor) { source.close(); source = null; }
      return;
    }
    if (performance.now() - heardAt > patience) gone(feed.reason);
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    hiddenAt = document.hidden ? performance.now() : 0;
    if (document.hidden) return;
    heardAt = performance.now();
    if (!source) open();
  });
}
