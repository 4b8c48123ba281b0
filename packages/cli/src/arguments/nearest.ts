// Guesses which word was meant. For hints only: nothing may act on the guess.

/** Changes, insertions, removals and swaps of neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row += 1) {
    rows[row] = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const least = Math.min(
        cell(row - 1, column - 1) + (same ? 0 : 1),
        cell(row, column - 1) + 1,
        cell(row - 1, column) + 1,
        swapped && row > 1 && column > 1 ? cell(row - 2, column - 2) + 1 : Number.MAX_VALUE,
      );
      rows[row]?.push(least);
    }
  }
  return cell(a.length, b.length);
}

/** The known word closest to `word`, null if none is close (more than a third of it would have to change). */
export function findNearest(word: string, known: readonly string[]): string | null {
  if (word.length > 64) return null;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const away = distance(word, candidate);
    if (away <= limit && (best === null || away < best.distance)) {
      best = { word: candidate, distance: away };
    }
  }
  return best?.word ?? null;
}
