//! The beam of a card that is built round an MC6845: how far it has come, and what it drew on its way.
//!
//! The beam is looked at only when it matters: when a status register is read, before a register is written, and
//! once a frame, when VSYNC begins. While somebody wants a frame, the lines that the beam has passed are put down in
//! it at those moments and before display memory changes; with nobody looking, writes to memory cost nothing here
//! and a frame costs one event.
//!
//! The picture is placed as a monitor would: by the syncs. A line of the picture is a line of the 6845, cut at the
//! edges of what the tube shows. Not modelled: several lines of the 6845 in one scan of the tube, and a monitor that
//! loses its hold.

use super::lines::{Lines, Target};
use crate::chips::mc6845::{Mc6845, Mc6845State, reg};
use emu_core::board::device::Cx;
use emu_core::hal::video::{
    Cell, Font, FontId, Frame, FrameHead, LineStyle, OutputId, PaletteId, PixelFormat, PixelStyle, Rect, Rgb,
    TextStyle,
};
use emu_core::time::{Clock, EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The event at which VSYNC begins.
pub(super) const VSYNC_EVENT: EventTag = EventTag(0);

/// A VSYNC that comes sooner after the last one is no end of a picture for any monitor.
const SHORTEST_PICTURE: u16 = 100;
/// After so many lines without VSYNC a monitor begins a picture on its own.
const LONGEST_PICTURE: u16 = 400;
/// Dots of an ordinary line, to turn those two into times.
const LINE_DOTS: u64 = 900;

/// What the tube shows, and how it gets there.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub width: u16,
    pub height: u16,
    /// Width to height of a dot.
    pub pixel_aspect: (u16, u16),
    /// As [`FrameHead::color_phase`].
    pub color_phase: Option<u8>,
    /// Dots from the beginning of HSYNC to the left edge.
    pub from_hsync: u16,
    /// Lines from the beginning of VSYNC to the upper edge.
    pub from_vsync: u16,
    /// Where a line begins that has no HSYNC.
    pub left: u16,
    /// What is within the border as long as nothing has been displayed.
    pub active: Rect,
}

/// What the rest of a card adds to the 6845 to make a picture.
pub(super) trait Picture {
    /// Dots of a character at present.
    fn char_dots(&self) -> u64;
    fn view(&self) -> View;
    fn palette(&self) -> &[Rgb];
    fn font(&self) -> &Arc<Font>;
    /// Draws the 6845's present line (and those below it that are of its row) by handing its source to `lines`.
    fn draw(&self, crtc: &Mc6845, lines: &mut Lines<'_>);
}

/// The beam.
pub(super) struct Raster {
    pub crtc: Mc6845,
    dots: Clock,
    output: OutputId,
    /// The dot, counted from power-on, up to which the 6845 has come.
    at_dot: u64,
    recording: Option<Recording>,
}

/// The saved form of [`Raster`], version 1. A frame under way is not part of it: it is lost.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RasterState {
    crtc: Mc6845State,
    at_dot: u64,
}

/// A frame under way.
struct Recording {
    frame: Frame,
    palette: PaletteId,
    font: FontId,
    /// Lines since VSYNC.
    line: u16,
    cut: Option<CutLine>,
    /// Bounds of what was displayed.
    active: Option<Rect>,
}

/// A line in which a register changed: its dots so far, as palette indices.
struct CutLine {
    dots: Vec<u8>,
    drawn: u16,
    burst: bool,
}

impl Raster {
    pub fn new(crtc: Mc6845, dots: Clock, output: OutputId) -> Self {
        Self { crtc, dots, output, at_dot: 0, recording: None }
    }

    /// The dots that have passed by `at`.
    pub fn dot_at(&self, at: Tick) -> u64 {
        self.dots.cycles_at(at)
    }

    /// Ticks from `now` to the dot `dot`.
    pub fn ticks_to(&self, dot: u64, now: Tick) -> u64 {
        self.dots.tick_of(dot).since(now)
    }

    /// The 6845 as it stands at `now`, without moving the beam there.
    pub fn crtc_at(&self, now: Tick, char_dots: u64) -> Mc6845 {
        let mut crtc = self.crtc.clone();
        crtc.advance((self.dot_at(now) / char_dots).saturating_sub(self.at_dot / char_dots));
        crtc
    }

    /// Whether somebody gets the frame under way.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Moves the beam to the present moment.
    pub fn catch_up(&mut self, picture: &impl Picture, cx: &mut Cx<'_>) {
        let char_dots = picture.char_dots();
        let dot = self.dot_at(cx.now).max(self.at_dot);
        let mut chars = dot / char_dots - self.at_dot / char_dots;
        self.at_dot = dot;
        while self.recording.is_some() && chars >= self.crtc.chars_left_in_line() {
            chars -= self.pass_lines(picture, chars);
            if self.crtc.lines_since_vsync() == 0 {
                self.finish_frame(picture, SHORTEST_PICTURE, cx);
            }
        }
        self.crtc.advance(chars);
    }

    /// Draws and passes the lines of one row that end within `chars`, at least one. Gives the characters it took.
    fn pass_lines(&mut self, picture: &impl Picture, chars: u64) -> u64 {
        let whole = u64::from(self.crtc.line_length());
        let cut = self.recording.as_ref().is_some_and(|recording| recording.cut.is_some());
        let lines = match self.crtc.column() {
            0 if !cut => (chars / whole).clamp(1, self.crtc.lines_left_in_row().into()) as u16,
            _ => 1,
        };
        if let Some(recording) = &mut self.recording {
            recording.draw_lines(picture, &self.crtc, lines);
        }
        let mut passed = 0;
        for _ in 0..lines {
            passed += self.crtc.chars_left_in_line();
            self.crtc.finish_line();
        }
        passed
    }

    /// Before a register changes what the beam draws: keeps what it has drawn of the present line. The beam is
    /// where [`Self::catch_up`] put it.
    pub fn cut_line(&mut self, picture: &impl Picture) {
        let char_dots = picture.char_dots();
        let in_line = u64::from(self.crtc.column()) * char_dots + self.at_dot % char_dots;
        if let Some(recording) = &mut self.recording {
            recording.cut_line(picture, &self.crtc, in_line as i32);
        }
    }

    /// A memory access `wait` dots from now takes the slot in which a character was to be fetched: there is `cell`
    /// in its place. The beam is where [`Self::catch_up`] put it.
    pub fn disturb(&mut self, picture: &impl Picture, wait: u64, style: TextStyle, cell: Cell) {
        let char_dots = picture.char_dots();
        let character = u64::from(self.crtc.column()) + (self.at_dot % char_dots + wait) / char_dots;
        let shown = u64::from(self.crtc.columns_displayed());
        if !self.crtc.line_displays() || character >= shown {
            return;
        }
        if let Some(recording) = &mut self.recording {
            recording.cut_line(picture, &self.crtc, (character * char_dots) as i32);
            let left = left_edge(picture, &self.crtc) + (character * char_dots) as i32;
            let mut dots = vec![0; style.cell_dots()];
            style.draw_line(&[cell], picture.font(), self.crtc.row_address(), &mut dots);
            if let Some(cut) = &mut recording.cut {
                cut.draw_over(left, &dots);
            }
        }
    }

    /// The event of VSYNC: begins a frame if somebody wants one.
    pub fn on_vsync_event(&mut self, picture: &impl Picture, cx: &mut Cx<'_>) {
        self.catch_up(picture, cx);
        self.finish_frame(picture, LONGEST_PICTURE, cx);
        if self.recording.is_none() && cx.hal.video.wants_frame(self.output) {
            let frame = cx.hal.video.blank_frame();
            self.recording = Some(Recording::begin(frame, picture, &self.crtc));
        }
        self.arm(picture, cx);
    }

    /// Arms the event for the next VSYNC, at the latest when a monitor would go on by itself.
    pub fn arm(&self, picture: &impl Picture, cx: &mut Cx<'_>) {
        let char_dots = picture.char_dots();
        let min = u64::from(SHORTEST_PICTURE) * LINE_DOTS / char_dots;
        let max = u64::from(LONGEST_PICTURE) * LINE_DOTS / char_dots;
        let chars = self.crtc.chars_to_vsync(min, max).unwrap_or(max);
        let char_at = (self.at_dot / char_dots).saturating_add(chars);
        cx.arm(VSYNC_EVENT, self.dots.tick_of(char_at.saturating_mul(char_dots)));
    }

    /// Hands the frame under way over, if it has at least `shortest` lines.
    fn finish_frame(&mut self, picture: &impl Picture, shortest: u16, cx: &mut Cx<'_>) {
        let Some(recording) = self.recording.take_if(|recording| recording.line >= shortest) else { return };
        let frame = recording.finish(&picture.view(), self.crtc.fields(), cx.now);
        cx.hal.video.present(self.output, frame);
    }

    /// The whole picture as it would be if nothing changed any more: for a paused machine and for its text.
    pub fn still(&self, picture: &impl Picture) -> Frame {
        let mut crtc = self.crtc.clone();
        let max = u64::from(LONGEST_PICTURE) * LINE_DOTS / picture.char_dots();
        crtc.advance(crtc.chars_to_vsync(0, max).unwrap_or(0));
        let mut recording = Recording::begin(Frame::default(), picture, &crtc);
        while recording.line < LONGEST_PICTURE {
            recording.draw_lines(picture, &crtc, 1);
            crtc.finish_line();
            if crtc.lines_since_vsync() == 0 && recording.line >= SHORTEST_PICTURE {
                break;
            }
        }
        recording.finish(&picture.view(), self.crtc.fields(), self.dots.tick_of(self.at_dot))
    }

    /// Writes the 6845's addressed register. Gives whether the time of the next VSYNC may have changed.
    pub fn write_crtc(&mut self, value: u8) -> bool {
        let Some(at) = self.crtc.addressed() else { return false };
        let before = self.crtc.register(at);
        self.crtc.write_data(value);
        at <= reg::MAX_SCAN_LINE && self.crtc.register(at) != before
    }

    /// RESET, or power-on.
    pub fn reset(&mut self) {
        self.crtc.reset();
        self.recording = None;
    }

    pub fn save(&self) -> RasterState {
        let Self { crtc, dots: _, output: _, at_dot, recording: _ } = self;
        RasterState { crtc: crtc.save(), at_dot: *at_dot }
    }

    pub fn restore(&mut self, saved: RasterState) {
        let RasterState { crtc, at_dot } = saved;
        self.crtc.restore(crtc);
        self.at_dot = at_dot;
        self.recording = None;
    }
}

impl Recording {
    /// An empty frame, of which the lines that the beam has passed since VSYNC are lost.
    fn begin(mut frame: Frame, picture: &impl Picture, crtc: &Mc6845) -> Self {
        let view = picture.view();
        frame.begin(FrameHead::of_size(view.width, view.height, view.pixel_aspect));
        let palette = frame.add_palette(picture.palette());
        let font = frame.add_font(picture.font());
        let passed = crtc.lines_since_vsync();
        let line = if passed < LONGEST_PICTURE { passed } else { 0 };
        let style = LineStyle::new(palette, 0, 0, 0);
        frame.push_solid(line.saturating_sub(view.from_vsync).min(view.height), style);
        Self { frame, palette, font, line, cut: None, active: None }
    }

    fn finish(mut self, view: &View, number: u32, at: Tick) -> Frame {
        let head = FrameHead::of_size(view.width, view.height, view.pixel_aspect);
        let active = self.active.unwrap_or(view.active);
        self.frame.set_head(FrameHead {
            number: number.into(),
            at,
            active,
            color_phase: view.color_phase,
            ..head
        });
        self.frame
    }

    /// Puts down `lines` lines of the 6845's present row.
    fn draw_lines(&mut self, picture: &impl Picture, crtc: &Mc6845, lines: u16) {
        let view = picture.view();
        let first = self.line;
        self.line = self.line.saturating_add(lines);
        let above = view.from_vsync.saturating_sub(first).min(lines);
        let room = view.height.saturating_sub(self.frame.lines());
        let lines = (lines - above).min(room);
        if lines == 0 {
            self.cut = None;
            return;
        }
        let left = left_edge(picture, crtc);
        self.include(crtc, left, picture.char_dots(), lines, &view);
        if let Some(cut) = self.cut.take() {
            return self.draw_cut_line(cut, picture, crtc, left);
        }
        let Self { frame, palette, font, .. } = self;
        let target = Target::Frame { frame, palette: *palette, font: *font, lines };
        let scan = crtc.row_address().saturating_add(above as u8);
        picture.draw(crtc, &mut Lines { target, left, width: view.width, scan, font: picture.font() });
    }

    /// The rest of a line in which a register changed, and all of it to the frame.
    fn draw_cut_line(&mut self, mut cut: CutLine, picture: &impl Picture, crtc: &Mc6845, left: i32) {
        cut.draw_to(picture, crtc, left, picture.view().width);
        let width = cut.dots.len() as u16;
        let line = LineStyle { burst: cut.burst, ..LineStyle::new(self.palette, 0, 0, width) };
        self.frame.push_pixels(line, PixelStyle::new(PixelFormat::I8), cut.dots);
    }

    /// Keeps the dots of the present line before its dot `in_line` (counted from its first character).
    fn cut_line(&mut self, picture: &impl Picture, crtc: &Mc6845, in_line: i32) {
        let view = picture.view();
        let left = left_edge(picture, crtc);
        let to = (left + in_line).clamp(0, view.width.into()) as u16;
        if self.line < view.from_vsync || to == 0 {
            return;
        }
        let cut = self.cut.get_or_insert_with(|| CutLine {
            dots: vec![0; view.width.into()],
            drawn: 0,
            burst: true,
        });
        cut.draw_to(picture, crtc, left, to);
    }

    /// Widens what counts as within the border by the present line's displayed part.
    fn include(&mut self, crtc: &Mc6845, left: i32, char_dots: u64, lines: u16, view: &View) {
        let right = left + i32::from(crtc.columns_displayed()) * char_dots as i32;
        let (left, right) = (left.max(0) as u16, right.clamp(0, view.width.into()) as u16);
        if !crtc.line_displays() || right <= left {
            return;
        }
        let top = self.frame.lines();
        let line = Rect { left, top, width: right - left, height: lines };
        self.active = Some(self.active.map_or(line, |all| bounds_of(all, line)));
    }
}

/// Where on the tube the first character of the 6845's line is; may lie to the left of it.
fn left_edge(picture: &impl Picture, crtc: &Mc6845) -> i32 {
    let view = picture.view();
    match crtc.sync_to_line() {
        Some(chars) => i32::from(chars) * picture.char_dots() as i32 - i32::from(view.from_hsync),
        None => view.left.into(),
    }
}

fn bounds_of(a: Rect, b: Rect) -> Rect {
    let left = a.left.min(b.left);
    let top = a.top.min(b.top);
    let right = (a.left + a.width).max(b.left + b.width);
    let bottom = (a.top + a.height).max(b.top + b.height);
    Rect { left, top, width: right - left, height: bottom - top }
}

impl CutLine {
    /// Draws on to the dot `to` of the tube as the registers stand now.
    fn draw_to(&mut self, picture: &impl Picture, crtc: &Mc6845, left: i32, to: u16) {
        let (from, to) = (usize::from(self.drawn), usize::from(to));
        if to <= from {
            return;
        }
        self.drawn = to as u16;
        let mut whole = vec![0; self.dots.len()];
        let target = Target::Dots { dots: &mut whole, burst: &mut self.burst };
        let width = self.dots.len() as u16;
        picture
            .draw(crtc, &mut Lines { target, left, width, scan: crtc.row_address(), font: picture.font() });
        self.dots[from..to].copy_from_slice(&whole[from..to]);
    }
}

impl CutLine {
    /// Puts `dots` down where the tube's dot `left` is.
    fn draw_over(&mut self, left: i32, dots: &[u8]) {
        for (x, &dot) in (left..).zip(dots) {
            if let Some(place) = usize::try_from(x).ok().and_then(|x| self.dots.get_mut(x)) {
                *place = dot;
                self.drawn = self.drawn.max(x as u16 + 1);
            }
        }
    }
}
