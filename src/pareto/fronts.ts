/** What points are compared by: fewer bytes and a higher score are better. */
export interface Standing {
  readonly bytes: number;
  readonly score: number;
}

/** Which of the points another one dominates. */
export function dominatedIn(points: readonly Standing[]): boolean[] {
  const dominated = points.map(() => false);
  let best = -Infinity; // of all with fewer bytes
  for (const group of byBytes(points)) {
    const most = Math.max(...group.map((i) => points[i]!.score));
    for (const i of group) dominated[i] = points[i]!.score < most || points[i]!.score <= best;
    best = Math.max(best, most);
  }
  return dominated;
}

/** Indices in groups of equal bytes, the fewest first. */
function byBytes(points: readonly Standing[]): number[][] {
  const groups = new Map<number, number[]>();
  for (const [i, { bytes }] of points.entries()) {
    const group = groups.get(bytes);
    if (group === undefined) groups.set(bytes, [i]);
    else group.push(i);
  }
  return [...groups].sort(([p], [q]) => p - q).map(([, group]) => group);
}

/**
 * The best `count` of the points, as indices in ascending order: front after front of what no other dominates, and of a front
 * that does not fit whole those with the most room around them (Deb et al. 2002, sections III-A and III-B), so that sizes of all
 * kinds stay. Of equals the first.
 */
export function bestOf(points: readonly Standing[], count: number): number[] {
  const chosen: number[] = [];
  let left = points.map((_, i) => i);
  while (chosen.length < count && left.length > 0) {
    const dominated = dominatedIn(left.map((i) => points[i]!));
    const front = left.filter((_, at) => !dominated[at]);
    const room = roomsIn(front.map((i) => points[i]!));
    const order = front
      .map((_, at) => at)
      .sort((p, q) => Number(room[q]! > room[p]!) - Number(room[q]! < room[p]!) || p - q);
    for (const at of order.slice(0, count - chosen.length)) chosen.push(front[at]!);
    left = left.filter((_, at) => dominated[at]);
  }
  return chosen.sort((p, q) => p - q);
}

/** For each point of a front how far its neighbours are from each other, in bytes and in score; at its ends without bound. */
function roomsIn(front: readonly Standing[]): number[] {
  const room = front.map(() => 0);
  for (const field of ['bytes', 'score'] as const) {
    const order = front.map((_, i) => i).sort((p, q) => front[p]![field] - front[q]![field] || p - q);
    const at = (place: number): number => front[order[place]!]![field];
    const span = at(order.length - 1) - at(0);
    order.forEach((i, place) => {
      const isEnd = place === 0 || place === order.length - 1;
      room[i]! += isEnd ? Infinity : span === 0 ? 0 : (at(place + 1) - at(place - 1)) / span;
    });
  }
  return room;
}
