//! The content of a page: its characters with their positions, and its number of pictures.

use std::collections::BTreeSet;

use hayro_interpret::font::{Glyph as Drawn, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, interpret_page,
};

use super::string;

/// Font units per em.
const EM: f64 = 1_000.0;
/// Positions are kept in hundredths of a point, because integers are the same on every machine.
const UNITS_PER_POINT: f64 = 100.0;
/// A picture with fewer pixels is decoration without text.
const SMALLEST_PICTURE: u64 = 10_000;

/// The direction of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Right,
    Down,
    Left,
    Up,
}

/// A character, or the few characters of a ligature. Positions are in hundredths of a point, along the line (`start`,
/// `end`) and across it (`base`), both growing in reading direction.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    pub(super) text: String,
    pub(super) direction: Direction,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) base: i64,
    pub(super) size: i64,
}

/// Everything drawn on a page.
#[derive(Default)]
pub(super) struct Drawing {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) pictures: usize,
    unmapped: usize,
    seen: BTreeSet<(u32, i64, i64)>,
    limit: usize,
}

impl Drawing {
    /// How much of the page's text its glyphs reveal.
    pub(super) fn mapped(&self) -> Mapped {
        let letters = self.glyphs.iter().filter(|glyph| glyph.text != " ").count();
        match self.unmapped {
            unmapped if unmapped > letters.saturating_mul(4) => Mapped::Nothing,
            unmapped if unmapped > letters / 4 => Mapped::Part,
            _ => Mapped::All,
        }
    }
}

/// How many glyphs of a page map to characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapped {
    /// All, or all but decoration.
    All,
    /// Too few: a reader would miss text.
    Part,
    /// Practically none: what remains is not the page's text.
    Nothing,
}

/// Interprets the content of a page.
pub(super) fn draw<'a>(page: &Page<'a>, cache: &InterpreterCache<'a>, limit: usize) -> Drawing {
    let (width, height) = page.render_dimensions();
    let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let transform = Affine::new(page.initial_transform(true).as_coeffs());
    let mut context = Context::new(transform, bounds, cache, page.xref(), InterpreterSettings::default());
    let mut drawing = Drawing { limit, ..Drawing::default() };
    interpret_page(page, &mut context, &mut drawing);
    drawing
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded before, and a fraction of a unit does not matter"
)]
fn units(points: f64) -> i64 {
    (points * UNITS_PER_POINT).clamp(-1e12, 1e12) as i64
}

impl Drawing {
    fn add(&mut self, glyph: &Drawn<'_>, transform: Affine, is_vertical: bool) {
        if self.glyphs.len() >= self.limit {
            return;
        }
        let text = match glyph.as_unicode() {
            Some(BfString::Char(character)) => string::clean(character.encode_utf8(&mut [0; 4])),
            Some(BfString::String(text)) => string::clean(&text),
            None => match (glyph, u8::try_from(glyph.char_code())) {
                // TeX's bitmap fonts name glyphs by number, and their codes are ASCII
                (Drawn::Type3(_), Ok(code @ b' '..=b'~')) => char::from(code).to_string(),
                (Drawn::Type3(_) | Drawn::Outline(_), _) => {
                    self.unmapped += 1;
                    return;
                }
            },
        };
        if text.is_empty() {
            return;
        }
        let advance = match glyph {
            Drawn::Outline(outline) => outline.advance_width(),
            Drawn::Type3(glyph) => glyph.advance_width(),
        };
        let glyph = place(text, transform, f64::from(advance.unwrap_or(500.0)), is_vertical);
        // glyphs drawn twice (fake bold, or filled and stroked) count once
        let first = glyph.text.chars().next().map_or(0, u32::from);
        let grain = (glyph.size / 20).max(1);
        if glyph.text == " " || self.seen.insert((first, glyph.start / grain, glyph.base / grain)) {
            self.glyphs.push(glyph);
        }
    }
}

fn place(text: String, transform: Affine, advance: f64, is_vertical: bool) -> Glyph {
    let origin = transform * Point::ZERO;
    let along: Vec2 = transform * Point::new(advance, 0.0) - origin;
    let up: Vec2 = transform * Point::new(0.0, EM) - origin;
    let size = units(up.hypot()).max(1);
    let (x, y) = (units(origin.x), units(origin.y));
    if is_vertical {
        // the origin is at the foot of the character cell
        return Glyph { text, direction: Direction::Down, start: y - size, end: y, base: -x, size };
    }
    let length = units(along.hypot());
    let direction = if along.x.abs() >= along.y.abs() {
        if along.x < 0.0 { Direction::Left } else { Direction::Right }
    } else if along.y < 0.0 {
        Direction::Up
    } else {
        Direction::Down
    };
    let (start, base) = match direction {
        Direction::Right => (x, y),
        Direction::Down => (y, -x),
        Direction::Left => (-x, -y),
        Direction::Up => (-y, x),
    };
    Glyph { text, direction, start, end: start + length, base, size }
}

impl<'a> Device<'a> for Drawing {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        let is_vertical = run.writing_mode() == WritingMode::Vertical;
        for glyph in run.glyphs() {
            self.add(glyph, props.transform * glyph.transform(), is_vertical);
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, _: ImageDrawProps<'a>) {
        if u64::from(image.width()) * u64::from(image.height()) >= SMALLEST_PICTURE {
            self.pictures += 1;
        }
    }

    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
