//! What monitors make of the digital signals that early cards send them. A card names a signal by its index; these
//! palettes give it a colour.

use super::format::Rgb;
use serde::{Deserialize, Serialize};

/// IBM 5153 and its like: the 16 RGBI signals (bit 0 blue, 1 green, 2 red, 3 intensity). The monitor halves the
/// green gun of signal 6, so that dark yellow comes out brown.
pub const RGBI: [Rgb; 16] = [
    Rgb::hex(0x00_0000),
    Rgb::hex(0x00_00AA),
    Rgb::hex(0x00_AA00),
    Rgb::hex(0x00_AAAA),
    Rgb::hex(0xAA_0000),
    Rgb::hex(0xAA_00AA),
    Rgb::hex(0xAA_5500),
    Rgb::hex(0xAA_AAAA),
    Rgb::hex(0x55_5555),
    Rgb::hex(0x55_55FF),
    Rgb::hex(0x55_FF55),
    Rgb::hex(0x55_FFFF),
    Rgb::hex(0xFF_5555),
    Rgb::hex(0xFF_55FF),
    Rgb::hex(0xFF_FF55),
    Rgb::hex(0xFF_FFFF),
];

/// A monochrome monitor's four signals: bit 0 video, bit 1 intensity. Intensity without video glows faintly, as on
/// the IBM 5151 (attribute 78h is "dark green on green").
pub type MonoPalette = [Rgb; 4];

/// The green P39 phosphor of the IBM 5151.
pub const GREEN: MonoPalette = [Rgb::BLACK, Rgb::hex(0x00_AA2B), Rgb::hex(0x00_4D14), Rgb::hex(0x33_FF66)];
/// An amber phosphor (P134).
pub const AMBER: MonoPalette = [Rgb::BLACK, Rgb::hex(0xC8_7800), Rgb::hex(0x5A_3600), Rgb::hex(0xFF_B428)];
/// A white phosphor (P4).
pub const WHITE: MonoPalette = [Rgb::BLACK, Rgb::hex(0xAA_AAAA), Rgb::hex(0x4D_4D4D), Rgb::hex(0xFF_FFFF)];

/// The screen of a monochrome monitor that a colour signal is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phosphor {
    Green,
    Amber,
}

impl Phosphor {
    /// The colour of full brightness.
    pub const fn brightest(self) -> Rgb {
        match self {
            Self::Green => GREEN[3],
            Self::Amber => AMBER[3],
        }
    }

    /// What the phosphor makes of a colour: its own colour, by the colour's brightness (weighted as in NTSC).
    pub fn glow(self, color: Rgb) -> Rgb {
        let luma = (77 * u32::from(color.r) + 150 * u32::from(color.g) + 29 * u32::from(color.b) + 128) >> 8;
        let gun = |full: u8| ((u32::from(full) * luma + 127) / 255) as u8;
        let Rgb { r, g, b } = self.brightest();
        Rgb { r: gun(r), g: gun(g), b: gun(b) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phosphor_has_one_hue_and_many_levels() {
        for phosphor in [Phosphor::Green, Phosphor::Amber] {
            assert_eq!(phosphor.glow(Rgb::BLACK), Rgb::BLACK);
            assert_eq!(phosphor.glow(Rgb::hex(0xFF_FFFF)), phosphor.brightest());
            let levels = RGBI.map(|color| phosphor.glow(color).g);
            assert!(levels[1] < levels[4] && levels[4] < levels[2] && levels[7] < levels[15], "{levels:?}");
        }
    }
}
