//! Frames as PNG files.

use emu_core::hal::video::Frame;

/// A frame as a PNG, one pixel for each guest dot.
///
/// # Errors
/// When the frame has no dots.
pub fn png_of(frame: &Frame) -> anyhow::Result<Vec<u8>> {
    let mut rgba = Vec::new();
    frame.render_rgba(&mut rgba);
    let (width, height) = (u32::from(frame.head().width), u32::from(frame.head().height));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgba)?;
    writer.finish()?;
    Ok(bytes)
}
