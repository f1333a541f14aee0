//! A surface in the GPU's memory. `commands.wgsl` says how it lies there.

use super::super::Gpu;
use emu_core::hal::video::{PixelFormat, Rect, Surface};
use wgpu::BufferUsages;

/// Words of a palette, before the pixels.
pub const PALETTE_WORDS: u32 = 256;

/// A surface.
pub struct Sheet {
    pub format: PixelFormat,
    pub width: u16,
    pub height: u16,
    pub buffer: wgpu::Buffer,
}

/// Bits that a pixel takes in a word: whole pixels only, so that 24 bits take 32.
pub const fn stored_bits(format: PixelFormat) -> u32 {
    if matches!(format, PixelFormat::Rgb888) { 32 } else { format.bits() as u32 }
}

pub fn new_buffer(gpu: &Gpu, words: u32) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("surface"),
        size: u64::from(words) * 4,
        usage: BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}

impl Sheet {
    /// A surface of zeroes, no larger than the software renderer makes it.
    pub fn new(gpu: &Gpu, format: PixelFormat, width: u16, height: u16) -> Self {
        let (width, height) = (width.min(Surface::MAX_SIDE), height.min(Surface::MAX_SIDE));
        let words = PALETTE_WORDS + pitch(format, width) * u32::from(height);
        Self { format, width, height, buffer: new_buffer(gpu, words) }
    }

    /// What the software renderer needs for it.
    pub fn bytes(&self) -> usize {
        Surface::bytes_of(self.format, self.width, self.height)
    }

    pub fn is_depth(&self) -> bool {
        self.format == PixelFormat::Depth16
    }

    /// Words of a row.
    pub fn pitch(&self) -> u32 {
        pitch(self.format, self.width)
    }

    /// Pixels of an area, packed as [`Surface::read`] packs them.
    pub fn read(&self, gpu: &Gpu, area: Rect) -> Vec<u8> {
        let left = area.left.min(self.width);
        let width = usize::from(area.width.min(self.width - left));
        let rows = area.top.min(self.height)..area.top.saturating_add(area.height).min(self.height);
        let row_bytes = self.format.row_bytes(width);
        let mut out = vec![0; row_bytes * rows.len()];
        if out.is_empty() {
            return out;
        }
        let Some(words) = self.read_rows(gpu, rows) else { return out };
        let words = words.as_chunks::<4>().0.chunks(self.pitch() as usize);
        for (row, packed) in words.zip(out.chunks_mut(row_bytes)) {
            for x in 0..width {
                self.format.put(packed, x, self.pixel(row, usize::from(left) + x));
            }
        }
        out
    }

    fn read_rows(&self, gpu: &Gpu, rows: std::ops::Range<u16>) -> Option<Vec<u8>> {
        let pitch = u64::from(self.pitch()) * 4;
        let size = pitch * rows.len() as u64;
        let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size,
            usage: BufferUsages::COPY_DST | BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let start = u64::from(PALETTE_WORDS) * 4 + pitch * u64::from(rows.start);
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.buffer, start, &staging, 0, size);
        gpu.queue.submit([encoder.finish()]);
        gpu.read_mapped(&staging)
    }

    /// A pixel of a row of words.
    fn pixel(&self, row: &[[u8; 4]], x: usize) -> u32 {
        let bits = stored_bits(self.format) as usize;
        let word = row.get(x * bits / 32).map_or(0, |bytes| u32::from_le_bytes(*bytes));
        word >> (x * bits % 32)
    }
}

fn pitch(format: PixelFormat, width: u16) -> u32 {
    (u32::from(width) * stored_bits(format)).div_ceil(32)
}
