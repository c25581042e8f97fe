import css from "./Commands.module.css";

/** The commands that create results to compare. */
export function Commands() {
  return (
    <pre className={css.commands}>
      {["omnimind bench embeddings --target docker --no-qdrant --save docker", "omnimind bench embeddings --no-qdrant --save native --baseline docker"].join("\n")}
    </pre>
  );
}
