// Asks the primary backend, then the other two, how everything is.
const PORTS = [8000, 8080, 3001];

async function ask() {
  for (const port of PORTS) {
    try {
      const answer = await fetch(`http://${location.hostname}:${port}/health/ready`, { signal: AbortSignal.timeout(5000) });
      return await answer.json();
    } catch {
      // the next one
    }
  }
  return null;
}

function row(name, check) {
  const cells = [name, check.state, `${check.latency_ms} ms`, check.detail];
  const line = document.createElement("tr");
  for (const text of cells) line.append(Object.assign(document.createElement("td"), { textContent: text }));
  line.children[1].className = check.state;
  return line;
}

async function show() {
  const found = await ask();
  const summary = document.getElementById("summary");
  document.querySelector("table").hidden = !found;
  summary.textContent = found ? `Backend on port ${found.port}: ${found.status}` : "No backend answers.";
  document.querySelector("tbody").replaceChildren(...Object.entries(found?.checks ?? {}).map(([name, check]) => row(name, check)));
}

show();
setInterval(show, 5000);
