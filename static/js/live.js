/* One WebSocket for the page.

   <body data-live="/ws/live/"> says where. Every [data-live-channel] element names the channels
   it wants, separated by spaces, also when it arrives later by htmx. What comes in becomes DOM events:
     document "live:<channel>"  detail = the frame's data
     document "live"            detail = {channel, data}
   Frames from the server: {"channel": "spreads:BTC/USDT", "data": ...}. Where data.html stands, its
   elements replace those with the same id; an element without a counterpart goes on top of the
   [data-live-prepend] that wants the channel and ids that start so ("" takes any), which keeps
   data-live-max children. Forms come without a CSRF token and get the page's own.
   A gap after a reconnect is closed by {"op": "replay", "lastEventId": n} once an event carried
   a number (data.seq).
   The socket opens as soon as this script runs, and subscribes when the page's other scripts listen.
   States on [data-live-state]: connecting, live, reconnecting, offline. */
(() => {
  "use strict";
  const FIRST_WAIT = 500;
  const LONGEST_WAIT = 30000;
  const PING_EVERY = 15000;
  const ANSWER_WITHIN = 10000;
  const REFUSED = 4400; // 4400 + HTTP status: the server said no, asking again would not help

  let socket = null;
  let attempt = 0;
  let lastEventId = null;
  let pingTimer = 0;
  let deadTimer = 0;
  let retryTimer = 0;
  const subscribed = new Set();

  const address = () => document.body.dataset.live;
  function state(name) {
    for (const element of document.querySelectorAll("[data-live-state]")) element.dataset.state = name;
    document.dispatchEvent(new CustomEvent("live:state", { detail: { state: name } }));
  }
  const send = (message) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

  function wanted() {
    const names = new Set();
    for (const element of document.querySelectorAll("[data-live-channel]")) {
      for (const name of element.dataset.liveChannel.split(/\s+/)) if (name) names.add(name);
    }
    return names;
  }
  let listening = false; // from DOMContentLoaded on: an earlier frame would find no listener
  function align() {
    if (!listening || socket?.readyState !== WebSocket.OPEN) return;
    const names = wanted();
    for (const channel of names) {
      if (!subscribed.has(channel)) send({ op: "subscribe", channel });
      subscribed.add(channel);
    }
    for (const channel of [...subscribed]) {
      if (names.has(channel)) continue;
      send({ op: "unsubscribe", channel });
      subscribed.delete(channel);
    }
  }
  let aligning = 0;
  function alignSoon() {
    aligning ||= setTimeout(() => {
      aligning = 0;
      align();
    }, 150);
  }

  function sign(fresh) {
    const token = document.querySelector('input[name="csrfmiddlewaretoken"]');
    for (const form of fresh.querySelectorAll('form[method="post"]')) {
      if (token && !form.elements.csrfmiddlewaretoken) form.prepend(token.cloneNode());
    }
  }
  function replace(old, fresh) {
    const focused = old.contains(document.activeElement) && old !== document.activeElement;
    old.replaceWith(fresh);
    if (focused) fresh.querySelector("button, a[href]")?.focus();
  }
  function place(channel, html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    for (const fresh of [...holder.content.children]) {
      const old = fresh.id && document.getElementById(fresh.id);
      sign(fresh);
      if (old) {
        replace(old, fresh);
      } else {
        const list = [...document.querySelectorAll("[data-live-prepend]")].find(
          ({ dataset }) =>
            dataset.liveChannel.split(/\s+/).includes(channel) && fresh.id.startsWith(dataset.livePrepend),
        );
        if (!list) continue;
        list.querySelector("[data-blank]")?.remove();
        list.prepend(fresh);
        const most = Number(list.dataset.liveMax || 50);
        while (list.children.length > most) list.lastElementChild.remove();
      }
      window.htmx?.process(fresh);
    }
  }
  function tell(channel, data) {
    if (Number.isInteger(data?.seq)) lastEventId = Math.max(lastEventId ?? 0, data.seq);
    if (typeof data?.html === "string") place(channel, data.html);
    document.dispatchEvent(new CustomEvent(`live:${channel}`, { detail: data }));
    document.dispatchEvent(new CustomEvent("live", { detail: { channel, data } }));
  }
  function hear(event) {
    clearTimeout(deadTimer);
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return;
    }
    if (message.op === "replayed") {
      for (const entry of message.events) {
        if (Number.isInteger(entry.seq)) lastEventId = Math.max(lastEventId ?? 0, entry.seq);
        document.dispatchEvent(new CustomEvent("live:event", { detail: entry }));
      }
    } else if (message.op === "error") {
      subscribed.delete(message.channel);
      document.dispatchEvent(new CustomEvent("live:refused", { detail: message }));
    } else if (message.channel && "data" in message) {
      tell(message.channel, message.data);
    }
  }

  function ping() {
    send({ op: "ping" });
    clearTimeout(deadTimer);
    deadTimer = setTimeout(() => socket?.close(), ANSWER_WITHIN);
  }
  function open() {
    clearTimeout(retryTimer);
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    const url = new URL(address(), location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(url);
    socket = mine;
    mine.addEventListener("open", () => {
      attempt = 0;
      subscribed.clear();
      state("live");
      align();
      if (lastEventId !== null) send({ op: "replay", lastEventId });
      clearInterval(pingTimer);
      pingTimer = setInterval(ping, PING_EVERY);
    });
    mine.addEventListener("message", hear);
    mine.addEventListener("close", (event) => {
      if (socket !== mine) return;
      clearInterval(pingTimer);
      clearTimeout(deadTimer);
      if (event.code > REFUSED && event.code !== REFUSED + 8) return state("offline");
      later();
    });
  }
  function later() {
    if (!navigator.onLine) return state("offline"); // "online" opens again
    state("reconnecting");
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt++);
    retryTimer = setTimeout(open, wait / 2 + (Math.random() * wait) / 2);
  }

  if (address()) {
    state("connecting");
    open();
  }
  document.addEventListener("DOMContentLoaded", () => {
    if (!address()) return;
    listening = true;
    align();
    window.addEventListener("online", open);
    window.addEventListener("offline", () => state("offline"));
    document.addEventListener("visibilitychange", () => document.hidden || open());
    new MutationObserver(alignSoon).observe(document.body, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["data-live-channel"],
    });
  });
})();
