
  // The sound of the last seconds, and the score of the last minute.
  const heat = {{heat}};
  const bands = {{bands}}, columnsPerSecond = {{rate}}, minute = 60;
  const sound = document.getElementById("sound"), course = document.getElementById("course");
  // Drawn out of sight, and then shown.
  const ribbon = document.createElement("canvas");
  [ribbon.width, ribbon.height] = [sound.width, bands];
  sound.height = bands;
  const [unseen, seen] = [ribbon, sound].map(canvas => canvas.getContext("2d"));
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  // At most once a second for those who do not want things to move.
  const calmly = draw => {
    let drawn = -Infinity;
    return () => {
      if (calm.matches && performance.now() - drawn < 1000) return;
      drawn = performance.now();
      draw();
    };
  };
  const scores = [];
  const ago = seconds => words.ago.replace("{seconds}", () => seconds);
  say(document.getElementById("ago"), ago(sound.width / columnsPerSecond));
  say(document.getElementById("minute"), ago(minute));

  const paint = calmly(() => seen.drawImage(ribbon, 0, 0));

  // Columns as they come: two hexadecimal digits for a band, the lowest first.
  const hear = data => {
    const columns = Math.min(Math.floor(data.length / 2 / bands), ribbon.width);
    if (columns === 0) return;
    const image = unseen.createImageData(columns, bands);
    for (let column = 0; column < columns; column++) {
      for (let band = 0; band < bands; band++) {
        const at = 2 * (column * bands + band);
        const color = heat[parseInt(data.slice(at, at + 2), 16)] ?? heat[0];
        image.data.set([...color, 255], 4 * ((bands - 1 - band) * columns + column));
      }
    }
    unseen.drawImage(ribbon, -columns, 0);
    unseen.putImageData(image, ribbon.width - columns, 0);
    paint();
  };

  const plot = () => {
    const scale = devicePixelRatio || 1;
    const [width, height] = [course.clientWidth, course.clientHeight].map(side => Math.round(side * scale));
    // Given a size, it is empty.
    [course.width, course.height] = [width, height];
    const line = course.getContext("2d"), style = getComputedStyle(document.body);
    line.lineWidth = scale;
    line.strokeStyle = style.getPropertyValue("--track");
    for (const share of [0.25, 0.5, 0.75]) {
      line.beginPath();
      line.moveTo(0, height * share);
      line.lineTo(width, height * share);
      line.stroke();
    }
    if (scores.length === 0) return;
    const now = scores.at(-1).t, inset = 3 * scale;
    const x = t => width - (now - t) / minute * width;
    const y = score => height - inset - score * (height - 2 * inset);
    line.lineWidth = 2 * scale;
    line.strokeStyle = style.getPropertyValue("--bright");
    line.beginPath();
    let before = -Infinity;
    for (const { t, score } of scores) {
      // Where nothing was decided for a while, there is no line.
      if (t - before > 3) line.moveTo(x(t), y(score));
      else line.lineTo(x(t), y(score));
      before = t;
    }
    line.stroke();
    // Along the ground, when it was a match.
    line.fillStyle = "{{match}}";
    for (const { t } of scores.filter(({ state }) => state === "match")) line.fillRect(x(t) - scale, height - inset, 2 * scale, inset);
  };

  const replot = calmly(plot);

  const remember = ({ t, score, state }) => {
    // A run that was begun anew begins at 0.
    if (scores.length > 0 && t < scores.at(-1).t) scores.length = 0;
    scores.push({ t, score, state });
    while (scores[0].t < t - minute) scores.shift();
    replot();
  };

  unseen.fillStyle = `rgb(${heat[0].join(" ")})`;
  unseen.fillRect(0, 0, ribbon.width, ribbon.height);
  seen.drawImage(ribbon, 0, 0);
  plot();
  addEventListener("resize", plot);
