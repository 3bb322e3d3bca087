/** nginx's passive check with its penalties counted; in observe mode it only counts them. */
import type { MaxFails } from "../health/max-fails.ts";
import type { ProtectionCounts } from "../limits/protection-counts.ts";
import type { LimitMode } from "../limits/verdict.ts";
import type { PassiveCheck } from "../upstream/endpoint.ts";

export function countedCheck(record: MaxFails, mode: LimitMode, protections: ProtectionCounts): PassiveCheck {
  return {
    isPenalized: mode === "observe" ? () => false : (nowSeconds) => record.isPenalized(nowSeconds),
    chosen: (nowSeconds) => record.chosen(nowSeconds),
    succeeded: () => record.succeeded(),
    failed(nowSeconds) {
      const wasPenalized = record.isPenalized(nowSeconds);
      record.failed(nowSeconds);
      if (!wasPenalized && record.isPenalized(nowSeconds)) protections.count("max-fails", mode);
    },
  };
}
