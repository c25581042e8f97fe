/** The addresses of the backends, as the page must call them. */

const PORTS = [8000, 8080, 3001];
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Return the backends of /cluster.json with the page's own host name, because a cookie for localhost is not sent to 127.0.0.1. */
export function parseBackends(document: unknown, hostname: string): string[] {
  const urls = typeof document === "object" && document !== null && "backends" in document ? document.backends : null;
  if (!Array.isArray(urls) || urls.length === 0) return defaultBackends(hostname);
  return urls.map((address) => {
    const url = new URL(String(address));
    if (LOOPBACK.includes(url.hostname) && LOOPBACK.includes(hostname)) url.hostname = hostname;
    return url.origin;
  });
}

/** Return the default ports on the page's own host. */
export function defaultBackends(hostname: string): string[] {
  return PORTS.map((port) => `http://${hostname}:${port}`);
}
