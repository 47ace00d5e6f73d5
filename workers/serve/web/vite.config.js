import { defineConfig } from "vite";

// Names without fingerprints and no source map: the Rust program includes these three files as bytes.
export default defineConfig({
  base: "/",
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    target: ["chrome123", "firefox128", "safari17.5"],
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: "assets/app.js",
        assetFileNames: "assets/app[extname]",
        codeSplitting: false,
      },
    },
  },
  // `npm run dev` speaks to the mock server, or to the server that MILLRACE_WEB_URL names.
  server: { proxy: { "/v1": process.env.MILLRACE_WEB_URL ?? "http://127.0.0.1:8790" } },
});
