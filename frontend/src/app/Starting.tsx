import css from "./Starting.module.css";
import { Loading } from "@/components/Loading";

/** Shown until the first page has loaded. */
export function Starting() {
  return (
    <main className={css.starting}>
      <Loading />
    </main>
  );
}
