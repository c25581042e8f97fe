/** Says to those who cannot see it that something has come: it must be on the page before, empty. */
export function Announce({ text }: { text: string }) {
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}
