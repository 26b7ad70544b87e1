import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app";
import { Bulkhead } from "@/shell/bulkhead";
import "@/styles.css";

const client = new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false } } });
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Bulkhead>
        <App />
      </Bulkhead>
    </QueryClientProvider>
  </StrictMode>,
);
