/** Where the page begins: colours, the live stream, the frame. */
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/frame.css";
import "./style/parts.css";
import "./style/pages.css";
import { App } from "./app.tsx";
import { feed } from "./live/feed.ts";
import { applyTheme, storedTheme } from "./parts/theme.ts";

applyTheme(storedTheme());
feed.start();
const home = document.querySelector("#app");
if (home !== null) render(<App />, home);
