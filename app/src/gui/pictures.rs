//! Pictures of guests as textures.

use egui::{ColorImage, Context, TextureFilter, TextureHandle, TextureOptions};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Dots stay dots when they are enlarged.
pub const DOTS: TextureOptions = TextureOptions {
    magnification: TextureFilter::Nearest,
    minification: TextureFilter::Linear,
    ..TextureOptions::LINEAR
};

/// A picture larger than this on a side is none of ours.
const MAX_SIDE: u32 = 4096;

/// Loads a machine's last picture. None where there is none, or it is damaged: it is only an ornament.
pub fn load(ctx: &Context, path: &Path) -> Option<TextureHandle> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).ok()?)).read_info().ok()?;
    let info = reader.info();
    let fits = info.width <= MAX_SIDE && info.height <= MAX_SIDE;
    let is_ours = info.color_type == png::ColorType::Rgba && info.bit_depth == png::BitDepth::Eight;
    if !fits || !is_ours {
        return None;
    }
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut rgba).ok()?;
    let size = [frame.width as usize, frame.height as usize];
    Some(ctx.load_texture(path.to_string_lossy(), ColorImage::from_rgba_unmultiplied(size, &rgba), DOTS))
}
