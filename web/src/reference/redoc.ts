/** ReDoc: the API to be read. */
import "@/reference/redoc.css";
import { init } from "redoc/bundles/redoc.standalone.js";

const place = document.getElementById("reference");
if (!place) throw new Error("redoc.html has no #reference");
void init("/api/openapi.json", { hideDownloadButton: false, nativeScrollbars: true }, place);
