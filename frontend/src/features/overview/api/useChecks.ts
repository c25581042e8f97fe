import { useEffect, useState } from "react";
import { cluster } from "@/lib/backends";
import { NO_CHECKS, record, type Checks } from "../checks";

const EVERY_MS = 3000;

/** Probe every backend every three seconds while the component is mounted. */
export function useChecks(): Checks {
  const [checks, setChecks] = useState<Checks>(NO_CHECKS);
  useEffect(() => {
    let isHere = true;
    const look = async () => {
      const reports = await cluster.check();
      if (isHere) setChecks((before) => record(before, cluster.snapshot().backends, reports));
    };
    void look();
    const timer = setInterval(() => void look(), EVERY_MS);
    return () => {
      isHere = false;
      clearInterval(timer);
    };
  }, []);
  return checks;
}
