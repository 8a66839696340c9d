//! Pictures side by side with what was said about them.

use std::convert::Infallible;
use std::iter::zip;

use embedded_graphics::mono_font::iso_8859_1::{FONT_9X18, FONT_9X18_BOLD};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

const MOST_COLUMNS: usize = 4;
const NARROWEST: u32 = 256;
const WIDEST: u32 = 512;
const TALLEST: u32 = 768;
const GAP: u32 = 24;
/// Between a picture and its title.
const LEADING: u32 = 8;
const LINE: u32 = 20;
const GLYPH: u32 = 9;
const TITLE_LINES: usize = 2;
const TEXT_LINES: usize = 12;
const ELLIPSIS: &str = "...";
const PAPER: Rgb<u8> = Rgb([255; 3]);

/// A picture and what stands beneath it.
pub(crate) struct Panel<'a> {
    pub(crate) picture: &'a RgbImage,
    pub(crate) title: String,
    pub(crate) text: String,
}

/// The pictures in rows of up to four, none of them enlarged. Text that is too long ends in an ellipsis.
pub(crate) fn sheet(rounds: &[Panel<'_>]) -> RgbImage {
    let width = rounds.iter().map(|panel| panel.picture.width()).max().unwrap_or(0).clamp(NARROWEST, WIDEST);
    let cells: Vec<Cell> = rounds.iter().map(|panel| Cell::new(panel, width)).collect();
    let rows: Vec<Row<'_>> = cells.chunks(MOST_COLUMNS).map(Row::new).collect();
    let columns = cells.len().clamp(1, MOST_COLUMNS) as u32;
    let height = rows.iter().map(|row| row.height() + GAP).sum::<u32>() + GAP;
    let mut sheet = RgbImage::from_pixel(columns * (width + GAP) + GAP, height, PAPER);
    let mut top = GAP;
    for row in &rows {
        for (cell, left) in zip(row.cells, (GAP..).step_by((width + GAP) as usize)) {
            imageops::replace(&mut sheet, &cell.picture, left.into(), top.into());
            cell.write(&mut sheet, [left, top + row.picture + LEADING]);
        }
        top += row.height() + GAP;
    }
    sheet
}

/// A picture at least as wide as a column, its pixels as squares.
pub(crate) fn enlarged(picture: &RgbImage) -> RgbImage {
    let times = NARROWEST.div_ceil(picture.width().max(1));
    let [width, height] = [picture.width(), picture.height()].map(|side| side * times);
    imageops::resize(picture, width, height, FilterType::Nearest)
}

struct Cell {
    picture: RgbImage,
    title: Vec<String>,
    text: Vec<String>,
}

impl Cell {
    fn new(panel: &Panel<'_>, width: u32) -> Self {
        let columns = (width / GLYPH) as usize;
        Self {
            picture: fit(panel.picture, width),
            title: wrap(&panel.title, columns, TITLE_LINES),
            text: wrap(&panel.text, columns, TEXT_LINES),
        }
    }

    fn caption(&self) -> u32 {
        (self.title.len() + self.text.len()) as u32 * LINE + LEADING
    }

    fn write(&self, sheet: &mut RgbImage, [left, top]: [u32; 2]) {
        let title = self.title.iter().map(|line| (line, &FONT_9X18_BOLD, Rgb888::BLACK));
        let text = self.text.iter().map(|line| (line, &FONT_9X18, Rgb888::new(48, 48, 48)));
        for ((line, font, ink), top) in zip(title.chain(text), (top..).step_by(LINE as usize)) {
            let at = Point::new(left as i32, top as i32);
            let style = MonoTextStyle::new(font as &MonoFont<'_>, ink);
            let Ok(_) = Text::with_baseline(line, at, style, Baseline::Top).draw(&mut Paper(sheet));
        }
    }
}

struct Row<'a> {
    cells: &'a [Cell],
    /// The height of the tallest picture.
    picture: u32,
}

impl<'a> Row<'a> {
    fn new(cells: &'a [Cell]) -> Self {
        Self { cells, picture: cells.iter().map(|cell| cell.picture.height()).max().unwrap_or(0) }
    }

    fn height(&self) -> u32 {
        self.picture + self.cells.iter().map(Cell::caption).max().unwrap_or(0)
    }
}

fn fit(picture: &RgbImage, width: u32) -> RgbImage {
    let [from_width, from_height] = [picture.width(), picture.height()].map(f64::from);
    let scale = (f64::from(width) / from_width).min(f64::from(TALLEST) / from_height);
    if scale >= 1.0 || picture.is_empty() {
        return picture.clone();
    }
    let [width, height] = [from_width, from_height].map(|side| (side * scale).round().max(1.0) as u32);
    imageops::resize(picture, width, height, FilterType::CatmullRom)
}

fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let text: String = text.replace('…', ELLIPSIS).chars().map(typed).collect();
    let mut lines: Vec<String> =
        text.lines().flat_map(|line| wrap_line(line, columns)).take(most + 1).collect();
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = last.chars().take(columns - ELLIPSIS.len()).chain(ELLIPSIS.chars()).collect();
        }
    }
    lines
}

/// Lines of whole words; a word longer than a line is divided.
fn wrap_line(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(columns) {
            if length > 0 && length + 1 + piece.len() > columns {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.extend(piece);
            length += piece.len();
        }
    }
    if length > 0 {
        lines.push(line);
    }
    lines
}

/// A letter as a typewriter would have it, since the font has no typographic marks. It shows what it lacks as `?`.
fn typed(c: char) -> char {
    match c {
        '‘' | '’' => '\'',
        '“' | '”' | '„' => '"',
        '–' | '—' | '‐' | '‑' => '-',
        '•' => '·',
        _ => c,
    }
}

struct Paper<'a>(&'a mut RgbImage);

impl OriginDimensions for Paper<'_> {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Paper<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, ink) in pixels {
            let [x, y] = [at.x, at.y].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
            if let Some(pixel) = self.0.get_pixel_mut_checked(x, y) {
                *pixel = Rgb([ink.r(), ink.g(), ink.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb<u8> = Rgb([200, 30, 30]);

    fn panel<'a>(picture: &'a RgbImage, title: &str, text: &str) -> Panel<'a> {
        Panel { picture, title: title.into(), text: text.into() }
    }

    fn count(sheet: &RgbImage, colour: Rgb<u8>) -> usize {
        sheet.pixels().filter(|&&pixel| pixel == colour).count()
    }

    /// The rows of pixels in which something is drawn.
    fn ink(sheet: &RgbImage) -> usize {
        sheet.rows().filter(|row| row.clone().any(|&pixel| pixel != PAPER)).count()
    }

    #[test]
    fn text_stands_beneath_its_picture() {
        let picture = RgbImage::from_pixel(300, 200, RED);
        let sheet = sheet(&[panel(&picture, "round 1", "satisfied")]);
        assert_eq!(sheet.dimensions(), (300 + 2 * GAP, 200 + 2 * GAP + LEADING + 2 * LINE));
        assert_eq!(count(&sheet, RED), 300 * 200);
        let line = |number: u32| {
            let top = GAP + 200 + LEADING + number * LINE;
            imageops::crop_imm(&sheet, GAP, top, 300, LINE).to_image()
        };
        assert!(count(&line(0), Rgb([0; 3])) > 50 && count(&line(1), Rgb([48; 3])) > 50);
        let beside = imageops::crop_imm(&sheet, GAP + 9 * GLYPH, GAP + 200, 200, sheet.height() - GAP - 200);
        assert_eq!(ink(&beside.to_image()), 0);
    }

    #[test]
    fn five_pictures_fill_two_rows() {
        let pictures = [[100, 50], [20, 80], [300, 10], [40, 40], [60, 30]].map(|[w, h]| RgbImage::new(w, h));
        let panels: Vec<Panel<'_>> = pictures.iter().map(|picture| panel(picture, "title", "")).collect();
        let rows = 80 + 30 + 2 * (LEADING + LINE);
        assert_eq!(sheet(&panels).dimensions(), (4 * 300 + 5 * GAP, rows + 3 * GAP));
    }

    #[test]
    fn pictures_keep_their_shape_and_are_not_enlarged() {
        for (from, to) in [
            ([16, 16], (16, 16)),
            ([1024, 1024], (512, 512)),
            ([1000, 4000], (192, 768)),
            ([4000, 20], (512, 3)),
            ([4000, 1], (512, 1)),
            ([1, 9000], (1, 768)),
            ([0, 0], (0, 0)),
        ] {
            assert_eq!(fit(&RgbImage::new(from[0], from[1]), 512).dimensions(), to, "{from:?}");
        }
    }

    #[test]
    fn little_makes_a_sheet_too() {
        let picture = RgbImage::from_pixel(16, 16, RED);
        let bare = sheet(&[panel(&picture, "", " \n ")]);
        assert_eq!(bare.dimensions(), (NARROWEST + 2 * GAP, 16 + LEADING + 2 * GAP));
        assert_eq!((ink(&bare), count(&bare, RED)), (16, 256));
        assert_eq!(ink(&sheet(&[])), 0);
        assert_eq!(ink(&sheet(&[panel(&RgbImage::new(0, 9), "", "")])), 0);
    }

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrap("one two  three\n\nfour", 8, 9), ["one two", "three", "four"]);
        assert_eq!(wrap("a 0123456789abcdefghi b", 8, 9), ["a", "01234567", "89abcdef", "ghi b"]);
        assert_eq!(wrap("“so” – …", 20, 9), ["\"so\" - ..."]);
        assert!(wrap("", 8, 9).is_empty());
    }

    #[test]
    fn text_that_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(wrap("one two three four", 8, 2), ["one two", "three..."]);
        assert_eq!(wrap(&"x".repeat(100), 8, 2), ["xxxxxxxx", "xxxxx..."]);
        assert_eq!(wrap("one two three", 8, 2), ["one two", "three"]);
        let picture = RgbImage::new(512, 16);
        let long = sheet(&[panel(&picture, "title", &"word ".repeat(10_000))]);
        assert_eq!(long.height(), 16 + LEADING + 13 * LINE + 2 * GAP);
    }

    #[test]
    fn what_the_font_lacks_is_a_question_mark() {
        let picture = RgbImage::new(16, 16);
        assert_eq!(sheet(&[panel(&picture, "狐🦊", "")]), sheet(&[panel(&picture, "??", "")]));
        assert_ne!(sheet(&[panel(&picture, "é", "")]), sheet(&[panel(&picture, "?", "")]));
    }
}
