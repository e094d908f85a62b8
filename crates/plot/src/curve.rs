//! One line of a chart: its gaps, its markers, and the values that have no position on the axes.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::frame::Region;
use super::legend::Entry;
use super::mark::{Mark, Point, dashed};
use super::palette::{INK, Marker, WHITE, marker, series};

const WIDTH: f64 = 1.8;
const MARKER: f64 = 3.6;
/// A line of more points has only some of its markers.
const ALL_MARKED: usize = 40;
const SOME_MARKED: usize = 12;

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stroke {
    /// The line of this place, with its color and marker.
    Solid(usize),
    /// Dashes of this color and pattern.
    Dashed(RGBColor, usize),
}

const DASHES: [&[f64]; 3] = [&[8.0, 4.0], &[2.5, 3.0], &[10.0, 3.0, 2.5, 3.0]];

impl Stroke {
    pub(super) fn entry(self, name: &str) -> Entry {
        let ends = [(-14.0, 0.0), (14.0, 0.0)];
        match self {
            Self::Solid(place) => {
                let marker = marker(place).at((0.0, 0.0), MARKER, series(place));
                Entry::new([Mark::line(ends, series(place), WIDTH), marker], name)
            }
            Self::Dashed(color, pattern) => {
                Entry::new(dashed(&ends, DASHES[pattern % DASHES.len()], color, WIDTH), name)
            }
        }
    }

    fn color(self) -> RGBColor {
        match self {
            Self::Solid(place) => series(place),
            Self::Dashed(color, _) => color,
        }
    }
}

/// Which values without a position there are.
#[derive(Debug, Default)]
pub(super) struct Edges {
    zero: bool,
    negative: bool,
    low: bool,
    high: bool,
    nan: bool,
}

impl Edges {
    pub(super) fn see(&mut self, y: f64, log: bool) {
        self.zero |= log && y == 0.0;
        self.negative |= log && y < 0.0 && y.is_finite();
        self.low |= y == f64::NEG_INFINITY;
        self.high |= y == f64::INFINITY;
        self.nan |= y.is_nan();
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let low = [(self.zero, "0"), (self.negative, "negative"), (self.low, "-inf")];
        let low: Vec<_> = low.into_iter().filter(|(seen, _)| *seen).map(|(_, name)| name).collect();
        let low =
            (!low.is_empty()).then(|| Entry::new(hollow(Marker::Down, (0.0, 0.0), INK), low.join(", ")));
        let high = self.high.then(|| Entry::new(hollow(Marker::Triangle, (0.0, 0.0), INK), "inf"));
        let nan = self.nan.then(|| Entry::new([Marker::Cross.at((0.0, 0.0), 4.0, INK)], "NaN"));
        [low, high, nan].into_iter().flatten()
    }
}

fn hollow(marker: Marker, center: Point, color: RGBColor) -> [Mark; 2] {
    [marker.at(center, 5.0, color), marker.at(center, 2.6, WHITE)]
}

pub(super) struct Curve<'a> {
    pub(super) points: &'a [(f64, f64)],
    pub(super) stroke: Stroke,
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    pub(super) region: Region,
}

impl Curve<'_> {
    pub(super) fn draw(&self, marks: &mut Vec<Mark>) {
        let color = self.stroke.color();
        let (mut piece, mut pieces, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        for (x, y) in self.points {
            let Some(x) = self.x.place(*x).map(|at| self.region.x(at)) else { continue };
            match self.y.place(*y) {
                Some(at) => piece.push((x, self.region.y(at))),
                None => {
                    pieces.push(std::mem::take(&mut piece));
                    edges.push((x, *y));
                }
            }
        }
        pieces.push(piece);
        for piece in pieces.iter().map(|piece| thin(piece)).filter(|piece| piece.len() > 1) {
            match self.stroke {
                Stroke::Solid(_) => marks.push(Mark::line(piece, color, WIDTH)),
                Stroke::Dashed(_, pattern) => {
                    marks.extend(dashed(&piece, DASHES[pattern % DASHES.len()], color, WIDTH));
                }
            }
        }
        match self.stroke {
            Stroke::Solid(place) => self.markers(place, &pieces, marks),
            // A dashed line of one point would be invisible.
            Stroke::Dashed(..) => {
                let lone = pieces.iter().filter(|piece| piece.len() == 1);
                marks.extend(lone.map(|piece| Marker::Diamond.at(piece[0], MARKER, color)));
            }
        }
        self.edges(&edges, marks);
    }

    fn markers(&self, place: usize, pieces: &[Vec<Point>], marks: &mut Vec<Mark>) {
        let count: usize = pieces.iter().map(Vec::len).sum();
        let every = if count <= ALL_MARKED { 1 } else { count.div_ceil(SOME_MARKED) };
        // Lines that coincide show their markers at different points.
        let first = (place * every / 8) % every;
        let chosen = pieces.iter().flatten().enumerate().filter(|(index, _)| index % every == first);
        let lone = pieces.iter().filter(|piece| piece.len() == 1 && every > 1).map(|piece| &piece[0]);
        for point in chosen.map(|(_, point)| point).chain(lone) {
            marks.push(marker(place).at(*point, MARKER, series(place)));
        }
    }

    /// Marks the values without a position at the edge beyond which they are. Marks at the same point are drawn once.
    fn edges(&self, points: &[(f64, f64)], marks: &mut Vec<Mark>) {
        const APART: f64 = 7.0;
        let (top, bottom) = (self.region.top + 5.0, self.region.bottom() - 5.0);
        let color = self.stroke.color();
        let mut last = [f64::NEG_INFINITY; 3];
        for (x, y) in points {
            let kind = if y.is_nan() { 2 } else { usize::from(*y == f64::INFINITY) };
            if (x - last[kind]).abs() < APART {
                continue;
            }
            last[kind] = *x;
            match kind {
                0 => marks.extend(hollow(Marker::Down, (*x, bottom), color)),
                1 => marks.extend(hollow(Marker::Triangle, (*x, top), color)),
                _ => marks.push(Marker::Cross.at((*x, top), 4.0, color)),
            }
        }
    }
}

/// Returns the same line in fewer points: of all points within a unit of x, the first, the lowest, the highest and the
/// last.
fn thin(points: &[Point]) -> Vec<Point> {
    const MANY: usize = 3000;
    if points.len() < MANY || !points.is_sorted_by(|a, b| a.0 <= b.0) {
        return points.to_vec();
    }
    let mut thinned = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
        let lowest = (0..column.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..column.len()).max_by(by_height).unwrap_or(0);
        let mut kept = vec![0, lowest, highest, column.len() - 1];
        kept.sort_unstable();
        kept.dedup();
        thinned.extend(kept.into_iter().map(|index| column[index]));
    }
    thinned
}
