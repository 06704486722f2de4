// How many at once: counts per name, forgotten at zero, so the table is never larger than what is open.

export interface Caps {
  /** @returns false when `who` has as many as may be; otherwise `leave` must follow */
  enter(who: string): boolean;
  leave(who: string): void;
}

export function createCaps(max: number): Caps {
  const open = new Map<string, number>();
  return {
    enter(who) {
      const count = open.get(who) ?? 0;
      if (count >= max) return false;
      open.set(who, count + 1);
      return true;
    },
    leave(who) {
      const count = open.get(who)! - 1;
      if (count === 0) open.delete(who);
      else open.set(who, count);
    },
  };
}
