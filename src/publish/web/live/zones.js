
  // Zones: those of the rules are shown, and another can be drawn for the settings.
  // Of each rule, its zones and masks: polygons of corners in 0..1 of the picture.
  const rules = {{rules}};
  const [zones, draw, corners, undo, copy] =
    ["outline", "draw", "corners", "undo", "copy"].map(id => document.getElementById(id));
  const drawn = [], model = zones.firstElementChild;
  // Where a corner would be set by the keyboard; none until an arrow is pressed.
  let cursor;

  const within = value => Math.min(1, Math.max(0, value));

  // Where the picture itself lies within its element.
  const place = () => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    const [w, h] = [picture.naturalWidth || width, picture.naturalHeight || height];
    const scale = Math.min(width / w, height / h);
    return { left: left + (width - w * scale) / 2, top: top + (height - h * scale) / 2, width: w * scale, height: h * scale };
  };

  const polygon = (points, kind, title) => {
    const element = model.cloneNode();
    element.setAttribute("points", points.map(point => point.join(",")).join(" "));
    element.setAttribute("class", kind);
    element.setAttribute("data-rule", title);
    return element;
  };

  const outline = () => {
    const drawing = document.body.classList.contains("drawing");
    const { left, top, width, height } = place();
    Object.assign(zones.style, {
      left: `${left + scrollX}px`, top: `${top + scrollY}px`, width: `${width}px`, height: `${height}px`,
    });
    const here = ([, rule]) => rule.sources.length === 0 || source === undefined || rule.sources.includes(source);
    const known = Object.entries(rules).filter(here).flatMap(([name, { zones, masks }]) => [
      ...zones.map(points => polygon(points, "zone", name)),
      ...masks.map(points => polygon(points, "mask", name)),
    ]);
    const dot = cursor ? [[-1, 0], [0, -1], [1, 0], [0, 1]].map(([x, y]) => [cursor[0] + x * 0.01, cursor[1] + y * 0.01]) : [];
    zones.replaceChildren(...(drawing ? [...known, polygon(drawn, "new", ""), polygon(dot, "cursor", "")] : []));
    const rounded = drawn.map(point => `[${point.map(value => value.toFixed(3)).join(", ")}]`);
    const enough = drawn.length >= 3;
    say(corners, enough ? `zones = [[${rounded.join(", ")}]]` : words.zones_hint);
    undo.disabled = drawn.length === 0;
    copy.disabled = !enough;
  };

  const toggle = () => {
    const drawing = document.body.classList.toggle("drawing");
    draw.setAttribute("aria-expanded", drawing);
    if (drawing) picture.tabIndex = 0;
    else picture.removeAttribute("tabindex");
    cursor = undefined;
    outline();
  };

  picture.addEventListener("click", ({ clientX, clientY }) => {
    if (!document.body.classList.contains("drawing")) return;
    const { left, top, width, height } = place();
    drawn.push([within((clientX - left) / width), within((clientY - top) / height)]);
    outline();
  });
  picture.addEventListener("keydown", event => {
    if (!document.body.classList.contains("drawing")) return;
    const step = event.shiftKey ? 0.002 : 0.02;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (move) cursor = (cursor ?? [0.5, 0.5]).map((value, axis) => within(value + move[axis]));
    else if (event.key === "Enter" && cursor) drawn.push(cursor);
    else if (event.key === "Escape") { toggle(); draw.focus(); }
    else return;
    event.preventDefault();
    outline();
  });
  draw.addEventListener("click", toggle);
  undo.addEventListener("click", () => { drawn.pop(); outline(); });
  copy.addEventListener("click", async () => {
    // Without encryption a browser copies nothing by itself: the text is selected, for the keyboard.
    getSelection().selectAllChildren(corners);
    await navigator.clipboard?.writeText(corners.textContent).catch(() => {});
  });
  picture.addEventListener("load", outline);
  addEventListener("resize", outline);
  if (location.hash === "#zones") toggle();

  look();
  listen();
