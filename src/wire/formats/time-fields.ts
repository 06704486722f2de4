// What the time of a row is usually called, where nobody has said its name.

export const TIME_FIELDS = ['time', 'timestamp', 'ts', 't', 'date', 'datetime'] as const;
