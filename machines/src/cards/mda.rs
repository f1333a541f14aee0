//! IBM Monochrome Display and Printer Adapter, its display half (IBM Personal Computer Technical Reference, 1502234,
//! "Monochrome Display and Parallel Printer Adapter"), and what its descendants share with it ([`MonoCard`]): an
//! MC6845, text of 80 × 25 cells of 9 × 14 dots, 16.257 MHz, 50 Hz.
//!
//! Ports, from 3B0 (the printer half at 3BC–3BE is a device of its own):
//!
//! ```text
//!  0–7  6845: address register (even), data register (odd)
//!  8    mode control (write)      bit 0 high resolution (always set), 3 video on, 5 blink
//!  A    status (read)             bit 0 HSYNC, 3 video: the dot at the beam
//! ```
//!
//! Memory is 0 at power-on (the real one holds noise). Not modelled: the endless wait of a card whose mode bit 0 is
//! clear, wait states of its memory, and the delay of a character or two between the 6845 and the tube.

use super::lines::{self, Lines, Surround};
use super::raster::{Picture, Raster, RasterState, VSYNC_EVENT, View};
use crate::chips::mc6845::{Mc6845, Variant};
use emu_core::addr::Width;
use emu_core::board::device::{BusAccess, Cx, Device, NoAnswer, RegionId, RegisterView, ResetKind};
use emu_core::hal::video::monitor::MonoPalette;
use emu_core::hal::video::{Cell, Font, Frame, OutputId, Rect, Rgb, TextStyle};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The card's own clock, one cycle a dot, in Hz.
pub const DOT_HZ: u64 = 16_257_000;

/// The ports: 12 of them from 3B0.
pub const PORTS: RegionId = RegionId(0);
/// The memory: 32 KB from B0000, in which an MDA's 4 KB appear eight times; 64 KB for a Hercules card.
pub const MEMORY: RegionId = RegionId(1);
/// A Hercules card's configuration switch: port 3BF.
pub const SWITCH: RegionId = RegionId(2);

/// Bytes that a text mode sees, and all that an MDA has.
const TEXT_BYTES: usize = 0x1000;

/// How a card of this family is mounted.
#[derive(Clone, Debug)]
pub struct MonoConfig {
    /// The card's clock ([`DOT_HZ`]) in ticks of the board.
    pub clock: Clock,
    pub output: OutputId,
    /// The character generator: 8 × 14, to which the card adds the ninth dot.
    pub font: Arc<Font>,
    /// The phosphor of the monitor.
    pub palette: MonoPalette,
}

/// The text half of a card: memory, mode, and how cells are drawn.
pub(super) struct MonoText {
    pub memory: Vec<u8>,
    /// The mode control register.
    pub mode: u8,
    font: Arc<Font>,
    palette: MonoPalette,
}

impl MonoText {
    /// With `bytes` of memory, all 0.
    pub fn new(bytes: usize, font: Arc<Font>, palette: MonoPalette) -> Self {
        Self { memory: vec![0; bytes], mode: 0, font, palette }
    }

    pub fn video_enabled(&self) -> bool {
        self.mode & 0x08 != 0
    }

    fn blink(&self) -> bool {
        self.mode & 0x20 != 0
    }

    fn style(&self, crtc: &Mc6845) -> TextStyle {
        TextStyle {
            blink_hidden: self.blink() && lines::blink_hidden(crtc),
            cursor: lines::cursor(crtc),
            ..TextStyle::mono(lines::cell_height(crtc), self.blink())
        }
    }

    fn cells(&self, crtc: &Mc6845) -> impl ExactSizeIterator<Item = Cell> {
        lines::cells(crtc, &self.memory[..TEXT_BYTES])
    }

    pub fn draw(&self, crtc: &Mc6845, lines: &mut Lines<'_>) {
        lines.text(DARK, self.style(crtc), self.cells(crtc));
    }

    /// The signal of the dot `dot` of the character at the beam.
    pub fn signal(&self, crtc: &Mc6845, dot: u64) -> u8 {
        let column = usize::from(crtc.column());
        let Some(cell) = self.cells(crtc).nth(column) else { return 0 };
        let mut style = self.style(crtc);
        style.cursor = style.cursor.filter(|cursor| usize::from(cursor.column) == column);
        if let Some(cursor) = &mut style.cursor {
            cursor.column = 0;
        }
        let mut dots = [0; 9];
        style.draw_line(&[cell], &self.font, crtc.row_address(), &mut dots);
        dots.get(dot as usize).copied().unwrap_or(0)
    }

    pub fn palette(&self) -> &[Rgb] {
        &self.palette
    }

    pub fn font(&self) -> &Arc<Font> {
        &self.font
    }
}

/// No border.
pub(super) const DARK: Surround = Surround { border: 0, burst: false };

/// What a monitor shows of 882 dots × 370 lines: 720 × 350, where IBM's firmware puts them (HSYNC 144 dots before
/// the first character, VSYNC 20 lines before the first row).
pub(super) const VIEW: View = View {
    width: 720,
    height: 350,
    pixel_aspect: (35, 54),
    color_phase: None,
    from_hsync: 144,
    from_vsync: 20,
    left: 0,
    active: Rect { left: 0, top: 0, width: 720, height: 350 },
};

/// What makes a card of this family that card.
pub(super) trait MonoScreen: Picture + Send + 'static {
    /// The bits that its mode control register has.
    const MODE_BITS: u8;

    fn text(&self) -> &MonoText;
    fn text_mut(&mut self) -> &mut MonoText;

    /// Where in display memory an access at `offset` from B0000 lands; `None` where the card does not answer.
    fn address(&self, offset: u32) -> Option<usize>;

    /// The status bits besides HSYNC and video.
    fn status(&self, crtc: &Mc6845) -> u8;

    /// The signal at the beam: dot `dot` of the character that the 6845 is at, when it is displayed.
    fn signal(&self, crtc: &Mc6845, dot: u64) -> u8;

    fn mode_in_words(&self) -> String;

    /// The configuration switch register, of a card that has one.
    fn switch(&self) -> Option<u8> {
        None
    }

    /// Sets the configuration switch register, of a card that has one.
    fn set_switch(&mut self, _value: u8) {}
}

/// A monochrome card.
pub struct MonoCard<S> {
    pub(super) raster: Raster,
    pub(super) screen: S,
}

/// The saved form, version 1.
#[derive(Debug, Serialize, Deserialize)]
struct MonoState {
    raster: RasterState,
    memory: Vec<u8>,
    mode: u8,
    switch: Option<u8>,
}

#[allow(private_bounds)] // The trait is for the cards of this folder alone.
impl<S: MonoScreen> MonoCard<S> {
    pub(super) fn with_screen(screen: S, clock: Clock, output: OutputId) -> Self {
        Self { raster: Raster::new(Mc6845::new(Variant::Mc6845), clock, output), screen }
    }

    fn read_port(&mut self, offset: u32, cx: &mut Cx<'_>) -> Result<u8, NoAnswer> {
        match offset {
            0x0..=0x7 if offset & 1 == 1 => Ok(self.raster.crtc.read_data()),
            0xA => {
                self.raster.catch_up(&self.screen, cx);
                Ok(self.status(&self.raster.crtc, cx.now))
            }
            _ => Err(NoAnswer),
        }
    }

    fn write_port(&mut self, offset: u32, value: u8, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        match offset {
            0x0..=0x7 if offset & 1 == 0 => self.raster.crtc.write_address(value),
            0x0..=0x7 => {
                self.raster.catch_up(&self.screen, cx);
                if self.raster.write_crtc(value) {
                    self.raster.arm(&self.screen, cx);
                }
            }
            0x8 => self.change_screen(cx, |screen| screen.text_mut().mode = value & S::MODE_BITS),
            _ => return Err(NoAnswer),
        }
        Ok(())
    }

    fn write_switch(&mut self, value: u8, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        if self.screen.switch().is_none() {
            return Err(NoAnswer);
        }
        self.change_screen(cx, |screen| screen.set_switch(value));
        Ok(())
    }

    /// Changes what the beam draws from here on, and perhaps how long it takes for it.
    fn change_screen(&mut self, cx: &mut Cx<'_>, change: impl FnOnce(&mut S)) {
        self.raster.catch_up(&self.screen, cx);
        self.raster.cut_line(&self.screen);
        let char_dots = self.screen.char_dots();
        change(&mut self.screen);
        if char_dots != self.screen.char_dots() {
            self.raster.arm(&self.screen, cx);
        }
    }

    fn status(&self, crtc: &Mc6845, now: Tick) -> u8 {
        let dot = self.raster.dot_at(now) % self.screen.char_dots();
        let shown = crtc.display_enabled() && self.screen.text().video_enabled();
        let video = shown && self.screen.signal(crtc, dot) & 1 != 0;
        self.screen.status(crtc) | u8::from(crtc.hsync()) | u8::from(video) << 3
    }

    /// The byte of display memory that an access reaches, after the beam has drawn what it held until now.
    fn memory_at(&mut self, offset: u32, cx: &mut Cx<'_>) -> Result<&mut u8, NoAnswer> {
        let at = self.screen.address(offset).ok_or(NoAnswer)?;
        if self.raster.is_recording() {
            self.raster.catch_up(&self.screen, cx);
        }
        self.screen.text_mut().memory.get_mut(at).ok_or(NoAnswer)
    }
}

#[allow(private_bounds)] // As above.
impl<S: MonoScreen> Device for MonoCard<S> {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        match at.region {
            PORTS => self.read_port(at.offset, cx).map(u64::from),
            MEMORY => self.memory_at(at.offset, cx).map(|byte| u64::from(*byte)),
            _ => Err(NoAnswer),
        }
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        match at.region {
            PORTS => self.write_port(at.offset, value as u8, cx),
            MEMORY => self.memory_at(at.offset, cx).map(|byte| *byte = value as u8),
            SWITCH => self.write_switch(value as u8, cx),
            _ => Err(NoAnswer),
        }
    }

    fn peek(&self, at: BusAccess, now: Tick) -> Option<u64> {
        let byte = match (at.region, at.offset) {
            _ if at.width != Width::Byte => return None,
            (MEMORY, offset) => *self.screen.text().memory.get(self.screen.address(offset)?)?,
            (PORTS, 0x1 | 0x3 | 0x5 | 0x7) => self.raster.crtc.read_data(),
            (PORTS, 0xA) => self.status(&self.raster.crtc_at(now, self.screen.char_dots()), now),
            _ => return None,
        };
        Some(byte.into())
    }

    fn poke(&mut self, at: BusAccess, value: u64) -> bool {
        if at.region != MEMORY || at.width != Width::Byte {
            return false;
        }
        let Some(address) = self.screen.address(at.offset) else { return false };
        let place = self.screen.text_mut().memory.get_mut(address);
        place.map(|byte| *byte = value as u8).is_some()
    }

    fn on_event(&mut self, tag: EventTag, _due: Tick, cx: &mut Cx<'_>) {
        if tag == VSYNC_EVENT {
            self.raster.on_vsync_event(&self.screen, cx);
        }
    }

    /// RESET clears the mode and the configuration switch; memory and the 6845's registers keep what they hold.
    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        self.raster.catch_up(&self.screen, cx);
        if kind == ResetKind::PowerOn {
            self.raster.crtc = Mc6845::new(Variant::Mc6845);
            self.screen.text_mut().memory.fill(0);
        }
        self.raster.reset();
        self.screen.text_mut().mode = 0;
        self.screen.set_switch(0);
        self.raster.arm(&self.screen, cx);
    }

    fn save(&self) -> SavedState {
        let Self { raster, screen } = self;
        let MonoText { memory, mode, font: _, palette: _ } = screen.text();
        let switch = screen.switch();
        SavedState::new(1, &MonoState { raster: raster.save(), memory: memory.clone(), mode: *mode, switch })
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        let MonoState { raster, memory, mode, switch } = saved.read(1)?;
        if memory.len() != self.screen.text().memory.len() {
            return Err(RestoreError::Damaged(format!("{} bytes of display memory", memory.len())));
        }
        self.raster.restore(raster);
        let text = self.screen.text_mut();
        text.memory = memory;
        text.mode = mode & S::MODE_BITS;
        self.screen.set_switch(switch.unwrap_or(0));
        Ok(())
    }

    fn registers(&self, now: Tick) -> Vec<RegisterView> {
        let crtc = self.raster.crtc_at(now, self.screen.char_dots());
        let status = format!(
            "{}{}",
            if crtc.display_enabled() { "display" } else { "blanked" },
            if crtc.hsync() { ", HSYNC" } else { "" }
        );
        let mut views = vec![
            RegisterView::new("Mode control", self.screen.text().mode, 8, self.screen.mode_in_words()),
            RegisterView::new("Status", self.status(&crtc, now), 8, status),
        ];
        if let Some(switch) = self.screen.switch() {
            views.push(RegisterView::new("Configuration switch", switch, 2, words_of_switch(switch)));
        }
        views.extend(crtc.views());
        views
    }

    fn picture(&self) -> Option<Frame> {
        Some(self.raster.still(&self.screen))
    }
}

/// The screen of an MDA.
pub struct MdaScreen(MonoText);

/// IBM's card.
pub type Mda = MonoCard<MdaScreen>;

impl Mda {
    pub fn new(config: MonoConfig) -> Self {
        let MonoConfig { clock, output, font, palette } = config;
        Self::with_screen(MdaScreen(MonoText::new(TEXT_BYTES, font, palette)), clock, output)
    }
}

impl Picture for MdaScreen {
    fn char_dots(&self) -> u64 {
        9
    }

    fn view(&self) -> View {
        VIEW
    }

    fn palette(&self) -> &[Rgb] {
        self.0.palette()
    }

    fn font(&self) -> &Arc<Font> {
        self.0.font()
    }

    fn draw(&self, crtc: &Mc6845, lines: &mut Lines<'_>) {
        if crtc.line_displays() && self.0.video_enabled() {
            self.0.draw(crtc, lines);
        } else {
            lines.blank(DARK);
        }
    }
}

impl MonoScreen for MdaScreen {
    const MODE_BITS: u8 = 0x29;

    fn text(&self) -> &MonoText {
        &self.0
    }

    fn text_mut(&mut self) -> &mut MonoText {
        &mut self.0
    }

    fn address(&self, offset: u32) -> Option<usize> {
        Some(offset as usize % TEXT_BYTES).filter(|_| offset < 0x8000)
    }

    /// The upper four bits are not driven and read as 1; bits 1 and 2 as 0.
    fn status(&self, _crtc: &Mc6845) -> u8 {
        0xF0
    }

    fn signal(&self, crtc: &Mc6845, dot: u64) -> u8 {
        self.0.signal(crtc, dot)
    }

    fn mode_in_words(&self) -> String {
        words_of_mode(&self.0, "text")
    }
}

/// A mode control register spelled out.
pub(super) fn words_of_mode(text: &MonoText, what: &str) -> String {
    let video = if text.video_enabled() { "" } else { ", video off" };
    let blink = if text.blink() { ", blink" } else { "" };
    format!("{what}{video}{blink}")
}

fn words_of_switch(switch: u8) -> String {
    let graphics = if switch & 1 != 0 { "graphics allowed" } else { "text only" };
    let page = if switch & 2 != 0 { ", both pages" } else { ", page 0" };
    format!("{graphics}{page}")
}

#[cfg(test)]
mod tests;
