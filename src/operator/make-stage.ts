// Turns item handlers into a stage: the RxJS part of an operator, written once. Handlers run inside `new Observable`, so
// state taken from the context belongs to this subscription alone; a kind without a handler passes through in order.
// A throw in a handler ends the stream with `error` (operating trouble is a Gap, never a throw). Contract: stage.ts.

// From where it lies: all of rxjs takes 100 ms to load on a small machine, and 6 MB.
import { Observable } from 'rxjs/internal/Observable';
import type { Chunk, Detection, Gap, Item, Mark } from '../item/item.ts';
import type { Stage, StreamContext } from './stage.ts';

export type Emit = (item: Item) => void;

export interface ItemHandlers {
  readonly chunk?: (item: Chunk) => void;
  readonly gap?: (item: Gap) => void;
  readonly mark?: (item: Mark) => void;
  readonly detection?: (item: Detection) => void;
}

/** A detection that a stage gives: its name and its values in order. Lets the wire leave the names out (framed binary). */
export interface Declared {
  readonly op: string;
  readonly values: readonly string[];
}

const DECLARED = new WeakMap<Stage, readonly Declared[]>();

/** What the stages of a pipeline said they give. One that says nothing is no less a stage: its names travel with it. */
export const declaredBy = (stages: readonly Stage[]): readonly Declared[] =>
  stages.flatMap((stage) => DECLARED.get(stage) ?? []);

/** `open` is called once per stream: it takes its state from the context and returns handlers that `emit` 0..n items. */
export function makeStage(
  open: (context: StreamContext, emit: Emit) => ItemHandlers,
  declared: readonly Declared[] = [],
): Stage {
  const stage: Stage = (context) => (source) =>
    new Observable<Item>((subscriber) => {
      const emit: Emit = (item) => subscriber.next(item);
      const handlers = open(context, emit);
      return source.subscribe({
        next: (item) => {
          if (subscriber.closed) return; // a synchronous source goes on after an error, until it can be unsubscribed
          try {
            handle(handlers, item, emit);
          } catch (thrown) {
            subscriber.error(thrown);
          }
        },
        error: (thrown) => subscriber.error(thrown),
        complete: () => subscriber.complete(),
      });
    });
  if (declared.length > 0) DECLARED.set(stage, declared);
  return stage;
}

function handle(handlers: ItemHandlers, item: Item, emit: Emit): void {
  switch (item.kind) {
    case 'chunk':
      return (handlers.chunk ?? emit)(item);
    case 'gap':
      return (handlers.gap ?? emit)(item);
    case 'mark':
      return (handlers.mark ?? emit)(item);
    case 'detection':
      return (handlers.detection ?? emit)(item);
    case 'forecast':
      return emit(item);
    default:
      item satisfies never;
  }
}
