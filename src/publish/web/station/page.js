  // The page asks for itself again and takes over what is new. Nothing of it is read out by itself.
  const pause = 5000, note = document.getElementById("note"), log = document.getElementById("log");

  const take = (here, there) => {
    if (here.innerHTML !== there.innerHTML) here.innerHTML = there.innerHTML;
  };

  // Who reads the end of the log stays at its end.
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 4;
  log.scrollTop = log.scrollHeight;

  setInterval(async () => {
    // Whoever is within a table must not lose the place.
    if (document.hidden || document.getElementById("now").contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const end = atEnd();
      for (const id of ["now", "settings", "log"]) {
        const [here, there] = [document, page].map(where => where.getElementById(id));
        if (here && there) take(here, there);
      }
      if (end) log.scrollTop = log.scrollHeight;
      note.textContent = "";
    } catch {
      note.textContent = {{no_connection}};
    }
  }, pause);
