/** Announces new content to screen readers. It must be on the page, empty, before the text arrives. */
export function Announce({ text }: { text: string }) {
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}
