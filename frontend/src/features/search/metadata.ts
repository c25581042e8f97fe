/** Return the JSON object that a person wrote, {} for nothing, null for what is no JSON object. */
export function parseMetadata(text: string): Record<string, unknown> | null {
  if (!text.trim()) return {};
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === "object" && said !== null && !Array.isArray(said) ? (said as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
