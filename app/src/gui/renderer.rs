//! Which of egui's two renderers draws the window.

use eframe::Renderer;
use eframe::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor, RequestAdapterOptions};

/// wgpu where there is a graphics card. Where the CPU has to draw, OpenGL: its shaders cost a software rasteriser
/// about a sixth (measured with Mesa: 9 ms a frame instead of 57).
pub fn choose() -> Renderer {
    if cfg!(target_os = "linux") && vulkan_is_software() { Renderer::Glow } else { Renderer::Wgpu }
}

/// Whether the adapter that wgpu would take is drawn by the CPU. Without Vulkan there is a card or nothing better.
fn vulkan_is_software() -> bool {
    let descriptor =
        InstanceDescriptor { backends: Backends::VULKAN, ..InstanceDescriptor::new_without_display_handle() };
    let instance = Instance::new(descriptor);
    let adapter = pollster::block_on(instance.request_adapter(&RequestAdapterOptions::default()));
    adapter.is_ok_and(|adapter| adapter.get_info().device_type == DeviceType::Cpu)
}
