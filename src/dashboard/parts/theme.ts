/** Light or dark: as the system has it unless this browser was told otherwise. */

export type Theme = "system" | "light" | "dark";

const key = "headgate-theme";

export function storedTheme(): Theme {
  const stored = localStorage.getItem(key);
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** Sets it for the page and for the next visit. Charts hear of it by the event `themechange`. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(key);
  else localStorage.setItem(key, theme);
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  dispatchEvent(new Event("themechange"));
}

/** The value that a colour of the style sheet, such as `--water`, has in the theme of now; `rgb(…)`. */
export function colour(name: string, opacity = 1): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return opacity === 1 ? color : color.replace("rgb(", "rgba(").replace(")", `, ${opacity})`);
}
