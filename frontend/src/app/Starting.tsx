import css from "./Starting.module.css";
import { Loading } from "@/components/Loading";

/** Until the first page has come. */
export function Starting() {
  return (
    <main className={css.starting}>
      <Loading />
    </main>
  );
}
