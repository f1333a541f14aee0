//! Frames to dots on the GPU: `scanout.wgsl`'s pipeline and the texture that it fills.

use super::{Gpu, buffer_entry, pack, whole_target_pipeline};
use emu_core::hal::video::{Display, Frame};
use wgpu::{
    BindGroup, BindGroupLayout, BufferBindingType, Extent3d, RenderPipeline, ShaderStages, Texture,
    TextureFormat, TextureUsages, TextureView,
};

/// One screen's scan-out. The texture holds the dots of the last frame, one texel a dot.
pub struct ScanOut {
    pipeline: RenderPipeline,
    layout: BindGroupLayout,
    words: Vec<u32>,
    buffer: Option<wgpu::Buffer>,
    bind_group: Option<BindGroup>,
    texture: Option<Texture>,
}

impl ScanOut {
    /// The dots' format: colours as stored, not linear light.
    pub const FORMAT: TextureFormat = TextureFormat::Rgba8Unorm;

    pub fn new(gpu: &Gpu) -> Self {
        let module = gpu.shader(
            "scan-out",
            &[
                include_str!("../../../assets/shaders/wide.wgsl"),
                include_str!("../../../assets/shaders/formats.wgsl"),
                include_str!("../../../assets/shaders/cells.wgsl"),
                include_str!("../../../assets/shaders/scanout.wgsl"),
            ],
        );
        let entry = buffer_entry(0, ShaderStages::FRAGMENT, BufferBindingType::Storage { read_only: true });
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("scan-out"),
            entries: &[entry],
        });
        let pipeline = whole_target_pipeline(&gpu.device, &module, &layout, "scan_out", Self::FORMAT);
        Self { pipeline, layout, words: Vec::new(), buffer: None, bind_group: None, texture: None }
    }

    /// Draws a frame as `display` shows it. Gives whether the texture is another one than before. A frame without
    /// dots draws nothing.
    pub fn draw(&mut self, gpu: &Gpu, frame: &Frame, display: Display) -> bool {
        let head = frame.head();
        let [width, height] = [head.width, head.height].map(|side| side.min(Frame::MAX_SIDE).into());
        if width == 0 || height == 0 {
            return false;
        }
        pack::pack(frame, display, &mut self.words);
        if gpu.upload("frame", &mut self.buffer, &self.words) {
            self.bind_group = None;
        }
        let Some(buffer) = &self.buffer else { return false };
        let bind_group = self.bind_group.get_or_insert_with(|| {
            gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("scan-out"),
                layout: &self.layout,
                entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
            })
        });
        let size = Extent3d { width, height, depth_or_array_layers: 1 };
        let is_new = self.texture.as_ref().is_none_or(|texture| texture.size() != size);
        if is_new {
            self.texture = Some(new_texture(gpu, size));
        }
        let Some(texture) = &self.texture else { return false };
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let view = texture.create_view(&Default::default());
        run(&mut encoder, &view, &self.pipeline, bind_group);
        gpu.queue.submit([encoder.finish()]);
        is_new
    }

    /// The dots of the last frame.
    pub fn texture(&self) -> Option<&Texture> {
        self.texture.as_ref()
    }
}

fn new_texture(gpu: &Gpu, size: Extent3d) -> Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("guest screen"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: ScanOut::FORMAT,
        usage: TextureUsages::RENDER_ATTACHMENT | TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

/// Draws over all of a target.
pub(super) fn run(
    encoder: &mut wgpu::CommandEncoder,
    view: &TextureView,
    pipeline: &RenderPipeline,
    bind_group: &BindGroup,
) {
    let ops = wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store };
    let attachment = wgpu::RenderPassColorAttachment { view, depth_slice: None, resolve_target: None, ops };
    let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: None,
        color_attachments: &[Some(attachment)],
        depth_stencil_attachment: None,
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    });
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, bind_group, &[]);
    pass.draw(0..3, 0..1);
}

/// A texture's four-byte texels, row after row. None when the device is lost.
pub fn read_texture(gpu: &Gpu, texture: &Texture) -> Option<Vec<u8>> {
    let (row, height) = (texture.width() * 4, texture.height());
    let pitch = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("read back"),
        size: u64::from(pitch) * u64::from(height),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(pitch),
                rows_per_image: None,
            },
        },
        texture.size(),
    );
    gpu.queue.submit([encoder.finish()]);
    let bytes = gpu.read_mapped(&buffer)?;
    Some(bytes.chunks(pitch as usize).flat_map(|line| &line[..row as usize]).copied().collect())
}
