//! The regions of a classifier: cells of its colors, and the boundary between them.

use super::axis::Axis;
use super::frame::Region;
use super::mark::{Mark, Point};
use super::palette::{INK, pale};

/// The side of the cells. The boundary, which is as wide, covers the steps of their edges.
const CELL: f64 = 2.0;
pub(super) const BOUNDARY: f64 = 2.0;

type Classifier<'a> = &'a mut dyn FnMut(f64, f64) -> usize;

pub(super) struct Regions {
    region: Region,
    /// The class in the middle of each cell, from the upper left.
    classes: Vec<Vec<usize>>,
    boundary: Vec<[Point; 2]>,
}

impl Regions {
    pub(super) fn ask(classifier: Classifier<'_>, x_axis: &Axis, y_axis: &Axis, region: Region) -> Self {
        let mut class_at = |(x, y): Point| {
            let (x, y) = ((x - region.left) / region.width, (region.bottom() - y) / region.height);
            classifier(x_axis.value(x), y_axis.value(y))
        };
        let (columns, rows) = ((region.width / CELL).ceil() as usize, (region.height / CELL).ceil() as usize);
        let middle = |row: usize, column: usize| {
            (region.left + CELL * (column as f64 + 0.5), region.top + CELL * (row as f64 + 0.5))
        };
        let mut classes = vec![vec![0; columns]; rows];
        for (row, classes) in classes.iter_mut().enumerate() {
            for (column, class) in classes.iter_mut().enumerate() {
                *class = class_at(middle(row, column));
            }
        }
        let mut boundary = Vec::new();
        for row in 0..rows.saturating_sub(1) {
            for column in 0..columns.saturating_sub(1) {
                let corners = [(0, 0), (0, 1), (1, 1), (1, 0)].map(|(down, right)| {
                    let (row, column) = (row + down, column + right);
                    (middle(row, column), classes[row][column])
                });
                if corners.iter().all(|corner| corner.1 == corners[0].1) {
                    continue;
                }
                let sides = (0..4).map(|side| (corners[side], corners[(side + 1) % 4]));
                let crossed = sides.filter(|(start, end)| start.1 != end.1);
                let crossings = crossed.map(|(start, end)| crossing(&mut class_at, start, end.0));
                boundary.extend(join(&crossings.collect::<Vec<_>>()));
            }
        }
        Self { region, classes, boundary }
    }

    pub(super) fn draw(&self, marks: &mut Vec<Mark>) {
        let Region { left, top, .. } = self.region;
        for (row, classes) in self.classes.iter().enumerate() {
            let y = top + CELL * row as f64;
            let mut column = 0;
            for run in classes.chunk_by(|a, b| a == b) {
                let x = left + CELL * column as f64;
                column += run.len();
                // The last cell is cut where the region ends.
                let width = (CELL * run.len() as f64).min(self.region.right() - x);
                let height = CELL.min(self.region.bottom() - y);
                marks.push(Mark::rectangle((x, y), (width, height), pale(run[0])));
            }
        }
        marks.extend(self.boundary.iter().map(|ends| Mark::line(*ends, INK, BOUNDARY)));
    }
}

/// Where the class changes between two places, by bisection.
fn crossing(
    class_at: &mut impl FnMut(Point) -> usize,
    (mut start, class): (Point, usize),
    mut end: Point,
) -> Point {
    // Of 2 units, down to 1/8: finer than a pixel.
    for _ in 0..4 {
        let middle = (f64::midpoint(start.0, end.0), f64::midpoint(start.1, end.1));
        if class_at(middle) == class { start = middle } else { end = middle }
    }
    (f64::midpoint(start.0, end.0), f64::midpoint(start.1, end.1))
}

/// Returns the boundary through a square, by where it crosses the square's sides: across, or where more than two
/// regions meet, to their middle.
fn join(crossings: &[Point]) -> Vec<[Point; 2]> {
    match crossings {
        [start, end] => vec![[*start, *end]],
        _ => {
            let count = crossings.len() as f64;
            let sum = crossings.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
            let middle = (sum.0 / count, sum.1 / count);
            crossings.iter().map(|point| [*point, middle]).collect()
        }
    }
}
