import type { Steps } from '../../base/window.ts';
import type { PoolKind } from '../../graph/graph.ts';
import type { Operator, Site } from './site.ts';
import { axisOf, isSame, Space, settle, shapeOf, sizeOf, type View, whole, withLast } from './views.ts';
import { type Image, imageOf, imageView, padded, perPlace, positionsOf, stepsOf } from './windows.ts';

/** Zeros behind so that the last window that begins in the image is there, as ceil_mode has it. */
function rounded(places: readonly number[], taps: readonly number[], steps: Steps): Steps {
  const { strides, padding } = steps;
  if (padding === 'same') return steps;
  const widths = places.map((length, axis): readonly [number, number] => {
    const [before, behind] = padding === 'valid' ? [0, 0] : padding[axis]!;
    const stride = strides[axis]!;
    const over = length + before + behind - taps[axis]!;
    const isInside = Math.ceil(over / stride) * stride < length + before;
    return [before, behind + (isInside ? Math.max(0, Math.ceil(over / stride) * stride - over) : 0)];
  });
  return { ...steps, padding: widths.every(([before, behind]) => before === 0 && behind === 0) ? 'valid' : widths };
}

function pooled(site: Site, kind: PoolKind): View {
  const view = site.view(0);
  const own = perPlace(site, 'kernel_shape', view.dims.length - 2, 1, 1);
  const image = imageOf(site, view, own) ?? site.cannot(view, 'an image');
  if (!site.has('kernel_shape')) site.fail('has no kernel_shape');
  const [taps, steps] = stepsOf(site, image, own);
  if (steps.dilations.some((step) => step !== 1)) site.fail('has dilations, which pools here do not');
  const isCeil = site.flag('ceil_mode', false);
  let read: Image = image;
  let moved = steps;
  if (kind === 'average' && site.flag('count_include_pad', false) && steps.padding !== 'valid') {
    // Means that count the zeros are those of an image with zeros around it
    if (typeof steps.padding === 'string') return site.fail('counts zeros that auto_pad adds: give them as pads');
    read = padded(site, image, steps.padding);
    moved = { ...steps, padding: 'valid' };
    if (isCeil && rounded(read.places, taps, moved).padding !== 'valid')
      site.fail('has ceil_mode and counts zeros, which runtimes understand in different ways');
  } else if (isCeil) moved = rounded(image.places, taps, steps);
  const { strides, padding } = moved;
  const places = positionsOf(site, read.places, taps, moved);
  const value = site.building.node('pool', site.name, [read.view.value], { kind, size: taps, strides, padding });
  return imageView(site, read, value, places, image.channels);
}

/** The largest or the mean over some axes of a tensor, which has to be over all places of its value. */
function reduced(site: Site, view: View, kind: PoolKind, axes: readonly number[], keeps: boolean): View {
  const isBatch = ({ length }: { readonly length: number }, axis: number): boolean =>
    length > 0 && view.dims[axis]!.some((atom) => atom.isBatch);
  if (axes.some((axis) => isBatch(view.dims[axis]!, axis)))
    return site.fail('reduces the batch, whose samples networks here keep apart');
  const rest = view.dims.flatMap((own, axis) => (axes.includes(axis) || isBatch(own, axis) ? [] : [axis]));
  const wanted = [...axes.map((axis) => view.dims[axis]!), rest.flatMap((axis) => view.dims[axis]!)].map(whole);
  if (view.space.axes === null && wanted.length <= 3) settle(view.space, wanted);
  const last = withLast(site.building, view, rest) ?? site.cannot(view, 'what is left as the last axis');
  const places = last.rest.flatMap(whole);
  const all = new Set(axes.flatMap((axis) => whole(view.dims[axis]!)));
  if (
    places.length !== all.size ||
    last.rest.length < 1 ||
    last.rest.length > 2 ||
    places.some((atom) => !all.has(atom))
  )
    return site.cannot(view, 'one or two axes of places, all of them reduced,');
  const value = site.building.node('globalPool', site.name, [last.view.value], { kind });
  const dims = view.dims.flatMap((own, axis) => (axes.includes(axis) ? (keeps ? [[]] : []) : [own]));
  return { ...last.view, name: site.name, value, dims, space: new Space([last.view.space.axes!.at(-1)!]) };
}

const globally = (kind: PoolKind): Operator => ({
  since: 1,
  read(site) {
    const view = site.view(0);
    if (view.dims.length < 3) site.fail('needs places behind the channels');
    return reduced(site, view, kind, view.dims.map((_, axis) => axis).slice(2), true);
  },
});

const over = (kind: PoolKind): Operator => ({
  attributes: 'axes keepdims noop_with_empty_axes',
  read(site) {
    const view = site.view(0);
    const given = site.numbers('axes', 1);
    const isNone = given === undefined || given.length === 0;
    if (isNone && site.flag('noop_with_empty_axes', false)) return { ...view, name: site.name };
    const axes = isNone ? view.dims.map((_, axis) => axis) : site.axes(given, view.dims.length);
    return reduced(site, view, kind, axes, site.flag('keepdims', true));
  },
});

/** Zeros around the places of a value, whichever axes of the tensor they are. */
function zeros(site: Site): View {
  const view = site.view(0);
  const rank = view.dims.length;
  if (site.text('mode', 'constant') !== 'constant')
    site.fail(`pads in the mode ${site.text('mode', '').slice(0, 40)}, and networks here with zeros`);
  const value = site.opset < 11 ? site.float('value', 0) : (site.optional(2)?.data[0] ?? 0);
  if (value !== 0) site.fail(`pads with ${value}, and networks here with zeros`);
  const pads = site.numbers('pads', 1) ?? site.fail('has no pads');
  const axes =
    site.optional(3) === undefined
      ? view.dims.map((_, axis) => axis)
      : Array.from(site.constant(3).data, (axis) => site.axis(axis, rank));
  if (pads.length !== 2 * axes.length) site.fail(`has ${pads.length} pads for ${axes.length} axes`);
  const wrong = pads.find((width) => !(width >= 0 && width < 2 ** 31));
  if (wrong !== undefined) site.fail(`has a pad of ${wrong}, and networks here add zeros alone`);
  const widths = new Map(axes.map((axis, i) => [axis, [pads[i]!, pads[i + axes.length]!] as const]));
  const isWide = (axis: number): boolean => (widths.get(axis) ?? []).some((width) => width > 0);
  const sample = view.dims.flatMap((own, axis) => (own.some((atom) => atom.isBatch) ? [] : [axis]));
  if (!view.dims.some((_, axis) => isWide(axis))) return { ...view, name: site.name };
  // While nothing says where the channels are, they are last if that is not padded, or the first that are not
  const ends = [...sample.slice(-1), ...sample].filter((axis) => !isWide(axis));
  const channels = view.space.axes === null ? ends[0] : undefined;
  if (channels !== undefined)
    settle(
      view.space,
      [...sample.filter((axis) => axis !== channels), channels].map((axis) => whole(view.dims[axis]!)),
    );
  const have = settle(view.space, view.space.given.map(whole)).map(whole);
  const places = have.slice(0, -1).map((own) => {
    const axis = sample.find((each) => isWide(each) && isSame(own, whole(view.dims[each]!)));
    return { own, axis, width: (axis === undefined ? undefined : widths.get(axis)) ?? ([0, 0] as const) };
  });
  const isAll = view.dims.every((_, axis) => !isWide(axis) || places.some((place) => place.axis === axis));
  if (!isAll || new Set(places.map(({ axis }) => axis)).size < places.filter(({ axis }) => axis !== undefined).length)
    return site.cannot(view, 'each padded axis as an axis of places');
  const sizes = new Map(
    places.flatMap(({ own, axis, width }) =>
      axis === undefined ? [] : [[axis, axisOf(sizeOf(own) + width[0] + width[1])] as const],
    ),
  );
  const made = site.building.node('zeroPad', site.name, [view.value], { widths: places.map(({ width }) => width) });
  const space = new Space([
    ...places.map(({ own, axis }) => (axis === undefined ? own : sizes.get(axis)!)),
    have.at(-1)!,
  ]);
  return { ...view, name: site.name, value: made, space, dims: view.dims.map((own, axis) => sizes.get(axis) ?? own) };
}

/** Coordinates and roundings by which each position is the nearest before it, for factors that are whole numbers. */
const isNearest = (coordinates: string, rounding: string, factor: number): boolean => {
  if (factor === 1) return true;
  if (coordinates === 'asymmetric') return rounding === 'floor' || (rounding === 'round_prefer_floor' && factor === 2);
  if (coordinates === 'tf_half_pixel_for_nn') return rounding === 'floor';
  const isHalf = ['half_pixel', 'pytorch_half_pixel', 'half_pixel_symmetric'].includes(coordinates);
  return isHalf && (rounding === 'round_prefer_floor' || rounding === 'round_prefer_ceil');
};

/** By how much each axis is enlarged, by the factors or by the sizes that are given. */
function factorsOf(site: Site, shape: readonly number[]): readonly number[] {
  const isAttribute = site.has('scales');
  const first = site.opset < 11 ? 1 : 2;
  const list = isAttribute
    ? site.floats('scales')
    : site.inputs[first] === undefined
      ? []
      : Array.from(site.constant(first).data);
  const given = list ?? [];
  const isEmpty = given.length === 0;
  const sizes = isEmpty ? Array.from((site.optional(3) ?? site.fail('has neither scales nor sizes')).data) : [];
  const axes = site.ints('axes')?.map((axis) => site.axis(axis, shape.length)) ?? shape.map((_, axis) => axis);
  if ((isEmpty ? sizes : given).length !== axes.length) site.fail('needs a factor for each axis');
  return shape.map((size, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return 1;
    const factor = isEmpty ? (Number.isNaN(size) && Number.isNaN(sizes[at]) ? 1 : sizes[at]! / size) : given[at]!;
    return Number.isInteger(factor) && factor >= 1 && factor < 2 ** 31
      ? factor
      : site.fail(`makes an axis ${factor} times as large: networks here have whole factors`);
  });
}

function enlarged(site: Site): View {
  const view = site.view(0);
  const factors = factorsOf(site, shapeOf(view));
  const isOld = site.opset < 11;
  const coordinates = isOld ? 'asymmetric' : site.text('coordinate_transformation_mode', 'half_pixel');
  const rounding = isOld ? 'floor' : site.text('nearest_mode', 'round_prefer_floor');
  const mode = site.text('mode', 'nearest');
  site.only('antialias', 0, 'has antialias');
  site.only('exclude_outside', 0, 'has exclude_outside');
  if (site.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch') site.fail('keeps the aspect ratio');
  if (coordinates === 'tf_crop_and_resize') site.fail('cuts a part out: take it with Slice before');
  if (factors.every((factor) => factor === 1)) return { ...view, name: site.name };
  if (mode !== 'nearest') site.fail(`resizes in the mode ${mode.slice(0, 40)}, and networks here to the nearest`);
  const wrong = factors.find((factor) => !isNearest(coordinates, rounding, factor));
  if (wrong !== undefined)
    site.fail(
      `resizes by the coordinates ${coordinates.slice(0, 40)} and ${rounding.slice(0, 40)}: networks here repeat each position`,
    );
  // Channels are those of ONNX, unless they are enlarged and the last axis is not
  const isLast = factors[1] !== 1 && factors.at(-1) === 1;
  const turned = isLast
    ? [0, factors.length - 1, ...factors.map((_, axis) => axis).slice(1, -1)]
    : factors.map((_, axis) => axis);
  const read = { ...view, dims: turned.map((axis) => view.dims[axis]!) };
  const own = turned.map((axis) => factors[axis]!);
  if (own[0] !== 1 || own[1] !== 1) site.fail('enlarges the batch or the channels');
  const image = imageOf(site, read, null) ?? site.cannot(view, 'an image');
  const value = site.building.node('upsample', site.name, [image.view.value], {
    factors: image.kept.map((axis) => own[axis + 2]!),
  });
  const made = imageView(
    site,
    image,
    value,
    image.places.map((n, axis) => n * own[image.kept[axis]! + 2]!),
    image.channels,
  );
  return { ...made, dims: factors.map((_, axis) => made.dims[turned.indexOf(axis)]!) };
}

const POOL = 'auto_pad ceil_mode dilations kernel_shape pads strides';
const RESIZE =
  'antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value keep_aspect_ratio_policy ' +
  'mode nearest_mode scales height_scale width_scale';

export const IMAGES: Readonly<Record<string, Operator>> = {
  MaxPool: { attributes: `${POOL} storage_order`, read: (site) => pooled(site, 'max') },
  AveragePool: { attributes: `${POOL} count_include_pad`, read: (site) => pooled(site, 'average') },
  GlobalMaxPool: globally('max'),
  GlobalAveragePool: globally('average'),
  ReduceMax: over('max'),
  ReduceMean: over('average'),
  Pad: { attributes: 'mode pads value', read: zeros },
  Upsample: { attributes: 'mode scales', read: enlarged },
  Resize: { attributes: RESIZE, read: enlarged },
};
