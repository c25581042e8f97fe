import { Card } from "./Card";
import { ErrorState } from "./ErrorState";
import { Loading } from "./Loading";

interface Props {
  title: string;
  /** The question whose answer is not there. */
  read: { isError: boolean; error: unknown; refetch: () => unknown };
  lines: number;
}

/** The card of something that is not there: it comes, or it says why not. */
export function Awaited({ title, read, lines }: Props) {
  return <Card title={title}>{read.isError ? <ErrorState error={read.error} onRetry={() => void read.refetch()} /> : <Loading lines={lines} />}</Card>;
}
