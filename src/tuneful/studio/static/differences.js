// Words that one of two texts has and the other lacks, by their longest common subsequence.

const MOST_CELLS = 4_000_000;

const wordsOf = (text) => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

/** Both texts as [word, is it in one only]; null where they are too long to compare. */
export function differences(first, second) {
  const a = wordsOf(first), b = wordsOf(second);
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const rows = a.length - head - tail, columns = b.length - head - tail;
  if (rows * columns > MOST_CELLS) return null;
  // longest[i * width + j]: the common subsequence of what follows a's i-th and b's j-th word.
  const width = columns + 1, longest = new Uint16Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      longest[i * width + j] = a[head + i] === b[head + j]
        ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const own = [a.map((word) => [word, false]), b.map((word) => [word, false])];
  for (let i = 0, j = 0; i < rows || j < columns;) {
    if (i < rows && j < columns && a[head + i] === b[head + j]) { i++; j++; }
    else if (j === columns || (i < rows && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      own[0][head + i++][1] = true;
    } else own[1][head + j++][1] = true;
  }
  return own.map(runs);
}

/** Words as pieces of one kind; spaces between two words of one's own are its own, too. */
function runs(words) {
  const found = [];
  words.forEach(([word, own], i) => {
    const between = !word.trim() && words[i - 1]?.[1] && words[i + 1]?.[1];
    const is = own || Boolean(between);
    if (found.at(-1)?.[1] === is) found.at(-1)[0] += word;
    else found.push([word, is]);
  });
  return found;
}
