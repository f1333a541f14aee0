//! Hercules Graphics Card, GB101 (owner's manual, edition 2.0, "For Advanced Users", "Register Descriptions"): an
//! [MDA](super::mda) with 64 KB of memory and graphics of 720 × 348 dots in two pages.
//!
//! Ports, besides those of the MDA:
//!
//! ```text
//!  3B8  mode control (write)      bit 1 graphics, 7 page 1
//!  3BA  status (read)             bit 7 not VSYNC
//!  3BF  configuration (write)     bit 0 lets graphics be set, 1 lets page 1 be set and shows it at B8000
//! ```
//!
//! Graphics: the 6845 counts 16 dots a character; the row address chooses one of four banks of 8 KB.
//! Not modelled: the light pen (ports 3B9, 3BB).

use super::lines::Lines;
use super::mda::{DARK, MonoCard, MonoConfig, MonoScreen, MonoText, VIEW, words_of_mode};
use super::raster::{Picture, View};
use crate::chips::mc6845::Mc6845;
use emu_core::hal::video::{Font, PixelFormat, PixelStyle, Rgb};
use std::sync::Arc;

/// Bytes of display memory, and of one page of graphics.
const MEMORY_BYTES: usize = 0x1_0000;
const PAGE_BYTES: usize = 0x8000;

/// The screen of a Hercules card.
pub struct HerculesScreen {
    text: MonoText,
    /// The configuration switch register.
    switch: u8,
}

/// Hercules' card. Its ports and memory are the MDA's regions; [`super::mda::SWITCH`] is port 3BF.
pub type Hercules = MonoCard<HerculesScreen>;

impl Hercules {
    pub fn new(config: MonoConfig) -> Self {
        let MonoConfig { clock, output, font, palette } = config;
        let screen = HerculesScreen { text: MonoText::new(MEMORY_BYTES, font, palette), switch: 0 };
        Self::with_screen(screen, clock, output)
    }
}

impl HerculesScreen {
    fn graphics(&self) -> bool {
        self.text.mode & 0x02 != 0 && self.switch & 1 != 0
    }

    /// The first byte of the page that is shown.
    fn page_start(&self) -> usize {
        if self.text.mode & 0x80 != 0 && self.switch & 2 != 0 { PAGE_BYTES } else { 0 }
    }

    /// Byte `byte` of the 6845's line at row address `scan`.
    fn pixel_byte(&self, crtc: &Mc6845, scan: u8, byte: usize) -> u8 {
        let bank = usize::from(scan & 3) * 0x2000;
        let offset = (usize::from(crtc.line_start()) * 2 + byte) % 0x2000;
        self.text.memory[self.page_start() + bank + offset]
    }
}

impl Picture for HerculesScreen {
    fn char_dots(&self) -> u64 {
        if self.graphics() { 16 } else { 9 }
    }

    /// Graphics of 864 dots × 370 lines begin 128 dots after HSYNC, and 22 lines after VSYNC.
    fn view(&self) -> View {
        if self.graphics() { View { from_hsync: 128, from_vsync: 22, ..VIEW } } else { VIEW }
    }

    fn palette(&self) -> &[Rgb] {
        self.text.palette()
    }

    fn font(&self) -> &Arc<Font> {
        self.text.font()
    }

    fn draw(&self, crtc: &Mc6845, lines: &mut Lines<'_>) {
        if !crtc.line_displays() || !self.text.video_enabled() {
            return lines.blank(DARK);
        }
        if !self.graphics() {
            return self.text.draw(crtc, lines);
        }
        let bytes = usize::from(crtc.columns_displayed()) * 2;
        lines.pixels(DARK, PixelStyle::new(PixelFormat::I1), |scan| {
            (0..bytes).map(move |byte| self.pixel_byte(crtc, scan, byte))
        });
    }
}

impl MonoScreen for HerculesScreen {
    const MODE_BITS: u8 = 0xAA;

    fn text(&self) -> &MonoText {
        &self.text
    }

    fn text_mut(&mut self) -> &mut MonoText {
        &mut self.text
    }

    /// The upper half is answered only when the switch lets it, so that a CGA can sit at B8000.
    fn address(&self, offset: u32) -> Option<usize> {
        let at = offset as usize;
        (at < PAGE_BYTES || at < MEMORY_BYTES && self.switch & 2 != 0).then_some(at)
    }

    /// Bit 7 is low during VSYNC. Bits 4–6 are not driven: 1 and 5 there are the marks of later cards.
    fn status(&self, crtc: &Mc6845) -> u8 {
        0x70 | u8::from(!crtc.vsync()) << 7
    }

    fn signal(&self, crtc: &Mc6845, dot: u64) -> u8 {
        if !self.graphics() {
            return self.text.signal(crtc, dot);
        }
        let byte = usize::from(crtc.column()) * 2 + dot as usize / 8;
        self.pixel_byte(crtc, crtc.row_address(), byte) >> (7 - dot % 8) & 1
    }

    fn mode_in_words(&self) -> String {
        let page = if self.page_start() > 0 { "graphics, page 1" } else { "graphics, page 0" };
        words_of_mode(&self.text, if self.graphics() { page } else { "text" })
    }

    fn switch(&self) -> Option<u8> {
        Some(self.switch)
    }

    fn set_switch(&mut self, value: u8) {
        self.switch = value & 3;
    }
}

#[cfg(test)]
mod tests;
