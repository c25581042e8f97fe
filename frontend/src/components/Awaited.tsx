import { Card } from "./Card";
import { ErrorState } from "./ErrorState";
import { Loading } from "./Loading";

interface Props {
  title: string;
  /** The query without data. */
  read: { isError: boolean; error: unknown; refetch: () => unknown };
  lines: number;
}

/** A card for data that is not available: it shows loading or the error. */
export function Awaited({ title, read, lines }: Props) {
  return <Card title={title}>{read.isError ? <ErrorState error={read.error} onRetry={() => void read.refetch()} /> : <Loading lines={lines} />}</Card>;
}
