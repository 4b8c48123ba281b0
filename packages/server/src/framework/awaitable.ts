// Answers that are at hand, or will be: waiting for what is there already costs more than most of a request does.
// Whoever may get one awaits it, or goes on with andThen.

export type Awaitable<T> = T | Promise<T>;

/** `next` of the value: at once when it is at hand. What `next` throws then is thrown, not a rejection. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
