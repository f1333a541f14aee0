//! Which of egui's two renderers draws the window, and whether the guests' screens are drawn by the GPU with it.
//!
//! `ANACHRON_RENDERER` forces one: `wgpu`, `opengl`, or `software` (OpenGL for the window, the software renderer for
//! the guests' screens in any case).

use crate::gpu::{Gpu, Presenter};
use eframe::Renderer;
use eframe::egui_wgpu::{self, RenderState};
use eframe::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor, RequestAdapterOptions};
use egui::mutex::RwLock;
use egui::{Context, Id};
use std::sync::Arc;

/// The variable that forces a renderer.
const VARIABLE: &str = "ANACHRON_RENDERER";

/// wgpu where there is a graphics card. Where the CPU has to draw, OpenGL: its shaders cost a software rasteriser
/// about a sixth (measured with Mesa: 9 ms a frame instead of 57).
pub fn choose() -> Renderer {
    match std::env::var(VARIABLE).as_deref() {
        Ok("wgpu") => Renderer::Wgpu,
        Ok("opengl" | "software") => Renderer::Glow,
        _ if cfg!(target_os = "linux") && vulkan_is_software() => Renderer::Glow,
        _ => Renderer::Wgpu,
    }
}

/// Whether the adapter that wgpu would take is drawn by the CPU. Without Vulkan there is a card or nothing better.
fn vulkan_is_software() -> bool {
    let descriptor =
        InstanceDescriptor { backends: Backends::VULKAN, ..InstanceDescriptor::new_without_display_handle() };
    let instance = Instance::new(descriptor);
    let adapter = pollster::block_on(instance.request_adapter(&RequestAdapterOptions::default()));
    adapter.is_ok_and(|adapter| adapter.get_info().device_type == DeviceType::Cpu)
}

/// What the guests' screens are drawn with in a window that wgpu draws, of which there may be several.
pub struct WindowGpu {
    pub gpu: Gpu,
    pub presenter: Presenter,
    pub renderer: Arc<RwLock<egui_wgpu::Renderer>>,
}

fn stored_at() -> Id {
    Id::unique("window's gpu")
}

/// Has guests' screens drawn by the GPU from now on, if the window is and there is one: where the CPU does its work,
/// the software renderer needs a fiftieth of the time.
pub fn install(ctx: &Context, state: Option<&RenderState>) {
    let Some(state) = state else { return };
    let is_cpu = state.adapter.get_info().device_type == DeviceType::Cpu;
    match std::env::var(VARIABLE).as_deref() {
        Ok("software") => {}
        Ok("wgpu") => draw_screens_with(ctx, state),
        _ if is_cpu => {}
        _ => draw_screens_with(ctx, state),
    }
}

/// Has guests' screens drawn by this device, if it can.
pub fn draw_screens_with(ctx: &Context, state: &RenderState) {
    let gpu = Gpu::new(state.device.clone(), state.queue.clone());
    if !gpu.suits() {
        return;
    }
    let presenter = Presenter::new(&gpu, state.target_format);
    let window = Arc::new(WindowGpu { gpu, presenter, renderer: Arc::clone(&state.renderer) });
    ctx.data_mut(|data| data.insert_temp(stored_at(), window));
}

/// The GPU that draws the window, if one does.
pub fn gpu_of(ctx: &Context) -> Option<Arc<WindowGpu>> {
    ctx.data(|data| data.get_temp(stored_at()))
}
