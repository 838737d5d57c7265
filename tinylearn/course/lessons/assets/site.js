// The theme: the system's, unless the reader chose one. The choice is kept in this browser.
const THEMES = ["auto", "light", "dark"], KEPT = "tinylearn-theme";
const root = document.documentElement;

function chosen() {
  try { return localStorage.getItem(KEPT) || "auto"; } catch { return "auto"; }
}

// Pictures look for JupyterLab's mark on the body; without it they follow the system.
function paint(theme) {
  if (theme === "auto") {
    delete root.dataset.theme;
    delete document.body.dataset.jpThemeLight;
  } else {
    root.dataset.theme = theme;
    document.body.dataset.jpThemeLight = String(theme === "light");
  }
}

let theme = chosen();
paint(theme);

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  const say = () => { button.textContent = "theme: " + theme; };
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try { localStorage.setItem(KEPT, theme); } catch { /* not kept, but shown */ }
    paint(theme);
    say();
  });
  say();
});
addEventListener("storage", event => {
  if (event.key !== KEPT) return;
  theme = chosen();
  paint(theme);
  document.getElementById("theme").textContent = "theme: " + theme;
});

// Paper is white, and nothing can be opened on it.
let opened = [];
addEventListener("beforeprint", () => {
  paint("light");
  opened = [...document.querySelectorAll(".tlv-rest:not([open]), .tlv-rest details:not([open])")];
  for (const text of opened) text.open = true;
});
addEventListener("afterprint", () => {
  paint(theme);
  for (const text of opened) text.open = false;
});

// Beside the text the contents are always open; above it they would push it off the screen.
function openContents() {
  const wide = matchMedia("(min-width: 70rem)");
  const list = document.querySelector(".contents details");
  const follow = () => { list.open = wide.matches; };
  wide.addEventListener("change", follow);
  follow();
}
