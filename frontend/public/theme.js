// Before the first paint, so that a chosen theme does not flash the other one. The rest is in src/lib/theme.ts.
try {
  const chosen = localStorage.getItem("omnimind.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // storage is switched off: the system's theme it is
}
