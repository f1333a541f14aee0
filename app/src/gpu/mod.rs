//! The wgpu back end of the HAL's video. It draws what `emu_core::hal::video` defines in software, to the bit: all
//! arithmetic in its shaders is in whole numbers.
//!
//! * [`GpuRenderer`] carries drawing commands out on surfaces in the GPU's memory.
//! * [`ScanOut`] turns frames, uploaded as the line runs they are, into dots.
//! * [`Presenter`] draws those dots into a window, in the window's pixels.
//!
//! Machines never see any of it: what a guest can read back comes from the software renderer, so that a lost device
//! costs nothing but a picture.

mod commands;
mod pack;
mod present;
mod scanout;

pub use commands::GpuRenderer;
pub use present::{Picture, Presenter};
pub use scanout::{ScanOut, read_texture};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wgpu::util::DeviceExt;
use wgpu::{
    BindGroupLayoutEntry, BindingType, BufferBindingType, BufferUsages, Device, DeviceDescriptor, DeviceType,
    Instance, InstanceDescriptor, Queue, RequestAdapterOptions, ShaderModule, ShaderStages,
};

/// A device to draw with.
#[derive(Clone)]
pub struct Gpu {
    pub device: Device,
    pub queue: Queue,
    is_lost: Arc<AtomicBool>,
}

impl Gpu {
    /// Draws with a device that is there already, as a window's.
    pub fn new(device: Device, queue: Queue) -> Self {
        let is_lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_lost);
        device.set_device_lost_callback(move |reason, message| {
            tracing::warn!(?reason, message, "the graphics device is lost");
            flag.store(true, Ordering::Relaxed);
        });
        Self { device, queue, is_lost }
    }

    /// A device of its own, without a window. None where there is no adapter.
    pub fn open() -> Option<(Self, DeviceType)> {
        let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
        let adapter = pollster::block_on(instance.request_adapter(&RequestAdapterOptions::default())).ok()?;
        let (device, queue) =
            pollster::block_on(adapter.request_device(&DeviceDescriptor::default())).ok()?;
        Some((Self::new(device, queue), adapter.get_info().device_type))
    }

    /// Whether the device was taken away: nothing that is drawn will be seen.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Whether shaders can do what the scan-out needs: older OpenGL has no storage buffers.
    pub fn suits(&self) -> bool {
        let limits = self.device.limits();
        limits.max_storage_buffers_per_shader_stage >= 1 && limits.max_texture_dimension_2d >= 4096
    }

    fn shader(&self, label: &str, sources: &[&str]) -> ShaderModule {
        self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(label),
            source: wgpu::ShaderSource::Wgsl(sources.concat().into()),
        })
    }

    /// A buffer that holds `words`, with room to grow to the next power of two.
    fn upload(&self, label: &str, buffer: &mut Option<wgpu::Buffer>, words: &[u32]) -> bool {
        let bytes = as_bytes(words);
        if let Some(buffer) = buffer.as_ref().filter(|buffer| buffer.size() >= bytes.len() as u64) {
            self.queue.write_buffer(buffer, 0, &bytes);
            return false;
        }
        let mut contents = bytes;
        contents.resize(contents.len().next_power_of_two().max(256), 0);
        *buffer = Some(self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some(label),
            contents: &contents,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_DST,
        }));
        true
    }

    /// Runs what was submitted and gives a buffer's bytes, which can be mapped; nothing if the device is lost.
    fn read_mapped(&self, buffer: &wgpu::Buffer) -> Option<Vec<u8>> {
        buffer.map_async(wgpu::MapMode::Read, .., |_| {});
        self.device.poll(wgpu::PollType::wait_indefinitely()).ok()?;
        let bytes = buffer.get_mapped_range(..).ok()?.to_vec();
        buffer.unmap();
        Some(bytes)
    }
}

/// Words as they lie in a GPU's memory.
fn as_bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A buffer as a shader sees it.
fn buffer_entry(binding: u32, visibility: ShaderStages, ty: BufferBindingType) -> BindGroupLayoutEntry {
    BindGroupLayoutEntry {
        binding,
        visibility,
        ty: BindingType::Buffer {
            ty,
            has_dynamic_offset: ty == BufferBindingType::Uniform,
            min_binding_size: None,
        },
        count: None,
    }
}

/// A pipeline that draws one triangle over all of its target.
fn whole_target_pipeline(
    device: &Device,
    module: &ShaderModule,
    layout: &wgpu::BindGroupLayout,
    fragment: &str,
    format: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(fragment),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(fragment),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module,
            entry_point: Some("whole_target"),
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module,
            entry_point: Some(fragment),
            compilation_options: Default::default(),
            targets: &[Some(format.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}
