//! Dots into a window, in the window's pixels: `present.wgsl`'s pipeline, and the egui callback that runs it.

use super::{Gpu, as_bytes, buffer_entry, scanout, whole_target_pipeline};
use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait};
use egui::PaintCallbackInfo;
use emu_core::hal::video::Scaler;
use emu_core::hal::video::scale::Axis;
use wgpu::{
    BindGroup, BindGroupLayout, BindGroupLayoutEntry, BindingType, BufferBindingType, RenderPass,
    RenderPipeline, ShaderStages, Texture, TextureFormat,
};

/// Words before the tables; `present.wgsl` names them.
const HEAD_WORDS: usize = 20;

/// Draws pictures into targets of one format.
#[derive(Clone)]
pub struct Presenter {
    pipeline: RenderPipeline,
    layout: BindGroupLayout,
    is_linear: bool,
}

impl Presenter {
    pub fn new(gpu: &Gpu, target: TextureFormat) -> Self {
        let module = gpu.shader("present", &[include_str!("../../../assets/shaders/present.wgsl")]);
        let dots = BindGroupLayoutEntry {
            binding: 0,
            visibility: ShaderStages::FRAGMENT,
            ty: BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let tables = buffer_entry(1, ShaderStages::FRAGMENT, BufferBindingType::Storage { read_only: true });
        let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("present"),
            entries: &[dots, tables],
        });
        let pipeline = whole_target_pipeline(&gpu.device, &module, &layout, "present", target);
        Self { pipeline, layout, is_linear: target.is_srgb() }
    }

    /// A texture of its own to draw on, without a window.
    pub fn target(&self, gpu: &Gpu, (width, height): (u32, u32)) -> Texture {
        gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("presented"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: scanout::ScanOut::FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        })
    }

    /// Draws a picture on such a texture.
    pub fn draw(&self, gpu: &Gpu, picture: &Picture, target: &Texture) {
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let view = target.create_view(&Default::default());
        scanout::run(&mut encoder, &view, &self.pipeline, &picture.bind_group);
        gpu.queue.submit([encoder.finish()]);
    }
}

/// A picture ready to be drawn: dots, tables, and where on the target it goes.
#[derive(Clone)]
pub struct Picture {
    buffer: wgpu::Buffer,
    bind_group: BindGroup,
}

impl Picture {
    /// Dots to be drawn by `scaler`'s tables, with the upper left corner at a pixel of the target.
    pub fn new(
        gpu: &Gpu,
        presenter: &Presenter,
        dots: &Texture,
        scaler: &Scaler,
        corner: (i32, i32),
    ) -> Self {
        let mut buffer = None;
        gpu.upload("scaling tables", &mut buffer, &tables(scaler, corner, presenter.is_linear));
        let Some(buffer) = buffer else { unreachable!("an upload leaves a buffer") };
        let view = dots.create_view(&Default::default());
        let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("present"),
            layout: &presenter.layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&view) },
                wgpu::BindGroupEntry { binding: 1, resource: buffer.as_entire_binding() },
            ],
        });
        Self { buffer, bind_group }
    }

    /// Moves it to another place on the target.
    pub fn move_to(&self, gpu: &Gpu, corner: (i32, i32)) {
        gpu.queue.write_buffer(&self.buffer, 0, &as_bytes(&[corner.0 as u32, corner.1 as u32]));
    }

    /// What egui is to paint for it in `rect`.
    pub fn callback(&self, presenter: &Presenter, rect: egui::Rect) -> egui::PaintCallback {
        let painted = Painted { pipeline: presenter.pipeline.clone(), bind_group: self.bind_group.clone() };
        egui_wgpu::Callback::new_paint_callback(rect, painted)
    }
}

struct Painted {
    pipeline: RenderPipeline,
    bind_group: BindGroup,
}

impl CallbackTrait for Painted {
    fn paint(
        &self,
        _info: PaintCallbackInfo,
        pass: &mut RenderPass<'static>,
        _resources: &CallbackResources,
    ) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

fn tables(scaler: &Scaler, corner: (i32, i32), is_linear: bool) -> Vec<u32> {
    let Scaler { across, down, gains } = scaler;
    let (columns, rows) = scaler.size();
    let mut words = vec![0; HEAD_WORDS];
    words[..2].copy_from_slice(&[corner.0 as u32, corner.1 as u32]);
    words[2..6].copy_from_slice(&[columns, rows, across.taps, down.taps].map(|count| count as u32));
    words[6] = is_linear.into();
    let gains = gains.as_flattened().iter();
    words[8..17].iter_mut().zip(gains).for_each(|(word, gain)| *word = (*gain).into());
    for axis in [across, down] {
        pack_axis(axis, &mut words);
    }
    words
}

fn pack_axis(axis: &Axis, words: &mut Vec<u32>) {
    for pixel in 0..axis.first.len() {
        let (first, weights) = axis.at(pixel);
        words.push(first.into());
        words.extend(weights.iter().map(|weight| u32::from(*weight)));
    }
}
