//! Drawn stand-ins for photographs: flat-illustration cut-outs and a calm backdrop.
//!
//! Objects are painted from signed distances on a square that spans -1..1 with y pointing down,
//! so that edges are smooth at every size and no picture file has to be shipped. What to paint
//! is kept as text, strokes split by semicolons: see `Pen::stroke`.

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::TAU;

/// The sounding objects that the studio can draw and synthesise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A brass bell.
    Bell,
    /// A roped drum with two sticks.
    Drum,
    /// A sitting dog with its mouth open.
    Dog,
    /// A songbird on a twig.
    Bird,
    /// An acoustic guitar.
    Guitar,
    /// A steaming kettle.
    Kettle,
}

use Kind::{Bell, Bird, Dog, Drum, Guitar, Kettle};

impl Kind {
    /// Every kind once, in the order of declaration.
    pub const ALL: [Kind; 6] = [Bell, Drum, Dog, Bird, Guitar, Kettle];

    /// The English name in lower case, such as `"bell"`.
    pub fn name(self) -> &'static str {
        ["bell", "drum", "dog", "bird", "guitar", "kettle"][self as usize]
    }
}

/// Draws `kind` as a cut-out of `size` by `size` pixels, with straight (not premultiplied) alpha.
///
/// The background is fully transparent and edges are antialiased. Hue, proportions and tilt vary
/// a little with `rng`; the same generator state gives the same picture. A `size` of 0 gives an
/// empty image.
pub fn draw(kind: Kind, size: u32, rng: &mut ChaCha8Rng) -> RgbaImage {
    let tint = rng.random_range(-0.5f32..0.5);
    // Tilted, a long thing fills a square better; its tips then need more room.
    let tilted = f32::from(u8::from(kind == Guitar));
    let mut pen = Pen::new(size, tilted, rng);
    for stroke in SHEETS[kind as usize].split(';') {
        // The tests make sure that every stroke can be read.
        let _readable = pen.stroke(stroke, tint);
    }
    RgbaImage::from_fn(size, size, |x, y| {
        let [r, g, b, a] = pen.pixels[y as usize * pen.size + x as usize];
        Rgba([r / a.max(1e-6), g / a.max(1e-6), b / a.max(1e-6), a].map(byte))
    })
}

/// Paints a quiet room of `width` by `height` pixels: a lit wall, a skirting board and a floor.
///
/// The hue, the height of the floor and the place of the light vary with `rng`. Contrast is kept
/// low so that a cut-out placed on top stands out. A side of 0 gives an empty image.
pub fn backdrop(width: u32, height: u32, rng: &mut ChaCha8Rng) -> RgbImage {
    let mut pick = |low: f32, high: f32| rng.random_range(low..high);
    let (hue, wood) = (pick(0.0, 1.0), pick(0.06, 0.1));
    let (horizon, lamp) = (pick(0.68, 0.76), pick(0.3, 0.7));
    let [wall, dim] = [(0.13, 0.9), (0.22, 0.68)].map(|(s, v)| hsv(hue, s, v));
    let [far, near] = [(0.26, 0.8), (0.34, 0.7)].map(|(s, v)| hsv(wood, s, v));
    let aspect = width as f32 / height.max(1) as f32;
    RgbImage::from_fn(width, height, |x, y| {
        let [u, v] = [(x, width), (y, height)].map(|(at, of)| (at as f32 + 0.5) / of as f32);
        let unlit = smooth(0.0, 1.1, ((u - lamp) * aspect).hypot(v - 0.3));
        let depth = (v - horizon) / (1.0 - horizon);
        let colour = if depth > 0.0 {
            // Boards run towards the viewer: their seams meet at a point above the horizon.
            let lane = (u - 0.5) * aspect / (0.35 + depth) * 6.0 + 100.0;
            let board = ((lane.floor() * 12.9898).sin() * 43.7).fract() * 0.035;
            let seam = 1.0 - smooth(0.0, 0.04, (lane.fract() - 0.5).abs());
            // The skirting throws a soft shadow where it meets the floor.
            let contact = 1.0 - smooth(0.0, 0.22, depth);
            mix(far, near, depth).map(|c| c * (1.0 + board - 0.05 * seam - 0.16 * contact))
        } else {
            mix(if depth > -0.08 { [0.95; 3] } else { wall }, dim, unlit)
        };
        // A grain of a level or two hides the banding of slow gradients.
        let grain = (rng.random::<f32>() - 0.5) * 0.014;
        Rgb(colour.map(|c| byte(c + grain)))
    })
}

type Point = [f32; 2];
type Colour = [f32; 3];

fn mix(a: Colour, b: Colour, t: f32) -> Colour {
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t)
}

/// 0 at and beyond `low`, 1 at and beyond `high`, a gentle slope between; either may be larger.
fn smooth(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn byte(x: f32) -> u8 {
    (x.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Hue in turns (wraps), saturation and value in 0..1.
fn hsv(hue: f32, saturation: f32, value: f32) -> Colour {
    [0.0, 2.0, 1.0].map(|third| {
        let k = ((hue + third / 3.0).rem_euclid(1.0) * 6.0 - 3.0).abs() - 1.0;
        value * (1.0 - saturation * (1.0 - k.clamp(0.0, 1.0)))
    })
}

/// A closed outline, whose last point is its first, or a line with a half-width at either end.
struct Shape {
    points: Vec<Point>,
    closed: bool,
    widths: [f32; 2],
}

impl Shape {
    /// How far `p` lies outside the shape; negative inside.
    fn distance(&self, p: Point) -> f32 {
        let spans = (self.points.len() - 1) as f32;
        let (mut best, mut inside) = (f32::MAX, false);
        for (i, ends) in self.points.windows(2).enumerate() {
            let [a, b] = [ends[0], ends[1]];
            let (d, q) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
            let length = (d[0] * d[0] + d[1] * d[1]).max(1e-12);
            let t = ((q[0] * d[0] + q[1] * d[1]) / length).clamp(0.0, 1.0);
            let width = self.widths[0] + (self.widths[1] - self.widths[0]) * (i as f32 + t) / spans;
            let off = [q[0] - d[0] * t, q[1] - d[1] * t];
            // Not `hypot`, which guards against overflow and takes far longer.
            best = best.min((off[0] * off[0] + off[1] * off[1]).sqrt() - width);
            // A ray to the right crosses the outline an odd number of times from inside.
            inside ^= (a[1] > p[1]) != (b[1] > p[1]) && q[0] < d[0] * q[1] / d[1];
        }
        if inside && self.closed { -best } else { best }
    }

    /// The lowest and highest coordinate along x (`axis` 0) or y (1).
    fn bounds(&self, axis: usize) -> [f32; 2] {
        let grow = self.widths[0].max(self.widths[1]);
        let along = self.points.iter().map(|p| p[axis]);
        let low = along.clone().fold(f32::MAX, f32::min);
        [low - grow, along.fold(f32::MIN, f32::max) + grow]
    }
}

/// Points on a smooth curve (Catmull-Rom) through the given ones, of which there are some.
fn curve(through: &[Point], closed: bool) -> Vec<Point> {
    let n = through.len();
    let at = |i: usize| through[if closed { i % n } else { i.clamp(1, n) - 1 }];
    let point = |step: usize| {
        let (i, t) = (step / 9, (step % 9) as f32 / 8.0);
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| at(i + k));
        [0, 1].map(|k| {
            let bend = 2.0 * a[k] - 5.0 * b[k] + 4.0 * c[k] - d[k];
            let twist = 3.0 * (b[k] - c[k]) + d[k] - a[k];
            b[k] + 0.5 * t * (c[k] - a[k] + t * (bend + t * twist))
        })
    };
    (0..9 * (n - usize::from(!closed))).map(point).collect()
}

/// Points along an ellipse, given by its centre and radii, from one angle (in turns) to another.
fn ring([x, y, rx, ry]: [f32; 4], from: f32, to: f32) -> Vec<Point> {
    let angles = (0..=48).map(|i| TAU * (from + (to - from) * i as f32 / 48.0));
    let points = angles.map(|a| [x + rx * a.cos(), y + ry * a.sin()]);
    points.collect()
}

/// A square canvas of premultiplied colour, seen through a slight tilt and stretch.
struct Pen {
    size: usize,
    pixels: Vec<[f32; 4]>,
    turn: f32,
    stretch: Point,
    last_solid: Option<Shape>,
}

impl Pen {
    fn new(size: u32, tilted: f32, rng: &mut ChaCha8Rng) -> Self {
        Pen {
            size: size as usize,
            pixels: vec![[0.0; 4]; size as usize * size as usize],
            turn: 0.62 * tilted + rng.random_range(-0.05f32..0.05),
            stretch: [(); 2].map(|()| rng.random_range(0.90f32..0.97) - 0.08 * tilted),
            last_solid: None,
        }
    }

    /// Paints `[pair] MODE AMOUNT PAINT FORM NUMBERS`; gives nothing where that is malformed.
    ///
    /// `pair` repeats the stroke mirrored left to right. Modes: `solid`, a shaded thing that is
    /// AMOUNT deep; `on`, flat paint with an edge AMOUNT soft, kept to the last solid; `over`, the
    /// same anywhere. Forms: `oval` x y rx ry; `blob` and `half`, the x y pairs of an outline or
    /// of its right half; `rope` (curved) and `wire` (straight), two half-widths, then pairs;
    /// `arc`, the same two, x y rx ry and two angles in turns, of which 0 is right and 0.25 down.
    fn stroke(&mut self, text: &str, tint: f32) -> Option<()> {
        let mut words = text.split_whitespace().peekable();
        let paired = words.next_if_eq(&"pair").is_some();
        let (mode, amount) = (words.next()?, words.next()?.parse().ok()?);
        let (name, form) = (words.next()?, words.next()?);
        let mut entries = PAINTS.split(',').map(str::split_whitespace);
        let paint = entries.find_map(|mut words| (words.next()? == name).then_some(words))?;
        let mut paint = paint.filter_map(|word| word.parse::<f32>().ok());
        let hue = paint.next()? + tint * paint.next()?;
        let colour = hsv(hue, paint.next()?, paint.next()?);
        let paint = (colour, paint.next()?);
        let numbers: Option<Vec<f32>> = words.map(|word| word.parse().ok()).collect();
        let closed = matches!(form, "oval" | "blob" | "half");
        let numbers = numbers.filter(|n| n.len() > 3)?;
        let (widths, rest) = numbers.split_at(if closed { 0 } else { 2 });
        let mut points: Vec<Point> = rest.as_chunks().0.to_vec();
        match (form, rest) {
            ("oval", &[x, y, rx, ry]) => points = ring([x, y, rx, ry], 0.0, 1.0),
            ("arc", &[x, y, rx, ry, from, to]) => points = ring([x, y, rx, ry], from, to),
            ("half", _) => {
                let left: Vec<_> = points.iter().rev().map(|p| [-p[0], p[1]]).collect();
                points.extend(left.iter().filter(|p| p[0] < 0.0));
                points = curve(&points, closed);
            }
            ("blob" | "rope", _) => points = curve(&points, closed),
            ("wire", _) => {}
            _ => return None,
        }
        let shape = Shape {
            points,
            closed,
            widths: [widths.first(), widths.last()].map(|w| w.copied().unwrap_or(0.0)),
        };
        for flip in [1.0, -1.0].into_iter().take(1 + usize::from(paired)) {
            self.lay(&shape, mode, amount, paint, flip);
        }
        if mode == "solid" {
            self.last_solid = Some(shape);
        }
        Some(())
    }

    fn lay(&mut self, shape: &Shape, mode: &str, amount: f32, paint: (Colour, f32), flip: f32) {
        let edge = 2.0 / self.size as f32;
        let (solid, clip) = (mode == "solid", self.last_solid.as_ref());
        let clip = clip.filter(|_| mode == "on");
        let soft = edge.max(if solid { 0.0 } else { amount });
        let bounds = [0, 1].map(|axis| shape.bounds(axis));
        let (sin, cos) = self.turn.sin_cos();
        let dark = mix(paint.0, [0.24, 0.10, 0.26], 0.34);
        for (i, under) in self.pixels.iter_mut().enumerate() {
            let [x, y] = [i % self.size, i / self.size].map(|k| (k as f32 + 0.5) * edge - 1.0);
            let [x, y] = [x * cos + y * sin, y * cos - x * sin];
            let p = [x / self.stretch[0] * flip, y / self.stretch[1]];
            if (0..2).any(|k| p[k] < bounds[k][0] - soft || p[k] > bounds[k][1] + soft) {
                continue;
            }
            let away = shape.distance(p);
            let mut cover = paint.1 * smooth(0.5, -0.5, away / soft);
            if let Some(clip) = clip.filter(|_| cover > 0.0) {
                cover *= smooth(edge, -edge, 2.0 * clip.distance(p));
            }
            let mut colour = paint.0;
            if solid && cover > 0.0 {
                // Light comes from the upper left: the edge there shines, the opposite one lies
                // in shade. Both bands, the shape less a shifted copy of itself, stay shallow.
                let blur = edge.max(amount * 0.22);
                let shifted = |by: f32| shape.distance([p[0] + by * 0.6 * flip, p[1] + by * 0.8]);
                if away > -(amount + blur) {
                    let shine = smooth(-blur, blur, shifted(-0.55 * amount));
                    let shade = smooth(-blur, blur, shifted(amount));
                    colour = mix(mix(colour, [1.0; 3], 0.3 * shine), dark, shade);
                }
                colour = mix(colour, dark, 0.22 * smooth(0.9, 0.0, bounds[1][1] - p[1]));
            }
            let over = colour.into_iter().chain([1.0]);
            for (value, over) in under.iter_mut().zip(over) {
                *value += (over - *value) * cover;
            }
        }
    }
}

/// Name, hue in turns, how far the hue swings with the tint, saturation, value and opacity.
const PAINTS: &str = "
brass .125 .03 .72 .95 1, bronze .08 .03 .72 .68 1, gold .12 0 .62 .96 1, wood .085 0 .50 .84 1,
cream .11 0 .15 .98 1, ink .9 0 .15 .15 1, white 0 0 0 1 1, shine 0 0 0 1 .5,
shade .9 0 .2 .15 .2, steam 0 0 0 1 .8, band .06 .03 .72 .6 .75, red .99 .12 .76 .84 1,
coat .075 .04 .55 .82 1, ear .05 .03 .60 .50 1, patch .05 .03 .60 .50 .6, collar .98 .5 .75 .80 1,
mouth .99 0 .7 .45 1, tongue .99 0 .5 .95 1, blue .56 .12 .62 .84 1, navy .58 .12 .70 .56 1,
beak .1 0 .82 .97 1, bill .08 0 .75 .80 1, bark .07 0 .45 .45 1, leaf .29 0 .55 .66 1,
breast .05 .04 .55 .98 1, spruce .09 .03 .62 .93 1, rim .05 .03 .66 .48 1, ebony .04 0 .42 .24 1,
guard .04 0 .42 .24 .75, fret .1 0 .12 .8 1, enamel .50 .4 .52 .76 1, steel .62 0 .07 .78 1";

/// The strokes of every kind, from back to front, in the order of [`Kind::ALL`].
const SHEETS: [&str; 6] = [
    "solid .04 bronze arc .055 .055 0 -.74 .13 .13 0 1; solid .09 bronze oval 0 .74 .17 .17; solid .16 brass
half 0 -.66 .24 -.61 .4 -.42 .46 -.12 .51 .16 .64 .4 .74 .56 .4 .64 0 .65; on .03 shine rope .045
.03 -.22 -.44 -.3 -.2 -.33 .1 -.4 .32; on 0 band arc .02 .02 0 -.3 .8 .07 .5 0; on 0 band arc .035 .035 0
.2 .8 .07 .5 0; solid .06 brass rope .085 .085 -.74 .56 .74 .56",
    "solid .1 red half 0 -.2 .6 -.15 .74 0 .74 .5 .6 .7 .32 .777 0 .8; on .12 shine rope .05 .05 -.5
-.2 -.5 .9; on 0 cream wire .022 .022 -.74 .0 -.70 .61 -.6 .14 -.43 .73 -.23 .23 0 .78 .23 .23 .43
.73 .6 .14 .7 .61 .74 0; solid .04 gold arc .06 .06 0 .56 .74 .24 .5 0; solid .05 gold oval 0 -.04 .8
.3; solid .03 gold oval 0 -.1 .8 .3; solid .03 cream oval 0 -.11 .72 .245; on .05 shade rope .035
.035 -.08 -.06 -.64 -.55; on .05 shade rope .035 .035 .2 -.06 .76 -.55; pair solid .03 wood rope
.03 .05 .14 -.14 .7 -.82; pair solid .035 wood oval .14 -.14 .075 .06",
    "solid .06 coat rope .1 .06 .3 .72 .62 .66 .78 .4 .72 .18; pair solid .08 coat oval .36 .62 .22
.26; pair solid .05 cream oval .41 .83 .19 .1; solid .08 coat half 0 -.1 .28 0 .36 .3 .34 .7 0
.82; on 0 cream oval 0 .26 .19 .28; pair solid .05 coat rope .105 .105 .15 .42 .15 .82; pair solid
.04 cream oval .165 .86 .14 .09; solid .03 collar rope .055 .055 -.28 .02 0 .11 .28 .02; solid .03
gold oval 0 .17 .075 .075; solid .08 coat half 0 -.86 .28 -.8 .44 -.52 .4 -.2 .2 0 0 .03; on 0
patch oval .2 -.5 .17 .2; on 0 cream half 0 -.95 .05 -.8 .06 -.5 .14 -.3 0 -.2; solid .03 mouth
oval 0 -.03 .13 .13; solid .03 tongue oval 0 .03 .075 .1; pair solid .04 cream oval .105 -.19 .15
.135; solid .02 ink half 0 -.36 .1 -.34 .1 -.26 0 -.19; on 0 shine oval -.03 -.32 .035 .018; pair
over 0 ink oval .19 -.46 .07 .08; over 0 white oval .168 -.485 .024 .026; over 0 white oval -.212
-.485 .024 .026; pair solid .06 ear blob .26 -.82 .46 -.76 .62 -.4 .58 -.1 .44 -.12 .38 -.5",
    "solid .05 bark rope .075 .045 -.85 .74 -.3 .68 .3 .72 .88 .64; solid .03 leaf blob .6 .66 .62 .5
.82 .42 .78 .6; solid .03 leaf blob -.5 .74 -.48 .86 -.66 .94 -.74 .82; solid .05 navy blob -.35
.1 -.9 .4 -.94 .52 -.84 .58 -.25 .42; over 0 bill rope .026 .03 -.02 .4 0 .66 .07 .7; over 0 bill
rope .026 .03 .18 .4 .2 .66 .27 .7; over 0 bill rope .07 .005 .58 -.3 .85 -.22; over 0 beak rope
.1 .005 .58 -.4 .93 -.54; solid .11 blue blob .38 -.74 .62 -.62 .68 -.4 .58 -.18 .56 .1 .38 .4 .02
.52 -.36 .44 -.56 .26 -.36 .02 -.06 -.24 .12 -.6; on 0 breast blob .66 -.26 .7 .1 .4 .5 0 .6 .1 .3
.34 0 .42 -.24; on 0 cream oval .5 -.38 .15 .13; solid .07 navy blob .12 -.12 .26 .06 .14 .28 -.2
.38 -.62 .34 -.38 .12 -.14 -.1; on 0 blue rope .018 .01 .1 .08 -.15 .16 -.5 .26; on 0 blue rope
.018 .01 0 .18 -.15 .24 -.5 .31; on 0 blue rope .018 .01 -.1 .28 -.2 .32 -.5 .36; over 0 ink oval
.42 -.5 .075 .08; over 0 white oval .395 -.53 .026 .026",
    "pair solid .02 cream oval .155 -1.12 .05 .033; pair solid .02 cream oval .155 -1.03 .05 .033; pair
solid .02 cream oval .15 -.94 .05 .033; solid .05 rim half 0 .015 .16 -.005 .335 .14 .325 .34 .305
.44 .435 .62 .415 .84 .18 1.025 0 1.035; solid .07 spruce half 0 .06 .15 .04 .29 .14 .28 .34 .26
.44 .39 .62 .37 .84 .18 .98 0 .99; on 0 guard oval .19 .52 .13 .17; over 0 rim oval 0 .4 .165
.165; over 0 cream oval 0 .4 .15 .15; over 0 ink oval 0 .4 .135 .135; solid .03 rim wire .11 .085
0 -1.1 0 -.92; solid .015 ebony wire .066 .08 0 -.86 0 .2; on 0 fret wire .006 .006 -.1 -.88 .1
-.88 .1 -.79 -.1 -.79 -.1 -.7 .1 -.7 .1 -.62 -.1 -.62 -.1 -.54 .1 -.54 .1 -.47; on 0 fret wire
.006 .006 .1 -.47 -.1 -.47 -.1 -.4 .1 -.4 .1 -.34 -.1 -.34 -.1 -.28 .1 -.28 .1 -.22 -.1 -.22 -.1
-.17 .1 -.17; solid .02 ebony rope .04 .04 -.17 .74 .17 .74; over 0 cream wire .005 .005 -.045 -.9
-.065 .73 -.039 .73 -.027 -.9 -.009 -.9 -.013 .73 .013 .73 .009 -.9 .027 -.9 .039 .73 .065 .73
.045 -.9",
    "over .09 steam oval .76 -.46 .08 .08; over .09 steam oval .8 -.62 .11 .11; over .09 steam oval .7
-.79 .13 .13; solid .03 steel arc .04 .04 -.12 -.26 .42 .52 .5 1; solid .05 bark arc .07 .07 -.12 -.26 .42
.52 .6 .9; solid .07 enamel rope .17 .07 .3 .32 .48 .16 .58 -.08 .72 -.26; solid .03 steel rope
.05 .05 .66 -.3 .79 -.22; solid .14 enamel blob -.12 -.34 .2 -.28 .42 -.02 .52 .36 .46 .68 -.12
.74 -.7 .68 -.76 .36 -.66 -.02 -.44 -.28; on .03 shine rope .05 .03 -.44 -.1 -.56 .1 -.6 .36; on 0
cream rope .03 .03 -.9 .52 .7 .52; solid .04 steel rope .055 .055 -.64 .72 .4 .72; solid .04
enamel oval -.12 -.28 .3 .09; solid .04 bark oval -.12 -.41 .085 .08",
];

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn seeded(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn every_stroke_can_be_read_and_nonsense_cannot() {
        let read = |text: &str| Pen::new(4, 0.0, &mut seeded(0)).stroke(text, 0.0).is_some();
        for text in SHEETS.iter().flat_map(|sheet| sheet.split(';')) {
            assert!(read(text), "{text}");
        }
        for text in ["", "on 0 pink oval 0 0 1 1", "on 0 red oval 0 1"] {
            assert!(!read(text), "{text}");
        }
    }

    #[test]
    fn cutouts_are_solid_inside_clear_at_the_rim_and_differ() {
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            for seed in 0..5 {
                let image = draw(kind, 96, &mut seeded(seed));
                let at_rim = |x: u32, y: u32| [0, 95].contains(&x) || [0, 95].contains(&y);
                let cut = |(x, y, p): (u32, u32, &Rgba<u8>)| at_rim(x, y) && p[3] > 0;
                assert!(!image.enumerate_pixels().any(cut), "{kind:?} {seed}");
                assert_eq!(image.get_pixel(48, 55)[3], 255, "{kind:?} {seed}");
                let count = |f: fn(u8) -> bool| image.pixels().filter(|p| f(p[3])).count();
                assert!(count(|a| a == 255) > 1400, "{kind:?} is too small");
                assert!(count(|a| a % 255 > 0) > 90, "{kind:?} has hard edges");
            }
            let image = |kind: Kind, seed: u64| draw(kind, 48, &mut seeded(seed));
            assert_eq!(image(kind, 7), image(kind, 7));
            assert_ne!(image(kind, 7), image(kind, 8));
            assert_ne!(image(kind, 7), image(Kind::ALL[(i + 1) % 6], 7));
        }
    }

    #[test]
    fn the_backdrop_is_calm_and_empty_sizes_are_fine() {
        let room = backdrop(160, 90, &mut seeded(3));
        assert_eq!(room, backdrop(160, 90, &mut seeded(3)));
        assert!(room.iter().all(|&c| c > 60), "too dark");
        assert_eq!(backdrop(0, 5, &mut seeded(0)).dimensions(), (0, 5));
        assert_eq!(draw(Dog, 0, &mut seeded(0)).dimensions(), (0, 0));
        assert_eq!(draw(Bird, 1, &mut seeded(0)).dimensions(), (1, 1));
    }
}
