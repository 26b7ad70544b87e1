/** The colour scheme: the system's until a person chooses one; the choice is kept in this browser. */
import { useCallback, useEffect, useState } from "react";

export type Theme = "light" | "dark";
const KEY = "entrepot-theme";
const SYSTEM_DARK = "(prefers-color-scheme: dark)";

function storedTheme(): Theme | null {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "dark" || stored === "light" ? stored : null;
  } catch {
    return null; // storage may be switched off
  }
}

function systemTheme(): Theme {
  return matchMedia(SYSTEM_DARK).matches ? "dark" : "light";
}

/** Keeps a choice that differs from the system's; one that agrees with it follows the system from then on. */
function storeTheme(theme: Theme): void {
  try {
    if (theme === systemTheme()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    return; // the choice then lasts as long as the page
  }
}

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => storedTheme() ?? systemTheme());
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    const system = matchMedia(SYSTEM_DARK);
    const follow = () => setTheme(storedTheme() ?? systemTheme());
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  const toggle = useCallback(() => {
    const next = theme === "dark" ? "light" : "dark";
    storeTheme(next);
    setTheme(next);
  }, [theme]);
  return [theme, toggle];
}
