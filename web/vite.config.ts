import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const service = process.env.ENTREPOT_ORIGIN ?? "http://127.0.0.1:8080";

// ReDoc shows a logo from its makers' server; without the picture it leaves it out, and our pages ask nobody but the service.
// Its wrapper asks for a module called "null" that nobody has and nothing needs.
const REDOC_CHANGES = { "https://cdn.redoc.ly/redoc/logo-mini.svg": "data:,", 'require("null")': "null" };
const withTameRedoc: Plugin = {
  name: "tame-redoc",
  transform(code, id) {
    if (!id.endsWith("/redoc.standalone.js")) return null;
    const missing = Object.keys(REDOC_CHANGES).filter((old) => !code.includes(old));
    if (missing.length) this.error(`ReDoc no longer holds ${missing.join(", ")}: see what it asks for now.`);
    return { code: Object.entries(REDOC_CHANGES).reduce((text, [old, fresh]) => text.replaceAll(old, fresh), code), map: null };
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), withTameRedoc],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/entrepot/ui",
    emptyOutDir: true,
    // The service answers /assets/* itself: that is where the goods are.
    assetsDir: "ui",
    // A data: URL would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 2000, // the two API references, loaded on their own pages alone
    rolldownOptions: { input: ["index.html", "swagger.html", "redoc.html"] },
  },
  server: { proxy: { "/api": service, "/v1": service, "/assets": service } },
});
