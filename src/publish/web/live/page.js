  const words = {{words}};
  const sentences = {{sentences}};
  const deaf = {{deaf}};
  const devices = {{devices}};
  // Where there are several: the first is shown, or the one that the address names.
  const sources = {{sources}};
  const source = new URLSearchParams(location.search).get("source") ?? sources[0];
  // How long, in milliseconds, nothing may come before that is said; and before another try.
  const patience = 3000, again = 2000;
  const [picture, sentence, number, track, fill, note] =
    ["picture", "sentence", "number", "track", "fill", "note"].map(id => document.getElementById(id));
  // When an event came last; never: 0. How often the pictures were begun.
  let latest = 0, begun = 0;
  document.body.dataset.state = "away";

  // What this page was asked with, the token above all, goes with everything that it asks for.
  const address = (path, extra) => {
    const query = new URLSearchParams(location.search);
    if (source !== undefined) query.set("source", source);
    for (const [name, value] of Object.entries(extra)) query.set(name, value);
    return query.size ? `${path}?${query}` : path;
  };

  // The same sentence again must not be read out again.
  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  const look = () => { picture.src = address("view.mjpeg", { n: begun++ }); };

  const spoken = event => {
    const unheard = event.state === "silent" ? deaf[event.devices?.microphone] : undefined;
    const named = event.state === "match" && event.name ? words.here_named.replace("{name}", () => event.name) : undefined;
    return unheard ?? named ?? sentences[event.state] ?? event.state;
  };

  const show = event => {
    // With the events, the stream of pictures had ended, too.
    if (document.body.dataset.state === "away" && latest > 0) look();
    latest = performance.now();
    document.body.dataset.state = event.state;
    say(sentence, spoken(event));
    say(number, event.score.toFixed(2));
    track.setAttribute("aria-valuenow", event.score.toFixed(2));
    fill.style.width = `${100 * event.score}%`;
    const off = Object.entries(event.devices ?? {}).filter(([, state]) => state !== "live");
    say(note, off.map(([what, state]) => devices[what]?.[state] ?? `${what}: ${state}`).join("; "));
    remember(event);
  };

  const listen = () => {
    const events = new EventSource(address("events", { sound: 1 }));
    events.onmessage = ({ data }) => show(JSON.parse(data));
    events.addEventListener("sound", ({ data }) => hear(data));
    events.onerror = () => {
      // Cut off, the browser tries again by itself; turned away, it does not.
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, again);
    };
  };

  for (const name of sources) {
    const query = new URLSearchParams(location.search);
    query.set("source", name);
    const link = document.createElement("a");
    link.href = `?${query}`;
    link.textContent = name;
    if (name === source) link.setAttribute("aria-current", "page");
    document.getElementById("sources").append(link);
  }

  setInterval(() => {
    if (performance.now() - latest <= patience) return;
    document.body.dataset.state = "away";
    say(sentence, latest > 0 ? words.no_connection : words.connecting);
    say(number, "");
    say(note, "");
    fill.style.width = "0";
  }, 1000);
