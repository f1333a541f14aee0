//! The MC6845 as a debugger shows it.

use super::{Counters, Mc6845, REGISTERS, WIDTHS, reg};
use emu_core::board::device::RegisterView;

const REGISTER_NAMES: [&str; REGISTERS] = [
    "horizontal total",
    "horizontal displayed",
    "horizontal sync position",
    "sync width",
    "vertical total",
    "vertical total adjust",
    "vertical displayed",
    "vertical sync position",
    "interlace mode",
    "maximum scan line",
    "cursor start",
    "cursor end",
    "start address (high)",
    "start address (low)",
    "cursor (high)",
    "cursor (low)",
    "light pen (high)",
    "light pen (low)",
];

impl Mc6845 {
    /// Registers and counters by the data sheet's names.
    pub fn views(&self) -> Vec<RegisterView> {
        let mut views = vec![RegisterView::new("AR", self.address, 5, "address register")];
        for (at, name) in REGISTER_NAMES.iter().enumerate() {
            views.push(RegisterView::new(
                format!("R{at}"),
                self.registers[at],
                WIDTHS[at],
                self.meaning(at, name),
            ));
        }
        let Counters { hcc, vcc, ra, .. } = self.counters;
        views.push(RegisterView::new("HCC", hcc, 8, "character of the line"));
        views.push(RegisterView::new("VCC", vcc, 7, "row"));
        views.push(RegisterView::new("RA", ra, 5, "scan line of the row"));
        views.push(RegisterView::new("MA", self.memory_address(), 14, self.pins_in_words()));
        views
    }

    fn meaning(&self, at: usize, name: &str) -> String {
        let value = self.registers[at];
        let detail = match at {
            reg::HORIZONTAL_TOTAL => format!("{} characters", self.line_length()),
            reg::VERTICAL_TOTAL => format!("{} rows", u16::from(value) + 1),
            reg::MAX_SCAN_LINE => format!("{} lines a row", value + 1),
            reg::SYNC_WIDTH => {
                format!("HSYNC {} characters, VSYNC {} lines", self.hsync_width(), self.vsync_lines())
            }
            reg::INTERLACE_MODE => match value & 3 {
                1 => "interlace sync".into(),
                3 => "interlace sync and video".into(),
                _ => "not interlaced".into(),
            },
            reg::CURSOR_START => {
                let blink = ["steady", "hidden", "1/16 of the fields", "1/32 of the fields"];
                format!("from line {}, {}", value & 0x1F, blink[usize::from(value >> 5 & 3)])
            }
            _ => return name.into(),
        };
        format!("{name}: {detail}")
    }

    fn pins_in_words(&self) -> String {
        let pins = [(self.display_enabled(), "DE"), (self.hsync(), "HS"), (self.vsync(), "VS")];
        let high: Vec<_> = pins.iter().filter(|pin| pin.0).map(|pin| pin.1).collect();
        format!("memory address; {}", if high.is_empty() { "blanked".into() } else { high.join(" ") })
    }
}
