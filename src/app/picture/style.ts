// How the pictures look: one palette, one type face, one card; and short words for the Vega marks they are made of.
// All coordinates are pixels inside the plot area: each panel is a scale with its own range of y, there are no nested groups.

import type { Axis, Config, Data, Mark, Scale, Spec } from 'vega';

export const PLOT = { width: 776, height: 424 } as const;
export const PADDING = { left: 68, right: 116, top: 72, bottom: 44 } as const; // 960 x 540 in all
/** Label column right of the plot. */
export const MARGIN_X = PLOT.width + 12;
/** Points per line at most: one column every 1.5 pixels. */
export const COLUMNS = 520;

export const COLOR = {
  card: '#fdfdfb',
  edge: '#dedfd9',
  ink: '#1f2933',
  muted: '#66717e',
  grid: '#ecece6',
  data: '#93a1ae',
  model: '#0f6e8f',
  twin: '#c07a35',
  truth: '#4d9a6a',
  alarm: '#c8402f',
  hole: '#efece2',
} as const;
const FONT = 'Inter, "Helvetica Neue", Helvetica, Arial, sans-serif';

/** Vertical extent of a panel, [top, bottom]. */
export type Extent = readonly [top: number, bottom: number];

export const label = (x: number, y: number, text: string, color: string = COLOR.muted, more: object = {}): Mark => ({
  type: 'text',
  encode: {
    enter: {
      x: { value: x },
      y: { value: y },
      text: { value: text },
      fill: { value: color },
      fontSize: { value: 11 },
      baseline: { value: 'middle' },
      ...more,
    },
  },
});

/** A horizontal line over the whole width at `value` of a y scale. */
export const level = (scale: string, value: number, color: string, dash: number[] = []): Mark => ({
  type: 'rule',
  encode: {
    enter: {
      x: { value: 0 },
      x2: { value: PLOT.width },
      y: { scale, value },
      stroke: { value: color },
      strokeDash: { value: dash },
    },
  },
});

/** A line through data {x, y}. */
export const line = (data: string, scale: string, color: string, width = 1.5, opacity = 1): Mark => ({
  type: 'line',
  from: { data },
  encode: {
    enter: {
      x: { scale: 'x', field: 'x' },
      y: { scale, field: 'y' },
      defined: { signal: 'isValid(datum.y)' },
      stroke: { value: color },
      strokeWidth: { value: width },
      strokeOpacity: { value: opacity },
      strokeJoin: { value: 'round' },
    },
  },
});

/** The area between low and high of data {x, low, high}. */
export const area = (data: string, scale: string, color: string, opacity = 1): Mark => ({
  type: 'area',
  from: { data },
  encode: {
    enter: {
      x: { scale: 'x', field: 'x' },
      y: { scale, field: 'low' },
      y2: { scale, field: 'high' },
      defined: { signal: 'isValid(datum.low)' },
      fill: { value: color },
      fillOpacity: { value: opacity },
    },
  },
});

/** Boxes over data {from, to} in x, between two heights. */
export const boxes = (data: string, [top, bottom]: Extent, color: string, opacity = 1, radius = 0): Mark => ({
  type: 'rect',
  from: { data },
  encode: {
    enter: {
      x: { scale: 'x', field: 'from' },
      x2: { scale: 'x', field: 'to' },
      y: { value: top },
      y2: { value: bottom },
      fill: { value: color },
      fillOpacity: { value: opacity },
      cornerRadius: { value: radius },
    },
  },
});

/** The y axis of a panel: its name above it, ticks with units. */
export const yAxis = (scale: string, more: Partial<Axis> = {}): Axis => ({
  orient: 'left',
  scale,
  domain: false,
  ticks: false,
  labelPadding: 8,
  grid: true,
  ...more,
});

export const panelTitle = ([top]: Extent, text: string): Mark =>
  label(0, top - 10, text, COLOR.ink, { fontWeight: { value: 600 } });

const CONFIG: Config = {
  text: { font: FONT },
  axis: {
    labelFont: FONT,
    labelFontSize: 11,
    labelColor: COLOR.muted,
    titleFont: FONT,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titleColor: COLOR.muted,
    gridColor: COLOR.grid,
    domainColor: COLOR.edge,
    tickColor: COLOR.edge,
  },
};

export interface PictureParts {
  readonly title: string;
  readonly subtitle: string;
  readonly scales: readonly Scale[];
  readonly axes: readonly Axis[];
  readonly data: readonly Data[];
  readonly marks: readonly Mark[];
}

/** The picture as SVG text: a light card with a hairline edge, so that it also reads on a dark page. */
export async function renderPicture({ title, subtitle, scales, axes, data, marks }: PictureParts): Promise<string> {
  const vega = await import('vega');
  const spec: Spec = {
    ...PLOT,
    padding: { ...PADDING },
    autosize: 'none',
    data: [...data],
    scales: [...scales],
    axes: [...axes],
    marks: [
      label(-PADDING.left + 24, -48, title, COLOR.ink, { fontSize: { value: 17 }, fontWeight: { value: 600 } }),
      label(-PADDING.left + 24, -27, subtitle, COLOR.muted, { fontSize: { value: 12 } }),
      ...marks,
    ],
    config: CONFIG,
  };
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error });
  const svg = await view.toSVG();
  view.finalize();
  return onCard(svg, `${title}. ${subtitle}`);
}

/** Adds the card and one title for screen readers instead of a role per tick, and drops digits beyond a hundredth of a pixel. */
function onCard(svg: string, title: string): string {
  const escaped = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const card = `<rect x="0.5" y="0.5" width="959" height="539" rx="8" fill="${COLOR.card}" stroke="${COLOR.edge}"/>`;
  return svg
    .replace(/ (?:role|aria-[a-z]+|pointer-events)="[^"]*"/g, '')
    .replace(/<svg ([^>]*)>/, `<svg role="img" $1><title>${escaped.replaceAll('$', '$$$$')}</title>${card}`)
    .replace(/ (d|transform)="[^"]*"/g, (attribute) =>
      attribute.replace(/\d+\.\d{3,}/g, (digits) => String(Math.round(Number(digits) * 100) / 100)),
    );
}
