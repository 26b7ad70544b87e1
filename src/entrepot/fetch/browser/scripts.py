"""What the browser is asked to run in a page: in a world of its own, where the page's scripts have changed nothing."""

import json

SHUT_DOORS = """
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "RTCDataChannel", "WebTransport", "SharedWorker"]) {
  try { delete globalThis[name]; } catch {}
}
try { Object.defineProperty(Navigator.prototype, "serviceWorker", { get: () => undefined }); } catch {}
try { globalThis.print = () => {}; globalThis.open = () => null; } catch {}
"""
"""Run before a page's own scripts. It saves them futile tries; what holds them in is the proxy and the fence."""

READY = "document.readyState"

SCROLL = """(() => {
  scrollBy(0, Math.max(200, innerHeight * 0.9));
  const end = Math.max(document.documentElement.scrollHeight, document.body ? document.body.scrollHeight : 0);
  return [Math.ceil(scrollY + innerHeight), end];
})()"""

TO_TOP = "scrollTo(0, 0)"

SIZE = """(() => {
  const root = document.documentElement, body = document.body || root;
  return [Math.max(root.scrollWidth, root.clientWidth), Math.max(root.scrollHeight, body.scrollHeight, root.clientHeight)];
})()"""

_HAS = """(() => {
  try { return document.querySelector(%s) !== null; } catch { return "invalid"; }
})()"""

_SERIALISE = """(() => {
  const limit = %d;
  const type = document.doctype ? "<!DOCTYPE html>\\n" : "";
  const framed = (frame) => {
    try {
      const inner = frame.contentDocument;
      return inner && inner.body && frame.getClientRects().length && inner.body.innerText.trim() ? inner.body : null;
    } catch { return null; }
  };
  let mixed = false;
  for (const each of document.querySelectorAll("*")) {
    if (each.shadowRoot || (each.localName === "iframe" && framed(each))) { mixed = true; break; }
  }
  let html;
  if (mixed) {
    const quiet = document.implementation.createHTMLDocument("");
    const copy = (node, depth) => {
      if (node.nodeType !== 1 || depth > 2000 || node.localName === "template") return quiet.importNode(node, true);
      const inner = node.localName === "iframe" ? framed(node) : null;
      const made = inner ? quiet.createElement("div") : quiet.importNode(node, false);
      const given = node.localName === "slot" ? node.assignedNodes() : [];
      const holder = inner || node.shadowRoot || node;
      for (const child of given.length ? given : holder.childNodes) made.appendChild(copy(child, depth + 1));
      return made;
    };
    html = type + copy(document.documentElement, 0).outerHTML;
  } else {
    html = type + document.documentElement.outerHTML;
  }
  return { html: html.length > limit ? null : html, url: document.URL };
})()"""


def has(selector: str) -> str:
    """Whether anything fits a CSS selector: true, false, or "invalid" where it does not parse."""
    return _HAS % json.dumps(selector)


def serialise(max_chars: int) -> str:
    """The page as its readers see it: open shadow roots and frames of the same origin in their places.

    `html` is null where it would be longer than `max_chars`.
    """
    return _SERIALISE % max_chars
