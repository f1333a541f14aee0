//! IBM Color/Graphics Monitor Adapter (IBM Personal Computer Technical Reference, 1502234, "Color/Graphics Monitor
//! Adapter"): an MC6845, 16 KB of memory at B8000 (again at BC000), text of 40 or 80 columns, graphics of
//! 320 × 200 × 4 and 640 × 200 × 2, and whatever the free choice of the 6845's registers makes of them.
//!
//! Ports, from 3D0:
//!
//! ```text
//!  0–7  6845: address register (even), data register (odd)
//!  8    mode control (write)      bit 0 80 columns, 1 graphics, 2 no colour burst, 3 video on, 4 640 dots, 5 blink
//!  9    colour select (write)     bits 0–3 border, background or foreground, 4 bright palette, 5 palette 1
//!  A    status (read)             bit 0 not display enable, 1 light pen hit, 2 light pen switch off, 3 VSYNC
//!  B, C clear, set the light pen latch (any access)
//! ```
//!
//! The board's 14.318 MHz line clocks everything: a dot of 640 is one cycle, a character 8 of them (80 columns) or
//! 16 (everything else). What a register's change does within a line is exact to the dot, but for the delay of a
//! character or two between the 6845 and the tube; memory is seen as it was at the end of each line.
//!
//! Memory is 0 at power-on (the real one holds noise). Not modelled: the light pen itself (its switch is off, the
//! beam never triggers it), and the mixture of text and graphics that mode bits 0 and 1 make together (shown as
//! text).

use super::lines::{self, Lines, Surround};
use super::raster::{Picture, Raster, RasterState, VSYNC_EVENT, View};
use crate::chips::mc6845::{Mc6845, Variant};
use emu_core::addr::Width;
use emu_core::board::device::{BusAccess, Cx, Device, NoAnswer, RegionId, RegisterView, ResetKind};
use emu_core::hal::video::monitor::RGBI;
use emu_core::hal::video::{
    AttributeStyle, Cell, Font, Frame, NinthDot, OutputId, PixelFormat, PixelStyle, Rect, Rgb, TextStyle,
};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The card's clock, from the bus: OSC, in Hz.
pub const DOT_HZ: u64 = 14_318_180;

/// The ports, 16 of them from 3D0.
pub const PORTS: RegionId = RegionId(0);
/// The memory, 32 KB from B8000, in which the 16 KB appear twice.
pub const MEMORY: RegionId = RegionId(1);

/// Bytes of display memory.
const MEMORY_BYTES: usize = 0x4000;

/// Dots of a character of 80 columns ("hchar") and of all other modes ("lchar").
const HCHAR: u64 = 8;
const LCHAR: u64 = 16;

/// Where the character clock stands when the processor's access reaches the card: `Cx::now` plus this many dots.
/// As 3 dots make a CPU cycle and 16 an lchar, all phases come up whatever this is; it only says which is which.
const ACCESS_PHASE: u64 = 1;

/// How a card is mounted and jumpered.
#[derive(Clone, Debug)]
pub struct CgaConfig {
    /// The board's 14.318 MHz line ([`DOT_HZ`]).
    pub clock: Clock,
    pub output: OutputId,
    /// The character generator: 8 × 8.
    pub font: Arc<Font>,
    /// Whether an access to memory disturbs the picture in 80 columns, as on the real card.
    pub snow: bool,
}

/// The mode control register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mode(u8);

impl Mode {
    fn columns_80(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Bit 0 keeps the card in text even with bit 1 set.
    fn graphics(self) -> bool {
        self.0 & 0x03 == 0x02
    }

    fn no_burst(self) -> bool {
        self.0 & 0x04 != 0
    }

    fn video_enabled(self) -> bool {
        self.0 & 0x08 != 0
    }

    fn dots_640(self) -> bool {
        self.graphics() && self.0 & 0x10 != 0
    }

    fn blink(self) -> bool {
        self.0 & 0x20 != 0
    }

    fn in_words(self) -> String {
        let mode = match (self.graphics(), self.dots_640(), self.columns_80()) {
            (true, true, _) => "640 dots",
            (true, false, _) => "320 dots",
            (false, _, true) => "80 columns",
            (false, _, false) => "40 columns",
        };
        let flags = [
            (self.no_burst(), "no colour burst"),
            (!self.video_enabled(), "video off"),
            (self.blink() && !self.graphics(), "blink"),
        ];
        let flags = flags.iter().filter(|flag| flag.0).map(|flag| flag.1);
        std::iter::once(mode).chain(flags).collect::<Vec<_>>().join(", ")
    }
}

/// Everything of the card but its 6845.
struct Screen {
    memory: Vec<u8>,
    mode: Mode,
    /// The colour select register.
    color: u8,
    font: Arc<Font>,
}

/// The card.
pub struct Cga {
    raster: Raster,
    screen: Screen,
    light_pen_hit: bool,
    snow: bool,
}

/// The saved form, version 1.
#[derive(Debug, Serialize, Deserialize)]
struct CgaState {
    raster: RasterState,
    memory: Vec<u8>,
    mode: u8,
    color: u8,
    light_pen_hit: bool,
}

impl Cga {
    pub fn new(config: CgaConfig) -> Self {
        let CgaConfig { clock, output, font, snow } = config;
        let raster = Raster::new(Mc6845::new(Variant::Mc6845), clock, output);
        let screen = Screen { memory: vec![0; MEMORY_BYTES], mode: Mode(0), color: 0, font };
        Self { raster, screen, light_pen_hit: false, snow }
    }

    fn read_port(&mut self, offset: u32, cx: &mut Cx<'_>) -> Result<u8, NoAnswer> {
        match offset {
            0x0..=0x7 if offset & 1 == 1 => Ok(self.raster.crtc.read_data()),
            0xA => {
                self.raster.catch_up(&self.screen, cx);
                Ok(self.status(&self.raster.crtc))
            }
            0xB | 0xC => {
                self.touch_light_pen(offset, cx);
                Err(NoAnswer)
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
            0x8 => self.write_mode(Mode(value & 0x3F), cx),
            0x9 => self.change_screen(cx, |screen| screen.color = value & 0x3F),
            0xB | 0xC => self.touch_light_pen(offset, cx),
            _ => return Err(NoAnswer),
        }
        Ok(())
    }

    fn write_mode(&mut self, mode: Mode, cx: &mut Cx<'_>) {
        let clock_changes = mode.columns_80() != self.screen.mode.columns_80();
        self.change_screen(cx, |screen| screen.mode = mode);
        if clock_changes {
            self.raster.arm(&self.screen, cx);
        }
    }

    /// Changes what the beam draws from here on.
    fn change_screen(&mut self, cx: &mut Cx<'_>, change: impl FnOnce(&mut Screen)) {
        self.raster.catch_up(&self.screen, cx);
        self.raster.cut_line(&self.screen);
        change(&mut self.screen);
    }

    /// 3DB clears the latch, 3DC sets it, whereupon the 6845 latches its address.
    fn touch_light_pen(&mut self, offset: u32, cx: &mut Cx<'_>) {
        let set = offset == 0xC;
        if set && !self.light_pen_hit {
            self.raster.catch_up(&self.screen, cx);
            self.raster.crtc.strobe_light_pen();
        }
        self.light_pen_hit = set;
    }

    /// The status register; its four upper bits are not driven and read as 1.
    fn status(&self, crtc: &Mc6845) -> u8 {
        0xF0 | u8::from(!crtc.display_enabled())
            | u8::from(self.light_pen_hit) << 1
            | 0x04
            | u8::from(crtc.vsync()) << 3
    }

    /// The processor is at the card's memory: READY stays low until the card has a slot for it, and in 80 columns
    /// the picture lacks what the 6845 wanted to fetch in that slot.
    fn enter_memory(&mut self, cx: &mut Cx<'_>) -> u64 {
        let dot = self.raster.dot_at(cx.now);
        let wait = wait_dots(dot);
        cx.stall(self.raster.ticks_to(dot + wait, cx.now));
        if self.raster.is_recording() {
            self.raster.catch_up(&self.screen, cx);
        }
        wait
    }

    fn make_snow(&mut self, byte: u8, wait: u64) {
        if self.snow && self.screen.mode.columns_80() && self.screen.mode.video_enabled() {
            let cell = Cell { glyph: byte.into(), attribute: byte };
            let style = TextStyle::color(8, 1, self.screen.mode.blink());
            self.raster.disturb(&self.screen, wait, style, cell);
        }
    }
}

/// How many dots an access that comes at dot `dot` waits: "one hchar, then the next lchar" (reenigne, "The CGA wait
/// states"), after which the processor notices READY at its next cycle. 9 to 24 dots, 3 to 8 cycles of 4.77 MHz.
fn wait_dots(dot: u64) -> u64 {
    HCHAR + LCHAR - (dot + ACCESS_PHASE + HCHAR) % LCHAR
}

impl Screen {
    fn address(offset: u32) -> usize {
        offset as usize % MEMORY_BYTES
    }

    fn surround(&self) -> Surround {
        let border = if self.mode.dots_640() { 0 } else { self.color & 0x0F };
        Surround { border, burst: !self.mode.no_burst() }
    }

    fn text_style(&self, crtc: &Mc6845) -> TextStyle {
        TextStyle {
            cell_width: 8,
            cell_height: lines::cell_height(crtc),
            repeat: if self.mode.columns_80() { 1 } else { 2 },
            attributes: AttributeStyle::Color { blink: self.mode.blink() },
            ninth: NinthDot::Blank,
            underline: None,
            blink_hidden: self.mode.blink() && lines::blink_hidden(crtc),
            cursor: lines::cursor(crtc),
        }
    }

    /// Two bytes a character; odd scan lines lie in the upper half of memory.
    fn pixel_bytes(&self, crtc: &Mc6845, scan: u8) -> impl ExactSizeIterator<Item = u8> {
        let start = usize::from(crtc.line_start()) * 2;
        let half = usize::from(scan & 1) * 0x2000;
        (0..usize::from(crtc.columns_displayed()) * 2)
            .map(move |byte| self.memory[half | (start + byte) & 0x1FFF])
    }

    fn pixel_style(&self) -> PixelStyle {
        let mut style = PixelStyle::new(PixelFormat::I1);
        if self.mode.dots_640() {
            style.map[..2].copy_from_slice(&[0, self.color & 0x0F]);
        } else {
            style = PixelStyle { format: PixelFormat::I2, repeat: 2, ..style };
            style.map[..4].copy_from_slice(&self.four_colors());
        }
        style
    }

    /// The colours of 320 × 200: the background and one of three palettes, in two intensities.
    fn four_colors(&self) -> [u8; 4] {
        let bright = if self.color & 0x10 != 0 { 8 } else { 0 };
        let palette = match (self.mode.no_burst(), self.color & 0x20 != 0) {
            (true, _) => [3, 4, 7],
            (false, true) => [3, 5, 7],
            (false, false) => [2, 4, 6],
        };
        let [one, two, three] = palette.map(|color| color | bright);
        [self.color & 0x0F, one, two, three]
    }
}

impl Picture for Screen {
    fn char_dots(&self) -> u64 {
        if self.mode.columns_80() { HCHAR } else { LCHAR }
    }

    fn view(&self) -> View {
        VIEW
    }

    fn palette(&self) -> &[Rgb] {
        &RGBI
    }

    fn font(&self) -> &Arc<Font> {
        &self.font
    }

    fn draw(&self, crtc: &Mc6845, lines: &mut Lines<'_>) {
        let surround = self.surround();
        if !crtc.line_displays() || !self.mode.video_enabled() {
            return lines.blank(surround);
        }
        if !self.mode.graphics() {
            return lines.text(surround, self.text_style(crtc), lines::cells(crtc, &self.memory));
        }
        lines.pixels(surround, self.pixel_style(), |scan| self.pixel_bytes(crtc, scan));
    }
}

/// What a monitor shows of 912 dots × 262 lines: 640 × 200 with 32 dots and 12 lines of border about it, where
/// IBM's firmware puts them (HSYNC 192 dots before the first character, VSYNC 38 lines before the first row).
const VIEW: View = View {
    width: 704,
    height: 224,
    pixel_aspect: (5, 12),
    color_phase: Some(0),
    from_hsync: 160,
    from_vsync: 26,
    left: 32,
    active: Rect { left: 32, top: 12, width: 640, height: 200 },
};

impl Device for Cga {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        if at.region == MEMORY {
            let wait = self.enter_memory(cx);
            let byte = self.screen.memory[Screen::address(at.offset)];
            self.make_snow(byte, wait);
            return Ok(byte.into());
        }
        self.read_port(at.offset, cx).map(u64::from)
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        if at.region == MEMORY {
            let wait = self.enter_memory(cx);
            self.screen.memory[Screen::address(at.offset)] = value as u8;
            self.make_snow(value as u8, wait);
            return Ok(());
        }
        self.write_port(at.offset, value as u8, cx)
    }

    fn peek(&self, at: BusAccess, now: Tick) -> Option<u64> {
        if at.width != Width::Byte {
            return None;
        }
        match (at.region, at.offset) {
            (MEMORY, offset) => Some(self.screen.memory[Screen::address(offset)].into()),
            (_, 0x1 | 0x3 | 0x5 | 0x7) => Some(self.raster.crtc.read_data().into()),
            (_, 0xA) => Some(self.status(&self.raster.crtc_at(now, self.screen.char_dots())).into()),
            _ => None,
        }
    }

    fn poke(&mut self, at: BusAccess, value: u64) -> bool {
        let possible = at.region == MEMORY && at.width == Width::Byte;
        if possible {
            self.screen.memory[Screen::address(at.offset)] = value as u8;
        }
        possible
    }

    fn on_event(&mut self, tag: EventTag, _due: Tick, cx: &mut Cx<'_>) {
        if tag == VSYNC_EVENT {
            self.raster.on_vsync_event(&self.screen, cx);
        }
    }

    /// RESET clears the mode and colour registers; memory and the 6845's registers keep what they hold.
    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        self.raster.catch_up(&self.screen, cx);
        if kind == ResetKind::PowerOn {
            self.raster.crtc = Mc6845::new(Variant::Mc6845);
            self.screen.memory.fill(0);
        }
        self.raster.reset();
        self.screen.mode = Mode(0);
        self.screen.color = 0;
        self.light_pen_hit = false;
        self.raster.arm(&self.screen, cx);
    }

    fn save(&self) -> SavedState {
        let Self { raster, screen, light_pen_hit, snow: _ } = self;
        let Screen { memory, mode, color, font: _ } = screen;
        let state = CgaState {
            raster: raster.save(),
            memory: memory.clone(),
            mode: mode.0,
            color: *color,
            light_pen_hit: *light_pen_hit,
        };
        SavedState::new(1, &state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        let CgaState { raster, memory, mode, color, light_pen_hit } = saved.read(1)?;
        if memory.len() != MEMORY_BYTES {
            return Err(RestoreError::Damaged(format!("{} bytes of CGA memory", memory.len())));
        }
        self.raster.restore(raster);
        self.screen.memory = memory;
        self.screen.mode = Mode(mode & 0x3F);
        self.screen.color = color & 0x3F;
        self.light_pen_hit = light_pen_hit;
        Ok(())
    }

    fn registers(&self, now: Tick) -> Vec<RegisterView> {
        let crtc = self.raster.crtc_at(now, self.screen.char_dots());
        let color = self.screen.color;
        let select = format!(
            "colour {}, palette {}{}",
            color & 0x0F,
            color >> 5 & 1,
            if color & 0x10 != 0 { ", bright" } else { "" }
        );
        let status = format!(
            "{}{}",
            if crtc.display_enabled() { "display" } else { "blanked" },
            if crtc.vsync() { ", VSYNC" } else { "" }
        );
        let mut views = vec![
            RegisterView::new("Mode control", self.screen.mode.0, 6, self.screen.mode.in_words()),
            RegisterView::new("Color select", color, 6, select),
            RegisterView::new("Status", self.status(&crtc), 8, status),
        ];
        views.extend(crtc.views());
        views
    }

    fn picture(&self) -> Option<Frame> {
        Some(self.raster.still(&self.screen))
    }
}

#[cfg(test)]
mod processor_tests;
#[cfg(test)]
mod tests;
