import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Columns } from './losses.ts';
import { show } from './numbers.ts';

export interface Look {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly train: string;
  readonly validation: string;
}

export interface ChartOptions {
  readonly width: number;
  readonly height: number;
  /** What goes across. */
  readonly across: string;
  readonly isLog: boolean;
  readonly isCompared: boolean;
  readonly look: Look;
  /** Names of the lines, in the order of the columns. */
  readonly labels: readonly string[];
  /** Called with the index of the epoch under the pointer, or null. */
  readonly onpoint: (index: number | null) => void;
}

/** Curves of losses, by uplot. What is marked (the epoch that early stopping would restore) may change with each `set`. */
export class Chart {
  readonly #plot: uPlot;
  #best: { readonly epoch: number; readonly text: string } | null = null;

  constructor(into: HTMLElement, options: ChartOptions) {
    const { look, labels } = options;
    const font = '11px system-ui, sans-serif';
    const axis = { stroke: look.quiet, font, grid: { stroke: look.line, width: 1 }, ticks: { show: false } };
    const points = { show: false };
    const series: uPlot.Series[] = [
      {},
      { label: labels[0] ?? '', stroke: look.train, width: 2, points },
      { label: labels[1] ?? '', stroke: look.validation, width: 2, dash: [6, 4], points },
    ];
    if (options.isCompared)
      series.push(
        { label: labels[2] ?? '', stroke: look.train, width: 1, alpha: 0.6, points },
        { label: labels[3] ?? '', stroke: look.validation, width: 1, alpha: 0.6, dash: [2, 3], points },
      );
    this.#plot = new uPlot(
      {
        width: options.width,
        height: options.height,
        legend: { show: false },
        padding: [10, 16, 0, 0],
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        scales: {
          x: { time: false },
          y: { distr: options.isLog ? 3 : 1, ...(options.isLog ? {} : { range: fromNought }) },
        },
        axes: [
          { ...axis, size: 26, space: 60, label: options.across, labelSize: 14, labelGap: -6, labelFont: font },
          { ...axis, size: 50, values: (_, values) => values.map((value) => (value === null ? '' : show(value))) },
        ],
        series,
        hooks: {
          setCursor: [({ cursor }) => options.onpoint(cursor.idx ?? null)],
          draw: [(plot) => this.#mark(plot, look)],
        },
      },
      [[], ...series.slice(1).map(() => [])],
      into,
    );
  }

  set(columns: Columns, best: { readonly epoch: number; readonly text: string } | null): void {
    this.#best = best;
    this.#plot.setData(columns);
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  /** Moves the cursor to an epoch, as the pointer would. */
  point(index: number | null): void {
    const epoch = index === null ? undefined : this.#plot.data[0][index];
    const left = epoch === undefined ? -10 : this.#plot.valToPos(epoch, 'x');
    this.#plot.setCursor({ left, top: epoch === undefined ? -10 : 10 });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #mark(plot: uPlot, look: Look): void {
    if (this.#best === null) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const x = plot.valToPos(this.#best.epoch, 'x', true);
    const at = plot.data[0].indexOf(this.#best.epoch);
    const value = plot.data[2]?.[at] ?? plot.data[1]?.[at];
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = look.ink;
    ctx.lineWidth = 1.25 * ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (typeof value === 'number') {
      const y = plot.valToPos(value, 'y', true);
      const reach = 5 * ratio;
      ctx.beginPath();
      ctx.moveTo(x, y - reach);
      ctx.lineTo(x + reach, y);
      ctx.lineTo(x, y + reach);
      ctx.lineTo(x - reach, y);
      ctx.fill();
    }
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    const isLeft = x > bbox.left + bbox.width / 2;
    ctx.textAlign = isLeft ? 'right' : 'left';
    ctx.textBaseline = 'top';
    ctx.fillText(this.#best.text, x + (isLeft ? -6 : 6) * ratio, bbox.top + 2 * ratio);
    ctx.restore();
  }
}

/** Losses are seen from 0 on. */
function fromNought(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || !Number.isFinite(low + high)) return [0, 1];
  return [Math.min(0, low), (high > 0 ? high : 1) * 1.05];
}
