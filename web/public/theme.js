// Runs before the first paint, so that a stored colour scheme never flashes.
(() => {
  let stored = null;
  try {
    stored = localStorage.getItem("entrepot-theme");
  } catch {
    // Storage may be switched off: the system's scheme is used.
  }
  const dark = stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
